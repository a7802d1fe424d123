// The requests that reading a lake in S3 takes, and none that writes. What fails after the attempts that make sense is a
// VerifyError, which says nothing about the lake. The sink's store (engine/s3/store.ts) is not used: it can write, and
// knows neither Ctrl-C nor a bound on the bytes in memory.

import { setMaxListeners } from 'node:events';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type * as Sdk from '@aws-sdk/client-s3';
import { addressText, type S3Address } from '../s3/address.ts';
import { Calls, SYSTEM_TIME } from '../s3/calls.ts';
import type { OpenClient, S3Settings } from '../s3/client.ts';
import { codeOf, S3Error } from '../s3/errors.ts';
import { infoOf, type ObjectInfo } from '../s3/objects.ts';
import { UnfitFile, VerifyError } from './files.ts';

/** Requests under way at once. */
export const REQUESTS = 16;

/** Bytes of an object in memory of their own, and what the store says about it. */
export interface Fetched {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly info: ObjectInfo;
}

/** Counts with the bytes of a body before they are read; gives them back when the attempt failed. */
export interface Room {
  take(bytes: number): Promise<void>;
  giveBack(bytes: number): void;
}

const ENDLESS: Room = { take: async () => {}, giveBack: () => {} };

/** Keys are relative to the prefix of the address. */
export class S3Reader {
  readonly address: S3Address;
  readonly #open: OpenClient;
  /** Follows the caller's signal: one listener there, however many requests are under way. */
  readonly #end = new AbortController();
  readonly #unfollow: () => void;
  readonly #calls: Calls;

