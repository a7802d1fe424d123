// A journal segment: its header and every record, each checked, to the end of the file or to the first bytes that are no
// record: a torn tail where nothing valid follows, which recovery cuts off.

import { crc32c } from '../crc32c.ts';
import { ENTRY, ENTRY_KIND } from '../journal/entry.ts';
import {
  decodeHeader,
  RECORD_FLAG,
  RECORD_HEADER_BYTES,
  RECORD_TYPE,
  recordBytes,
} from '../journal/record.ts';
import { recordBuffer, type Scanned, scanRecord } from '../journal/scan.ts';
import { SEGMENT_HEADER_BYTES } from '../journal/segments.ts';
import { decodeFinal } from '../seal/cut.ts';
import { diskStorage } from '../storage.ts';
import { type Inspection, shown, timeText } from './inspection.ts';

/** Records told one by one; all are checked and counted. */
const SHOWN = 1000;
const ENTRY_HEADER_BYTES = 8;

interface RecordFacts {
  readonly position: number;
  readonly type: string;
  readonly flags: string;
  readonly bytes: number;
  readonly wall: string;
  readonly runningMs: number;
  readonly unsynced: number;
  /** Entries by kind (records journal), or the JSON (seal journal). */
  readonly content: Readonly<Record<string, number>> | string;
}

const typeNames = new Map<number, string>(
  Object.entries(RECORD_TYPE).map(([name, number]) => [number, name]),
);
const kindNames = new Map<number, string>(Object.entries(ENTRY_KIND).map(([name, number]) => [number, name]));

/** Looks at a file that begins with the magic bytes of a segment. */
export function inspectJournal(path: string): Inspection {
  const descriptor = diskStorage.open(path);
  try {
    return inspect(descriptor, diskStorage.size(descriptor));
  } finally {
    diskStorage.close(descriptor);
  }
}

function inspect(descriptor: number, bytes: number): Inspection {
  const head = Buffer.alloc(SEGMENT_HEADER_BYTES);
  if (diskStorage.read(descriptor, head, 0) < SEGMENT_HEADER_BYTES) {
    return { kind: 'journal segment', fault: 'the segment header is cut short', facts: { bytes }, rows: [] };
  }
  const kind = ['', 'records', 'seals'][head.readUInt32LE(12)] ?? '';
  const start = Number(head.readBigUInt64LE(16));
  const header = {
    version: head.readUInt32LE(8),
    kind: kind === '' ? head.readUInt32LE(12) : kind,
    start,
    bytes,
  };
  if (crc32c(head, 0, 60) !== head.readUInt32LE(60)) {
    return {
      kind: 'journal segment',
      fault: 'the segment header fails its checksum',
      facts: header,
      rows: [],
    };
  }
  const records: RecordFacts[] = [];
  const totals: Record<string, number> = {};
  const buffer = recordBuffer();
  let count = 0;
  let position = start + SEGMENT_HEADER_BYTES;
  let fault: string | null = null;
  for (;;) {
    const scanned = scan(descriptor, start, position, bytes, buffer);
    if (scanned.fault !== null) {
      fault = scanned.fault === 'end' ? null : scanned.fault;
      break;
    }
    const { record } = scanned;
    const content = contentOf(record.type, record.payload);
    const found =
      typeof content === 'object' ? content : { [typeNames.get(record.type) ?? String(record.type)]: 1 };
    for (const [name, n] of Object.entries(found)) totals[name] = (totals[name] ?? 0) + n;
    if (count++ < SHOWN) {
      records.push({
        position,
        type: typeNames.get(record.type) ?? String(record.type),
        flags: [
          record.flags & RECORD_FLAG.first ? 'FIRST' : '',
          record.flags & RECORD_FLAG.last ? 'LAST' : '',
        ]
          .filter(Boolean)
          .join('|'),
        bytes: record.payload.length,
        wall: timeText(record.wallMs),
        runningMs: record.runningMs,
        unsynced: scanned.header.unsynced,
        content,
      });
    }
    position = record.end;
  }
  const left = bytes - (position - start);
  return {
    kind: 'journal segment',
    fault:
      fault === null
        ? null
        : `${fault}: ${left} bytes from position ${position} on are a torn tail, or damage where records should follow`,
    facts: { ...header, records: count, totals, end: position, tornBytes: left, shown: records },
    rows: rows(header, records, count, totals, position),
  };
}

/** One record; a length that the file cannot hold is told before memory is made for it. */
function scan(
  descriptor: number,
  start: number,
  position: number,
  bytes: number,
  buffer: ReturnType<typeof recordBuffer>,
): Scanned {
  const offset = position - start;
  if (diskStorage.read(descriptor, buffer.header, offset) === RECORD_HEADER_BYTES) {
    const header = decodeHeader(buffer.view, 0, position);
    if (header !== null && offset + recordBytes(header.bytes) > bytes)
      return { fault: 'a record is cut short' };
  }
  return scanRecord(diskStorage, descriptor, start, position, buffer);
}

/** Entries by kind, or text: a cut as its JSON, a seal as it stands in the log, after its index there. */
function contentOf(type: number, payload: Uint8Array): Readonly<Record<string, number>> | string {
  if (type === RECORD_TYPE.slab) return entriesOf(payload);
  if (type !== RECORD_TYPE.seal) return shown(text(payload));
  try {
    const { index, seal } = decodeFinal(payload);
    return shown(`seal ${index}: ${text(seal)}`);
  } catch {
    return shown(text(payload));
  }
}

/** Entries of a slab record by kind; `malformed` counts the bytes from the first entry that does not fit. */
function entriesOf(payload: Uint8Array): Record<string, number> {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const counts: Record<string, number> = {};
  for (let at = 0; at < payload.length; ) {
    const bytes = at + ENTRY_HEADER_BYTES <= payload.length ? view.getUint32(at + ENTRY.bytes, true) : 0;
    if (bytes < ENTRY_HEADER_BYTES || bytes % 8 !== 0 || at + bytes > payload.length) {
      counts['malformed'] = payload.length - at;
      break;
    }
    const name = kindNames.get(view.getUint8(at + ENTRY.kind)) ?? 'unknown';
    counts[name] = (counts[name] ?? 0) + 1;
    at += bytes;
  }
  return counts;
}

function text(payload: Uint8Array): string {
  return Buffer.from(payload.buffer, payload.byteOffset, Math.min(payload.length, 1000)).toString('utf8');
}

function counts(content: RecordFacts['content']): string {
  return typeof content === 'string'
    ? content
    : Object.entries(content)
        .map(([name, n]) => `${n} ${name}`)
        .join(', ');
}

function rows(
  header: { version: number; kind: string | number; start: number; bytes: number },
  records: readonly RecordFacts[],
  count: number,
  totals: Readonly<Record<string, number>>,
  end: number,
): (readonly [string, string])[] {
  const more = count > records.length ? [['', `… and ${count - records.length} more records`] as const] : [];
  return [
    [
      'segment',
      `${header.kind} journal, version ${header.version}, positions ${header.start} to ${end}, ${header.bytes} bytes`,
    ],
    [
      'records',
      `${count}, every checksum holds${Object.keys(totals).length === 0 ? '' : `: ${counts(totals)}`}`,
    ],
    ...records.map(
      ({ position, type, flags, bytes, wall, content }) =>
        [String(position), `${type} ${flags} ${bytes} bytes, ${wall}, ${counts(content)}`] as const,
    ),
    ...more,
  ];
}
