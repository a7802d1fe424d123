// Lines for the lake on their way: `<id>.<attempt>.lines` in the spool, append only, one writer. A verdict that points into
// it is told only after the fsync of what it points at, and of the file's name.

import { join } from 'node:path';
import { leafHash } from '../batch/merkle.ts';
import { MIB } from '../limits.ts';
import type { Storage } from '../storage.ts';

/** Bytes that wait in memory before they are written. */
const WRITE_BYTES = MIB;

/** Where a line lies. `bytes` with its LF. */
export interface PlacedLine {
  readonly offset: number;
  readonly bytes: number;
  /** RFC 6962 leaf hash of the line without its LF, hex. */
  readonly leaf: string;
}

/**
 * The first number that no file of this capture in the spool has. Asked by name: the folder has a file for every body that
 * waits, and this is called on the main thread for every job.
 */
export function nextAttempt(storage: Storage, folder: string, id: string): number {
  const isTaken = (attempt: number): boolean =>
    ['lines', 'verdicts'].some((kind) => storage.stat(join(folder, `${id}.${attempt}.${kind}`)) !== null);
  let attempt = 1;
  while (isTaken(attempt)) attempt += 1;
  return attempt;
}

export class LinesFile {
  readonly name: string;
  readonly #storage: Storage;
  readonly #folder: string;
  #fd: number | null = null;
  #at = 0;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #created = false;
  #dirty = false;

  constructor(storage: Storage, folder: string, name: string) {
    this.#storage = storage;
    this.#folder = folder;
    this.name = name;
  }

  /** Adds a line. It is on disk after the next `sync`. */
  append(line: string): PlacedLine {
    const bytes = Buffer.from(`${line}\n`, 'utf8');
    const leaf = Buffer.from(leafHash(bytes.subarray(0, -1))).toString('hex');
    const placed = { offset: this.#at, bytes: bytes.length, leaf };
    this.#pending.push(bytes);
    this.#at += bytes.length;
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes >= WRITE_BYTES) this.#write();
    return placed;
  }

  /** Everything appended is on disk, and so is the file's name. create → write → fsync → fsync of the folder. */
  sync(): void {
    this.#write();
    if (this.#fd === null || !this.#dirty) return;
    this.#storage.sync(this.#fd);
    this.#dirty = false;
    if (this.#created) this.#storage.syncFolder(this.#folder);
    this.#created = false;
  }

  #write(): void {
    if (this.#pending.length === 0) return;
    const parts = this.#pending;
    const from = this.#at - this.#pendingBytes;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#created ||= this.#fd === null;
    this.#fd ??= this.#storage.create(join(this.#folder, this.name));
    this.#storage.write(this.#fd, parts, from);
    this.#dirty = true;
  }

  close(): void {
    if (this.#fd !== null) this.#storage.close(this.#fd);
    this.#fd = null;
  }
}
