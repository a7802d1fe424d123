// The S3 sink: its contract on the small S3 of this process, then what only faults bring about.

import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openStore, type S3Store } from '../../engine/s3/store.ts';
import { s3Sink } from '../../engine/sink/s3.ts';
import { type Sink, SinkFault, SinkOutage } from '../../engine/sink/sink.ts';
import { sinkContract } from '../support/s3-contract.ts';
import { S3_ENV, type S3Server, SECRET_KEY, startS3 } from '../support/s3-server.ts';

const KEY = 'coldchain/year=2026/month=01/day=31/batch_0abc_41.ndjson.zst';
const SEAL = Buffer.from('{"count":3,"format":"firn.batch/1","sealed_utc":"2026-01-31T00:00:00.000Z"}');
const BODY = Buffer.from('a batch');

let s3: S3Server;
const stores: S3Store[] = [];

beforeEach(async () => {
  for (const [name, value] of Object.entries(S3_ENV)) vi.stubEnv(name, value);
  s3 = await startS3();
  s3.createBucket('plain');
  s3.createBucket('versioned', { versioning: true });
  s3.createBucket('locked', { objectLock: true });
});

afterEach(async () => {
  for (const store of stores.splice(0)) store.close();
  await s3.close();
  vi.unstubAllEnvs();
});

/** A sink that does not sleep and whose breaker is never open for long. */
async function open(bucket = 'plain', nowMs = (): number => 0): Promise<Sink> {
  const time = { wallMs: Date.now, nowMs, random: () => 0, sleep: async () => {} };
  const store = await openStore({ bucket, prefix: 'l/' }, { endpoint: s3.url, timeout: 10 }, time);
  stores.push(store);
  return s3Sink(store, null);
}

const names = (bucket: string): string[] => [...(s3.buckets.get(bucket)?.keys.keys() ?? [])];

describe('contract', () => {
  const all = { ifNoneMatch: true, ifMatch: true };
  const buckets = { plain: 'plain', versioned: 'versioned', locked: 'locked', checksChecksums: true };
  sinkContract('s3 sink', () => ({ endpoint: s3.url, ...buckets }), { plain: all, versioned: all });
});

test('s3 sink: whatever is put travels with its MD5 and its SHA-256, and under a condition', async () => {
  const sink = await open();
  await sink.putNew(KEY, BODY, SEAL);
  await sink.replace('_log/x/checkpoint', BODY, null);
  await sink.replace('_log/x/checkpoint', Buffer.from('2'), BODY);
  const puts = s3.requests.filter(({ method }) => method === 'PUT').map(({ headers }) => headers);
  const sums = [BODY, BODY, Buffer.from('2')].map((body) => ({
    'content-md5': createHash('md5').update(body).digest('base64'),
    'x-amz-checksum-sha256': createHash('sha256').update(body).digest('base64'),
  }));
  const etag = `"${createHash('md5').update(BODY).digest('hex')}"`;
  const conditions = [{ 'if-none-match': '*' }, { 'if-none-match': '*' }, { 'if-match': etag }];
  expect(puts).toMatchObject(sums.map((sum, i) => ({ ...sum, ...conditions[i] })));
  expect(puts).toHaveLength(3);
});

test('s3 sink: an answer that is lost after success is found out by HEAD: same', async () => {
  const sink = await open();
  s3.faults.add({ kind: 'lost', method: 'PUT' });
  expect(await sink.putNew(KEY, BODY, SEAL)).toBe('same');
  expect(s3.requests.map(({ method, status }) => [method, status])).toEqual([
    ['PUT', 0],
    ['PUT', 412],
    ['HEAD', 200],
  ]);
  // A tile has no seal: its bytes are compared.
  s3.faults.add({ kind: 'lost', method: 'PUT' });
  expect(await sink.putNew('_log/x/tile/0/000', BODY)).toBe('same');
});