  constructor(address: S3Address, open: OpenClient, settings: S3Settings, signal: AbortSignal | undefined) {
    this.address = address;
    this.#open = open;
    setMaxListeners(0, this.#end.signal);
    const follow = (): void => this.#end.abort(signal?.reason);
    if (signal?.aborted === true) follow();
    signal?.addEventListener('abort', follow, { once: true });
    this.#unfollow = () => signal?.removeEventListener('abort', follow);
    this.#calls = new Calls(
      open.client,
      { concurrency: REQUESTS, ...settings },
      { ...SYSTEM_TIME, sleep: (ms) => sleep(ms, undefined, { signal: this.#end.signal }) },
    );
  }

  /** The object, or null when there is none. @throws UnfitFile when it is longer than `maxBytes` */
  async get(key: string, maxBytes: number, room: Room = ENDLESS): Promise<Fetched | null> {
    const command = new this.#open.sdk.GetObjectCommand(this.#at(key));
    const found = await this.#request(`GET ${this.#name(key)}`, async (abortSignal) => {
      const found = await this.#open.client.send(command, { abortSignal });
      const body = found.Body as Readable;
      const info = infoOf(found);
      abortSignal.addEventListener('abort', () => body.destroy(), { once: true });
      if (info.bytes > maxBytes) {
        body.destroy();
        return { body: null, info };
      }
      await room.take(info.bytes);
      try {
        return { body: await wholeBody(body, info.bytes), info };
      } catch (error) {
        room.giveBack(info.bytes);
        throw error;
      } finally {
        body.destroy();
      }
    });
    if (found === null) return null;
    const { body, info } = found;
    if (body === null) throw new UnfitFile(`${info.bytes} bytes, at most ${maxBytes} are possible here`);
    return { body, info };
  }

  /** What the store says about an object, its SHA-256 included where it keeps one; null when there is none. */
  head(key: string): Promise<ObjectInfo | null> {
    const command = new this.#open.sdk.HeadObjectCommand({ ...this.#at(key), ChecksumMode: 'ENABLED' });
    return this.#request(`HEAD ${this.#name(key)}`, async (abortSignal) =>
      infoOf(await this.#open.client.send(command, { abortSignal })),
    );
  }

  /** One page of objects below `prefix` that nothing hides; with `delimiter` names of folders in place of what is in them. */
  list(
    prefix: string,
    token: string | undefined,
    delimiter?: string,
  ): Promise<Sdk.ListObjectsV2CommandOutput> {
    const command = new this.#open.sdk.ListObjectsV2Command({
      ...this.#below(prefix),
      ContinuationToken: token,
      Delimiter: delimiter,
    });
    return this.#must(`LIST ${this.#name(prefix)}`, (abortSignal) =>
      this.#open.client.send(command, { abortSignal }),
    );
  }

  /** One page of versions and delete markers; null when these credentials may not list them, or the store has no such list. */
  versions(
    prefix: string,
    after: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined },
    maxKeys?: number,
  ): Promise<Sdk.ListObjectVersionsCommandOutput | null> {
    const command = new this.#open.sdk.ListObjectVersionsCommand({
      ...this.#below(prefix),
      ...after,
      MaxKeys: maxKeys,
    });
    return this.#request(
      `LIST versions of ${this.#name(prefix)}`,
      (abortSignal) => this.#open.client.send(command, { abortSignal }),
      DENIED,
    );
  }

  /** `Enabled`, `Suspended`, `never`; null when these credentials may not ask. */
  async versioning(): Promise<string | null> {
    const command = new this.#open.sdk.GetBucketVersioningCommand({ Bucket: this.address.bucket });
    const answer = await this.#request(
      `versioning of ${this.#name('')}`,
      (abortSignal) => this.#open.client.send(command, { abortSignal }),
      DENIED,
    );
    return answer === null ? null : (answer.Status ?? 'never');
  }

  /** Whether the retention of an object can be read: otherwise no answer speaks of it. */
  async mayReadRetention(key: string): Promise<boolean> {
    const command = new this.#open.sdk.GetObjectRetentionCommand(this.#at(key));
    const answer = await this.#request(
      `retention of ${this.#name(key)}`,
      async (abortSignal) => {
        try {
          await this.#open.client.send(command, { abortSignal });
        } catch (error) {
          if (!NO_RETENTION.has(codeOf(error))) throw error;
        }
        return true;
      },
      DENIED,
    );
    return answer ?? false;
  }

  close(): void {
    this.#unfollow();
    this.#open.client.destroy();
  }

  relative(key: string): string {
    return key.slice(this.address.prefix.length);
  }

  #name(key: string): string {
    return addressText(this.address, key);
  }

  #at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.address.bucket, Key: this.address.prefix + key };
  }

  #below(prefix: string): { Bucket: string; Prefix: string } {
    return { Bucket: this.address.bucket, Prefix: this.address.prefix + prefix };
  }

  async #must<T>(what: string, call: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
    const answer = await this.#request(what, call);
    if (answer === null) throw new VerifyError(`${what}: the store says that it is not there (404)`);
    return answer;
  }

  /** @returns null where the answer's code is one of `none`. */
  async #request<T>(
    what: string,
    call: (abortSignal: AbortSignal) => Promise<T>,
    none: ReadonlySet<string> = ABSENT,
  ): Promise<T | null> {
    try {
      return await this.#calls.run(what, async (inTime) => {
        const { signal, release } = either(inTime, this.#end.signal);
        try {
          return await call(signal);
        } catch (error) {
          if (none.has(codeOf(error))) return null;
          throw error;
        } finally {
          release();
        }
      });
    } catch (error) {
      this.#end.signal.throwIfAborted();
      if (error instanceof S3Error) throw new VerifyError(error.message);
      throw error;
    }
  }
}

/** Aborts with either signal. AbortSignal.any keeps what it made for as long as the older of them lives. */
function either(one: AbortSignal, other: AbortSignal): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const both = [one, other];
  for (const signal of both) {
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
  }
  const release = (): void => {
    for (const signal of both) signal.removeEventListener('abort', abort);
  };
  return { signal: controller.signal, release };
}

/** HEAD has no body that could name a code; its 404 has the SDK's own name. */
const ABSENT: ReadonlySet<string> = new Set(['NoSuchKey', 'NoSuchVersion', 'NotFound']);
const DENIED: ReadonlySet<string> = new Set([
  'AccessDenied',
  'NotImplemented',
  'MethodNotAllowed',
  'HTTP 403',
  'HTTP 405',
  'HTTP 501',
]);

/** Of an object without retention, or of a bucket without locks: an answer too. */
const NO_RETENTION: ReadonlySet<string> = new Set([
  'NoSuchObjectLockConfiguration',
  'ObjectLockConfigurationNotFoundError',
  'InvalidRequest',
  'NoSuchKey',
  'NoSuchVersion',
]);

async function wholeBody(body: Readable, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    if (at + chunk.length > bytes) throw cutShort(`more than ${bytes} bytes came`);
    whole.set(chunk, at);
    at += chunk.length;
  }
  if (at < bytes) throw cutShort(`${at} of ${bytes} bytes came`);
  return whole;
}

function cutShort(message: string): Error {
  return Object.assign(new Error(message), { code: 'ECONNRESET' });
}
