// Bytes that grow at their end: the content of one batch after the other, in memory that is kept. Grows by doubling, so it
// holds at most twice the largest batch.

import { assert } from '../assert.ts';
import { MIB } from '../limits.ts';

export class LineBuffer {
  #buffer: Buffer = Buffer.allocUnsafeSlow(MIB);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What was put in since `reset`: a view. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  reset(): void {
    this.#length = 0;
  }

  /** Appends `from[start, end)`. Makes no object. */
  copy(from: Uint8Array, start: number, end: number): void {
    const length = this.#length + end - start;
    if (length > this.#buffer.length) this.#grow(length);
    if (Buffer.isBuffer(from)) from.copy(this.#buffer, this.#length, start, end);
    else this.#buffer.set(from.subarray(start, end), this.#length);
    this.#length = length;
  }

  /** What lies behind the bytes so far, at least `bytes` of it: to be written, then claimed with `extend`. */
  room(bytes: number): Uint8Array {
    if (this.#length + bytes > this.#buffer.length) this.#grow(this.#length + bytes);
    return this.#buffer.subarray(this.#length);
  }

  /** Takes in what was written into the room, up to `length` bytes in all. */
  extend(length: number): void {
    assert(
      length >= this.#length && length <= this.#buffer.length,
      'a buffer grows, and by no more than its room',
    );
    this.#length = length;
  }

  /** ASCII characters at an offset. */
  text(at: number, length: number): string {
    return this.#buffer.toString('latin1', at, at + length);
  }

  #grow(length: number): void {
    const buffer = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#buffer.length));
    this.#buffer.copy(buffer, 0, 0, this.#length);
    this.#buffer = buffer;
  }
}
