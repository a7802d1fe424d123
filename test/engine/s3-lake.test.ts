// A whole engine whose lake is in S3: what is in the bucket afterwards, across restarts and whatever the store does.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { EngineOptions } from '../../engine/engine.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { checkLake } from '../support/s3-lake.ts';
import { S3_ENV, type S3Server, SECRET_KEY, startS3 } from '../support/s3-server.ts';

let s3: S3Server;
const engines: TestEngine[] = [];

beforeEach(async () => {
  for (const [name, value] of Object.entries(S3_ENV)) vi.stubEnv(name, value);
  s3 = await startS3();
  s3.createBucket('lake', { versioning: true });
});

afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.remove();
  await s3.close();
  vi.unstubAllEnvs();
});

async function start(options: EngineOptions = {}, folder?: string): Promise<TestEngine> {
  const engine = await startEngine(
    {
      ...{ lake: 's3://lake/plant7', s3: { endpoint: s3.url, timeout: 5 }, drain: 20 },
      streams: { coldchain: { cut: { age: 0.1, lateAge: 0.1 } } },
      ...options,
    },
    folder,
  );
  engines.push(engine);
  return engine;
}

const record = (n: number): object => ({
  ...{
    sensor_id: `s3-${n}`,
    timestamp_utc: `2026-03-0${1 + (n % 3)}T00:00:00Z`,
    temperature_c: 4,
    zone_id: 'Z',
  },
});
const records = (from: number, count: number): object[] =>
  Array.from({ length: count }, (_, i) => record(from + i));
const sensors = (lines: readonly string[]): string[] =>
  lines.map((line) => JSON.parse(line).sensor_id).sort();
const expected = (count: number): string[] =>
  records(0, count)
    .map((r) => (r as { sensor_id: string }).sensor_id)
    .sort();

async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 20));
}

test('s3 lake: what was acknowledged is in the bucket, each object as its seal says, across a restart', async () => {
  const first = await start();
  expect(first.engine.status().lake).toBe('s3://lake/plant7');
  expect(existsSync(join(first.folder, 'lake'))).toBe(false);
  await first.engine.ingest('coldchain', [...records(0, 10), { x: 1 }]);
  expect(await first.engine.close()).toBe(true);
  const second = await start({}, first.folder);
  await second.engine.ingest('coldchain', records(10, 10));
  expect(await second.engine.close()).toBe(true);

  const { objects, lines } = await checkLake(s3.url, 'lake', 'plant7/');
  expect(sensors(lines)).toEqual(expected(20));
  expect([...objects.keys()].filter((key) => key.startsWith('dead-letter/'))).toHaveLength(1);
}, 60_000);

test('s3 lake: the probe is told in the audit stream', async () => {
  const served = await start();
  await served.engine.close();
  const { objects } = await checkLake(s3.url, 'lake', 'plant7/');
  const { decompress, initCompress } = await import('../../workers/compress.ts');
  await initCompress();
  const events = [...objects]
    .filter(([key]) => key.startsWith('audit/'))
    .flatMap(([, { bytes }]) =>
      Buffer.from(decompress(bytes, 1 << 20))
        .toString()
        .trim()
        .split('\n'),
    )
    .map((line) => JSON.parse(line));
  const probe = events.find((event) => event.action === 'store.probe');
  expect(probe).toMatchObject({
    target: 's3://lake/plant7',
    new: { store: 's3', ifNoneMatch: true, checksum: true, versions: true, retention: null },
  });
  expect(JSON.stringify(events)).not.toContain(SECRET_KEY);
});

test('s3 lake: lost answers, cut connections, throttling: every record once, nothing alarmed', async () => {
  const served = await start();
  const often = { times: 3, method: 'PUT', key: /ndjson|tile|checkpoint/ };
  s3.faults.add(
    { kind: 'lost', ...often },
    { kind: 'cut', ...often, skip: 2 },
    { kind: 'status', status: 503, code: 'SlowDown', ...often, skip: 3 },
    { kind: 'status', status: 409, code: 'ConditionalRequestConflict', ...often, skip: 4 },
    { kind: 'lost', ...often, key: /checkpoint$/ },
  );
  for (let n = 0; n < 30; n += 5) await served.engine.ingest('coldchain', records(n, 5));
  expect(await served.engine.close()).toBe(true);
  const { lines } = await checkLake(s3.url, 'lake', 'plant7/');
  expect(sensors(lines)).toEqual(expected(30));
  expect(s3.requests.filter(({ status }) => status === 0).length).toBeGreaterThanOrEqual(3);
}, 60_000);

