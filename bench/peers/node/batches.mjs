// The file of the Node peer: one block per batch, each durable before anybody is told. A block is
//
//   4 bytes    length of the zstd frame, little-endian
//   32 bytes   SHA-256 of the hexadecimal hashes of its records, one after the other
//   n bytes    one zstd frame: the canonical lines, each with its LF
//
// While one block is written and synced the next one collects: a group commit, at 2,000 records or 5 ms.

import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { compress, init } from '@bokuweb/zstd-wasm';

const BATCH_RECORDS = 2000;
const BATCH_MS = 5;
const ZSTD_LEVEL = 3;

export class Batches {
  #file;
  #lines = [];
  #hashes = [];
  #waiting = new Set();
  #timer = null;
  #writing = false;
  #onDurable;

  /** Creates a new file in `folder`. `onDurable` hears which connections to acknowledge up to which frame. */
  static async create(folder, onDurable) {
    await init();
    const batches = new Batches();
    batches.#onDurable = onDurable;
    batches.#file = await open(join(folder, `readings-${Date.now()}.batches`), 'ax');
    const directory = await open(folder);
    await directory.sync();
    await directory.close();
    return batches;
  }

  add(line) {
    this.#lines.push(line);
    this.#hashes.push(createHash('sha256').update(line).digest('hex'));
  }

  /** A whole frame of `connection` is in the open batch; `connection.frames` counts it already. */
  frameDone(connection) {
    this.#waiting.add(connection);
    if (this.#writing) return;
    if (this.#lines.length >= BATCH_RECORDS) this.#commit();
    else this.#timer ??= setTimeout(() => this.#commit(), BATCH_MS);
  }

  async #commit() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#writing = true;
    const answers = Array.from(this.#waiting, (connection) => ({ connection, next: connection.frames }));
    const lines = this.#lines;
    const hashes = this.#hashes;
    this.#waiting.clear();
    this.#lines = [];
    this.#hashes = [];
    try {
      if (lines.length > 0) {
        await this.#file.appendFile(block(lines, hashes));
        await this.#file.datasync();
      }
    } catch (error) {
      // What is on disk is not known any more, so nobody may be told anything.
      console.error(`writing a batch failed: ${error.message}`);
      process.exit(70);
    }
    for (const { connection, next } of answers) this.#onDurable(connection, next);
    this.#writing = false;
    if (this.#lines.length >= BATCH_RECORDS) this.#commit();
    else if (this.#waiting.size > 0) this.#timer = setTimeout(() => this.#commit(), BATCH_MS);
  }
}

function block(lines, hashes) {
  const frame = compress(Buffer.from(`${lines.join('\n')}\n`), ZSTD_LEVEL);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(frame.length);
  return Buffer.concat([length, createHash('sha256').update(hashes.join('')).digest(), frame]);
}
