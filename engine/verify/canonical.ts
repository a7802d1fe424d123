// Whether bytes are the canonical form (RFC 8785) of one JSON object, told without building the object: a scan over the
// bytes, one pass, no allocation for ordinary lines. The caller has checked that the whole buffer is valid UTF-8; then a
// string is canonical when it escapes exactly `"`, `\` and U+0000–U+001F, each in its one spelling.
//
// On the way the scan notes where the values of a few top-level members lie: all that a verifier wants from a record.

import { escapeBytes, shortDecimal } from './tokens.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MAX_LEVELS = 128;
/** Names remembered from the line before. */
const MAX_SHAPE = 256;

/** A decimal of at most this many digits is the shortest form of its double (IEEE 754: 15 digits always come back). */
const SAFE_DIGITS = 15;

/** What is not canonical, and where: `at` is a byte offset in the buffer. */
export class NotCanonical extends Error {
  override readonly name = 'NotCanonical';
  readonly at: number;
  constructor(what: string, at: number) {
    super(what);
    this.at = at;
  }
}

interface KnownName {
  /** `"name":` */
  readonly bytes: Uint8Array;
  readonly plain: boolean;
  readonly member: number;
}

/** Scans lines of one kind. `starts[i]`/`ends[i]` = where the value of `members[i]` lies in the line scanned last (−1 if absent). */
export class CanonicalScan {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly #members: readonly Uint8Array[];
  readonly #lastName = new Int32Array(2 * MAX_LEVELS);
  readonly #isObject = new Uint8Array(MAX_LEVELS);
  /**
   * The names of the line before, on the top level, in order. Lines of one
   * stream mostly have the same names, so they are compared as bytes and were found to be in order once.
   */
  readonly #shape: KnownName[] = [];
  /** Names of this line that are in the shape by now. */
  #shapeAt = 0;
  #at = 0;
  #end = 0;
  #plain = true;

  constructor(members: readonly string[]) {
    this.#members = members.map((name) => Buffer.from(name));
    this.starts = new Int32Array(members.length);
    this.ends = new Int32Array(members.length);
  }

  /** @throws NotCanonical when `buffer[start .. end)` is not one canonical JSON object. */
  object(buffer: Uint8Array, start: number, end: number): void {
    this.starts.fill(-1);
    this.ends.fill(-1);
    this.#at = start;
    this.#end = end;
    this.#shapeAt = 0;
    if (buffer[start] !== 0x7b) throw new NotCanonical('not an object', start);
    this.#walk(buffer);
    if (this.#at !== end) throw new NotCanonical('bytes after the object', this.#at);
  }

