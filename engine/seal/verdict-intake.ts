// Puts the place of each verdict of a capture into its partition: accepted events by the day of their own time, refused ones
// and the pieces of refused documents by the day that the document was received. As intake.ts, whose part this is: nothing
// of an entry is kept but where it lies.

import { FatalError } from '../errors.ts';
import type { VerdictEntry } from '../journal/capture-entry.ts';
import { ENTRY } from '../journal/entry.ts';
import type { JournalRecord } from '../journal/record.ts';
import type { FoldState } from '../journal/rows.ts';
import { controlJson } from '../journal/walk.ts';
import { MIB } from '../limits.ts';
import type { Cutter } from './cutter.ts';
import { PARTITION_KIND, type Partition, type PartitionKind } from './partitions.ts';

const DAY_MS = 86_400_000;
/** What a dead-letter line has beside its raw bytes: codes, times, names, a path. An estimate on the high side. */
const LETTER_BYTES = 4096;
/** A batch is cut before a line that would make it larger: one line may have tens of MiB, and an object is at most 64 MiB. */
const MAX_BATCH_BYTES = 48 * MIB;

export interface VerdictIntakeOptions {
  /** Number of the stream of events in the registry; null where there is none. */
  readonly stream: number | null;
  readonly captures: Pick<FoldState['captures'], 'byId'>;
}

export class VerdictIntake {
  readonly #cutter: Cutter;
  readonly #options: VerdictIntakeOptions;
  // The partition that the newest run of each kind belongs to; null when the next entry must begin a run.
  #accepted: Partition | null = null;
  #refused: Partition | null = null;

  constructor(cutter: Cutter, options: VerdictIntakeOptions) {
    this.#cutter = cutter;
    this.#options = options;
  }

  /** Another journal record begins: a run lies in one. */
  begin(): void {
    this.#accepted = null;
    this.#refused = null;
  }

  take(view: DataView, bytes: Uint8Array, offset: number, position: number, record: JournalRecord): void {
    const verdict = controlJson(view, bytes, offset) as VerdictEntry;
    const { stream, captures } = this.#options;
    const capture = captures.byId.get(verdict.capture);
    if (stream === null || capture === undefined)
      throw new FatalError(`journal: a verdict of nobody's capture at position ${position}`);
    const end = position + view.getUint32(offset + ENTRY.bytes, true);
    if (verdict.kind === 'accepted') {
      const day = Math.floor(verdict.ms / DAY_MS);
      const { records } = PARTITION_KIND;
      const newest = this.#accepted;
      this.#accepted = this.#place(newest, records, stream, day, verdict.bytes, position, end, 0);
    } else {
      const day = Math.floor(capture.receivedMs / DAY_MS);
      const lineBytes = LETTER_BYTES + 4 * Math.ceil(verdict.bytes / 3);
      const { deadLetter } = PARTITION_KIND;
      const { wallMs } = record;
      this.#refused = this.#place(this.#refused, deadLetter, stream, day, lineBytes, position, end, wallMs);
    }
  }

  #place(
    newest: Partition | null,
    kind: PartitionKind,
    stream: number,
    day: number,
    lineBytes: number,
    position: number,
    end: number,
    wallMs: number,
  ): Partition {
    const cutter = this.#cutter;
    let partition = newest;
    if (partition === null || partition.taken || partition.day !== day)
      partition = cutter.partition(kind, stream, day);
    if (partition.count > 0 && partition.bytes + lineBytes > MAX_BATCH_BYTES && !cutter.replaying) {
      cutter.full(partition);
      partition = cutter.partition(kind, stream, day);
    }
    const newRun = partition !== newest;
    if (newRun) partition.runs.push(position, end - position, position, wallMs);
    else partition.runs.extend(end);
    partition.count += 1;
    partition.bytes += lineBytes;
    cutter.partitions.added(newRun);
    if (partition.count >= partition.maxCount || partition.bytes >= partition.maxBytes)
      cutter.full(partition);
    return partition;
  }
}
