// A prefix of a bucket as firn uses it: the few operations that a lake needs, as plain data. Every call is bounded: in
// number (gate), in time (`timeout`), in attempts (full jitter, `Retry-After`), and a store that fails is left alone for a
// while (breaker). Keys are relative to the prefix.

import type {
  DeleteMarkerEntry,
  ListObjectsV2CommandOutput,
  ListObjectVersionsCommandOutput,
} from '@aws-sdk/client-s3';
import { addressText, type S3Address } from './address.ts';
import { Calls, type StoreTime, SYSTEM_TIME } from './calls.ts';
import { type OpenClient, openClient, type S3Settings } from './client.ts';
import { codeOf, S3Error, statusOf } from './errors.ts';
import {
  type BucketLock,
  infoOf,
  type ListedObject,
  type ListedVersion,
  type ObjectInfo,
  type PutOptions,
} from './objects.ts';

/** FORMAT.md §3: no object of a lake is larger. */
export const MAX_OBJECT_BYTES = 64 << 20;

export class S3Store {
  readonly address: S3Address;
  readonly #open: OpenClient;
  readonly #calls: Calls;

  constructor(address: S3Address, open: OpenClient, settings: S3Settings, time: StoreTime) {
    this.address = address;
    this.#open = open;
    this.#calls = new Calls(open.client, settings, time);
  }

  /** The object's address, for messages. */
  nameOf(key = ''): string {
    return addressText(this.address, key);
  }

