// Texts of many alike parts: laid out as bytes or joined, they are the same.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { repeatedText } from '../../engine/epcis/repeated-text.ts';

const expected = (before: string, parts: readonly string[], behind: string): string =>
  parts.map((part) => before + part + behind).join('');

test('the text of equal and of unequal parts, of any frame, is that of the parts joined', () => {
  const ascii = fc.string({ unit: 'binary-ascii', maxLength: 20 });
  const equal = fc.nat(20).chain((size) =>
    fc.array(fc.string({ unit: 'binary-ascii', minLength: size, maxLength: size }), {
      minLength: 1,
      maxLength: 50,
    }),
  );
  const parts = fc.oneof(equal, fc.array(ascii, { minLength: 1, maxLength: 50 }));
  const frame = fc.oneof(ascii, fc.string({ unit: 'binary', maxLength: 20 }));
  fc.assert(
    fc.property(frame, parts, frame, (before, list, behind) => {
      expect(repeatedText(before, list, behind)).toBe(expected(before, list, behind));
    }),
  );
});

test('a text that is longer than what is kept for it', () => {
  const parts = Array.from({ length: 9000 }, (_, i) => String(10_000 + i));
  for (const frame of ['0123456789'.repeat(2), '0123456789'.repeat(4)])
    expect(repeatedText(frame, parts, frame)).toBe(expected(frame, parts, frame));
});
