// The outbox: sealed objects on their way to the lake, `<index in the log, 20 digits>.zst`. An object is written once from
// the journal, and from then on only ever sent from here. A file counts when the seal journal holds its seal: what a
// crash left behind before that is written again.
//
// Trace of a batch of objects: for each (unlink a left-over), create, write, fsync, close; then one fsync of the folder.

import { join } from 'node:path';
import { FatalError } from '../errors.ts';
import { readWhole, type Storage } from '../storage.ts';

const NAME = /^([0-9]{20})\.zst$/;
/** What a file takes on disk beside its bytes, for the quota. */
const FILE_BYTES = 4096;

export class Outbox {
  readonly #storage: Storage;
  readonly #folder: string;
  /** Bytes of each file, by index, in order of index. */
  readonly #files = new Map<number, number>();
  #bytes = 0;

  /** Lists what is there. */
  constructor(storage: Storage, folder: string) {
    this.#storage = storage;
    this.#folder = folder;
    for (const name of storage.list(folder)) {
      const index = NAME.exec(name)?.[1];
      if (index !== undefined) this.#count(Number(index), storage.stat(join(folder, name))?.bytes ?? 0);
    }
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

  /** The object of a seal that has one. Throws FatalError when it is not there: it cannot be made again. */
  read(index: number): Uint8Array {
    const path = this.#path(index);
    const object = this.#guard('read', () => readWhole(this.#storage, path));
    if (object === null) throw new FatalError(`outbox: the object of seal ${index} is missing: ${path}`);
    return object;
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
    return join(this.#folder, `${String(index).padStart(20, '0')}.zst`);
  }

  #unlink(index: number): void {
    this.#storage.unlink(this.#path(index));
    this.#bytes -= this.#files.get(index) ?? 0;
    this.#files.delete(index);
  }

  #count(index: number, bytes: number): void {
    const size = Math.ceil(bytes / FILE_BYTES) * FILE_BYTES + FILE_BYTES;
    this.#files.set(index, size);
    this.#bytes += size;
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
