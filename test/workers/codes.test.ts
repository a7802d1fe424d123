import { describe, expect, test } from 'vitest';
import { CODEC_CODES, NO_FIELD } from '../../engine/codes.ts';
import { FRAME_MODE } from '../../engine/ring/frame.ts';
import { TELEMETRY_1 } from '../../engine/schema/telemetry.ts';
import { encodeSlab, slabOf } from '../support/slab.ts';
import { EVERY_TYPE, GOOD_MEMBERS, nested, telemetry, telemetryStream } from '../support/stream.ts';
import { createTwins } from '../support/twins.ts';

const strict = createTwins([telemetryStream()]);
const lenient = createTwins([telemetryStream({ unknownFields: 'ignore' })]);
const every = createTwins([telemetryStream({ table: EVERY_TYPE })]);

/** What becomes of one line: `code field @text from the fault on`, or the canonical line. */
function judge(codec: typeof strict, line: string | Uint8Array, table = TELEMETRY_1): string {
  const output = encodeSlab(codec, slabOf([{ payload: line, mode: FRAME_MODE.lines }]));
  const frame = output.frames[0];
  const refused = frame?.refused[0];
  if (refused === undefined) return frame?.accepted[0]?.line ?? 'nothing';
  const field = refused.field === NO_FIELD ? '-' : table.fields[refused.field]?.name;
  return `${refused.code} ${field} @${Buffer.from(refused.raw).toString('latin1').slice(refused.offset)}`;
}

/** `code field` only. */
function codeOf(line: string | Uint8Array, codec = strict, table = TELEMETRY_1): string {
  return judge(codec, line, table).split(' @')[0] as string;
}

const seen = new Set<string>();
function expectCode(code: string, wanted: string): void {
  expect(code).toBe(wanted);
  seen.add(wanted.split(' ')[0] as string);
}

