// Follows the log: of each sealed batch of the stream it tells the ledger which line of which object proves which event.
// At its start it reads the local log from where it was; from then on it is told. A batch that cannot be read (its object in
// quarantine, the lake away) waits and is tried again; nothing else waits for it.

import { join } from 'node:path';
import { decodeSeal, type ObjectSeal } from '../batch/seal.ts';
import type { LetterLake } from '../dead-letter/lake.ts';
import { objectLines } from '../dead-letter/object.ts';
import { LOG_FILE } from '../seal/log.ts';
import { recoverLogFile } from '../seal/log-file.ts';
import type { Storage } from '../storage.ts';
import type { LedgerApi, ProvedLine } from './ledger-api.ts';
import type { SealedBatch } from './messages.ts';

/** Proofs that go into one transaction. */
const PROOFS_AT_ONCE = 5000;
const RETRY_MS = 30_000;

export interface FollowerOptions {
  readonly storage: Storage;
  /** Folder of the local log, and its name. */
  readonly log: string;
  readonly origin: string;
  readonly ledger: LedgerApi;
  readonly lake: () => Promise<LetterLake>;
  readonly persist: <T>(call: () => Promise<T>) => Promise<T>;
  /** Resolves after the time, or sooner when the thread stops. */
  readonly sleep: (ms: number) => Promise<void>;
  readonly stopping: () => boolean;
  readonly warn: (message: string) => void;
}

export class Follower {
  readonly #options: FollowerOptions;
  readonly #waiting: SealedBatch[] = [];
  #wake: () => void = () => {};
  #warned = false;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** A batch is in lake and log. */
  sealed(batch: SealedBatch): void {
    this.#waiting.push(batch);
    this.#wake();
  }

  /** The thread stops: `run` ends after what it is at. */
  end(): void {
    this.#wake();
  }

  async run(): Promise<void> {
    const { ledger, persist, stopping } = this.#options;
    let done = await persist(() => ledger.lastProved(this.#options.origin));
    this.#catchUp(done);
    while (!stopping()) {
      const batch = this.#waiting[0];
      if (batch === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      } else if (batch.index <= done) {
        this.#waiting.shift();
      } else if (await this.#prove(batch)) {
        this.#waiting.shift();
        done = batch.index;
      } else {
        await this.#options.sleep(RETRY_MS);
      }
    }
  }

  /** Puts what the log has behind `done` before what was told since: seals in order, those told twice are passed over. */
  #catchUp(done: number): void {
    const missed = sealsBehind(this.#options.storage, this.#options.log, done);
    this.#waiting.unshift(...missed);
  }

  /** @returns false when it has to be tried again */
  async #prove({ seal, index }: SealedBatch): Promise<boolean> {
    const { ledger, lake, persist, warn, origin } = this.#options;
    const { key, root } = decodeSeal(Buffer.from(seal)) as ObjectSeal;
    let lines: readonly Buffer[];
    try {
      lines = await objectLines(await lake(), key);
    } catch (error) {
      if (!this.#warned)
        warn(
          `the ledger cannot read ${key} back and so not say where its events are proved (${(error as Error).message}): tried again every ${RETRY_MS / 1000} s`,
        );
      this.#warned = true;
      return false;
    }
    this.#warned = false;
    const proofs = lines.map(
      (line, at): ProvedLine => ({ ...placeOf(line), key, line: at, root, logIndex: index }),
    );
    for (let from = 0; from === 0 || from < proofs.length; from += PROOFS_AT_ONCE) {
      const last = from + PROOFS_AT_ONCE >= proofs.length;
      // The position moves with the last of them: a crash in between proves the first ones again.
      const part = proofs.slice(from, from + PROOFS_AT_ONCE);
      await persist(() => ledger.prove(part, last ? index : index - 1, origin));
    }
    return true;
  }
}

/** Seals of the stream in the local log whose index is above `done`. */
export function sealsBehind(storage: Storage, folder: string, done: number): SealedBatch[] {
  const path = join(folder, LOG_FILE);
  if (storage.stat(path) === null) return [];
  const found: SealedBatch[] = [];
  // The seal stage has the file open and appends: what is not whole yet is not cut, only not read.
  const looking: Storage = { ...storage, truncate: () => {}, sync: () => {} };
  const fd = storage.open(path);
  let index = 0;
  try {
    recoverLogFile(looking, fd, path, (bytes) => {
      const at = index++;
      if (at <= done) return;
      const seal = Buffer.from(bytes).toString('utf8');
      if (isOfStream(seal)) found.push({ seal, index: at });
    });
  } finally {
    storage.close(fd);
  }
  return found;
}

/** Whether a seal names accepted events: by its key, which no other stream has. */
export function isOfStream(seal: string): boolean {
  return /"key":"epcis\//.test(seal);
}

const CAPTURE = Buffer.from('"capture_id":"');
const INDEX = Buffer.from(',"index":');
const COMMA = 0x2c;
const UUID_LENGTH = 36;

/** Which event a line is of. Quotes within texts are escaped, so that these bytes are the members themselves. */
function placeOf(line: Buffer): { readonly capture: string; readonly index: number } {
  const id = line.indexOf(CAPTURE) + CAPTURE.length;
  const at = line.indexOf(INDEX, id) + INDEX.length;
  const capture = line.toString('latin1', id, id + UUID_LENGTH);
  return { capture, index: Number(line.toString('latin1', at, line.indexOf(COMMA, at))) };
}
