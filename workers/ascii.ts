// The bytes that the grammar of JSON (RFC 8259) is made of.

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const QUOTE = 0x22;
export const PLUS = 0x2b;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
export const DOT = 0x2e;
export const DIGIT_0 = 0x30;
export const DIGIT_9 = 0x39;
export const COLON = 0x3a;
export const LEFT_BRACKET = 0x5b;
export const BACKSLASH = 0x5c;
export const RIGHT_BRACKET = 0x5d;
export const LEFT_BRACE = 0x7b;
export const RIGHT_BRACE = 0x7d;
export const DELETE = 0x7f;

/** White space of JSON (RFC 8259 §2): space, tab, LF, CR. */
export function isSpace(byte: number): boolean {
  return byte === SPACE || byte === LF || byte === CR || byte === TAB;
}

/** First position in [at, end) that holds no JSON white space; `end` when there is none. */
export function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  let p = at;
  while (p < end && isSpace(bytes[p] as number)) p++;
  return p;
}

/** One past the last position in [start, end) that holds no JSON white space; `start` when there is none. */
export function trimEnd(bytes: Uint8Array, start: number, end: number): number {
  let p = end;
  while (p > start && isSpace(bytes[p - 1] as number)) p--;
  return p;
}

/** True for 0–9. */
export function isDigit(byte: number): boolean {
  return byte >= DIGIT_0 && byte <= DIGIT_9;
}

/** Value 0–15 of a hex digit in either case, -1 for any other byte. */
export function hexDigit(byte: number): number {
  if (isDigit(byte)) return byte - DIGIT_0;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
