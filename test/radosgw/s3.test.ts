// The sink and a whole engine against a real S3 server (ceph's radosgw): conditional writes, versions and locks as somebody
// else understood them. Run by `npm run test:services`, which starts the server.

import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openStore, type S3Store } from '../../engine/s3/store.ts';
import { s3Sink } from '../../engine/sink/s3.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { sinkContract } from '../support/s3-contract.ts';
import { checkLake } from '../support/s3-lake.ts';

const endpoint = process.env['FIRN_TEST_S3_ENDPOINT'] ?? '';
const BUCKETS = {
  plain: 'firn-plain',
  versioned: 'firn-versioned',
  locked: 'firn-locked',
  worm: 'firn-worm',
};

const client = new S3Client({ endpoint, forcePathStyle: true, requestChecksumCalculation: 'WHEN_REQUIRED' });
const engines: TestEngine[] = [];
const stores: S3Store[] = [];

beforeAll(async () => {
  for (const Bucket of [BUCKETS.plain, BUCKETS.versioned])
    await client.send(new CreateBucketCommand({ Bucket }));
  for (const Bucket of [BUCKETS.locked, BUCKETS.worm])
    await client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
  const VersioningConfiguration = { Status: 'Enabled' } as const;
  await client.send(new PutBucketVersioningCommand({ Bucket: BUCKETS.versioned, VersioningConfiguration }));
});

afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.remove();
  for (const store of stores.splice(0)) store.close();
});

afterAll(() => client.destroy());

async function open(bucket: string, prefix: string): Promise<S3Store> {
  const store = await openStore({ bucket, prefix }, { endpoint });
  stores.push(store);
  return store;
}

const record = (n: number): object => ({
  ...{
    sensor_id: `rgw-${n}`,
    timestamp_utc: `2026-03-0${1 + (n % 3)}T00:00:00Z`,
    temperature_c: 4,
    zone_id: 'Z',
  },
});

describe('contract', () => {
  // ceph 16 looks at If-None-Match and If-Match only in buckets without versions.
  sinkContract('radosgw', () => ({ endpoint, ...BUCKETS, checksChecksums: false }), {
    plain: { ifNoneMatch: true, ifMatch: true },
    versioned: { ifNoneMatch: false, ifMatch: false },
  });
});

test.each([
  ['a plain bucket', 'firn-plain', undefined],
  ['a bucket with versions', 'firn-versioned', undefined],
  ['compliance retention', 'firn-worm', 1],
] as const)(
  'radosgw: an engine with %s: everything acknowledged is there, across a restart',
  async (_, bucket, days) => {
    const words = `nobody can delete these objects for ${days} days`;
    const options = {
      ...{ lake: `s3://${bucket}/plant7`, drain: 20 },
      s3: {
        endpoint,
        ...(days !== undefined && { retention: { mode: 'compliance', days, iUnderstand: words } as const }),
      },
      streams: { coldchain: { cut: { age: 0.2, lateAge: 0.2 } } },
    };
    let folder: string | undefined;
    for (const from of [0, 50]) {
      const served = await startEngine(options, folder);
      folder = served.folder;
      if (from > 0) engines.push(served);
      const records = Array.from({ length: 50 }, (_, i) => record(from + i));
      expect(await served.engine.ingest('coldchain', [...records, { x: from }])).toMatchObject({
        accepted: 50,
      });
      expect(await served.engine.close()).toBe(true);
    }
    const { objects, lines } = await checkLake(endpoint, bucket, 'plant7/');
    expect(lines).toHaveLength(100);
    expect(new Set(lines.map((line) => JSON.parse(line).sensor_id)).size).toBe(100);
    const locked = [...objects].filter(([, { info }]) => info.lock !== null).map(([key]) => key);
    if (days === undefined) expect(locked).toEqual([]);
    else
      expect(locked).toEqual(
        expect.arrayContaining([...objects.keys()].filter((key) => key.endsWith('.zst'))),
      );
  },
  120_000,
);

test('radosgw: nobody deletes an object under compliance retention before its time, nor its version', async () => {
  const store = await open(BUCKETS.worm, 'locked/');
  const sink = s3Sink(store, { mode: 'compliance', days: 1 });
  const key = 'coldchain/batch_1.ndjson.zst';
  const body = Buffer.from('evidence');
  expect(await sink.putNew(key, body)).toBe('created');
  const info = await store.head(key);
  expect(info?.lock?.mode).toBe('compliance');
  await expect(store.remove(key, info?.versionId ?? '')).rejects.toMatchObject({ code: 'AccessDenied' });
  // What can be had is a delete marker, and it hides the object without taking it away.
  const again = await open(BUCKETS.worm, 'locked/');
  await again.remove(key);
  expect(await again.get(key)).toBeNull();
  const kept = await again.get(key, { versionId: info?.versionId ?? '' });
  expect(Buffer.from(kept?.bytes ?? []).equals(body)).toBe(true);
  const versions: boolean[] = [];
  for await (const { marker } of again.versions()) versions.push(marker);
  expect(versions.sort()).toEqual([false, true]);
});

test('radosgw: wrong keys and a bucket that is not there are outages, said in words', async () => {
  const nowhere = await open('firn-nowhere', '');
  await expect(s3Sink(nowhere, null).probe()).rejects.toMatchObject({
    ...{ name: 'SinkOutage', message: expect.stringContaining('there is no such bucket') },
  });
  const secret = process.env['AWS_SECRET_ACCESS_KEY'];
  process.env['AWS_SECRET_ACCESS_KEY'] = 'another-secret';
  try {
    const stranger = await open(BUCKETS.plain, '');
    await expect(s3Sink(stranger, null).probe()).rejects.toMatchObject({
      ...{
        name: 'SinkOutage',
        message: expect.stringContaining('the secret key does not fit the access key'),
      },
    });
  } finally {
    process.env['AWS_SECRET_ACCESS_KEY'] = secret;
  }
});