test('s3 sink: a lost answer to a checkpoint is no second writer', async () => {
  const sink = await open();
  await sink.replace('_log/x/checkpoint', Buffer.from('1'), null);
  s3.faults.add({ kind: 'lost', method: 'PUT' });
  expect(await sink.replace('_log/x/checkpoint', Buffer.from('2'), Buffer.from('1'))).toBe('replaced');
  s3.faults.add({ kind: 'status', status: 409, code: 'ConditionalRequestConflict', method: 'PUT' });
  expect(await sink.replace('_log/x/checkpoint', Buffer.from('3'), Buffer.from('2'))).toBe('replaced');
});

test('s3 sink: a 412 of something that is gone again is tried again, not for ever', async () => {
  const sink = await open();
  const refused = { kind: 'status', status: 412, code: 'PreconditionFailed', method: 'PUT' } as const;
  s3.faults.add(refused);
  expect(await sink.putNew(KEY, BODY, SEAL)).toBe('created');
  s3.faults.add({ ...refused, times: 3 });
  await expect(sink.putNew(`${KEY}.2`, BODY, SEAL)).rejects.toThrow(/comes and goes/);
});

test('s3 sink: a body that S3 found altered on its way is sent again, then it is a fault of that object', async () => {
  const sink = await open();
  s3.faults.add({ kind: 'status', status: 400, code: 'BadDigest', method: 'PUT', times: 3 });
  expect(await sink.putNew(KEY, BODY, SEAL)).toBe('created');
  s3.faults.add({ kind: 'status', status: 400, code: 'BadDigest', method: 'PUT', times: 4 });
  await expect(sink.putNew(`${KEY}.2`, BODY, SEAL)).rejects.toBeInstanceOf(SinkFault);
  expect(await sink.putNew(`${KEY}.2`, BODY, SEAL)).toBe('created');
});

test('s3 sink: what is wrong with one object is a fault, what is wrong with the place an outage', async () => {
  const sink = await open();
  await expect(sink.putNew('no/../key', BODY)).rejects.toBeInstanceOf(SinkFault);
  await expect(sink.putNew(KEY, Buffer.alloc((64 << 20) + 1))).rejects.toBeInstanceOf(SinkFault);
  s3.faults.add({ kind: 'status', status: 400, code: 'InvalidArgument' });
  await expect(sink.putNew(KEY, BODY)).rejects.toBeInstanceOf(SinkFault);
  s3.faults.add({ kind: 'status', status: 403, code: 'SignatureDoesNotMatch' });
  const denied = await sink.putNew(KEY, BODY).catch((error: unknown) => error);
  expect(denied).toBeInstanceOf(SinkOutage);
  expect((denied as Error).message).toContain('the secret key does not fit the access key');
  expect((denied as Error).message).not.toContain(SECRET_KEY);
});

test('s3 sink: an outage says how long the store asks to be spared', async () => {
  const sink = await open();
  const headers = { 'retry-after': '90' };
  s3.faults.add({ kind: 'status', status: 503, code: 'SlowDown', headers });
  await expect(sink.putNew(KEY, BODY)).rejects.toMatchObject({ name: 'SinkOutage', retryAfterMs: 90_000 });
  // The breaker keeps to it: nothing is asked before.
  const asked = s3.requests.length;
  await expect(sink.get(KEY)).rejects.toMatchObject({ name: 'SinkOutage', retryAfterMs: 90_000 });
  expect(s3.requests).toHaveLength(asked);
});

test('s3 sink: a store that is away comes back, and everything that waited is created once', async () => {
  const sink = await open();
  await sink.probe();
  await s3.down();
  const keys = Array.from({ length: 5 }, (_, i) => `coldchain/k${i}.ndjson.zst`);
  const failed = await Promise.allSettled(keys.map((key) => sink.putNew(key, Buffer.from(key))));
  for (const result of failed)
    expect(result).toMatchObject({ status: 'rejected', reason: { name: 'SinkOutage' } });
  await s3.up();
  const results = await Promise.all(keys.map((key) => sink.putNew(key, Buffer.from(key))));
  expect(results).toEqual(keys.map(() => 'created'));
});

