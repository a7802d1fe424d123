// One body on its way into the spool. Bytes are hashed as they come, and written while the next ones arrive; whoever feeds
// it stops reading its socket while `behind` is true and goes on at `onRoom`.

import { createHash, type Hash } from 'node:crypto';
import { KIB } from '../limits.ts';
import { errorCode } from '../storage.ts';
import type { SpooledBody } from './captures.ts';
import type { Spool, SpoolRefusal } from './spool.ts';
import type { SpoolFile } from './spool-disk.ts';

/** Unwritten bytes of one body past which its socket is not read. */
const MAX_BEHIND_BYTES = 256 * KIB;

export class Upload {
  /** UUID of the body, and of the job that it may become. */
  readonly id: string;
  /** Called when there is room again after `behind` was true. */
  onRoom: (() => void) | null = null;
  readonly #spool: Spool;
  readonly #hash: Hash = createHash('sha256');
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #bytes = 0;
  #written = 0;
  #file: SpoolFile | null = null;
  #work: Promise<void> | null = null;
  #failure: Error | null = null;
  #state: 'open' | 'finishing' | 'over' = 'open';

  constructor(spool: Spool, id: string) {
    this.#spool = spool;
    this.id = id;
  }

  /** Bytes that came so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** True while more is unwritten than should be. After a failure nothing is: the next piece hears of it. */
  get behind(): boolean {
    return this.#failure === null && this.#pendingBytes > MAX_BEHIND_BYTES;
  }

  /** Takes a piece, which must stay as it is. @returns why not; the upload is aborted then. */
  write(piece: Uint8Array): SpoolRefusal | null {
    const refusal = this.#take(piece);
    if (refusal !== null) this.abort();
    else if (piece.length > 0) this.#go();
    return refusal;
  }

  /**
   * The body is whole with this last piece. Resolves when it and its name are on disk; @throws SpoolFull where the disk
   * is full, FatalError where it fails otherwise: either way nothing of it is left.
   */
  async finish(last: Uint8Array): Promise<SpooledBody | SpoolRefusal> {
    const refusal = this.#take(last);
    if (refusal !== null) {
      this.abort();
      return refusal;
    }
    this.#state = 'finishing';
    try {
      await this.#settle();
      // At once: the file system mostly commits both together.
      const syncs = await Promise.allSettled([this.#file?.sync(), this.#spool.folderSync.run()]);
      for (const sync of syncs) if (sync.status === 'rejected') throw sync.reason;
      await this.#close();
    } catch (error) {
      const judged = this.#failure ?? this.#spool.judge(error);
      await this.#discard();
      throw judged;
    }
    this.#over();
    return { id: this.id, bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  /** Nothing more comes: what there is of it goes. Without effect once it is being finished. */
  abort(): void {
    if (this.#state !== 'open') return;
    this.#state = 'finishing';
    this.onRoom = null;
    void this.#discard();
  }

  get #path(): string {
    return this.#spool.rawPath(this.id);
  }

  #take(piece: Uint8Array): SpoolRefusal | null {
    if (this.#state !== 'open') return { kind: 'busy', detail: 'The capture was given up.', retrySeconds: 1 };
    if (this.#failure !== null) return refusalOf(this.#failure);
    if (this.#bytes + piece.length > this.#spool.maxBytes) return { kind: 'too-large' };
    const refusal = this.#spool.take(piece.length);
    if (refusal !== null) return refusal;
    this.#bytes += piece.length;
    this.#pendingBytes += piece.length;
    this.#pending.push(piece);
    this.#hash.update(piece);
    return null;
  }

  /** Writes what is pending, if nobody does. */
  #go(): void {
    this.#work ??= this.#drain()
      .catch((error: unknown) => {
        this.#failure ??= this.#spool.judge(error);
      })
      .finally(() => {
        this.#work = null;
        this.onRoom?.();
      });
  }

  async #drain(): Promise<void> {
    this.#file ??= await this.#spool.disk.create(this.#path);
    while (this.#pending.length > 0) {
      const parts = this.#pending;
      const bytes = this.#pendingBytes;
      this.#pending = [];
      await this.#file.write(parts, this.#written);
      this.#written += bytes;
      this.#pendingBytes -= bytes;
      this.#spool.written(bytes);
      this.onRoom?.();
    }
  }

  /** Everything is written, or it throws why not. An empty body is a file too. */
  async #settle(): Promise<void> {
    do {
      this.#go();
      await this.#work;
      if (this.#failure !== null) throw this.#failure;
    } while (this.#pending.length > 0);
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }

  /** Removes what was written, as far as the disk lets it; what stays goes at the next start. */
  async #discard(): Promise<void> {
    this.#pending = [];
    await this.#work;
    const unwritten = this.#bytes - this.#written;
    try {
      await this.#close();
      await this.#spool.disk.unlink(this.#path);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') this.#failure ??= this.#spool.judge(error);
    }
    this.#spool.written(unwritten);
    this.#spool.changed(-this.#bytes);
    this.#over();
  }

  #over(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.onRoom = null;
    this.#spool.ended();
  }
}

/** The refusal in a failure of the disk that passes; a fault is told in a general way: the engine ends. */
function refusalOf(failure: Error): SpoolRefusal {
  const known = (failure as { refusal?: SpoolRefusal }).refusal;
  return known ?? { kind: 'busy', detail: 'The engine cannot store anything now.', retrySeconds: 5 };
}
