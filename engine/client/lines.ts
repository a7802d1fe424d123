// The frame under construction: records as lines of JSON (NDJSON), encoded once into one buffer. A line never holds a
// line feed and never begins with `[` (a frame that begins with `[` is an array of records), so record i is line i.

import { ClientError } from './errors.ts';

const encoder = new TextEncoder();
const LF = 0x0a;
const FIRST_BYTES = 4096;

/**
 * One record as a line. A string is taken as it is; anything else goes through JSON.stringify.
 * @throws ClientError `client.not-a-record`: no JSON, or a string that is not exactly one line of one record
 */
export function lineOf(record: unknown): string {
  let line: string | undefined;
  try {
    line = typeof record === 'string' ? record : JSON.stringify(record);
  } catch (error) {
    throw new ClientError('client.not-a-record', `a record is not JSON: ${(error as Error).message}`);
  }
  if (line === undefined)
    throw new ClientError('client.not-a-record', `a record cannot be a ${typeof record}`);
  if (line.includes('\n')) throw new ClientError('client.not-a-record', 'a record given as text is one line');
  const text = line.trimStart();
  if (text === '' || text.startsWith('[')) {
    throw new ClientError('client.not-a-record', 'a record is an object; send whole frames with sendFrame()');
  }
  return line;
}

export class LineBatch {
  #buffer = new Uint8Array(0);
  #used = 0;
  #records = 0;

  get records(): number {
    return this.#records;
  }

  get bytes(): number {
    return this.#used;
  }

  /** Appends a line; false when the frame would be over `maxBytes`, and then nothing has changed. */
  add(line: string, maxBytes: number): boolean {
    const start = this.#records === 0 ? 0 : this.#used + 1;
    if (start + line.length > maxBytes) return false;
    // UTF-8 needs at most three bytes for a UTF-16 unit; only a line near the limit is given less and may not fit.
    this.#reserve(Math.min(start + 3 * line.length, maxBytes));
    const room = this.#buffer.subarray(start, Math.min(this.#buffer.length, maxBytes));
    const { read, written } = encoder.encodeInto(line, room);
    if (read < line.length) return false;
    if (start > 0) this.#buffer[start - 1] = LF;
    this.#used = start + written;
    this.#records += 1;
    return true;
  }

  /** The frame, a copy of its own; the batch is empty afterwards. */
  seal(): Uint8Array {
    const frame = this.#buffer.slice(0, this.#used);
    this.#used = 0;
    this.#records = 0;
    return frame;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#buffer.length) return;
    let size = Math.max(FIRST_BYTES, this.#buffer.length);
    while (size < bytes) size *= 2;
    const larger = new Uint8Array(size);
    larger.set(this.#buffer.subarray(0, this.#used));
    this.#buffer = larger;
  }
}