test('s3 lake: a store that is away is an outage; what waited is in the lake when it is back', async () => {
  const served = await start();
  await served.engine.ingest('coldchain', records(0, 5));
  await until(() => served.engine.status().seal.batches > 0);
  await s3.down();
  expect(await served.engine.ingest('coldchain', records(5, 5))).toMatchObject({ accepted: 5 });
  await until(() => served.engine.status().seal.outage !== null);
  expect(served.engine.status().seal.outage).toMatch(/ECONNREFUSED/);
  await s3.up();
  expect(await served.engine.close()).toBe(true);
  expect(sensors((await checkLake(s3.url, 'lake', 'plant7/')).lines)).toEqual(expected(10));
}, 60_000);

test('s3 lake: other bytes under the name of a batch stop the engine, and stay', async () => {
  const told: Error[] = [];
  const served = await start({ onFatal: (error) => told.push(error) });
  s3.faults.add({ kind: 'cut', method: 'PUT', key: /coldchain.*ndjson/, times: Number.POSITIVE_INFINITY });
  await served.engine.ingest('coldchain', [record(0)]);
  const key = (): string | undefined =>
    s3.requests.find(({ method, key }) => method === 'PUT' && /coldchain.*ndjson/.test(key))?.key;
  await until(() => key() !== undefined);
  const foreign = {
    body: Buffer.from('not a batch'),
    contentType: '',
    metadata: {},
    sha256: null,
    lock: null,
  };
  s3.buckets.get('lake')?.put(key() as string, foreign, new Date());
  s3.faults.clear();
  await expect(
    (async () => {
      for (;;) await served.engine.ingest('coldchain', [record(1)]);
    })(),
  ).rejects.toThrow(/holds .* with other bytes/);
  expect(
    s3.buckets
      .get('lake')
      ?.current(key() as string)
      ?.body.toString(),
  ).toBe('not a batch');
}, 60_000);

test('s3 lake: retention locks what is evidence from its upload on', async () => {
  s3.createBucket('worm', { objectLock: true });
  const iUnderstand = 'nobody can delete these objects for 7 days';
  const retention = { mode: 'compliance', days: 7, iUnderstand } as const;
  const served = await start({ lake: 's3://worm', s3: { endpoint: s3.url, retention } });
  await served.engine.ingest('coldchain', records(0, 3));
  expect(await served.engine.close()).toBe(true);
  const { objects } = await checkLake(s3.url, 'worm', '');
  const locked = [...objects].filter(([, { info }]) => info.lock !== null).map(([key]) => key);
  const free = [...objects.keys()].filter((key) => !locked.includes(key));
  expect(locked.filter((key) => !/ndjson\.zst$|^_schema\/|\/checkpoints\//.test(key))).toEqual([]);
  expect(free.filter((key) => !/\/checkpoint$|\/policy$|\/tile\/.*\.p\//.test(key))).toEqual([]);
  expect(locked.length).toBeGreaterThan(3);
  const bucket = s3.buckets.get('worm');
  const { versionId = '' } = bucket?.current(locked[0] as string) ?? {};
  expect(() => bucket?.remove(locked[0] as string, versionId, new Date(), true)).toThrow(/object lock/);
});

test.each([
  ['a bucket that is not there', { lake: 's3://nowhere' }, /there is no such bucket/],
  [
    'retention without Object Lock',
    { s3: { retention: { mode: 'governance', days: 1 } } },
    /has no Object Lock/,
  ],
] as const)('s3 lake: %s: not started, with a word', async (_, options, words) => {
  const { s3: more, ...rest } = { s3: {}, ...options };
  await expect(start({ ...rest, s3: { endpoint: s3.url, ...more } })).rejects.toMatchObject({
    name: 'ConfigError',
    message: expect.stringMatching(words),
  });
});
