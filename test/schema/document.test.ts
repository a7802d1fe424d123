import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { auditLine, deadLetterLine } from '../../engine/batch/lines.ts';
import { lineGrowth } from '../../engine/schema/compile.ts';
import {
  AUDIT_DOCUMENT,
  DEAD_LETTER_DOCUMENT,
  deadLetterDocumentOf,
  schemaDocument,
  schemaKey,
  schemaSha256,
} from '../../engine/schema/document.ts';
import { TELEMETRY_1 } from '../../engine/schema/telemetry.ts';
import { canonicalise } from '../../workers/canonicalise.ts';
import { encodeSlab, slabOf } from '../support/slab.ts';
import { EVERY_TYPE, telemetry, telemetryStream } from '../support/stream.ts';
import { createTwins } from '../support/twins.ts';

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema | true>>;
}

/** Does a value fit? The keywords that the documents use, read as JSON Schema 2020-12 defines them. */
function fits(schema: JsonSchema | true | undefined, value: unknown): boolean {
  if (schema === true) return true;
  if (schema === undefined) return false;
  const type = value === null ? 'null' : typeof value;
  const types = schema.type === undefined ? [type] : [schema.type].flat();
  if (!types.includes(type) && !(Number.isInteger(value) && types.includes('integer'))) return false;
  if (schema.enum !== undefined && !schema.enum.includes(value)) return false;
  if (typeof value === 'string') {
    const length = [...value].length;
    if (length < (schema.minLength ?? 0) || length > (schema.maxLength ?? length)) return false;
    return schema.pattern === undefined || new RegExp(schema.pattern, 'u').test(value);
  }
  if (typeof value === 'number')
    return value >= (schema.minimum ?? value) && value <= (schema.maximum ?? value);
  if (type !== 'object') return true;
  const { properties = {}, required = [] } = schema;
  const members = Object.entries(value as Record<string, unknown>);
  return (
    required.every((name) => name in (value as object)) &&
    members.every(([name, member]) => fits(properties[name], member))
  );
}

const zones = { by: 'zone_id', field: 'temperature_c', limits: { 'DOCK-7': { max: 0 } } };

function lines(payload: string, changes = {}): string[] {
  const codec = createTwins([telemetryStream(changes)]);
  return (encodeSlab(codec, slabOf([{ payload }])).frames[0]?.accepted ?? []).map(({ line }) => line);
}

