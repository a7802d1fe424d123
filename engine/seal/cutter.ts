// Decides when an open batch is cut, and gives each cut its place: index in the log and sequence numbers, in the order of
// the decisions. After a restart the cuts of the seal journal come first (`owed`); until they have their records, no
// other cut is made.

import type { SealAcct, SealClock } from '../batch/seal.ts';
import { FatalError } from '../errors.ts';
import { type Cut, cutKind } from './cut.ts';
import { Owed } from './owed.ts';
import {
  NO_STREAM,
  PARTITION_KIND,
  type Partition,
  type PartitionKind,
  type Partitions,
  partitionId,
} from './partitions.ts';
import type { Runs } from './runs.ts';

/** A cut with the records that it takes (null: heartbeat). */
export interface PendingCut {
  readonly cut: Cut;
  readonly runs: Runs | null;
}

/** What a cut takes from the moment at which it is made. */
export interface CutStamp {
  readonly position: number;
  readonly sealedMs: number;
  readonly clock: SealClock;
  readonly acct: SealAcct;
}

export interface CutterOptions {
  readonly partitions: Partitions;
  /** Key of the class that a partition's sequence numbers belong to. */
  readonly classOf: (kind: PartitionKind, stream: number) => string;
  readonly stamp: () => CutStamp;
  /** End of the newest group that was folded. */
  readonly position: () => number;
  readonly nowMs: () => number;
  readonly today: () => number;
  /** Index of the next cut, and next sequence number of each class. */
  readonly nextIndex: number;
  readonly nextSeq: ReadonlyMap<string, number>;
}

export class Cutter {
  readonly partitions: Partitions;
  readonly #options: CutterOptions;
  readonly #nextSeq: Map<string, number>;
  /** Index below which seals are final: an owed cut below it needs no building. */
  #finalBelow = 0;
  #nextIndex: number;
  #owed: Owed | null = null;
  #pending: PendingCut[] = [];

  constructor(options: CutterOptions) {
    this.#options = options;
    this.partitions = options.partitions;
    this.#nextIndex = options.nextIndex;
    this.#nextSeq = new Map(options.nextSeq);
  }

  get nextIndex(): number {
    return this.#nextIndex;
  }

  get nextSeq(): ReadonlyMap<string, number> {
    return this.#nextSeq;
  }

  get pending(): number {
    return this.#pending.length;
  }

  /** Takes up to `most` pending cuts, oldest first. */
  take(most: number): PendingCut[] {
    return this.#pending.splice(0, most);
  }

