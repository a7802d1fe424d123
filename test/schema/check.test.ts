import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../engine/errors.ts';
import { anyCharacter, characterClass } from '../../engine/schema/characters.ts';
import { checkTable, checkZones } from '../../engine/schema/check.ts';
import type { Field, Table, Zones } from '../../engine/schema/table.ts';
import { TELEMETRY_1 } from '../../engine/schema/telemetry.ts';
import { EVERY_TYPE } from '../support/stream.ts';

const time: Field = { name: 'timestamp_utc', type: 'timestamp', required: true };

function withField(field: unknown): Table {
  return { name: 'mine', version: 1, fields: [time, field as Field] };
}

describe('checkTable', () => {
  test('checkTable: the built-in schema and one with every type are good', () => {
    expect(() => checkTable(TELEMETRY_1)).not.toThrow();
    expect(() => checkTable(EVERY_TYPE)).not.toThrow();
  });

  test.each([
    ['no time', { name: 'mine', version: 1, fields: [{ name: 'a', type: 'string', required: true }] }],
    ['an optional time', { name: 'mine', version: 1, fields: [{ ...time, required: false }] }],
    ['a time that is a string', { name: 'mine', version: 1, fields: [{ ...time, type: 'string' }] }],
    ['no fields', { name: 'mine', version: 1, fields: [] }],
    ['a name that is no name', { name: 'My', version: 1, fields: [time] }],
    ['version 0', { name: 'mine', version: 0, fields: [time] }],
    ['version 1.5', { name: 'mine', version: 1.5, fields: [time] }],
    [
      '257 fields',
      {
        name: 'mine',
        version: 1,
        fields: [
          time,
          ...Array.from({ length: 256 }, (_, i) => ({ name: `f${i}`, type: 'string', required: false })),
        ],
      },
    ],
    ['a field twice', { name: 'mine', version: 1, fields: [time, time] }],
  ])('checkTable: %s is an error of the configuration', (_, table) => {
    expect(() => checkTable(table as Table)).toThrow(ConfigError);
  });

  test.each([
    'year',
    'month',
    'day',
    'received_utc',
    'evaluated_state',
    'a b',
    '',
    '1a',
    'ü',
    'x'.repeat(65),
  ])('checkTable: no field may be named %j', (name) => {
    expect(() => checkTable(withField({ name, type: 'string', required: false }))).toThrow(ConfigError);
  });

  test.each([
    ['an unknown type', { type: 'date' }],
    ['a setting of another type', { type: 'string', min: 1 }],
    ['values on a string', { type: 'string', values: ['a'] }],
    ['a default on a timestamp', { type: 'timestamp', default: '2026-01-01T00:00:00Z' }],
    ['a default on a required field', { type: 'string', required: true, default: 'a' }],
    ['an enum without values', { type: 'enum' }],
    ['an enum with no values', { type: 'enum', values: [] }],
    ['a value twice', { type: 'enum', values: ['a', 'a'] }],
    ['a value with a control character', { type: 'enum', values: ['a\n'] }],
    ['a value with a lone surrogate', { type: 'enum', values: ['\ud800'] }],
    ['bounds crossed', { type: 'number', min: 2, max: 1 }],
    ['lengths crossed', { type: 'string', minLength: 2, maxLength: 1 }],
    ['half a length', { type: 'string', maxLength: 1.5 }],
    ['a negative length', { type: 'string', minLength: -1 }],
    ['an infinite bound', { type: 'number', max: Number.POSITIVE_INFINITY }],
    ['a default of another type', { type: 'number', default: '1' }],
    ['a default that is no boolean', { type: 'boolean', default: 'true' }],
    ['a default outside the bounds', { type: 'number', min: 1, default: 0 }],
    ['a default that is not integral', { type: 'integer', default: 0.5 }],
    ['a default that a double skips', { type: 'number', default: 2 ** 53 }],
    ['a default that is too short', { type: 'string', minLength: 2, default: '😀' }],
    ['a default with other characters', { type: 'string', characters: 'a-z', default: 'A' }],
    ['a default with a control character', { type: 'string', default: '\t' }],
    ['a default that is no value', { type: 'enum', values: ['a'], default: 'b' }],
    ['a default of 70,000 characters', { type: 'string', default: 'x'.repeat(70_000) }],
    ['characters that are no class', { type: 'string', characters: 'z-a' }],
  ])('checkTable: %s is an error of the configuration', (_, field) => {
    expect(() => checkTable(withField({ name: 'f', required: false, ...field }))).toThrow(ConfigError);
  });
});

describe('checkZones', () => {
  const zones: Zones = { by: 'zone_id', field: 'temperature_c', limits: { A: { min: 2, max: 8 }, B: {} } };

  test('checkZones: good limits are good', () => {
    expect(() => checkZones(TELEMETRY_1, zones)).not.toThrow();
  });

  test.each([
    ['an unknown field', { ...zones, field: 'humidity' }],
    ['a field that is no number', { ...zones, field: 'sensor_id' }],
    ['zones by an unknown field', { ...zones, by: 'room' }],
    ['zones by a number', { ...zones, by: 'temperature_c' }],
    ['limits crossed', { ...zones, limits: { A: { min: 8, max: 2 } } }],
    ['a limit that is no number', { ...zones, limits: { A: { min: Number.NaN } } }],
    ['a zone that the enum does not have', { ...zones, by: 'compliance_state' }],
  ])('checkZones: %s is an error of the configuration', (_, wrong) => {
    expect(() => checkZones(TELEMETRY_1, wrong as Zones)).toThrow(ConfigError);
  });
});

describe('characters', () => {
  test.each(['A-Z0-9-', '0-9a-f', '-a', 'a-', '-', '+--', '!-,', 'a\\-z', '\\]\\[\\\\\\^', 'x.:_@', '--a'])(
    'characters: %j means what it means between brackets of a regular expression',
    (body) => {
      const pattern = new RegExp(`^[${body}]$`, 'u');
      const allowed = characterClass(body);
      for (let i = 0; i < 128; i++)
        expect(allowed[i] === 1, String(i)).toBe(pattern.test(String.fromCharCode(i)));
    },
  );

  test.each(['', 'z-a', 'a]b', '[', '^a', 'é', 'a-b-c', '\\', '\\d', 'a\n'])(
    'characters: %j is refused',
    (body) => {
      expect(() => characterClass(body)).toThrow(ConfigError);
    },
  );

  test('characters: without a class everything but control characters is allowed', () => {
    const refused = [...anyCharacter().entries()].filter(([, flag]) => flag === 0).map(([i]) => i);
    expect(refused).toEqual([...Array.from({ length: 32 }, (_, i) => i), 127]);
  });
});
