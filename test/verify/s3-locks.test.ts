// Locks of a lake in S3 against the retention that its audit stream tells; and the bound on the bytes in memory.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ObjectSeal } from '../../engine/batch/seal.ts';
import { FetchingChecker } from '../../engine/verify/fetching.ts';
import { missing, type ObjectJob, type ObjectResult } from '../../engine/verify/object.ts';
import type { VerifyOptions } from '../../engine/verify/options.ts';
import type { Report } from '../../engine/verify/report.ts';
import { DAY_MS, Timeline, toldBy } from '../../engine/verify/retention.ts';
import { openS3Lake } from '../../engine/verify/s3.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { initCompress } from '../../workers/compress.ts';
import { LakeBuilder } from '../support/lake.ts';
import { S3_ENV, type S3Server, startS3 } from '../support/s3-server.ts';
import type { StoredBucket, StoredLock, StoredVersion } from '../support/s3-store.ts';
import { tellRetention, UPLOADED, upload } from '../support/uploaded-lake.ts';

const top = mkdtempSync(join(tmpdir(), 'firn-verify-locks-'));
afterAll(() => rmSync(top, { recursive: true, force: true }));
const AT = 'plant/a/';
const LOG = '_log/cold.example/plant7-a';
const DAYS = 400;
let lakes = 0;
let s3: S3Server;
let bucket: StoredBucket;

beforeEach(async () => {
  await initCompress();
  for (const [name, value] of Object.entries(S3_ENV)) vi.stubEnv(name, value);
  s3 = await startS3();
  bucket = s3.createBucket('lake', { objectLock: true });
});
afterEach(async () => {
  await s3.close();
  vi.unstubAllEnvs();
});

const verify = (options: Partial<VerifyOptions> = {}): Promise<Report> =>
  verifyLake({ lake: 's3://lake/plant/a', s3: { endpoint: s3.url }, graceMs: 0, ...options });
const found = ({ findings }: Report): string[] =>
  findings.map(({ verdict, key }) => `${verdict} ${key}`).sort();

type Mode = StoredLock['mode'];
/** What the sink locks, until `DAYS` after the upload. */
const sinkLock =
  (mode: Mode) =>
  (key: string): StoredLock | null =>
    /^_log\/.*\/(checkpoint|policy)$|\.p\//.test(key)
      ? null
      : { mode, until: new Date(UPLOADED.getTime() + DAYS * DAY_MS) };

/** A lake of more than one tile whose engine told this retention at its start. */
function told(retention: unknown): LakeBuilder {
  const lake = new LakeBuilder(join(top, String(lakes++)), 'cold.example/plant7-a');
  tellRetention(lake, '2026-02-02T07:59:00.000Z', retention);
  for (let i = 0; i < 3; i++) lake.records('coldchain', '2026-02-01', 5 + i);
  while (lake.seals.length < 260) lake.heartbeat();
  lake.publish(true);
  return lake;
}

function stored(key: string): StoredVersion {
  const version = bucket.current(AT + key);
  if (version === null) throw new Error(`nothing at ${key}`);
  return version;
}

