// What a start does to a journal before anyone reads or writes it: it reads every record from a position on, and leaves
// a journal that is whole, without an open group at its end, and on disk.
//
// Two things may be wrong, and they must never be confused:
//   torn tail  bytes behind the newest whole group that no fsync ever covered: a crash may leave anything there (half a
//              record, zeros, a segment without its header, a group without its end). Nobody was told that they are
//              safe: they are cut off.
//   damage     the same before a position that a later record, a later segment or a snapshot knows to have been
//              fsynced: acknowledged records are gone. FatalError, nothing is touched.
//
// Trace of a cut: unlink newer segments (newest first, syncFolder after each), truncate, then as always: write the
// bytes that no fsync is known to cover once more, sync, syncFolder. Writing them again matters after a failed fsync:
// the kernel may show pages that it has given up on as clean, and a plain fsync would then succeed without them.

import { FatalError } from '../errors.ts';
import { KIB, MIB } from '../limits.ts';
import { ensureFolder, errorCode, type Storage } from '../storage.ts';
import { decodeHeader, RECORD_FLAG, RECORD_HEADER_BYTES, recordBytes } from './record.ts';
import { recordBuffer, scanRecord } from './scan.ts';
import {
  type JournalKind,
  listSegments,
  SEGMENT_HEADER_BYTES,
  type Segment,
  segmentHeaderFault,
  segmentIndex,
} from './segments.ts';

export interface Recovered {
  /** Start of the oldest segment; 0 for an empty journal. */
  start: number;
  /** Where the writer goes on. */
  end: number;
  /** Bytes that were cut off. */
  truncatedBytes: number;
  /** Largest stamps among the records read; 0 where there was none. */
  wallMs: number;
  runningMs: number;
}

/** Where the scan stands. */
interface Scan {
  /** End of the newest record that is whole. */
  position: number;
  /** End of the newest group that is whole. */
  end: number;
  /** A FIRST without its LAST. */
  open: boolean;
  /** Everything before it was fsynced, as some record or segment proves. */
  durable: number;
  wallMs: number;
  runningMs: number;
}

/**
 * Recovers the journal in `folder` (made if missing). `from` = a position that the caller's snapshot covers, 0 without
 * one: start of a group, or of a segment. `needed` = the oldest position before it whose bytes the caller still reads:
 * checked from the start of its segment on. FatalError for damage, for a gap, and when the disk fails.
 */
export function recoverJournal(
  storage: Storage,
  folder: string,
  kind: JournalKind,
  from: number,
  needed: number = from,
): Recovered {
  try {
    ensureFolder(storage, folder);
    return recover(storage, folder, kind, from, Math.min(from, needed));
  } catch (error) {
    if (error instanceof FatalError) throw error;
    const code = errorCode(error) ?? 'error';
    throw new FatalError(
      `the journal in ${folder} could not be recovered (${code}); see to the disk, then restart`,
      {
        cause: error,
      },
    );
  }
}

function recover(
  storage: Storage,
  folder: string,
  kind: JournalKind,
  from: number,
  needed: number,
): Recovered {
  const segments = listSegments(storage, folder);
  const newest = segments.at(-1);
  const unborn = newest !== undefined && isUnborn(storage, newest, kind) ? newest : null;
  const first = segmentIndex(segments, needed);
  if (first === -1 && (newest !== undefined || from !== 0)) {
    throw new FatalError(
      `the journal in ${folder} does not reach back to position ${needed}: segments are missing. Restore the whole data ` +
        'folder from one backup; firn never starts from a part of its state',
    );
  }
  if (unborn !== null && from > unborn.start) {
    throw damage(unborn.path, 0, 'its header is gone, and a snapshot covers what followed it');
  }
  // A segment may begin within a group, `from` does not.
  const back = needed < from;
  const position = back ? (segments[first] as Segment).start : from;
  const scan: Scan = { position, end: from, open: back, durable: from, wallMs: 0, runningMs: 0 };
  for (let i = Math.max(0, first); i < segments.length; i++) {
    const segment = segments[i] as Segment;
    if (segment !== unborn) scanSegment(storage, kind, segment, segments[i + 1], scan);
  }
  // So far nothing was changed: a start that finds damage finds it again the next time.
  const truncatedBytes = cutOff(storage, folder, segments, unborn, scan);
  const { end, wallMs, runningMs } = scan;
  return { start: segments[0]?.start ?? end, end, truncatedBytes, wallMs, runningMs };
}

/** A segment that a crash left before its header was on disk. It cannot hold a record. */
function isUnborn(storage: Storage, segment: Segment, kind: JournalKind): boolean {
  if (segment.bytes > SEGMENT_HEADER_BYTES) return false;
  const fd = storage.open(segment.path);
  try {
    return segmentHeaderFault(storage, fd, kind, segment.start) !== null;
  } finally {
    storage.close(fd);
  }
}

