// Reading a journal while it grows. Every reader stops at the limit that it is given (the durable position), so it never
// looks at bytes that a crash may take back; whatever is wrong before the limit is damage and fatal.

import { FatalError } from '../errors.ts';
import type { Storage } from '../storage.ts';
import { type JournalRecord, RECORD_FLAG } from './record.ts';
import { type RecordBuffer, recordBuffer, scanRecord } from './scan.ts';
import {
  type JournalKind,
  listSegments,
  SEGMENT_HEADER_BYTES,
  type Segment,
  segmentHeaderFault,
  segmentIndex,
  segmentPath,
} from './segments.ts';

/** Segments that random reads keep open: as many as the largest default journal has. */
const MAX_OPEN_SEGMENTS = 64;

/** The message of all damage that a reader meets. */
function damaged(path: string, offset: number, why: string): FatalError {
  return new FatalError(
    `${path}: damaged at byte ${offset}: ${why}. Records that were acknowledged may be lost: stop, keep a copy of the ` +
      'data folder, and restore it from a backup or replace the disk',
  );
}

/** Reads records one after the other. */
export class JournalReader {
  readonly #storage: Storage;
  readonly #folder: string;
  readonly #kind: JournalKind;
  readonly #buffers: RecordBuffer[] = [];
  #position: number;
  #start = -1;
  #fd = -1;

  /** `from` = start of a record, or of a segment, or the end of the journal. */
  constructor(storage: Storage, folder: string, kind: JournalKind, from: number) {
    this.#storage = storage;
    this.#folder = folder;
    this.#kind = kind;
    this.#position = from;
  }

  /** Where the next record begins, or the segment that it begins. */
  get position(): number {
    return this.#position;
  }

