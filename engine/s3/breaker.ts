// The circuit breaker of a store. Closed: calls pass. A call that fails with an outage, all its attempts included, opens
// it: calls then fail at once with the same words, for a time that doubles with each failure (full jitter, at least what
// the store asked for). After that one call tries, with the others waiting for how it ends.

import { S3Error } from './errors.ts';

const FIRST_BOUND_MS = 1_000;
const LAST_BOUND_MS = 10_000;

export class Breaker {
  readonly #nowMs: () => number;
  readonly #random: () => number;
  /** The failure that opened it; null = closed. */
  #failure: S3Error | null = null;
  #failures = 0;
  #untilMs = 0;
  #trial: Promise<void> | null = null;

  constructor(nowMs: () => number, random: () => number) {
    this.#nowMs = nowMs;
    this.#random = random;
  }

  /** @throws S3Error of the failure that opened it, while it is open; whatever `call` throws. */
  async run<T>(call: () => Promise<T>): Promise<T> {
    while (this.#trial !== null) await this.#trial;
    if (this.#failure === null) return this.#watched(call);
    const leftMs = this.#untilMs - this.#nowMs();
    if (leftMs > 0) throw withRetryAfter(this.#failure, leftMs);
    let end = (): void => {};
    this.#trial = new Promise((resolve) => {
      end = resolve;
    });
    try {
      return await this.#watched(call);
    } finally {
      this.#trial = null;
      end();
    }
  }

  async #watched<T>(call: () => Promise<T>): Promise<T> {
    try {
      const result = await call();
      this.#failure = null;
      this.#failures = 0;
      return result;
    } catch (error) {
      if (error instanceof S3Error && error.judgement === 'outage') this.#open(error);
      throw error;
    }
  }

  #open(failure: S3Error): void {
    const bound = Math.min(LAST_BOUND_MS, FIRST_BOUND_MS * 2 ** Math.min(this.#failures, 8));
    this.#failure = failure;
    this.#failures += 1;
    this.#untilMs = this.#nowMs() + Math.max(failure.retryAfterMs, this.#random() * bound);
  }
}

function withRetryAfter(failure: S3Error, retryAfterMs: number): S3Error {
  const { message, judgement, code, transient } = failure;
  return new S3Error(message, { judgement, code, transient, retryAfterMs });
}
