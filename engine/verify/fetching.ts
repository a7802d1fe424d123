// Object checks for a lake that has no folder: objects are fetched on this thread, several at a time, and hashed where
// `inner` says. Memory is bounded by requests under way and by the bytes of bodies, from their first byte to the verdict.

import { canonicalise } from '../../workers/canonicalise.ts';
import { MAX_OBJECT_BYTES, MIB } from '../limits.ts';
import type { ObjectInfo } from '../s3/objects.ts';
import type { Checker, OnResult } from './checker.ts';
import { UnfitFile } from './files.ts';
import { failed, missing, type ObjectJob, type ObjectResult } from './object.ts';
import type { S3Lake } from './s3.ts';
import { REQUESTS } from './s3-reader.ts';

export const FETCH_BYTES: number = 128 * MIB;

/** What came of an object that is there, before its verdict. */
export type OnStored = (job: ObjectJob, info: ObjectInfo) => void;

export class FetchingChecker implements Checker {
  readonly #lake: S3Lake;
  readonly #inner: Checker;
  readonly #onResult: OnResult;
  readonly #onStored: OnStored;
  readonly #bodies: Bodies;
  #underWay = 0;
  #failed: Error | null = null;
  #waiting: (() => void)[] = [];

  /** `start` gets what takes the results of the inner checker and starts that one. */
  static async start(
    lake: S3Lake,
    fetchBytes: number,
    onResult: OnResult,
    onStored: OnStored,
    start: (onResult: OnResult) => Promise<Checker>,
  ): Promise<FetchingChecker> {
    const bodies = new Bodies(fetchBytes);
    const inner = await start((job, result) => {
      bodies.release(job);
      onResult(job, result);
    });
    return new FetchingChecker(lake, inner, bodies, onResult, onStored);
  }

  private constructor(lake: S3Lake, inner: Checker, bodies: Bodies, onResult: OnResult, onStored: OnStored) {
    this.#lake = lake;
    this.#inner = inner;
    this.#bodies = bodies;
    this.#onResult = onResult;
    this.#onStored = onStored;
  }

  async submit(job: ObjectJob): Promise<void> {
    this.#underWay++;
    void this.#check(job)
      .catch((error: unknown) => {
        this.#failed ??= error as Error;
      })
      .finally(() => {
        this.#underWay--;
        const waiting = this.#waiting;
        this.#waiting = [];
        for (const resume of waiting) resume();
      });
    await this.#until(() => this.#underWay < REQUESTS);
  }

  async drain(): Promise<void> {
    await this.#until(() => this.#underWay === 0);
    await this.#inner.drain();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  async #until(condition: () => boolean): Promise<void> {
    while (this.#failed === null && !condition())
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#failed !== null) throw this.#failed;
  }

  async #check(job: ObjectJob): Promise<void> {
    const { key } = job.seal;
    try {
      if (job.quick) {
        const info = await this.#lake.measure(key);
        this.#onResult(job, info === null ? await this.#absent(key) : compareStored(job, info));
        if (info !== null) this.#onStored(job, info);
        return;
      }
      const found = await this.#lake.fetch(key, MAX_OBJECT_BYTES, this.#bodies);
      if (found === null) {
        this.#onResult(job, await this.#absent(key));
        return;
      }
      this.#onStored(job, found.info);
      this.#bodies.hold(job, found.body.length);
      await this.#inner.submit(job, found.body);
    } catch (error) {
      if (!(error instanceof UnfitFile)) throw error;
      this.#onResult(job, failed('ALTERED', error.message, null, 0));
    }
  }

  async #absent(key: string): Promise<ObjectResult> {
    const hidden = await this.#lake.hidden(key);
    return hidden === null ? missing() : failed('HIDDEN', hidden, null, 0);
  }
}

/** Bytes of bodies in memory. One body may always come, however long. */
class Bodies {
  readonly #max: number;
  #bytes = 0;
  readonly #held = new Map<ObjectJob, number>();
  #waiting: (() => void)[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  async take(bytes: number): Promise<void> {
    while (this.#bytes > 0 && this.#bytes + bytes > this.#max)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#bytes += bytes;
  }

  giveBack(bytes: number): void {
    this.#bytes -= bytes;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }

  hold(job: ObjectJob, bytes: number): void {
    this.#held.set(job, bytes);
  }

  release(job: ObjectJob): void {
    this.giveBack(this.#held.get(job) ?? 0);
    this.#held.delete(job);
  }
}

/** An object by what the store says about it: size, seal in the metadata, SHA-256 (FORMAT.md §3). */
export function compareStored({ seal }: ObjectJob, { bytes, sha256, metadata }: ObjectInfo): ObjectResult {
  const altered = (reason: string): ObjectResult => failed('ALTERED', reason, null, bytes);
  if (bytes !== seal.zstd_bytes) return altered(`${bytes} bytes, the seal says ${seal.zstd_bytes}`);
  const kept = metadata['firn-seal'];
  if (kept !== undefined && kept !== Buffer.from(canonicalise(seal)).toString('base64url'))
    return altered('the seal in its metadata is not the one in the log');
  if (sha256 !== null && sha256 !== Buffer.from(seal.zstd_sha256, 'hex').toString('base64'))
    return altered('the checksum that the store keeps is not the one in the seal (zstd_sha256)');
  return { problem: null, sha256: null, bytes, events: [], told: [] };
}