  /**
   * Begins a replay. `cuts` = those of the seal journal that the snapshot does not cover, in order of index; those below
   * `finalBelow` have their seal and only take their records away.
   */
  replay(cuts: readonly Cut[], finalBelow: number): void {
    this.#finalBelow = finalBelow;
    const owed = new Owed();
    for (const cut of cuts) {
      if (cut.index !== this.#nextIndex) {
        throw new FatalError(`seal journal: cut ${cut.index} where cut ${this.#nextIndex} should be`);
      }
      this.#nextIndex += 1;
      owed.add(cut);
      if (cut.kind === 'heartbeat') this.#owe(cut, null);
      else this.#advance(this.#class(cut), cut);
    }
    this.#owed = owed;
    for (const partition of this.partitions.values()) this.#relimit(partition);
    // A partition of the snapshot may have been cut before anything was added to it. Its next cut needs new records.
    for (const id of owed.ids()) {
      const partition = this.partitions.get(id);
      if (partition !== undefined && partition.count >= owed.countOf(id)) this.full(partition);
    }
    this.folded(this.#options.position());
  }

  /** True while cuts from before the restart wait for their records. */
  get replaying(): boolean {
    return this.#owed !== null;
  }

  /** Called when the fold has moved to `position`: ends the replay when everything owed is there. */
  folded(position: number): void {
    if (this.#owed === null || !this.#owed.paid(position)) return;
    this.#owed = null;
    this.#pending.sort((a, b) => a.cut.index - b.cut.index);
    for (const partition of this.partitions.values()) this.#relimit(partition);
  }

  /** Called at the end of a replay: throws FatalError when a cut has not got its records. */
  assertReplayed(position: number): void {
    this.#owed?.assertPaid(position);
  }

  /** The open partition in which a new run may begin. Memory pressure is met first: the largest is cut. */
  partition(kind: PartitionKind, stream: number, day: number): Partition {
    if (this.partitions.runsFull) this.#relieve('runs');
    const found = this.partitions.get(partitionId(kind, stream, day));
    if (found !== undefined) return found;
    if (this.partitions.full) this.#relieve('records');
    const partition = this.partitions.open(kind, stream, day, this.#options.nowMs(), this.#options.today());
    this.#relimit(partition);
    return partition;
  }

  /** A partition has reached its limit: the cut that is owed, or a new one. */
  full(partition: Partition): void {
    if (this.#owed === null) {
      this.#cut(partition);
      return;
    }
    const cut = this.#owed.settle(partition.id, partition.count);
    this.partitions.remove(partition);
    this.#owe(cut, partition.runs);
    this.folded(this.#options.position());
  }

  /** Between groups: cuts what is full or old enough. */
  cutDue(): void {
    if (this.#owed !== null) return;
    for (const partition of this.partitions.auditFull()) this.#cutNow(partition);
    for (const partition of this.partitions.due(this.#options.nowMs())) this.#cutNow(partition);
  }

  /** Between groups: cuts everything, audit last, so that a `stop` event's batch balances the accounts. */
  cutAll(): void {
    const { records, audit } = this.partitions.all();
    for (const partition of records) this.#cut(partition);
    for (const partition of audit) this.#cut(partition);
  }

  heartbeat(): void {
    const cut: Cut = {
      index: this.#nextIndex,
      kind: 'heartbeat',
      stream: NO_STREAM,
      day: 0,
      firstSeq: 0,
      count: 0,
      ...this.#options.stamp(),
    };
    this.#nextIndex += 1;
    this.#pending.push({ cut, runs: null });
  }

  /** Cuts the largest, unless the cuts of a replay will: those were made under the same bounds. */
  #relieve(by: 'runs' | 'records'): void {
    const largest = this.#owed === null ? this.partitions.largest(by) : null;
    if (largest !== null) this.#cut(largest);
  }

  /** One of several in a list: an earlier one may have taken it along. */
  #cutNow(partition: Partition): void {
    if (this.partitions.get(partition.id) !== partition) return;
    if (partition.stopAt > 0) for (const other of this.partitions.all().records) this.#cut(other);
    this.#cut(partition);
  }

  #cut(partition: Partition): void {
    this.partitions.remove(partition);
    const seqClass = this.#options.classOf(partition.kind, partition.stream);
    const cut: Cut = {
      index: this.#nextIndex,
      kind: cutKind(partition.kind),
      stream: partition.stream,
      day: partition.day,
      firstSeq: this.#nextSeq.get(seqClass) ?? 1,
      count: partition.count,
      ...this.#options.stamp(),
    };
    this.#advance(seqClass, cut);
    this.#nextIndex += 1;
    this.#pending.push({ cut, runs: partition.runs });
  }

  #owe(cut: Cut, runs: Runs | null): void {
    if (cut.index >= this.#finalBelow) this.#pending.push({ cut, runs });
  }

  #advance(seqClass: string, cut: Cut): void {
    const expected = this.#nextSeq.get(seqClass) ?? 1;
    if (cut.firstSeq !== expected) {
      throw new FatalError(
        `seal journal: cut ${cut.index} begins ${seqClass} at ${cut.firstSeq}, expected ${expected}`,
      );
    }
    this.#nextSeq.set(seqClass, cut.firstSeq + cut.count);
  }

  #class(cut: Cut): string {
    const kind =
      cut.kind === 'records'
        ? PARTITION_KIND.records
        : cut.kind === 'audit'
          ? PARTITION_KIND.audit
          : PARTITION_KIND.deadLetter;
    return this.#options.classOf(kind, cut.stream);
  }

  #relimit(partition: Partition): void {
    if (this.#owed === null) {
      this.partitions.limit(partition);
    } else {
      partition.maxCount = this.#owed.countOf(partition.id);
      partition.maxBytes = Number.POSITIVE_INFINITY;
    }
  }
}
