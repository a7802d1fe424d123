// Numbers and times of the native codec: random doubles in many spellings, and timestamps good, bad and nearly good.

import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FRAME_MODE } from '../../engine/ring/frame.ts';
import type { Table } from '../../engine/schema/table.ts';
import { loadNative } from '../../workers/native.ts';
import { slabOf } from '../support/slab.ts';
import { telemetryStream } from '../support/stream.ts';
import { createTwins, nativeMissing } from '../support/twins.ts';

const table: Table = {
  name: 'numbers',
  version: 1,
  fields: [
    { name: 'timestamp_utc', type: 'timestamp', required: true },
    { name: 'n', type: 'number', required: false },
    { name: 'i', type: 'integer', required: false },
  ],
};
const codec = createTwins([telemetryStream({ table, maxRecordsPerFrame: 1 << 20 })]);

function encodeLines(lines: readonly string[]): void {
  for (let from = 0; from < lines.length; from += 1000) {
    const payload = lines.slice(from, from + 1000).join('\n');
    const slab = slabOf([{ payload, mode: FRAME_MODE.lines }]);
    codec.encode(slab, { frame: 0, offset: 0, record: 0 }, new Uint8Array(1 << 20), () => {});
  }
}

const numbers = (texts: readonly string[]): void =>
  encodeLines(
    texts.flatMap((text) =>
      ['n', 'i'].map((field) => `{"timestamp_utc":"2026-01-31T23:59:58Z","${field}":${text}}`),
    ),
  );

/** Doubles by their bits: every exponent is as likely as any other. */
function randomDoubles(count: number, seed: number): number[] {
  const words = new Uint32Array(2);
  const double = new Float64Array(words.buffer);
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state ^ (state >>> 13);
  };
  return Array.from({ length: count }, () => {
    words[0] = next();
    words[1] = next();
    return double[0] as number;
  }).filter(Number.isFinite);
}