  /**
   * The next record that ends at or before `limit`, else null: call again when the limit has moved. Its payload lies in
   * buffer number `slot` and is valid until that buffer is asked for again.
   */
  next(limit: number, slot = 0): JournalRecord | null {
    if (this.#position >= limit) return null;
    if (this.#fd === -1) this.#openFirst();
    if (this.#position >= limit) return null;
    let buffer = this.#buffers[slot];
    if (buffer === undefined) {
      buffer = recordBuffer();
      this.#buffers[slot] = buffer;
    }
    let scanned = scanRecord(this.#storage, this.#fd, this.#start, this.#position, buffer);
    if (scanned.fault === 'end') {
      // The segment is read to its end and something durable follows: it is in the segment of this name.
      this.#open(this.#position);
      if (this.#position >= limit) return null;
      scanned = scanRecord(this.#storage, this.#fd, this.#start, this.#position, buffer);
    }
    const path = segmentPath(this.#folder, this.#start);
    if (scanned.fault !== null) throw damaged(path, this.#position - this.#start, scanned.fault);
    if (scanned.record.end > limit) {
      throw damaged(path, this.#position - this.#start, 'a record crosses the durable position');
    }
    this.#position = scanned.record.end;
    return scanned.record;
  }

  close(): void {
    this.#closeSegment();
    this.#buffers.length = 0;
  }

  #closeSegment(): void {
    if (this.#fd !== -1) this.#storage.close(this.#fd);
    this.#fd = -1;
  }

  #openFirst(): void {
    const segments = listSegments(this.#storage, this.#folder);
    const segment = segments[segmentIndex(segments, this.#position)];
    if (segment === undefined) {
      throw new FatalError(`${this.#folder}: position ${this.#position} lies before the oldest segment`);
    }
    this.#open(segment.start);
  }

  #open(start: number): void {
    this.#closeSegment();
    const path = segmentPath(this.#folder, start);
    if (this.#storage.stat(path) === null) throw damaged(path, 0, 'the segment is missing');
    this.#fd = this.#storage.open(path);
    this.#start = start;
    const fault = segmentHeaderFault(this.#storage, this.#fd, this.#kind, start);
    if (fault !== null) throw damaged(path, 0, fault);
    this.#position = Math.max(this.#position, start + SEGMENT_HEADER_BYTES);
  }
}

/** Reads groups: all records of one, or nothing of it. */
export class GroupReader {
  readonly #reader: JournalReader;
  #group: JournalRecord[] = [];
  #returned = true;
  #position: number;

  constructor(reader: JournalReader) {
    this.#reader = reader;
    this.#position = reader.position;
  }

  /** End of the newest group that was returned: reading from here on gives the group after it. */
  get position(): number {
    return this.#position;
  }

  /**
   * The next whole group that ends at or before `limit`, else null. Records and payloads are valid until the next call.
   * A group that another one abandons is passed over.
   */
  next(limit: number): readonly JournalRecord[] | null {
    if (this.#returned) this.#group = [];
    this.#returned = false;
    for (;;) {
      const record = this.#reader.next(limit, this.#group.length);
      if (record === null) return null;
      if ((record.flags & RECORD_FLAG.first) !== 0 && this.#group.length > 0) {
        // Abandoned. What begins here lies in a later buffer, which the next records will use: copied, as this is rare.
        this.#group = [{ ...record, payload: record.payload.slice() }];
      } else {
        if ((record.flags & RECORD_FLAG.first) === 0 && this.#group.length === 0) {
          throw new FatalError(
            `the journal has a record at position ${record.position} that belongs to no group`,
          );
        }
        this.#group.push(record);
      }
      if ((record.flags & RECORD_FLAG.last) !== 0) {
        this.#position = record.end;
        this.#returned = true;
        return this.#group;
      }
    }
  }
}

/** Random reads inside records, as `seal` needs them to collect the lines of a batch. Keeps segments open. */
export class JournalFile {
  readonly #storage: Storage;
  readonly #folder: string;
  /** By start; the order is that of the newest use. */
  readonly #open = new Map<number, number>();
  #segments: readonly Segment[] = [];

  constructor(storage: Storage, folder: string) {
    this.#storage = storage;
    this.#folder = folder;
  }

  /** Fills `into` with the bytes from `position` on, all of one segment. FatalError where they are not there. */
  read(position: number, into: Uint8Array): void {
    const segment = this.#segmentOf(position, position + into.length);
    const offset = position - segment.start;
    const got = this.#storage.read(this.#descriptor(segment), into, offset);
    if (got < into.length) throw damaged(segment.path, offset + got, 'the file ends early');
  }

  /**
   * End of the segment that holds `position` up to `to`, as far as it is known: a read must not cross it. FatalError
   * where the segment is gone.
   */
  segmentEnd(position: number, to: number): number {
    const segment = this.#segmentOf(position, to);
    return segment.start + segment.bytes;
  }

  /** Lets go of segments that end before `oldest`: their files were dropped. */
  forget(oldest: number): void {
    for (const [start, fd] of this.#open) {
      if (start >= oldest) continue;
      this.#storage.close(fd);
      this.#open.delete(start);
    }
    this.#segments = this.#segments.filter((segment) => segment.start >= oldest);
  }

  close(): void {
    for (const fd of this.#open.values()) this.#storage.close(fd);
    this.#open.clear();
    this.#segments = [];
  }

  #segmentOf(position: number, to: number): Segment {
    // Known segments may be out of date in one way only: a newer one holds what was beyond the end of the newest.
    let segment = this.#segments[segmentIndex(this.#segments, position)];
    if (segment === undefined || to > segment.start + segment.bytes) {
      this.#segments = listSegments(this.#storage, this.#folder);
      segment = this.#segments[segmentIndex(this.#segments, position)];
    }
    if (segment === undefined) throw damaged(this.#folder, position, 'the segment is missing');
    return segment;
  }

  #descriptor(segment: Segment): number {
    const known = this.#open.get(segment.start);
    if (known !== undefined) {
      this.#open.delete(segment.start);
      this.#open.set(segment.start, known);
      return known;
    }
    if (this.#open.size >= MAX_OPEN_SEGMENTS) {
      const [start, fd] = this.#open.entries().next().value as [number, number];
      this.#storage.close(fd);
      this.#open.delete(start);
    }
    const fd = this.#storage.open(segment.path);
    this.#open.set(segment.start, fd);
    return fd;
  }
}
