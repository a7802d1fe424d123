// From frames to a file: a queue, the batch that collects, the batch that is written. A batch is written at 2,000 records or
// after 5 ms; what comes while one is written and synced rides on the next, up to 20,000. Records are read in turns, so that
// sockets are read and answered in between however much arrives at once. Nobody is told anything before the fdatasync. A
// block of the file, one a batch:
//
//   4 bytes    length of the zstd frame, little-endian
//   32 bytes   SHA-256 of the hexadecimal hashes of its records, one after the other
//   n bytes    one zstd frame: the canonical lines, each with its LF

import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { compress, init } from '@bokuweb/zstd-wasm';

const BATCH_RECORDS = 2000;
const BATCH_MS = 5;
const LARGEST_BATCH_RECORDS = 20_000;
const TURN_RECORDS = 1000;
const ZSTD_LEVEL = 3;

export class Batches {
  #file;
  #onFrame;
  #onDurable;
  #arriving = [];
  #queue = [];
  #taken = 0;
  #turn = null;
  #timer = null;
  #due = false;
  #writing = false;
  #lines = [];
  #hashes = [];
  #waiting = new Set();

  /**
   * Creates a new file in `folder`.
   * @param onFrame takes a frame's connection and data, adds its records and counts the frame in `connection.frames`
   * @param onDurable hears which connections to acknowledge up to which frame
   */
  static async create(folder, onFrame, onDurable) {
    await init();
    const batches = new Batches();
    batches.#onFrame = onFrame;
    batches.#onDurable = onDurable;
    batches.#file = await open(join(folder, `readings-${Date.now()}.batches`), 'ax');
    const directory = await open(folder);
    await directory.sync();
    await directory.close();
    return batches;
  }

  /** Queues a frame. */
  push(connection, data) {
    this.#arriving.push({ connection, data });
    this.#goOn();
  }

  /** Adds a record to the open batch. */
  add(line) {
    this.#lines.push(line);
    this.#hashes.push(createHash('sha256').update(line).digest('hex'));
  }

  #next() {
    if (this.#taken === this.#queue.length) {
      this.#queue = this.#arriving;
      this.#arriving = [];
      this.#taken = 0;
    }
    return this.#queue[this.#taken++];
  }

  get #queued() {
    return this.#queue.length - this.#taken + this.#arriving.length;
  }

  #work() {
    this.#turn = null;
    const end = Math.min(this.#lines.length + TURN_RECORDS, LARGEST_BATCH_RECORDS);
    while (this.#lines.length < end && this.#queued > 0) {
      const { connection, data } = this.#next();
      this.#onFrame(connection, data);
      this.#waiting.add(connection);
    }
    if (this.#lines.length >= BATCH_RECORDS) this.#commit();
    else if (this.#waiting.size > 0 && !this.#due) this.#timer ??= setTimeout(() => this.#onTime(), BATCH_MS);
    this.#goOn();
  }

  /** Another turn, unless the open batch is as large as it may be: then the end of the write that is under way comes here. */
  #goOn() {
    if (this.#queued === 0 || this.#lines.length >= LARGEST_BATCH_RECORDS) return;
    this.#turn ??= setImmediate(() => this.#work());
  }

  #onTime() {
    this.#timer = null;
    this.#due = true;
    this.#commit();
  }

  async #commit() {
    // The end of the write that is under way comes here again.
    if (this.#writing) return;
    this.#writing = true;
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#due = false;
    const answers = Array.from(this.#waiting, (connection) => ({ connection, next: connection.frames }));
    const lines = this.#lines;
    const hashes = this.#hashes;
    this.#waiting.clear();
    this.#lines = [];
    this.#hashes = [];
    this.#goOn();
    await this.#write(lines, hashes);
    for (const { connection, next } of answers) this.#onDurable(connection, next);
    this.#writing = false;
    if (this.#lines.length >= BATCH_RECORDS || this.#due) this.#commit();
  }

  async #write(lines, hashes) {
    if (lines.length === 0) return;
    try {
      await this.#file.appendFile(block(lines, hashes));
      await this.#file.datasync();
    } catch (error) {
      // What is on disk is not known any more, so nobody may be told anything.
      console.error(`writing a batch failed: ${error.message}`);
      process.exit(70);
    }
  }
}

function block(lines, hashes) {
  const frame = compress(Buffer.from(`${lines.join('\n')}\n`), ZSTD_LEVEL);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(frame.length);
  return Buffer.concat([length, createHash('sha256').update(hashes.join('')).digest(), frame]);
}
