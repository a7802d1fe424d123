// Entries and groups as a worker and the committer would leave them in the journal, for tests of whoever reads them.

import { type Code, codeNumber, NO_FIELD } from '../../engine/codes.ts';
import {
  ACCEPTED,
  CONTROL_ENTRY,
  ENTRY,
  ENTRY_FLAG,
  ENTRY_KIND,
  entryBytes,
  FRAME_ENTRY,
  REFUSED,
} from '../../engine/journal/entry.ts';
import {
  type JournalRecord,
  RECORD_FLAG,
  RECORD_HEADER_BYTES,
  RECORD_TYPE,
  recordBytes,
} from '../../engine/journal/record.ts';

export type Entry = Uint8Array;

function entry(kind: number, header: number, body: Uint8Array): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(entryBytes(header, body.length));
  const view = new DataView(bytes.buffer);
  view.setUint32(ENTRY.bytes, bytes.length, true);
  view.setUint8(ENTRY.kind, kind);
  bytes.set(body, header);
  return { bytes, view };
}

/** A frame entry of stream 1. */
export function frame(source: number, number: number, continued = false): Entry {
  const { bytes, view } = entry(ENTRY_KIND.frame, FRAME_ENTRY.bytes, new Uint8Array(0));
  view.setUint8(ENTRY.flags, continued ? ENTRY_FLAG.continued : 0);
  view.setUint32(FRAME_ENTRY.source, source, true);
  view.setUint32(FRAME_ENTRY.stream, 1, true);
  view.setFloat64(FRAME_ENTRY.frame, number, true);
  view.setFloat64(FRAME_ENTRY.receivedMs, 1_700_000_000_000, true);
  return bytes;
}

/** An accepted entry with a line that no fold looks at. */
export function accepted(line = '{}'): Entry {
  const { bytes, view } = entry(ENTRY_KIND.accepted, ACCEPTED.line, new TextEncoder().encode(`${line}\n`));
  view.setUint32(ACCEPTED.stream, 1, true);
  view.setUint32(ACCEPTED.lineBytes, line.length + 1, true);
  return bytes;
}

/** A refused entry; `field.missing` is told of the first field, every other code of none. */
export function refused(record: number, code: Code, raw = '', offset = 0): Entry {
  const body = new TextEncoder().encode(raw);
  const { bytes, view } = entry(ENTRY_KIND.refused, REFUSED.raw, body);
  view.setUint32(REFUSED.stream, 1, true);
  view.setUint32(REFUSED.record, record, true);
  view.setUint32(REFUSED.offset, offset, true);
  view.setUint16(REFUSED.code, codeNumber(code), true);
  view.setUint16(REFUSED.field, code === 'field.missing' ? 0 : NO_FIELD, true);
  view.setUint32(REFUSED.rawBytes, body.length, true);
  return bytes;
}

export function control(kind: number, value: unknown): Entry {
  const json = new TextEncoder().encode(JSON.stringify(value));
  const { bytes, view } = entry(kind, CONTROL_ENTRY.json, json);
  view.setUint32(CONTROL_ENTRY.jsonBytes, json.length, true);
  return bytes;
}

/** A whole group: one record per list of entries. */
export function groupOf(
  records: readonly (readonly Entry[])[],
  stamps: { position?: number; wallMs?: number; runningMs?: number },
): JournalRecord[] {
  let { position = 64 } = stamps;
  return records.map((entries, i) => {
    const payload = new Uint8Array(Buffer.concat(entries));
    const start = position;
    position += recordBytes(payload.length);
    return {
      position: start,
      end: position,
      type: RECORD_TYPE.slab,
      flags: (i === 0 ? RECORD_FLAG.first : 0) | (i === records.length - 1 ? RECORD_FLAG.last : 0),
      wallMs: stamps.wallMs ?? 0,
      runningMs: stamps.runningMs ?? 0,
      payload,
      payloadPosition: start + RECORD_HEADER_BYTES,
    };
  });
}