test('s3 sink: under every kind of trouble at once each object is there, once, with its own bytes', async () => {
  const sink = await open('versioned');
  const bodies = new Map(
    Array.from({ length: 40 }, (_, i) => [`coldchain/k${i}.ndjson.zst`, randomBytes(500 + i)]),
  );
  const trouble = [
    { kind: 'lost', method: 'PUT' },
    { kind: 'cut', method: 'PUT' },
    { kind: 'status', status: 503, code: 'SlowDown' },
    { kind: 'status', status: 409, code: 'ConditionalRequestConflict', method: 'PUT' },
    { kind: 'status', status: 500, code: 'InternalError' },
    { kind: 'torn', method: 'GET' },
  ] as const;
  for (let i = 0; i < 40; i += 1)
    s3.faults.add({ ...(trouble[i % trouble.length] as (typeof trouble)[0]), skip: 1 });
  await Promise.all(
    [...bodies].map(async ([key, body]) => {
      for (;;) {
        const result = await sink.putNew(key, body, SEAL).catch((error: unknown) => error);
        if (result instanceof SinkOutage) continue;
        expect(['created', 'same']).toContain(result);
        return;
      }
    }),
  );
  const bucket = s3.buckets.get('versioned');
  expect(names('versioned')).toHaveLength(40);
  for (const [key, body] of bodies) {
    const versions = bucket?.keys.get(`l/${key}`) ?? [];
    expect([key, versions.length]).toEqual([key, 1]);
    expect(versions[0]?.body.equals(body)).toBe(true);
  }
});

test('s3 sink: a store that ignores If-None-Match is found out, told, and asked before each write', async () => {
  s3.quirks.ignoresIfNoneMatch = true;
  s3.quirks.ignoresIfMatch = true;
  s3.quirks.ignoresChecksums = true;
  s3.quirks.ignoresContentMd5 = true;
  const sink = await open('versioned');
  const probe = await sink.probe();
  expect(probe).toMatchObject({ ifNoneMatch: false, checksum: false });
  expect(probe.detail).toContain('the lake is not append-only');
  expect(probe.detail).toContain('a wrong Content-MD5 is taken, a wrong x-amz-checksum-sha256 taken');
  expect(names('versioned')).toEqual([]);
  expect(await sink.putNew(KEY, BODY, SEAL)).toBe('created');
  expect(await sink.putNew(KEY, BODY, SEAL)).toBe('same');
  expect(await sink.putNew(KEY, Buffer.from('other'), SEAL)).toBe('different');
  expect(s3.buckets.get('versioned')?.keys.get(`l/${KEY}`)).toHaveLength(1);
});

test('s3 sink: where a store ignores If-None-Match, puts of one name do not meet', async () => {
  s3.quirks.ignoresIfNoneMatch = true;
  const sink = await open('versioned');
  await sink.probe();
  const all = await Promise.all(Array.from({ length: 8 }, () => sink.putNew(KEY, BODY, SEAL)));
  expect(all).toEqual(['created', ...Array.from({ length: 7 }, () => 'same')]);
  expect(s3.buckets.get('versioned')?.keys.get(`l/${KEY}`)).toHaveLength(1);
});

test('s3 sink: a lock ends in whole seconds, and not before its days are over', async () => {
  const store = await openStore({ bucket: 'locked', prefix: 'l/' }, { endpoint: s3.url });
  stores.push(store);
  const second = Math.ceil(Date.now() / 1000) * 1000;
  for (const past of [0, 1, 999]) {
    const sink = s3Sink(store, { mode: 'governance', days: 1 }, () => second + past);
    await sink.putNew(`${KEY}.${past}.ndjson.zst`, BODY, SEAL);
    const until = second + 86_400_000 + (past === 0 ? 0 : 1000);
    expect((await store.head(`${KEY}.${past}.ndjson.zst`))?.lock).toEqual({
      mode: 'governance',
      untilMs: until,
    });
  }
});

test('s3 sink: If-Match without quotes is found out where a store wants it so', async () => {
  s3.quirks.wantsBareIfMatch = true;
  const sink = await open();
  expect((await sink.probe()).detail).toContain('replaced by If-Match (without quotes)');
  expect(await sink.replace('k', Buffer.from('1'), null)).toBe('replaced');
  expect(await sink.replace('k', Buffer.from('2'), Buffer.from('1'))).toBe('replaced');
  expect(s3.requests.at(-1)?.headers['if-match']).toMatch(/^[0-9a-f]{32}$/);
});

