// The lake in a bucket of S3, or of a store that speaks it. What always holds: one PutObject per object, with the headers
// of FORMAT.md §3; `putNew` never replaces a name where the store honours `If-None-Match`, and `probe` finds out whether it
// does. Attempts, limits and the judgement of errors are engine/s3's; here are the meanings of a lake.

import { createHash, randomBytes } from 'node:crypto';
import { S3Error } from '../s3/errors.ts';
import type { ObjectInfo, ObjectLock, PutOptions } from '../s3/objects.ts';
import { isLocked, lockFrom, type Retention } from '../s3/retention.ts';
import { MAX_OBJECT_BYTES, type S3Store } from '../s3/store.ts';
import { type IfMatch, onlyIfMatch, probeStore } from './s3-probe.ts';
import { isKey, type Sink, SinkFault, SinkOutage, type StoreProbe } from './sink.ts';

/** S3 lets an object's metadata have 2 KB, names included; the seal's copy is left out where it would not fit. */
const MAX_SEAL_TEXT = 2000;
/** How often a name may change between two of our looks at it. */
const ATTEMPTS = 3;

/** A lake below the prefix of `store`; `wallMs` tells from when retention counts. */
export function s3Sink(store: S3Store, retention: Retention | null, wallMs: () => number = Date.now): Sink {
  return new S3Sink(store, retention, wallMs);
}

class S3Sink implements Sink {
  readonly #store: S3Store;
  readonly #retention: Retention | null;
  readonly #wallMs: () => number;
  /** False after a probe found a store that overwrites all the same: then it is asked first. */
  #ifNoneMatch = true;
  /** Null after a probe found a store without it: comparing and replacing are then two steps. */
  #ifMatch: IfMatch = 'quoted';
  /** The end of the newest `putNew` under way, by key; never rejects. */
  readonly #putting = new Map<string, Promise<void>>();

  constructor(store: S3Store, retention: Retention | null, wallMs: () => number) {
    this.#store = store;
    this.#retention = retention;
    this.#wallMs = wallMs;
  }

