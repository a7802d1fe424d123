// How full the journal is: bytes of journal and outbox against the quota, and free space on the data folder's disk. Over
// the limit, the front end refuses; nothing is ever dropped to make room. The lake's disk has no say: a lake that is full
// or gone is an outage, and what is acknowledged meanwhile waits in journal and outbox.

import type { Config } from './config.ts';
import { MIB } from './limits.ts';
import { POSITION, type Ring } from './ring/layout.ts';
import { errorCode, type Storage } from './storage.ts';

const LOOK_EVERY_MS = 1000;

export class JournalWatch {
  readonly #config: Config;
  readonly #positions: BigInt64Array;
  readonly #reserve: number;
  readonly #storage: Storage;
  #freeBytes = Number.POSITIVE_INFINITY;
  /** Why the disk could not be asked, or null. */
  #unknown: string | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(config: Config, ring: Ring, storage: Storage) {
    this.#config = config;
    this.#positions = ring.positions;
    // What the ring already holds will be journaled whatever happens: it must fit under the quota.
    this.#reserve = ring.sizes.slabs * ring.sizes.outputBytes;
    this.#storage = storage;
    this.#look();
  }

  /** Looks at the disk once a second and calls `onTick` each time. */
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
    const { data, journal } = this.#config;
    const { quotaBytes, minFreeBytes } = journal;
    if (this.#unknown !== null)
      return `the data folder ${data} cannot be looked at (${this.#unknown}): is it gone, or its disk?`;
    if (this.usedBytes() + this.#reserve > quotaBytes)
      return 'the journal is at its quota (journal.quotaBytes): the lake does not take batches fast enough';
    if (this.#freeBytes < minFreeBytes) {
      const [free, least] = [this.#freeBytes, minFreeBytes].map((bytes) => Math.floor(bytes / MIB));
      return `the disk of ${data} has ${free} MiB free, and journal.minFreeBytes keeps ${least} MiB: make room there`;
    }
    return null;
  }

  full(): boolean {
    return this.fullBecause() !== null;
  }

  #look(): void {
    try {
      this.#freeBytes = this.#storage.freeBytes(this.#config.data);
      this.#unknown = null;
    } catch (error) {
      // What cannot be asked is not trusted to have room.
      this.#freeBytes = 0;
      this.#unknown = errorCode(error) ?? String(error);
    }
  }
}
