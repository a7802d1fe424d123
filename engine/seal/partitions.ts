// The open batches: one per (stream number, records or dead letter, UTC day), and per day of audit events. A record is
// only ever in the partition of its own day; a cut takes a partition whole; the number of partitions and of runs is
// bounded, whatever arrives.

import type { CutConfig } from '../config.ts';
import { MAX_OPEN_PARTITIONS, MAX_OPEN_POSITIONS, MIB } from '../limits.ts';
import { Runs } from './runs.ts';

export const PARTITION_KIND = { records: 0, deadLetter: 1, audit: 2 } as const;
export type PartitionKind = (typeof PARTITION_KIND)[keyof typeof PARTITION_KIND];

const DAY_MS = 86_400_000;
/** Days since 1970 fit 22 bits up to the year 9999. */
const DAY_SPACE = 1 << 22;
/** Audit events have no stream. */
export const NO_STREAM = 0;

/** Cut limits of audit, and of a stream that the configuration does not name any more. */
export const DEFAULT_CUT: CutConfig = { records: 50_000, bytes: 16 * MIB, age: 10, lateAge: 60 };
/** Dead letters are weighed by an estimate of their lines; this keeps their objects far below MAX_OBJECT_BYTES. */
const MAX_DEAD_LETTER_BYTES = 16 * MIB;

/** What the snapshot keeps of an open batch. */
export interface OpenBatch {
  readonly kind: PartitionKind;
  readonly stream: number;
  /** Days since 1970-01-01, UTC. */
  readonly day: number;
  readonly runs: Runs;
  readonly count: number;
  /** Bytes of lines with LF; of dead letters and audit events an estimate. */
  readonly bytes: number;
  /** Entries up to and with the newest `stop` event, 0 = none: its batch must balance the accounts (FORMAT.md §6). */
  readonly stopAt: number;
}

/** An open batch. Writer of all fields: the intake and `Partitions`. */
export interface Partition extends OpenBatch {
  readonly id: number;
  count: number;
  bytes: number;
  stopAt: number;
  /** Monotonic ms at which it is cut for its age. */
  dueMs: number;
  /** Full when `count` reaches it: checked at each record. */
  maxCount: number;
  maxBytes: number;
  /** True once it is cut: the next record of its day begins another one. */
  taken: boolean;
}

export interface PartitionLimits {
  readonly positions: number;
  readonly partitions: number;
}

export const PARTITION_LIMITS: PartitionLimits = {
  positions: MAX_OPEN_POSITIONS,
  partitions: MAX_OPEN_PARTITIONS,
};

/** The partition's number in maps. Positive and exact for stream numbers below 2^29. */
export function partitionId(kind: PartitionKind, stream: number, day: number): number {
  return (stream * DAY_SPACE + day) * 4 + kind;
}

