// The disk, as a small set of synchronous calls: one implementation over node:fs here, one that injects faults in the
// tests. A call has happened when it returns; when it throws (always an error with `code`, such as ENOSPC) nobody knows
// whether it has, so the caller stops and lets recovery find out. Bytes are safe only after the fsync of their file,
// names only after the fsync of their folder.
//
// Happy-path traces of the durable paths, which every caller keeps:
//   new file            create, write, sync, close, syncFolder
//   file replaced       create F.tmp, write, sync, close, rename F.tmp → F, syncFolder               (replaceFile)
//   file never replaced create F.tmp, write, sync, close, link F.tmp → F (EEXIST if there), unlink F.tmp, syncFolder
//   append              write at the end, datasync            (fdatasync also makes the new length durable)
//   cut off             truncate, sync
//   new folder          mkdir, syncFolder of its parent                                             (ensureFolder)

import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  statfsSync,
  statSync,
  unlinkSync,
  writevSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** What `stat` tells of a name. */
export interface FileInfo {
  readonly bytes: number;
  readonly folder: boolean;
  readonly modifiedMs: number;
}

/** A file descriptor is a plain number; whoever opened it closes it. Offsets and sizes are bytes. */
export interface Storage {
  /** Makes a file that must not exist (EEXIST) and opens it for reading and writing. Mode 0600 unless given. */
  create(path: string, mode?: number): number;
  /** Opens an existing file (ENOENT) for reading. */
  open(path: string): number;
  /** Opens an existing file (ENOENT) for reading and writing. */
  openWrite(path: string): number;
  close(fd: number): void;
  /** Fills `into` from `offset` on. Returns fewer bytes than asked only where the file ends. */
  read(fd: number, into: Uint8Array, offset: number): number;
  /** Writes all bytes of all parts, one after the other, from `offset` on. Parts may lie on shared memory. */
  write(fd: number, parts: readonly Uint8Array[], offset: number): void;
  truncate(fd: number, bytes: number): void;
  /** fdatasync: bytes and length are on disk. */
  datasync(fd: number): void;
  /** fsync: bytes, length and attributes are on disk. */
  sync(fd: number): void;
  /** fsync of a folder: the names in it are on disk. */
  syncFolder(path: string): void;
  /** Length of an open file. */
  size(fd: number): number;
  /** Null where nothing has this name. */
  stat(path: string): FileInfo | null;
  /** Names in a folder, sorted by code unit. ENOENT where there is no such folder. */
  list(folder: string): string[];
  /** Atomically gives `from` the name `to`; a file of that name is replaced. */
  rename(from: string, to: string): void;
  /** A second name for a file; EEXIST where the name is taken: the only call that never replaces anything. */
  link(from: string, to: string): void;
  unlink(path: string): void;
  /** Makes one folder (EEXIST if there). Mode 0700 unless given. */
  mkdir(path: string, mode?: number): void;
  /** Bytes that this process may still write on the file system of `path`. */
  freeBytes(path: string): number;
}

/** The errno name of a failed call (`ENOSPC`), or undefined. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = (error as NodeJS.ErrnoException).code;
  return typeof code === 'string' ? code : undefined;
}

/** Paths of open files: the system's error of a descriptor names no file, and whoever reads the log needs one. */
const paths = new Map<number, string>();

function opened(path: string, flags: number, mode?: number): number {
  const fd = openSync(path, flags, mode);
  paths.set(fd, path);
  return fd;
}

function close(fd: number): void {
  paths.delete(fd);
  closeSync(fd);
}

/** The error of a call on `fd`, naming the file as errors of paths do: `EIO: i/o error, fsync '/data/…'`. */
function named(error: unknown, path: string | undefined): unknown {
  if (path === undefined || errorCode(error) === undefined) return error;
  const failure = error as NodeJS.ErrnoException;
  failure.message = `${failure.message} '${path}'`;
  failure.path = path;
  return failure;
}

function onFile<T>(fd: number, call: (fd: number) => T): T {
  try {
    return call(fd);
  } catch (error) {
    throw named(error, paths.get(fd));
  }
}

/** Runs a call again while a signal interrupts it: libuv does so for most calls, but not for reads. */
function uninterrupted(call: () => number): number {
  for (;;) {
    try {
      return call();
    } catch (error) {
      if (errorCode(error) !== 'EINTR') throw error;
    }
  }
}

