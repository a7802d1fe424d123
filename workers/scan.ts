// The grammar of JSON (RFC 8259) and nothing else: is this one JSON text, and where are the children of its root? Works
// on bytes that are known to be well-formed UTF-8, never recurses, reads each byte once, and needs no memory that grows
// with anything but nesting and children. Meaning (duplicates, surrogates, depth, types) is judged by others.
//
// The offset of a syntax fault is the length of the longest beginning that could still be continued to a JSON text:
// the first byte that cannot stand where it stands, or the end of a text that breaks off.

import {
  BACKSLASH,
  COLON,
  COMMA,
  DIGIT_0,
  DOT,
  hexDigit,
  isDigit,
  LEFT_BRACE,
  LEFT_BRACKET,
  MINUS,
  PLUS,
  QUOTE,
  skipSpace,
} from './ascii.ts';

/** What kind of value stands somewhere. */
export const KIND = { object: 1, array: 2, string: 3, number: 4, true: 5, false: 6, null: 7 } as const;

/** Mask of the kind in a tape's last word, and the flags beside it. */
export const KIND_MASK = 7;
/** The value is a string with a backslash in it. */
export const VALUE_ESCAPED = 8;
/** The member's name has a backslash in it. */
export const NAME_ESCAPED = 16;

/** Words of one child on the tape. A name runs between its quotes; a value includes its quotes or brackets. */
export const CHILD = { nameStart: 0, nameEnd: 1, valueStart: 2, valueEnd: 3, kind: 4, words: 5 } as const;

const ESCAPE_U = 0x75;

/** One scan and its findings; made once, used again and again. The public members hold until the next `run`. */
export class Scan {
  /** Offset of the syntax fault, -1 when the text is JSON. */
  fault = -1;
  /** KIND of the root value. */
  kind = 0;
  /** Offset of the first bracket that opens a level past the bound, -1 when there is none. The root is level 1. */
  deep = -1;
  /** Children of the root: elements of an array, members of an object. */
  count = 0;
  /** CHILD.words words for each child; names only for members. Grows, so read it anew after each run. */
  tape: Int32Array = new Int32Array(CHILD.words * 64);
  #open: Uint8Array = new Uint8Array(256);
  #nameStart = 0;
  #nameEnd = 0;
  #nameEscaped = 0;

  /** Scans [start, end) of `bytes`. True when it is one JSON text, white space around it allowed. */
  run(bytes: Uint8Array, start: number, end: number, maxLevel: number): boolean {
    this.fault = -1;
    this.deep = -1;
    this.count = 0;
    let level = 0;
    let at = start;
    for (;;) {
      // A value must begin here.
      at = skipSpace(bytes, at, end);
      if (at === end) return this.#refuse(end);
      if (level === 1) this.#begin(at);
      const first = bytes[at] as number;
      let kind: number = KIND.string;
      if (first === LEFT_BRACE || first === LEFT_BRACKET) {
        level++;
        if (level > maxLevel && this.deep < 0) this.deep = at;
        this.#push(level, first);
        at = skipSpace(bytes, at + 1, end);
        if (at === end || bytes[at] !== first + 2) {
          if (first === LEFT_BRACE) at = this.#name(bytes, at, end);
          if (at < 0) return this.#refuse(~at);
          continue;
        }
        kind = first === LEFT_BRACE ? KIND.object : KIND.array;
        level--;
        at++;
      } else if (first === QUOTE) {
        at = plainEnd(bytes, at + 1, end);
        if (at < end && bytes[at] === QUOTE) at++;
        else {
          kind |= VALUE_ESCAPED;
          at = stringEnd(bytes, at, end);
        }
      } else {
        kind = literalKind(first);
        at = kind === KIND.number ? numberEnd(bytes, at, end) : wordEnd(bytes, at, end, kind);
      }
      if (at < 0) return this.#refuse(~at);

      // A value has ended here; close every container that ends with it.
      for (;;) {
        if (level === 0) {
          this.kind = kind & KIND_MASK;
          at = skipSpace(bytes, at, end);
          return at === end || this.#refuse(at);
        }
        if (level === 1) this.#finish(at, kind);
        at = skipSpace(bytes, at, end);
        if (at === end) return this.#refuse(end);
        const opened = this.#open[level] as number;
        const byte = bytes[at] as number;
        if (byte === COMMA) {
          at++;
          if (opened === LEFT_BRACE) at = this.#name(bytes, skipSpace(bytes, at, end), end);
          if (at < 0) return this.#refuse(~at);
          break;
        }
        if (byte !== opened + 2) return this.#refuse(at);
        at++;
        level--;
        kind = opened === LEFT_BRACE ? KIND.object : KIND.array;
      }
    }
  }

