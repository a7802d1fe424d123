// What the sink promises on any store that speaks S3 and honours conditional writes: run against the small S3 of this
// process (test/sink) and against a real server (test/radosgw).

import { createHash, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Retention } from '../../engine/s3/retention.ts';
import { openStore, type S3Store } from '../../engine/s3/store.ts';
import { s3Sink } from '../../engine/sink/s3.ts';
import type { Sink } from '../../engine/sink/sink.ts';

/** Buckets that are there already. Credentials are in the environment. */
export interface ContractStore {
  readonly endpoint: string;
  /** Without versions, with versions, with Object Lock. */
  readonly plain: string;
  readonly versioned: string;
  readonly locked: string;
  /** What the server does with a wrong `x-amz-checksum-sha256`. */
  readonly checksChecksums: boolean;
}

/** What a kind of bucket honours: without it, of writers that meet in one moment both may win. */
export interface Honours {
  readonly ifNoneMatch: boolean;
  readonly ifMatch: boolean;
}

export interface OpenSink {
  readonly store: S3Store;
  readonly sink: Sink;
}

/** A sink below a prefix of its own. */
export async function openBucket(
  endpoint: string,
  bucket: string,
  retention: Retention | null = null,
  prefix = `lake-${randomBytes(4).toString('hex')}/`,
): Promise<OpenSink> {
  const store = await openStore({ bucket, prefix }, { endpoint, timeout: 20 });
  return { store, sink: s3Sink(store, retention) };
}

const KEY = 'coldchain/year=2026/month=01/day=31/batch_0abc_41.ndjson.zst';
const SEAL = Buffer.from('{"count":3,"format":"firn.batch/1"}');
const bytes = (text: string): Buffer => Buffer.from(text);
const text = (found: Uint8Array | null): string | null =>
  found === null ? null : Buffer.from(found).toString();

async function versionsOf({ store }: OpenSink): Promise<string[]> {
  const found: string[] = [];
  for await (const { key, marker, latest } of store.versions()) found.push(`${key} ${marker} ${latest}`);
  return found;
}

