// The engine's own copy of its log (`state/log/<n>/seals.firnl`): every seal, its checksums, and that each names the one
// before it. Looks only: a torn tail, which the next start cuts off, stays as it is.

import { HASH_BYTES, leafHash, merkleRoot, sha256Hex } from '../batch/merkle.ts';
import { decodeSeal, NO_PREV, SealError } from '../batch/seal.ts';
import { FatalError } from '../errors.ts';
import { recoverLogFile } from '../seal/log-file.ts';
import { diskStorage } from '../storage.ts';
import { type Inspection, shown } from './inspection.ts';

/** Seals told one by one; all are checked and counted. */
const SHOWN = 1000;

/** Looks at a file that begins with the magic bytes of a local log. */
export function inspectLocalLog(path: string): Inspection {
  const descriptor = diskStorage.open(path);
  const log = new Walk();
  let fault: string | null = null;
  let tornBytes = 0;
  try {
    const storage = { ...diskStorage, truncate: () => {}, sync: () => {} };
    tornBytes = recoverLogFile(storage, descriptor, path, (seal, position) => log.take(seal, position)).cut;
    if (tornBytes > 0)
      fault = `the last ${tornBytes} bytes are no seal: a torn tail, which the next start cuts off`;
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    fault = error.message;
  } finally {
    diskStorage.close(descriptor);
  }
  return log.inspection(fault, tornBytes);
}

class Walk {
  readonly #seals: { position: number; text: string; row: string }[] = [];
  #leaves: Uint8Array = new Uint8Array(64 * HASH_BYTES);
  #count = 0;
  #prev = NO_PREV;
  #fault: string | null = null;
  #engine: string | null = null;

  take(seal: Uint8Array, position: number): void {
    const index = this.#count++;
    if (this.#count * HASH_BYTES > this.#leaves.length) {
      const larger = new Uint8Array(2 * this.#leaves.length);
      larger.set(this.#leaves);
      this.#leaves = larger;
    }
    this.#leaves.set(leafHash(seal), index * HASH_BYTES);
    let row = 'not a seal';
    try {
      const decoded = decodeSeal(seal);
      const { prev, engine, kind, count, sealed_utc } = decoded;
      row = `${sealed_utc} ${kind} ${count}${decoded.kind === 'heartbeat' ? '' : ` ${decoded.key}`}`;
      this.#engine ??= engine;
      if (prev !== this.#prev) this.#fault ??= `seal ${index} does not follow the one before it`;
      else if (engine !== this.#engine) this.#fault ??= `seal ${index} is of the engine ${engine}`;
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      this.#fault ??= `seal ${index}: ${error.message}`;
    }
    this.#prev = sha256Hex(seal);
    if (index < SHOWN) this.#seals.push({ position, text: Buffer.from(seal).toString('utf8'), row });
  }

  inspection(fault: string | null, tornBytes: number): Inspection {
    const root = Buffer.from(merkleRoot(this.#leaves.subarray(0, this.#count * HASH_BYTES)));
    const more = this.#count - this.#seals.length;
    return {
      kind: 'local log',
      fault: this.#fault ?? fault,
      facts: {
        origin: this.#engine,
        size: this.#count,
        root: root.toString('base64'),
        prev: this.#prev,
        tornBytes,
        shown: this.#seals.map(({ position, text }) => ({ position, seal: text })),
      },
      rows: [
        ['origin', this.#engine ?? 'no seal yet'],
        ['size', `${this.#count} seals`],
        ['root', root.toString('base64')],
        ...this.#seals.map(({ row }, i) => [`seal ${i}`, shown(row)] as const),
        ...(more > 0 ? [['', `… and ${more} more seals`] as const] : []),
      ],
    };
  }
}
