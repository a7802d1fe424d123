// Reads one record of an open segment and believes nothing: checksums, position, length and padding must all hold. The
// one place that decides whether bytes are a record, for the reader as for recovery.

import { crc32c } from '../crc32c.ts';
import type { Storage } from '../storage.ts';
import {
  decodeHeader,
  type JournalRecord,
  RECORD_HEADER_BYTES,
  type RecordHeader,
  recordBytes,
} from './record.ts';

/** Memory for one payload, kept and grown from one record to the next. */
export interface RecordBuffer {
  payload: Uint8Array;
  readonly header: Uint8Array;
  readonly view: DataView;
}

/** A record with its header, or `fault`: why there is none ('end' = the file ends exactly here). */
export type Scanned =
  | { readonly fault: null; readonly record: JournalRecord; readonly header: RecordHeader }
  | { readonly fault: string };

export function recordBuffer(): RecordBuffer {
  const header = new Uint8Array(RECORD_HEADER_BYTES);
  return { payload: new Uint8Array(0), header, view: new DataView(header.buffer) };
}

/** Memory of at least `bytes`, growing by powers of two so that growth stays rare. */
function room(buffer: RecordBuffer, bytes: number): Uint8Array {
  if (buffer.payload.length < bytes) buffer.payload = new Uint8Array(2 ** Math.ceil(Math.log2(bytes)));
  return buffer.payload.subarray(0, bytes);
}

/**
 * The record at `position` in the segment `fd` that starts at `start`. Its payload lies in `buffer` until the buffer is
 * used again. Throws only what the disk throws.
 */
export function scanRecord(
  storage: Storage,
  fd: number,
  start: number,
  position: number,
  buffer: RecordBuffer,
): Scanned {
  const offset = position - start;
  const got = storage.read(fd, buffer.header, offset);
  if (got === 0) return { fault: 'end' };
  if (got < RECORD_HEADER_BYTES) return { fault: 'a record header is cut short' };
  const header = decodeHeader(buffer.view, 0, position);
  if (header === null) return { fault: 'no whole record header is here' };
  const padded = recordBytes(header.bytes) - RECORD_HEADER_BYTES;
  const body = room(buffer, padded);
  if (storage.read(fd, body, offset + RECORD_HEADER_BYTES) < padded)
    return { fault: 'a record is cut short' };
  const payload = body.subarray(0, header.bytes);
  if (crc32c(payload) !== header.payloadCrc) return { fault: 'a record fails its checksum' };
  for (let i = header.bytes; i < padded; i++) {
    if (body[i] !== 0) return { fault: 'the padding of a record is not zero' };
  }
  const record: JournalRecord = {
    position,
    end: position + RECORD_HEADER_BYTES + padded,
    type: header.type,
    flags: header.flags,
    wallMs: header.wallMs,
    runningMs: header.runningMs,
    payload,
    payloadPosition: position + RECORD_HEADER_BYTES,
  };
  return { fault: null, record, header };
}