/** Declares the tests; `store` is asked when they run. */
export function sinkContract(
  name: string,
  store: () => ContractStore,
  honours: { plain: Honours; versioned: Honours },
): void {
  /** As at start: the probe comes first, unless the test is about it. */
  const open = async (bucket: 'plain' | 'versioned' | 'locked', probed = true): Promise<OpenSink> => {
    const opened = await openBucket(store().endpoint, store()[bucket]);
    if (probed) await opened.sink.probe();
    return opened;
  };

  for (const bucket of ['plain', 'versioned'] as const) {
    test(`${name}: putNew into a ${bucket} bucket: created, same, different, and nothing is replaced`, async () => {
      const { sink, store } = await open(bucket);
      expect(await sink.putNew(KEY, bytes('one'), SEAL)).toBe('created');
      expect(await sink.putNew(KEY, bytes('one'), SEAL)).toBe('same');
      expect(await sink.putNew(KEY, bytes('two'), SEAL)).toBe('different');
      expect(await sink.putNew(KEY, bytes('longer'), SEAL)).toBe('different');
      expect(await sink.putNew(KEY, bytes('one'), bytes('{"count":4}'))).toBe('different');
      expect(text(await sink.get(KEY))).toBe('one');
      expect(await store.head(KEY)).toMatchObject({
        bytes: 3,
        metadata: { firn: '1', 'firn-seal': SEAL.toString('base64url') },
        etag: `"${createHash('md5').update('one').digest('hex')}"`,
        lock: null,
      });
      expect(await versionsOf({ sink, store })).toHaveLength(1);
    });

    test(`${name}: putNew without a seal compares bytes (${bucket})`, async () => {
      const { sink } = await open(bucket);
      const key = '_log/localhost/firn-1/tile/0/000';
      expect(await sink.putNew(key, bytes('tile'))).toBe('created');
      expect(await sink.putNew(key, bytes('tile'))).toBe('same');
      expect(await sink.putNew(key, bytes('elit'))).toBe('different');
      const long = Buffer.alloc(1800, 'x');
      expect(await sink.putNew(`${KEY}x`, bytes('one'), long)).toBe('created');
      expect(await sink.putNew(`${KEY}x`, bytes('one'), long)).toBe('same');
      expect(await sink.putNew(`${KEY}x`, bytes('eno'), long)).toBe('different');
    });

    test(`${name}: replace takes the place of exactly what was there (${bucket})`, async () => {
      const { sink } = await open(bucket);
      const key = '_log/localhost/firn-1/checkpoint';
      expect(await sink.get(key)).toBeNull();
      expect(await sink.replace(key, bytes('1'), bytes('0'))).toBe('different');
      expect(await sink.replace(key, bytes('1'), null)).toBe('replaced');
      expect(await sink.replace(key, bytes('1'), null)).toBe('replaced');
      expect(await sink.replace(key, bytes('2'), null)).toBe('different');
      expect(await sink.replace(key, bytes('2'), bytes('0'))).toBe('different');
      expect(await sink.replace(key, bytes('2'), bytes('1'))).toBe('replaced');
      expect(text(await sink.get(key))).toBe('2');
    });

    if (honours[bucket].ifMatch)
      test(`${name}: of two writers that replace at once, one wins and the other is told (${bucket})`, async () => {
        const { sink } = await open(bucket);
        const key = '_log/localhost/firn-1/checkpoint';
        await sink.replace(key, bytes('0'), null);
        const both = await Promise.all(
          ['a', 'b', 'c', 'd'].map((n) => sink.replace(key, bytes(n), bytes('0'))),
        );
        expect(both.filter((result) => result === 'replaced')).toHaveLength(1);
        expect(text(await sink.get(key))).toBe(['a', 'b', 'c', 'd'][both.indexOf('replaced')]);
      });

    if (honours[bucket].ifNoneMatch)
      test(`${name}: of many writers of one name, one creates it (${bucket})`, async () => {
        const { prefix } = (await open(bucket)).store.address;
        const { endpoint, [bucket]: name } = store();
        const all = await Promise.all(
          Array.from({ length: 8 }, async (_, i) =>
            (await openBucket(endpoint, name, null, prefix)).sink.putNew(KEY, bytes(`${i}`)),
          ),
        );
        expect(all.filter((result) => result === 'created')).toHaveLength(1);
        expect(all.filter((result) => result === 'different')).toHaveLength(7);
      });

    test(`${name}: one sink puts a name once, however often it is asked at the same time (${bucket})`, async () => {
      const { sink, store } = await open(bucket);
      const all = await Promise.all(Array.from({ length: 8 }, () => sink.putNew(KEY, bytes('x'), SEAL)));
      expect(all).toEqual(['created', ...Array.from({ length: 7 }, () => 'same')]);
      expect(await versionsOf({ sink, store })).toHaveLength(1);
    });

    test(`${name}: remove leaves nothing behind, no delete marker either (${bucket})`, async () => {
      const opened = await open(bucket);
      await opened.sink.replace('a', bytes('1'), null);
      await opened.sink.replace('a', bytes('2'), bytes('1'));
      await opened.sink.remove('a');
      await opened.sink.remove('a');
      expect(await opened.sink.get('a')).toBeNull();
      expect(await versionsOf(opened)).toEqual([]);
    });

    test(`${name}: the probe finds out what the store does, and leaves nothing (${bucket})`, async () => {
      const opened = await open(bucket, false);
      const probe = await opened.sink.probe();
      const { ifNoneMatch, ifMatch } = honours[bucket];
      expect(probe).toMatchObject({
        ...{ store: 's3', ifNoneMatch, checksum: true, retention: null },
        versions: bucket === 'versioned',
      });
      const sha256 = store().checksChecksums ? 'refused' : 'taken';
      expect(probe.detail.includes('existing names are never replaced (If-None-Match)')).toBe(ifNoneMatch);
      expect(probe.detail.includes('checkpoints are replaced by If-Match')).toBe(ifMatch);
      expect(probe.detail).toContain(
        `a wrong Content-MD5 is refused, a wrong x-amz-checksum-sha256 ${sha256}`,
      );
      expect(probe.detail).toContain('Object Lock is off');
      expect(await versionsOf(opened)).toEqual([]);
    });
  }

  test(`${name}: retention locks evidence and nothing else`, async () => {
    const opened = await openBucket(store().endpoint, store().locked, { mode: 'governance', days: 2 });
    const { sink } = opened;
    const { endpoint, locked: bucket } = store();
    const probe = await sink.probe();
    expect(probe).toMatchObject({ versions: true, retention: { mode: 'governance', days: 2 } });
    expect(await versionsOf(opened)).toEqual([]);
    const log = '_log/localhost/firn-1';
    const kept = [
      KEY,
      `dead-letter/${KEY}`,
      '_schema/telemetry/1/0abc.json',
      `${log}/checkpoints/00000000000000000007`,
      `${log}/tile/0/000`,
      `${log}/tile/entries/x001/234`,
    ];
    const free = [
      `${log}/checkpoint`,
      `${log}/policy`,
      `${log}/tile/0/000.p/7`,
      `${log}/tile/entries/x001/234.p/9`,
    ];
    for (const key of [...kept, ...free]) expect(await sink.putNew(key, bytes(key))).toBe('created');
    const wanted = Date.now() + 2 * 86_400_000;
    for (const key of kept) {
      const lock = (await opened.store.head(key))?.lock;
      expect([key, lock?.mode]).toEqual([key, 'governance']);
      expect(Math.abs((lock?.untilMs ?? 0) - wanted)).toBeLessThan(60_000);
    }
    for (const key of free) expect([key, (await opened.store.head(key))?.lock]).toEqual([key, null]);
    for (const key of free) await sink.remove(key);
    await expect(sink.remove(KEY)).rejects.toThrow(/AccessDenied/);
    // A refusal opens the breaker of that store.
    const again = await openBucket(endpoint, bucket, null, opened.store.address.prefix);
    expect(text(await again.sink.get(KEY))).toBe(KEY);
    expect(await versionsOf(again)).toHaveLength(kept.length);
  });

  test(`${name}: retention that the bucket cannot give is refused before anything is written`, async () => {
    const opened = await openBucket(store().endpoint, store().plain, { mode: 'governance', days: 2 });
    await expect(opened.sink.probe()).rejects.toMatchObject({
      name: 'ConfigError',
      message: expect.stringMatching(
        /asks for 2 days of governance retention, and the bucket .* has no Object Lock/,
      ),
    });
    expect(await versionsOf(opened)).toEqual([]);
  });
}
