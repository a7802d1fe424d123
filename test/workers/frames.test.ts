import { describe, expect, test } from 'vitest';
import { codeNumber, NO_FIELD } from '../../engine/codes.ts';
import { FRAME_FLAG, FRAME_KIND, FRAME_MODE } from '../../engine/ring/frame.ts';
import { encodeSlab, type FrameInput, RECEIVED_MS, type SlabOutput, slabOf } from '../support/slab.ts';
import { telemetry, telemetryStream } from '../support/stream.ts';
import { createTwins } from '../support/twins.ts';

const codec = createTwins([telemetryStream()]);

function encode(frame: FrameInput | string | Uint8Array, stream = telemetryStream()): SlabOutput {
  const input = typeof frame === 'string' || frame instanceof Uint8Array ? { payload: frame } : frame;
  return encodeSlab(createTwins([stream]), slabOf([input]));
}

/** Accepted sensors and refused records of the only frame: `a b !1:field.type`. */
function outcome(output: SlabOutput): string {
  const frame = output.frames[0];
  const sensors =
    frame?.accepted.map(({ line }) => (JSON.parse(line) as { sensor_id: string }).sensor_id) ?? [];
  const refused = frame?.refused.map(({ record, code }) => `!${record}:${code}`) ?? [];
  return [...sensors, ...refused].join(' ');
}

const one = telemetry({ sensor_id: '"one1"' });
const two = telemetry({ sensor_id: '"two2"' });
const bad = telemetry({ zone_id: '7' });

