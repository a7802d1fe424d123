// The outbox: sealed objects on their way to the lake, `<index in the log, 20 digits>.zst`. An object is written once from
// the journal, and from then on only ever sent from here. A file counts when the seal journal holds its seal: what a
// crash left behind before that is written again.
//
// Trace of a batch of objects: for each (unlink a left-over), create, write, fsync, close; then one fsync of the folder.

import { join } from 'node:path';
import { sha256Hex } from '../batch/merkle.ts';
import { FatalError } from '../errors.ts';
import { readWhole, type Storage } from '../storage.ts';

const NAME = /^([0-9]{20})\.zst$/;
/** What a file takes on disk beside its bytes, for the quota. */
const FILE_BYTES = 4096;

/** File of the object of seal `index`. */
export function objectFile(folder: string, index: number): string {
  return join(folder, `${String(index).padStart(20, '0')}.zst`);
}

/** Objects in a folder: bytes on disk by index, in order of index. */
export function objectFiles(storage: Storage, folder: string): Map<number, number> {
  const files = new Map<number, number>();
  for (const name of storage.list(folder)) {
    const index = NAME.exec(name)?.[1];
    if (index !== undefined)
      files.set(Number(index), bytesOnDisk(storage.stat(join(folder, name))?.bytes ?? 0));
  }
  return files;
}

/** What a file of so many bytes counts towards the quota. */
export function bytesOnDisk(bytes: number): number {
  return Math.ceil(bytes / FILE_BYTES) * FILE_BYTES + FILE_BYTES;
}

export class Outbox {
  readonly #storage: Storage;
  readonly #folder: string;
  /** Bytes of each file, by index, in order of index. */
  readonly #files: Map<number, number>;
  #bytes = 0;

  /** Lists what is there. */
  constructor(storage: Storage, folder: string) {
    this.#storage = storage;
    this.#folder = folder;
    this.#files = objectFiles(storage, folder);
    for (const bytes of this.#files.values()) this.#bytes += bytes;
  }

  /** Bytes on disk, as the quota counts them. */
  get bytes(): number {
    return this.#bytes;
  }

  get files(): number {
    return this.#files.size;
  }

  has(index: number): boolean {
    return this.#files.has(index);
  }

  /** Writes one object and fsyncs it. It is in the outbox after the next `sync`. */
  write(index: number, object: Uint8Array): void {
    this.#guard('written', () => {
      const path = this.#path(index);
      if (this.#files.has(index)) this.#unlink(index);
      const file = this.#storage.create(path);
      try {
        this.#storage.write(file, [object], 0);
        this.#storage.sync(file);
      } finally {
        this.#storage.close(file);
      }
      this.#count(index, object.length);
    });
  }

  /** fsyncs the folder: the names are on disk. */
  sync(): void {
    this.#guard('synced', () => this.#storage.syncFolder(this.#folder));
  }

  /**
   * The object of a seal that has one; `sha256` as the seal says, hex. Throws FatalError when it is not there or has other
   * bytes: it cannot be made again.
   */
  read(index: number, sha256: string): Uint8Array {
    const path = this.#path(index);
    const object = this.#guard('read', () => readWhole(this.#storage, path));
    if (object === null) throw new FatalError(`outbox: the object of seal ${index} is missing: ${path}`);
    if (sha256Hex(object) !== sha256) {
      throw new FatalError(
        `outbox: the object of seal ${index} is damaged: ${path} (${object.length} bytes). Restore the file, or the whole data folder, from a backup`,
      );
    }
    return object;
  }

  /** Bytes on disk of one object; 0 where there is none. */
  bytesOf(index: number): number {
    return this.#files.get(index) ?? 0;
  }

  /** Renames an object to `path`, out of this folder. The names are safe after the sync of both folders. */
  give(index: number, path: string): void {
    this.#guard('given away', () => this.#storage.rename(this.#path(index), path));
    this.#forget(index);
  }

  /** Takes back what was given to `path`, and syncs this folder. */
  takeBack(index: number, path: string): void {
    this.#guard('written', () => {
      this.#storage.rename(path, this.#path(index));
      this.#forget(index);
      this.#count(index, this.#storage.stat(this.#path(index))?.bytes ?? 0);
    });
    this.sync();
  }

  /** Bytes of files below `index`: what `drop` would free. */
  bytesBelow(index: number): number {
    let bytes = 0;
    for (const [file, size] of this.#files) if (file < index) bytes += size;
    return bytes;
  }

  /** Removes the files of seals below `index`: they are in the lake, and a checkpoint and a snapshot cover them. */
  drop(index: number): void {
    this.#guard('cleared', () => {
      for (const file of [...this.#files.keys()]) if (file < index) this.#unlink(file);
    });
  }

  /** Removes the files from `index` on: they are not final, or of a log that this one has followed. */
  dropFrom(index: number): void {
    this.#guard('cleared', () => {
      for (const file of [...this.#files.keys()]) if (file >= index) this.#unlink(file);
    });
  }

  #path(index: number): string {
    return objectFile(this.#folder, index);
  }

  #unlink(index: number): void {
    this.#storage.unlink(this.#path(index));
    this.#forget(index);
  }

  #forget(index: number): void {
    this.#bytes -= this.bytesOf(index);
    this.#files.delete(index);
  }

  #count(index: number, bytes: number): void {
    this.#files.set(index, bytesOnDisk(bytes));
    this.#bytes += this.bytesOf(index);
  }

  #guard<T>(what: string, step: () => T): T {
    try {
      return step();
    } catch (error) {
      if (error instanceof FatalError) throw error;
      throw new FatalError(`the outbox ${this.#folder} could not be ${what} (${(error as Error).message})`, {
        cause: error,
      });
    }
  }
}
