// A strict parser of JSON (RFC 8259) over a window of bytes: one pass that checks the grammar, UTF-8, repeated names, lone
// surrogates and depth, and keeps the characters of numbers. It works on the bytes and cuts its strings from a Latin-1 text
// of the same window, where offsets are those of the bytes; only strings with a byte past ASCII or an escape are decoded.

import { isOfSerial, MAX_SERIAL, MIN_STEM, noteSplit, serialStart } from '../serial-list.ts';
import { type Json, JsonNumber, JsonObject } from './tree.ts';

/** Thrown when the window ends within a value: there may be more. */
export const MORE = new Error('the window ends within a value');

/** Thrown for a value that is made of too many values: what they cost in memory is far more than their bytes. */
export const MANY = new Error('the value is made of too many values');

/** What is wrong, and at which byte of the window. */
export class JsonFault extends Error {
  readonly at: number;

  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

/** 1 for the bytes of a string that stand for themselves: ASCII but controls, quote and backslash. */
const PLAIN = new Uint8Array(256);
for (let byte = 0x20; byte < 0x80; byte++) PLAIN[byte] = byte === 0x22 || byte === 0x5c ? 0 : 1;

/** Above this many members names are looked up in a set: below it, comparing is faster. */
const FEW = 16;

/** Lists from so many strings on are noted as split. */
const MANY_ALIKE = 16;

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

export class Parser {
  /** Where the next byte is read. */
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #text: string;
  readonly #end: number;
  readonly #maxDepth: number;
  readonly #maxText: number;
  /** Values that the value in hand may still have. */
  #values = 0;

  constructor(bytes: Buffer, maxDepth: number, maxText: number) {
    // A plain view: V8 reads a Buffer slower in loops.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#text = bytes.toString('latin1');
    this.#end = bytes.length;
    this.#maxDepth = maxDepth;
    this.#maxText = maxText;
  }

  /** Skips white space. @returns the byte there, without taking it. @throws MORE */
  peek(): number {
    const bytes = this.#bytes;
    let at = this.at;
    let byte = bytes[at] as number;
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++at] as number;
    this.at = at;
    if (at >= this.#end) throw MORE;
    return byte;
  }

