// A lake in S3: what a directory shows and what only a store can show, over real requests to the in-process S3.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { VerifyError } from '../../engine/verify/files.ts';
import type { VerifyOptions } from '../../engine/verify/options.ts';
import type { Report } from '../../engine/verify/report.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { type LakeBuilder, longLake, soundLake } from '../support/lake.ts';
import { S3_ENV, type S3Server, startS3 } from '../support/s3-server.ts';
import type { StoredBucket } from '../support/s3-store.ts';
import { asObject, UPLOADED, type UploadOptions, upload } from '../support/uploaded-lake.ts';

const top = mkdtempSync(join(tmpdir(), 'firn-verify-s3-'));
afterAll(() => rmSync(top, { recursive: true, force: true }));
const AT = 'plant/a/';
const LOG = '_log/cold.example/plant7-a';
let lakes = 0;
let s3: S3Server;
let bucket: StoredBucket;

beforeEach(async () => {
  for (const [name, value] of Object.entries(S3_ENV)) vi.stubEnv(name, value);
  s3 = await startS3();
  bucket = s3.createBucket('lake', { versioning: true });
});
afterEach(async () => {
  await s3.close();
  vi.unstubAllEnvs();
});

const verify = (options: Partial<VerifyOptions> = {}): Promise<Report> =>
  verifyLake({ lake: 's3://lake/plant/a', s3: { endpoint: s3.url }, graceMs: 0, ...options });

async function uploaded(
  build: typeof soundLake = soundLake,
  options: UploadOptions = {},
): Promise<LakeBuilder> {
  const lake = await build(join(top, String(lakes++)));
  upload(lake, bucket, options);
  return lake;
}

/** Puts other bytes over an object, as somebody with the right to would. */
function overwrite(
  lake: LakeBuilder,
  key: string,
  change: (bytes: Buffer) => Uint8Array,
  plain = false,
): void {
  const body = Buffer.from(change(Buffer.from(lake.read(key))));
  bucket.put(AT + key, asObject(lake, key, body, { plain }), new Date(UPLOADED.getTime() + 60_000));
}

const flipped = (bytes: Buffer): Buffer => {
  bytes[bytes.length - 10] = (bytes[bytes.length - 10] as number) ^ 1;
  return bytes;
};
const remove = (key: string): void => void bucket.remove(AT + key, null, new Date(), false);
const found = ({ findings }: Report): string[] =>
  findings.map(({ verdict, key }) => `${verdict} ${key}`).sort();

