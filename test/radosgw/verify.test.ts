// `verify` against a real S3 server (ceph's radosgw): real versions, delete markers, checksums and locks, on a lake that a
// whole engine wrote there. Run by `npm run test:services`, which starts the server.

import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { VerifyOptions } from '../../engine/verify/options.ts';
import type { Report } from '../../engine/verify/report.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { Endpoint, startEngine, type TestEngine } from '../support/engine.ts';

const endpoint = process.env['FIRN_TEST_S3_ENDPOINT'] ?? '';
const BUCKET = 'firn-verify';
const client = new S3Client({ endpoint, forcePathStyle: true, requestChecksumCalculation: 'WHEN_REQUIRED' });
const engines: TestEngine[] = [];

const RETENTION = {
  mode: 'compliance',
  days: 1,
  iUnderstand: 'nobody can delete these objects for 1 days',
} as const;

/** An engine's life on `prefix`: some records, some of them refused, then a drain. */
async function written(prefix: string, locked: boolean): Promise<void> {
  const engine = await startEngine({
    lake: `s3://${BUCKET}/${prefix}`,
    s3: { endpoint, ...(locked && { retention: RETENTION }) },
  });
  engines.push(engine);
  const socket = new Endpoint(`${engine.ws}/v1/streams/coldchain/ws`);
  await socket.hello();
  const record = (i: number): string =>
    JSON.stringify({
      sensor_id: `sensor-${i}`,
      timestamp_utc: '2026-02-01T10:00:00Z',
      temperature_c: i,
      zone_id: 'A1',
    });
  for (let i = 0; i < 5; i++)
    socket.socket.send(i === 4 ? '{"sensor_id":1}' : `${record(i)}\n${record(i + 1)}`);
  await socket.acknowledged(5);
  await socket.close();
  await engine.engine.close();
}

const verify = (prefix: string, options: Partial<VerifyOptions> = {}): Promise<Report> =>
  verifyLake({ lake: `s3://${BUCKET}/${prefix}`, s3: { endpoint }, graceMs: 0, ...options });
const found = ({ findings }: Report): string[] =>
  findings.map(({ verdict, key }) => `${verdict} ${key}`).sort();

/** Names of batch objects below the prefix, relative to it, in order. */
async function batches(prefix: string): Promise<string[]> {
  const { Versions = [] } = await client.send(
    new ListObjectVersionsCommand({ Bucket: BUCKET, Prefix: `${prefix}/` }),
  );
  const keys = Versions.map(({ Key = '' }) => Key.slice(prefix.length + 1)).filter((key) =>
    key.endsWith('.zst'),
  );
  return [...new Set(keys)];
}

describe.skipIf(endpoint === '')('verify on radosgw (skipped without FIRN_TEST_S3_ENDPOINT)', () => {
  beforeAll(async () => {
    await client.send(new CreateBucketCommand({ Bucket: BUCKET, ObjectLockEnabledForBucket: true }));
  });
  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.remove();
  });
  afterAll(() => client.destroy());

  test('a lake under compliance locks is sound, full and quick, and says what binds its operator', async () => {
    await written('locked', true);
    for (const quick of [false, true]) {
      const report = await verify('locked', { quick });
      expect(report.findings).toEqual([]);
      expect(report.trust).toMatchObject({ lock: 'compliance', expiredLocks: 0 });
    }
    expect((await verify('locked', { quick: true, lockDays: 1 })).findings).toEqual([]);
    expect((await verify('locked', { quick: true, lockDays: 2 })).verdicts.SHORT_LOCK).toBe(
      (await batches('locked')).length,
    );
  });

  test('a locked object can be hidden but not deleted: HIDDEN, in objects and log', async () => {
    await written('hidden', true);
    const key = (await batches('hidden')).find((each) => each.startsWith('coldchain/')) as string;
    const checkpoint = (await verify('hidden')).origins.map(
      ({ origin, size }) => `_log/${origin}/checkpoints/${String(size).padStart(20, '0')}`,
    )[0] as string;
    for (const each of [key, checkpoint])
      await client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: `hidden/${each}` }));
    for (const quick of [false, true])
      expect(found(await verify('hidden', { quick }))).toEqual(
        [`HIDDEN ${checkpoint}`, `HIDDEN ${key}`].sort(),
      );
  });

  test('each of 50 objects, hidden one at a time behind a delete marker and shown again, is named', async () => {
    const engine = await startEngine({ lake: `s3://${BUCKET}/markers`, s3: { endpoint } });
    engines.push(engine);
    // A day has an object of its own.
    const days = Array.from({ length: 50 }, (_, i) => ({
      sensor_id: 'sensor-1',
      timestamp_utc: new Date(Date.UTC(2026, 0, 1 + i)).toISOString(),
      temperature_c: i,
      zone_id: 'A1',
    }));
    await engine.engine.ingest('coldchain', days);
    await engine.engine.close();
    const keys = (await batches('markers')).filter((key) => key.startsWith('coldchain/'));
    expect(keys).toHaveLength(50);
    for (const [i, key] of keys.entries()) {
      const hide = { Bucket: BUCKET, Key: `markers/${key}` };
      const { VersionId } = await client.send(new DeleteObjectCommand(hide));
      // Every tenth by downloads as well: quick asks the store for each object, as the full one does.
      for (const quick of i % 10 === 0 ? [true, false] : [true])
        expect(found(await verify('markers', { quick }))).toEqual([`HIDDEN ${key}`]);
      await client.send(new DeleteObjectCommand({ ...hide, VersionId }));
    }
    expect((await verify('markers')).findings).toEqual([]);
  }, 240_000);

  test('other bytes over an object are ALTERED, EXTRA_VERSION and, without a lock, UNLOCKED', async () => {
    await written('altered', true);
    const Key = `altered/${(await batches('altered')).find((each) => each.startsWith('coldchain/'))}`;
    const there = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
    const body = Buffer.from((await there.Body?.transformToByteArray()) ?? []);
    body[body.length - 9] = (body[body.length - 9] as number) ^ 1;
    await client.send(
      new PutObjectCommand({ Bucket: BUCKET, Key, Body: body, Metadata: there.Metadata ?? {} }),
    );
    const key = Key.slice('altered/'.length);
    expect(found(await verify('altered'))).toEqual(
      ['ALTERED', 'EXTRA_VERSION', 'UNLOCKED'].map((v) => `${v} ${key}`),
    );
    const quick = found(await verify('altered', { quick: true, lockDays: 1 }));
    expect(quick).toEqual(expect.arrayContaining([`EXTRA_VERSION ${key}`, `UNLOCKED ${key}`]));
  });

  test('an engine without retention asks for no lock; a bucket that is not there is one line', async () => {
    await written('plain', false);
    const report = await verify('plain');
    expect(report.findings).toEqual([]);
    expect(report.trust.lock).toBe('none');
    await expect(verifyLake({ lake: 's3://firn-nobody/a', s3: { endpoint } })).rejects.toThrow(
      /no such bucket/,
    );
  });
});