  /** Skips white space. @returns whether anything is left. */
  more(): boolean {
    let at = this.at;
    while (isSpace(this.#bytes[at] as number)) at++;
    this.at = at;
    return at < this.#end;
  }

  /**
   * One value that lies at `depth` levels (1 = the root), made of at most `maxValues`.
   * @throws MORE, MANY or JsonFault
   */
  whole(depth: number, maxValues: number): Json {
    this.#values = maxValues;
    return this.#value(depth);
  }

  #value(depth: number): Json {
    if (--this.#values < 0) throw MANY;
    const byte = this.peek();
    switch (byte) {
      case 0x22:
        return this.string();
      case 0x7b:
        return this.#object(depth);
      case 0x5b:
        return this.#array(depth);
      case 0x74:
        return this.#word('true', true);
      case 0x66:
        return this.#word('false', false);
      case 0x6e:
        return this.#word('null', null);
      default:
        return this.#number(byte);
    }
  }

  /** A member's name and its colon, at the next quote. @throws MORE or JsonFault */
  name(): string {
    if (this.peek() !== 0x22) throw this.fault('a member needs a name in quotes');
    const name = this.string();
    if (this.peek() !== 0x3a) throw this.fault('no colon behind the name of a member');
    this.at++;
    return name;
  }

  fault(message: string): JsonFault {
    return new JsonFault(this.at, message);
  }

  #object(depth: number): JsonObject {
    if (depth > this.#maxDepth) throw this.fault(`more than ${this.#maxDepth} levels`);
    const object = new JsonObject();
    const { names, values } = object;
    let seen: Set<string> | null = null;
    this.at++;
    if (this.peek() === 0x7d) {
      this.at++;
      return object;
    }
    for (;;) {
      this.peek();
      const start = this.at;
      const name = this.name();
      if (names.length === FEW) seen = new Set(names);
      if (seen === null ? names.includes(name) : seen.has(name))
        throw new JsonFault(start, 'a member is there twice');
      seen?.add(name);
      names.push(name);
      values.push(this.#value(depth + 1));
      const byte = this.peek();
      if (byte !== 0x2c && byte !== 0x7d) throw this.fault('neither comma nor brace behind a member');
      this.at++;
      if (byte === 0x7d) return object;
    }
  }

  #array(depth: number): Json[] {
    if (depth > this.#maxDepth) throw this.fault(`more than ${this.#maxDepth} levels`);
    const items: Json[] = [];
    this.at++;
    if (this.peek() === 0x5d) {
      this.at++;
      return items;
    }
    for (;;) {
      const item = this.#value(depth + 1);
      items.push(item);
      if (items.length === 1 && typeof item === 'string') this.#likeFirst(items, item);
      const byte = this.peek();
      if (byte !== 0x2c && byte !== 0x5d) throw this.fault('neither comma nor bracket behind an item');
      this.at++;
      if (byte === 0x5d) return items;
    }
  }

  /**
   * Takes the strings of an array that differ from the first in their serial only, behind which it stands: lists of ids are
   * so, and here the bytes are looked at anyway. What is not so is left where it is. @throws MORE or MANY
   */
  #likeFirst(items: Json[], first: string): void {
    const bytes = this.#bytes;
    const from = this.at - 1 - first.length;
    const stem = serialStart(first);
    const size = first.length - stem;
    if (stem < MIN_STEM || size < 1 || size > MAX_SERIAL || first.charCodeAt(0) <= 0x20) return;
    if (stem + MAX_SERIAL > this.#maxText) return;
    // One with escapes, or with a byte past ASCII, is shorter than its bytes, and is not what they are.
    if (bytes[from - 1] !== 0x22) return;
    for (let i = 0; i < stem; i++) if (bytes[from + i] !== first.charCodeAt(i)) return;
    for (;;) {
      const before = this.at;
      const byte = this.peek();
      if (byte === 0x5d && items.length >= MANY_ALIKE) noteSplit(items, stem);
      if (byte !== 0x2c) return;
      this.at++;
      const start = this.peek() === 0x22 ? this.at + 1 : this.#end;
      const most = start + stem + MAX_SERIAL;
      // Where it may break off it is left too: bytes past the end are slow to ask for.
      let i = most < this.#end ? 0 : -1;
      while (i >= 0 && i < stem && bytes[start + i] === bytes[from + i]) i++;
      let end = start + i;
      if (i === stem) while (end < most && isOfSerial(bytes[end] as number)) end++;
      if (end <= start + stem || bytes[end] !== 0x22) {
        this.at = before;
        return;
      }
      if (--this.#values < 0) throw MANY;
      items.push(this.#text.slice(start, end));
      this.at = end + 1;
    }
  }

  /** A string, at its opening quote. @throws MORE or JsonFault */
  string(): string {
    const bytes = this.#bytes;
    const start = this.at + 1;
    let at = start;
    const end = bytes.length;
    while (at < end && PLAIN[bytes[at] as number] === 1) at++;
    if (bytes[at] !== 0x22) return this.#hardString(start, at);
    if (at - start > this.#maxText) throw this.#tooLong();
    this.at = at + 1;
    return this.#text.slice(start, at);
  }

  /** A string with escapes or bytes past ASCII, or one that breaks off. */
  #hardString(start: number, from: number): string {
    const bytes = this.#bytes;
    let at = from;
    let escaped = false;
    for (;;) {
      const byte = bytes[at] as number;
      if (at >= this.#end) {
        if (at - start > this.#maxText * 6) throw this.#tooLong();
        throw MORE;
      }
      if (byte === 0x22) break;
      if (byte < 0x20) throw new JsonFault(at, 'a control character within a string');
      if (byte === 0x5c) {
        escaped = true;
        at++;
      }
      at++;
    }
    let text: string;
    try {
      text = UTF8.decode(bytes.subarray(start, at));
    } catch {
      throw new JsonFault(start - 1, 'a string is not UTF-8');
    }
    if (escaped) {
      try {
        text = JSON.parse(`"${text}"`) as string;
      } catch {
        throw new JsonFault(start - 1, 'an escape that JSON does not know');
      }
      if (/\p{Surrogate}/u.test(text)) throw new JsonFault(start - 1, 'half of a surrogate pair');
    }
    if (text.length > this.#maxText) throw this.#tooLong();
    this.at = at + 1;
    return text;
  }

  #tooLong(): JsonFault {
    return this.fault(`a string of more than ${this.#maxText} characters`);
  }

  #word<T extends boolean | null>(word: string, value: T): T {
    for (let i = 1; i < word.length; i++) {
      if (this.at + i >= this.#end) throw MORE;
      if (this.#bytes[this.at + i] !== word.charCodeAt(i)) throw this.fault('not a JSON value');
    }
    this.at += word.length;
    return value;
  }

  #number(first: number): JsonNumber {
    if (first !== 0x2d && (first < 0x30 || first > 0x39)) throw this.fault('not a JSON value');
    // The whole run of what a number may be made of, so that one that goes on past the window is not cut short.
    let end = this.at + 1;
    for (; end < this.#end; end++) {
      const byte = this.#bytes[end] as number;
      const digit = byte >= 0x30 && byte <= 0x39;
      if (!digit && byte !== 0x2e && byte !== 0x2b && byte !== 0x2d && (byte | 0x20) !== 0x65) break;
    }
    NUMBER.lastIndex = this.at;
    const length = NUMBER.exec(this.#text)?.[0].length ?? 0;
    if (end === this.#end) {
      if (end - this.at > this.#maxText) throw this.#tooLong();
      throw MORE;
    }
    if (length !== end - this.at) throw this.fault('not a number of JSON');
    if (length > this.#maxText) throw this.#tooLong();
    const text = this.#text.slice(this.at, end);
    this.at = end;
    return new JsonNumber(text);
  }
}
