// The file of the local log: every seal, in order, each with checksums. Append only; nothing but a torn tail is ever cut.
//
//   file header    16 bytes: "FIRNLOG1" | u32 version 1 | u32 CRC-32C of the 12 bytes before
//   record          0 u32 magic 0x4C4E5246 | 4 u32 seal bytes | 8 f64 offset of this record in the file
//                  16 u32 bytes between the start of the append it came with and this record | 20 u32 index mod 2^32
//                  24 u32 CRC-32C of the seal | 28 u32 CRC-32C of bytes 0–27 | 32 seal, zeros up to a multiple of 8
//
// An append is one write and one fdatasync, so whatever was there when it began is durable. A bad record is therefore a
// torn tail, and is cut, only when no valid record behind it belongs to a later append; otherwise the file is damaged,
// which is fatal: a log that silently loses a seal would fork from its own checkpoints.

import { assert } from '../assert.ts';
import { crc32c } from '../crc32c.ts';
import { FatalError } from '../errors.ts';
import type { Storage } from '../storage.ts';

const FILE_MAGIC = Buffer.from('FIRNLOG1', 'latin1');
const VERSION = 1;
export const FILE_HEADER_BYTES = 16;

const MAGIC = 0x4c4e5246;
const RECORD = {
  magic: 0,
  bytes: 4,
  position: 8,
  back: 16,
  index: 20,
  sealCrc: 24,
  headerCrc: 28,
  seal: 32,
} as const;
const MAX_SEAL = 0xffff;
const MAX_RECORD = recordBytes(MAX_SEAL);

/** Bytes that are read at a time when the whole file is gone through. */
const WINDOW_BYTES = 4 << 20;

/** The header of a new file. */
export function fileHeader(): Uint8Array {
  const header = Buffer.alloc(FILE_HEADER_BYTES);
  FILE_MAGIC.copy(header);
  header.writeUInt32LE(VERSION, 8);
  header.writeUInt32LE(crc32c(header, 0, 12), 12);
  return header;
}

/** Bytes of a record in the file. */
export function recordBytes(sealBytes: number): number {
  return (RECORD.seal + sealBytes + 7) & ~7;
}

/** One append: the records of `seals`, the first at file offset `position` with log index `index`. */
export function encodeRecords(seals: readonly Uint8Array[], position: number, index: number): Uint8Array {
  const bytes = Buffer.alloc(seals.reduce((sum, seal) => sum + recordBytes(seal.length), 0));
  let at = 0;
  seals.forEach((seal, i) => {
    assert(seal.length > 0 && seal.length <= MAX_SEAL, 'a seal is 1–65,535 bytes');
    bytes.writeUInt32LE(MAGIC, at + RECORD.magic);
    bytes.writeUInt32LE(seal.length, at + RECORD.bytes);
    bytes.writeDoubleLE(position + at, at + RECORD.position);
    bytes.writeUInt32LE(at, at + RECORD.back);
    bytes.writeUInt32LE((index + i) % 2 ** 32, at + RECORD.index);
    bytes.writeUInt32LE(crc32c(seal), at + RECORD.sealCrc);
    bytes.writeUInt32LE(crc32c(bytes, at, at + RECORD.headerCrc), at + RECORD.headerCrc);
    bytes.set(seal, at + RECORD.seal);
    at += recordBytes(seal.length);
  });
  return bytes;
}

/** A record found in `bytes`. */
interface Found {
  readonly seal: Uint8Array;
  /** Offset in `bytes` of what follows. */
  readonly end: number;
  readonly index: number;
  /** File offset at which it was written. */
  readonly position: number;
  /** File offset where its append began. */
  readonly appendStart: number;
}

