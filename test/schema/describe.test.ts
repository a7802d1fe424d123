import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CODEC_CODES, codeNumber, NO_FIELD } from '../../engine/codes.ts';
import { FRAME_MODE } from '../../engine/ring/frame.ts';
import { describe as describeFault } from '../../engine/schema/describe.ts';
import type { Table } from '../../engine/schema/table.ts';
import { TELEMETRY_1 } from '../../engine/schema/telemetry.ts';
import { unknownSchemaHead } from '../../engine/schema/unknown.ts';
import { createPortableCodec } from '../../workers/portable.ts';
import { encodeSlab, slabOf } from '../support/slab.ts';
import { EVERY_TYPE, nested, telemetry, telemetryStream } from '../support/stream.ts';

/** The sentence and path of the first refusal of a payload, asked once of raw and once of the whole frame: equal. */
function told(
  payload: string | Uint8Array,
  mode: number = FRAME_MODE.lines,
  table: Table = TELEMETRY_1,
  ignore = false,
) {
  const stream = telemetryStream({ table, unknownFields: ignore ? 'ignore' : 'reject' });
  const slab = slabOf([{ payload, mode }]);
  const output = encodeSlab(createPortableCodec([stream]), slab);
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const all = output.rejects.map((reject, i) => {
    const refused = output.frames[0]?.refused[i];
    const number = codeNumber(reject.code);
    const fromFrame = describeFault(number, reject.field, table, bytes, reject.offset);
    const raw = refused?.raw ?? new Uint8Array(0);
    expect(describeFault(number, refused?.field ?? -1, table, raw, refused?.offset ?? -1)).toEqual(fromFrame);
    return fromFrame;
  });
  return all[0];
}