/** `YYYY-MM-DD` of a day number. */
export function dayText(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** Day number of `YYYY-MM-DD…`; NaN when it is none. */
export function dayOf(text: string): number {
  return Math.floor(Date.parse(`${text.slice(0, 10)}T00:00:00Z`) / DAY_MS);
}

export class Partitions {
  readonly #open = new Map<number, Partition>();
  readonly #limits: PartitionLimits;
  readonly #cutOf: (stream: number) => CutConfig;
  #records = 0;
  #runs = 0;
  #nextDueMs = Number.POSITIVE_INFINITY;

  constructor(limits: PartitionLimits, cutOf: (stream: number) => CutConfig) {
    this.#limits = limits;
    this.#cutOf = cutOf;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Records in open batches. */
  get records(): number {
    return this.#records;
  }

  /** Runs in open batches. */
  get runs(): number {
    return this.#runs;
  }

  /** Monotonic ms of the next age cut; infinite when nothing is open. */
  get nextDueMs(): number {
    return this.#nextDueMs;
  }

  get(id: number): Partition | undefined {
    return this.#open.get(id);
  }

  values(): IterableIterator<Partition> {
    return this.#open.values();
  }

  /**
   * A new partition without limits (`limit` sets them). Its age begins now.
   * @param today day number by the wall clock: today and yesterday are cut at `age`, other days at `lateAge`.
   */
  open(
    kind: PartitionKind,
    stream: number,
    day: number,
    nowMs: number,
    today: number,
    runs?: Runs,
  ): Partition {
    const cut = this.#cutOf(stream);
    const late = day !== today && day !== today - 1;
    const partition: Partition = {
      id: partitionId(kind, stream, day),
      kind,
      stream,
      day,
      runs: runs ?? new Runs(kind === PARTITION_KIND.deadLetter),
      count: 0,
      bytes: 0,
      dueMs: nowMs + 1000 * (late ? cut.lateAge : cut.age),
      maxCount: Number.POSITIVE_INFINITY,
      maxBytes: Number.POSITIVE_INFINITY,
      stopAt: 0,
      taken: false,
    };
    this.#open.set(partition.id, partition);
    this.#nextDueMs = Math.min(this.#nextDueMs, partition.dueMs);
    return partition;
  }

  /** Puts a batch of the snapshot back. Its age begins anew. */
  restore(batch: OpenBatch, nowMs: number, today: number): void {
    const partition = this.open(batch.kind, batch.stream, batch.day, nowMs, today, batch.runs);
    partition.count = batch.count;
    partition.bytes = batch.bytes;
    partition.stopAt = batch.stopAt;
    this.#records += partition.count;
    this.#runs += partition.runs.length;
  }

  /** Sets the limits of the configuration. Audit is only cut between groups, where `auditFull` looks. */
  limit(partition: Partition): void {
    if (partition.kind === PARTITION_KIND.audit) return;
    const cut = this.#cutOf(partition.stream);
    partition.maxCount = cut.records;
    partition.maxBytes =
      partition.kind === PARTITION_KIND.records ? cut.bytes : Math.min(cut.bytes, MAX_DEAD_LETTER_BYTES);
  }

  /** Counts one entry that was added; `newRun` when it began a run. */
  added(newRun: boolean): void {
    this.#records += 1;
    if (newRun) this.#runs += 1;
  }

  /** Takes a partition out. The next record of its day opens a new one. */
  remove(partition: Partition): void {
    partition.taken = true;
    this.#open.delete(partition.id);
    this.#records -= partition.count;
    this.#runs -= partition.runs.length;
    if (this.#open.size === 0) this.#nextDueMs = Number.POSITIVE_INFINITY;
  }

  /** True when one more partition would be over the bound. */
  get full(): boolean {
    return this.#open.size >= this.#limits.partitions;
  }

  /** True when one more run would be over the bound. */
  get runsFull(): boolean {
    return this.#runs >= this.#limits.positions;
  }

  /**
   * The partition with the most runs or records, the oldest among equals: the one to cut under memory pressure. Never
   * audit: those are few, and their cut may have to wait for the end of a group.
   */
  largest(by: 'runs' | 'records'): Partition | null {
    let best: Partition | null = null;
    let bestSize = 0;
    for (const partition of this.#open.values()) {
      if (partition.kind === PARTITION_KIND.audit) continue;
      const size = by === 'runs' ? partition.runs.length : partition.count;
      if (size > bestSize) {
        best = partition;
        bestSize = size;
      }
    }
    return best;
  }

  /** Partitions whose age is up, in the order in which they were opened. */
  due(nowMs: number): Partition[] {
    if (nowMs < this.#nextDueMs) return [];
    const due: Partition[] = [];
    this.#nextDueMs = Number.POSITIVE_INFINITY;
    for (const partition of this.#open.values()) {
      if (partition.dueMs <= nowMs) due.push(partition);
      else this.#nextDueMs = Math.min(this.#nextDueMs, partition.dueMs);
    }
    return due;
  }

  /** Audit partitions that are full. */
  auditFull(): Partition[] {
    return this.#audit().filter((p) => p.count >= DEFAULT_CUT.records || p.bytes >= DEFAULT_CUT.bytes);
  }

  /** Everything that is not audit, in the order in which it was opened; then audit. */
  all(): { records: Partition[]; audit: Partition[] } {
    return {
      records: [...this.#open.values()].filter((p) => p.kind !== PARTITION_KIND.audit),
      audit: this.#audit(),
    };
  }

  /** Journal position of the oldest entry that an open batch needs; infinite when there is none. */
  oldestPosition(): number {
    return oldestPosition(this.#open.values());
  }

  #audit(): Partition[] {
    return [...this.#open.values()].filter((p) => p.kind === PARTITION_KIND.audit);
  }
}

/** The oldest journal position that these batches still need; infinity where they hold nothing. */
export function oldestPosition(batches: Iterable<Pick<OpenBatch, 'runs'>>): number {
  let oldest = Number.POSITIVE_INFINITY;
  for (const { runs } of batches) {
    // Runs are in file order, and a frame entry never lies before the journal record of its run.
    if (runs.length > 0) oldest = Math.min(oldest, runs.frame(0));
  }
  return oldest;
}
