// The files of a journal: segments, `<start, 20 digits>.firnj`, each taking up where the one before ends. Only the
// newest grows. A segment starts with 64 bytes:
//
//   0 magic "FIRNJNL1"   8 u32 version 1   12 u32 kind (1 records, 2 seals)   16 u64 start position   24 zeros
//   60 u32 CRC-32C of bytes 0–59           64 records (record.ts)
//
// Trace of a new segment: datasync of the segment before, create, write header, sync, syncFolder; only then its first
// record. So a segment's being there proves that the one before is whole and on disk, and bytes behind a header prove
// that the header was. Segments are dropped oldest first: what is left is always without a gap.

import { join } from 'node:path';
import { crc32c } from '../crc32c.ts';
import { FatalError } from '../errors.ts';
import { errorCode, type Storage } from '../storage.ts';

export const SEGMENT_HEADER_BYTES = 64;

/** `records`: what clients sent, written by commit. `seals`: cuts and seals, written by seal. */
export type JournalKind = 'records' | 'seals';

export interface Segment {
  /** Position of the first byte of the file. */
  readonly start: number;
  readonly path: string;
  /** Length of the file when it was listed. */
  readonly bytes: number;
}

const VERSION = 1;
const KIND_NUMBER = { records: 1, seals: 2 } as const;
const NAME = /^([0-9]{20})\.firnj$/;
const MAGIC = new TextEncoder().encode('FIRNJNL1');

/** Path of the segment that starts at `start`. */
export function segmentPath(folder: string, start: number): string {
  return join(folder, `${String(start).padStart(20, '0')}.firnj`);
}

/** The segments of a journal, oldest first. Other files in the folder are passed over. */
export function listSegments(storage: Storage, folder: string): Segment[] {
  const segments: Segment[] = [];
  for (const name of storage.list(folder)) {
    const match = NAME.exec(name);
    if (match === null) continue;
    const path = join(folder, name);
    const start = Number(match[1]);
    if (!Number.isSafeInteger(start)) throw new FatalError(`${path}: no journal is that long`);
    const bytes = storage.stat(path)?.bytes;
    // Dropped by its owner while we were listing.
    if (bytes === undefined) continue;
    segments.push({ start, path, bytes });
  }
  return segments;
}

/** Where `position` lies: index of the newest segment that starts at or before it, −1 where that is gone. */
export function segmentIndex(segments: readonly Segment[], position: number): number {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((segments[middle] as Segment).start <= position) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The 64 bytes at the start of a segment. */
export function encodeSegmentHeader(kind: JournalKind, start: number): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC, 0);
  view.setUint32(8, VERSION, true);
  view.setUint32(12, KIND_NUMBER[kind], true);
  view.setBigUint64(16, BigInt(start), true);
  view.setUint32(60, crc32c(bytes, 0, 60), true);
  return bytes;
}

/** Why the first bytes of an open segment are not the header that they must be, or null when they are. */
export function segmentHeaderFault(
  storage: Storage,
  fd: number,
  kind: JournalKind,
  start: number,
): string | null {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  if (storage.read(fd, bytes, 0) < SEGMENT_HEADER_BYTES) return 'the segment header is cut short';
  const view = new DataView(bytes.buffer);
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) return 'this is no firn journal (wrong magic)';
  if (view.getUint32(60, true) !== crc32c(bytes, 0, 60)) return 'the segment header fails its checksum';
  const version = view.getUint32(8, true);
  if (version !== VERSION) return `journal format ${version} is not known to this version of firn`;
  if (view.getUint32(12, true) !== KIND_NUMBER[kind]) return `this is no segment of the ${kind} journal`;
  if (view.getBigUint64(16, true) !== BigInt(start)) return 'the segment has the name of another one';
  return null;
}

/** Makes the segment that starts at `start`, durable before this returns; the descriptor is open for writing. */
export function createSegment(storage: Storage, folder: string, kind: JournalKind, start: number): number {
  const fd = storage.create(segmentPath(folder, start));
  try {
    storage.write(fd, [encodeSegmentHeader(kind, start)], 0);
    storage.sync(fd);
    storage.syncFolder(folder);
  } catch (error) {
    storage.close(fd);
    throw error;
  }
  return fd;
}

/**
 * Removes segments that lie wholly before `before`, never the newest one.
 * @returns start of the oldest that is left (0 where there is none). FatalError when the disk fails.
 */
export function dropSegments(storage: Storage, folder: string, before: number): number {
  try {
    const segments = listSegments(storage, folder);
    let oldest = 0;
    while (oldest + 1 < segments.length && (segments[oldest + 1] as Segment).start <= before) {
      storage.unlink((segments[oldest] as Segment).path);
      oldest++;
    }
    if (oldest > 0) storage.syncFolder(folder);
    return segments[oldest]?.start ?? 0;
  } catch (error) {
    if (error instanceof FatalError) throw error;
    const code = errorCode(error) ?? 'error';
    throw new FatalError(
      `old journal segments in ${folder} could not be removed (${code}); restart to recover`,
      {
        cause: error,
      },
    );
  }
}
