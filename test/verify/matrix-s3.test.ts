// The tamper matrix of what only an object store can do: objects hidden behind delete markers, versions put over them,
// locks that are not there or too short. One at a time, each named with the right verdict and object.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { VerifyOptions } from '../../engine/verify/options.ts';
import type { Finding } from '../../engine/verify/report.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { initCompress } from '../../workers/compress.ts';
import { seeded } from '../crash/random.ts';
import { LakeBuilder } from '../support/lake.ts';
import { S3_ENV, type S3Server, startS3 } from '../support/s3-server.ts';
import type { StoredBucket, StoredLock, StoredVersion } from '../support/s3-store.ts';
import { asObject, tellRetention, UPLOADED, upload } from '../support/uploaded-lake.ts';
import { below, oneOf, type Random } from '../tamper/class.ts';

const POSITIONS = Number(process.env['FIRN_MATRIX_POSITIONS'] ?? 50);
const SEED = Number(process.env['FIRN_MATRIX_SEED'] ?? 1);
const DAY_MS = 86_400_000;
const DAYS = 400;
const AT = 'plant/a/';

const top = mkdtempSync(join(tmpdir(), 'firn-matrix-s3-'));
let s3: S3Server;
let bucket: StoredBucket;
let lake: LakeBuilder;

/** What the sink locks: all that is never replaced and never removed. */
function sinkLock(key: string): StoredLock | null {
  const open = /^_log\/.*\/(checkpoint|policy)$|\.p\//.test(key);
  return open ? null : { mode: 'COMPLIANCE', until: new Date(UPLOADED.getTime() + DAYS * DAY_MS) };
}

beforeAll(async () => {
  await initCompress();
  for (const [name, value] of Object.entries(S3_ENV)) vi.stubEnv(name, value);
  s3 = await startS3();
  bucket = s3.createBucket('lake', { objectLock: true });
  lake = new LakeBuilder(join(top, 'lake'), 'cold.example/plant7-a');
  tellRetention(lake, '2026-02-02T07:59:00.000Z', { mode: 'compliance', days: DAYS });
  for (let i = 0; i < 60; i++) lake.records('coldchain', `2026-01-${10 + (i % 4)}`, 3 + (i % 3));
  lake.publish(true);
  upload(lake, bucket, { lock: sinkLock });
});

afterAll(async () => {
  await s3.close();
  vi.unstubAllEnvs();
  rmSync(top, { recursive: true, force: true });
});

function current(key: string): StoredVersion {
  const version = bucket.current(AT + key);
  if (version === null) throw new Error(`nothing at ${key}`);
  return version;
}

function putOver(key: string, body: Buffer): void {
  const lock = sinkLock(key);
  bucket.put(AT + key, { ...asObject(lake, key, body), lock }, new Date(UPLOADED.getTime() + 60_000));
}

interface S3Class {
  readonly name: string;
  readonly verdicts: readonly Finding['verdict'][];
  readonly also?: readonly Finding['verdict'][];
  /** How `--quick` is asked, which reads no audit stream and so knows of no retention; null = it cannot know. */
  readonly quick?: Partial<VerifyOptions> | null;
  /** Does it to the object and tells where. */
  tamper(key: string, random: Random): string;
}

const CLASSES: readonly S3Class[] = [
  {
    name: 'object: hidden behind a delete marker',
    verdicts: ['HIDDEN'],
    tamper: (key) => {
      bucket.remove(AT + key, null, new Date(), false);
      return key;
    },
  },
  {
    name: 'object: hidden behind several delete markers',
    verdicts: ['HIDDEN'],
    tamper: (key, random) => {
      const markers = 2 + below(random, 3);
      for (let i = 0; i < markers; i++) bucket.remove(AT + key, null, new Date(), false);
      return `${key} ${markers}`;
    },
  },
  {
    name: 'object: the same bytes once more as another version',
    verdicts: ['EXTRA_VERSION'],
    tamper: (key) => {
      putOver(key, lake.read(key));
      return key;
    },
  },
  {
    name: 'object: other bytes put over it',
    verdicts: ['EXTRA_VERSION'],
    also: ['ALTERED', 'RECOMPRESSED'],
    tamper: (key, random) => {
      const body = Buffer.from(lake.read(key));
      const bit = below(random, 8 * body.length);
      body[bit >> 3] = (body[bit >> 3] as number) ^ (1 << (bit & 7));
      putOver(key, body);
      return `${key} ${bit}`;
    },
  },
  {
    name: 'object: without its lock',
    verdicts: ['UNLOCKED'],
    quick: { lockDays: DAYS },
    tamper: (key) => {
      current(key).lock = null;
      return key;
    },
  },
  {
    name: 'object: in governance mode, which can be lifted',
    verdicts: ['UNLOCKED'],
    quick: null,
    tamper: (key) => {
      current(key).lock = { mode: 'GOVERNANCE', until: new Date(UPLOADED.getTime() + DAYS * DAY_MS) };
      return key;
    },
  },
  {
    name: 'object: a lock that ends too early',
    verdicts: ['SHORT_LOCK'],
    quick: { lockDays: DAYS },
    tamper: (key, random) => {
      const early = 1 + below(random, 300 * DAY_MS);
      const until = new Date(UPLOADED.getTime() + DAYS * DAY_MS - early);
      current(key).lock = { mode: 'COMPLIANCE', until };
      return `${key} ${early}`;
    },
  },
];

/** Runs one class; a key is put back as it was after each position. */
async function run(cls: S3Class, quick: boolean): Promise<{ positions: number; missed: string[] }> {
  const random = seeded(SEED);
  const seen = new Set<string>();
  const missed: string[] = [];
  for (let tries = 0; seen.size < (quick ? 5 : POSITIONS) && tries < 100 * POSITIONS; tries++) {
    const key = oneOf(random, lake.keys);
    const versions = bucket.keys.get(AT + key) as StoredVersion[];
    const before = { versions: [...versions], lock: versions[0]?.lock ?? null };
    const at = cls.tamper(key, random);
    try {
      if (seen.has(at)) continue;
      seen.add(at);
      const options = {
        lake: 's3://lake/plant/a',
        s3: { endpoint: s3.url },
        graceMs: 0,
        threads: 0,
        quick,
        ...(quick ? cls.quick : {}),
      };
      const { findings } = await verifyLake(options);
      const named = findings.some((found) => cls.verdicts.includes(found.verdict) && found.key === key);
      const allowed = [...cls.verdicts, ...(cls.also ?? [])];
      if (named && findings.every(({ verdict }) => allowed.includes(verdict))) continue;
      missed.push(
        `${at}: ${findings.map((found) => `${found.verdict} ${found.key} ${found.reason}`).join('; ')}`,
      );
    } finally {
      bucket.keys.set(AT + key, before.versions);
      (before.versions[0] as StoredVersion).lock = before.lock;
    }
  }
  return { positions: seen.size, missed };
}

describe('verify: tamper matrix in an object store', () => {
  test('the lake is sound', async () => {
    const report = await verifyLake({ lake: 's3://lake/plant/a', s3: { endpoint: s3.url }, graceMs: 0 });
    expect(report.findings).toEqual([]);
    expect(report.trust.lock).toBe('compliance');
  });

  test.each(CLASSES.map((cls) => [cls.name, cls] as const))(
    '%s',
    async (_name, cls) => {
      const { positions, missed } = await run(cls, false);
      expect(positions).toBeGreaterThanOrEqual(50);
      expect(missed).toEqual([]);
      if (cls.quick !== null) expect((await run(cls, true)).missed, '--quick').toEqual([]);
    },
    180_000,
  );
});
