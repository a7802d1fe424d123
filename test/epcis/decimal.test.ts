// Decimals: exact texts, whatever the spelling.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalDecimal } from '../../engine/epcis/decimal.ts';

describe('decimal', () => {
  test.each([
    ['200', '200'],
    ['+200.0', '200'],
    ['00200.500', '200.5'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['-0', '0'],
    ['-0.000e5', '0'],
    ['1.2E1', '12'],
    ['1.2e-3', '0.0012'],
    ['-12e2', '-1200'],
    ['1e400', `1${'0'.repeat(400)}`],
    ['0.30000000000000004', '0.30000000000000004'],
    ['12345678901234567890.12345678901234567890', '12345678901234567890.1234567890123456789'],
  ])('decimal: %s is %s', (text, canonical) => {
    expect(canonicalDecimal(text)).toBe(canonical);
  });

  test.each([
    '',
    '.',
    '+',
    '-',
    'e5',
    '1e',
    '1e401',
    '1e-401',
    '1,5',
    'NaN',
    'INF',
    ' 1',
    '0x1',
    '1e99999999999',
    '9'.repeat(401),
  ])('decimal: %s is none', (text) => {
    expect(canonicalDecimal(text)).toBeNull();
  });

  test('decimal: the value stays, and the canonical text is its own', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        const canonical = canonicalDecimal(String(number)) as string;
        expect(Number(canonical)).toBe(number === 0 ? 0 : number);
        expect(canonicalDecimal(canonical)).toBe(canonical);
        expect(canonicalDecimal(number.toExponential())).toBe(canonical);
      }),
    );
  });
});