  /** @returns null when the condition does not hold (412, or nothing there to be replaced). */
  async put(
    key: string,
    body: Uint8Array,
    options: PutOptions,
  ): Promise<{ etag: string; versionId: string | null } | null> {
    const { contentType, metadata, md5, sha256, onlyIf, lock, once = false } = options;
    const command = new this.#open.sdk.PutObjectCommand({
      ...this.#at(key),
      Body: body,
      ContentType: contentType,
      ...(metadata !== undefined && { Metadata: { ...metadata } }),
      ...(md5 !== undefined && { ContentMD5: md5 }),
      ...(sha256 !== undefined && { ChecksumSHA256: sha256 }),
      ...(onlyIf === 'none' && { IfNoneMatch: '*' }),
      ...(typeof onlyIf === 'object' && { IfMatch: onlyIf.etag }),
      ...(lock !== undefined && {
        ObjectLockMode: lock.mode === 'governance' ? 'GOVERNANCE' : 'COMPLIANCE',
        ObjectLockRetainUntilDate: new Date(lock.untilMs),
      }),
    });
    return this.#calls.run(
      `PUT ${this.nameOf(key)}`,
      async (abortSignal) => {
        try {
          const { ETag = '', VersionId } = await this.#open.client.send(command, { abortSignal });
          return { etag: ETag, versionId: VersionId ?? null };
        } catch (error) {
          const gone = typeof onlyIf === 'object' && codeOf(error) === 'NoSuchKey';
          if (statusOf(error) === 412 || gone) return null;
          throw error;
        }
      },
      once ? 1 : undefined,
    );
  }

  /**
   * @param options `checked`: bytes that do not fit the checksum that the store keeps count as cut short and are read again.
   *   `maxBytes`: a larger object is a fault.
   * @returns null when there is no such object, or a delete marker hides it.
   */
  async get(
    key: string,
    options: { checked?: boolean; versionId?: string; maxBytes?: number } = {},
  ): Promise<{ bytes: Uint8Array; info: ObjectInfo } | null> {
    const { checked = false, versionId, maxBytes = MAX_OBJECT_BYTES } = options;
    const command = new this.#open.sdk.GetObjectCommand({
      ...this.#at(key, versionId),
      ...(checked && { ChecksumMode: 'ENABLED' }),
    });
    return this.#calls.run(`GET ${this.nameOf(key)}`, (abortSignal) =>
      unlessMissing(async () => {
        const found = await this.#open.client.send(command, { abortSignal });
        const length = found.ContentLength ?? 0;
        if (length > maxBytes) {
          const told = { judgement: 'fault', code: 'EntityTooLarge', transient: false } as const;
          throw new S3Error(
            `GET ${this.nameOf(key)}: ${length} bytes are more than the ${maxBytes} expected`,
            told,
          );
        }
        const bytes = (await found.Body?.transformToByteArray()) ?? new Uint8Array(0);
        return { bytes, info: infoOf(found) };
      }),
    );
  }

  /** @returns null when there is no such object. */
  async head(key: string, versionId?: string): Promise<ObjectInfo | null> {
    const command = new this.#open.sdk.HeadObjectCommand({
      ...this.#at(key, versionId),
      ChecksumMode: 'ENABLED',
    });
    return this.#calls.run(`HEAD ${this.nameOf(key)}`, (abortSignal) =>
      unlessMissing(async () => infoOf(await this.#open.client.send(command, { abortSignal })), MISSING_HEAD),
    );
  }

  /** Removes one version for good; without `versionId` what S3 does: a delete marker where the bucket has versions. */
  async remove(key: string, versionId?: string): Promise<void> {
    const command = new this.#open.sdk.DeleteObjectCommand(this.#at(key, versionId));
    await this.#calls.run(`DELETE ${this.nameOf(key)}`, (abortSignal) =>
      unlessMissing(() => this.#open.client.send(command, { abortSignal })),
    );
  }

  /** Every object below `prefix` that no delete marker hides, in order of key. */
  async *list(prefix = ''): AsyncGenerator<ListedObject> {
    const at = { Bucket: this.address.bucket, Prefix: this.address.prefix + prefix };
    for (let token: string | undefined, first = true; first || token !== undefined; first = false) {
      const command = new this.#open.sdk.ListObjectsV2Command({
        ...at,
        ...(token !== undefined && { ContinuationToken: token }),
      });
      const page: ListObjectsV2CommandOutput = await this.#calls.run(
        `LIST ${this.nameOf(prefix)}`,
        (abortSignal) => this.#open.client.send(command, { abortSignal }),
      );
      for (const { Key = '', Size = 0, LastModified } of page.Contents ?? [])
        yield { key: this.#relative(Key), bytes: Size, modifiedMs: LastModified?.getTime() ?? 0 };
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    }
  }

  /** Every version and delete marker below `prefix`, in order of key within each page, markers after versions. */
  async *versions(prefix = ''): AsyncGenerator<ListedVersion> {
    const at = { Bucket: this.address.bucket, Prefix: this.address.prefix + prefix };
    type Marker = { KeyMarker?: string; VersionIdMarker?: string };
    for (let marker: Marker | null = {}; marker !== null; ) {
      const command = new this.#open.sdk.ListObjectVersionsCommand({ ...at, ...marker });
      const page: ListObjectVersionsCommandOutput = await this.#calls.run(
        `LIST versions of ${this.nameOf(prefix)}`,
        (abortSignal) => this.#open.client.send(command, { abortSignal }),
      );
      const row = (entry: DeleteMarkerEntry, size: number | null): ListedVersion => ({
        key: this.#relative(entry.Key ?? ''),
        versionId: entry.VersionId ?? 'null',
        latest: entry.IsLatest === true,
        marker: size === null,
        bytes: size ?? 0,
        modifiedMs: entry.LastModified?.getTime() ?? 0,
      });
      for (const version of page.Versions ?? []) yield row(version, version.Size ?? 0);
      for (const entry of page.DeleteMarkers ?? []) yield row(entry, null);
      const { NextKeyMarker, NextVersionIdMarker } = page;
      marker =
        page.IsTruncated === true && NextKeyMarker !== undefined
          ? {
              KeyMarker: NextKeyMarker,
              ...(NextVersionIdMarker !== undefined && { VersionIdMarker: NextVersionIdMarker }),
            }
          : null;
    }
  }

  /** Whether the bucket keeps what is overwritten or deleted; null where the store or a missing permission hides it. */
  async versioned(): Promise<boolean | null> {
    const command = new this.#open.sdk.GetBucketVersioningCommand({ Bucket: this.address.bucket });
    return this.#calls.run(`versioning of ${this.nameOf()}`, (abortSignal) =>
      unlessMissing(
        async () => (await this.#open.client.send(command, { abortSignal })).Status === 'Enabled',
        HIDDEN,
      ),
    );
  }

  /**
   * Whether objects of the bucket can be locked, and the retention that those without one of their own get; null where a
   * missing permission hides it.
   */
  async objectLock(): Promise<BucketLock | null> {
    const command = new this.#open.sdk.GetObjectLockConfigurationCommand({ Bucket: this.address.bucket });
    return this.#calls.run(`Object Lock of ${this.nameOf()}`, async (abortSignal) => {
      try {
        const { ObjectLockConfiguration: found } = await this.#open.client.send(command, { abortSignal });
        const { Mode, Days, Years } = found?.Rule?.DefaultRetention ?? {};
        const days = Days ?? (Years ?? 0) * 365;
        const byDefault = Mode === undefined ? null : { mode: Mode.toLowerCase(), days };
        return { enabled: found?.ObjectLockEnabled === 'Enabled', byDefault };
      } catch (error) {
        if (NO_LOCK.includes(codeOf(error))) return { enabled: false, byDefault: null };
        if (HIDDEN.includes(codeOf(error))) return null;
        throw error;
      }
    });
  }

  close(): void {
    this.#open.client.destroy();
  }

  #at(key: string, versionId?: string): { Bucket: string; Key: string; VersionId?: string } {
    const { bucket, prefix } = this.address;
    return { Bucket: bucket, Key: prefix + key, ...(versionId !== undefined && { VersionId: versionId }) };
  }

  #relative(key: string): string {
    return key.slice(this.address.prefix.length);
  }
}

/**
 * Opens a prefix of a bucket; nothing is asked of the store yet.
 * @throws ConfigError when no region is told anywhere
 */
export async function openStore(
  address: S3Address,
  settings: S3Settings = {},
  time: StoreTime = SYSTEM_TIME,
): Promise<S3Store> {
  return new S3Store(address, await openClient(settings), settings, time);
}

/** Answers that hide a property of the bucket. */
const HIDDEN: readonly string[] = ['AccessDenied', 'NotImplemented', 'MethodNotAllowed'];
/** Answers of a bucket, or a store, without Object Lock. */
const NO_LOCK: readonly string[] = ['ObjectLockConfigurationNotFoundError', 'NotImplemented'];
const MISSING: readonly string[] = ['NoSuchKey', 'NoSuchVersion'];
/** HEAD has no body that could name a code: its 404 has a name of the SDK's. */
const MISSING_HEAD: readonly string[] = [...MISSING, 'NotFound'];

/** Null for a key or version that is not there. A 404 of anything else (a bucket, a proxy's page) is no such answer. */
async function unlessMissing<T>(
  call: () => Promise<T>,
  codes: readonly string[] = MISSING,
): Promise<T | null> {
  try {
    return await call();
  } catch (error) {
    if (codes.includes(codeOf(error))) return null;
    throw error;
  }
}