  #refuse(offset: number): false {
    this.fault = offset;
    return false;
  }

  /** Notes what opened a level. Both closing brackets are their opening ones + 2. */
  #push(level: number, opened: number): void {
    if (level >= this.#open.length) {
      const grown = new Uint8Array(this.#open.length * 2);
      grown.set(this.#open);
      this.#open = grown;
    }
    this.#open[level] = opened;
  }

  /** A member's name and its colon. @returns the position after the colon, or ~offset of a fault. */
  #name(bytes: Uint8Array, start: number, end: number): number {
    if (start === end || bytes[start] !== QUOTE) return ~start;
    let at = plainEnd(bytes, start + 1, end);
    this.#nameEscaped = 0;
    if (at < end && bytes[at] === QUOTE) at++;
    else {
      this.#nameEscaped = NAME_ESCAPED;
      at = stringEnd(bytes, at, end);
      if (at < 0) return at;
    }
    this.#nameStart = start + 1;
    this.#nameEnd = at - 1;
    at = skipSpace(bytes, at, end);
    return at < end && bytes[at] === COLON ? at + 1 : ~at;
  }

  /** A child of the root begins; in an object the name noted last is its own. */
  #begin(start: number): void {
    const at = this.count * CHILD.words;
    if (at === this.tape.length) {
      const grown = new Int32Array(this.tape.length * 2);
      grown.set(this.tape);
      this.tape = grown;
    }
    this.tape[at + CHILD.nameStart] = this.#nameStart;
    this.tape[at + CHILD.nameEnd] = this.#nameEnd;
    this.tape[at + CHILD.valueStart] = start;
    this.tape[at + CHILD.kind] = this.#nameEscaped;
  }

  /** The child that was begun last has ended. */
  #finish(end: number, kind: number): void {
    const at = this.count * CHILD.words;
    this.tape[at + CHILD.valueEnd] = end;
    this.tape[at + CHILD.kind] = (this.tape[at + CHILD.kind] as number) | kind;
    this.count++;
  }
}

/** First position that a run of plain string characters does not cover: a quote, backslash, control character, or end. */
function plainEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const byte = bytes[at] as number;
    if (byte === QUOTE || byte === BACKSLASH || byte < 0x20) break;
    at++;
  }
  return at;
}

/** The rest of a string literal from anywhere inside. @returns the position after its quote, or ~offset of a fault. */
function stringEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  for (;;) {
    at = plainEnd(bytes, at, end);
    if (at === end) return ~end;
    const byte = bytes[at] as number;
    if (byte === QUOTE) return at + 1;
    if (byte !== BACKSLASH) return ~at;
    at++;
    if (at === end) return ~end;
    const letter = bytes[at] as number;
    if (!isEscape(letter)) return ~at;
    at++;
    if (letter !== ESCAPE_U) continue;
    for (let i = 0; i < 4; i++, at++) {
      if (at === end || hexDigit(bytes[at] as number) < 0) return ~at;
    }
  }
}

/** Bytes that may follow a backslash: `"` `\` `/` b f n r t u. */
function isEscape(byte: number): boolean {
  switch (byte) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
    case ESCAPE_U:
      return true;
    default:
      return false;
  }
}

/** KIND of a value that begins with this byte and is no string or container; 0 when no value begins so. */
function literalKind(byte: number): number {
  if (byte === MINUS || isDigit(byte)) return KIND.number;
  if (byte === 0x74) return KIND.true;
  if (byte === 0x66) return KIND.false;
  return byte === 0x6e ? KIND.null : 0;
}

const WORDS: readonly Uint8Array[] = ['true', 'false', 'null'].map((word) => new TextEncoder().encode(word));

/** @returns the position after `true`, `false` or `null`, or ~offset of a fault. */
function wordEnd(bytes: Uint8Array, start: number, end: number, kind: number): number {
  if (kind === 0) return ~start;
  const word = WORDS[kind - KIND.true] as Uint8Array;
  for (let i = 1; i < word.length; i++) {
    if (start + i === end || bytes[start + i] !== word[i]) return ~(start + i);
  }
  return start + word.length;
}

/** A number by RFC 8259 §6. @returns the position after it, or ~offset of a fault. */
function numberEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  if (bytes[at] === MINUS) at++;
  if (at < end && bytes[at] === DIGIT_0) at++;
  else at = digitsEnd(bytes, at, end);
  if (at >= 0 && at < end && bytes[at] === DOT) at = digitsEnd(bytes, at + 1, end);
  if (at < 0 || at === end || ((bytes[at] as number) | 0x20) !== 0x65) return at;
  at++;
  if (at < end && (bytes[at] === PLUS || bytes[at] === MINUS)) at++;
  return digitsEnd(bytes, at, end);
}

/** At least one digit. @returns the position after the digits, or ~offset of a fault. */
function digitsEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isDigit(bytes[at] as number)) at++;
  return at > start ? at : ~at;
}
