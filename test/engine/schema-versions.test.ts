// Several versions of a schema in one stream at once, through a whole engine with either codec: what each sender names is
// what its records are judged by, and what nobody knows yet is kept in a dead letter of its own.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { FirnClient } from '../../engine/client/client.ts';
import type { EngineOptions } from '../../engine/engine.ts';
import { TELEMETRY_1 } from '../../engine/schema/telemetry.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { Endpoint, startEngine, type TestEngine } from '../support/engine.ts';
import { independent, independentRuns } from '../support/independent.ts';
import { readLake, readLines } from '../support/read-lake.ts';
import { nativeMissing } from '../support/twins.ts';

type Codec = 'native' | 'portable';
const codecs: Codec[] = nativeMissing === null ? ['native', 'portable'] : ['portable'];
const FAILING = pathToFileURL(join(import.meta.dirname, '../support/failing-codec.mjs')).href;

const open: TestEngine[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.remove();
});

async function start(options: EngineOptions, folder?: string): Promise<TestEngine> {
  const engine = await startEngine(options, folder);
  open.push(engine);
  return engine;
}

/** telemetry/1 and one field more. */
const telemetry2 = {
  fields: [
    ...TELEMETRY_1.fields,
    { name: 'humidity_pct', type: 'number', required: true, min: 0, max: 100 } as const,
  ],
} as NonNullable<EngineOptions['schemas']>[string];

const both: EngineOptions = {
  schemas: { 'telemetry/2': telemetry2 },
  streams: {
    coldchain: {
      schemas: ['telemetry/1', 'telemetry/2'],
      zones: { by: 'zone_id', field: 'temperature_c', limits: { DOCK: { max: 8 } } },
      cut: { records: 3 },
    },
  },
};

const common = (n: number): string =>
  `"sensor_id":"sensor-${n}","timestamp_utc":"2026-05-01T10:00:00.${String(n).padStart(3, '0')}Z","temperature_c":${n % 20},"zone_id":"DOCK"`;
const one = (n: number): string => `{${common(n)}}`;
const two = (n: number): string => `{${common(n)},"humidity_pct":${n % 100}}`;

const ws = (engine: TestEngine, query: string): Endpoint =>
  new Endpoint(`${engine.ws}/v1/streams/coldchain/ws${query}`);

