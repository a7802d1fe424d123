// Timestamps of records (FORMAT.md §2): a narrow RFC 3339, UTC only, in integer arithmetic. The sender's characters are
// kept; the instant is only for partitions and for the earliest and latest of a batch.
//
//   YYYY-MM-DDTHH:MM:SS[.d{1,9}](Z|+00:00)
//   0    5  8  11 14 17 19

import { codeNumber } from '../engine/codes.ts';
import { COLON, DIGIT_0, DOT, isDigit, MINUS, PLUS } from './ascii.ts';

const SYNTAX = codeNumber('timestamp.syntax');
const NOT_UTC = codeNumber('timestamp.not-utc');
const CALENDAR = codeNumber('timestamp.calendar');
const RANGE = codeNumber('field.range');

const T = 0x54;
const Z = 0x5a;
const SECONDS_END = 19;
const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/** A moment. Filled by `readTimestamp`, so that none is made per record. */
export interface Instant {
  /** Whole seconds since 1970-01-01T00:00:00Z. */
  seconds: number;
  /** 0–999,999,999. */
  nanos: number;
}

/**
 * Reads the characters [start, end) into `instant`.
 * @returns 0, or the code of the fault: `timestamp.syntax` for another shape; with the right shape `timestamp.not-utc`
 *   for no offset or another than `Z` and `+00:00`, then `timestamp.calendar` for a moment that does not exist, then
 *   `field.range` for a year before 1970.
 */
export function readTimestamp(bytes: Uint8Array, start: number, end: number, instant: Instant): number {
  if (end - start < SECONDS_END || !hasShape(bytes, start)) return SYNTAX;
  let at = start + SECONDS_END;
  let nanos = 0;
  if (at < end && bytes[at] === DOT) {
    const first = at + 1;
    let unit = 100_000_000;
    for (at = first; at < end && isDigit(bytes[at] as number); at++, unit /= 10) {
      if (at - first === 9) return SYNTAX;
      nanos += ((bytes[at] as number) - DIGIT_0) * unit;
    }
    if (at === first) return SYNTAX;
  }
  const offset = offsetFault(bytes, at, end);
  if (offset !== 0) return offset;

  const year = number(bytes, start, 4);
  const month = number(bytes, start + 5, 2);
  const day = number(bytes, start + 8, 2);
  const hour = number(bytes, start + 11, 2);
  const minute = number(bytes, start + 14, 2);
  const second = number(bytes, start + 17, 2);
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return CALENDAR;
  if (hour > 23 || minute > 59 || second > 59) return CALENDAR;
  if (year < 1970) return RANGE;
  instant.seconds = ((daysSince1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
  instant.nanos = nanos;
  return 0;
}

/** True when the 19 characters at `start` are `dddd-dd-ddTdd:dd:dd`. */
function hasShape(bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < SECONDS_END; i++) {
    const byte = bytes[start + i] as number;
    if (i === 4 || i === 7) {
      if (byte !== MINUS) return false;
    } else if (i === 10) {
      if (byte !== T) return false;
    } else if (i === 13 || i === 16) {
      if (byte !== COLON) return false;
    } else if (!isDigit(byte)) return false;
  }
  return true;
}

/** 0 for `Z` and `+00:00`; not-utc for nothing and for `+dd:dd`, `-dd:dd` (RFC 3339 §4.3: -00:00 is "unknown"). */
function offsetFault(bytes: Uint8Array, at: number, end: number): number {
  if (at === end) return NOT_UTC;
  const sign = bytes[at] as number;
  if (sign === Z) return at + 1 === end ? 0 : SYNTAX;
  if ((sign !== PLUS && sign !== MINUS) || at + 6 !== end || bytes[at + 3] !== COLON) return SYNTAX;
  for (const i of [1, 2, 4, 5]) {
    if (!isDigit(bytes[at + i] as number)) return SYNTAX;
  }
  return sign === PLUS && number(bytes, at + 1, 2) === 0 && number(bytes, at + 4, 2) === 0 ? 0 : NOT_UTC;
}

function number(bytes: Uint8Array, at: number, digits: number): number {
  let value = 0;
  for (let i = 0; i < digits; i++) value = value * 10 + (bytes[at + i] as number) - DIGIT_0;
  return value;
}

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days from 1970-01-01 to a day of the Gregorian calendar in 1970–9999. */
function daysSince1970(year: number, month: number, day: number): number {
  const before = year - 1;
  const leapDays = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400);
  const leapDaysTo1970 = 477;
  const thisYear = (DAYS_BEFORE_MONTH[month - 1] as number) + (month > 2 && isLeapYear(year) ? 1 : 0);
  return (year - 1970) * 365 + leapDays - leapDaysTo1970 + thisYear + day - 1;
}
