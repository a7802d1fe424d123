import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codeName } from '../../engine/codes.ts';
import { type Instant, readTimestamp } from '../../workers/timestamp.ts';

function read(text: string): Instant | string {
  const instant = { seconds: -1, nanos: -1 };
  const bytes = Buffer.from(`<${text}>`);
  const code = readTimestamp(bytes, 1, bytes.length - 1, instant);
  return code === 0 ? instant : codeName(code);
}

describe('timestamp', () => {
  test('timestamp: agrees with Date on every moment of 1970–9999', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), fc.nat({ max: 999 }), (seconds, ms) => {
        const text = new Date(seconds * 1000 + ms).toISOString();
        expect(read(text)).toEqual({ seconds, nanos: ms * 1_000_000 });
      }),
    );
  });

  test('timestamp: agrees with Date about every day of the calendar', () => {
    for (const year of [1970, 1972, 1999, 2000, 2023, 2024, 2100, 2400, 9999]) {
      for (let month = 1; month <= 12; month++) {
        for (let day = 1; day <= 31; day++) {
          const date = [year, month, day].map((part) => String(part).padStart(2, '0')).join('-');
          const ms = Date.UTC(year, month - 1, day);
          const exists = new Date(ms).getUTCDate() === day;
          const wanted = exists ? { seconds: ms / 1000, nanos: 0 } : 'timestamp.calendar';
          expect(read(`${date}T00:00:00Z`), date).toEqual(wanted);
        }
      }
    }
  });

  test.each([
    ['2026-01-31T23:59:58Z', 0],
    ['2026-01-31T23:59:58.1Z', 100_000_000],
    ['2026-01-31T23:59:58.000000001Z', 1],
    ['2026-01-31T23:59:58.123456789+00:00', 123_456_789],
  ])('timestamp: %s is a moment', (text, nanos) => {
    expect(read(text)).toEqual({ seconds: Date.UTC(2026, 0, 31, 23, 59, 58) / 1000, nanos });
  });

  test.each([
    ['', 'timestamp.syntax'],
    ['2026-01-31', 'timestamp.syntax'],
    ['2026-01-31 23:59:58Z', 'timestamp.syntax'],
    ['2026-01-31t23:59:58Z', 'timestamp.syntax'],
    ['2026-01-31T23:59:58z', 'timestamp.syntax'],
    ['2026-01-31T23:59:58.Z', 'timestamp.syntax'],
    ['2026-01-31T23:59:58,5Z', 'timestamp.syntax'],
    ['2026-01-31T23:59:58.1234567890Z', 'timestamp.syntax'],
    ['2026-1-31T23:59:58Z', 'timestamp.syntax'],
    ['2026-01-31T23:59Z', 'timestamp.syntax'],
    ['+002026-01-31T23:59:58Z', 'timestamp.syntax'],
    ['2026-01-31T23:59:58ZZ', 'timestamp.syntax'],
    ['2026-01-31T23:59:58Z ', 'timestamp.syntax'],
    ['2026-01-31T23:59:58+0000', 'timestamp.syntax'],
    ['2026-01-31T23:59:58+00', 'timestamp.syntax'],
    ['2026-01-31T23:59:58+0a:00', 'timestamp.syntax'],
    ['2026-13-99T99:99:99+00;00', 'timestamp.syntax'],
    ['2026-01-31T23:59:58', 'timestamp.not-utc'],
    ['2026-01-31T23:59:58.5', 'timestamp.not-utc'],
    ['2026-01-31T23:59:58+01:00', 'timestamp.not-utc'],
    ['2026-01-31T23:59:58+00:01', 'timestamp.not-utc'],
    ['2026-01-31T23:59:58-00:00', 'timestamp.not-utc'],
    ['1969-13-31T23:59:58+02:00', 'timestamp.not-utc'],
    ['2026-13-01T00:00:00Z', 'timestamp.calendar'],
    ['2026-00-01T00:00:00Z', 'timestamp.calendar'],
    ['2026-01-00T00:00:00Z', 'timestamp.calendar'],
    ['2026-02-30T00:00:00Z', 'timestamp.calendar'],
    ['2026-02-29T00:00:00Z', 'timestamp.calendar'],
    ['2100-02-29T00:00:00Z', 'timestamp.calendar'],
    ['2026-01-01T24:00:00Z', 'timestamp.calendar'],
    ['2026-01-01T00:60:00Z', 'timestamp.calendar'],
    ['2016-12-31T23:59:60Z', 'timestamp.calendar'],
    ['1969-02-30T00:00:00Z', 'timestamp.calendar'],
    ['1969-12-31T23:59:59Z', 'field.range'],
    ['0000-02-29T00:00:00Z', 'field.range'],
  ])('timestamp: %j is %s', (text, code) => {
    expect(read(text)).toBe(code);
  });
});
