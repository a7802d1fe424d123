// Bad input, and what it gets (issue list): a code that a person understands, the exact bytes in the dead letter,
// nothing else disturbed. Over a real socket, judged by what lies in the lake after the drain.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Endpoint, startEngine, type TestEngine } from '../support/engine.ts';
import { readLines } from '../support/read-lake.ts';

const good = (n: number, more = ''): string =>
  `{"sensor_id":"bad-input","timestamp_utc":"2026-01-31T00:00:00.${String(n).padStart(6, '0')}Z","temperature_c":4,"zone_id":"Z"${more}}`;
const withTime = (time: string): string => good(0).replace(/"2026[^"]*"/, `"${time}"`);
const withTemperature = (token: string): string =>
  good(0).replace('"temperature_c":4', `"temperature_c":${token}`);
const deep = (levels: number): string => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;

/** One bad record each: what it is, its bytes, its code. */
const BAD: readonly (readonly [string, string | Buffer, string])[] = [
  [
    'invalid UTF-8',
    Buffer.concat([Buffer.from('{"sensor_id":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
    'json.utf8',
  ],
  ['a lone surrogate', good(0).replace('bad-input', 'bad\\ud800'), 'json.lone-surrogate'],
  ['a duplicate key', good(0, ',"zone_id":"Z"'), 'json.duplicate-member'],
  ['a duplicate key in another spelling', good(0, ',"zone\\u005fid":"Z"'), 'json.duplicate-member'],
  ['65 levels', deep(65), 'json.depth'],
  ['64 levels of an unknown field', deep(64), 'field.unknown'],
  ['number overflow', withTemperature('1e999'), 'number.overflow'],
  ['number underflow', withTemperature('1e-999'), 'number.underflow'],
  ['an integer beyond 2^53', withTemperature('9007199254740993'), 'number.precision'],
  ['NaN', withTemperature('NaN'), 'json.syntax'],
  ['out of range', withTemperature('100.5'), 'field.range'],
  ['an unknown field', good(0, ',"colour":"red"'), 'field.unknown'],
  ['a wrong type', withTemperature('"4"'), 'field.type'],
  ['null for a required field', withTemperature('null'), 'field.type'],
  ['a missing field', '{"sensor_id":"bad-input"}', 'field.missing'],
  ['a short id', good(0).replace('bad-input', 'abc'), 'field.length'],
  ['a zone of other characters', good(0).replace('"Z"', '"z"'), 'field.pattern'],
  ['a control character', good(0).replace('bad-input', 'bad\\u0007input'), 'field.pattern'],
  ['another compliance state', good(0, ',"compliance_state":"fine"'), 'field.enum'],
  ['a naive timestamp', withTime('2026-01-31T00:00:00'), 'timestamp.not-utc'],
  ['a timestamp of another zone', withTime('2026-01-31T00:00:00+02:00'), 'timestamp.not-utc'],
  ['a timestamp of unknown zone', withTime('2026-01-31T00:00:00-00:00'), 'timestamp.not-utc'],
  ['30 February', withTime('2026-02-30T00:00:00Z'), 'timestamp.calendar'],
  ['29 February of no leap year', withTime('2100-02-29T00:00:00Z'), 'timestamp.calendar'],
  ['hour 24', withTime('2026-01-31T24:00:00Z'), 'timestamp.calendar'],
  ['a leap second', withTime('2016-12-31T23:59:60Z'), 'timestamp.calendar'],
  ['a year before 1970', withTime('1969-12-31T23:59:59Z'), 'field.range'],
  ['ten digits of fraction', withTime('2026-01-31T00:00:00.1234567890Z'), 'timestamp.syntax'],
  ['lower case z', withTime('2026-01-31T00:00:00z'), 'timestamp.syntax'],
  ['a scalar', '42', 'record.not-object'],
  ['a byte order mark', `\ufeff${good(0)}`, 'json.syntax'],
  ['half a record', '{"sensor_id":"bad', 'json.syntax'],
  ['binary rubbish', Buffer.from([0x00, 0x01, 0x80, 0xc3, 0x28, 0x7f]), 'json.utf8'],
];

describe('bad input', () => {
  let firn: TestEngine;
  let endpoint: Endpoint;
  let frames = 0;

  beforeAll(async () => {
    firn = await startEngine();
    endpoint = new Endpoint(`${firn.ws}/v1/streams/coldchain/ws`);
    await endpoint.hello();
  });
  afterAll(() => firn.remove());

  /** Sends one frame and returns the rejects that it got, after its acknowledgement. */
  async function send(frame: string | Buffer): Promise<Record<string, unknown>[]> {
    endpoint.socket.send(frame, { binary: typeof frame !== 'string' });
    const number = frames;
    frames += 1;
    await endpoint.acknowledged(frames);
    return endpoint.rejects().filter((reject) => reject['frame'] === number);
  }

  test.each(BAD)('%s is refused with its code', async (_what, bytes, code) => {
    const rejects = await send(Buffer.from(bytes as string));
    expect(rejects).toMatchObject([{ record: 0, code }]);
    expect(String(rejects[0]?.['detail']).length).toBeGreaterThan(5);
  });

  test('an empty frame and an empty array are accepted with no records', async () => {
    expect(await send('')).toEqual([]);
    expect(await send(' [ ] ')).toEqual([]);
    expect(await send(' \r\n\n ')).toEqual([]);
  });

  test('in an array the bad record is refused alone, by its index', async () => {
    const rejects = await send(`[${good(1)}, {"x":1} ,${good(2)}]`);
    expect(rejects).toMatchObject([{ record: 1, code: 'field.unknown' }]);
  });

  test('an array of broken syntax is refused whole', async () => {
    expect(await send(`[${good(900)},${good(901)}`)).toMatchObject([{ record: 0, code: 'json.syntax' }]);
  });

  test('lines may end in CRLF or without a last newline', async () => {
    expect(await send(`${good(3)}\r\n\r\n${good(4)}\r\n${good(5)}`)).toEqual([]);
  });

  test('more records than maxRecordsPerFrame are one refused record', async () => {
    expect(await send('{}\n'.repeat(16_385))).toMatchObject([{ record: 0, code: 'frame.records' }]);
  });

  test('sixteen refusals of a frame are told one by one, the rest is counted', async () => {
    const rejects = await send('{"x":1}\n'.repeat(20));
    expect(rejects).toHaveLength(17);
    expect(rejects[16]).toMatchObject({ more: 4 });
  });

  test('a frame over maxFrameBytes closes 1009 and is not kept, others go on', async () => {
    const other = new Endpoint(`${firn.ws}/v1/streams/coldchain/ws`);
    await other.hello();
    other.socket.send(Buffer.alloc(128 * 1024 + 1, 0x20));
    expect(await other.closed).toBe(1009);
    expect(await send(good(6))).toEqual([]);
  });

  test('an unknown stream is 404, half an HTTP body is nothing', async () => {
    const reply = await fetch(`${firn.http}/v1/streams/nowhere/records`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(reply.status).toBe(404);
    const abort = new AbortController();
    const half = fetch(`${firn.http}/v1/streams/coldchain/records`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      duplex: 'half',
      signal: abort.signal,
      body: new ReadableStream({
        start: (controller) => {
          controller.enqueue(new TextEncoder().encode(good(999)));
          setTimeout(() => abort.abort(), 50);
        },
      }),
    } as RequestInit);
    await expect(half).rejects.toThrow();
  });

  test('afterwards the lake holds the good records, and the exact bytes of every refused one', async () => {
    await endpoint.close();
    await firn.engine.close();
    const accepted = (await readLines(firn.lake, 'coldchain/')).map((line) =>
      JSON.parse(line).timestamp_utc.slice(20, 26),
    );
    expect(accepted.sort()).toEqual(['000001', '000002', '000003', '000004', '000005', '000006']);
    const dead = (await readLines(firn.lake, 'dead-letter/')).map((line) => JSON.parse(line));
    for (const [what, bytes, code] of BAD) {
      const raw = Buffer.from(bytes as string).toString('base64');
      expect(
        dead.filter((line) => line.raw_b64 === raw).map((line) => line.code),
        what,
      ).toContain(code);
    }
    const status = firn.engine.status();
    expect(status.acct.received).toBe(status.acct.accepted + status.acct.rejected + status.acct.duplicate);
    expect(status.acct.accepted).toBe(6);
    expect(status.acct.rejected).toBe(dead.length);
  });
});
