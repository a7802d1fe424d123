// The local log: every seal of this origin, in order, chained by `prev`, with the tree over them. What the lake shows under
// `_log/` is derived from here; where the lake is behind, it is written again from here.
//
// Held in memory: the edge of the tree and one file offset for every 256 seals, 40 bytes for 256 seals. The seals
// themselves are read from the file when an old tile or root is asked for.

import { join } from 'node:path';
import { assert } from '../assert.ts';
import { HASH_BYTES, leafHash, sha256Hex } from '../batch/merkle.ts';
import { NO_PREV } from '../batch/seal.ts';
import { FatalError } from '../errors.ts';
import { ensureFolder, replaceFile, type Storage } from '../storage.ts';
import {
  encodeRecords,
  FILE_HEADER_BYTES,
  fileHeader,
  readRecords,
  recordBytes,
  recoverLogFile,
} from './log-file.ts';
import { encodeBundle, newTiles, TILE_WIDTH, TreeEdge, tilePath } from './tiles.ts';

export const LOG_FILE = 'seals.firnl';

/** One file of the published log, its key relative to `_log/<engine>/`. */
export interface TileFile {
  readonly key: string;
  readonly body: Uint8Array;
}

export class SealLog {
  readonly #storage: Storage;
  readonly #path: string;
  readonly #fd: number;
  readonly #edge: TreeEdge = new TreeEdge();
  /** File offset of seal 256·i. */
  readonly #offsets: number[] = [];
  #end: number = FILE_HEADER_BYTES;
  #prev: string = NO_PREV;
  #truncatedBytes = 0;

  private constructor(storage: Storage, path: string, fd: number) {
    this.#storage = storage;
    this.#path = path;
    this.#fd = fd;
  }

  /**
   * Opens the log in `folder`, made if it is missing. Every seal is read once: checksums, chain and tree are checked.
   * A torn tail is cut off: seals that were being appended when the process died are appended again by their owner.
   * @throws FatalError when the file is damaged elsewhere
   */
  static open(storage: Storage, folder: string): SealLog {
    ensureFolder(storage, folder, 0o700);
    const path = join(folder, LOG_FILE);
    // Temporary file and rename: a log never lies there without its header, so a bad header is damage, not a crash.
    if (storage.stat(path) === null) replaceFile(storage, path, [fileHeader()], 0o600);
    const fd = storage.openWrite(path);
    const log = new SealLog(storage, path, fd);
    try {
      const { end, cut } = recoverLogFile(storage, fd, path, (seal, position) => {
        if (prevOf(seal) !== log.#prev) {
          throw new FatalError(
            `the log ${path} is damaged: seal ${log.size} does not follow the one before it`,
          );
        }
        log.#take(seal, position);
      });
      log.#end = end;
      log.#truncatedBytes = cut;
    } catch (error) {
      storage.close(fd);
      throw error;
    }
    return log;
  }

  /** Number of seals. */
  get size(): number {
    return this.#edge.size;
  }

  /** SHA-256 of the newest seal as 64 hex digits, 64 zeros when there is none: the `prev` of the next seal. */
  get prev(): string {
    return this.#prev;
  }

  /** Bytes of a torn tail that `open` cut off. */
  get truncatedBytes(): number {
    return this.#truncatedBytes;
  }

  /**
   * Appends seals, each chained to the one before; durable on return. One write, one fdatasync.
   * @throws FatalError when the disk fails: the file's state is not known any more
   */
  append(seals: readonly Uint8Array[]): void {
    if (seals.length === 0) return;
    let prev = this.#prev;
    for (const seal of seals) {
      assert(prevOf(seal) === prev, 'a seal names the one before it');
      prev = sha256Hex(seal);
    }
    const bytes = encodeRecords(seals, this.#end, this.size);
    try {
      this.#storage.write(this.#fd, [bytes], this.#end);
      this.#storage.datasync(this.#fd);
    } catch (error) {
      throw new FatalError(`the log ${this.#path} could not be written: ${(error as Error).message}`);
    }
    for (const seal of seals) {
      this.#take(seal, this.#end);
      this.#end += recordBytes(seal.length);
    }
  }

  #take(seal: Uint8Array, position: number): void {
    if (this.size % TILE_WIDTH === 0) this.#offsets.push(position);
    this.#edge.push(leafHash(seal));
    this.#prev = sha256Hex(seal);
  }

  /** Root of the tree over the first `size` seals (all of them when not given), 32 bytes. */
  root(size: number = this.size): Uint8Array {
    assert(Number.isInteger(size) && size >= 0 && size <= this.size, 'the log has been of this size');
    return this.#edge.root(size, this.#leaves(Math.floor(size / TILE_WIDTH), size % TILE_WIDTH));
  }

  /** Seals number `from` … `to` − 1, read from the file, each a copy. */
  *entries(from: number, to: number): Generator<Uint8Array> {
    assert(from >= 0 && from <= to && to <= this.size, 'these seals are in the log');
    for (let tile = Math.floor(from / TILE_WIDTH); tile * TILE_WIDTH < to; tile++) {
      const start = tile * TILE_WIDTH;
      yield* this.#tile(tile).slice(Math.max(0, from - start), to - start);
    }
  }

  /**
   * What the published log needs to grow from size `from` to size `to`: entry bundles and hash tiles completed since, and
   * the partial ones of size `to`. From 0 it is the whole log.
   */
  *tileFiles(from: number, to: number): Generator<TileFile> {
    assert(to <= this.size, 'the log has been of this size');
    for (const { level, number, width } of newTiles(from, to)) {
      if (level > 0) {
        const start = number * TILE_WIDTH;
        const body = this.#edge.nodes(level, start, start + width).slice();
        yield { key: tilePath({ level, number, width }), body };
        continue;
      }
      const seals = this.#tile(number).slice(0, width);
      yield { key: tilePath({ level: 'entries', number, width }), body: encodeBundle(seals) };
      yield { key: tilePath({ level, number, width }), body: Buffer.concat(seals.map(leafHash)) };
    }
  }

  close(): void {
    this.#storage.close(this.#fd);
  }

  /** Leaf hashes of the first `width` seals of a tile: from the edge for the newest, else from the file. */
  #leaves(tile: number, width: number): Uint8Array {
    if (width === 0) return new Uint8Array(0);
    if (tile === Math.floor(this.size / TILE_WIDTH))
      return this.#edge.openLeaves.subarray(0, width * HASH_BYTES);
    return Buffer.concat(this.#tile(tile).slice(0, width).map(leafHash));
  }

  /** All seals of a tile. */
  #tile(tile: number): Uint8Array[] {
    const from = this.#offsets[tile];
    assert(from !== undefined, 'the tile is in the log');
    return readRecords(this.#storage, this.#fd, this.#path, from, this.#offsets[tile + 1] ?? this.#end);
  }
}

/**
 * The `prev` member, found without parsing: inside a JSON string a quotation mark is escaped, so `"prev":"` can only be
 * the member itself.
 */
function prevOf(seal: Uint8Array): string | null {
  const text = Buffer.from(seal.buffer, seal.byteOffset, seal.byteLength);
  const at = text.indexOf('"prev":"');
  return at < 0 ? null : text.toString('latin1', at + 8, at + 72);
}
