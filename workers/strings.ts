// What a string literal says: its escapes (RFC 8259 §7) decoded, its lone surrogates found. Works on literals whose
// syntax and UTF-8 are known to be good; positions run between the quotes.

import { BACKSLASH, hexDigit, QUOTE } from './ascii.ts';

const ESCAPE_U = 0x75;

/** The UTF-16 code unit of the four hex digits at `at`. */
function codeUnit(bytes: Uint8Array, at: number): number {
  let unit = 0;
  for (let i = 0; i < 4; i++) unit = unit * 16 + hexDigit(bytes[at + i] as number);
  return unit;
}

/** The character behind a backslash that is not `u`. */
function shortEscape(byte: number): number {
  switch (byte) {
    case 0x62:
      return 0x08;
    case 0x66:
      return 0x0c;
    case 0x6e:
      return 0x0a;
    case 0x72:
      return 0x0d;
    case 0x74:
      return 0x09;
    default:
      return byte;
  }
}

function isHighSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xd800;
}

function isLowSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xdc00;
}

/** True when `\uDC00`–`\uDFFF` stands at `at`. */
function lowSurrogateAt(bytes: Uint8Array, at: number, end: number): boolean {
  return (
    at + 6 <= end &&
    bytes[at] === BACKSLASH &&
    bytes[at + 1] === ESCAPE_U &&
    isLowSurrogate(codeUnit(bytes, at + 2))
  );
}

/** Offset of the backslash of the first surrogate escape without its partner; -1 when there is none. */
export function firstLoneSurrogate(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    if (bytes[at] !== BACKSLASH) {
      at++;
    } else if (bytes[at + 1] !== ESCAPE_U) {
      at += 2;
    } else {
      const unit = codeUnit(bytes, at + 2);
      if (isLowSurrogate(unit)) return at;
      if (!isHighSurrogate(unit)) at += 6;
      else if (lowSurrogateAt(bytes, at + 6, end)) at += 12;
      else return at;
    }
  }
  return -1;
}

/** The text of a literal as a JavaScript string; lone surrogates stay what they are. */
export function decodeString(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  let plain = start;
  let at = start;
  while (at < end) {
    if (bytes[at] !== BACKSLASH) {
      at++;
      continue;
    }
    text += utf8Text(bytes, plain, at);
    const letter = bytes[at + 1] as number;
    if (letter === ESCAPE_U) {
      text += String.fromCharCode(codeUnit(bytes, at + 2));
      at += 6;
    } else {
      text += String.fromCharCode(shortEscape(letter));
      at += 2;
    }
    plain = at;
  }
  return text + utf8Text(bytes, plain, end);
}

/** Well-formed UTF-8 as a JavaScript string; a BOM is a character like any other. */
export function utf8Text(bytes: Uint8Array, start: number, end: number): string {
  if (start === end) return '';
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}

/**
 * Writes the text of a literal without lone surrogates as UTF-8 into `into` at `at`: never more bytes than the literal.
 * @returns the position after it.
 */
export function decodeInto(
  bytes: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  at: number,
): number {
  let to = at;
  let from = start;
  while (from < end) {
    const byte = bytes[from] as number;
    if (byte !== BACKSLASH) {
      into[to++] = byte;
      from++;
      continue;
    }
    const letter = bytes[from + 1] as number;
    if (letter !== ESCAPE_U) {
      into[to++] = shortEscape(letter);
      from += 2;
      continue;
    }
    let point = codeUnit(bytes, from + 2);
    from += 6;
    if (isHighSurrogate(point)) {
      point = 0x10000 + ((point & 0x3ff) << 10) + (codeUnit(bytes, from + 2) & 0x3ff);
      from += 6;
    }
    to = writeCodePoint(point, into, to);
  }
  return to;
}

/** One code point as UTF-8. @returns the position after it. */
function writeCodePoint(point: number, into: Uint8Array, at: number): number {
  let to = at;
  if (point < 0x80) {
    into[to++] = point;
    return to;
  }
  if (point < 0x800) {
    into[to++] = 0xc0 | (point >> 6);
  } else {
    if (point < 0x10000) into[to++] = 0xe0 | (point >> 12);
    else {
      into[to++] = 0xf0 | (point >> 18);
      into[to++] = 0x80 | ((point >> 12) & 0x3f);
    }
    into[to++] = 0x80 | ((point >> 6) & 0x3f);
  }
  into[to++] = 0x80 | (point & 0x3f);
  return to;
}

/**
 * Writes decoded text that holds no control character as a JCS string literal with its quotes (RFC 8785 §3.2.2.2: then
 * only the quote and the backslash are escaped). `bytes` and `into` may be the same array if the text lies before `at`.
 * @returns the position after it.
 */
export function writeLiteral(
  bytes: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  at: number,
): number {
  let to = at;
  into[to++] = QUOTE;
  for (let from = start; from < end; from++) {
    const byte = bytes[from] as number;
    if (byte === QUOTE || byte === BACKSLASH) into[to++] = BACKSLASH;
    into[to++] = byte;
  }
  into[to++] = QUOTE;
  return to;
}