describe('codes', () => {
  test('codes: a good record is a line with the default and the time of receipt, sorted', () => {
    expect(judge(strict, telemetry())).toBe(
      '{"compliance_state":"unknown","received_utc":"2026-01-31T23:59:59.007Z","sensor_id":"probe-0001",' +
        '"temperature_c":4.5,"timestamp_utc":"2026-01-31T23:59:58.25Z","zone_id":"DOCK-7"}\n',
    );
  });

  const hash = 'a'.repeat(64);

  test.each([
    ['not JSON', 'nonsense', 'json.syntax -'],
    ['NaN as a value', telemetry({ temperature_c: 'NaN' }), 'json.syntax -'],
    ['a BOM', `\ufeff${telemetry()}`, 'json.syntax -'],
    ['a second value behind it', `${telemetry()} ${telemetry()}`, 'json.syntax -'],
    ['65 levels', telemetry({ zone_id: nested(64) }), 'json.depth -'],
    ['65 levels in a list', nested(65), 'json.depth -'],
    ['a list', '[]', 'record.not-object -'],
    ['a list of 64 levels', nested(64), 'record.not-object -'],
    ['a string', '"x"', 'record.not-object -'],
    ['null', 'null', 'record.not-object -'],
    ['an unknown member', telemetry({ humidity: '1' }), 'field.unknown -'],
    ['a name of firn', telemetry({ received_utc: '"2026-01-31T23:59:58Z"' }), 'field.unknown -'],
    ['a name in other letters', telemetry({ Zone_id: '"A"' }), 'field.unknown -'],
    ['a name with NUL', telemetry({ 'zone_id\u0000': '"A"' }), 'field.unknown -'],
    ['a member twice', `${telemetry().slice(0, -1)},"zone_id":"B"}`, 'json.duplicate-member zone_id'],
    [
      'a member twice, once escaped',
      `${telemetry().slice(0, -1)},"zone\\u005fid":"B"}`,
      'json.duplicate-member zone_id',
    ],
    [
      'null and then a value',
      `${telemetry({ raw_payload_hash: 'null' }).slice(0, -1)},"raw_payload_hash":"${hash}"}`,
      'json.duplicate-member raw_payload_hash',
    ],
    ['a duplicate inside', telemetry({ zone_id: '{"a":1,"a":2}' }), 'json.duplicate-member zone_id'],
    ['a lone surrogate', telemetry({ zone_id: '"A\\ud800"' }), 'json.lone-surrogate zone_id'],
    ['a lone surrogate inside', telemetry({ zone_id: '[{"\\udc00":1}]' }), 'json.lone-surrogate zone_id'],
    ['a string for a number', telemetry({ temperature_c: '"4"' }), 'field.type temperature_c'],
    ['a number for a string', telemetry({ zone_id: '4' }), 'field.type zone_id'],
    ['a list for a string', telemetry({ zone_id: '["A"]' }), 'field.type zone_id'],
    ['true for a number', telemetry({ temperature_c: 'true' }), 'field.type temperature_c'],
    ['a number for a timestamp', telemetry({ timestamp_utc: '1769903998' }), 'field.type timestamp_utc'],
    ['null for a required field', telemetry({ zone_id: 'null' }), 'field.type zone_id'],
    ['1e400', telemetry({ temperature_c: '1e400' }), 'number.overflow temperature_c'],
    ['1e-400', telemetry({ temperature_c: '1e-400' }), 'number.underflow temperature_c'],
    [
      'an integer beyond 2^53',
      telemetry({ temperature_c: '9007199254740993' }),
      'number.precision temperature_c',
    ],
    ['three characters of four', telemetry({ sensor_id: '"abc"' }), 'field.length sensor_id'],
    ['three code points in six units', telemetry({ sensor_id: '"😀😀😀"' }), 'field.length sensor_id'],
    ['65 characters of 64', telemetry({ sensor_id: `"${'x'.repeat(65)}"` }), 'field.length sensor_id'],
    ['no characters', telemetry({ zone_id: '""' }), 'field.length zone_id'],
    ['lower case', telemetry({ zone_id: '"dock"' }), 'field.pattern zone_id'],
    ['a letter beyond ASCII', telemetry({ zone_id: '"DÖCK"' }), 'field.pattern zone_id'],
    ['a control character', telemetry({ sensor_id: '"abcd\\n"' }), 'field.pattern sensor_id'],
    ['DEL', telemetry({ sensor_id: '"abcd\u007f"' }), 'field.pattern sensor_id'],
    [
      'a hash in capitals',
      telemetry({ raw_payload_hash: `"${hash.toUpperCase()}"` }),
      'field.pattern raw_payload_hash',
    ],
    ['above the range', telemetry({ temperature_c: '100.00000000000002' }), 'field.range temperature_c'],
    ['below the range', telemetry({ temperature_c: '-140' }), 'field.range temperature_c'],
    ['a word that is none', telemetry({ compliance_state: '"fine"' }), 'field.enum compliance_state'],
    ['a word with an end', telemetry({ compliance_state: '"unknown "' }), 'field.enum compliance_state'],
    ['a date', telemetry({ timestamp_utc: '"2026-01-31"' }), 'timestamp.syntax timestamp_utc'],
    [
      'a naive time',
      telemetry({ timestamp_utc: '"2026-01-31T10:00:00"' }),
      'timestamp.not-utc timestamp_utc',
    ],
    [
      'local time',
      telemetry({ timestamp_utc: '"2026-01-31T10:00:00+01:00"' }),
      'timestamp.not-utc timestamp_utc',
    ],
    [
      '30 February',
      telemetry({ timestamp_utc: '"2026-02-30T10:00:00Z"' }),
      'timestamp.calendar timestamp_utc',
    ],
    ['1969', telemetry({ timestamp_utc: '"1969-12-31T10:00:00Z"' }), 'field.range timestamp_utc'],
    ['a missing field', telemetry({ zone_id: undefined }), 'field.missing zone_id'],
    ['an empty object', '{}', 'field.missing sensor_id'],
  ])('codes: %s', (_, line, wanted) => {
    expectCode(codeOf(line), wanted);
  });

  test('codes: bytes that are not UTF-8 are json.utf8, also where the syntax is broken too', () => {
    const bytes = Buffer.from(telemetry({ sensor_id: '"probeX"' }));
    bytes[bytes.indexOf(0x58)] = 0xff;
    expectCode(codeOf(bytes), 'json.utf8 -');
    expectCode(codeOf(Uint8Array.of(0x7b, 0x7b, 0xc3)), 'json.utf8 -');
  });

  test('codes: every code of the codec has been seen but the three that concern frames', () => {
    const missing = CODEC_CODES.filter((code) => code !== 'none' && !seen.has(code));
    expect(missing).toEqual(['frame.records', 'codec.crash', 'schema.unknown']);
  });

  test.each([
    ['syntax before depth', `${nested(70)} x`, 'json.syntax -'],
    ['syntax before a fault that stands earlier', `{"humidity":1, "zone_id" 2}`, 'json.syntax -'],
    ['depth before an unknown member that stands earlier', `{"humidity":${nested(64)}}`, 'json.depth -'],
    ['the earlier member first', '{"zone_id":"low","sensor_id":1}', 'field.pattern zone_id'],
    [
      'the earlier member first, the other way round',
      '{"sensor_id":1,"zone_id":"low"}',
      'field.type sensor_id',
    ],
    ['members before missing fields', '{"zone_id":"low"}', 'field.pattern zone_id'],
    ['missing fields in table order', '{"zone_id":"A"}', 'field.missing sensor_id'],
    ['unknown before duplicate and lone surrogate', '{"\\ud800":{"a":1,"a":2}}', 'field.unknown -'],
    [
      'duplicate before lone surrogate',
      '{"zone_id":{"b":"\\ud800","a":1,"a":2}}',
      'json.duplicate-member zone_id',
    ],
    ['duplicate before type', '{"zone_id":"A","zone_id":1}', 'json.duplicate-member zone_id'],
    ['lone surrogate before type', '{"temperature_c":"\\ud800"}', 'json.lone-surrogate temperature_c'],
    ['lone surrogate before length', '{"sensor_id":"\\ud800"}', 'json.lone-surrogate sensor_id'],
    ['length before pattern', '{"raw_payload_hash":"XYZ"}', 'field.length raw_payload_hash'],
    ['number before range', '{"temperature_c":1e300}', 'number.precision temperature_c'],
    [
      'not-utc before calendar',
      '{"timestamp_utc":"2026-02-30T10:00:00+02:00"}',
      'timestamp.not-utc timestamp_utc',
    ],
    ['calendar before range', '{"timestamp_utc":"1969-02-30T10:00:00Z"}', 'timestamp.calendar timestamp_utc'],
  ])('codes: of several faults one is told: %s', (_, line, wanted) => {
    expect(codeOf(line)).toBe(wanted);
  });

  test.each([
    ['json.syntax', '{"zone_id": nul}', 'json.syntax - @}'],
    ['json.depth', `{"a":${nested(64)}}`, `json.depth - @${'[]'}${']'.repeat(63)}}`],
    ['record.not-object', ' [1] ', 'record.not-object - @[1]'],
    ['field.unknown', '{"zone_id":"A","x":1}', 'field.unknown - @"x":1}'],
    ['json.duplicate-member', '{"zone_id":"A","zone_id":2}', 'json.duplicate-member zone_id @"zone_id":2}'],
    ['json.lone-surrogate', '{"zone_id":"A\\udc00"}', 'json.lone-surrogate zone_id @\\udc00"}'],
    ['field.type', '{"zone_id": 1 }', 'field.type zone_id @1 }'],
    ['field.missing', '{"zone_id":"A" }', 'field.missing sensor_id @}'],
  ])('codes: the offset of %s says where', (_, line, wanted) => {
    expect(judge(strict, line)).toBe(wanted);
  });
});

