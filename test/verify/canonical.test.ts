// The scan that tells canonical JSON from other JSON without parsing it, against parsing it.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CanonicalScan } from '../../engine/verify/canonical.ts';
import { compareInstants, isDay, isInstant } from '../../engine/verify/instant.ts';
import { KeySet } from '../../engine/verify/keyset.ts';
import { canonicalise } from '../../workers/canonicalise.ts';

const scan = new CanonicalScan(['a', 'timestamp_utc']);

function accepts(text: string): boolean {
  // Something before and behind: the scan must keep to its bounds.
  const buffer = Buffer.from(`"${text}"}`);
  try {
    scan.object(buffer, 1, buffer.length - 2);
    return true;
  } catch {
    return false;
  }
}

/** What parsing says: a JSON object that is its own canonical form. */
function isCanonical(text: string): boolean {
  try {
    return text.startsWith('{') && canonicalise(JSON.parse(text)) === text;
  } catch {
    return false;
  }
}

describe('verify: canonical scan', () => {
  test('accepts the canonical form of every object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), (value) =>
        accepts(canonicalise(value)),
      ),
    );
  });

  test('agrees with parsing on any change of one character', () => {
    const change = fc.record({
      at: fc.nat(),
      put: fc.constantFrom(
        '',
        '0',
        '1',
        '9',
        '.',
        '-',
        'e',
        '+',
        ' ',
        '"',
        '\\',
        'u',
        ',',
        ':',
        '{',
        '}',
        '[',
        ']',
        'a',
        'é',
      ),
    });
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ maxLength: 4 }), fc.jsonValue(), { maxKeys: 5 }),
        change,
        (value, { at, put }) => {
          const text = canonicalise(value);
          const i = at % (text.length + 1);
          const changed = text.slice(0, i) + put + text.slice(i + 1);
          fc.pre(changed.isWellFormed());
          expect(accepts(changed), changed).toBe(isCanonical(changed));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('agrees with parsing on number tokens', () => {
    const digits = fc.string({
      unit: fc.constantFrom('0', '1', '5', '9', '.', '-', 'e', '+'),
      minLength: 1,
      maxLength: 24,
    });
    const number = fc.oneof(
      digits,
      fc.double().map(String),
      fc.double({ min: -1e-5, max: 1e-5 }).map((n) => n.toFixed(12)),
      fc.integer().map(String),
    );
    fc.assert(
      fc.property(number, (token) => {
        const text = `{"n":${token}}`;
        expect(accepts(text), text).toBe(isCanonical(text));
      }),
      { numRuns: 5000 },
    );
  });

  test.each([
    '{}',
    '{"a":[]}',
    '{"":{"":null}}',
    '{"\\b\\t\\n\\f\\r\\u0001\\u001f":"\\"\\\\/"}',
    '{"é":1,"\u{1f600}":2,"\ufb33":3}',
    '{"a":true,"b":[false,null,{"c":[1,-0.5,1e+30]}]}',
  ])('accepts %s', (text) => {
    expect(isCanonical(text)).toBe(true);
    expect(accepts(text)).toBe(true);
  });

  test.each([
    ' {}',
    '{} ',
    '{"a" :1}',
    '{"b":1,"a":2}',
    '{"a":1,"a":2}',
    '{"a":1,}',
    '{"a":[1,]}',
    '{"a":1.0}',
    '{"a":-0}',
    '{"a":01}',
    '{"a":1e5}',
    '{"a":0.0000001}',
    '{"a":"\\/"}',
    '{"a":"\\u0041"}',
    '{"a":"\\u000A"}',
    '{"a":"\\u001F"}',
    '{"a":tru}',
    '{"a"',
    '{"a":',
    '{"a":"x}',
    '{"\ufb33":3,"\u{1f600}":2}',
    '[]',
    '',
  ])('refuses %j', (text) => {
    expect(accepts(text)).toBe(false);
  });

  test('refuses nesting that only a stack of its own survives', () => {
    expect(accepts(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)).toBe(false);
  });

  test('takes no name on trust from the line before', () => {
    const lines = [
      '{"a":1,"c":2}',
      '{"a":1,"b":2,"c":3}',
      '{"a":1,"c":2,"b":3}',
      '{"c":1,"a":2}',
      '{"a":1,"a":2}',
      '{"a":1}',
      '{"é":1,"\u{1f600}":2}',
      '{"\u{1f600}":2,"é":1}',
      '{"a":1,"é":2,"b":3}',
    ];
    for (const before of lines) {
      for (const line of lines) {
        const found = [accepts(before), accepts(line)];
        expect(found, `${before} ${line}`).toEqual([isCanonical(before), isCanonical(line)]);
      }
    }
  });

  test('notes where the wanted members lie, on the top level only', () => {
    const text = '{"a":{"timestamp_utc":1},"b":2,"timestamp_utc":"x"}';
    const buffer = Buffer.from(text);
    scan.object(buffer, 0, buffer.length);
    const values = [0, 1].map((i) => text.slice(scan.starts[i], scan.ends[i]));
    expect(values).toEqual(['{"timestamp_utc":1}', '"x"']);
  });
});

describe('verify: instants', () => {
  test.each([
    '2026-01-31T23:59:59Z',
    '2026-01-31T23:59:59.123456789Z',
    '2026-01-31T00:00:00+00:00',
    '2026-01-31T00:00:00.5+00:00',
  ])('%s is one', (text) => {
    expect(isInstant(Buffer.from(text), 0, text.length)).toBe(true);
  });

  test.each([
    '2026-01-31T23:59:60Z',
    '2026-01-31T24:00:00Z',
    '2026-01-31t00:00:00Z',
    '2026-01-31T00:00:00',
    '2026-01-31T00:00:00.Z',
    '2026-01-31T00:00:00.1234567890Z',
    '2026-01-31T00:00:00-00:00',
    '2026-01-31T00:00:00+01:00',
    '2026-13-31T00:00:00Z',
  ])('%s is none', (text) => {
    expect(isInstant(Buffer.from(text), 0, text.length)).toBe(false);
  });

  test('are ordered by time, not by spelling', () => {
    const order = (a: string, b: string): number => {
      const buffer = Buffer.from(`${a}"${b}"`);
      return Math.sign(compareInstants(buffer, 0, a.length + 1));
    };
    expect(order('2026-01-31T00:00:00Z', '2026-01-31T00:00:00.000+00:00')).toBe(0);
    expect(order('2026-01-31T00:00:00.5Z', '2026-01-31T00:00:00.45Z')).toBe(1);
    expect(order('2026-01-31T00:00:00Z', '2026-01-31T00:00:00.001Z')).toBe(-1);
    expect(order('2026-01-31T00:00:01Z', '2026-01-31T00:00:00.999Z')).toBe(1);
  });

  test('a day is a day of the calendar', () => {
    expect(['2026-02-28', '2024-02-29', '1970-01-01', '9999-12-31'].every(isDay)).toBe(true);
    expect(['2026-02-29', '2026-00-01', '1969-12-31', '2026-1-01'].some(isDay)).toBe(false);
  });
});

describe('verify: key set', () => {
  test('holds exactly what was added, through growth', () => {
    const set = new KeySet();
    for (let i = 0; i < 5000; i++) set.add(`key ${i}`);
    for (let i = 0; i < 5000; i++) set.add(`key ${i}`);
    expect(set.size).toBe(5000);
    expect(Array.from({ length: 5000 }, (_, i) => set.has(`key ${i}`)).every(Boolean)).toBe(true);
    expect(Array.from({ length: 5000 }, (_, i) => set.has(`other ${i}`)).some(Boolean)).toBe(false);
  });
});