function readFully(fd: number, into: Uint8Array, offset: number): number {
  let done = 0;
  while (done < into.length) {
    const got = uninterrupted(() => readSync(fd, into, done, into.length - done, offset + done));
    if (got === 0) break;
    done += got;
  }
  return done;
}

/** A write may stop short (a full disk, a signal): goes on behind what was written until the disk says why not. */
function writeFully(fd: number, parts: readonly Uint8Array[], offset: number): void {
  let left = parts;
  let at = offset;
  let wanted = 0;
  for (const part of parts) wanted += part.length;
  while (wanted > 0) {
    const rest = left;
    let done = uninterrupted(() => writevSync(fd, rest as Uint8Array[], at));
    at += done;
    wanted -= done;
    if (wanted === 0) return;
    if (done === 0)
      throw Object.assign(new Error('EIO: the disk takes no more bytes, write'), { code: 'EIO' });
    const next: Uint8Array[] = [];
    for (const part of left) {
      if (done < part.length) next.push(part.subarray(done));
      done = Math.max(0, done - part.length);
    }
    left = next;
  }
}

function syncFolder(path: string): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } catch (error) {
    throw named(error, path);
  } finally {
    closeSync(fd);
  }
}

function stat(path: string): FileInfo | null {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return null;
  return { bytes: found.size, folder: found.isDirectory(), modifiedMs: found.mtimeMs };
}

function freeBytes(path: string): number {
  const found = statfsSync(path);
  return found.bavail * found.bsize;
}

/** The real disk. */
export const diskStorage: Storage = {
  create: (path, mode = 0o600) => opened(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, mode),
  open: (path) => opened(path, constants.O_RDONLY),
  openWrite: (path) => opened(path, constants.O_RDWR),
  close,
  read: (file, into, offset) => onFile(file, (fd) => readFully(fd, into, offset)),
  write: (file, parts, offset) => onFile(file, (fd) => writeFully(fd, parts, offset)),
  truncate: (file, bytes) => onFile(file, (fd) => ftruncateSync(fd, bytes)),
  datasync: (file) => onFile(file, fdatasyncSync),
  sync: (file) => onFile(file, fsyncSync),
  syncFolder,
  size: (file) => onFile(file, (fd) => fstatSync(fd).size),
  stat,
  list: (folder) => readdirSync(folder).sort(),
  rename: renameSync,
  link: linkSync,
  unlink: unlinkSync,
  mkdir: (path, mode = 0o700) => {
    mkdirSync(path, { mode });
  },
  freeBytes,
};

/** The whole file, or null where nothing has this name. */
export function readWhole(storage: Storage, path: string): Uint8Array | null {
  let fd: number;
  try {
    fd = storage.open(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
  try {
    const bytes = new Uint8Array(storage.size(fd));
    return bytes.subarray(0, storage.read(fd, bytes, 0));
  } finally {
    storage.close(fd);
  }
}

/**
 * Puts `parts` in the place of the file `path`, durably: after a crash the name has the old bytes or the new ones, never
 * a mix. One writer per file; `path.tmp` left by a crash is removed.
 */
export function replaceFile(
  storage: Storage,
  path: string,
  parts: readonly Uint8Array[],
  mode?: number,
): void {
  const temporary = `${path}.tmp`;
  if (storage.stat(temporary) !== null) storage.unlink(temporary);
  const fd = storage.create(temporary, mode);
  try {
    storage.write(fd, parts, 0);
    storage.sync(fd);
  } finally {
    storage.close(fd);
  }
  storage.rename(temporary, path);
  storage.syncFolder(dirname(path));
}

/** Makes a folder and those above it that are missing, each durably. */
export function ensureFolder(storage: Storage, path: string, mode?: number): void {
  if (storage.stat(path)?.folder === true) return;
  const parent = dirname(path);
  if (parent !== path) ensureFolder(storage, parent, mode);
  try {
    storage.mkdir(path, mode);
  } catch (error) {
    // Someone else was faster; anything but a folder of that name is an error.
    if (errorCode(error) !== 'EEXIST' || storage.stat(path)?.folder !== true) throw error;
  }
  storage.syncFolder(parent);
}