test('s3 sink: the probe removes what dead runs left behind, and not what a young run is at', async () => {
  const sink = await open('versioned');
  const bucket = s3.buckets.get('versioned');
  const object = { contentType: '', metadata: {}, sha256: null, lock: null, body: Buffer.from('firn') };
  bucket?.put('l/_tmp/probe-old', object, new Date(Date.now() - 2 * 3_600_000));
  bucket?.put('l/_tmp/probe-young', object, new Date());
  await sink.probe();
  expect(names('versioned')).toEqual(['l/_tmp/probe-young']);
});

test('s3 sink: a probe goes on where the bucket does not tell its properties, and says so', async () => {
  const sink = await open();
  const hidden = { kind: 'status', status: 403, code: 'AccessDenied' } as const;
  s3.faults.add({ ...hidden, query: 'versioning' }, { ...hidden, query: 'object-lock' });
  const probe = await sink.probe();
  expect(probe).toMatchObject({ ifNoneMatch: true, versions: null });
  expect(probe.detail).toContain('versions are not told; Object Lock is not told');
});

test('s3 sink: a bucket that locks everything by default keeps the probe, and the probe says so', async () => {
  const bucket = s3.buckets.get('locked');
  if (bucket !== undefined) bucket.defaultRetention = { mode: 'GOVERNANCE', days: 3 };
  const probe = await (await open('locked')).probe();
  expect(probe.detail).toContain('the bucket locks every object by default (governance, 3 days)');
});

test.each([
  ['a bucket that is not there', 404, 'NoSuchBucket', /there is no such bucket/],
  ['wrong keys', 403, 'InvalidAccessKeyId', /the access key is not known there/],
  ['a missing permission', 403, 'AccessDenied', /lack a permission/],
])(
  's3 sink: the probe tells %s as an outage: it can be put right while firn waits',
  async (_, status, code, words) => {
    const sink = await open();
    s3.faults.add({ kind: 'status', status, code, method: 'PUT' });
    await expect(sink.probe()).rejects.toMatchObject({
      name: 'SinkOutage',
      message: expect.stringMatching(words),
    });
  },
);

test('s3 sink: a lock counts from the sealing where the clock of the machine was set back since', async () => {
  const nowMs = Date.now();
  const retention = { mode: 'governance', days: 2 } as const;
  const store = await openStore({ bucket: 'locked', prefix: 'l/' }, { endpoint: s3.url });
  stores.push(store);
  const sink = s3Sink(store, retention, () => nowMs);
  const hours = async (key: string, sealedMs: number): Promise<number> => {
    await sink.putNew(
      key,
      BODY,
      Buffer.from(JSON.stringify({ sealed_utc: new Date(sealedMs).toISOString() })),
    );
    return ((await store.head(key))?.lock?.untilMs ?? 0) / 3_600_000 - nowMs / 3_600_000;
  };
  expect(await hours(`1/${KEY}`, nowMs + 3 * 3_600_000)).toBeCloseTo(51, 2);
  // Sealed long ago, in an outage: locked for the whole time from its upload on all the same.
  expect(await hours(`2/${KEY}`, nowMs - 3 * 3_600_000)).toBeCloseTo(48, 2);
});

test('s3 sink: a lock that the bucket refuses is no fault of the object: it would be one of every object', async () => {
  const store = await openStore({ bucket: 'locked', prefix: 'l/' }, { endpoint: s3.url });
  stores.push(store);
  const sink = s3Sink(store, { mode: 'governance', days: 2 });
  s3.faults.add({ kind: 'status', status: 400, code: 'InvalidRequest', method: 'PUT' });
  const refused = await sink.putNew(KEY, BODY, SEAL).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(SinkOutage);
  expect((refused as Error).message).toContain('can the bucket lock objects');
  // A partial tile has no lock, so this is about itself.
  s3.faults.add({ kind: 'status', status: 400, code: 'InvalidRequest', method: 'PUT' });
  await expect(sink.putNew('_log/a/tile/0/000.p/1', BODY)).rejects.toBeInstanceOf(SinkFault);
});