describe('codes: unknown members ignored', () => {
  test('codes: an ignored member leaves no trace in the line', () => {
    const line = telemetry({ humidity: '[{"x":1e999}]', received_utc: '1', nothing: 'null' });
    expect(judge(lenient, line)).toBe(judge(lenient, telemetry()));
  });

  test.each([
    ['twice', '{"x":1,"x":2}', 'json.duplicate-member -'],
    ['twice, once escaped', '{"x":1,"\\u0078":2}', 'json.duplicate-member -'],
    ['with a duplicate inside', '{"x":{"y":1,"y":1}}', 'json.duplicate-member -'],
    ['with a lone surrogate', '{"x":"\\ud800"}', 'json.lone-surrogate -'],
    ['with a lone surrogate in its name', '{"\\ud800":1}', 'json.lone-surrogate -'],
    ['too deep', `{"x":${nested(64)}}`, 'json.depth -'],
  ])('codes: an ignored member %s is still refused', (_, line, wanted) => {
    expect(codeOf(line, lenient)).toBe(wanted);
  });

  test('codes: lone surrogates that differ are different names', () => {
    expect(codeOf('{"zone_id":{"\\ud800":1,"\\ud801":1}}')).toBe('json.lone-surrogate zone_id');
  });
});

describe('codes: a table with every type', () => {
  const time = '"timestamp_utc":"2026-01-31T23:59:58+00:00"';

  test('codes: defaults are written, absent and null fields are not, escapes become canonical', () => {
    expect(judge(every, `{${time},"label":null,"Alpha":null,"seen_utc":null}`)).toBe(
      '{"Alpha":"q\\"\\\\","level":0.5,"on":false,"received_utc":"2026-01-31T23:59:59.007Z",' +
        '"timestamp_utc":"2026-01-31T23:59:58+00:00","zone":"a"}\n',
    );
  });

  test('codes: values come out canonical', () => {
    const line = `{"zone":"\\u00fc",${time},"label":"\\u0041\\/\\"\\\\\\ud83d\\ude00é\\u20ac","count":-5.0,"level":-0e0,"on":true}`;
    expect(judge(every, line)).toBe(
      '{"Alpha":"q\\"\\\\","count":-5,"label":"A/\\"\\\\😀é€","level":0,"on":true,' +
        '"received_utc":"2026-01-31T23:59:59.007Z","timestamp_utc":"2026-01-31T23:59:58+00:00","zone":"ü"}\n',
    );
  });

  test.each([
    ['{"count":1.5}', 'field.type count'],
    ['{"count":1e-400}', 'number.underflow count'],
    ['{"count":1e300}', 'number.precision count'],
    ['{"count":-6}', 'field.range count'],
    ['{"on":"true"}', 'field.type on'],
    ['{"on":1}', 'field.type on'],
    ['{"label":"a\\u0000"}', 'field.pattern label'],
    ['{"label":"\\u007f"}', 'field.pattern label'],
    ['{"zone":"A"}', 'field.enum zone'],
    ['{"zone":1}', 'field.type zone'],
    ['{"seen_utc":"2026-01-31T23:59:58"}', 'timestamp.not-utc seen_utc'],
    ['{"Alpha":"\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00x"}', 'field.length Alpha'],
    ['{"label":null}', 'field.missing timestamp_utc'],
  ])('codes: %s is %s', (line, wanted) => {
    expect(codeOf(line, every, EVERY_TYPE)).toBe(wanted);
  });

  test('codes: three code points beyond the BMP are three characters', () => {
    expect(judge(every, `{${time},"Alpha":"😀\\ud83d\\ude00x"}`)).toContain('"Alpha":"😀😀x"');
  });

  test('codes: good members are what the tests above believe', () => {
    expect(codeOf(telemetry(GOOD_MEMBERS))).toContain('{"compliance_state"');
  });
});
