// What is wrong inside a nested value whose syntax and depth are good: a member name that its object has already, a
// surrogate without its partner. Names are compared as decoded (FORMAT.md §2).

import { BACKSLASH, COMMA, LEFT_BRACE, LEFT_BRACKET, QUOTE, RIGHT_BRACE, RIGHT_BRACKET } from './ascii.ts';
import { decodeString, firstLoneSurrogate } from './strings.ts';

/** What `inspect` found: offsets, -1 where there is nothing. */
export interface Inspection {
  /** The opening quote of the first name, in order of the text, that repeats one of its object. */
  duplicate: number;
  /** The backslash of the first lone surrogate, in a name or a value. */
  loneSurrogate: number;
}

/** Looks through the value in [start, end) and fills `found`. */
export function inspect(bytes: Uint8Array, start: number, end: number, found: Inspection): void {
  found.duplicate = -1;
  found.loneSurrogate = -1;
  /** The names so far of each open object; null for an open array. */
  const open: (Set<string> | null)[] = [];
  let nameNext = false;
  let at = start;
  while (at < end) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) {
      const close = closingQuote(bytes, at + 1);
      if (found.loneSurrogate < 0) found.loneSurrogate = firstLoneSurrogate(bytes, at + 1, close);
      const names = open.at(-1);
      if (nameNext && names && found.duplicate < 0) {
        const before = names.size;
        names.add(decodeString(bytes, at + 1, close));
        if (names.size === before) found.duplicate = at;
      }
      nameNext = false;
      at = close;
    } else if (byte === LEFT_BRACE || byte === LEFT_BRACKET) {
      open.push(byte === LEFT_BRACE ? new Set() : null);
      nameNext = byte === LEFT_BRACE;
    } else if (byte === RIGHT_BRACE || byte === RIGHT_BRACKET) {
      open.pop();
    } else if (byte === COMMA) {
      // A comma in an array leads to a value; `open.at(-1)` is null there, so a string that follows is no name.
      nameNext = true;
    }
    at++;
  }
}

/** Position of the quote that closes a string literal with good syntax, from a position inside it. */
export function closingQuote(bytes: Uint8Array, inside: number): number {
  let at = inside;
  while (bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}