describe('describe', () => {
  test.each([
    [telemetry({ temperature_c: '140' }), 'temperature_c: 140 is above 100', '/temperature_c'],
    [telemetry({ temperature_c: '-1.5e2' }), 'temperature_c: -1.5e2 is below -100', '/temperature_c'],
    [
      telemetry({ temperature_c: '"4"' }),
      'temperature_c: a number is wanted, not a string',
      '/temperature_c',
    ],
    [telemetry({ zone_id: 'null' }), 'zone_id: a string is wanted, not null', '/zone_id'],
    [
      telemetry({ timestamp_utc: '17' }),
      'timestamp_utc: a timestamp in a string is wanted, not a number',
      '/timestamp_utc',
    ],
    [telemetry({ zone_id: undefined }), 'zone_id is missing', '/zone_id'],
    [telemetry({ 'a/b~c': '1' }), '"a/b~c" is not a field of telemetry/1', '/a~1b~0c'],
    [telemetry({ sensor_id: '"abc"' }), 'sensor_id: 3 characters, at least 4 wanted', '/sensor_id'],
    [telemetry({ zone_id: `"${'A'.repeat(65)}"` }), 'zone_id: 65 characters, at most 64 wanted', '/zone_id'],
    [telemetry({ zone_id: '"Ab"' }), 'zone_id: "b" is not one of the characters A-Z0-9-', '/zone_id'],
    [
      telemetry({ sensor_id: '"abcd\\u0007"' }),
      'sensor_id: control character "U+0007" is not allowed',
      '/sensor_id',
    ],
    [
      telemetry({ compliance_state: '"ok"' }),
      'compliance_state: "ok" is not one of within_spec, excursion, unknown',
      '/compliance_state',
    ],
    [
      telemetry({ timestamp_utc: '"yesterday"' }),
      'timestamp_utc: "yesterday" is not a timestamp like 2026-01-31T23:59:58Z',
      '/timestamp_utc',
    ],
    [
      telemetry({ timestamp_utc: '"2026-01-31T10:00:00"' }),
      'timestamp_utc: "2026-01-31T10:00:00" is not in UTC: it must end in Z or +00:00',
      '/timestamp_utc',
    ],
    [
      telemetry({ timestamp_utc: '"2026-02-30T10:00:00Z"' }),
      'timestamp_utc: "2026-02-30T10:00:00Z" is a moment that does not exist',
      '/timestamp_utc',
    ],
    [
      telemetry({ timestamp_utc: '"1969-02-28T10:00:00Z"' }),
      'timestamp_utc: "1969-02-28T10:00:00Z" is not in the years 1970 to 9999',
      '/timestamp_utc',
    ],
    [
      telemetry({ temperature_c: '1e400' }),
      'temperature_c: 1e400 is too large for a double',
      '/temperature_c',
    ],
    [
      telemetry({ temperature_c: '1e-400' }),
      'temperature_c: 1e-400 is not zero but too small for a double',
      '/temperature_c',
    ],
    [
      telemetry({ temperature_c: '9007199254740993' }),
      'temperature_c: 9007199254740993 is an integer beyond 2^53 - 1, which a double cannot keep exactly',
      '/temperature_c',
    ],
    [
      telemetry({ zone_id: '"\\ud800"' }),
      'zone_id: \\ud800 is half of a surrogate pair without its other half',
      '/zone_id',
    ],
    ['{"zone_id":"A","zone_id":"B"}', 'zone_id is given twice', '/zone_id'],
    ['{"zone_id":{"a":1,"a":1}}', 'zone_id: member "a" in it is given twice', '/zone_id'],
    [`{"a":${nested(64)}}`, 'nested deeper than 64 levels', null],
    ['[1]', 'a record is a JSON object, not an array', null],
    ['"x"', 'a record is a JSON object, not a string', null],
    ['-1', 'a record is a JSON object, not a number', null],
    ['true', 'a record is a JSON object, not true', null],
    ['{"a": NaN}', 'not valid JSON at "NaN}"', null],
    ['{"a":1 \t\r\n{}', 'not valid JSON: it breaks off before its end', null],
    ['{"a":', 'not valid JSON: it breaks off before its end', null],
    ['{"a":tr ue}', 'not valid JSON: byte 0x20 cannot stand where it stands', null],
  ])('describe: %s', (line, detail, path) => {
    expect(told(line)).toEqual({ detail, path });
  });

  test('describe: an integer field that is given a fraction is told the number', () => {
    expect(told('{"count":1.5}', FRAME_MODE.lines, EVERY_TYPE)?.detail).toBe(
      'count: an integer is wanted, not 1.5',
    );
  });

  test('describe: a duplicate among ignored members has no path', () => {
    const wanted = { detail: 'member "x" is given twice', path: null };
    expect(told('{"x":1,"x":2}', FRAME_MODE.lines, TELEMETRY_1, true)).toEqual(wanted);
  });

  test('describe: invalid UTF-8 is told by its byte', () => {
    const detail = 'not valid UTF-8: byte 0xff cannot stand where it stands';
    expect(told(Uint8Array.of(0x7b, 0xff, 0x7d))).toEqual({ detail, path: null });
  });

  test('describe: what hides, moves or reverses text is told by its number, and nothing is longer than 200', () => {
    expect(told('{"a\u202eb\\u001b\\ud800":1}')?.detail).toBe(
      '"aU+202EbU+001BU+D800" is not a field of telemetry/1',
    );
    const long = told(`{"zone_id":"${'A'.repeat(10)}${'\\u202e'.repeat(500)}"}`)?.detail ?? '';
    expect(long.length).toBeLessThanOrEqual(200);
    expect(told(`{"${'😀'.repeat(500)}":1}`)?.detail).toBe(
      `"${'😀'.repeat(48)}…" is not a field of telemetry/1`,
    );
  });

  test('describe: raw bytes and the whole frame give the same sentence, whatever is in them', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        telemetry(),
        telemetry({ zone_id: '"b"' }),
        telemetry({ temperature_c: '1e999' }),
        '{"a":tru',
        '{"zone_id":"\\udc00"}',
        '{"x":"\ud83d\ude00"',
        'nul',
        '{} ,',
        '\ufeff{}',
      ),
      fc.string({
        unit: fc.constantFrom(
          '{',
          '}',
          '[',
          ']',
          ',',
          ':',
          '"',
          '\\',
          'u',
          '0',
          '-',
          ' ',
          '\t',
          '\u0001',
          'é',
          '"a"',
        ),
        maxLength: 12,
      }),
    );
    const payload = fc.oneof(
      fc.array(piece, { minLength: 1, maxLength: 4 }).map((lines) => lines.join(' \r\n')),
      fc.array(piece, { minLength: 1, maxLength: 4 }).map((elements) => ` [${elements.join(' ,')}] `),
    );
    fc.assert(
      fc.property(payload, fc.constantFrom(0, 1, 2), fc.boolean(), (text, mode, ignore) => {
        const fault = told(text, mode, TELEMETRY_1, ignore);
        if (fault === undefined) return;
        expect(fault.detail.length).toBeLessThanOrEqual(200);
        expect(fault.detail).toMatch(/^[^\p{Cc}\p{Cf}]+$/u);
      }),
      { numRuns: 500 },
    );
  });

  test('describe: of an unknown schema it tells what was asked for and what is taken, cut where it is too long', () => {
    const sentence = (accepted: string[]): string => {
      const head = unknownSchemaHead('telemetry/9', accepted);
      const bytes = Buffer.concat([head, Buffer.from('{"zone_id":"A"}')]);
      const { detail, path } = describeFault(
        codeNumber('schema.unknown'),
        NO_FIELD,
        null,
        bytes,
        head.length,
      );
      expect(path).toBeNull();
      return detail;
    };
    expect(sentence(['telemetry/1', 'telemetry/2'])).toBe(
      'telemetry/9 is not a schema of this stream: it takes telemetry/1, telemetry/2',
    );
    const long = sentence(Array.from({ length: 90 }, (_, i) => `telemetry/${i + 1}`));
    expect(long).toHaveLength(200);
    expect(long).toMatch(/telemetry\/1, telemetry\/2, .*…$/);
  });

  test('describe: every code of the codec has a sentence of its own, also without a table', () => {
    const bytes = Buffer.from('"zone_id":"A"');
    const sentences = CODEC_CODES.slice(1).map(
      (code) => describeFault(codeNumber(code), NO_FIELD, null, bytes, 0).detail,
    );
    const plain = sentences.filter((sentence) => !sentence.startsWith('refused: '));
    expect(new Set(plain).size).toBe(plain.length);
    expect(describeFault(codeNumber('frame.records'), NO_FIELD, null, bytes, 0).detail).toContain(
      'more records',
    );
    expect(describeFault(codeNumber('codec.crash'), NO_FIELD, null, bytes, 0).detail).toContain(
      'stopped the codec',
    );
  });
});
