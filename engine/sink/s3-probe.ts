// What a store of S3 does with the conditions and checksums that a lake relies on: asked at start, by objects that are gone
// again afterwards. The answer goes into the audit stream; what a store does not honour is said there, never claimed.

import { createHash } from 'node:crypto';
import { ConfigError } from '../errors.ts';
import { S3Error } from '../s3/errors.ts';
import type { PutOptions } from '../s3/objects.ts';
import type { Retention } from '../s3/retention.ts';
import type { S3Store } from '../s3/store.ts';
import { SinkOutage, type StoreProbe } from './sink.ts';

/** Probes of runs that died; younger ones may belong to an engine that starts beside this one. */
const LEFT_BEHIND_MS = 3_600_000;
const TEXT = { contentType: 'text/plain', once: true } as const;
const BODY = Buffer.from('firn');
const OTHER = Buffer.from('other');

/**
 * How `If-Match` is to be said: as RFC 9110 has it, with the quotes of the ETag; without them, as ceph's radosgw wants it; or
 * null where neither is understood.
 */
export type IfMatch = 'quoted' | 'bare' | null;

/** @returns what `onlyIf` of a put is where the object with this ETag is to be replaced */
export function onlyIfMatch(how: IfMatch, etag: string): Pick<PutOptions, 'onlyIf'> {
  if (how === null) return {};
  return { onlyIf: { etag: how === 'bare' ? etag.replaceAll('"', '') : etag } };
}

/**
 * @param key of a probe that no other run uses
 * @param remove removes every version of a key
 * @throws ConfigError when retention is wanted and the bucket cannot lock objects; S3Error; SinkOutage
 */
export async function probeStore(
  store: S3Store,
  key: string,
  retention: Retention | null,
  nowMs: number,
  remove: (key: string) => Promise<void>,
): Promise<{ told: StoreProbe; ifMatch: IfMatch }> {
  const lock = await store.objectLock();
  checkRetention(store, retention, lock?.enabled ?? null);
  const versions = await store.versioned();
  if ((await store.put(key, BODY, { ...TEXT, onlyIf: 'none' })) === null)
    throw new SinkOutage(`${store.nameOf(key)} was there before it was written`);
  const ifNoneMatch = (await store.put(key, OTHER, { ...TEXT, onlyIf: 'none' })) === null;
  const found = await store.get(key);
  if (found === null || Buffer.compare(found.bytes, ifNoneMatch ? BODY : OTHER) !== 0)
    throw new SinkOutage(`${store.nameOf()} did not keep what was put into it`);
  const ifMatch = await probeIfMatch(store, key, found.info.etag);
  const md5 = await refuses(store, key, { ...TEXT, md5: digest('md5') });
  const sha256 = await refuses(store, key, { ...TEXT, sha256: digest('sha256') });
  // A bucket that locks every object by default keeps the probes until their time is over.
  const byDefault = lock?.byDefault ?? null;
  if (byDefault === null) {
    await remove(key);
    await removeLeftBehind(store, nowMs, remove);
  }
  const told = {
    store: 's3',
    ifNoneMatch,
    checksum: md5 || sha256,
    versions,
    retention: retention === null ? null : { mode: retention.mode, days: retention.days },
    detail: [
      ifNoneMatch
        ? 'existing names are never replaced (If-None-Match)'
        : 'If-None-Match is not honoured: existing names can be replaced, the lake is not append-only',
      ifMatch !== null
        ? `checkpoints are replaced by If-Match${ifMatch === 'bare' ? ' (without quotes)' : ''}`
        : 'If-Match is not honoured: two writers of a checkpoint are not told apart',
      `a wrong Content-MD5 is ${md5 ? 'refused' : 'taken'}, a wrong x-amz-checksum-sha256 ${sha256 ? 'refused' : 'taken'}`,
      `versions are ${versions === null ? 'not told' : versions ? 'kept' : 'not kept'}`,
      lock === null ? 'Object Lock is not told' : `Object Lock is ${lock.enabled ? 'on' : 'off'}`,
      ...(byDefault === null
        ? []
        : [
            `the bucket locks every object by default (${byDefault.mode}, ${byDefault.days} days), probes and checkpoints too`,
          ]),
    ].join('; '),
  };
  return { told, ifMatch };
}

/** Finds the spelling of `If-Match` that refuses another ETag and takes the right one. */
async function probeIfMatch(store: S3Store, key: string, etag: string): Promise<IfMatch> {
  const other = `"${'0'.repeat(32)}"`;
  for (const how of ['quoted', 'bare'] as const) {
    if ((await store.put(key, OTHER, { ...TEXT, ...onlyIfMatch(how, other) })) !== null) return null;
    if ((await store.put(key, OTHER, { ...TEXT, ...onlyIfMatch(how, etag) })) !== null) return how;
  }
  return null;
}

/** @param enabled null = not told */
function checkRetention(store: S3Store, retention: Retention | null, enabled: boolean | null): void {
  if (retention === null || enabled === true) return;
  const wanted = `s3.retention asks for ${retention.days} days of ${retention.mode} retention`;
  if (enabled === null)
    throw new SinkOutage(
      `${wanted}, and ${store.nameOf()} does not tell whether it can: allow s3:GetBucketObjectLockConfiguration`,
    );
  throw new ConfigError(
    `${wanted}, and the bucket of ${store.nameOf()} has no Object Lock: it is switched on when a bucket is made; name such a bucket, or remove s3.retention`,
  );
}

/** Whether the store refuses a body that does not fit its checksum. */
async function refuses(store: S3Store, key: string, options: PutOptions): Promise<boolean> {
  try {
    await store.put(key, BODY, options);
    return false;
  } catch (error) {
    if (error instanceof S3Error && error.judgement === 'fault') return true;
    throw error;
  }
}

/** A digest of something else, base64. */
function digest(algorithm: 'md5' | 'sha256'): string {
  return createHash(algorithm).update(OTHER).digest('base64');
}

async function removeLeftBehind(
  store: S3Store,
  nowMs: number,
  remove: (key: string) => Promise<void>,
): Promise<void> {
  for await (const { key, modifiedMs } of store.list('_tmp/probe-'))
    if (nowMs - modifiedMs > LEFT_BEHIND_MS) await remove(key);
}
