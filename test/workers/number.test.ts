import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codeName } from '../../engine/codes.ts';
import { numberFault, readNumber } from '../../workers/number.ts';

function read(text: string): number {
  const bytes = Buffer.from(`[${text}]`);
  return readNumber(bytes, 1, bytes.length - 1);
}

function fault(text: string): string {
  const bytes = Buffer.from(`[${text}]`);
  return codeName(numberFault(bytes, 1, bytes.length - 1, read(text)));
}

const digits = (min: number, max: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: min, maxLength: max });

/** Every shape of JSON number. */
const literals = fc
  .tuple(
    fc.constantFrom('', '-'),
    digits(1, 19).map((text) => text.replace(/^0+(?=.)/, '')),
    fc.option(digits(1, 19), { nil: null }),
    fc.option(fc.integer({ min: -30, max: 30 }), { nil: null }),
  )
  .map(
    ([sign, whole, part, power]) =>
      `${sign}${whole}${part === null ? '' : `.${part}`}${power === null ? '' : `e${power}`}`,
  );

describe('number', () => {
  test('number: every literal gives the double that ECMAScript gives, and zero has no sign', () => {
    fc.assert(
      fc.property(literals, (text) => {
        expect(read(text)).toBe(Number(text) + 0);
      }),
      { numRuns: 3000 },
    );
  });

  test.each([
    ['0', 'none'],
    ['-0.000e99', 'none'],
    ['0e-400', 'none'],
    ['5e-324', 'none'],
    ['1e-400', 'number.underflow'],
    ['-0.1e-399', 'number.underflow'],
    [`0.${'0'.repeat(400)}1`, 'number.underflow'],
    ['1e400', 'number.overflow'],
    ['-1E+400', 'number.overflow'],
    ['1'.repeat(400), 'number.overflow'],
    ['9007199254740991', 'none'],
    ['-9007199254740991', 'none'],
    ['9007199254740992', 'number.precision'],
    ['-9007199254740992', 'number.precision'],
    ['9007199254740993', 'number.precision'],
    ['9007199254740991.9', 'number.precision'],
    ['9007199254740992.0', 'number.precision'],
    ['1e16', 'number.precision'],
    ['1e300', 'number.precision'],
    ['900719925474099.25', 'none'],
  ])('number: %s is %s', (text, code) => {
    expect(fault(text)).toBe(code);
  });
});
