import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalise } from '../../workers/canonicalise.ts';
import { parseJson } from '../../workers/parse.ts';

/** JCS by another road: entries sorted by comparing code units one by one, everything else left to JSON.stringify. */
function model(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(model).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(Object.is(value, -0) ? 0 : value);
  const units = (text: string) => Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
  const entries = Object.entries(value).sort(([a], [b]) => {
    const [left, right] = [units(a), units(b)];
    const at = left.findIndex((unit, i) => unit !== right[i]);
    return at < 0 ? left.length - right.length : (left[at] as number) - (right[at] ?? -1);
  });
  return `{${entries.map(([name, member]) => `${JSON.stringify(name)}:${model(member)}`).join(',')}}`;
}

const values = fc.jsonValue({ stringUnit: 'binary', maxDepth: 5 });

describe('canonicalise', () => {
  test('canonicalise: equals a sorted stringify that was written apart', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(canonicalise(value)).toBe(model(value));
      }),
    );
  });

  test('canonicalise: parsed again it gives the same text', () => {
    fc.assert(
      fc.property(values, (value) => {
        const text = canonicalise(value);
        expect(canonicalise(parseJson(Buffer.from(text)))).toBe(text);
      }),
    );
  });

  test('canonicalise: names sort by UTF-16 code units, not by code points', () => {
    // U+FB33 is above the surrogates of U+1F600 as a code unit, below it as a code point.
    expect(canonicalise({ '\ufb33': 1, '\u{1f600}': 2 })).toBe('{"\u{1f600}":2,"\ufb33":1}');
  });

  test('canonicalise: numbers as RFC 8785 appendix B writes them', () => {
    const text = '[-0, 1e21, 1e-7, 333333333.33333329, 5e-324, 1.7976931348623157e308]';
    expect(canonicalise(parseJson(Buffer.from(text)))).toBe(
      '[0,1e+21,1e-7,333333333.3333333,5e-324,1.7976931348623157e+308]',
    );
  });

  test.each([
    ['undefined', undefined],
    ['a member that is undefined', { a: undefined }],
    ['a hole', new Array(1)],
    ['NaN', Number.NaN],
    ['Infinity', [Number.POSITIVE_INFINITY]],
    ['a lone surrogate', 'a\ud800'],
    ['a lone surrogate in a name', { '\udc00': 1 }],
    ['a bigint', 1n],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['bytes', new Uint8Array(1)],
  ])('canonicalise: %s is a TypeError', (_, value) => {
    expect(() => canonicalise(value)).toThrow(TypeError);
  });

  test('canonicalise: a cycle is a TypeError, not an overflow of the stack', () => {
    const cycle: unknown[] = [];
    cycle.push([cycle]);
    expect(() => canonicalise(cycle)).toThrow(TypeError);
  });
});
