import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FRAME_MODE } from '../../engine/ring/frame.ts';
import type { StreamSpec, Table } from '../../engine/schema/table.ts';
import { canonicalise } from '../../workers/canonicalise.ts';
import { parseJson } from '../../workers/parse.ts';
import {
  type AcceptedOutput,
  encodeSlab,
  type FrameInput,
  type FrameOutput,
  type SlabOutput,
  slabOf,
} from '../support/slab.ts';
import { EVERY_TYPE, telemetry, telemetryStream } from '../support/stream.ts';
import { createTwins } from '../support/twins.ts';

const RECEIVED = '2026-01-31T23:59:59.007Z';

const zones = { by: 'zone_id', field: 'temperature_c', limits: { 'A-1': { min: 2, max: 8 }, B: { max: 0 } } };
const streams: StreamSpec[] = [
  telemetryStream({ zones, maxRecordsPerFrame: 12 }),
  telemetryStream({
    number: 2,
    stream: 'legacy',
    table: EVERY_TYPE,
    unknownFields: 'ignore',
    maxRecordsPerFrame: 12,
  }),
];
const codec = createTwins(streams);

const moment = fc
  .tuple(
    fc.integer({ min: 0, max: 253_402_300_799 }),
    fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 9 }),
    fc.constantFrom('Z', '+00:00'),
  )
  .map(([seconds, fraction, end]) => {
    const text = new Date(seconds * 1000).toISOString().slice(0, 19);
    return {
      text: `${text}${fraction === '' ? '' : `.${fraction}`}${end}`,
      seconds,
      nanos: Number(fraction.padEnd(9, '0')),
    };
  });

const plain = (unit: 'grapheme' | fc.Arbitrary<string>, minLength: number, maxLength: number) =>
  fc.string({ unit, minLength, maxLength }).filter((text) => {
    const length = [...text].length;
    return (
      length >= minLength && length <= maxLength && !/\p{Surrogate}/u.test(text) && !/\p{Cc}/u.test(text)
    );
  });

/** A good record as members, and what is known of its time. */
const goodRecord = fc.record({
  sensor_id: plain('grapheme', 4, 64),
  time: moment,
  temperature_c: fc
    .double({ min: -100, max: 100, noNaN: true })
    .filter((v) => v === 0 || Math.abs(v) > 1e-300),
  zone_id: fc.oneof(fc.constantFrom('A-1', 'B'), plain(fc.constantFrom(...'ABC019-'), 1, 64)),
  compliance_state: fc.option(fc.constantFrom('within_spec', 'excursion', 'unknown'), { nil: undefined }),
  raw_payload_hash: fc.option(fc.constantFrom(null, '0123456789abcdef'.repeat(4)), { nil: undefined }),
});

