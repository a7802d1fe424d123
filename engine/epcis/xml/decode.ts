// Bytes of an XML document to characters, strictly: UTF-8 with or without a byte order mark, UTF-16 with one. Nothing is ever
// replaced: bytes that are no text refuse the document. Pieces are small, so that a parser never holds much at a time.

import { isAscii, isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';
import { Refusal } from './refusal.ts';

/** Bytes that are decoded at a time. */
const PIECE_BYTES = 64 * 1024;

/** Some characters, and how many bytes each of them takes in the document. */
export interface Piece {
  readonly text: string;
  /** Byte of the document at which it begins. */
  readonly offset: number;
  readonly bytes: number;
  /** Bytes of a UTF-16 code unit of `text`; 0 = they differ: count them as UTF-8. */
  readonly unitBytes: 0 | 1 | 2;
}

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be';

export class Decoder {
  readonly #take: (piece: Piece) => void;
  /** Bytes that wait for more: the first four, then a character that is not whole. */
  #held: Uint8Array = new Uint8Array(0);
  #encoding: Encoding | null = null;
  #utf16: TextDecoder | null = null;
  /** Bytes that became characters, and the byte order mark. */
  #offset = 0;
  #isMarked = false;
  /** The document declared an encoding of which only ASCII is read. */
  #asciiOnly: string | null = null;

  constructor(take: (piece: Piece) => void) {
    this.#take = take;
  }

  /** What the XML declaration says. @throws Refusal (D04) where the bytes say otherwise. */
  declared(label: string): void {
    const name = label.toLowerCase();
    const wide = this.#encoding !== 'utf-8';
    if (wide ? name === 'utf-16' || name === this.#encoding : name === 'utf-8' || name === 'utf8') {
      return;
    }
    if (!wide && !this.#isMarked && ASCII_SUPERSETS.has(name)) {
      this.#asciiOnly = label;
      return;
    }
    throw new Refusal(
      'D04_MALFORMED',
      `The declaration says encoding ${label}, the bytes are ${this.#encoding ?? 'unknown'}.`,
    );
  }

  /** @throws Refusal (D04) at bytes that are no text. */
  write(chunk: Uint8Array): void {
    let bytes = chunk;
    if (this.#held.length > 0) {
      bytes = new Uint8Array(this.#held.length + chunk.length);
      bytes.set(this.#held);
      bytes.set(chunk, this.#held.length);
      this.#held = NONE;
    }
    if (this.#encoding === null) {
      if (bytes.length < 4) {
        this.#held = bytes.slice();
        return;
      }
      bytes = this.#detect(bytes);
    }
    this.#pieces(bytes);
  }

  /** No more bytes. @throws Refusal (D04) where the last character is not whole. */
  end(): void {
    if (this.#encoding === null) {
      const bytes = this.#held;
      this.#held = NONE;
      this.#pieces(this.#detect(bytes));
    }
    if (this.#held.length > 0) {
      throw new Refusal('D04_MALFORMED', 'The document ends within a character.');
    }
  }

  /** Finds the encoding by the first bytes. @returns what is left without the mark. */
  #detect(bytes: Uint8Array): Uint8Array {
    const [a, b, c] = bytes;
    if (a === 0xef && b === 0xbb && c === 0xbf) {
      this.#encoding = 'utf-8';
      this.#offset = 3;
    } else if (a === 0xff && b === 0xfe) {
      this.#encoding = 'utf-16le';
      this.#offset = 2;
    } else if (a === 0xfe && b === 0xff) {
      this.#encoding = 'utf-16be';
      this.#offset = 2;
    } else {
      this.#encoding = 'utf-8';
    }
    if (this.#encoding !== 'utf-8') {
      // Node's decoder for UTF-16 with `fatal` refuses lone surrogates, and keeps half a character back by itself.
      this.#utf16 = new TextDecoder(this.#encoding, { fatal: true, ignoreBOM: true });
    }
    this.#isMarked = this.#offset > 0;
    return bytes.subarray(this.#offset);
  }

  #pieces(bytes: Uint8Array): void {
    let from = 0;
    while (from < bytes.length) {
      const to = Math.min(bytes.length, from + PIECE_BYTES);
      const part = bytes.subarray(from, to);
      const used = this.#utf16 === null ? this.#utf8(part) : this.#wide(part, this.#utf16);
      from += used;
      if (used < part.length && to === bytes.length) {
        this.#held = bytes.slice(from);
        return;
      }
    }
  }

  /** @returns bytes that made characters: up to 3 may stay. */
  #utf8(part: Uint8Array): number {
    if (isAscii(part)) {
      this.#give(view(part).toString('latin1'), part.length, 1);
      return part.length;
    }
    if (this.#asciiOnly !== null) {
      throw new Refusal(
        'D04_MALFORMED',
        `The declaration says encoding ${this.#asciiOnly}, of which only ASCII is read: send UTF-8.`,
      );
    }
    const whole = part.length - unfinished(part);
    const bytes = part.subarray(0, whole);
    if (!isUtf8(bytes)) {
      throw new Refusal('D04_MALFORMED', 'Bytes that are not UTF-8.');
    }
    if (whole > 0) {
      this.#give(view(bytes).toString('utf8'), whole, 0);
    }
    return whole;
  }

  #wide(part: Uint8Array, decoder: TextDecoder): number {
    const whole = part.length - unfinishedWide(part, this.#encoding === 'utf-16be');
    let text: string;
    try {
      text = decoder.decode(part.subarray(0, whole));
    } catch {
      throw new Refusal('D04_MALFORMED', 'Bytes that are not UTF-16.');
    }
    if (text !== '') {
      this.#give(text, whole, 2);
    }
    return whole;
  }

  #give(text: string, bytes: number, unitBytes: Piece['unitBytes']): void {
    const offset = this.#offset;
    this.#offset += bytes;
    this.#take({ text, offset, bytes, unitBytes });
  }
}

const NONE = new Uint8Array(0);

/** The same bytes with the methods of a Buffer. */
function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Encodings whose first 128 characters are ASCII: documents that use no others are read. */
const ASCII_SUPERSETS = new Set(['us-ascii', 'ascii', 'iso-8859-1', 'iso-8859-15', 'latin1', 'windows-1252']);

/** @returns how many of the last bytes begin a UTF-8 character that is not whole (0 to 3). */
function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte >= 0xc0) {
      const needs = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return needs > back ? back : 0;
    }
    if (byte < 0x80) {
      return 0;
    }
  }
  return 0;
}

/** @returns how many of the last bytes are half a code unit, or the first half of a pair. */
function unfinishedWide(bytes: Uint8Array, bigEndian: boolean): number {
  const odd = bytes.length % 2;
  const high = bytes[bytes.length - odd - (bigEndian ? 2 : 1)] ?? 0;
  return odd + (high >= 0xd8 && high <= 0xdb ? 2 : 0);
}
