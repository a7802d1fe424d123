// Times of events: xsd:dateTimeStamp as EPCIS requires it (the zone is mandatory), to milliseconds of UTC in integers.
//
//   YYYY-MM-DDTHH:MM:SS[.d+](Z|±hh:mm)
//   0    5  8  11 14 17 19

const SYNTAX =
  /^[0-9]{4}-(?:1[0-2]|0[1-9])-(?:3[01]|0[1-9]|[12][0-9])T(?:2[0-3]|[01][0-9]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))$/;
const OFFSET = /^[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00)$/;

const SECONDS_END = 19;
const DIGIT_0 = 48;
const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
const DAY_MS = 86_400_000;
const DAYS_TO_1970 = 719_528;
/** 9999-12-31T23:59:59.999Z: four digits are all that a year has. */
const LAST_MS = 253_402_300_799_999;
const FIRST_MS = -DAYS_TO_1970 * DAY_MS;

function digits(text: string, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) value = value * 10 + text.charCodeAt(i) - DIGIT_0;
  return value;
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days from 0000-01-01, proleptic Gregorian. */
function dayNumber(year: number, month: number, day: number): number {
  const leaps =
    year === 0
      ? 0
      : Math.floor((year - 1) / 4) - Math.floor((year - 1) / 100) + Math.floor((year - 1) / 400) + 1;
  const leapDay = month > 2 && isLeap(year) ? 1 : 0;
  return year * 365 + leaps + (DAYS_BEFORE_MONTH[month - 1] as number) + leapDay + day - 1;
}

/**
 * Reads a date and time with its zone.
 * @returns milliseconds since 1970 UTC, the fourth digit of the second rounded half up with carry; null for another
 *   shape, a day that does not exist, and a moment outside of the years 0000 to 9999 of UTC
 */
export function readTime(text: string): number | null {
  if (!SYNTAX.test(text)) return null;
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 2);
  const day = digits(text, 8, 2);
  if (day > daysInMonth(year, month)) return null;
  let at = SECONDS_END;
  let millis = 0;
  if (text[at] === '.') {
    const first = at + 1;
    const end = text.length - (text.endsWith('Z') ? 1 : 6);
    for (let i = 0; i < 3; i++) millis = millis * 10 + (first + i < end ? digits(text, first + i, 1) : 0);
    if (first + 3 < end && digits(text, first + 3, 1) >= 5) millis++;
    at = end;
  }
  let offset = 0;
  if (text[at] !== 'Z') {
    const minutes = digits(text, at + 1, 2) * 60 + digits(text, at + 4, 2);
    offset = text[at] === '-' ? -minutes : minutes;
  }
  const seconds = digits(text, 11, 2) * 3600 + digits(text, 14, 2) * 60 + digits(text, 17, 2);
  const days = dayNumber(year, month, day) - DAYS_TO_1970;
  const ms = days * DAY_MS + (seconds - offset * 60) * 1000 + millis;
  return ms < FIRST_MS || ms > LAST_MS ? null : ms;
}

/** A moment as canonical forms have it: `YYYY-MM-DDTHH:MM:SS.mmmZ`. */
export function writeTime(ms: number): string {
  return new Date(ms).toISOString();
}

const UTC_SECONDS = 20;
const UTC_MILLIS = 24;

/** Reads and writes: null for what `readTime` does not take. */
export function canonicalTime(text: string): string | null {
  const ms = readTime(text);
  if (ms === null) return null;
  // What is in UTC to the second or the millisecond, as nearly all times are, is written already: a Date costs much more.
  if (text.endsWith('Z')) {
    if (text.length === UTC_MILLIS) return text;
    if (text.length === UTC_SECONDS) return `${text.slice(0, SECONDS_END)}.000Z`;
  }
  return writeTime(ms);
}

/** True for an eventTimeZoneOffset: `+hh:mm` or `-hh:mm`, to 14:00. */
export function isZoneOffset(text: string): boolean {
  return OFFSET.test(text);
}
