// Numbers of a record's fields: the nearest double, and the three ways in which a literal is refused because the double
// does not say what the sender wrote (FORMAT.md §2).

import { codeNumber } from '../engine/codes.ts';
import { DIGIT_0, DIGIT_9, DOT, MINUS } from './ascii.ts';

const OVERFLOW = codeNumber('number.overflow');
const UNDERFLOW = codeNumber('number.underflow');
const PRECISION = codeNumber('number.precision');

/** Powers of ten that a double holds exactly and that divide fewer than 16 digits. */
const POWERS_OF_TEN = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
const EXACT_DIGITS = 15;

/**
 * The double nearest to the number literal [start, end), whose syntax is good; -0 comes out as 0.
 * An integer below 10^15 and a power of ten up to 10^15 are doubles without error, and IEEE 754 division rounds
 * correctly, so their quotient is the nearest double; every other literal goes through ECMAScript's own conversion.
 */
export function readNumber(bytes: Uint8Array, start: number, end: number): number {
  const negative = bytes[start] === MINUS;
  const first = negative ? start + 1 : start;
  let digits = 0;
  let point = -1;
  for (let at = first; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte >= DIGIT_0 && byte <= DIGIT_9) digits = digits * 10 + byte - DIGIT_0;
    else if (byte === DOT) point = at;
    else return convert(bytes, start, end);
  }
  if (end - first > EXACT_DIGITS) return convert(bytes, start, end);
  const value = point < 0 ? digits : digits / (POWERS_OF_TEN[end - 1 - point] as number);
  return negative && value !== 0 ? -value : value;
}

function convert(bytes: Uint8Array, start: number, end: number): number {
  const value = Number(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1'));
  return value === 0 ? 0 : value;
}

/**
 * What is wrong with the literal [start, end) that gave `value`: 0 for nothing, `number.overflow` (no double is near),
 * `number.underflow` (not zero, yet the double is), `number.precision` (integral and beyond ±(2^53-1), where doubles
 * skip integers).
 */
export function numberFault(bytes: Uint8Array, start: number, end: number, value: number): number {
  if (value === 0) return hasNonZeroDigit(bytes, start, end) ? UNDERFLOW : 0;
  if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) return OVERFLOW;
  // Every double from 2^53 on is integral.
  return value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER ? PRECISION : 0;
}

/** True when a digit other than 0 stands before the exponent. */
function hasNonZeroDigit(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte > DIGIT_0 && byte <= DIGIT_9) return true;
    if ((byte | 0x20) === 0x65) return false;
  }
  return false;
}
