// Puts the place of each record of a group into its partition: accepted records by the day of their own timestamp, dead
// letters by the day they were received, audit events by the day they name, verdicts of captures in verdict-intake.ts. Nothing else of an entry is kept: the line
// is read from the journal again when its batch is built.

import { FatalError } from '../errors.ts';
import { ACCEPTED, ENTRY, ENTRY_KIND, REFUSED } from '../journal/entry.ts';
import type { JournalRecord } from '../journal/record.ts';
import { controlJson, type EntryVisitor, type WalkFrame, walkGroup } from '../journal/walk.ts';
import type { Cutter } from './cutter.ts';
import { dayOf, NO_STREAM, PARTITION_KIND, type Partition, type PartitionKind } from './partitions.ts';
import { VerdictIntake, type VerdictIntakeOptions } from './verdict-intake.ts';

const DAY_SECONDS = 86_400;
const DAY_MS = 1000 * DAY_SECONDS;
/** What a dead-letter line has beside its raw bytes: codes, times, names. An estimate on the high side. */
const DEAD_LETTER_BYTES = 1024;

export class Intake implements EntryVisitor {
  readonly #cutter: Cutter;
  /** The journal record under work: a run lies in one. */
  #record: JournalRecord | null = null;
  // The partition that the newest run of each kind belongs to; null when the next entry must begin a run.
  #accepted: Partition | null = null;
  #refused: Partition | null = null;
  #audit: Partition | null = null;
  readonly #verdicts: VerdictIntake;

  constructor(cutter: Cutter, captures: VerdictIntakeOptions) {
    this.#cutter = cutter;
    this.#verdicts = new VerdictIntake(cutter, captures);
  }

  /** Takes one group, after the fold has applied it. */
  take(group: readonly JournalRecord[]): void {
    walkGroup(group, this);
  }

  frame(): void {}

  accepted(view: DataView, _: Uint8Array, offset: number, position: number, record: JournalRecord): void {
    if (record !== this.#record) this.#begin(record);
    const stream = view.getUint32(offset + ACCEPTED.stream, true);
    const day = Math.floor(view.getFloat64(offset + ACCEPTED.seconds, true) / DAY_SECONDS);
    const end = position + view.getUint32(offset + ENTRY.bytes, true);
    const partition = this.#place(
      this.#accepted,
      PARTITION_KIND.records,
      stream,
      day,
      position,
      end,
      position,
      0,
    );
    this.#accepted = partition;
    partition.bytes += view.getUint32(offset + ACCEPTED.lineBytes, true);
    if (partition.count >= partition.maxCount || partition.bytes >= partition.maxBytes)
      this.#cutter.full(partition);
  }

  refused(
    view: DataView,
    _: Uint8Array,
    offset: number,
    position: number,
    record: JournalRecord,
    frame: WalkFrame,
  ): void {
    if (record !== this.#record) this.#begin(record);
    if (frame.position < record.payloadPosition) {
      throw new FatalError(`journal: a refused record without its frame at position ${position}`);
    }
    const stream = view.getUint32(offset + REFUSED.stream, true);
    const day = Math.floor(frame.receivedMs / DAY_MS);
    const end = position + view.getUint32(offset + ENTRY.bytes, true);
    const { wallMs } = record;
    const partition = this.#place(
      this.#refused,
      PARTITION_KIND.deadLetter,
      stream,
      day,
      position,
      end,
      frame.position,
      wallMs,
    );
    this.#refused = partition;
    partition.bytes += DEAD_LETTER_BYTES + 4 * Math.ceil(view.getUint32(offset + REFUSED.rawBytes, true) / 3);
    if (partition.count >= partition.maxCount || partition.bytes >= partition.maxBytes)
      this.#cutter.full(partition);
  }

  control(
    kind: number,
    view: DataView,
    bytes: Uint8Array,
    offset: number,
    position: number,
    record: JournalRecord,
  ): void {
    if (kind === ENTRY_KIND.verdict) {
      if (record !== this.#record) this.#begin(record);
      this.#verdicts.take(view, bytes, offset, position, record);
      return;
    }
    if (kind !== ENTRY_KIND.audit) return;
    if (record !== this.#record) this.#begin(record);
    const event = controlJson(view, bytes, offset) as { action?: unknown; at_utc?: unknown };
    const day = dayOf(String(event.at_utc));
    if (!Number.isInteger(day))
      throw new FatalError(`journal: an audit event without a day at position ${position}`);
    const end = position + view.getUint32(offset + ENTRY.bytes, true);
    const partition = this.#place(
      this.#audit,
      PARTITION_KIND.audit,
      NO_STREAM,
      day,
      position,
      end,
      position,
      0,
    );
    this.#audit = partition;
    partition.bytes += end - position;
    if (event.action === 'stop') partition.stopAt = partition.count;
    // Only a replay sets a limit here: new cuts of audit are made between groups.
    if (partition.count >= partition.maxCount) this.#cutter.full(partition);
  }

  end(): void {
    this.#record = null;
  }

  #begin(record: JournalRecord): void {
    this.#record = record;
    this.#accepted = null;
    this.#refused = null;
    this.#audit = null;
    this.#verdicts.begin();
  }

  /** Puts one entry into its partition: into the newest run of its kind where it goes on, else into a new one. */
  #place(
    newest: Partition | null,
    kind: PartitionKind,
    stream: number,
    day: number,
    position: number,
    end: number,
    frame: number,
    wallMs: number,
  ): Partition {
    const goesOn = newest !== null && !newest.taken && newest.day === day && newest.stream === stream;
    const partition = goesOn ? newest : this.#cutter.partition(kind, stream, day);
    if (goesOn) partition.runs.extend(end);
    else partition.runs.push(position, end - position, frame, wallMs);
    partition.count += 1;
    this.#cutter.partitions.added(!goesOn);
    return partition;
  }
}