/** A string as JSON with some of its characters escaped, by a seed. */
function escaped(text: string, seed: number): string {
  const units = Array.from({ length: text.length }, (_, i) => {
    const unit = text.charAt(i);
    const hex = `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
    const surrogate = /[\ud800-\udfff]/.test(unit);
    return !surrogate && (seed + i) % 3 !== 0 ? JSON.stringify(unit).slice(1, -1) : hex;
  });
  return seed % 2 === 0 ? JSON.stringify(text) : `"${units.join('')}"`;
}

describe('codec', () => {
  test('codec: a good record gives the line, leaf, time and flag that were worked out apart', () => {
    fc.assert(
      fc.property(goodRecord, fc.nat(), fc.boolean(), ({ time, ...record }, seed, reversed) => {
        const given = Object.entries({ ...record, timestamp_utc: time.text }).filter(
          ([, value]) => value !== undefined,
        );
        const members = given.map(([name, value]) => {
          return `${escaped(name, seed)} :\t${typeof value === 'string' ? escaped(value, seed) : JSON.stringify(value)}`;
        });
        const payload = `{${(reversed ? members.reverse() : members).join(' ,')}}`;
        const out = encodeSlab(codec, slabOf([{ payload, mode: FRAME_MODE.json }])).frames[0]?.accepted[0];

        const limit = (zones.limits as Record<string, { min?: number; max: number }>)[record.zone_id];
        const judged =
          limit && record.temperature_c >= (limit.min ?? -1e9) && record.temperature_c <= limit.max;
        const evaluated = limit && (judged ? 'within_spec' : 'excursion');
        const wanted: Record<string, unknown> = {
          ...Object.fromEntries(given.filter(([, value]) => value !== null)),
          compliance_state: record.compliance_state ?? 'unknown',
          received_utc: RECEIVED,
          ...(evaluated === undefined ? {} : { evaluated_state: evaluated }),
        };
        const line = canonicalise(wanted);
        expect(out).toEqual({
          line: `${line}\n`,
          leaf: createHash('sha256').update('\0').update(line).digest('hex'),
          timestamp: time.text,
          seconds: time.seconds,
          nanos: time.nanos,
          excursion: record.compliance_state === 'excursion' || evaluated === 'excursion',
        });
      }),
      { numRuns: 500 },
    );
  });

  /** Frames of good and bad records, and of bytes that are nothing. */
  const pieces = fc.constantFrom(
    telemetry(),
    telemetry({ zone_id: '"A-1"', temperature_c: '9' }),
    telemetry({ compliance_state: '"excursion"' }),
    telemetry({ zone_id: '"\\u0041"' }),
    telemetry({ zone_id: 'null' }),
    telemetry({ zone_id: undefined }),
    telemetry({ more: '{"a":[1,{"a":"\\ud800"}]}' }),
    '{"timestamp_utc":"2026-01-31T23:59:58Z","x":{"y":1},"label":"\\"é😀"}',
    '{"timestamp_utc":"2026-01-31T23:59:58Z","x":1,"x":2}',
    '{"a":',
    '',
    ' \r',
    'null',
    '[[]]',
    '\ufeff{}',
    '\u0000',
  );
  const payload = fc.oneof(
    { weight: 4, arbitrary: fc.array(pieces, { maxLength: 8 }).map((lines) => lines.join('\n')) },
    { weight: 4, arbitrary: fc.array(pieces, { maxLength: 8 }).map((lines) => `[${lines.join(',')}]`) },
    {
      weight: 1,
      arbitrary: fc.array(pieces, { minLength: 11, maxLength: 14 }).map((lines) => lines.join('\r\n')),
    },
    {
      weight: 1,
      arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    },
  );
  const bytes = fc
    .tuple(payload, fc.option(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { nil: null }))
    .map(([text, change]) => {
      const buffer = Buffer.from(text);
      if (change !== null && buffer.length > 0) buffer[change[0] % buffer.length] = change[1];
      return buffer;
    });
  const frames: fc.Arbitrary<FrameInput[]> = fc.array(
    fc.record({
      payload: bytes,
      mode: fc.constantFrom(0, 1, 2),
      stream: fc.constantFrom(1, 2),
      flags: fc.constantFrom(0, 0, 0, 0, 1),
    }),
    { minLength: 1, maxLength: 5 },
  );

  test('codec: through small output areas comes what comes through a large one', () => {
    let chunked = 0;
    fc.assert(
      fc.property(frames, fc.integer({ min: 0, max: 3000 }), (input, spare) => {
        const whole = encodeSlab(codec, slabOf(input));
        expect(whole.chunks).toBe(1);
        const small = encodeSlab(codec, slabOf(input), largestEntry(whole) + spare);
        if (small.chunks > 1) chunked++;
        expect({ ...small, chunks: 1 }).toEqual(whole);
      }),
      { numRuns: 300 },
    );
    expect(chunked).toBeGreaterThan(30);
  });

  test('codec: whatever the bytes: counts add up, lines are canonical, leaves are right, raw is a piece of the frame', () => {
    fc.assert(
      fc.property(frames, (input) => {
        const output = encodeSlab(codec, slabOf(input));
        expect(output.frames).toHaveLength(input.length);
        for (const [i, frame] of output.frames.entries()) {
          const { accepted, rejected } = output.counts[i] as SlabOutput['counts'][number];
          expect([frame.accepted.length, frame.refused.length]).toEqual([accepted, rejected]);
          for (const { line, leaf, timestamp } of frame.accepted) {
            const record = parseJson(Buffer.from(line)) as Record<string, unknown>;
            expect(`${canonicalise(record)}\n`).toBe(line);
            expect(record['timestamp_utc']).toBe(timestamp);
            expect(record['received_utc']).toBe(RECEIVED);
            expect(leaf).toBe(
              createHash('sha256')
                .update(`\0${line.slice(0, -1)}`)
                .digest('hex'),
            );
          }
          for (const { raw, offset } of frame.refused) {
            expect(Buffer.from(input[i]?.payload ?? '').includes(Buffer.from(raw))).toBe(true);
            expect(offset).toBeLessThanOrEqual(raw.length);
            expect(Buffer.from(raw).toString('latin1')).not.toMatch(/^[ \t\r\n]|[ \t\r\n]$/);
          }
          const told = output.rejects.filter((reject) => reject.frame === i);
          expect(told.map(({ record, code, field }) => ({ record, code, field }))).toEqual(
            frame.refused.slice(0, 16).map(({ record, code, field }) => ({ record, code, field })),
          );
        }
      }),
      { numRuns: 500 },
    );
  });

  test('codec: every byte of an entry is written, whatever the output area held before', () => {
    fc.assert(
      fc.property(frames, (input) => {
        const outputs = [0x00, 0xaa].map((rubbish) => {
          const out = new Uint8Array(1 << 16).fill(rubbish);
          const bytes = codec.encode(slabOf(input), { frame: 0, offset: 0, record: 0 }, out, () => {});
          return Buffer.from(out.subarray(0, bytes));
        });
        expect(outputs[0]).toEqual(outputs[1]);
      }),
    );
  });

  test('codec: defaults of zone, value and state count like values that were sent', () => {
    const table: Table = {
      name: 'defaults',
      version: 1,
      fields: [
        { name: 'timestamp_utc', type: 'timestamp', required: true },
        { name: 'room', type: 'string', required: false, default: 'cold' },
        { name: 'level', type: 'integer', required: false, default: 9 },
        {
          name: 'compliance_state',
          type: 'enum',
          required: false,
          default: 'fine',
          values: ['fine', 'excursion'],
        },
      ],
    };
    const judge = (members: string, spec: Partial<StreamSpec>) => {
      const lines = createTwins([telemetryStream({ table, ...spec })]);
      const slab = slabOf([{ payload: `{"timestamp_utc":"2026-01-31T23:59:58Z"${members}}` }]);
      const accepted = encodeSlab(lines, slab).frames.flatMap((frame) => frame.accepted);
      const { line, excursion } = accepted[0] as AcceptedOutput;
      return [(JSON.parse(line) as Record<string, unknown>)['evaluated_state'], excursion];
    };
    const rooms = { by: 'room', field: 'level', limits: { cold: { max: 8 }, warm: { min: 9, max: 20 } } };
    expect(judge('', { zones: rooms })).toEqual(['excursion', true]);
    expect(judge(',"level":8', { zones: rooms })).toEqual(['within_spec', false]);
    expect(judge(',"room":"warm"', { zones: rooms })).toEqual(['within_spec', false]);
    expect(judge(',"room":"attic"', { zones: rooms })).toEqual([undefined, false]);
    expect(judge(',"room":null,"level":null', { zones: rooms })).toEqual(['excursion', true]);
    const fields = table.fields.map((field) =>
      field.name === 'compliance_state' ? { ...field, default: 'excursion' } : field,
    );
    expect(judge('', { table: { ...table, fields } })).toEqual([undefined, true]);
    expect(judge(',"compliance_state":"fine"', { table: { ...table, fields } })).toEqual([undefined, false]);
  });

  test('codec: a long string of escapes comes out whole', () => {
    const text = '"\\é😀'.repeat(4000);
    const escapes = Array.from({ length: text.length }, (_, i) =>
      text.charCodeAt(i).toString(16).padStart(4, '0'),
    );
    const payload = `{"timestamp_utc":"2026-01-31T23:59:58Z","label":"\\u${escapes.join('\\u')}","level":1.25}`;
    const { accepted } = encodeSlab(codec, slabOf([{ payload, stream: 2 }])).frames[0] as FrameOutput;
    expect(JSON.parse(accepted[0]?.line ?? '')).toMatchObject({ label: text, level: 1.25 });
  });

  test('codec: an output area too small for an entry takes nothing', () => {
    const slab = slabOf([{ payload: telemetry() }]);
    const cursor = { frame: 0, offset: 0, record: 0 };
    expect(codec.encode(slab, cursor, new Uint8Array(64), () => {})).toBe(0);
    expect(cursor).toEqual({ frame: 0, offset: 0, record: 0 });
  });

  test('codec: is given back unchanged by a run that was broken off and begun again', () => {
    const input = Array.from({ length: 6 }, () => ({ payload: `${telemetry()}\nx\n${telemetry()}` }));
    const slab = slabOf(input);
    codec.encode(slab, { frame: 0, offset: 0, record: 0 }, new Uint8Array(1200), () => {});
    slab.rejected = 0;
    expect(encodeSlab(codec, slab)).toEqual(encodeSlab(createTwins(streams), slabOf(input)));
  });
});

/** Bytes of the largest record entry that came out, with the frame entry that may stand before it. */
function largestEntry(output: SlabOutput): number {
  const sizes = output.frames.flatMap(({ accepted, refused }) => [
    ...accepted.map(({ line }) => 64 + Buffer.byteLength(line)),
    ...refused.map(({ raw }) => 32 + raw.length),
  ]);
  return 32 + ((Math.max(0, ...sizes) + 7) & ~7);
}