describe('verify s3: a sound lake', () => {
  test('has no finding, full and quick, and the report counts what is there', async () => {
    const lake = await uploaded();
    const report = await verify();
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({
      sound: true,
      mode: 'full',
      objects: 8,
      records: 167,
      lake: 's3://lake/plant/a',
    });
    expect(report.origins).toMatchObject([{ origin: lake.origin, size: 10, proven: true, checkpoints: 2 }]);
    expect(report.trust).toMatchObject({ lock: 'none', expiredLocks: 0 });
    expect(report.trust.notChecked.join()).not.toContain('HIDDEN');
    const quick = await verify({ quick: true });
    expect(quick.findings).toEqual([]);
    expect(quick).toMatchObject({ sound: true, mode: 'quick', objects: 8 });
  });

  test('quick reads no object, and says of how many the store keeps no checksum or seal', async () => {
    const lake = await uploaded(soundLake, { plain: true });
    const { sound, trust } = await verify({ quick: true });
    expect(sound).toBe(true);
    expect(s3.count('GET', /\.ndjson\.zst$/)).toBe(0);
    expect(s3.count('HEAD', /\.ndjson\.zst$/)).toBe(lake.keys.length);
    expect(trust.notChecked.join()).toContain('for 8 of 8 objects the store keeps no SHA-256 of the bytes');
    expect(trust.notChecked.join()).toContain('for 8 of 8 objects the store keeps no seal');
  });

  test('may have a log of several tiles, at the root of a bucket, and folder marks of a console', async () => {
    const lake = await longLake(join(top, String(lakes++)));
    upload(lake, bucket, { prefix: '' });
    const empty = { body: Buffer.alloc(0), contentType: '', metadata: {}, sha256: null, lock: null };
    bucket.put('coldchain/', empty, UPLOADED);
    const report = await verify({ lake: 's3://lake' });
    expect(report.findings).toEqual([]);
    expect(report.origins[0]).toMatchObject({ size: 521, proven: true });
  });

  test('may hold probes that a lock by default has kept, and nothing else under their names', async () => {
    await uploaded();
    const word = (text: string) => ({
      body: Buffer.from(text),
      contentType: '',
      metadata: {},
      sha256: null,
      lock: null,
    });
    const at = `${AT}_tmp/probe-00112233445566ff`;
    for (const text of ['firn', 'other']) bucket.put(at, word(text), UPLOADED);
    expect((await verify()).findings).toEqual([]);
    bucket.put(`${AT}_tmp/probe-0`, word('firn'), UPLOADED);
    bucket.put(`${AT}_tmp/quarantine-probe-00112233445566ff`, word('a payload'), UPLOADED);
    expect(found(await verify())).toEqual([
      'UNLOGGED _tmp/probe-0',
      'UNLOGGED _tmp/quarantine-probe-00112233445566ff',
    ]);
  });

  test('without versions says that they were not checked; the same where they may not be listed', async () => {
    bucket = s3.createBucket('lake');
    await uploaded();
    expect((await verify()).trust.notChecked.join()).toContain('this bucket keeps no versions');
    s3.faults.add({ kind: 'status', status: 403, code: 'AccessDenied', query: 'versions', times: 99 });
    const denied = await verify();
    expect(denied.sound).toBe(true);
    expect(denied.trust.notChecked.join()).toContain('may not list versions');
  });

  test('of 1,500 objects is listed page by page', async () => {
    const many = async (folder: string): Promise<LakeBuilder> => {
      const lake = await soundLake(folder);
      for (let i = 0; i < 1500; i++) lake.records('freezer', '2026-02-03', 1 + (i % 2));
      lake.publish(true);
      return lake;
    };
    const lake = await uploaded(many);
    const report = await verify({ quick: true });
    expect(report.findings).toEqual([]);
    expect(report.objects).toBe(lake.keys.length);
    expect(s3.requests.filter(({ query }) => query.includes('versions')).length).toBeGreaterThan(1);
    expect(s3.mostUnderWay).toBeLessThanOrEqual(16);
  }, 120_000);
});

