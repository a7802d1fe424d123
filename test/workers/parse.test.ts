import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonError, parseJson } from '../../workers/parse.ts';
import { Scan } from '../../workers/scan.ts';
import { nested } from '../support/stream.ts';

/** `parseJson` of a text or bytes: the value, or `code@offset`. */
function parse(text: string | Uint8Array, maxDepth?: number): unknown {
  try {
    return parseJson(typeof text === 'string' ? Buffer.from(text) : text, maxDepth);
  } catch (error) {
    if (error instanceof JsonError) return `${error.code}@${error.offset}`;
    throw error;
  }
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Texts that are nearly JSON: a good one with a piece cut out, doubled, or replaced. */
const nearlyJson = fc
  .tuple(
    fc.json({ maxDepth: 4, stringUnit: 'grapheme' }),
    fc.nat(),
    fc.nat({ max: 3 }),
    fc.constantFrom(
      '',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      '\\u12',
      '-',
      '0',
      '.',
      'e',
      '+',
      ' ',
      '\n',
      'null',
      '\u0001',
      '\ufeff',
    ),
  )
  .map(([text, position, cut, piece]) => {
    const at = position % (text.length + 1);
    return text.slice(0, at) + piece + text.slice(at + cut);
  })
  .filter((text) => !/\p{Surrogate}/u.test(text));

describe('parseJson', () => {
  test('parseJson: accepts and refuses what JSON.parse does, and gives equal values', () => {
    let refused = 0;
    fc.assert(
      fc.property(nearlyJson, (text) => {
        const result = parse(text, 1000);
        if (parses(text)) {
          if (typeof result === 'string' && /^(json\.duplicate|json\.lone|number\.overflow)/.test(result))
            return;
          expect(JSON.stringify(result)).toBe(JSON.stringify(JSON.parse(text)));
        } else {
          refused++;
          expect(result).toMatch(/^json\.syntax@/);
        }
      }),
      { numRuns: 2000 },
    );
    expect(refused).toBeGreaterThan(100);
  });

  test('parseJson: the offset of a syntax fault is the longest beginning that can go on', () => {
    // Whatever stands before the offset can be continued, so cutting there moves the fault to the end of the cut text.
    fc.assert(
      fc.property(nearlyJson, (text) => {
        const bytes = Buffer.from(text);
        const scan = new Scan();
        if (scan.run(bytes, 0, bytes.length, 64)) return;
        const at = scan.fault;
        scan.run(bytes, 0, at, 64);
        expect([-1, at]).toContain(scan.fault);
        // With the byte at the offset the beginning cannot go on: it is where the fault stays.
        if (at < bytes.length) {
          scan.run(bytes, 0, at + 1, 64);
          expect(scan.fault).toBe(at);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('parseJson: never throws anything but JsonError, whatever the bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => void parse(bytes)));
  });

  test.each([
    ['', 'json.syntax@0'],
    [' \n', 'json.syntax@2'],
    ['\ufeff{}', 'json.syntax@0'],
    ['tru', 'json.syntax@3'],
    ['trux', 'json.syntax@3'],
    ['nulll', 'json.syntax@4'],
    ['01', 'json.syntax@1'],
    ['-', 'json.syntax@1'],
    ['1.', 'json.syntax@2'],
    ['1.e3', 'json.syntax@2'],
    ['1e', 'json.syntax@2'],
    ['1e+', 'json.syntax@3'],
    ['+1', 'json.syntax@0'],
    ['NaN', 'json.syntax@0'],
    ['Infinity', 'json.syntax@0'],
    ['-Infinity', 'json.syntax@1'],
    ['"a', 'json.syntax@2'],
    ['"\u0001"', 'json.syntax@1'],
    ['"\\x"', 'json.syntax@2'],
    ['"\\u12g4"', 'json.syntax@5'],
    ['"\\u12', 'json.syntax@5'],
    ['[1,]', 'json.syntax@3'],
    ['[1 2]', 'json.syntax@3'],
    ['[1}', 'json.syntax@2'],
    ['{"a":1,}', 'json.syntax@7'],
    ['{"a" 1}', 'json.syntax@5'],
    ['{a:1}', 'json.syntax@1'],
    ['{"a":}', 'json.syntax@5'],
    ['{"a":1]', 'json.syntax@6'],
    ['1 1', 'json.syntax@2'],
    ['{"a":1,"a":2}', 'json.duplicate-member@7'],
    ['{"a":1,"\\u0061":2}', 'json.duplicate-member@7'],
    ['[{"a":{"b":1,"c":[{}],"b":2}}]', 'json.duplicate-member@22'],
    ['["\\ud800"]', 'json.lone-surrogate@2'],
    ['["x\\udc00"]', 'json.lone-surrogate@3'],
    ['["\\ud800\\ud800\\udc00"]', 'json.lone-surrogate@2'],
    ['{"\\ud800":1,"\\udbff":2}', 'json.lone-surrogate@2'],
    ['{"\\ud800":1,"\\ud800":2}', 'json.duplicate-member@12'],
    ['[1e400]', 'number.overflow@1'],
    ['[-1e400]', 'number.overflow@1'],
  ])('parseJson: %j is %s', (text, result) => {
    expect(parse(text)).toBe(result);
  });

  test.each([
    [[0x22, 0xff, 0x22], 1],
    [[0x22, 0xc0, 0x80, 0x22], 1],
    [[0x22, 0xed, 0xa0, 0x80, 0x22], 1],
    [[0x22, 0xe2, 0x82, 0x22], 1],
    [[0x22, 0xf4, 0x90, 0x80, 0x80, 0x22], 1],
    [[0x22, 0xf0, 0x8f, 0xbf, 0xbf, 0x22], 1],
    [[0x22, 0xe0, 0x9f, 0xbf, 0x22], 1],
    [[0x22, 0x80, 0x22], 1],
    [[0x22, 0xf0, 0x9f, 0x98], 1],
    [[0x22, 0xc3, 0xa9, 0xf0, 0x9f, 0x98, 0x80, 0xe2, 0x82, 0x28], 7],
  ])('parseJson: bytes %j are json.utf8 at %i, before any syntax fault', (bytes, offset) => {
    expect(parse(Uint8Array.from([...bytes, 0x7d]))).toBe(`json.utf8@${offset}`);
  });

  test('parseJson: 64 levels are accepted, 65 are json.depth where the bound is 64', () => {
    expect(Array.isArray(parse(nested(64)))).toBe(true);
    expect(parse(nested(65))).toBe('json.depth@64');
    expect(parse(`[${nested(65)},"\\ud800"]`)).toBe('json.depth@64');
    expect(parse(nested(3), 2)).toBe('json.depth@2');
  });

  test('parseJson: objects have no prototype and __proto__ is a member like any other', () => {
    const value = parse('{"__proto__":{"x":1},"constructor":2}') as Record<string, unknown>;
    expect(Object.getPrototypeOf(value)).toBe(null);
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
  });

  test.each([
    ['brackets', '['.repeat(1 << 20)],
    ['objects', '{"a":'.repeat(1 << 18)],
    ['closed brackets', nested(1 << 19)],
    ['names', `{${Array.from({ length: 1 << 16 }, (_, i) => `"${i}":0`).join()},"7":0}`],
    ['one string of escapes', `"${'\\n'.repeat(1 << 19)}`],
  ])('parseJson: a megabyte of %s takes no stack and no quadratic time', (_, text) => {
    const start = performance.now();
    expect(parse(text)).toMatch(/^json\./);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});
