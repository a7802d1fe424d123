// Objects that the store refuses while it takes others: `state/quarantine/<index in the log, 20 digits>.zst`. Their seals
// are in the log, so that one object does not hold up everything behind it; `verify` says MISSING until they are sent.
// They count towards the journal's quota as the outbox does, and nothing but their arrival in the lake removes them.
//
// Trace of a move, either way: rename, fsync of the folder it goes to, fsync of the folder it comes from. It is moved
// before its seal is logged. So after a crash a file whose seal is not in the log goes back, and is judged again.

import { join } from 'node:path';
import { FatalError } from '../errors.ts';
import { ensureFolder, readWhole, type Storage } from '../storage.ts';
import { bytesOnDisk, type Outbox, objectFile, objectFiles } from './outbox.ts';

/** Name of the folder below `state/`. */
export const QUARANTINE_FOLDER = 'quarantine';

export class Quarantine {
  readonly #storage: Storage;
  readonly #folder: string;
  readonly #outbox: Outbox;
  /** Bytes of each file, by index, in order of index. */
  readonly #files: Map<number, number>;

  /** Lists what is there, and gives the outbox back what is not in the log of `logSize` seals. */
  constructor(storage: Storage, stateFolder: string, outbox: Outbox, logSize: number) {
    this.#storage = storage;
    this.#folder = join(stateFolder, QUARANTINE_FOLDER);
    this.#outbox = outbox;
    ensureFolder(storage, this.#folder, 0o700);
    this.#files = objectFiles(storage, this.#folder);
    for (const index of this.indexes()) {
      if (index < logSize) continue;
      this.#guard(() => outbox.takeBack(index, this.#path(index)));
      this.#guard(() => this.#storage.syncFolder(this.#folder));
      this.#files.delete(index);
    }
  }

  get count(): number {
    return this.#files.size;
  }

  /** Bytes on disk, as the quota counts them. */
  get bytes(): number {
    let bytes = 0;
    for (const size of this.#files.values()) bytes += size;
    return bytes;
  }

  indexes(): number[] {
    return [...this.#files.keys()];
  }

  /** Takes an object out of the outbox, durably. */
  take(index: number, bytes: number): void {
    this.#guard(() => {
      this.#outbox.give(index, this.#path(index));
      this.#storage.syncFolder(this.#folder);
    });
    this.#outbox.sync();
    this.#files.set(index, bytesOnDisk(bytes));
  }

  /** Null when somebody has taken the file away. */
  read(index: number): Uint8Array | null {
    return this.#guard(() => readWhole(this.#storage, this.#path(index)));
  }

  /** The object is in the lake, or its file is gone. */
  remove(index: number): void {
    this.#guard(() => {
      if (this.#storage.stat(this.#path(index)) !== null) this.#storage.unlink(this.#path(index));
      this.#storage.syncFolder(this.#folder);
    });
    this.#files.delete(index);
  }

  #path(index: number): string {
    return objectFile(this.#folder, index);
  }

  #guard<T>(step: () => T): T {
    try {
      return step();
    } catch (error) {
      if (error instanceof FatalError) throw error;
      throw new FatalError(`the quarantine ${this.#folder} cannot be used (${(error as Error).message})`, {
        cause: error,
      });
    }
  }
}