describe('document', () => {
  test.each([
    ['telemetry/1', schemaDocument(TELEMETRY_1)],
    ['every-type/3', schemaDocument(EVERY_TYPE)],
    ['dead-letter/1', DEAD_LETTER_DOCUMENT],
    ['audit/1', AUDIT_DOCUMENT],
  ])('document: %s is JCS of a closed object schema of 2020-12', (title, document) => {
    const schema = JSON.parse(document) as Record<string, unknown>;
    expect(canonicalise(schema)).toBe(document);
    expect(schema).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title,
      type: 'object',
      additionalProperties: false,
    });
  });

  test('document: telemetry/1 is frozen', () => {
    expect(schemaSha256(schemaDocument(TELEMETRY_1))).toBe(
      'b292bc6d1cf0482571955481d9e7716b372cf11a71f3c141b0d68bcc1a774d30',
    );
  });

  test('document: what the codec writes fits the document of its schema, with and without what is optional', () => {
    const schema = JSON.parse(schemaDocument(TELEMETRY_1)) as JsonSchema;
    const written = [
      ...lines(telemetry()),
      ...lines(telemetry({ raw_payload_hash: `"${'0f'.repeat(32)}"`, compliance_state: '"excursion"' }), {
        zones,
      }),
    ].map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(written).toHaveLength(2);
    expect(written[1]).toHaveProperty('evaluated_state', 'excursion');
    for (const record of written) {
      expect(fits(schema, record)).toBe(true);
      for (const name of schema.required ?? []) {
        const { [name]: _, ...rest } = record;
        expect(fits(schema, rest), name).toBe(false);
      }
      expect(fits(schema, { ...record, more: 1 })).toBe(false);
      expect(fits(schema, { ...record, temperature_c: 101 })).toBe(false);
      expect(fits(schema, { ...record, zone_id: 'low' })).toBe(false);
      expect(fits(schema, { ...record, timestamp_utc: '2026-01-31T23:59:58' })).toBe(false);
    }
    const every = JSON.parse(schemaDocument(EVERY_TYPE)) as JsonSchema;
    const payload = '{"timestamp_utc":"2026-01-31T23:59:58Z","count":3,"label":"é","on":true}';
    const record = JSON.parse(lines(payload, { table: EVERY_TYPE })[0] ?? '') as Record<string, unknown>;
    expect(fits(every, record)).toBe(true);
    expect(fits(every, { ...record, label: 'a\n' })).toBe(false);
    expect(fits(every, { ...record, count: 1.5 })).toBe(false);
  });

  test('document: lines of dead letter and audit fit theirs', () => {
    const letter = deadLetterLine({
      code: 'json.syntax',
      detail: 'not valid JSON',
      path: null,
      raw: Uint8Array.of(1),
      received_utc: '2026-01-31T23:59:58.000Z',
      rejected_utc: '2026-01-31T23:59:58.000Z',
      schema: 'telemetry/1',
      source: { frame: 1, principal: 'a', record: 0, session: null },
    });
    expect(fits(JSON.parse(DEAD_LETTER_DOCUMENT) as JsonSchema, JSON.parse(letter))).toBe(true);
    const event = auditLine({
      action: 'start',
      actor: 'engine',
      at_utc: '2026-01-31T23:59:58.000Z',
      authorised_by: null,
      new: { any: [1] },
      old: null,
      reason: null,
      target: 'engine',
    });
    expect(fits(JSON.parse(AUDIT_DOCUMENT) as JsonSchema, JSON.parse(event))).toBe(true);
  });

  test('document: its key holds name, version and hash', () => {
    const hash = createHash('sha256').update('é').digest('hex');
    expect(schemaSha256('é')).toBe(hash);
    expect(schemaKey('telemetry/1', hash)).toBe(`_schema/telemetry/1/${hash}.json`);
  });

  test('document: no line is longer than its record by more than lineGrowth says', () => {
    for (const table of [TELEMETRY_1, EVERY_TYPE]) {
      const stream = telemetryStream({ table, zones: table === TELEMETRY_1 ? zones : null });
      const payload =
        table === TELEMETRY_1
          ? telemetry({ temperature_c: '1e1' })
          : '{"timestamp_utc":"2026-01-31T23:59:58Z","level":1e15}';
      const line = lines(payload, stream)[0] ?? '';
      expect(line.length).toBeGreaterThan(payload.length);
      expect(Buffer.byteLength(line)).toBeLessThanOrEqual(Buffer.byteLength(payload) + lineGrowth(stream));
    }
  });
});

test('document: dead-letter/1 of a version with fewer codes is found by its hash, any other is not', () => {
  const { properties } = JSON.parse(DEAD_LETTER_DOCUMENT);
  const codes: string[] = properties.code.enum;
  const fewer = { ...JSON.parse(DEAD_LETTER_DOCUMENT) };
  fewer.properties.code.enum = codes.slice(0, codes.indexOf('codec.crash') + 1);
  const before = canonicalise(fewer);
  expect(before).not.toBe(DEAD_LETTER_DOCUMENT);
  expect(deadLetterDocumentOf(schemaSha256(before))).toBe(before);
  expect(deadLetterDocumentOf(schemaSha256(DEAD_LETTER_DOCUMENT))).toBe(DEAD_LETTER_DOCUMENT);
  expect(deadLetterDocumentOf(schemaSha256('{}'))).toBeNull();
});