  async putNew(key: string, body: Uint8Array, seal?: Uint8Array): Promise<'created' | 'same' | 'different'> {
    if (body.length > MAX_OBJECT_BYTES)
      throw new SinkFault(
        `${key}: ${body.length} bytes are more than an object may have (${MAX_OBJECT_BYTES})`,
      );
    // Puts of one name by ourselves do not meet: a store that ignores If-None-Match would keep each as a version.
    const before = this.#putting.get(key);
    const put = Promise.resolve(before).then(() => this.#putNew(key, body, seal));
    const settled = put.then(
      () => {},
      () => {},
    );
    this.#putting.set(key, settled);
    try {
      return await put;
    } finally {
      if (this.#putting.get(key) === settled) this.#putting.delete(key);
    }
  }

  #putNew(key: string, body: Uint8Array, seal?: Uint8Array): Promise<'created' | 'same' | 'different'> {
    return this.#told(key, async () => {
      for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
        if (this.#ifNoneMatch || (await this.#store.head(key)) === null) {
          if (await this.#put(key, body, { onlyIf: 'none' }, seal)) return 'created';
        }
        const compared = await this.#compare(key, body, seal);
        if (compared !== null) return compared;
      }
      throw new SinkOutage(`${this.#store.nameOf(key)} comes and goes: someone else writes there`);
    });
  }

  async replace(key: string, body: Uint8Array, was: Uint8Array | null): Promise<'replaced' | 'different'> {
    return this.#told(key, async () => {
      for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
        const there = await this.#store.get(key, { checked: true });
        // Also after a lost answer: ours is there.
        if (there !== null && equal(there.bytes, body)) return 'replaced';
        if (there === null ? was !== null : was === null || !equal(there.bytes, was)) return 'different';
        const condition =
          there === null ? ({ onlyIf: 'none' } as const) : onlyIfMatch(this.#ifMatch, there.info.etag);
        if (await this.#put(key, body, condition)) return 'replaced';
      }
      return 'different';
    });
  }

  async get(key: string): Promise<Uint8Array | null> {
    return this.#told(key, async () => (await this.#store.get(key, { checked: true }))?.bytes ?? null);
  }

  /** Version by version, so that nothing stays behind in a bucket that keeps versions, no delete marker either. */
  async remove(key: string): Promise<void> {
    await this.#told(key, async () => {
      for (let there = await this.#store.head(key); there !== null; there = await this.#store.head(key)) {
        await this.#store.remove(key, there.versionId ?? undefined);
        if (there.versionId === null) return;
      }
    });
  }

  async probe(): Promise<StoreProbe> {
    const key = `_tmp/probe-${randomBytes(8).toString('hex')}`;
    const { told, ifMatch } = await this.#told(key, () =>
      probeStore(this.#store, key, this.#retention, this.#wallMs(), (name) => this.remove(name)),
    );
    this.#ifNoneMatch = told.ifNoneMatch;
    this.#ifMatch = ifMatch;
    return told;
  }

  async #put(
    key: string,
    body: Uint8Array,
    condition: Pick<PutOptions, 'onlyIf'>,
    seal?: Uint8Array,
  ): Promise<boolean> {
    const sealText = sealTextOf(seal);
    const lock = isLocked(key) ? this.#lock(seal) : null;
    const done = await this.#store
      .put(key, body, {
        contentType: contentTypeOf(key),
        md5: createHash('md5').update(body).digest('base64'),
        sha256: createHash('sha256').update(body).digest('base64'),
        metadata: { firn: '1', ...(sealText !== null && { 'firn-seal': sealText }) },
        ...condition,
        ...(lock !== null && { lock }),
      })
      .catch((error: unknown) => {
        throw lock === null ? error : ofLock(error);
      });
    return done !== null;
  }

  /**
   * Counted from the sealing where that is later than now: the engine's clock never runs backwards, the machine's may have
   * been set back, and `verify` would call the lock too short.
   */
  #lock(seal: Uint8Array | undefined): ObjectLock | null {
    if (this.#retention === null) return null;
    const sealedMs =
      seal === undefined
        ? 0
        : Date.parse((JSON.parse(Buffer.from(seal).toString('utf8')) as { sealed_utc: string }).sealed_utc);
    return lockFrom(this.#retention, Math.max(sealedMs, this.#wallMs()));
  }

  /** What is under a name that is taken; null when it is gone again. */
  async #compare(
    key: string,
    body: Uint8Array,
    seal: Uint8Array | undefined,
  ): Promise<'same' | 'different' | null> {
    const sealText = sealTextOf(seal);
    const there = await this.#store.head(key);
    if (there === null) return null;
    if (there.bytes !== body.length) return 'different';
    if (sealText !== null && 'firn-seal' in there.metadata) {
      if (there.metadata['firn-seal'] !== sealText) return 'different';
      if (isDigest(there, body)) return 'same';
    }
    // No seal to compare, or a store whose checksums say nothing of the bytes: the bytes themselves.
    const found = await this.#store.get(key, { checked: true, maxBytes: body.length });
    if (found === null) return null;
    return equal(found.bytes, body) ? 'same' : 'different';
  }

  async #told<T>(key: string, call: () => Promise<T>): Promise<T> {
    if (!isKey(key)) throw new SinkFault(`not a key of the lake: ${JSON.stringify(key)}`);
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof S3Error)) throw error;
      const { message, retryAfterMs } = error;
      throw error.judgement === 'outage' ? new SinkOutage(message, retryAfterMs) : new SinkFault(message);
    }
  }
}

/**
 * A put with a lock that is refused as invalid says something of the bucket (made again without Object Lock) or of the time,
 * which all objects have in common: the probe before a quarantine has no lock and would blame each of them.
 */
function ofLock(error: unknown): unknown {
  if (!(error instanceof S3Error) || !/^(InvalidRequest|InvalidArgument|HTTP 400)$/.test(error.code))
    return error;
  const { message, retryAfterMs } = error;
  return new SinkOutage(`${message}: can the bucket lock objects, as s3.retention asks?`, retryAfterMs);
}

/** The seal as metadata holds it; null where there is none, or it is too long for that. */
function sealTextOf(seal: Uint8Array | undefined): string | null {
  if (seal === undefined) return null;
  const text = Buffer.from(seal).toString('base64url');
  return text.length > MAX_SEAL_TEXT ? null : text;
}

/** Whether the store's own checksum proves the bytes. An ETag that is no MD5 (encryption by key service) proves nothing. */
function isDigest({ sha256, etag }: ObjectInfo, body: Uint8Array): boolean {
  if (sha256 !== null) return sha256 === createHash('sha256').update(body).digest('base64');
  return etag === `"${createHash('md5').update(body).digest('hex')}"`;
}

function contentTypeOf(key: string): string {
  if (key.endsWith('.ndjson.zst')) return 'application/zstd';
  if (key.startsWith('_schema/')) return 'application/json';
  if (/\/(checkpoint|policy|checkpoints\/\d+)$/.test(key)) return 'text/plain; charset=utf-8';
  return 'application/octet-stream';
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
