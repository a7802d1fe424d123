// What goes before a frame of unknown schema, and how its dead letter is called; and what a stream may say of its schemas.

import { describe, expect, test } from 'vitest';
import { type ConfigInput, parseConfig } from '../../engine/config.ts';
import { ConfigError } from '../../engine/errors.ts';
import { MAX_UNKNOWN_HEAD_BYTES } from '../../engine/limits.ts';
import {
  headBytes,
  namesInHead,
  SCHEMA_ID,
  unknownSchemaHead,
  unknownSchemaStream,
} from '../../engine/schema/unknown.ts';

const fields = [{ name: 'timestamp_utc', type: 'timestamp', required: true } as const];
const withText = [...fields, { name: 'zone_id', type: 'string' } as const];
const withValue = [...withText, { name: 'level', type: 'number' } as const];
const schemas = {
  'tank/1': { fields },
  'tank/2': { fields: withText },
  'tank/3': { fields: withValue },
  'tank/4': { fields: withValue },
};

const parse = (streams: ConfigInput['streams']) => parseConfig({ schemas, streams }).streams;
const names = (stream: NonNullable<ConfigInput['streams']>[string]) =>
  parse({ tank: stream })[0]?.tables.map(({ name, version }) => `${name}/${version}`);

describe('unknown schema', () => {
  test('unknown schema: the head says what was asked for and what is taken, and ends before the frame', () => {
    const head = unknownSchemaHead('tank/9', ['tank/1', 'tank/2']);
    const payload = Buffer.concat([Buffer.from('{}'), head, Buffer.from('\n\n{"a":\n1}')]);
    expect(headBytes(payload, 2)).toBe(head.length);
    expect(namesInHead(payload.subarray(2), head.length)).toEqual({
      asked: 'tank/9',
      accepted: ['tank/1', 'tank/2'],
    });
    expect(namesInHead(payload, 0)).toEqual({ asked: '', accepted: [] });
  });

  test('unknown schema: the head is bounded and always names what was asked for', () => {
    const longest = `${'n'.repeat(63)}/999999`;
    expect(SCHEMA_ID.test(longest)).toBe(true);
    const head = unknownSchemaHead(
      longest,
      Array.from({ length: 100 }, () => longest),
    );
    expect(head.length).toBe(MAX_UNKNOWN_HEAD_BYTES);
    expect(headBytes(head, 0)).toBe(head.length);
    expect(namesInHead(head, head.length).asked).toBe(longest);
  });

  test('unknown schema: a dead letter is called as a stream may be, and no two streams share one', () => {
    expect(unknownSchemaStream('coldchain')).toBe('coldchain-unknown-schema');
    const long = ['', 'x', 'y', 'xx'].map((end) => `${'s'.repeat(48)}${end}`);
    const letters = long.map(unknownSchemaStream);
    expect(letters[0]).toBe(`${long[0]}-unknown-schema`);
    expect(new Set(letters).size).toBe(long.length);
    for (const name of letters) expect(name).toMatch(/^[a-z][a-z0-9-]{0,62}$/);
  });
});

describe('schemas of a stream', () => {
  test('config: the first of several schemas is the own one unless "schema" says another', () => {
    expect(names({})).toEqual(['telemetry/1']);
    expect(names({ schema: 'tank/2' })).toEqual(['tank/2']);
    expect(names({ schemas: ['tank/1', 'tank/2'] })).toEqual(['tank/1', 'tank/2']);
    expect(names({ schema: 'tank/2', schemas: ['tank/1', 'tank/2'] })).toEqual(['tank/2', 'tank/1']);
  });

  test.each([
    ['its own is not among them', { schema: 'tank/3', schemas: ['tank/1'] }, /tank\/3, is not one of/],
    ['one is there twice', { schemas: ['tank/1', 'tank/1'] }, /twice/],
    ['there is none', { schemas: [] }, /schemas: name at least one/],
    ['one is not known', { schemas: ['tank/1', 'tank/9'] }, /tank\/9, known are telemetry\/1, tank\/1/],
    [
      'zones cannot judge one of them',
      { schemas: ['tank/3', 'tank/2'], zones: { by: 'zone_id', field: 'level', limits: {} } },
      /tank with tank\/2: zones: "field": "level" is not a number field/,
    ],
  ])('config: schemas of a stream are refused when %s', (_, stream, why) => {
    expect(() => parse({ tank: stream })).toThrow(why);
    expect(() => parse({ tank: stream })).toThrow(ConfigError);
  });

  test('config: zones hold for every schema that has their fields', () => {
    const zones = { by: 'zone_id', field: 'level', limits: { A: { max: 1 } } };
    expect(parse({ tank: { schemas: ['tank/3', 'tank/4'], zones } })[0]?.zones).toEqual(zones);
  });

  test('config: no stream is called as the dead letter for unknown schemas of another', () => {
    expect(() => parse({ tank: {}, 'tank-unknown-schema': {} })).toThrow(/tank-unknown-schema is where/);
    expect(parse({ 'tank-unknown-schema': {} })).toHaveLength(1);
  });

  test('config: the ring has to hold the longest line of every schema', () => {
    const wide = {
      'wide/1': {
        fields: [
          ...fields,
          ...Array.from({ length: 250 }, (_, i) => ({
            name: `f${i}_${'x'.repeat(50)}`,
            type: 'string' as const,
            default: 'd'.repeat(180),
          })),
        ],
      },
    };
    const small = { slabs: 4, slabBytes: 48 * 1024 };
    const limits = { maxFrameBytes: 39_000 };
    const of = (own: string[]) =>
      parseConfig({ schemas: wide, streams: { tank: { schemas: own } }, ring: small, limits });
    expect(of(['telemetry/1']).streams).toHaveLength(1);
    expect(() => of(['telemetry/1', 'wide/1'])).toThrow(/do not fit together/);
  });
});
