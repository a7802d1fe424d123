// What a store says about objects and their versions, and what it is told with a new one, as plain data.

import type { GetObjectCommandOutput, HeadObjectCommandOutput } from '@aws-sdk/client-s3';

export interface ObjectLock {
  readonly mode: 'governance' | 'compliance';
  /** Unix ms. */
  readonly untilMs: number;
}

/** What a store says about an object without its bytes. */
export interface ObjectInfo {
  readonly bytes: number;
  readonly etag: string;
  /** Null in a bucket without versions. */
  readonly versionId: string | null;
  readonly modifiedMs: number;
  /**
   * SHA-256 of the bytes as the store keeps it, base64; null where it keeps none, or only that of an upload in parts, which
   * is not one of the bytes.
   */
  readonly sha256: string | null;
  /** `x-amz-meta-…` without that prefix, lower case. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly lock: ObjectLock | null;
}

export interface PutOptions {
  readonly contentType: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Base64. */
  readonly md5?: string;
  /** Base64. */
  readonly sha256?: string;
  /** `none`: only under a new name; else only in the place of the object with this ETag. */
  readonly onlyIf?: 'none' | { readonly etag: string };
  readonly lock?: ObjectLock;
  /** One attempt only: for probes, which expect to be refused. */
  readonly once?: boolean;
}

/** Object Lock of a bucket. */
export interface BucketLock {
  readonly enabled: boolean;
  readonly byDefault: { readonly mode: string; readonly days: number } | null;
}

/** One version in a listing. */
export interface ListedVersion {
  readonly key: string;
  readonly versionId: string;
  readonly latest: boolean;
  /** A delete marker has no bytes. */
  readonly marker: boolean;
  readonly bytes: number;
  readonly modifiedMs: number;
}

export interface ListedObject {
  readonly key: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

/** What the answer to GET or HEAD says. */
export function infoOf(found: GetObjectCommandOutput | HeadObjectCommandOutput): ObjectInfo {
  const { ObjectLockMode: mode, ObjectLockRetainUntilDate: until, ChecksumSHA256: sha256 } = found;
  return {
    bytes: found.ContentLength ?? 0,
    etag: found.ETag ?? '',
    versionId: found.VersionId ?? null,
    modifiedMs: found.LastModified?.getTime() ?? 0,
    sha256: sha256 === undefined || sha256.includes('-') ? null : sha256,
    metadata: found.Metadata ?? {},
    lock:
      mode === undefined || until === undefined
        ? null
        : { mode: mode === 'COMPLIANCE' ? 'compliance' : 'governance', untilMs: until.getTime() },
  };
}
