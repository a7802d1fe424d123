// What the in-process S3 keeps: buckets, keys, versions, delete markers and locks, in memory. Semantics follow the S3 API
// reference: PutObject (conditional writes), DeleteObject (delete markers), ListObjectVersions (newest first), Object Lock.

import { createHash, randomBytes } from 'node:crypto';

export interface StoredLock {
  readonly mode: 'GOVERNANCE' | 'COMPLIANCE';
  readonly until: Date;
}

export interface StoredVersion {
  readonly key: string;
  /** `null` (the word) in a bucket without versioning, as S3 says it. */
  readonly versionId: string;
  readonly marker: boolean;
  body: Buffer;
  etag: string;
  /** Base64, where the writer gave it. */
  readonly sha256: string | null;
  readonly contentType: string;
  /** `x-amz-meta-…` without that prefix. */
  readonly metadata: Record<string, string>;
  readonly modified: Date;
  lock: StoredLock | null;
}

export interface NewObject {
  readonly body: Buffer;
  readonly contentType: string;
  readonly metadata: Record<string, string>;
  readonly sha256: string | null;
  readonly lock: StoredLock | null;
}

/** An error as S3 answers it. */
export class S3Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message = code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export class StoredBucket {
  readonly name: string;
  versioning: 'Enabled' | 'Suspended' | null;
  readonly objectLock: boolean;
  /** Retention that objects without one of their own get. */
  defaultRetention: { readonly mode: 'GOVERNANCE' | 'COMPLIANCE'; readonly days: number } | null = null;
  /** Versions of each key, oldest first. */
  readonly keys: Map<string, StoredVersion[]> = new Map();
  /** Told of each key that was put, before the answer leaves. */
  onPut: (key: string) => void = () => undefined;

  constructor(name: string, options: { versioning?: boolean; objectLock?: boolean } = {}) {
    this.name = name;
    this.objectLock = options.objectLock ?? false;
    this.versioning = this.objectLock || options.versioning === true ? 'Enabled' : null;
  }

  /** The current version, or null: none, or hidden by a delete marker. */
  current(key: string): StoredVersion | null {
    const newest = this.keys.get(key)?.at(-1);
    return newest === undefined || newest.marker ? null : newest;
  }

  version(key: string, versionId: string): StoredVersion | null {
    return this.keys.get(key)?.find((version) => version.versionId === versionId) ?? null;
  }

  put(key: string, object: NewObject, now: Date): StoredVersion {
    const { body } = object;
    const etag = `"${createHash('md5').update(body).digest('hex')}"`;
    const retention = this.defaultRetention;
    const until = new Date(now.getTime() + (retention?.days ?? 0) * 86_400_000);
    const lock = object.lock ?? (retention === null ? null : { mode: retention.mode, until });
    const added = this.#add(key, { ...object, lock, etag, marker: false, modified: now });
    this.onPut(key);
    return added;
  }

  /** @returns what S3 says in its headers: the version that was removed or the delete marker that was made. */
  remove(
    key: string,
    versionId: string | null,
    now: Date,
    bypassGovernance: boolean,
  ): { versionId: string; marker: boolean } | null {
    if (versionId === null && this.versioning !== null) {
      const body = Buffer.alloc(0);
      const empty = { body, contentType: '', metadata: {}, sha256: null, lock: null, etag: '' };
      return this.#add(key, { ...empty, marker: true, modified: now });
    }
    const versions = this.keys.get(key) ?? [];
    const at = versions.findIndex((version) => versionId === null || version.versionId === versionId);
    const found = versions[at];
    if (found === undefined) return null;
    const { lock } = found;
    const bypassed = lock?.mode === 'GOVERNANCE' && bypassGovernance;
    if (lock !== null && lock.until > now && !bypassed)
      throw new S3Refusal(403, 'AccessDenied', 'Access Denied because object protected by object lock.');
    versions.splice(at, 1);
    if (versions.length === 0) this.keys.delete(key);
    return found;
  }

  /** Keys with a current version below `prefix`, in order. */
  list(prefix: string): StoredVersion[] {
    return this.#sorted(prefix).flatMap((key) => this.current(key) ?? []);
  }

  /** Every version below `prefix` in order of key, newest first. */
  versions(prefix: string): { version: StoredVersion; latest: boolean }[] {
    return this.#sorted(prefix).flatMap((key) =>
      [...(this.keys.get(key) ?? [])].reverse().map((version, i) => ({ version, latest: i === 0 })),
    );
  }

  #add(key: string, version: Omit<StoredVersion, 'key' | 'versionId'>): StoredVersion {
    const versions = this.keys.get(key) ?? [];
    const versionId = this.versioning === 'Enabled' ? randomBytes(12).toString('hex') : 'null';
    const kept = versionId === 'null' ? versions.filter((other) => other.versionId !== 'null') : versions;
    const added = { ...version, key, versionId };
    this.keys.set(key, [...kept, added]);
    return added;
  }

  /** In order of UTF-8 bytes, as S3 lists. */
  #sorted(prefix: string): string[] {
    return [...this.keys.keys()]
      .filter((key) => key.startsWith(prefix))
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }
}
