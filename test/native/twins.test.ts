// The native codec against its oracle: same bytes for any schema, record, damage, size of the output and order of calls.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FRAME_FLAG, FRAME_KIND, FRAME_MODE } from '../../engine/ring/frame.ts';
import type { Field, StreamSpec, Table } from '../../engine/schema/table.ts';
import type { Codec } from '../../workers/codec.ts';
import { type FrameInput, slabOf } from '../support/slab.ts';
import { EVERY_TYPE, telemetry, telemetryStream } from '../support/stream.ts';
import { createTwins, nativeMissing } from '../support/twins.ts';
import { hasVectors, vector, vectorNames } from '../support/vectors.ts';

/** Through output areas of the given sizes in turn; one that takes nothing is followed by the next, at last a large one. */
function encodeAll(codec: Codec, frames: readonly FrameInput[], sizes: readonly number[] = []): void {
  const slab = slabOf(frames, 40);
  const cursor = { frame: 0, offset: 0, record: 0 };
  for (let call = 0; cursor.frame < slab.frames; call++) {
    const size = call < 400 && sizes.length > 0 ? (sizes[call % sizes.length] as number) : 1 << 20;
    codec.encode(slab, cursor, new Uint8Array(size), () => {});
  }
}

const name = fc.oneof(
  fc.constantFrom('a', 'b', 'zone', 'value', 'compliance_state', 'sensor_id', 'temperature_c', 'Ä', 'x"y\\z'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
);

const field: fc.Arbitrary<Field> = fc
  .tuple(
    name,
    fc.constantFrom('string', 'number', 'integer', 'boolean', 'timestamp', 'enum'),
    fc.boolean(),
    fc.boolean(),
    fc.nat({ max: 5 }),
    fc.integer({ min: 5, max: 40 }),
    fc.option(fc.constantFrom('A-Z0-9-', 'a-f0-9', 'a-z "\\\\'), { nil: undefined }),
    fc.boolean(),
  )
  .map(([fieldName, type, required, hasDefault, low, high, characters, bounded]) => {
    const defaults = { string: 'd"\\', number: 2.5, integer: 7, boolean: true, enum: 'on' };
    const fallback = required || !hasDefault || type === 'timestamp' ? undefined : defaults[type];
    return {
      name: fieldName,
      type,
      required,
      ...(fallback === undefined ? {} : { default: fallback }),
      ...(type === 'string' && bounded ? { minLength: low, maxLength: high } : {}),
      ...(type === 'string' && characters !== undefined ? { characters } : {}),
      ...((type === 'number' || type === 'integer') && bounded ? { min: -high, max: high } : {}),
      ...(type === 'enum' ? { values: ['on', 'off', 'excursion', 'ü "q"'] } : {}),
    } as Field;
  });

const table: fc.Arbitrary<Table> = fc
  .uniqueArray(field, { selector: (each) => each.name, maxLength: 12 })
  .map((fields) => ({
    name: 'any',
    version: 1,
    fields: [
      ...fields.filter((each) => each.name !== 'timestamp_utc'),
      { name: 'timestamp_utc', type: 'timestamp', required: true },
    ],
  }));

const spec: fc.Arbitrary<StreamSpec> = fc
  .tuple(table, fc.boolean(), fc.boolean(), fc.constantFrom(3, 16_384))
  .map(([schema, ignore, zoned, maxRecordsPerFrame]) => {
    const by = schema.fields.find((each) => each.type === 'enum' || each.type === 'string');
    const judged = schema.fields.find((each) => each.type === 'number' || each.type === 'integer');
    const zones =
      zoned && by !== undefined && judged !== undefined
        ? { by: by.name, field: judged.name, limits: { on: { min: 0, max: 5 }, AB: { max: 3 }, 'd"\\': {} } }
        : null;
    return telemetryStream({
      table: schema,
      unknownFields: ignore ? 'ignore' : 'reject',
      zones,
      maxRecordsPerFrame,
    });
  });

const TEXTS = [
  '"on"',
  '"AB"',
  '"\\u006fn"',
  '"ü \\"q\\""',
  '"excursion"',
  '""',
  '"DEADBEEF"',
  '"\\ud83d\\ude00"',
];
const ODD = [
  'null',
  '[]',
  '{"a":{"b":[1,"x"]}}',
  '{"a":1,"\\u0061":2}',
  '"\\ud800"',
  '"\u007f"',
  '"tab\\t"',
  '1e400',
];
const NUMBERS = [
  '0',
  '-0',
  '5',
  '5.0',
  '2.50',
  '-3.25',
  '1e1',
  '0.0000001',
  '0.000001',
  '123456789012345678',
  '-0.0',
];
const TIMES = [
  '"2026-01-31T23:59:58Z"',
  '"2024-02-29T00:00:00.123456789+00:00"',
  '"2025-02-29T00:00:00Z"',
  '"2026"',
];

/** A JSON text for a field: mostly one that fits. */
function valueFor(type: Field['type'], pick: number): string {
  const from = (texts: readonly string[]): string => texts[pick % texts.length] as string;
  if (pick % 17 === 0) return from(ODD);
  if (type === 'boolean') return from(['true', 'false', 'true ', 'tru']);
  if (type === 'number' || type === 'integer') return from(NUMBERS);
  if (type === 'timestamp') return pick % 3 === 0 ? from(TIMES) : (TIMES[0] as string);
  return from(TEXTS);
}

function recordOf(schema: Table, picks: readonly number[]): string {
  const space = ['', '', '', ' ', '\t', ' \r'];
  const at = (i: number): number => picks[i % picks.length] as number;
  const members = schema.fields
    .filter((each, i) => each.required || at(i) % 4 !== 0)
    .map((each, i) => {
      const key =
        at(i) % 13 === 0 ? `"\\u00${each.name.charCodeAt(0).toString(16)}"` : JSON.stringify(each.name);
      const gap = space[at(i + 3) % space.length];
      return `${gap}${key}${gap}:${gap}${valueFor(each.type, at(i + 7))}${gap}`;
    });
  if (at(1) % 7 === 0) members.push('"more":{"x":[1]}');
  if (at(2) % 23 === 0) members.push(members[0] as string);
  if (at(4) % 2 === 0) members.reverse();
  return `{${members.join(',')}}`;
}

const picks = fc.array(fc.nat({ max: 100_000 }), { minLength: 8, maxLength: 24 });
const damage = fc.option(fc.tuple(fc.nat(), fc.nat({ max: 255 }), fc.nat({ max: 2 })), { nil: null });

function damaged(payload: string, change: [number, number, number] | null): Buffer {
  const bytes = Buffer.from(payload);
  if (change === null || bytes.length === 0) return bytes;
  const at = change[0] % bytes.length;
  if (change[2] === 0) bytes[at] = change[1];
  if (change[2] === 1) return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
  if (change[2] === 2) return bytes.subarray(0, at);
  return bytes;
}

const RUNS = Number(process.env['FIRN_TWIN_RUNS'] ?? 2000);

describe.skipIf(nativeMissing !== null)('twins', () => {
  test('twins: any schema, records good and bad, damage anywhere, any sizes of output', () => {
    const frame = fc.tuple(
      fc.array(picks, { maxLength: 6 }),
      fc.nat({ max: 2 }),
      fc.boolean(),
      damage,
      fc.constantFrom(0, 0, 0, 0, 0, FRAME_FLAG.crash),
      fc.constantFrom(
        FRAME_KIND.data,
        FRAME_KIND.data,
        FRAME_KIND.data,
        FRAME_KIND.audit,
        FRAME_KIND.verdict,
      ),
    );
    const sizes = fc.array(fc.integer({ min: 0, max: 900 }), { maxLength: 6 });
    fc.assert(
      fc.property(spec, fc.array(frame, { minLength: 1, maxLength: 5 }), sizes, (stream, frames, outs) => {
        const input = frames.map(([records, mode, array, change, flags, kind]) => {
          const texts = records.map((each) => recordOf(stream.table, each));
          const text = array ? `[${texts.join(' ,')}]` : texts.join('\n');
          return { payload: damaged(text, change), mode, flags, kind };
        });
        encodeAll(createTwins([stream]), input, outs);
      }),
      { numRuns: RUNS },
    );
  });

  test('twins: bytes that are nothing', () => {
    const codec = createTwins([telemetryStream(), telemetryStream({ number: 2, unknownFields: 'ignore' })]);
    const alphabet = fc.constantFrom(...'{}[]":,\\ \n\r\t-+.eE0123456789tfnrulasu\u0000\u007fé😀');
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.string({ unit: alphabet, maxLength: 80 }),
      fc.json().map((text) => text),
    );
    const frame = fc.record({ payload, mode: fc.nat({ max: 2 }), stream: fc.constantFrom(1, 2) });
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 4 }), (frames) => encodeAll(codec, frames)),
      { numRuns: 2 * RUNS },
    );
  });

  const modes = [FRAME_MODE.auto, FRAME_MODE.json, FRAME_MODE.lines];

  test.skipIf(!hasVectors)(
    'twins: the public JSON vectors, alone, as a value and between good records',
    () => {
      const codec = createTwins([
        telemetryStream(),
        telemetryStream({ number: 2, table: EVERY_TYPE, unknownFields: 'ignore' }),
      ]);
      const names = vectorNames('json');
      expect(names.length).toBeGreaterThan(100);
      for (const each of names) {
        const bytes = Buffer.from(vector(`json/${each}`));
        const payloads = [bytes];
        const every = '{"timestamp_utc":"2026-01-31T23:59:58Z","label":"x"';
        for (const [before, after] of [
          [`${telemetry()}\n`, `\n${telemetry()}`],
          [`[${telemetry()},`, `,${telemetry()}]`],
          [telemetry({ zone_id: undefined }).replace('}', ',"zone_id":'), '}'],
          [`${every},"level":`, '}'],
          [`${every},"any":`, '}'],
        ]) {
          payloads.push(Buffer.concat([Buffer.from(before as string), bytes, Buffer.from(after as string)]));
        }
        const input = payloads.flatMap((payload) =>
          modes.flatMap((mode) => [1, 2].map((stream) => ({ payload, mode, stream }))),
        );
        encodeAll(codec, input);
      }
    },
  );

  test('twins: every size of the output area, and every size of the memory behind a record', () => {
    const codec = createTwins([telemetryStream()]);
    const payload = `${telemetry()}\nx\n${telemetry({ temperature_c: '5e0' })}`;
    for (let size = 0; size < 1200; size++)
      encodeAll(codec, [{ payload }, { payload: '' }, { payload }], [size]);
    for (let length = 0; length < payload.length; length++) {
      encodeAll(codec, [{ payload: payload.slice(length) }]);
      encodeAll(codec, [{ payload: payload.slice(0, length) }]);
    }
  });

  test('twins: what neither can do both refuse to do', () => {
    const codec = createTwins([telemetryStream()]);
    expect(() => encodeAll(codec, [{ payload: '{}', stream: 9 }])).toThrow('stream number 9 is known');
  });
});
