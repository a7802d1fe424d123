// Times: shapes, the calendar, zones, the fourth digit.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalTime, isZoneOffset, readTime, writeTime } from '../../engine/epcis/time.ts';

describe('time', () => {
  test.each([
    ['2024-02-29T23:59:59Z', '2024-02-29T23:59:59.000Z'],
    ['2024-05-06T07:08:09+14:00', '2024-05-05T17:08:09.000Z'],
    ['2024-05-06T07:08:09-13:59', '2024-05-06T21:07:09.000Z'],
    ['2024-05-06T07:08:09.5-00:00', '2024-05-06T07:08:09.500Z'],
    ['2024-05-06T09:59:59.9995Z', '2024-05-06T10:00:00.000Z'],
    ['2024-05-06T09:59:59.99949999999999999999999Z', '2024-05-06T09:59:59.999Z'],
    ['2024-05-06T09:59:59.1425+02:00', '2024-05-06T07:59:59.143Z'],
    ['2024-05-06T09:59:59.1424999Z', '2024-05-06T09:59:59.142Z'],
    ['1969-12-31T23:59:59.9996Z', '1970-01-01T00:00:00.000Z'],
    ['2023-12-31T23:59:59.9999-01:00', '2024-01-01T01:00:00.000Z'],
    ['0000-02-29T00:00:00Z', '0000-02-29T00:00:00.000Z'],
    ['0099-03-01T00:00:00Z', '0099-03-01T00:00:00.000Z'],
  ])('time: %s is %s', (text, utc) => {
    expect(canonicalTime(text)).toBe(utc);
  });

  test.each([
    '',
    '2024-05-06',
    '2024-05-06T07:08:09',
    '2024-05-06T07:08Z',
    '2024-05-06 07:08:09Z',
    '2024-05-06T07:08:09z',
    '2024-05-06T07:08:09.Z',
    '2024-05-06T24:00:00Z',
    '2024-05-06T07:08:60Z',
    '2024-05-06T07:08:09+14:01',
    '2024-05-06T07:08:09+0200',
    '2023-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2024-04-31T00:00:00Z',
    '2024-13-01T00:00:00Z',
    '2024-00-01T00:00:00Z',
    '2024-01-00T00:00:00Z',
    '12024-01-01T00:00:00Z',
    '-2024-01-01T00:00:00Z',
    '9999-12-31T23:59:59.9995Z',
    '9999-12-31T23:59:59-01:00',
    '0000-01-01T00:00:00+01:00',
  ])('time: %s is none', (text) => {
    expect(canonicalTime(text)).toBeNull();
  });

  test('time: agrees with the language on every moment of the years it has', () => {
    const moment = fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 });
    fc.assert(
      fc.property(moment, (ms) => {
        expect(readTime(writeTime(ms))).toBe(ms);
      }),
      { numRuns: 2000 },
    );
  });

  test('time: one moment in any zone is one', () => {
    const moment = fc.integer({ min: 0, max: 4_000_000_000_000 });
    fc.assert(
      fc.property(moment, fc.integer({ min: -840, max: 840 }), (ms, minutes) => {
        const local = new Date(ms + minutes * 60_000).toISOString().slice(0, -1);
        const clock = new Date(Math.abs(minutes) * 60_000).toISOString().slice(11, 16);
        expect(readTime(`${local}${minutes < 0 ? '-' : '+'}${clock}`)).toBe(ms);
      }),
    );
  });

  test('time: zone offsets', () => {
    for (const text of ['+00:00', '-05:00', '+14:00', '-13:59']) expect(isZoneOffset(text)).toBe(true);
    for (const text of ['Z', '5:00', '+5:00', '+14:01', '-15:00', '+05:60', '+05:00 ', ''])
      expect(isZoneOffset(text)).toBe(false);
  });
});
