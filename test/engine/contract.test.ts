// The contract from outside: records over real sockets, expectations written from the papers (DESIGN.md §2, FORMAT.md §2),
// judged by what comes back and by what lies in the lake after the drain.

import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyLake } from '../../engine/verify/verify.ts';
import { seeded } from '../crash/random.ts';
import { Endpoint, startEngine, type TestEngine } from '../support/engine.ts';
import { readLines } from '../support/read-lake.ts';
import { hasVectors, vector, vectorNames } from '../support/vectors.ts';

const GOOD =
  '{"sensor_id":"contract","timestamp_utc":"2026-01-31T23:59:58Z","temperature_c":4.5,"zone_id":"ZONE-A"}';
const temperature = (token: string): string => GOOD.replace('4.5', token);
const time = (text: string): string => GOOD.replace('2026-01-31T23:59:58Z', text);
const sensor = (literal: string): string => GOOD.replace('"contract"', literal);
const more = (member: string): string => GOOD.replace(/\}$/, `,${member}}`);
const nested = (levels: number): string => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
const HEX = '0123456789abcdef'.repeat(4);

/** At the edges of every rule, and which of several faults is told. `null` = accepted. */
const CASES: readonly (readonly [string, string | null])[] = [
  ...['-100', '100', '1e2', '1000e-1', '-0', '0e999', '5e-324', '100.000000000000001'].map(
    (token) => [temperature(token), null] as const,
  ),
  [temperature('100.00000000000001'), 'field.range'],
  [temperature('9007199254740991'), 'field.range'],
  [temperature('9007199254740992'), 'number.precision'],
  [temperature('90071992547409920e-1'), 'number.precision'],
  [temperature('1.7976931348623157e308'), 'number.precision'],
  [temperature('1.7976931348623159e308'), 'number.overflow'],
  [temperature('2e-324'), 'number.underflow'],
  [temperature('[]'), 'field.type'],
  [time('1970-01-01T00:00:00.000000000+00:00'), null],
  [time('9999-12-31T23:59:59.999999999Z'), null],
  [time('2024-02-29T00:00:00Z'), null],
  [time('1969-12-31T23:59:59Z'), 'field.range'],
  [time('1969-02-30T00:00:00Z'), 'timestamp.calendar'],
  [time('2026-01-31T23:59:60Z'), 'timestamp.calendar'],
  [time('2026-01-31T23:59:58.5'), 'timestamp.not-utc'],
  [time('2026-01-31T23:59:58+00:01'), 'timestamp.not-utc'],
  [time('2026-01-31T23:59:58.Z'), 'timestamp.syntax'],
  [time('2026-01-31 23:59:58Z'), 'timestamp.syntax'],
  [sensor(`"${'😀'.repeat(64)}"`), null],
  [sensor('"\\ud83d\\ude00abc"'), null],
  [sensor(`"${'😀'.repeat(65)}"`), 'field.length'],
  [sensor('"\\ud83d\\ude00ab"'), 'field.length'],
  [sensor('"ab\\u0000"'), 'field.length'],
  [sensor('"abcd\\u007f"'), 'field.pattern'],
  [sensor('"\\ud800\\ud83d\\ude00"'), 'json.lone-surrogate'],
  [more('"compliance_state":null'), null],
  [more(`"raw_payload_hash":"${HEX}"`), null],
  [more(`"raw_payload_hash":"${HEX}0"`), 'field.length'],
  [more(`"raw_payload_hash":"${HEX.toUpperCase()}"`), 'field.pattern'],
  [more('"zone_id":"\\ud800"'), 'json.duplicate-member'],
  [more('"x":1,"x":"\\ud800"'), 'field.unknown'],
  ['{"zone_id":"a","sensor_id":"a"}', 'field.pattern'],
  ['{"x":1,"temperature_c":"x"}', 'field.unknown'],
  ['{"temperature_c":1e999,"x":1}', 'number.overflow'],
  ['{"sensor_id":"abcd","zone_id":"A"}', 'field.missing'],
  [nested(64), 'field.unknown'],
  [nested(65), 'json.depth'],
  [`{"zone_id":"\\ud800","a":${nested(64)}}`, 'json.depth'],
  ['[1]', 'record.not-object'],
  ['"\\ud800"', 'record.not-object'],
];

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly replayed: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: bodies of several shapes
  readonly json: any;
}

async function post(
  firn: TestEngine,
  body: string | Uint8Array,
  type = 'application/x-ndjson',
  key?: string,
): Promise<Reply> {
  const headers: Record<string, string> = { 'content-type': type };
  if (key !== undefined) headers['idempotency-key'] = key;
  const reply = await fetch(`${firn.http}/v1/streams/coldchain/records`, {
    method: 'POST',
    headers,
    body,
  } as RequestInit);
  return {
    status: reply.status,
    type: reply.headers.get('content-type') ?? '',
    replayed: reply.headers.get('idempotent-replayed') === 'true',
    json: await reply.json(),
  };
}