describe('verify s3 locks', () => {
  test('as they were told give no finding, and the report names the mode', async () => {
    upload(told({ mode: 'compliance', days: DAYS }), bucket, { lock: sinkLock('COMPLIANCE') });
    const report = await verify();
    expect(report.findings).toEqual([]);
    expect(report.trust).toMatchObject({ lock: 'compliance', expiredLocks: 0 });
    const quick = await verify({ quick: true });
    expect(quick.findings).toEqual([]);
    expect(quick.trust.lock).toBe('compliance');
    expect(quick.trust.notChecked.join()).toContain('--lock DAYS');
  });

  test('that are not there are UNLOCKED: object, full tile, kept checkpoint, schema', async () => {
    const lake = told({ mode: 'governance', days: DAYS });
    upload(lake, bucket, { lock: sinkLock('GOVERNANCE') });
    const schema = [...bucket.keys.keys()]
      .find((key) => key.includes('_schema/telemetry'))
      ?.slice(AT.length) as string;
    const keys = [
      lake.keys[1] as string,
      `${LOG}/tile/0/000`,
      `${LOG}/checkpoints/00000000000000000260`,
      schema,
    ];
    for (const key of keys) stored(key).lock = null;
    const report = await verify();
    expect(found(report)).toEqual(keys.map((key) => `UNLOCKED ${key}`).sort());
    expect(report.findings.find(({ key }) => key === lake.keys[1])).toMatchObject({ index: 1 });
    expect(report.trust.lock).toBe('mixed');
  });

  test('in governance mode where compliance was told are UNLOCKED; the other way round is more than was told', async () => {
    const lake = told({ mode: 'compliance', days: DAYS });
    upload(lake, bucket, { lock: sinkLock('COMPLIANCE') });
    const version = stored(lake.keys[2] as string);
    version.lock = { mode: 'GOVERNANCE', until: version.lock?.until as Date };
    const report = await verify();
    expect(found(report)).toEqual([`UNLOCKED ${lake.keys[2]}`]);
    expect(report.findings[0]?.reason).toContain('governance mode, which can be lifted');
    bucket = s3.createBucket('lake', { objectLock: true });
    upload(told({ mode: 'governance', days: DAYS }), bucket, { lock: sinkLock('COMPLIANCE') });
    expect((await verify()).findings).toEqual([]);
  });

  test('that end a millisecond too early are SHORT_LOCK; those that have run out by now are fine', async () => {
    const lake = told({ mode: 'governance', days: 3 });
    const until = (key: string): Date => {
      const seal = lake.seals
        .map((bytes) => JSON.parse(Buffer.from(bytes).toString()) as ObjectSeal)
        .find((each) => each.key === key);
      return new Date(
        seal === undefined ? UPLOADED.getTime() + 3 * DAY_MS : Date.parse(seal.sealed_utc) + 3 * DAY_MS,
      );
    };
    upload(lake, bucket, {
      lock: (key) =>
        sinkLock('GOVERNANCE')(key) === null ? null : { mode: 'GOVERNANCE', until: until(key) },
    });
    const sound = await verify();
    expect(sound.findings).toEqual([]);
    expect(sound.trust.expiredLocks).toBe(lake.keys.length);
    const version = stored(lake.keys[3] as string);
    version.lock = { mode: 'GOVERNANCE', until: new Date(until(lake.keys[3] as string).getTime() - 1) };
    expect(found(await verify())).toEqual([`SHORT_LOCK ${lake.keys[3]}`]);
  });

  test('are not asked for where none was told; --lock DAYS asks for them, quick too', async () => {
    const lake = told(null);
    upload(lake, bucket);
    const report = await verify();
    expect(report.findings).toEqual([]);
    expect(report.trust.lock).toBe('none');
    for (const quick of [false, true])
      expect(found(await verify({ quick, lockDays: 30 }))).toEqual(
        lake.keys.map((key) => `UNLOCKED ${key}`).sort(),
      );
    for (const key of lake.keys)
      stored(key).lock = { mode: 'GOVERNANCE', until: new Date(UPLOADED.getTime() + 30 * DAY_MS) };
    expect((await verify({ quick: true, lockDays: 30 })).findings).toEqual([]);
    expect(found(await verify({ quick: true, lockDays: 31 }))).toEqual(
      lake.keys.map((key) => `SHORT_LOCK ${key}`).sort(),
    );
  });

  test('of a copy without them are all missing; --lock 0 asks for none', async () => {
    const lake = told({ mode: 'compliance', days: DAYS });
    upload(lake, bucket, { plain: true });
    expect((await verify()).verdicts.UNLOCKED).toBeGreaterThan(lake.keys.length);
    const files = found(await verify({ lockDays: 0 }));
    expect(files).toEqual([]);
  });

  test('that these credentials may not read are not checked, and no finding', async () => {
    const lake = told({ mode: 'compliance', days: DAYS });
    upload(lake, bucket, { plain: true });
    s3.faults.add({ kind: 'status', status: 403, code: 'AccessDenied', query: 'retention', times: 99 });
    const report = await verify();
    expect(report.findings).toEqual([]);
    expect(report.trust.notChecked.join()).toContain('s3:GetObjectRetention');
    expect(s3.requests.filter(({ query }) => query.includes('retention'))).toHaveLength(1);
  });

  test('whose store fails for a moment just when it is asked whether they may be read are no finding', async () => {
    upload(told({ mode: 'compliance', days: DAYS }), bucket, { plain: true });
    const retention = { kind: 'status', query: 'retention' } as const;
    s3.faults.add(
      { ...retention, status: 503, code: 'SlowDown', times: 2 },
      { ...retention, status: 403, code: 'AccessDenied', times: 99 },
    );
    expect((await verify()).findings).toEqual([]);
  });

  test('around a change follow the weaker: sealed before it, uploaded after', async () => {
    const lake = told({ mode: 'compliance', days: DAYS });
    // The retention is taken back minutes after the last seal, before anything was uploaded.
    tellRetention(lake, '2026-02-02T08:20:00.000Z', { mode: 'governance', days: 1 });
    lake.publish(true);
    const until = new Date(UPLOADED.getTime() + DAY_MS);
    upload(lake, bucket, {
      lock: (key) => (sinkLock('GOVERNANCE')(key) === null ? null : { mode: 'GOVERNANCE', until }),
    });
    expect((await verify()).findings).toEqual([]);
  });
});

