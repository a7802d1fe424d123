// Walks the entries of a group, once, for everyone who needs them: fold and seal look at the same bytes in the same
// pass. An entry that does not fit its record is a fault of whoever wrote it (the checksums held): fatal.

import { FatalError } from '../errors.ts';
import {
  ACCEPTED,
  CONTROL_ENTRY,
  ENTRY,
  ENTRY_FLAG,
  ENTRY_KIND,
  entryBytes,
  FRAME_ENTRY,
  REFUSED,
} from './entry.ts';
import { type JournalRecord, RECORD_TYPE } from './record.ts';

/** The frame that the walk is in. One object for the whole walk: copy what must outlive the call. */
export interface WalkFrame {
  /** Journal position of the frame entry: in the record under work, or before it when that record begins with none. */
  position: number;
  source: number;
  stream: number;
  frame: number;
  receivedMs: number;
}

/**
 * What a walk calls, entry by entry, in journal order. `view` and `bytes` are the payload of `record`; the entry begins
 * at `offset` in both, and at `position` in the journal. Everything is valid during the call only.
 */
export interface EntryVisitor {
  /** `continued`: the frame goes on from the record before; it was announced already and nothing of it starts here. */
  frame(frame: WalkFrame, continued: boolean, record: JournalRecord): void;
  accepted(
    view: DataView,
    bytes: Uint8Array,
    offset: number,
    position: number,
    record: JournalRecord,
    frame: WalkFrame,
  ): void;
  refused(
    view: DataView,
    bytes: Uint8Array,
    offset: number,
    position: number,
    record: JournalRecord,
    frame: WalkFrame,
  ): void;
  /** `kind` = ENTRY_KIND of a control entry; `controlJson` reads its value. */
  control(
    kind: number,
    view: DataView,
    bytes: Uint8Array,
    offset: number,
    position: number,
    record: JournalRecord,
  ): void;
  /** The group is whole and walked; `last` is its last record. */
  end(last: JournalRecord): void;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The JSON value of the control entry at `offset`. Its writer is firn: the caller says what shape it has. */
export function controlJson(view: DataView, bytes: Uint8Array, offset: number): unknown {
  const start = offset + CONTROL_ENTRY.json;
  const end = start + view.getUint32(offset + CONTROL_ENTRY.jsonBytes, true);
  try {
    return JSON.parse(decoder.decode(bytes.subarray(start, end)));
  } catch (error) {
    throw new FatalError('the journal has a control entry that is not JSON', { cause: error });
  }
}

/** Shows every entry of a whole group to one visitor, or to two (each entry to the first one first). */
export function walkGroup(
  group: readonly JournalRecord[],
  first: EntryVisitor,
  second: EntryVisitor | null = null,
): void {
  const frame: WalkFrame = { position: -1, source: -1, stream: -1, frame: -1, receivedMs: 0 };
  let last: JournalRecord | undefined;
  for (const record of group) {
    if (record.type !== RECORD_TYPE.slab) throw broken(record, 0, `a record of type ${record.type}`);
    walkRecord(record, frame, first, second);
    last = record;
  }
  if (last === undefined) return;
  first.end(last);
  second?.end(last);
}

function walkRecord(
  record: JournalRecord,
  frame: WalkFrame,
  first: EntryVisitor,
  second: EntryVisitor | null,
): void {
  const bytes = record.payload;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let offset = 0;
  while (offset < bytes.length) {
    const position = record.payloadPosition + offset;
    const kind = checkedKind(view, offset, record);
    if (kind === ENTRY_KIND.accepted || kind === ENTRY_KIND.refused) {
      if (frame.source === -1) throw broken(record, offset, 'a record outside of any frame');
      if (kind === ENTRY_KIND.accepted) {
        first.accepted(view, bytes, offset, position, record, frame);
        second?.accepted(view, bytes, offset, position, record, frame);
      } else {
        first.refused(view, bytes, offset, position, record, frame);
        second?.refused(view, bytes, offset, position, record, frame);
      }
    } else if (kind === ENTRY_KIND.frame) {
      frame.position = position;
      frame.source = view.getUint32(offset + FRAME_ENTRY.source, true);
      frame.stream = view.getUint32(offset + FRAME_ENTRY.stream, true);
      frame.frame = view.getFloat64(offset + FRAME_ENTRY.frame, true);
      frame.receivedMs = view.getFloat64(offset + FRAME_ENTRY.receivedMs, true);
      const continued = (view.getUint8(offset + ENTRY.flags) & ENTRY_FLAG.continued) !== 0;
      first.frame(frame, continued, record);
      second?.frame(frame, continued, record);
    } else {
      first.control(kind, view, bytes, offset, position, record);
      second?.control(kind, view, bytes, offset, position, record);
    }
    offset += view.getUint32(offset + ENTRY.bytes, true);
  }
}

/** Kind of the entry at `offset`, after the check that it is as long as its kind and its contents say. */
function checkedKind(view: DataView, offset: number, record: JournalRecord): number {
  const left = view.byteLength - offset;
  if (left < CONTROL_ENTRY.json) throw broken(record, offset, 'an entry that is cut short');
  const kind = view.getUint8(offset + ENTRY.kind);
  const bytes = view.getUint32(offset + ENTRY.bytes, true);
  if (bytes > left) throw broken(record, offset, 'an entry that is longer than its record');
  let wanted: number;
  if (kind === ENTRY_KIND.accepted && left >= ACCEPTED.line) {
    wanted = entryBytes(ACCEPTED.line, view.getUint32(offset + ACCEPTED.lineBytes, true));
  } else if (kind === ENTRY_KIND.refused && left >= REFUSED.raw) {
    wanted = entryBytes(REFUSED.raw, view.getUint32(offset + REFUSED.rawBytes, true));
  } else if (kind === ENTRY_KIND.frame && left >= FRAME_ENTRY.bytes) {
    wanted = FRAME_ENTRY.bytes;
  } else if (kind >= ENTRY_KIND.source && kind <= ENTRY_KIND.captured) {
    wanted = entryBytes(CONTROL_ENTRY.json, view.getUint32(offset + CONTROL_ENTRY.jsonBytes, true));
  } else {
    throw broken(record, offset, `an entry of kind ${kind} and ${bytes} bytes`);
  }
  if (bytes !== wanted)
    throw broken(record, offset, `an entry of ${bytes} bytes where its contents take ${wanted}`);
  return kind;
}

function broken(record: JournalRecord, offset: number, what: string): FatalError {
  return new FatalError(
    `the journal holds ${what} at position ${record.payloadPosition + offset}. The bytes are as they were written: this ` +
      'is a fault of firn, or of a newer version; keep the data folder and report it',
  );
}