describe.skipIf(nativeMissing !== null)('native numbers', () => {
  test('numbers: as ECMAScript writes them', () => {
    const addon = loadNative().addon;
    const values = [
      ...randomDoubles(200_000, 7),
      5e-324,
      2.2250738585072014e-308,
      1.7976931348623157e308,
      0.1,
      1e21,
    ];
    for (let exponent = -330; exponent < 309; exponent++)
      values.push(Number(`1e${exponent}`), Number(`9.5e${exponent}`));
    for (const value of values.filter(Number.isFinite)) {
      if (addon?.numberText(value) !== String(value)) expect(addon?.numberText(value)).toBe(String(value));
    }
  });

  test('numbers: doubles in many spellings', () => {
    const texts: string[] = [];
    for (const value of randomDoubles(10_000, 99)) {
      texts.push(
        String(value),
        value.toExponential(),
        value.toPrecision(17),
        value.toPrecision(21),
        value.toPrecision(15),
      );
      if (Math.abs(value) < 1e21) texts.push(value.toFixed(20), value.toFixed(3));
    }
    numbers(texts);
  });

  test('numbers: short decimals, with and without zeros, at the edges of every rule', () => {
    const texts = [
      '1e400',
      '-1e400',
      '1e-400',
      '0e400',
      '-0e-9',
      '0.0',
      '-0.000',
      '9007199254740991',
      '9007199254740992',
    ];
    texts.push(
      '9007199254740993',
      '-9007199254740991',
      '9007199254740990.5',
      '0.9007199254740993',
      '1E+2',
      '1e-7',
    );
    texts.push(
      `${'9'.repeat(400)}e-399`,
      `0.${'0'.repeat(400)}1e401`,
      `0.${'0'.repeat(400)}1`,
      `1${'0'.repeat(400)}e-400`,
    );
    texts.push(
      '1e99999999999999999999',
      '1e-99999999999999999999',
      '0e99999999999999999999',
      '4.9e-324',
      '2.4e-324',
    );
    for (let zeros = 0; zeros < 12; zeros++) {
      for (const digits of ['1', '10', '9', '999999', '123456789', '1234567890123']) {
        texts.push(
          `0.${'0'.repeat(zeros)}${digits}`,
          `-0.${'0'.repeat(zeros)}${digits}0`,
          `${digits}${'0'.repeat(zeros)}`,
        );
        texts.push(
          `${digits}.${'0'.repeat(zeros)}`,
          `${digits}.${'0'.repeat(zeros)}5`,
          `${digits}.5${'0'.repeat(zeros)}`,
        );
      }
    }
    numbers(texts);
    const decimal = fc.tuple(fc.integer({ min: -1e15, max: 1e15 }), fc.nat({ max: 17 }), fc.nat({ max: 3 }));
    const spelled = fc.sample(decimal, { numRuns: 20_000, seed: 3 }).map(([digits, scale, zeros]) => {
      const text = String(Math.abs(digits)).padStart(scale + 1, '0');
      const whole = text.slice(0, text.length - scale);
      const fraction = text.slice(text.length - scale) + '0'.repeat(zeros);
      return `${digits < 0 ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
    });
    numbers(spelled);
  });

  test('timestamps: good ones, and ones with a character changed, missing or too many', () => {
    const moment = fc
      .tuple(
        fc.integer({ min: -70_000_000_000, max: 253_402_300_799 }),
        fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 11 }),
        fc.constantFrom('Z', 'Z', '+00:00', '-00:00', '+01:00', '', 'z', '+0000', '+00:60'),
      )
      .map(([seconds, fraction, end]) => {
        const text = new Date(seconds * 1000).toISOString().slice(0, 19);
        return `${text}${fraction === '' ? '' : `.${fraction}`}${end}`;
      });
    const change = fc.option(
      fc.tuple(fc.nat(), fc.constantFrom(...'0123456789-:TZ.+ t'), fc.nat({ max: 2 })),
      { nil: null },
    );
    const texts = fc.sample(fc.tuple(moment, change), { numRuns: 60_000, seed: 5 }).map(([text, edit]) => {
      if (edit === null) return text;
      const at = edit[0] % text.length;
      return text.slice(0, at) + (edit[2] === 1 ? '' : edit[1]) + text.slice(edit[2] === 2 ? at : at + 1);
    });
    for (let year = 1968; year < 2105; year++) {
      for (const day of [
        '01-01',
        '02-28',
        '02-29',
        '02-30',
        '04-31',
        '12-31',
        '13-01',
        '00-10',
        '06-00',
        '12-32',
      ]) {
        texts.push(`${year}-${day}T23:59:59Z`, `${year}-${day}T24:00:00Z`, `${year}-${day}T00:60:60.000Z`);
      }
    }
    encodeLines(texts.map((text) => `{"timestamp_utc":"${text}"}`));
  });

  test('received_utc: the first and the last moment of days and years', () => {
    for (let day = 0; day < 60_000; day += 7) {
      const ms = day * 86_400_000;
      const frames = [ms, ms + 86_399_999, ms + 59_999.75].map((receivedMs) => ({
        payload: '{"timestamp_utc":"2026-01-31T23:59:58Z"}',
        receivedMs,
      }));
      codec.encode(slabOf(frames), { frame: 0, offset: 0, record: 0 }, new Uint8Array(4096), () => {});
    }
    const payload = '{"timestamp_utc":"2026-01-31T23:59:58Z"}';
    const last = slabOf([{ payload, receivedMs: 253_402_300_799_999 }]);
    codec.encode(last, { frame: 0, offset: 0, record: 0 }, new Uint8Array(4096), () => {});
  });

  test('leaves: SHA-256 of every length up to a few blocks, by the portable way', () => {
    const addon = loadNative().addon;
    for (let length = 0; length < 400; length++) {
      const message = Uint8Array.from({ length }, (_, i) => (i * 31 + length) & 255);
      const digest = new Uint8Array(32);
      addon?.hash(message, digest);
      expect(Buffer.from(digest).toString('hex')).toBe(hash('sha256', message));
    }
  });

  test('leaves: lines of every length, many of one length beside each other', () => {
    const label: Table = {
      ...table,
      fields: [...table.fields, { name: 'label', type: 'string', required: false }],
    };
    const twins = createTwins([telemetryStream({ table: label, maxRecordsPerFrame: 1 << 20 })]);
    const lines = Array.from({ length: 1400 }, (_, i) => {
      return `{"timestamp_utc":"2026-01-31T23:59:58Z","label":"${'x'.repeat(Math.floor(i / (1 + (i % 5))))}"}`;
    });
    const slab = slabOf([{ payload: lines.join('\n') }]);
    twins.encode(slab, { frame: 0, offset: 0, record: 0 }, new Uint8Array(4 << 20), () => {});
  });
});