/** Codes by record index, `null` where the record was accepted. */
function codesOf(reply: Reply, records: number): (string | null)[] {
  const codes: (string | null)[] = Array(records).fill(null);
  for (const error of reply.json.errors) codes[error.record] = error.code;
  return codes;
}

/** A client's frame as RFC 6455 §5.2 wants it, with a mask of zeros. */
function rawFrame(opcode: number, payload: string, fin = true): Buffer {
  const bytes = Buffer.from(payload);
  if (bytes.length > 125) throw new Error('short frames only');
  return Buffer.concat([Buffer.from([(fin ? 0x80 : 0) | opcode, 0x80 | bytes.length, 0, 0, 0, 0]), bytes]);
}

describe('contract', () => {
  let firn: TestEngine;
  let endpoint: Endpoint;
  let frames = 0;
  /** Bytes of what was refused, without surrounding white space, and how often. */
  const refused = new Map<string, number>();

  beforeAll(async () => {
    firn = await startEngine();
    endpoint = new Endpoint(`${firn.ws}/v1/streams/coldchain/ws?session=contract`);
    await endpoint.hello();
  });
  afterAll(() => firn.remove());

  function note(bytes: string | Uint8Array): void {
    const raw = Buffer.from(bytes as string).toString('base64');
    refused.set(raw, (refused.get(raw) ?? 0) + 1);
  }

  async function send(frame: string | Uint8Array): Promise<Record<string, unknown>[]> {
    endpoint.socket.send(frame, { binary: true });
    const number = frames;
    frames += 1;
    await endpoint.acknowledged(frames);
    return endpoint.rejects().filter((reject) => reject['frame'] === number);
  }

  test('a record has one code, as a line, as an element and as a frame, and its exact bytes are kept each time', async () => {
    for (let at = 0; at < CASES.length; at += 16) {
      const part = CASES.slice(at, at + 16);
      const codes = part.map(([, code]) => code);
      const lines = await post(firn, part.map(([record]) => ` \t${record} \r`).join('\n'));
      expect(lines.status).toBe(202);
      expect(codesOf(lines, part.length), 'lines').toEqual(codes);
      const array = await post(
        firn,
        `\n[ ${part.map(([record]) => record).join(' ,\r\n ')} ] `,
        'application/json',
      );
      expect(codesOf(array, part.length), 'array').toEqual(codes);
      expect(array.json).toMatchObject({ rejected: codes.filter((code) => code !== null).length, more: 0 });
      for (const [record, code] of part) {
        // A frame whose first byte is `[` is an array of records.
        const framed = record.startsWith('[') ? `[${record}]` : record;
        expect((await send(framed)).map((reject) => reject['code'])).toEqual(code === null ? [] : [code]);
        if (code !== null) for (let i = 0; i < 3; i++) note(record);
      }
    }
  });

  test.skipIf(!hasVectors)(
    'JSON vectors one by one: what is no JSON is 400 and one refused frame, what is JSON never is (skipped where they are absent)',
    async () => {
      for (const name of vectorNames('json')) {
        const bytes = Buffer.from(vector(`json/${name}`));
        if (bytes.length > 128 * 1024) continue;
        const reply = await post(firn, bytes, 'application/json');
        const blank = bytes.toString('latin1').trim() === '';
        if (name.startsWith('n_') && !blank) {
          expect([name, reply.status, reply.type]).toEqual([name, 400, 'application/problem+json']);
          expect(['json.syntax', 'json.utf8']).toContain(reply.json.code);
        } else if (name.startsWith('y_')) {
          expect([name, reply.status]).toEqual([name, 202]);
        }
        for (const { code } of reply.json.errors ?? [reply.json]) {
          if (name.startsWith('y_')) expect(code, name).not.toMatch(/^json\.(syntax|utf8|depth)$/);
        }
        await send(bytes);
      }
    },
    30_000,
  );

  test('a message in pieces, a ping between them, byte by byte: one frame each', async () => {
    const { hostname, port } = new URL(firn.http);
    const socket = connect(Number(port), hostname);
    let heard = '';
    let wake: () => void = () => undefined;
    socket.on('data', (piece) => {
      heard += piece.toString('latin1');
      wake();
    });
    const hears = async (what: string): Promise<void> => {
      while (!heard.includes(what)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    };
    socket.setNoDelay(true);
    socket.write(
      `GET /v1/streams/coldchain/ws?session=raw HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    );
    await hears('"type":"hello"');
    expect(heard).toContain('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    socket.write(rawFrame(1, GOOD.slice(0, 20), false));
    socket.write(rawFrame(9, 'are you there'));
    socket.write(rawFrame(0, '', false));
    socket.write(rawFrame(0, GOOD.slice(20)));
    await hears('are you there');
    await hears('{"type":"ack","next":1}');
    for (const byte of rawFrame(2, GOOD)) socket.write(Uint8Array.of(byte));
    await hears('{"type":"ack","next":2}');
    expect(heard).not.toContain('reject');
    socket.destroy();
  });

  test('twenty requests at once with one key: taken once, told the same, counted exactly', async () => {
    const before = firn.engine.status().acct;
    const body = `${GOOD}\n{"x":1}\n${GOOD}`;
    note('{"x":1}');
    const replies = await Promise.all(Array.from({ length: 20 }, () => post(firn, body, undefined, 'race')));
    const taken = replies.filter((reply) => reply.status === 202);
    expect(taken.filter((reply) => !reply.replayed).length).toBe(1);
    expect(replies.every((reply) => reply.status === 202 || reply.status === 409)).toBe(true);
    for (const reply of taken) expect(reply.json).toMatchObject({ accepted: 2, rejected: 1 });
    expect((await post(firn, GOOD, undefined, 'race')).status).toBe(422);
    const { accepted, rejected, duplicate, received } = firn.engine.status().acct;
    expect([accepted - before.accepted, rejected - before.rejected, duplicate - before.duplicate]).toEqual([
      2,
      1,
      3 * (taken.length - 1),
    ]);
    expect(received).toBe(accepted + rejected + duplicate);
  });

  test('records that were spoilt at random are counted exactly and kept byte for byte', async () => {
    const random = seeded(2026);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    const pieces = [
      '\\udc00',
      '\\u0000',
      '\\"',
      '\xff',
      '\xe2\x80',
      '\xef\xbb\xbf',
      '\x00',
      '~1/',
      '{',
      ']',
      '"',
      ',',
      '1e999',
      'null',
      ' ',
      '"":0,',
      '"__proto__":{},',
    ];
    for (let frame = 0; frame < 200; frame++) {
      const lines = Array.from({ length: 16 }, () => {
        let line = GOOD;
        for (let spoils = Math.floor(random() * 4); spoils > 0; spoils--) {
          const at = Math.floor(random() * line.length);
          line = `${line.slice(0, at)}${pick(pieces)}${line.slice(at + Math.floor(random() * 3))}`;
        }
        return Buffer.from(line, 'latin1');
      });
      const reply = await post(firn, Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\r\n')])));
      expect(reply.status).toBe(202);
      expect(reply.json.accepted + reply.json.rejected).toBe(16);
      for (const error of reply.json.errors)
        note(
          Buffer.from((lines[error.record] as Buffer).toString('latin1').replace(/^ +| +$/g, ''), 'latin1'),
        );
    }
  });

  test('all records of a frame have one time of receipt, accepted or refused', async () => {
    const zone = GOOD.replace('ZONE-A', 'ONE-FRAME');
    const rejects = await send(`${`${zone}\n`.repeat(500)}{"one":"frame"}\n${zone}`);
    expect(rejects).toMatchObject([{ record: 500, code: 'field.unknown' }]);
    note('{"one":"frame"}');
  });

  test('afterwards: the accounts hold, the dead letter has the exact bytes, verify finds nothing', async () => {
    await endpoint.close();
    await firn.engine.close();
    const dead = (await readLines(firn.lake, 'dead-letter/')).map((line) => JSON.parse(line));
    const accepted = (await readLines(firn.lake, 'coldchain/')).map((line) => JSON.parse(line));
    const { acct } = firn.engine.status();
    expect(acct.received).toBe(acct.accepted + acct.rejected + acct.duplicate);
    expect([accepted.length, dead.length]).toEqual([acct.accepted, acct.rejected]);
    const kept = new Map<string, number>();
    for (const { raw_b64: raw } of dead) kept.set(raw, (kept.get(raw) ?? 0) + 1);
    for (const [raw, count] of refused)
      expect(kept.get(raw) ?? 0, Buffer.from(raw, 'base64').toString('latin1')).toBeGreaterThanOrEqual(count);
    const times = [...accepted, ...dead]
      .filter(
        (line) =>
          line.zone_id === 'ONE-FRAME' || line.raw_b64 === Buffer.from('{"one":"frame"}').toString('base64'),
      )
      .map((line) => line.received_utc);
    expect(times.length).toBe(502);
    expect(new Set(times).size).toBe(1);
    expect((await verifyLake({ lake: firn.lake })).findings).toEqual([]);
  });
});

test('contract: an unknown member whose name is no text goes to the dead letter, and the engine lives on', async () => {
  const firn = await startEngine();
  const record = '{"\\ud800":1}';
  const reply = await post(firn, record);
  expect(reply.json).toMatchObject({ rejected: 1, errors: [{ record: 0, code: 'field.unknown' }] });
  await firn.engine.close();
  const dead = (await readLines(firn.lake, 'dead-letter/')).map((line) => JSON.parse(line));
  expect(dead).toMatchObject([{ code: 'field.unknown', raw_b64: Buffer.from(record).toString('base64') }]);
  await firn.remove();
});
