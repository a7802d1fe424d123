// The native look at lines against the exact check in TypeScript: same facts, same refusals with the same words, for sound
// bodies and for every kind of damage. What native code passes on its own is compared line by line.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type LineFacts, lineFacts } from '../../engine/verify/lines.ts';
import { canonicalise } from '../../workers/canonicalise.ts';
import { useKernels } from '../../workers/kernels.ts';
import { type Addon, loadNative } from '../../workers/native.ts';
import { hasNative } from '../support/kernels.ts';

const DAY = '2026-01-31';
const RUNS = Number(process.env['FIRN_TWIN_RUNS'] ?? 3000);

function factsOf(body: Buffer, count: number, day: string): LineFacts | string {
  try {
    return lineFacts(body, 'records', count, day);
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

/** Facts, or the refusal, by both ways; the same or the test fails. */
function agreed(body: Buffer, count: number, day = DAY): LineFacts | string {
  useKernels('portable');
  const portable = factsOf(Buffer.from(body), count, day);
  useKernels('auto');
  const native = factsOf(Buffer.from(body), count, day);
  expect(native, body.toString('latin1').slice(0, 2000)).toEqual(portable);
  return portable;
}

const bodyOf = (lines: readonly string[]): Buffer => Buffer.from(lines.map((line) => `${line}\n`).join(''));

function record(i: number, more: Record<string, unknown> = {}): string {
  const second = String(i % 60).padStart(2, '0');
  return canonicalise({
    compliance_state: i % 4 === 0 ? 'excursion' : 'within_spec',
    received_utc: `${DAY}T12:00:${second}.000Z`,
    sensor_id: `S-${i}`,
    temperature_c: [-18.25, 4, 0.1, 1e-7, -0.5, 123456789012345][i % 6],
    timestamp_utc: [`${DAY}T10:00:${second}.${i % 10}5Z`, `${DAY}T09:59:59Z`, `${DAY}T11:00:${second}+00:00`][
      i % 3
    ],
    zone_id: 'DOCK-1',
    ...more,
  });
}

describe.skipIf(!hasNative)('lines: native and exact (skipped where the addon is not built)', () => {
  const addon = loadNative().addon as Addon;

  /** Lines that native code passes on its own, from the start of the body. */
  function passes(body: Buffer, day = `${DAY}T`): number {
    const walk = new Float64Array([0, 0, 0, -1, -1]);
    addon.checkLines(body, Buffer.from(day), new Uint8Array(walk.buffer));
    return walk[1] as number;
  }

  test('lines: ordinary records are passed by native code, with their facts', () => {
    const lines = Array.from({ length: 500 }, (_, i) => record(i, { temperature_c: (i % 90) / 4 }));
    expect(passes(bodyOf(lines))).toBe(500);
    expect(agreed(bodyOf(lines), 500)).toMatchObject({
      count: 500,
      excursions: 125,
      tsMin: `${DAY}T09:59:59Z`,
      tsMax: `${DAY}T11:00:59+00:00`,
    });
  });

  test('lines: those that need a closer look are looked at between the others', () => {
    const odd = [
      { note: 'a "quoted"\nword' },
      { nested: { a: [1, {}] } },
      { größe: 1 },
      { temperature_c: 1e21 },
      { temperature_c: 0.1 + 0.2 },
    ];
    const lines = Array.from({ length: 60 }, (_, i) => record(i, i % 3 === 2 ? odd[i % 5] : {}));
    expect(agreed(bodyOf(lines), 60)).toMatchObject({ count: 60, excursions: 15 });
    expect(agreed(bodyOf(lines), 61)).toMatch(/60 lines, the seal says 61/);
  });

  test.each([
    ['out of order', record(1).replace('"sensor_id"', '"aensor_id"')],
    ['a name twice', record(1).replace('"sensor_id"', '"received_utc"')],
    ['a number with a zero at its end', record(1, { n: 5 }).replace('"n":5', '"n":5.0')],
    ['minus zero', record(1, { n: 0 }).replace('"n":0', '"n":-0')],
    ['a small number without an exponent', record(1, { n: 5 }).replace('"n":5', '"n":0.0000001')],
    ['a leading zero', record(1, { n: 5 }).replace('"n":5', '"n":05')],
    [
      'sixteen digits that are not shortest',
      record(1, { n: 5 }).replace('"n":5', '"n":0.1000000000000000055'),
    ],
    ['a number and a word', record(1, { n: 5 }).replace('"n":5', '"n":5true')],
    ['half a word', record(1, { n: true }).replace('true', 'tru')],
    ['a space', record(1).replace(',', ', ')],
    ['an escape with another spelling', record(1, { n: 'a' }).replace('"n":"a"', '"n":"\\u0061"')],
    ['a comma at the end', record(1).replace(/}$/, ',}')],
    ['something behind', `${record(1)} `],
    ['cut short', record(1).slice(0, -1)],
    ['nothing', ''],
    ['no object', '[]'],
    ['no time', record(1).replace('timestamp_utc', 'timestamp_utd')],
    ['no arrival', record(1).replace('received_utc', 'received_utd')],
    ['another day', record(1).replace(`"timestamp_utc":"${DAY}`, '"timestamp_utc":"2026-01-30')],
    ['a leap second', record(1, { timestamp_utc: `${DAY}T10:00:60Z` })],
    ['another offset', record(1, { timestamp_utc: `${DAY}T10:00:00+01:00` })],
    ['ten digits of a second', record(1, { timestamp_utc: `${DAY}T10:00:00.1234567890Z` })],
    ['an arrival without milliseconds', record(1, { received_utc: `${DAY}T10:00:00Z` })],
    ['an arrival with another offset', record(1, { received_utc: `${DAY}T10:00:00+00:00` })],
    ['a time that is a number', record(1, { timestamp_utc: 5 })],
    ['a raw control character', record(1, { n: 'a' }).replace('"n":"a"', '"n":"\u0001"')],
  ])('lines: %s is refused by both, with the same words', (_, line) => {
    for (const lines of [[line], [record(1), record(2), line, record(3)]]) {
      expect(passes(bodyOf(lines))).toBe(lines.indexOf(line));
      expect(agreed(bodyOf(lines), lines.length)).toMatch(/^LineFault: line/);
    }
  });

  test('lines: two changed bytes anywhere in a body have the same outcome', () => {
    const lines = Array.from({ length: 4 }, (_, i) => record(i * 7));
    const sound = bodyOf(lines);
    const byte = fc.constantFrom(...Buffer.from('0123456789.-+eTZ:,"\\{}[]tfn \n\u0001aéz'));
    const change = fc.tuple(fc.nat(sound.length - 1), byte);
    fc.assert(
      fc.property(change, change, fc.boolean(), ([a, x], [b, y], one) => {
        const bent = Buffer.from(sound);
        bent[a] = x;
        if (!one) bent[b] = y;
        agreed(bent, 4);
      }),
      { numRuns: RUNS },
    );
  });

  test('lines: any records of any names and values have the same outcome, whole and damaged', () => {
    const value = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer(),
      fc.nat(99_999).map((n) => n / 1000),
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.string({ maxLength: 40 }),
      fc.boolean(),
      fc.constant(null),
      fc.constant('excursion'),
      fc.jsonValue({ maxDepth: 1 }),
    );
    const name = fc.oneof(
      fc.string({ maxLength: 6 }),
      fc.constantFrom('compliance_state', 'evaluated_state', 'a', 'b', 'z'),
    );
    const more = fc.dictionary(name, value, { maxKeys: 5 });
    const damage = fc.tuple(fc.boolean(), fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(fc.array(more, { minLength: 1, maxLength: 8 }), damage, (each, [bend, at, to]) => {
        const lines = each.map((members, i) => record(i, members).replaceAll('\n', ' '));
        const body = bodyOf(lines);
        if (bend) body[at % body.length] = to;
        agreed(body, lines.length);
      }),
      { numRuns: RUNS },
    );
  });

  test('lines: number tokens are passed only when they are canonical', () => {
    const token = fc.string({
      unit: fc.constantFrom('0', '1', '5', '9', '.', '-', 'e'),
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(fc.oneof(token, fc.double().map(String), fc.integer().map(String)), (text) => {
        const body = bodyOf([record(1, { n: 5 }).replace('"n":5', `"n":${text}`)]);
        if (passes(body) === 1) expect(String(Number(text))).toBe(text);
        agreed(body, 1);
      }),
      { numRuns: RUNS },
    );
  });

  test('lines: short decimals are all passed', () => {
    const lines = Array.from({ length: 4001 }, (_, i) => record(1, { n: (i - 2000) / 100 }));
    expect(passes(bodyOf(lines))).toBe(4001);
  });

  test('lines: more members than are remembered, and names cut by the end of the body', () => {
    const many = Object.fromEntries(Array.from({ length: 70 }, (_, i) => [`m${i}`, i]));
    agreed(bodyOf([record(1), record(2, many), record(3)]), 3);
    const whole = bodyOf([record(1), record(2)]);
    for (let cut = 1; cut < whole.length; cut++) {
      const exact = new Uint8Array(Buffer.concat([whole.subarray(0, cut), Buffer.from('\n')]));
      agreed(Buffer.from(exact.buffer), 2);
    }
  });

  test('lines: a walk that lies outside of the body is an error, not a fault of memory', () => {
    const body = bodyOf([record(1)]);
    const day = Buffer.from(`${DAY}T`);
    const walk =
      (words: readonly number[]): (() => number) =>
      () =>
        addon.checkLines(body, day, new Uint8Array(new Float64Array(words).buffer));
    for (const at of [-1, body.length + 1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(walk([at, 0, 0, -1, -1])).toThrow(RangeError);
    for (const time of [-2, body.length - 22, Number.NaN]) {
      expect(walk([0, 0, 0, time, -1])).toThrow(RangeError);
      expect(walk([0, 0, 0, -1, time])).toThrow(RangeError);
    }
    expect(walk([0, 0, 0, -1])).toThrow(RangeError);
    expect(() => addon.checkLines(body, day.subarray(1), new Uint8Array(40))).toThrow(RangeError);
    const fresh = new Uint8Array(new Float64Array([0, 0, 0, -1, -1]).buffer);
    for (const none of [new Uint8Array(0), body.subarray(0, -1)])
      expect(addon.checkLines(none, day, fresh)).toBe(0);
  });
});