  /** Containers by a stack of levels, not by recursion: the input chooses the depth. */
  #walk(b: Uint8Array): void {
    let depth = 0;
    let wanted = -1;
    let fresh = this.#open(b, depth);
    for (;;) {
      const close = this.#isObject[depth] === 1 ? 0x7d : 0x5d;
      const c = b[this.#at];
      if (c === close) {
        this.#at++;
        if (depth === 0) return;
        depth--;
        fresh = false;
        if (depth === 0 && wanted >= 0) this.ends[wanted] = this.#at;
        continue;
      }
      if (!fresh) {
        if (c !== 0x2c) throw new NotCanonical('neither a comma nor an end', this.#at);
        this.#at++;
      }
      fresh = false;
      if (close === 0x7d) {
        const member = this.#name(b, depth);
        if (depth === 0) wanted = member;
      }
      if (this.#at >= this.#end) throw new NotCanonical('cut short', this.#at);
      if (depth === 0 && wanted >= 0) this.starts[wanted] = this.#at;
      const first = b[this.#at] as number;
      if (first === 0x7b || first === 0x5b) {
        depth++;
        if (depth >= MAX_LEVELS) throw new NotCanonical('too deep', this.#at);
        fresh = this.#open(b, depth);
        continue;
      }
      this.#scalar(b, first);
      if (depth === 0 && wanted >= 0) this.ends[wanted] = this.#at;
    }
  }

  #open(b: Uint8Array, depth: number): boolean {
    this.#isObject[depth] = b[this.#at] === 0x7b ? 1 : 0;
    this.#lastName[2 * depth] = -1;
    this.#at++;
    return true;
  }

  /** One member name with its colon; strictly after the name before it. @returns its number among the members, or −1. */
  #name(b: Uint8Array, depth: number): number {
    const from = this.#at + 1;
    if (depth === 0 && this.#shapeAt < this.#shape.length) {
      const known = this.#shape[this.#shapeAt] as KnownName;
      const end = this.#at + known.bytes.length;
      if (end <= this.#end && equalBytes(known.bytes, b, this.#at, end)) {
        this.#shapeAt++;
        this.#at = end;
        this.#setLast(0, from, end - 2, known.plain);
        return known.member;
      }
    }
    this.#plain = true;
    this.#string(b);
    const to = this.#at - 1;
    const lastFrom = this.#lastName[2 * depth] as number;
    const lastTo = this.#lastName[2 * depth + 1] as number;
    const ordered =
      lastFrom < 0 ||
      (this.#plain && lastTo >= 0
        ? bytesBefore(b, lastFrom, lastTo, from, to)
        : textBefore(b, lastFrom, Math.abs(lastTo), from, to));
    if (!ordered) throw new NotCanonical('members out of order, or twice', from);
    this.#setLast(depth, from, to, this.#plain);
    if (b[this.#at] !== 0x3a) throw new NotCanonical('no colon after a name', this.#at);
    this.#at++;
    if (depth > 0) return -1;
    const member = this.#members.findIndex((name) => equalBytes(name, b, from, to));
    this.#learn(new Uint8Array(b.subarray(from - 1, this.#at)), this.#plain, member);
    return member;
  }

  /** The sign of the end says whether the name is plain ASCII: then bytes sort as UTF-16 code units do. */
  #setLast(depth: number, from: number, to: number, plain: boolean): void {
    this.#lastName[2 * depth] = from;
    this.#lastName[2 * depth + 1] = plain ? to : -to;
  }

  /** From here on the shape is that of this line: the names before were the same, so the order holds throughout. */
  #learn(bytes: Uint8Array, plain: boolean, member: number): void {
    if (this.#shapeAt >= MAX_SHAPE) return;
    this.#shape.length = this.#shapeAt++;
    this.#shape.push({ bytes, plain, member });
  }

  #scalar(b: Uint8Array, first: number): void {
    if (first === QUOTE) this.#string(b);
    else if (first === 0x2d || (first >= 0x30 && first <= 0x39)) this.#number(b);
    else if (first === 0x74) this.#word(b, 'true');
    else if (first === 0x66) this.#word(b, 'false');
    else if (first === 0x6e) this.#word(b, 'null');
    else throw new NotCanonical('not a JSON value, or white space', this.#at);
  }

  #word(b: Uint8Array, word: string): void {
    for (let i = 0; i < word.length; i++) {
      if (this.#at + i >= this.#end || b[this.#at + i] !== word.charCodeAt(i))
        throw new NotCanonical('not a JSON value', this.#at);
    }
    this.#at += word.length;
  }

  /** A string; `#plain` becomes false when it has an escape or a byte above ASCII. */
  #string(b: Uint8Array): void {
    if (this.#at >= this.#end || b[this.#at] !== QUOTE) throw new NotCanonical('not a string', this.#at);
    let at = this.#at + 1;
    for (; at < this.#end; at++) {
      const c = b[at] as number;
      if (c === QUOTE) {
        this.#at = at + 1;
        return;
      }
      if (c < 0x20) throw new NotCanonical('a raw control character', at);
      if (c === BACKSLASH) {
        const length = escapeBytes(b, at, this.#end);
        if (length === 0) throw new NotCanonical('an escape that is not canonical', at);
        at += length - 1;
        this.#plain = false;
      } else if (c >= 0x80) this.#plain = false;
    }
    throw new NotCanonical('cut short', at);
  }

  #number(b: Uint8Array): void {
    const from = this.#at;
    let at = from;
    let dots = 0;
    let simple = true;
    for (; at < this.#end; at++) {
      const c = b[at] as number;
      if (c >= 0x30 && c <= 0x39) continue;
      if (c === 0x2e) dots++;
      else if (c === 0x65 || c === 0x2b || (c === 0x2d && at !== from)) simple = false;
      else if (c !== 0x2d) break;
    }
    this.#at = at;
    const digits = from + (b[from] === 0x2d ? 1 : 0);
    // 0.000001 is the smallest decimal that is not written with an exponent; shorter fractions need no conversion.
    const length = at - digits - dots;
    if (simple && dots <= 1 && length > 0 && length <= SAFE_DIGITS && shortDecimal(b, from, digits, at, dots))
      return;
    const text = Buffer.from(b.buffer, b.byteOffset + from, at - from).toString('latin1');
    const value = Number(text);
    if (!Number.isFinite(value) || String(value) !== text)
      throw new NotCanonical('a number that is not in canonical form', from);
  }
}

function bytesBefore(b: Uint8Array, aFrom: number, aTo: number, from: number, to: number): boolean {
  const shared = Math.min(aTo - aFrom, to - from);
  for (let i = 0; i < shared; i++) {
    const d = (b[aFrom + i] as number) - (b[from + i] as number);
    if (d !== 0) return d < 0;
  }
  return aTo - aFrom < to - from;
}

function textBefore(b: Uint8Array, aFrom: number, aTo: number, from: number, to: number): boolean {
  return decoded(b, aFrom, aTo) < decoded(b, from, to);
}

function decoded(b: Uint8Array, from: number, to: number): string {
  return JSON.parse(Buffer.from(b.buffer, b.byteOffset + from - 1, to - from + 2).toString('utf8')) as string;
}

function equalBytes(name: Uint8Array, b: Uint8Array, from: number, to: number): boolean {
  if (to - from !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (name[i] !== b[from + i]) return false;
  return true;
}
