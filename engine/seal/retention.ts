// When a snapshot is worth its writing, and what may go once it is on disk: segments of both journals before everything
// that recovery from it reads, and objects of the outbox that a checkpoint in the lake covers. Never the other way round.

import type { JournalFile } from '../journal/reader.ts';
import { dropSegments } from '../journal/segments.ts';
import type { Storage } from '../storage.ts';
import type { Outbox } from './outbox.ts';

const EVERY_MS = 5_000;
/** A snapshot takes at most this part of the time. */
const SHARE = 0.1;

/** What recovery from a snapshot made now would read: journal positions, and an index in the log. */
export interface Needed {
  readonly records: number;
  readonly seals: number;
  readonly outbox: number;
}

export interface RetentionOptions {
  readonly storage: Storage;
  readonly recordsFolder: string;
  readonly sealsFolder: string;
  readonly records: JournalFile;
  readonly seals: JournalFile;
  readonly outbox: Outbox;
  readonly segmentBytes: number;
  readonly quotaBytes: number;
  readonly nowMs: () => number;
  /** Starts of the oldest segments. */
  readonly oldestRecords: number;
  readonly oldestSeals: number;
}

export class Retention {
  readonly #options: RetentionOptions;
  #oldestRecords: number;
  #oldestSeals: number;
  #nextMs: number;

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#oldestRecords = options.oldestRecords;
    this.#oldestSeals = options.oldestSeals;
    // At once: after a crash that left a long journal, the next recovery should not be as long.
    this.#nextMs = options.nowMs();
  }

  /** Start of the oldest segment of the record journal. */
  get oldestRecords(): number {
    return this.#oldestRecords;
  }

  get oldestSeals(): number {
    return this.#oldestSeals;
  }

  /** Monotonic ms before which nothing is due, whatever is needed: spares the look. */
  get nextMs(): number {
    return this.#nextMs;
  }

  /** Bytes in use beyond which space matters more than the moment. */
  get pressureBytes(): number {
    return this.#options.quotaBytes / 2;
  }

  /**
   * True when a snapshot would let a segment's worth go. `usedBytes` = both journals and the outbox; over half of the
   * quota anything that can go is worth it.
   */
  due(needed: Needed, usedBytes: number): boolean {
    const { segmentBytes, outbox, nowMs } = this.#options;
    this.#nextMs = nowMs() + 1000;
    const records = needed.records - this.#oldestRecords;
    const seals = needed.seals - this.#oldestSeals;
    const objects = outbox.bytesBelow(needed.outbox);
    if (records >= segmentBytes || seals >= segmentBytes || objects >= segmentBytes) return true;
    return usedBytes > this.pressureBytes && records + seals + objects > usedBytes / 4;
  }

  /** Called when the snapshot is on disk: lets everything go that it stands for. */
  drop(needed: Needed, beganMs: number): void {
    const { storage, recordsFolder, sealsFolder, records, seals, outbox, nowMs } = this.#options;
    this.#oldestRecords = dropSegments(storage, recordsFolder, needed.records);
    this.#oldestSeals = dropSegments(storage, sealsFolder, needed.seals);
    records.forget(this.#oldestRecords);
    seals.forget(this.#oldestSeals);
    outbox.drop(needed.outbox);
    const now = nowMs();
    this.#nextMs = now + Math.max(EVERY_MS, (now - beganMs) / SHARE);
  }
}