describe('frames', () => {
  test.each([
    ['one line', one, 'one1'],
    ['lines', `${one}\n${two}\n`, 'one1 two2'],
    ['lines without a last newline', `${one}\n${two}`, 'one1 two2'],
    ['CRLF', `${one}\r\n${two}\r\n`, 'one1 two2'],
    ['blank lines between, not counted', `\n \t\r\n${one}\n\n\r\n${bad}\n`, 'one1 !1:field.type'],
    ['white space around lines', ` \t${one} \n\t${two}\r`, 'one1 two2'],
    ['a bad line in the middle', `${one}\n${bad}\n${two}`, 'one1 two2 !1:field.type'],
    ['a broken line in the middle', `${one}\n{"a":\n${two}`, 'one1 two2 !1:json.syntax'],
    ['an object on several lines', one.replace(',', ',\n'), '!0:json.syntax !1:json.syntax'],
    ['scalars on lines', '1\n"x"', '!0:record.not-object !1:record.not-object'],
    ['an array', `[${one},${two}]`, 'one1 two2'],
    ['an array after white space, on many lines', `\r\n [\n${one}\n,\n${two}\n]\n`, 'one1 two2'],
    ['an array with a bad record in the middle', `[${one},${bad},${two}]`, 'one1 two2 !1:field.type'],
    [
      'an array of other things',
      `[${one},1,[],null,"x"]`,
      `one1 ${[1, 2, 3, 4].map((i) => `!${i}:record.not-object`).join(' ')}`,
    ],
    ['an array with a duplicate', `[{"a":1,"zone_id":1,"zone_id":2},${two}]`, 'two2 !0:field.unknown'],
    ['an array with a deep element', `[${'['.repeat(65)}${']'.repeat(65)},${two}]`, 'two2 !0:json.depth'],
    [
      'an array whose own level does not count',
      `[${'['.repeat(64)}${']'.repeat(64)}]`,
      '!0:record.not-object',
    ],
    ['a broken array', `[${one},${two}`, '!0:json.syntax'],
    ['an array and more', `[${one}]\n${two}`, '!0:json.syntax'],
    ['lines of which a later one is an array', `${one}\n[${two}]`, 'one1 !1:record.not-object'],
    ['nothing', '', ''],
    ['white space', ' \r\n\t\n', ''],
    ['an empty array', ' [ ] ', ''],
    ['binary rubbish', '\u0000\u0001\u0002', '!0:json.syntax'],
  ])('frames: %s', (_, payload, wanted) => {
    expect(outcome(encode(payload))).toBe(wanted);
  });

  test.each([
    ['an object on several lines', one.replaceAll(',', ',\r\n'), 'one1'],
    ['an array', `\n[${one},${bad}]`, 'one1 !1:field.type'],
    ['two lines', `${one}\n${two}`, '!0:json.syntax'],
    ['a scalar', ' 17 ', '!0:record.not-object'],
    ['a string', '"x"', '!0:record.not-object'],
    ['an empty body', '', ''],
    ['a blank body', '\r\n', ''],
    ['an unacceptable object', bad, '!0:field.type'],
  ])('frames: as one JSON text, %s', (_, payload, wanted) => {
    expect(outcome(encode({ payload, mode: FRAME_MODE.json }))).toBe(wanted);
  });

  test('frames: as lines, a line that begins an array is a record that is no object', () => {
    const output = encode({ payload: `[${one}]\n${two}\n[`, mode: FRAME_MODE.lines });
    expect(outcome(output)).toBe('two2 !0:record.not-object !2:json.syntax');
  });

  test('frames: a line that is not UTF-8 is refused alone, an array whole', () => {
    const broken = (text: string) => {
      const bytes = Buffer.from(text);
      bytes[bytes.lastIndexOf('2')] = 0xff;
      return bytes;
    };
    expect(outcome(encode(broken(`${one}\n${two.replace('4.50', '4.5').replace('7', '2')}`)))).toBe(
      'one1 !1:json.utf8',
    );
    const array = encode(broken(`[${one},"22"]`));
    expect(outcome(array)).toBe('!0:json.utf8');
    expect(array.counts).toEqual([{ accepted: 0, rejected: 1, refusal: codeNumber('json.utf8') }]);
  });

  test.each([
    ['json.syntax', `[${one},`, FRAME_MODE.auto],
    ['json.syntax', '{"a"', FRAME_MODE.json],
    ['json.utf8', Buffer.from([0x20, 0x5b, 0xff, 0x5d]), FRAME_MODE.auto],
  ] as const)(
    'frames: refused whole as %s, raw is the payload without white space around it',
    (code, payload, mode) => {
      const bytes = Buffer.concat([Buffer.from(' \r\n'), Buffer.from(payload), Buffer.from('\t\n')]);
      const output = encode({ payload: bytes, mode });
      expect(output.counts).toEqual([{ accepted: 0, rejected: 1, refusal: codeNumber(code) }]);
      const refused = output.frames[0]?.refused[0];
      expect(Buffer.from(refused?.raw ?? []).toString('latin1')).toBe(
        Buffer.from(payload).toString('latin1').trim(),
      );
      const start = bytes.indexOf(Buffer.from(payload).toString('latin1').trim()[0] as string, 0, 'latin1');
      expect(output.rejects).toEqual([
        { frame: 0, record: 0, code, field: NO_FIELD, offset: start + (refused?.offset ?? -1) },
      ]);
    },
  );

  test('frames: raw holds the exact bytes of a line or element without white space around it', () => {
    const line = encode(`${one}\n \t{ "zone_id" :\t7 }\r\n`).frames[0]?.refused[0];
    expect(Buffer.from(line?.raw ?? []).toString()).toBe('{ "zone_id" :\t7 }');
    const element = encode(`[ ${one} ,\n {"x":"\\u00e9é"} ]`).frames[0]?.refused[0];
    expect(Buffer.from(element?.raw ?? []).toString()).toBe('{"x":"\\u00e9é"}');
  });

  test('frames: as many records as allowed pass, one more refuses the frame whole', () => {
    const stream = telemetryStream({ maxRecordsPerFrame: 2 });
    for (const [good, tooMany] of [
      [`${one}\n\n${two}\n`, `${one}\n${two}\nx`],
      [`[${one},${two}]`, `[${one},${two},1]`],
    ] as const) {
      expect(outcome(encode(good, stream))).toBe('one1 two2');
      const output = encode(tooMany, stream);
      expect(outcome(output)).toBe('!0:frame.records');
      expect(output.counts).toEqual([{ accepted: 0, rejected: 1, refusal: codeNumber('frame.records') }]);
      expect(Buffer.from(output.frames[0]?.refused[0]?.raw ?? []).toString()).toBe(tooMany);
    }
    expect(outcome(encode('[1,2,3', stream))).toBe('!0:json.syntax');
  });

  test('frames: a frame with the crash flag is one refused record, whatever is in it', () => {
    const output = encode({ payload: ` ${one}\n${two}\n`, flags: FRAME_FLAG.crash });
    expect(outcome(output)).toBe('!0:codec.crash');
    expect(output.counts).toEqual([{ accepted: 0, rejected: 1, refusal: codeNumber('codec.crash') }]);
    expect(output.rejects).toHaveLength(1);
    expect(Buffer.from(output.frames[0]?.refused[0]?.raw ?? []).toString()).toBe(`${one}\n${two}`);
  });

  test('frames: control frames become entries of their kind, in their place, character for character', () => {
    const json = '{"no":1,"principal":"é"}';
    const slab = slabOf([
      { kind: FRAME_KIND.source, payload: json },
      { payload: one },
      { kind: FRAME_KIND.audit, payload: '{ }' },
      { kind: FRAME_KIND.forget, payload: '' },
      { kind: FRAME_KIND.capture, payload: '{"id":1}' },
      { kind: FRAME_KIND.verdict, payload: '{"event":0}' },
      { kind: FRAME_KIND.captured, payload: '{"upTo":1}' },
    ]);
    const output = encodeSlab(codec, slab);
    expect(output.controls).toEqual([
      { kind: FRAME_KIND.source, json },
      { kind: FRAME_KIND.audit, json: '{ }' },
      { kind: FRAME_KIND.forget, json: '' },
      { kind: FRAME_KIND.capture, json: '{"id":1}' },
      { kind: FRAME_KIND.verdict, json: '{"event":0}' },
      { kind: FRAME_KIND.captured, json: '{"upTo":1}' },
    ]);
    expect(output.frames).toHaveLength(1);
  });

  test('frames: each frame entry carries its header, also when the frame holds no record', () => {
    const slab = slabOf([
      { payload: one, source: 7, frame: 2 ** 40, receivedMs: RECEIVED_MS + 5 },
      { payload: '', source: 8, frame: 3 },
      { payload: two, source: 9, frame: 4, receivedMs: 0 },
    ]);
    const { frames, counts } = encodeSlab(codec, slab);
    expect(frames.map(({ source, frame, receivedMs }) => [source, frame, receivedMs])).toEqual([
      [7, 2 ** 40, RECEIVED_MS + 5],
      [8, 3, RECEIVED_MS],
      [9, 4, 0],
    ]);
    const received = frames.map(
      ({ accepted }) => /"received_utc":"([^"]*)"/.exec(accepted[0]?.line ?? '')?.[1],
    );
    expect(received).toEqual(['2026-01-31T23:59:59.012Z', undefined, '1970-01-01T00:00:00.000Z']);
    expect(counts[1]).toEqual({ accepted: 0, rejected: 0, refusal: 0 });
  });

  test('frames: begin is called for each frame before it is touched', () => {
    const slab = slabOf([{ payload: one }, { kind: FRAME_KIND.audit, payload: '{}' }, { payload: '' }]);
    const begun: number[] = [];
    codec.encode(slab, { frame: 0, offset: 0, record: 0 }, new Uint8Array(4096), (frame) =>
      begun.push(frame),
    );
    expect(begun).toEqual([0, 1, 2]);
  });

  test('frames: sixteen rejects are told for a frame, all are counted; a full area is no fault', () => {
    const lines = 'x\n'.repeat(20);
    const slab = slabOf([{ payload: lines }, { payload: lines }, { payload: lines }], 40);
    const output = encodeSlab(codec, slab, 256);
    expect(output.rejects.map(({ frame }) => frame)).toEqual([
      ...Array(16).fill(0),
      ...Array(16).fill(1),
      ...Array(8).fill(2),
    ]);
    expect(output.rejects.slice(0, 16).map(({ record, offset }) => [record, offset])).toEqual(
      Array.from({ length: 16 }, (_, i) => [i, 2 * i]),
    );
    expect(output.counts).toEqual(Array(3).fill({ accepted: 0, rejected: 20, refusal: 0 }));
    expect(output.chunks).toBeGreaterThan(3);
  });

  test.each([
    ['brackets', '['.repeat(131_072), 1],
    ['objects', '{"a":'.repeat(26_214), 1],
    ['65,000 lines', 'x\n'.repeat(65_000), 1],
    ['16,384 lines', 'x\n'.repeat(16_384), 16_384],
    ['an array of ones', `[${'1,'.repeat(16_000)}1]`, 16_001],
    ['a record of one deep list', `{"sensor_id":${'['.repeat(60_000)}${']'.repeat(60_000)}}`, 1],
    ['escapes', `{"sensor_id":"${'\\u0041'.repeat(20_000)}"}`, 1],
    ['a member again and again', `{${'"sensor_id":"abcd",'.repeat(6000)}"a":1}`, 1],
  ])('frames: 128 KiB of %s are fast', (_, payload, refused) => {
    const slab = slabOf([{ payload }]);
    const start = performance.now();
    const output = encodeSlab(codec, slab, 512 * 1024);
    expect(output.frames[0]?.refused).toHaveLength(refused);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  test('frames: eleven thousand ignored members are fast', () => {
    const members = Array.from({ length: 11_000 }, (_, i) => `"m${i}":0`).join();
    const start = performance.now();
    const output = encode(
      `${telemetry().slice(0, -1)},${members}}`,
      telemetryStream({ unknownFields: 'ignore' }),
    );
    expect(output.counts[0]?.accepted).toBe(1);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  test('frames: a stream nobody configured is a fault of the caller', () => {
    expect(() => encode({ payload: one, stream: 99 })).toThrow(/assertion/);
  });
});
