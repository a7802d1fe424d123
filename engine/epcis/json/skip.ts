// Passes over one value of which nothing is kept, however long it is: byte after byte through a machine whose memory is its
// open levels. It checks what the parser checks but repeated names, which would have to be kept for that.

import { JsonFault } from './parse.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Where the machine is. Within numbers, the names of RFC 8259 §6. */
type State =
  | 'value'
  | 'item-or-end'
  | 'name'
  | 'name-or-end'
  | 'colon'
  | 'after'
  | 'text'
  | 'escape'
  | 'hex'
  | 'word'
  | 'minus'
  | 'zero'
  | 'int'
  | 'dot'
  | 'frac'
  | 'e'
  | 'sign'
  | 'exp';

const NUMBER_ENDS: ReadonlySet<State> = new Set<State>(['zero', 'int', 'frac', 'exp']);

export class Skip {
  readonly #maxDepth: number;
  readonly #maxText: number;
  /** Levels outside of the value. */
  readonly #outer: number;
  /** Opening brackets, outermost first. */
  readonly #open: number[] = [];
  #state: State = 'value';
  /** The text that is being read is the name of a member. */
  #isName = false;
  /** UTF-16 code units of that text, or characters of that number. */
  #length = 0;
  /** Continuation bytes that a character still needs, and the bounds of the next one (Unicode, table 3-7). */
  #needs = 0;
  #low = 0x80;
  #high = 0xbf;
  /** Digits of an escape that still come, and what they make so far. */
  #digits = 0;
  #unit = 0;
  /** The last escape was the first half of a pair. */
  #half = false;
  #word = '';

  /** @param depth level on which the value lies, 1 = the root */
  constructor(depth: number, maxDepth: number, maxText: number) {
    this.#outer = depth - 1;
    this.#maxDepth = maxDepth;
    this.#maxText = maxText;
  }