/** Reads every record of a segment from `scan.position` on. Stops at a torn tail; throws at damage. */
function scanSegment(
  storage: Storage,
  kind: JournalKind,
  segment: Segment,
  following: Segment | undefined,
  scan: Scan,
): void {
  const { start, path } = segment;
  const buffer = recordBuffer();
  const fd = storage.open(path);
  try {
    const headerFault = segmentHeaderFault(storage, fd, kind, start);
    if (headerFault !== null) throw damage(path, 0, headerFault);
    scan.position = Math.max(scan.position, start + SEGMENT_HEADER_BYTES);
    scan.durable = Math.max(scan.durable, start);
    for (;;) {
      const offset = scan.position - start;
      const scanned = scanRecord(storage, fd, start, scan.position, buffer);
      if (scanned.fault === null) {
        const { record, header } = scanned;
        take(scan, path, offset, record.flags, record.end);
        scan.durable = Math.max(scan.durable, record.position - header.unsynced);
        scan.wallMs = Math.max(scan.wallMs, record.wallMs);
        scan.runningMs = Math.max(scan.runningMs, record.runningMs);
        continue;
      }
      const atEnd = scanned.fault === 'end' && offset === segment.bytes;
      if (atEnd && following === undefined && scan.position < scan.durable)
        throw damage(path, offset, 'it ends before a position that a snapshot covers');
      if (atEnd && (following === undefined || following.start === scan.position)) return;
      if (offset > segment.bytes)
        throw damage(path, segment.bytes, 'it ends before a position that a snapshot covers');
      if (following !== undefined) {
        const why = atEnd ? `the next segment begins at position ${following.start} instead` : scanned.fault;
        throw damage(path, offset, why);
      }
      const proof = laterProof(storage, fd, segment, scan.position);
      if (Math.max(proof, scan.durable) > scan.position) throw damage(path, offset, scanned.fault);
      return;
    }
  } finally {
    storage.close(fd);
  }
}

function take(scan: Scan, path: string, offset: number, flags: number, end: number): void {
  const first = (flags & RECORD_FLAG.first) !== 0;
  if (!first && !scan.open) throw damage(path, offset, 'a record belongs to no group');
  scan.position = end;
  scan.open = (flags & RECORD_FLAG.last) === 0;
  if (!scan.open) scan.end = Math.max(scan.end, end);
}

/**
 * Looks behind a bad record at `position` for headers of later ones, and returns how far they prove the journal to have
 * been on disk. Steps over payloads where it knows their length, so that nothing which a client sent is taken for a
 * header.
 */
function laterProof(storage: Storage, fd: number, segment: Segment, position: number): number {
  const window = new Uint8Array(MIB + RECORD_HEADER_BYTES);
  const view = new DataView(window.buffer);
  let base = -1;
  let got = 0;
  let proof = 0;
  let offset = position - segment.start;
  while (offset + RECORD_HEADER_BYTES <= segment.bytes) {
    if (base === -1 || offset + RECORD_HEADER_BYTES > base + got) {
      base = offset;
      got = storage.read(fd, window, base);
      if (got < RECORD_HEADER_BYTES) break;
    }
    const header = decodeHeader(view, offset - base, segment.start + offset);
    if (header !== null) proof = Math.max(proof, header.position - header.unsynced);
    offset += header === null ? 8 : recordBytes(header.bytes);
  }
  return proof;
}

/** Makes the journal end at the end of the newest whole group, on disk. Sets `scan.end` to where the writer goes on. */
function cutOff(
  storage: Storage,
  folder: string,
  segments: Segment[],
  unborn: Segment | null,
  scan: Scan,
): number {
  let cut = 0;
  for (;;) {
    const newest = segments.at(-1);
    if (newest === undefined) return cut;
    // A segment stays while it holds a whole group, or begins exactly where the last one ends.
    if (newest !== unborn && newest.start <= scan.end) return cut + cutSegment(storage, folder, newest, scan);
    storage.unlink(newest.path);
    storage.syncFolder(folder);
    segments.pop();
    cut += newest.bytes;
  }
}

function cutSegment(storage: Storage, folder: string, last: Segment, scan: Scan): number {
  scan.end = Math.max(scan.end, last.start + SEGMENT_HEADER_BYTES);
  const bytes = scan.end - last.start;
  const fd = storage.openWrite(last.path);
  try {
    if (last.bytes > bytes) storage.truncate(fd, bytes);
    rewrite(storage, fd, Math.max(0, scan.durable - last.start), bytes);
    storage.sync(fd);
    storage.syncFolder(folder);
  } finally {
    storage.close(fd);
  }
  return Math.max(0, last.bytes - bytes);
}

/** Writes the bytes from `start` to `end` of a file once more, as they are. */
function rewrite(storage: Storage, fd: number, start: number, end: number): void {
  const chunk = new Uint8Array(256 * KIB);
  for (let at = start; at < end; at += chunk.length) {
    const part = chunk.subarray(0, Math.min(chunk.length, end - at));
    storage.read(fd, part, at);
    storage.write(fd, [part], at);
  }
}

function damage(path: string, offset: number, why: string): FatalError {
  return new FatalError(
    `${path}: damaged at byte ${offset}: ${why}. This part was on disk and may have been acknowledged: nothing was ` +
      'changed. Keep a copy of the data folder, then restore it from a backup',
  );
}
