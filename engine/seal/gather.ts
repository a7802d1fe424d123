// Accepted records out of the journal into a batch: lines and leaves are copied as the codec made them, run by run, and what
// the seal says of them is noted on the way. Long runs are copied by the native kernel where it is built.

import { nativeKernels } from '../../workers/kernels.ts';
import { HASH_BYTES } from '../batch/merkle.ts';
import { FatalError } from '../errors.ts';
import { ACCEPTED, ENTRY, ENTRY_FLAG, ENTRY_KIND } from '../journal/entry.ts';
import type { LineBuffer } from './line-buffer.ts';
import type { RunReader } from './run-reader.ts';
import type { Runs } from './runs.ts';

/** A run of fewer records is copied here: the call into the addon costs as much as a few of them. */
const NATIVE_RECORDS = 4;

/**
 * How far a batch is gathered; twin of Gathered in native/gather.h. Of the first of the earliest and of the latest times:
 * seconds, nanoseconds, where the characters lie in the content, and how many they are.
 */
const WORD = { left: 0, lineBytes: 1, leafBytes: 2, excursions: 3, min: 4, max: 8, words: 12 } as const;
const TIME = { seconds: 0, nanos: 1, at: 2, length: 3 } as const;

/** What a seal says of accepted records. The times are the sender's characters, the first in the file among equals. */
export interface RecordFacts {
  readonly excursions: number;
  readonly tsMin: string;
  readonly tsMax: string;
}

/** Appends the records of `runs` to `lines`, and their leaves to `leaves`. @throws FatalError when the journal has changed. */
export function gatherRecords(
  reader: RunReader,
  runs: Runs,
  lines: LineBuffer,
  leaves: LineBuffer,
): RecordFacts {
  const words = new Float64Array(WORD.words);
  words[WORD.min] = Number.POSITIVE_INFINITY;
  words[WORD.max] = Number.NEGATIVE_INFINITY;
  const bytes = new Uint8Array(words.buffer);
  const native = nativeKernels();
  for (let run = 0; run < runs.length; run++) {
    const at = reader.seek(runs, run);
    const count = runs.count(run);
    words[WORD.left] = count;
    words[WORD.lineBytes] = lines.length;
    words[WORD.leafBytes] = leaves.length;
    if (native === null || count < NATIVE_RECORDS) {
      copyRun(reader, at, count, lines, leaves, words);
      continue;
    }
    // The window ends somewhere behind the run; lines are shorter than the entries that they lie in.
    const entries = reader.bytes.subarray(at, at + runs.position(run) - runs.frame(run) + runs.span(run));
    if (
      native.gather(entries, lines.room(entries.length), leaves.room(count * HASH_BYTES), bytes) !== count
    ) {
      throw changed();
    }
    lines.extend(words[WORD.lineBytes] as number);
    leaves.extend(words[WORD.leafBytes] as number);
  }
  const text = (time: number): string =>
    lines.text(words[time + TIME.at] as number, words[time + TIME.length] as number);
  return { excursions: words[WORD.excursions] as number, tsMin: text(WORD.min), tsMax: text(WORD.max) };
}

function copyRun(
  { bytes, view }: RunReader,
  start: number,
  count: number,
  lines: LineBuffer,
  leaves: LineBuffer,
  words: Float64Array,
): void {
  let at = start;
  for (let left = count; left > 0; at += entryLength(view, at)) {
    if (view.getUint8(at + ENTRY.kind) !== ENTRY_KIND.accepted) continue;
    left -= 1;
    const lineBytes = view.getUint32(at + ACCEPTED.lineBytes, true);
    const seconds = view.getFloat64(at + ACCEPTED.seconds, true);
    const nanos = view.getUint32(at + ACCEPTED.nanos, true);
    const min = words[WORD.min] as number;
    const max = words[WORD.max] as number;
    if (seconds < min || (seconds === min && nanos < (words[WORD.min + TIME.nanos] as number)))
      note(view, at, lines.length, words, WORD.min);
    if (seconds > max || (seconds === max && nanos > (words[WORD.max + TIME.nanos] as number)))
      note(view, at, lines.length, words, WORD.max);
    if ((view.getUint8(at + ENTRY.flags) & ENTRY_FLAG.excursion) !== 0)
      words[WORD.excursions] = (words[WORD.excursions] as number) + 1;
    leaves.copy(bytes, at + ACCEPTED.leaf, at + ACCEPTED.leaf + HASH_BYTES);
    lines.copy(bytes, at + ACCEPTED.line, at + ACCEPTED.line + lineBytes);
  }
}

/** The time of the entry at `at`, whose line will lie at `lineAt`, is the earliest or latest so far. */
function note(view: DataView, at: number, lineAt: number, words: Float64Array, time: number): void {
  words[time + TIME.seconds] = view.getFloat64(at + ACCEPTED.seconds, true);
  words[time + TIME.nanos] = view.getUint32(at + ACCEPTED.nanos, true);
  // The offset is the low 24 bits: the leaf's first byte lies above it.
  words[time + TIME.at] = lineAt + (view.getUint32(at + ACCEPTED.timestampOffset, true) & 0xffffff);
  words[time + TIME.length] = view.getUint8(at + ACCEPTED.timestampLength);
}

/** Length of the entry at `at`. The journal's checksum was verified when it was folded; this only keeps a loop finite. */
export function entryLength(view: DataView, at: number): number {
  const bytes = view.getUint32(at + ENTRY.bytes, true);
  if (bytes < 8) throw changed();
  return bytes;
}

function changed(): FatalError {
  return new FatalError('journal: an entry has changed since it was folded');
}