test('retention timeline: the weakest of what was in force, and the first before the first', () => {
  const event = (atMs: number, retention: unknown): ReturnType<typeof toldBy> =>
    toldBy({ at_utc: new Date(atMs).toISOString(), new: { retention } });
  const timeline = new Timeline();
  expect(timeline.between(0, 1)).toBeNull();
  timeline.add([event(200, { mode: 'governance', days: 90 }), event(100, { mode: 'compliance', days: 30 })]);
  timeline.add([event(300, null), event(400, { mode: 'compliance', days: 10 })]);
  expect(timeline.between(50, 60)).toEqual({ mode: 'compliance', days: 30 });
  expect(timeline.between(150, 199)).toEqual({ mode: 'compliance', days: 30 });
  expect(timeline.between(150, 250)).toEqual({ mode: 'governance', days: 30 });
  expect(timeline.between(250, 300)).toBeNull();
  expect(timeline.between(500, 900)).toEqual({ mode: 'compliance', days: 10 });
  expect(event(1, { mode: 'forever', days: 1 }).retention).toBeNull();
  expect(event(1, undefined).retention).toBeNull();
});

test('verify s3: bodies in memory are bounded from their headers to their verdict', async () => {
  const body = Buffer.alloc(100_000, 1);
  const keys = Array.from({ length: 12 }, (_, i) => `o/${i}`);
  for (const key of keys)
    bucket.put(AT + key, { body, contentType: '', metadata: {}, sha256: null, lock: null }, UPLOADED);
  const lake = await openS3Lake('s3://lake/plant/a', { endpoint: s3.url }, undefined);
  const held: { job: ObjectJob; bytes: number }[] = [];
  let answer: (job: ObjectJob, result: ObjectResult) => void = () => {};
  let most = 0;
  let results = 0;
  const checker = await FetchingChecker.start(
    lake,
    350_000,
    () => results++,
    () => {},
    async (onResult) => {
      answer = onResult;
      return {
        submit: async (job, bytes) => {
          held.push({ job, bytes: bytes?.length ?? 0 });
          most = Math.max(
            most,
            held.reduce((sum, each) => sum + each.bytes, 0),
          );
        },
        drain: async () => {},
        close: async () => {},
      };
    },
  );
  for (const key of keys)
    await checker.submit({
      origin: 'o',
      index: 0,
      seal: { key } as ObjectSeal,
      day: '',
      doubtful: false,
      quick: false,
    });
  while (results < keys.length) {
    await vi.waitFor(() => expect(held.length).toBeGreaterThan(0));
    // As many come as fit, and no more while none of them has its verdict.
    const { job } = held.shift() as (typeof held)[number];
    answer(job, missing());
  }
  await checker.drain();
  lake.close();
  expect(most).toBe(300_000);
});
