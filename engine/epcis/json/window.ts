// The bytes of a document that are not read yet: a piece is looked at where it lies, and only the rest of it is copied.

import { MORE } from './parse.ts';

/** Behind a byte order mark, which a parser may ignore (RFC 8259 §8.1). @throws MORE where there may be one. */
export function afterMark(bytes: Buffer): number {
  const mark = [0xef, 0xbb, 0xbf];
  const at = mark.findIndex((byte, i) => bytes[i] !== byte);
  if (at > 0 && at === bytes.length) throw MORE;
  return at === -1 ? 3 : 0;
}

export class Window {
  /** Bytes that are looked at at once. */
  static readonly PIECE: number = 1024 * 1024;
  /** Offset in the document of the first byte of `bytes()`. */
  offset = 0;
  /** Bytes of the document so far. */
  total = 0;
  #held: Buffer[] = [];
  #size = 0;
  /** Below this size another look would find no more than the last. */
  #wanted = 0;

  /** Takes bytes. @returns true when it is worth a look. */
  add(bytes: Uint8Array): boolean {
    this.total += bytes.length;
    this.#size += bytes.length;
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const look = this.#size >= this.#wanted;
    // What waits is copied: the caller may use its buffer again.
    this.#held.push(look ? view : Buffer.from(view));
    return look;
  }

  /** All that is held, in one. */
  bytes(): Buffer {
    if (this.#held.length > 1) this.#held = [Buffer.concat(this.#held, this.#size)];
    return this.#held[0] ?? Buffer.alloc(0);
  }

  /** Drops what lies before `from`; the rest breaks off and is looked at again when there is twice as much. */
  keepFrom(from: number): void {
    const rest = Buffer.from(this.bytes().subarray(from));
    this.offset += from;
    this.#held = rest.length === 0 ? [] : [rest];
    this.#size = rest.length;
    this.#wanted = rest.length * 2;
  }
}