describe('verify s3: what was done to a lake', () => {
  test('a deleted object is MISSING where no version is left, and HIDDEN under a delete marker', async () => {
    const lake = await uploaded();
    bucket.keys.delete(AT + lake.keys[1]);
    remove(lake.keys[2] as string);
    for (const quick of [false, true])
      expect(found(await verify({ quick }))).toEqual([`HIDDEN ${lake.keys[2]}`, `MISSING ${lake.keys[1]}`]);
    const { findings } = await verify();
    expect(findings[1]).toMatchObject({
      index: 2,
      reason: expect.stringMatching(/delete marker of .*under it lies version/),
    });
  });

  test('files of the log under a delete marker are HIDDEN; partial tiles of earlier sizes may go', async () => {
    await uploaded(longLake);
    remove(`${LOG}/checkpoints/00000000000000000003`);
    expect(found(await verify())).toEqual([`HIDDEN ${LOG}/checkpoints/00000000000000000003`]);
    remove(`${LOG}/tile/0/000`);
    remove(`${LOG}/tile/entries/000.p/3`);
    expect(found(await verify())).toEqual([
      `HIDDEN ${LOG}/checkpoints/00000000000000000003`,
      `HIDDEN ${LOG}/tile/0/000`,
    ]);
    remove(`${LOG}/tile/entries/001`);
    expect(found(await verify())).toContain(`HIDDEN ${LOG}/tile/entries/001`);
  });

  test('a lake deleted as a whole is HIDDEN, where versions are kept', async () => {
    await uploaded();
    for (const key of [...bucket.keys.keys()]) remove(key.slice(AT.length));
    expect(found(await verify())).toContain(`HIDDEN ${LOG}/checkpoint`);
  });

  test('other bytes are ALTERED and EXTRA_VERSION, full and quick', async () => {
    const lake = await uploaded();
    const key = lake.keys[2] as string;
    overwrite(lake, key, flipped);
    const expected = [`ALTERED ${key}`, `EXTRA_VERSION ${key}`];
    const full = await verify();
    expect(found(full)).toEqual(expected);
    expect(full.findings.find(({ verdict }) => verdict === 'EXTRA_VERSION')?.reason).toContain('2 versions');
    expect(found(await verify({ quick: true }))).toEqual(expected);
  });

  test('without versions, quick sees by the stored checksum what has the size and the seal of the sealed one', async () => {
    bucket = s3.createBucket('lake');
    const lake = await uploaded();
    const key = lake.keys[2] as string;
    overwrite(lake, key, flipped);
    const report = await verify({ quick: true });
    expect(found(report)).toEqual([`ALTERED ${key}`]);
    expect(report.findings[0]?.reason).toContain('zstd_sha256');
    // Without a checksum of its own only the full verification tells.
    overwrite(lake, key, flipped, true);
    expect(found(await verify({ quick: true }))).toEqual([]);
    expect(found(await verify())).toEqual([`ALTERED ${key}`]);
  });

  test('quick counts the checksum of an upload in parts among those that say nothing of the bytes', async () => {
    const lake = await uploaded();
    const key = lake.keys[2] as string;
    const object = asObject(lake, key, lake.read(key));
    bucket.keys.delete(AT + key);
    bucket.put(AT + key, { ...object, sha256: `${object.sha256}-2` }, UPLOADED);
    const { findings, trust } = await verify({ quick: true });
    expect(findings).toEqual([]);
    expect(trust.notChecked.join()).toContain('for 1 of 8 objects the store keeps no SHA-256 of the bytes');
  });

  test('another seal in the metadata is ALTERED for quick', async () => {
    bucket = s3.createBucket('lake');
    const lake = await uploaded();
    const [one, two] = [lake.keys[1] as string, lake.keys[2] as string];
    const { metadata } = asObject(lake, two, lake.read(two));
    bucket.put(AT + one, { ...asObject(lake, one, lake.read(one)), metadata }, UPLOADED);
    const report = await verify({ quick: true });
    expect(found(report)).toEqual([`ALTERED ${one}`]);
    expect(report.findings[0]?.reason).toContain('seal in its metadata');
  });

  test('the same lines in other bytes are RECOMPRESSED', async () => {
    bucket = s3.createBucket('lake');
    const lake = await uploaded();
    const key = lake.keys[2] as string;
    overwrite(lake, key, recoded);
    expect(found(await verify())).toEqual([`RECOMPRESSED ${key}`]);
  });

  test('an object elsewhere is MISPLACED, one that no seal names UNLOGGED', async () => {
    bucket = s3.createBucket('lake');
    const lake = await uploaded();
    const key = lake.keys[1] as string;
    const elsewhere = key.replace('day=31', 'day=30');
    bucket.keys.delete(AT + key);
    bucket.put(AT + elsewhere, asObject(lake, key, lake.read(key)), UPLOADED);
    bucket.put(`${AT}stray`, asObject(lake, 'stray', Buffer.from('x')), UPLOADED);
    bucket.put(`${AT}young`, asObject(lake, 'young', Buffer.from('x')), new Date());
    const report = await verify({ graceMs: 60_000 });
    expect(found(report)).toEqual([`MISPLACED ${key}`, 'UNLOGGED stray']);
    expect(report.young).toBe(1);
  });

  test('versions of `checkpoint` and `policy` are many; of a tile, a kept checkpoint and a schema one', async () => {
    const lake = await uploaded(longLake);
    const schema = [...bucket.keys.keys()]
      .find((key) => key.includes('/_schema/'))
      ?.slice(AT.length) as string;
    const once = [
      `${LOG}/tile/0/000`,
      `${LOG}/tile/entries/000.p/3`,
      `${LOG}/checkpoints/00000000000000000003`,
      schema,
    ];
    for (const key of [...once, `${LOG}/checkpoint`, `${LOG}/policy`]) overwrite(lake, key, (bytes) => bytes);
    expect(found(await verify())).toEqual(once.map((key) => `EXTRA_VERSION ${key}`).sort());
  });

  test('a checkpoint that another key signed is BAD_SIGNATURE, one smaller than --since ROLLBACK', async () => {
    const lake = await uploaded();
    const since = join(top, 'since');
    writeFileSync(since, lake.checkpoint());
    const note = lake.checkpoint(3);
    bucket.keys.delete(`${AT}${LOG}/checkpoints/00000000000000000010`);
    overwrite(lake, `${LOG}/checkpoint`, () => Buffer.from(note));
    expect(found(await verify({ since }))).toContain(`ROLLBACK ${LOG}/checkpoint`);
    const at = note.lastIndexOf(' ') + 20;
    const bad = note.slice(0, at) + (note[at] === 'A' ? 'B' : 'A') + note.slice(at + 1);
    overwrite(lake, `${LOG}/checkpoint`, () => Buffer.from(bad));
    expect(found(await verify())).toContain(`BAD_SIGNATURE ${LOG}/checkpoint`);
  });
});