/** The record at `at` of `bytes`; null when there is no valid one, whole. */
function recordAt(bytes: Buffer, at: number): Found | null {
  if (at + RECORD.seal > bytes.length || bytes.readUInt32LE(at) !== MAGIC) return null;
  if (bytes.readUInt32LE(at + RECORD.headerCrc) !== crc32c(bytes, at, at + RECORD.headerCrc)) return null;
  const length = bytes.readUInt32LE(at + RECORD.bytes);
  const end = at + recordBytes(length);
  if (length === 0 || length > MAX_SEAL || end > bytes.length) return null;
  const seal = bytes.subarray(at + RECORD.seal, at + RECORD.seal + length);
  if (crc32c(seal) !== bytes.readUInt32LE(at + RECORD.sealCrc)) return null;
  const position = bytes.readDoubleLE(at + RECORD.position);
  return {
    seal,
    end,
    index: bytes.readUInt32LE(at + RECORD.index),
    position,
    appendStart: position - bytes.readUInt32LE(at + RECORD.back),
  };
}

/**
 * Goes through the file from its first record on and calls `visit` with each seal (its bytes are valid during the call)
 * and the file offset of its record. A torn tail is cut off, durably.
 * @returns the end of the last valid record and how many bytes were cut
 * @throws FatalError when the file is damaged anywhere but in its tail
 */
export function recoverLogFile(
  storage: Storage,
  fd: number,
  path: string,
  visit: (seal: Uint8Array, position: number) => void,
): { end: number; cut: number } {
  const size = storage.size(fd);
  checkHeader(storage, fd, path);
  const window = Buffer.alloc(Math.min(WINDOW_BYTES, size));
  let position = FILE_HEADER_BYTES;
  let index = 0;
  while (position < size) {
    const bytes = window.subarray(0, storage.read(fd, window, position));
    let at = 0;
    // A record may reach past the window: then it is read again, at the start of the next one.
    for (let found = recordAt(bytes, 0); found !== null; found = recordAt(bytes, at)) {
      if (found.position !== position + at || found.index !== index % 2 ** 32) {
        throw damaged(path, position + at, 'bytes are missing before it');
      }
      visit(found.seal, position + at);
      at = found.end;
      index += 1;
    }
    if (at === 0) break;
    position += at;
  }
  if (position < size) {
    checkTorn(storage, fd, path, position, size);
    storage.truncate(fd, position);
    storage.sync(fd);
  }
  return { end: position, cut: size - position };
}

function checkHeader(storage: Storage, fd: number, path: string): void {
  const header = Buffer.alloc(FILE_HEADER_BYTES);
  const whole = storage.read(fd, header, 0) === FILE_HEADER_BYTES;
  if (!whole || header.compare(fileHeader()) !== 0) {
    throw new FatalError(
      `the log ${path} does not begin as a log of version ${VERSION}: restore the data folder`,
    );
  }
}

/** Looks for a valid record behind the bad one at `bad` that was appended after it was durable. */
function checkTorn(storage: Storage, fd: number, path: string, bad: number, size: number): void {
  const window = Buffer.alloc(Math.min(WINDOW_BYTES, size - bad));
  let base = bad;
  for (;;) {
    const bytes = window.subarray(0, storage.read(fd, window, base));
    for (let at = base === bad ? 8 : 0; at + RECORD.seal <= bytes.length; at += 8) {
      const found = recordAt(bytes, at);
      if (found !== null && found.position === base + at && found.appendStart > bad)
        throw damaged(path, bad, 'later seals are there');
    }
    if (base + bytes.length >= size) return;
    // Step back by the longest record, so that none is missed for lying across two windows; offsets stay multiples of 8.
    base += bytes.length - MAX_RECORD;
  }
}

function damaged(path: string, position: number, why: string): FatalError {
  return new FatalError(
    `the log ${path} is damaged at byte ${position} (${why}): restore the data folder from its backup`,
  );
}

/**
 * The seals in `[from, to)` of the file, which are whole records of it.
 * @throws FatalError when they cannot be read as they were written
 */
export function readRecords(
  storage: Storage,
  fd: number,
  path: string,
  from: number,
  to: number,
): Uint8Array[] {
  const bytes = Buffer.alloc(to - from);
  const seals: Uint8Array[] = [];
  let at = 0;
  const whole = storage.read(fd, bytes, from) === bytes.length;
  while (whole && at < bytes.length) {
    const found = recordAt(bytes, at);
    if (found === null || found.position !== from + at) break;
    seals.push(found.seal);
    at = found.end;
  }
  if (at < bytes.length) throw damaged(path, from + at, 'it could be read before');
  return seals;
}
