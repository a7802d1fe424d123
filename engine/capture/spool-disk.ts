// The disk as the spool uses it: asynchronous, since a body of 300 MB must not hold the main thread. One implementation
// over node:fs here, one that fails on purpose in the tests. A call that rejects may have happened or not.
//
// Trace of a body: create ID.raw (0600), write …, sync beside sync of the folder, close. What is one call here takes few turns
// of the pool: each of them waits for a thread, there and back, and that adds up to more than the disk takes.

import { closeSync, constants, fsync, open, openSync, write } from 'node:fs';
import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errorCode } from '../storage.ts';

/** A file that is being written. */
export interface SpoolFile {
  /** Writes all bytes of all parts from `offset` on. */
  write(parts: readonly Uint8Array[], offset: number): Promise<void>;
  /** fsync. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface SpoolDisk {
  /** Makes a file that must not exist, mode 0600. */
  create(path: string): Promise<SpoolFile>;
  unlink(path: string): Promise<void>;
  /** fsync of a folder. */
  syncFolder(path: string): Promise<void>;
  /** Names in a folder with their bytes; what is removed meanwhile is left out. */
  list(folder: string): Promise<readonly { readonly name: string; readonly bytes: number }[]>;
}

const openFile = promisify(open);
const writeSome = promisify(write);
const syncFd = promisify(fsync);

/** The real disk. */
export const spoolDisk: SpoolDisk = {
  create: async (path) => {
    const fd = await openFile(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    return {
      write: (parts, offset) => writeFully(fd, parts, offset),
      sync: () => syncFd(fd),
      // Nothing is written by it.
      close: async () => closeSync(fd),
    };
  },
  unlink,
  syncFolder: async (path) => {
    // Opening and closing a folder asks nothing of the disk.
    const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await syncFd(fd);
    } finally {
      closeSync(fd);
    }
  },
  list: async (folder) => {
    const found: { name: string; bytes: number }[] = [];
    for (const name of await readdir(folder)) {
      try {
        found.push({ name, bytes: (await stat(join(folder, name))).size });
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw error;
      }
    }
    return found;
  },
};

/** A write may stop short: goes on behind what was written until the disk says why not. */
async function writeFully(fd: number, parts: readonly Uint8Array[], offset: number): Promise<void> {
  let at = offset;
  for (const part of parts) {
    let done = 0;
    while (done < part.length) {
      const { bytesWritten } = await writeSome(fd, part, done, part.length - done, at);
      if (bytesWritten === 0)
        throw Object.assign(new Error('EIO: the disk takes no more bytes, write'), {
          code: 'EIO',
          syscall: 'write',
        });
      done += bytesWritten;
      at += bytesWritten;
    }
  }
}

/** One fsync of the folder for all who ask while another one is under way. */
export class FolderSync {
  readonly #sync: () => Promise<void>;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  constructor(sync: () => Promise<void>) {
    this.#sync = sync;
  }

  /** Resolves when every name that was given before this call is on disk. */
  run(): Promise<void> {
    // The one under way may have passed the name already: only one that begins later counts.
    if (this.#running === null) return this.#begin();
    this.#next ??= this.#running.then(
      () => this.#begin(),
      () => this.#begin(),
    );
    return this.#next;
  }

  #begin(): Promise<void> {
    this.#next = null;
    const running = this.#sync().finally(() => {
      if (this.#running === running) this.#running = null;
    });
    this.#running = running;
    return running;
  }
}
