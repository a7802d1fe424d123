// The files of a lake in a directory: read whole and bounded, and a walk over every name. Synchronous inside: a read takes
// microseconds, and objects are checked in threads of their own. Nothing is ever written. Names come from seals and are
// checked before they get here; they are joined below the root all the same.

import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  opendirSync,
  openSync,
  readSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Folder, Lake } from './lake.ts';

/** The verification cannot go on (permission, I/O error, no such lake): exit 2, which says nothing about the lake. */
export class VerifyError extends Error {
  override readonly name = 'VerifyError';
}

/** A file that is there but cannot be what its name says: too large, or not a regular file. */
export class UnfitFile extends Error {
  override readonly name = 'UnfitFile';
}

/** One name that the walk found. `regular` is false for links, pipes and the like. */
export interface Listed {
  readonly key: string;
  readonly regular: boolean;
  readonly bytes: number;
  readonly mtimeMs: number;
  /** What an object store keeps beside the newest version; absent where there are no versions. */
  readonly versions?: Versions;
}

/** The versions of one name, told in words. */
export interface Versions {
  /** Why the name reads as if there were nothing: a delete marker is its newest version. Null: it is not hidden. */
  readonly hidden: string | null;
  /** That there is more than one version with bytes; null when there is one. */
  readonly extra: string | null;
}

function absent(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function fail(key: string, error: unknown): never {
  throw new VerifyError(`cannot read ${key}: ${(error as Error).message}`);
}

/**
 * The whole file, or null when there is none.
 * @throws UnfitFile when it is longer than `maxBytes` or no regular file; VerifyError when it cannot be read.
 */
export function readFile(root: string, key: string, maxBytes: number): Buffer | null {
  let descriptor: number;
  try {
    // Not blocking: a pipe under the name of an object must not stop the verifier.
    descriptor = openSync(join(root, key), constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return absent(error) ? null : fail(key, error);
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw new UnfitFile('not a regular file');
    if (stat.size > maxBytes)
      throw new UnfitFile(`${stat.size} bytes, at most ${maxBytes} are possible here`);
    const body = Buffer.allocUnsafeSlow(stat.size);
    let at = 0;
    for (let n = -1; at < body.length && n !== 0; at += n)
      n = readSync(descriptor, body, at, body.length - at, at);
    return body.subarray(0, at);
  } catch (error) {
    return error instanceof UnfitFile ? rethrow(error) : fail(key, error);
  } finally {
    closeSync(descriptor);
  }
}

function rethrow(error: Error): never {
  throw error;
}

/** Size of a regular file, or null when there is none. */
export function fileSize(root: string, key: string): number | null {
  try {
    const stat = statSync(join(root, key));
    if (!stat.isFile()) throw new UnfitFile('not a regular file');
    return stat.size;
  } catch (error) {
    if (error instanceof UnfitFile) throw error;
    return absent(error) ? null : fail(key, error);
  }
}

function modifiedMs(root: string, key: string): number | null {
  return lstatSync(join(root, key), { throwIfNoEntry: false })?.mtimeMs ?? null;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Every name below `folder` (a key, '' = the lake) that is not a folder, folders in order of their names. */
export function* walk(root: string, folder: string): Generator<Listed> {
  const folders: string[] = [];
  const directory = open(root, folder);
  if (directory === null) return;
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      const key = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) folders.push(key);
      else {
        const stat = lstatSync(join(root, key), { throwIfNoEntry: false });
        // A name that is gone by now was a temporary file of a running engine.
        if (stat) yield { key, regular: stat.isFile(), bytes: stat.size, mtimeMs: stat.mtimeMs };
      }
    }
  } finally {
    directory.closeSync();
  }
  for (const next of folders.sort()) yield* walk(root, next);
}

function open(root: string, folder: string): ReturnType<typeof opendirSync> | null {
  try {
    return opendirSync(join(root, folder));
  } catch (error) {
    return absent(error) ? null : fail(folder, error);
  }
}

function list(root: string, folder: string): Folder {
  const directory = open(root, folder);
  const folders: string[] = [];
  const files: string[] = [];
  if (directory === null) return { folders, files };
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync())
      (entry.isDirectory() ? folders : files).push(entry.name);
  } finally {
    directory.closeSync();
  }
  return { folders: folders.sort(), files: files.sort() };
}

/** The lake in `folder`, an absolute path. */
export function directoryLake(folder: string): Lake {
  return {
    place: folder,
    folder,
    exists: async () => isFolder(folder),
    readFile: async (key, maxBytes) => readFile(folder, key, maxBytes),
    size: async (key) => fileSize(folder, key),
    modifiedMs: async (key) => modifiedMs(folder, key),
    list: async (key) => list(folder, key),
    walk: async function* (key) {
      yield* walk(folder, key);
    },
    hidden: async () => null,
    notChecked: () => [
      'HIDDEN, EXTRA_VERSION, UNLOCKED, SHORT_LOCK: a directory has no versions, delete markers or retention',
    ],
    notQuick: () =>
      'bytes and lines of objects: a directory keeps no checksums, so only existence and size were compared (--quick)',
    close: () => {},
  };
}