  /** Takes bytes from `from` on. @returns the place behind the value, -1 while it goes on. @throws JsonFault */
  run(bytes: Uint8Array, from: number): number {
    for (let at = from; at < bytes.length; ) {
      const byte = bytes[at] as number;
      if (NUMBER_ENDS.has(this.#state) && !isOfNumber(byte)) {
        this.#ended();
        if (this.#open.length === 0) return at;
        continue;
      }
      if (this.#state === 'text') this.#text(byte, at);
      else this.#step(byte, at);
      at++;
      if (this.#state === 'after' && this.#open.length === 0) return at;
    }
    return -1;
  }

  #step(byte: number, at: number): void {
    switch (this.#state) {
      case 'escape':
        this.#escape(byte, at);
        return;
      case 'hex':
        this.#hex(byte, at);
        return;
      case 'word':
        if (byte !== this.#word.charCodeAt(0)) throw new JsonFault(at, 'not a JSON value');
        this.#word = this.#word.slice(1);
        if (this.#word === '') this.#ended();
        return;
      case 'value':
      case 'item-or-end':
      case 'name':
      case 'name-or-end':
      case 'colon':
      case 'after':
        if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) this.#between(byte, at);
        return;
      default:
        this.#number(byte, at);
    }
  }

  /** A byte outside of texts, numbers and words. */
  #between(byte: number, at: number): void {
    const open = this.#open.at(-1);
    const mayEnd = this.#state === 'after' || this.#state === 'item-or-end' || this.#state === 'name-or-end';
    if (mayEnd && open !== undefined && byte === open + 2) {
      this.#open.pop();
      this.#ended();
    } else if (this.#state === 'after') {
      if (byte !== 0x2c) throw new JsonFault(at, 'neither comma nor end behind a value');
      this.#state = open === 0x7b ? 'name' : 'value';
    } else if (this.#state === 'colon') {
      if (byte !== 0x3a) throw new JsonFault(at, 'no colon behind the name of a member');
      this.#state = 'value';
    } else if (this.#state === 'name' || this.#state === 'name-or-end') {
      if (byte !== QUOTE) throw new JsonFault(at, 'a member needs a name in quotes');
      this.#begin('text', true);
    } else this.#value(byte, at);
  }

  #value(byte: number, at: number): void {
    if (byte === QUOTE) this.#begin('text', false);
    else if (byte === 0x7b || byte === 0x5b) {
      if (this.#outer + this.#open.length >= this.#maxDepth)
        throw new JsonFault(at, `more than ${this.#maxDepth} levels`);
      this.#open.push(byte);
      this.#state = byte === 0x7b ? 'name-or-end' : 'item-or-end';
    } else if (byte === 0x2d) this.#begin('minus', false);
    else if (byte === 0x30) this.#begin('zero', false);
    else if (byte > 0x30 && byte <= 0x39) this.#begin('int', false);
    else {
      const word = ['true', 'false', 'null'].find((each) => each.charCodeAt(0) === byte);
      if (word === undefined) throw new JsonFault(at, 'not a JSON value');
      this.#word = word.slice(1);
      this.#state = 'word';
    }
  }

  #begin(state: State, isName: boolean): void {
    this.#state = state;
    this.#isName = isName;
    this.#length = 0;
  }

  /** A value is over. */
  #ended(): void {
    this.#state = 'after';
  }

  #count(at: number): void {
    this.#length++;
    if (this.#length > this.#maxText)
      throw new JsonFault(at, `a string of more than ${this.#maxText} characters`);
  }

  #text(byte: number, at: number): void {
    if (this.#needs > 0) {
      if (byte < this.#low || byte > this.#high) throw new JsonFault(at, 'a string is not UTF-8');
      this.#needs--;
      this.#low = 0x80;
      this.#high = 0xbf;
      return;
    }
    // Only another escape can be the second half.
    if (this.#half && byte !== BACKSLASH) throw new JsonFault(at, 'half of a surrogate pair');
    if (byte === QUOTE) {
      this.#state = this.#isName ? 'colon' : 'after';
      return;
    }
    if (byte < 0x20) throw new JsonFault(at, 'a control character within a string');
    this.#count(at);
    if (byte === BACKSLASH) this.#state = 'escape';
    else if (byte >= 0x80) this.#lead(byte, at);
  }

  #lead(byte: number, at: number): void {
    if (byte < 0xc2 || byte > 0xf4) throw new JsonFault(at, 'a string is not UTF-8');
    this.#needs = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    if (byte === 0xe0) this.#low = 0xa0;
    else if (byte === 0xed) this.#high = 0x9f;
    else if (byte === 0xf0) this.#low = 0x90;
    else if (byte === 0xf4) this.#high = 0x8f;
    if (this.#needs === 3) this.#count(at);
  }

  #escape(byte: number, at: number): void {
    if (byte === 0x75) {
      this.#state = 'hex';
      this.#digits = 4;
      this.#unit = 0;
      return;
    }
    if (this.#half) throw new JsonFault(at, 'half of a surrogate pair');
    if (!'"\\/bfnrt'.includes(String.fromCharCode(byte)))
      throw new JsonFault(at, 'an escape that JSON does not know');
    this.#state = 'text';
  }

  #hex(byte: number, at: number): void {
    const digit = Number.parseInt(String.fromCharCode(byte), 16);
    if (Number.isNaN(digit)) throw new JsonFault(at, 'an escape that JSON does not know');
    this.#unit = this.#unit * 16 + digit;
    this.#digits--;
    if (this.#digits > 0) return;
    const isSecond = this.#unit >= 0xdc00 && this.#unit <= 0xdfff;
    if (isSecond !== this.#half) throw new JsonFault(at, 'half of a surrogate pair');
    this.#half = this.#unit >= 0xd800 && this.#unit <= 0xdbff;
    this.#state = 'text';
  }

  #number(byte: number, at: number): void {
    const digit = byte >= 0x30 && byte <= 0x39;
    const isE = (byte | 0x20) === 0x65;
    const next = NEXT[this.#state]?.(byte, digit, isE);
    if (next === undefined) throw new JsonFault(at, 'not a number of JSON');
    this.#count(at);
    this.#state = next;
  }
}

type Next = (byte: number, digit: boolean, isE: boolean) => State | undefined;

const NEXT: Readonly<Partial<Record<State, Next>>> = {
  minus: (byte, digit) => (byte === 0x30 ? 'zero' : digit ? 'int' : undefined),
  zero: (byte, _, isE) => (byte === 0x2e ? 'dot' : isE ? 'e' : undefined),
  int: (byte, digit, isE) => (digit ? 'int' : byte === 0x2e ? 'dot' : isE ? 'e' : undefined),
  dot: (_, digit) => (digit ? 'frac' : undefined),
  frac: (_, digit, isE) => (digit ? 'frac' : isE ? 'e' : undefined),
  e: (byte, digit) => (byte === 0x2b || byte === 0x2d ? 'sign' : digit ? 'exp' : undefined),
  sign: (_, digit) => (digit ? 'exp' : undefined),
  exp: (_, digit) => (digit ? 'exp' : undefined),
};

/** Digits, `.`, `+`, `-`, `e` and `E`. */
function isOfNumber(byte: number): boolean {
  const digit = byte >= 0x30 && byte <= 0x39;
  return digit || byte === 0x2e || byte === 0x2b || byte === 0x2d || (byte | 0x20) === 0x65;
}