async function post(
  engine: TestEngine,
  body: string | Uint8Array,
  query = '',
  headers: Record<string, string> = {},
) {
  const reply = await fetch(`${engine.http}/v1/streams/coldchain/records${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson', ...headers },
    body: body as string,
  });
  const text = await reply.text();
  return { status: reply.status, text, json: JSON.parse(text), headers: reply.headers };
}

const numberOf = (line: string): number => Number(JSON.parse(line).sensor_id.slice(7));
const sorted = (numbers: number[]): number[] => numbers.sort((a, b) => a - b);
const upTo = (end: number, from = 0): number[] => Array.from({ length: end - from }, (_, i) => from + i);

/** Nothing is wrong with the lake, for either verifier. */
async function expectSound(lake: string): Promise<void> {
  expect((await verifyLake({ lake })).findings).toEqual([]);
  if (independentRuns)
    expect(independent(lake)).toMatchObject({ code: 0, report: { sound: true, findings: [] } });
}

interface Told {
  readonly key: string;
  readonly schema: string;
  readonly schema_sha256: string;
  readonly first_seq: string;
  readonly last_seq: string;
}

/** Every seal of a class that the engine tells from now on. */
function sealsOf(engine: TestEngine, prefix: string): Told[] {
  const told: Told[] = [];
  void (async () => {
    for await (const seal of engine.engine.seals()) {
      const each = seal as unknown as Told;
      if (each.key?.startsWith(prefix)) told.push(each);
    }
  })();
  return told;
}

test.each(codecs)('schema versions: two at once over WebSocket and HTTP, codec %s', async (codec) => {
  const engine = await start({ ...both, codec });
  const seals = sealsOf(engine, 'coldchain/');
  const older = ws(engine, '?session=older');
  const newer = ws(engine, '?session=newer&schema=telemetry/2');
  await Promise.all([older.hello(), newer.hello()]);
  for (let n = 0; n < 20; n += 2) {
    older.socket.send(one(n));
    newer.socket.send(two(n + 1));
  }
  // Each is judged by its own: what the other takes is refused.
  older.socket.send(two(900));
  newer.socket.send(one(901));
  await Promise.all([older.acknowledged(11), newer.acknowledged(11)]);
  expect(older.rejects()).toMatchObject([
    { frame: 10, code: 'field.unknown', detail: '"humidity_pct" is not a field of telemetry/1' },
  ]);
  expect(newer.rejects()).toMatchObject([{ frame: 10, code: 'field.missing' }]);
  expect(await post(engine, `${one(20)}\n${two(902)}`)).toMatchObject({
    status: 202,
    json: { accepted: 1, rejected: 1 },
  });
  expect((await post(engine, two(21), '?schema=telemetry%2F2')).json).toMatchObject({ accepted: 1 });
  expect((await post(engine, one(22), '?schema=telemetry/1')).json).toMatchObject({ accepted: 1 });
  expect(
    await engine.engine.ingest('coldchain', [JSON.parse(two(23))], { schema: 'telemetry/2' }),
  ).toMatchObject({
    accepted: 1,
  });
  const client = new FirnClient({ url: engine.http, schema: 'telemetry/2' });
  await client.connect();
  await client.send(JSON.parse(two(25)));
  await client.close();
  await Promise.all([older.close(), newer.close()]);
  expect(await engine.engine.close()).toBe(true);

  const lines = await readLines(engine.lake, 'coldchain/');
  expect(sorted(lines.map(numberOf))).toEqual([...upTo(24), 25]);
  for (const line of lines) {
    const value = JSON.parse(line);
    expect('humidity_pct' in value).toBe(numberOf(line) % 2 === 1);
    // One set of limits holds for both versions.
    expect(value.evaluated_state).toBe(value.temperature_c > 8 ? 'excursion' : 'within_spec');
  }
  await expectSound(engine.lake);
  // A batch is of one schema, its seal says which; sequence numbers run on over both.
  let next = 1;
  for (const seal of seals) {
    expect(Number(seal.first_seq)).toBe(next);
    next = Number(seal.last_seq) + 1;
    const [batch] = await readLake(engine.lake, seal.key);
    const versions = new Set(batch?.lines.map((line) => (line.includes('humidity_pct') ? 2 : 1)));
    expect([...versions].map((version) => `telemetry/${version}`)).toEqual([seal.schema]);
  }
  expect(next - 1).toBe(lines.length);
  expect(new Set(seals.map((seal) => seal.schema))).toEqual(new Set(['telemetry/1', 'telemetry/2']));
  expect(new Set(seals.map((seal) => seal.schema_sha256)).size).toBe(2);
  const refused = (await readLines(engine.lake, 'dead-letter/coldchain/')).map((line) => JSON.parse(line));
  expect(refused.map(({ code, schema }) => `${code} ${schema}`).sort()).toEqual([
    'field.missing telemetry/2',
    'field.unknown telemetry/1',
    'field.unknown telemetry/1',
  ]);
  expect(await readLines(engine.lake, 'dead-letter/coldchain-unknown-schema/')).toEqual([]);
});

test.each(codecs)(
  'schema versions: an unknown one is kept in a dead letter of its own, codec %s',
  async (codec) => {
    const engine = await start({ ...both, codec });
    const device = ws(engine, '?session=early-bird&schema=telemetry/9');
    expect(await device.hello()).toMatchObject({ session: 'early-bird', next: 0 });
    const frames = [
      Buffer.from(`  ${two(1)}\n\n${two(2)}\r\n `),
      Buffer.from([0x00, 0xff, 0xfe, 0x0a, 0x7b, 0xc3]),
      Buffer.from('[]'),
      Buffer.from('\n\n'.concat('x'.repeat(100_000))),
    ];
    for (const frame of frames) device.socket.send(frame);
    // Nothing but white space is no record, as everywhere.
    device.socket.send('');
    device.socket.send(' \r\n\t ');
    device.socket.send('{"broken');
    await device.acknowledged(7);
    const detail = 'telemetry/9 is not a schema of this stream: it takes telemetry/1, telemetry/2';
    expect(device.rejects()).toEqual(
      [0, 1, 2, 3, 6].map((frame) => ({ type: 'reject', frame, record: 0, code: 'schema.unknown', detail })),
    );
    expect(await post(engine, `${two(3)}\n${two(4)}`, '?schema=tank/1')).toMatchObject({
      status: 202,
      json: { accepted: 0, rejected: 1, errors: [{ record: 0, code: 'schema.unknown' }], more: 0 },
    });
    const broken = await post(engine, '{', '?schema=tank/1', { 'content-type': 'application/json' });
    expect(broken).toMatchObject({ status: 202, json: { rejected: 1 } });
    expect((await post(engine, '', '?schema=tank/1')).json).toEqual({
      accepted: 0,
      rejected: 0,
      errors: [],
      more: 0,
    });
    expect(await engine.engine.ingest('coldchain', 'ingested', { schema: 'tank/2' })).toMatchObject({
      rejected: 1,
    });
    expect((await post(engine, 'not json')).json).toMatchObject({
      rejected: 1,
      errors: [{ code: 'json.syntax' }],
    });
    expect(engine.engine.status().acct).toEqual({ accepted: 0, duplicate: 0, received: 9, rejected: 9 });
    await device.close();
    expect(await engine.engine.close()).toBe(true);

    await expectSound(engine.lake);
    const unknown = (await readLines(engine.lake, 'dead-letter/coldchain-unknown-schema/year=')).map((line) =>
      JSON.parse(line),
    );
    // Batches of three: the order of keys is not that of time.
    const early = unknown
      .filter((letter) => letter.source.session === 'early-bird')
      .sort((a, b) => a.source.frame - b.source.frame);
    const sent = [...frames, Buffer.from('{"broken')];
    expect(early.map((letter) => letter.raw_b64)).toEqual(sent.map((frame) => frame.toString('base64')));
    expect(early.map((letter) => letter.source)).toEqual(
      [0, 1, 2, 3, 6].map((frame) => ({ frame, principal: 'anonymous', record: 0, session: 'early-bird' })),
    );
    for (const letter of early)
      expect(letter).toMatchObject({ code: 'schema.unknown', detail, path: null, schema: 'telemetry/9' });
    const others = unknown.filter((letter) => letter.source.session === null);
    const told = others.map(({ schema, raw_b64 }) => `${schema} ${Buffer.from(raw_b64, 'base64')}`);
    expect(new Set(told)).toEqual(new Set([`tank/1 ${two(3)}\n${two(4)}`, 'tank/1 {', 'tank/2 ingested']));
    expect(told).toHaveLength(3);
    // The ordinary dead letter stays readable.
    const ordinary = (await readLines(engine.lake, 'dead-letter/coldchain/')).map(
      (line) => JSON.parse(line).code,
    );
    expect(ordinary).toEqual(['json.syntax']);
    expect(await readLines(engine.lake, 'coldchain/')).toEqual([]);
  },
);

test('schema versions: a device updates its firmware before, and after, the engine knows: nothing lost, nothing doubled', async () => {
  const { schemas } = both;
  const first = await start({});
  const old = ws(first, '?session=device-7');
  await old.hello();
  for (let n = 0; n < 10; n += 1) old.socket.send(one(n));
  // The connection that takes over names another version; frames in flight stay what they were.
  const updated = ws(first, '?session=device-7&schema=telemetry/2');
  expect(await old.closed).toBe(4001);
  const sent = Number((await updated.hello())['next']);
  expect(sent).toBeLessThanOrEqual(10);
  for (let n = sent; n < 15; n += 1) updated.socket.send(two(n));
  await updated.acknowledged(15);
  expect(updated.rejects()).toHaveLength(15 - sent);
  await updated.close();
  const key = { 'idempotency-key': 'once' };
  const before = await post(first, two(500), '?schema=telemetry/2', key);
  expect(before.json.errors).toMatchObject([
    { detail: 'telemetry/2 is not a schema of this stream: it takes telemetry/1' },
  ]);
  await first.engine.close();

  const second = await start(
    { schemas, streams: { coldchain: { schemas: ['telemetry/2', 'telemetry/1'] } } },
    first.folder,
  );
  const back = ws(second, '?session=device-7&schema=telemetry/2');
  expect(await back.hello()).toMatchObject({ next: 15 });
  for (let n = 15; n < 20; n += 1) back.socket.send(two(n));
  await back.acknowledged(20);
  expect(back.rejects()).toEqual([]);
  await back.close();
  // The same key is the same request, whatever the schema means by now: answered as the first time.
  const again = await post(second, two(500), '', key);
  expect([again.text, again.headers.get('idempotent-replayed')]).toEqual([before.text, 'true']);
  // What was kept can be sent again as it is.
  const kept = (await readLines(second.lake, 'dead-letter/coldchain-unknown-schema/')).map((line) =>
    JSON.parse(line),
  );
  for (const letter of kept.filter(({ source }) => source.session === 'device-7')) {
    const raw = Buffer.from(letter.raw_b64, 'base64');
    expect((await post(second, raw, `?schema=${letter.schema}`)).json).toMatchObject({
      accepted: 1,
      rejected: 0,
    });
  }
  await second.engine.close();

  expect(sorted((await readLines(second.lake, 'coldchain/')).map(numberOf))).toEqual(upTo(20));
  await expectSound(second.lake);
  const changes = (await readLines(second.lake, 'audit/')).map((line) => JSON.parse(line));
  expect(changes.filter(({ action }) => action === 'schema.change')).toMatchObject([
    { target: 'coldchain', old: 'telemetry/1', new: ['telemetry/2', 'telemetry/1'] },
  ]);
});

test('schema versions: what is no name of a schema is refused before anything is taken', async () => {
  const engine = await start(both);
  for (const wrong of [
    '',
    'telemetry',
    'telemetry/0',
    'telemetry/01',
    'Telemetry/1',
    'telemetry/1/2',
    '../1',
    'a%0Ab/1',
    'telemetry/%',
    '%zz',
  ]) {
    const { status, json, headers } = await post(engine, one(1), `?schema=${wrong}`);
    expect([status, json.code]).toEqual([400, 'schema.name']);
    expect(headers.get('content-type')).toBe('application/problem+json');
    const socket = ws(engine, `?schema=${wrong}`);
    const [status2] = await new Promise<[number]>((resolve) =>
      socket.socket.once('unexpected-response', (request, response) => {
        resolve([response.statusCode ?? 0]);
        request.destroy();
      }),
    );
    expect(status2).toBe(400);
  }
  const { status, json } = await post(engine, one(1), '?a=b&schema');
  expect([status, json.code]).toEqual([400, 'schema.name']);
  await expect(engine.engine.ingest('coldchain', one(1), { schema: 'x' })).rejects.toThrow(TypeError);
  expect(engine.engine.status().acct.received).toBe(0);
});

test('schema versions: frames of unknown schema count towards maxRefusedPerMinute', async () => {
  const engine = await start({ ...both, limits: { maxRefusedPerMinute: 3 } });
  const device = ws(engine, '?schema=telemetry/9');
  await device.hello();
  for (let n = 1; n <= 4; n += 1) {
    device.socket.send(two(n));
    await device.acknowledged(n);
  }
  device.socket.send(two(5));
  expect(await device.closed).toBe(1008);
  expect((await post(engine, two(6), '?schema=telemetry/9')).status).toBe(429);
  expect(engine.engine.status().acct.rejected).toBe(4);
});

test('schema versions: no codec is shown a frame of unknown schema, also in a slab with one that kills it', async () => {
  const engine = await start({ ...both, codecModule: FAILING, workers: 2 });
  const known = ws(engine, '?session=known');
  const unknown = ws(engine, '?session=unknown&schema=telemetry/9');
  await Promise.all([known.hello(), unknown.hello()]);
  for (let n = 0; n < 30; n += 1) {
    known.socket.send(n === 10 ? 'CODEC-THROW' : one(n));
    unknown.socket.send(`CODEC-EXIT ${n}`);
  }
  await Promise.all([known.acknowledged(30), unknown.acknowledged(30)]);
  expect(known.rejects()).toMatchObject([{ frame: 10, code: 'codec.crash' }]);
  expect(unknown.rejects().map(({ frame, code }) => [frame, code])).toEqual(
    upTo(30).map((frame) => [frame, 'schema.unknown']),
  );
  expect(engine.engine.status().acct).toMatchObject({ accepted: 29, rejected: 31 });
  await Promise.all([known.close(), unknown.close()]);
  await engine.engine.close();
  const kept = await readLines(engine.lake, 'dead-letter/coldchain-unknown-schema/');
  expect(
    sorted(kept.map((line) => Number(Buffer.from(JSON.parse(line).raw_b64, 'base64').toString().slice(11)))),
  ).toEqual(upTo(30));
  await expectSound(engine.lake);
}, 60_000);
