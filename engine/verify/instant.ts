// Time stamps as bytes: shape and order of RFC 3339 moments in UTC, as they stand in a line, without making a Date.

function digit(b: Uint8Array, at: number): number {
  const d = (b[at] as number) - 0x30;
  return d >= 0 && d <= 9 ? d : -1;
}

function two(b: Uint8Array, at: number): number {
  const high = digit(b, at);
  const low = digit(b, at + 1);
  return high < 0 || low < 0 ? 99 : high * 10 + low;
}

/**
 * Whether `b[from .. to)` is `YYYY-MM-DDTHH:MM:SS`, 0–9 fraction digits, then `Z` or `+00:00` (FORMAT.md §2). The day
 * itself is not checked: the caller compares it with a partition that exists.
 */
export function isInstant(b: Uint8Array, from: number, to: number): boolean {
  if (to - from < 20 || to - from > 35) return false;
  for (let i = 0; i < 4; i++) if (digit(b, from + i) < 0) return false;
  if (b[from + 4] !== 0x2d || b[from + 7] !== 0x2d || b[from + 10] !== 0x54) return false;
  if (b[from + 13] !== 0x3a || b[from + 16] !== 0x3a || two(b, from + 5) > 12 || two(b, from + 8) > 31)
    return false;
  if (two(b, from + 11) > 23 || two(b, from + 14) > 59 || two(b, from + 17) > 59) return false;
  let at = from + 19;
  if (b[at] === 0x2e) {
    const first = ++at;
    while (at < to && digit(b, at) >= 0) at++;
    if (at === first || at - first > 9) return false;
  }
  if (to - at === 1) return b[at] === 0x5a;
  return (
    to - at === 6 && b[at] === 0x2b && two(b, at + 1) === 0 && b[at + 3] === 0x3a && two(b, at + 4) === 0
  );
}

/** Negative, 0 or positive as the instant at `a` is before, equal to or after the one at `c`. Both are instants. */
export function compareInstants(b: Uint8Array, a: number, c: number): number {
  for (let i = 0; i < 19; i++) {
    const d = (b[a + i] as number) - (b[c + i] as number);
    if (d !== 0) return d;
  }
  let i = a + (b[a + 19] === 0x2e ? 20 : 19);
  let j = c + (b[c + 19] === 0x2e ? 20 : 19);
  for (;;) {
    const x = digit(b, i);
    const y = digit(b, j);
    if (x < 0 && y < 0) return 0;
    const d = Math.max(x, 0) - Math.max(y, 0);
    if (d !== 0) return d;
    if (x >= 0) i++;
    if (y >= 0) j++;
  }
}

/** Whether `YYYY-MM-DD` is a day of the calendar, years 1970–9999. */
export function isDay(day: string): boolean {
  const ms = Date.parse(`${day}T00:00:00Z`);
  return /^\d{4}-\d\d-\d\d$/.test(day) && ms >= 0 && new Date(ms).toISOString().startsWith(day);
}
