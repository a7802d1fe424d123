// How full the journal is: bytes of journal and outbox against the quota, and free space on the disks. Over the limit,
// the front end refuses; nothing is ever dropped to make room.

import type { Config } from './config.ts';
import { POSITION, type Ring } from './ring/layout.ts';
import type { Storage } from './storage.ts';

const LOOK_EVERY_MS = 1000;

export class JournalWatch {
  readonly #config: Config;
  readonly #positions: BigInt64Array;
  readonly #reserve: number;
  readonly #storage: Storage;
  #freeBytes = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;

  constructor(config: Config, ring: Ring, storage: Storage) {
    this.#config = config;
    this.#positions = ring.positions;
    // What the ring already holds will be journaled whatever happens: it must fit under the quota.
    this.#reserve = ring.sizes.slabs * ring.sizes.outputBytes;
    this.#storage = storage;
    this.#look();
  }

  /** Looks at the disks once a second and calls `onTick` each time. */
  start(onTick: () => void): void {
    this.#timer = setInterval(() => {
      this.#look();
      onTick();
    }, LOOK_EVERY_MS);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  /** Bytes that the journal and the outbox take now. */
  usedBytes(): number {
    const written = Atomics.load(this.#positions, POSITION.journalWritten);
    const oldest = Atomics.load(this.#positions, POSITION.journalOldest);
    return Number(written - oldest + Atomics.load(this.#positions, POSITION.outboxBytes));
  }

  /** Part of the quota in use, 0–1 and over. */
  occupancy(): number {
    return this.usedBytes() / this.#config.journal.quotaBytes;
  }

  freeBytes(): number {
    return this.#freeBytes;
  }

  /** Why nothing more may be taken, or null. */
  fullBecause(): string | null {
    const { quotaBytes, minFreeBytes } = this.#config.journal;
    if (this.usedBytes() + this.#reserve > quotaBytes)
      return 'the journal is at its quota: the lake does not take batches fast enough';
    if (this.#freeBytes < minFreeBytes) return 'the disk has less free space than journal.minFreeBytes';
    return null;
  }

  full(): boolean {
    return this.fullBecause() !== null;
  }

  #look(): void {
    this.#freeBytes = Math.min(
      this.#storage.freeBytes(this.#config.data),
      this.#storage.freeBytes(this.#config.lake),
    );
  }
}