/** One zstd frame of the same content: its blocks are kept, its content size is told in eight bytes. */
function recoded(frame: Buffer): Buffer {
  const descriptor = frame[4] as number;
  const single = (descriptor >> 5) & 1;
  const width = [single, 2, 4, 8][descriptor >> 6] as number;
  const at = 5 + (single === 1 ? 0 : 1);
  const size =
    width === 1 ? (frame[at] as number) : width === 2 ? frame.readUInt16LE(at) + 256 : frame.readUInt32LE(at);
  const told = Buffer.alloc(8);
  told.writeBigUInt64LE(BigInt(size));
  const head = Buffer.from(frame.subarray(0, at));
  head[4] = (descriptor & 0x3f) | 0xc0;
  return Buffer.concat([head, told, frame.subarray(at + width)]);
}

describe('verify s3: a store in trouble', () => {
  test('a few answers 503, torn bodies and lost connections change no verdict', async () => {
    await uploaded();
    s3.faults.add(
      { kind: 'status', status: 503, code: 'SlowDown', key: /zst$/, skip: 2, times: 2 },
      { kind: 'torn', method: 'GET', key: /zst$/, skip: 1 },
      { kind: 'lost', key: /entries/ },
      { kind: 'status', status: 500, code: 'InternalError', query: 'versions' },
    );
    const report = await verify();
    expect(report.findings).toEqual([]);
    expect(report.records).toBe(167);
    expect(s3.requests.some(({ status }) => status === 503)).toBe(true);
  });

  test('a store that stays away, lacks the bucket, or refuses gives no verdict but one clear line', async () => {
    await uploaded();
    await expect(verify({ lake: 's3://nobody/a' })).rejects.toThrow(/s3:\/\/nobody.*no such bucket/);
    s3.faults.add({ kind: 'status', status: 403, code: 'AccessDenied', key: /zst$/, times: 99 });
    await expect(verify()).rejects.toThrow(/GET s3:\/\/lake\/plant\/a\/.*permission/);
    s3.faults.clear();
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'somebody');
    await expect(verify()).rejects.toThrow(/access key is not known/);
    vi.stubEnv('AWS_ACCESS_KEY_ID', S3_ENV.AWS_ACCESS_KEY_ID);
    await s3.down();
    const gone = await verify().catch((error: unknown) => error);
    expect(gone).toBeInstanceOf(VerifyError);
    expect(String(gone)).toContain('LIST s3://lake/plant/a');
  });

  test('an abort ends it while an answer is awaited', async () => {
    await uploaded();
    s3.faults.add({ kind: 'stall', method: 'GET', key: /zst$/, times: 99 });
    const abort = new AbortController();
    const ended = verify({ signal: abort.signal }).catch((error: unknown) => error);
    await vi.waitFor(() => expect(s3.underWay).toBeGreaterThan(3), { timeout: 10_000 });
    abort.abort();
    expect(await ended).toBe(abort.signal.reason);
  });
});
