// A lake in the in-process S3: the files of a lake in a folder put there one by one, objects as the sink puts them.

import { createHash } from 'node:crypto';
import { auditLine } from '../../engine/batch/lines.ts';
import type { ObjectSeal } from '../../engine/batch/seal.ts';
import { walk } from '../../engine/verify/files.ts';
import type { LakeBuilder } from './lake.ts';
import type { NewObject, StoredBucket, StoredLock } from './s3-store.ts';

/** When everything is uploaded unless a test says otherwise: minutes after the seals of a built lake. */
export const UPLOADED = new Date(Date.UTC(2026, 1, 2, 8, 30));

export interface UploadOptions {
  readonly prefix?: string;
  /** Without seal in the metadata and without SHA-256, as a plain copy has it. */
  readonly plain?: boolean;
  readonly lock?: (key: string) => StoredLock | null;
}

/** `body` as the sink would send it for `key`. */
export function asObject(
  lake: LakeBuilder,
  key: string,
  body: Buffer,
  options: UploadOptions = {},
): NewObject {
  const seal = lake.seals.find(
    (bytes) => (JSON.parse(Buffer.from(bytes).toString()) as ObjectSeal).key === key,
  );
  const sha256 = createHash('sha256').update(body).digest('base64');
  return {
    body,
    contentType: 'application/octet-stream',
    metadata:
      seal === undefined || options.plain === true
        ? {}
        : { firn: '1', 'firn-seal': Buffer.from(seal).toString('base64url') },
    sha256: options.plain === true ? null : sha256,
    lock: options.lock?.(key) ?? null,
  };
}

/** Puts every file of the lake into the bucket. */
export function upload(lake: LakeBuilder, bucket: StoredBucket, options: UploadOptions = {}): void {
  for (const { key } of walk(lake.folder, ''))
    bucket.put(
      `${options.prefix ?? 'plant/a/'}${key}`,
      asObject(lake, key, lake.read(key), options),
      UPLOADED,
    );
}

/** An audit batch of one `store.probe` that tells this retention. */
export function tellRetention(lake: LakeBuilder, atUtc: string, retention: unknown): string {
  const line = auditLine({
    action: 'store.probe',
    actor: 'system',
    at_utc: atUtc,
    authorised_by: null,
    new: { checksum: true, detail: '', ifNoneMatch: true, retention, store: 's3' },
    old: null,
    reason: null,
    target: 's3://lake/plant/a',
  });
  const day = atUtc.slice(0, 10);
  return lake.batch({ cls: { kind: 'audit' }, day, lines: [line], times: [atUtc], schema: 'audit/1' });
}
