// Reads bytes of captures back from the spool. They are as precious as the journal, which holds their place and their hash and
// not them: what cannot be read, or is not what the journal says, is a fault.

import { join } from 'node:path';
import { FatalError } from '../errors.ts';
import type { Storage } from '../storage.ts';

export class SpoolReader {
  readonly #storage: Storage;
  readonly #folder: string;
  // One file is open at a time: the verdicts of a capture come together.
  #name = '';
  #fd: number | null = null;

  constructor(storage: Storage, folder: string) {
    this.#storage = storage;
    this.#folder = folder;
  }

  /** Fills `into` with the bytes of a file from `offset` on. @throws FatalError when they are not there */
  read(name: string, offset: number, into: Uint8Array): void {
    let got: number;
    try {
      if (this.#fd === null || name !== this.#name) {
        this.close();
        this.#fd = this.#storage.open(join(this.#folder, name));
        this.#name = name;
      }
      got = this.#storage.read(this.#fd, into, offset);
    } catch (error) {
      throw this.damaged(name, (error as Error).message, error);
    }
    if (got < into.length) throw this.damaged(name, `it ends at byte ${offset + got}`);
  }

  /** The fault of a file that is not what the journal says. */
  damaged(name: string, why: string, cause?: unknown): FatalError {
    const path = join(this.#folder, name);
    return new FatalError(
      `the spool file ${path} is missing or damaged (${why}): it holds events that were acknowledged and are not sealed yet; restore the whole data folder from a backup`,
      { cause },
    );
  }

  /** Lets go of the file: it may be removed. */
  close(): void {
    if (this.#fd !== null) this.#storage.close(this.#fd);
    this.#fd = null;
  }
}
