// How a call of a store is made, whatever it asks for: bounded in number (gate), in time, in attempts (full jitter,
// `Retry-After`), and not at all for a while after a failure (breaker). The only place that tries again.

import type { S3Client } from '@aws-sdk/client-s3';
import { Breaker } from './breaker.ts';
import type { S3Settings } from './client.ts';
import { judge, S3Error } from './errors.ts';
import { Gate } from './gate.ts';

const CONCURRENCY = 8;
const TIMEOUT_S = 60;
const ATTEMPTS = 4;
const FIRST_BOUND_MS = 200;
/** A store that asks for more time than this gets it from the caller. */
const MAX_RETRY_AFTER_MS = 30_000;

export interface StoreTime {
  /** Unix ms. */
  readonly wallMs: () => number;
  /** Monotonic ms. */
  readonly nowMs: () => number;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

export const SYSTEM_TIME: StoreTime = {
  wallMs: Date.now,
  nowMs: () => performance.now(),
  random: Math.random,
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

export class Calls {
  readonly #client: S3Client;
  readonly #time: StoreTime;
  readonly #gate: Gate;
  readonly #breaker: Breaker;
  readonly #timeoutMs: number;

  constructor(client: S3Client, settings: S3Settings, time: StoreTime) {
    this.#client = client;
    this.#time = time;
    this.#gate = new Gate(settings.concurrency ?? CONCURRENCY);
    this.#breaker = new Breaker(time.nowMs, time.random);
    this.#timeoutMs = (settings.timeout ?? TIMEOUT_S) * 1000;
  }

  /**
   * @param what the operation and its object, for messages
   * @throws S3Error
   */
  run<T>(what: string, call: (abortSignal: AbortSignal) => Promise<T>, attempts = ATTEMPTS): Promise<T> {
    return this.#gate.run(() => this.#breaker.run(() => this.#attempts(what, call, attempts)));
  }

  async #attempts<T>(
    what: string,
    call: (abortSignal: AbortSignal) => Promise<T>,
    attempts: number,
  ): Promise<T> {
    const { wallMs, random, sleep } = this.#time;
    for (let attempt = 1; ; attempt++) {
      let failure: S3Error;
      try {
        return await this.#inTime(call);
      } catch (error) {
        if (error instanceof S3Error) throw error;
        failure = judge(error, what, wallMs(), await this.#redaction());
      }
      if (!failure.transient || attempt >= attempts || failure.retryAfterMs > MAX_RETRY_AFTER_MS)
        throw failure;
      const jitter = random() * FIRST_BOUND_MS * 2 ** (attempt - 1);
      await sleep(Math.max(failure.retryAfterMs, jitter));
    }
  }

  /**
   * The SDK's own time limits end with the headers of an answer; this one holds for its body too, and for what the SDK does
   * before the request: it hears no signal while it asks for credentials.
   */
  async #inTime<T>(call: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(Object.assign(new Error('no answer in time'), { name: 'TimeoutError' }));
        controller.abort();
      }, this.#timeoutMs);
    });
    try {
      return await Promise.race([call(controller.signal), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Takes the credentials in use out of words that come from outside. */
  async #redaction(): Promise<(text: string) => string> {
    try {
      const { accessKeyId, secretAccessKey, sessionToken } = await this.#inTime(() =>
        this.#client.config.credentials(),
      );
      const secrets = [sessionToken, secretAccessKey, accessKeyId].filter((secret) => secret !== undefined);
      return (text) => secrets.reduce((clean, secret) => clean.replaceAll(secret, '[credential]'), text);
    } catch {
      return (text) => text;
    }
  }
}
