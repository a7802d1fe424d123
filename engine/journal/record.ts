// The unit of the journal: a record. Every record in a segment file starts at a multiple of 8 and is, little-endian,
//
//   0 u32 magic 0x464A5231   4 u32 payload bytes   8 f64 position of this header   16 f64 wallMs   24 f64 runningMs
//   32 u16 type   34 u16 flags (1 FIRST, 2 LAST)   36 u32 unsynced   40 u32 CRC-32C of the payload
//   44 u32 CRC-32C of bytes 0–43                   48 payload, then zeros up to a multiple of 8
//
// A position is a byte offset in the endless journal: start of the segment + offset in its file. It grows for ever, so
// a header that carries another position than its own was moved or is left over, and is not taken.
//
// A *group* is a run of records from one with FIRST to one with LAST: it holds as a whole or not at all. A FIRST inside
// an open group abandons it (a worker died and began again).
//
// `unsynced` = how many bytes before this header were not known to be on disk when it was written. A whole record thus
// proves that everything before `position - unsynced` was fsynced: recovery tells damage from a torn tail by it.

import { crc32c } from '../crc32c.ts';
import { MIB } from '../limits.ts';

export const RECORD_HEADER_BYTES = 48;

const MAGIC = 0x464a5231;

/** Longest payload. Larger than any slab's output and any cut; a length above it is not a length. */
export const MAX_PAYLOAD_BYTES: number = 1024 * MIB;

const HEADER = {
  magic: 0,
  bytes: 4,
  position: 8,
  wallMs: 16,
  runningMs: 24,
  type: 32,
  flags: 34,
  unsynced: 36,
  payloadCrc: 40,
  crc: 44,
} as const;

/** `slab`: entries (entry.ts), a chunk of a slab's output. `cut`, `seal`: JSON, each a group of its own (seal journal). */
export const RECORD_TYPE = { slab: 1, cut: 16, seal: 17 } as const;

export const RECORD_FLAG = { first: 1, last: 2 } as const;

/** What a header says, magic and checksum aside. */
export interface RecordHeader {
  readonly position: number;
  readonly bytes: number;
  readonly type: number;
  readonly flags: number;
  readonly unsynced: number;
  readonly wallMs: number;
  readonly runningMs: number;
  readonly payloadCrc: number;
}

/**
 * A record as read. `end` = position of what follows; `payloadPosition` = position of the payload's first byte. The
 * payload belongs to the reader: it is valid until the reader says.
 */
export interface JournalRecord {
  readonly position: number;
  readonly end: number;
  readonly type: number;
  readonly flags: number;
  readonly wallMs: number;
  readonly runningMs: number;
  readonly payload: Uint8Array;
  readonly payloadPosition: number;
}

/** Bytes that a record with a payload of `payload` bytes takes, header and padding included. */
export function recordBytes(payload: number): number {
  return RECORD_HEADER_BYTES + Math.ceil(payload / 8) * 8;
}

/** Writes a header into `view` (48 bytes), its checksum included. */
export function encodeHeader(view: DataView, header: RecordHeader): void {
  view.setUint32(HEADER.magic, MAGIC, true);
  view.setUint32(HEADER.bytes, header.bytes, true);
  view.setFloat64(HEADER.position, header.position, true);
  view.setFloat64(HEADER.wallMs, header.wallMs, true);
  view.setFloat64(HEADER.runningMs, header.runningMs, true);
  view.setUint16(HEADER.type, header.type, true);
  view.setUint16(HEADER.flags, header.flags, true);
  view.setUint32(HEADER.unsynced, header.unsynced, true);
  view.setUint32(HEADER.payloadCrc, header.payloadCrc, true);
  const bytes = new Uint8Array(view.buffer, view.byteOffset, HEADER.crc);
  view.setUint32(HEADER.crc, crc32c(bytes), true);
}

/** The header at `at` in `view`, or null when those 48 bytes are not a whole header of the record at `position`. */
export function decodeHeader(view: DataView, at: number, position: number): RecordHeader | null {
  if (view.getUint32(at + HEADER.magic, true) !== MAGIC) return null;
  if (view.getFloat64(at + HEADER.position, true) !== position) return null;
  const bytes = view.getUint32(at + HEADER.bytes, true);
  if (bytes > MAX_PAYLOAD_BYTES) return null;
  const crc = crc32c(new Uint8Array(view.buffer, view.byteOffset + at, HEADER.crc));
  if (view.getUint32(at + HEADER.crc, true) !== crc) return null;
  return {
    position,
    bytes,
    type: view.getUint16(at + HEADER.type, true),
    flags: view.getUint16(at + HEADER.flags, true),
    unsynced: view.getUint32(at + HEADER.unsynced, true),
    wallMs: view.getFloat64(at + HEADER.wallMs, true),
    runningMs: view.getFloat64(at + HEADER.runningMs, true),
    payloadCrc: view.getUint32(at + HEADER.payloadCrc, true),
  };
}
