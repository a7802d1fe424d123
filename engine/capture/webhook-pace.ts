// How often a partner that does not answer is tried: full jitter, and a circuit breaker. Closed: a failed attempt is
// repeated after a random part of a bound that doubles. After OPEN_AFTER failures in a row it is open: one trial at a time,
// far apart, until one succeeds. The breaker of a store (s3/breaker.ts) fails calls of many callers at once; here there is
// one sender that has nothing else to do than wait.

/** Failures in a row after which the circuit is open. */
export const OPEN_AFTER = 5;
const FIRST_BOUND_MS = 1_000;
const LAST_BOUND_MS = 300_000;
/** Least time between trials while it is open. */
const LEAST_OPEN_MS = 30_000;
/** A Retry-After beyond this is not believed. */
const MOST_ASKED_MS = 3_600_000;

export class Pace {
  readonly #random: () => number;
  readonly #lastBoundMs: number;
  #failures = 0;

  /** `lastBoundMs` = what the bound of a pause grows to. */
  constructor(random: () => number, lastBoundMs = LAST_BOUND_MS) {
    this.#random = random;
    this.#lastBoundMs = lastBoundMs;
  }

  get open(): boolean {
    return this.#failures >= OPEN_AFTER;
  }

  /** An attempt has failed. `askedMs` = its Retry-After. @returns ms to wait. */
  failed(askedMs: number): number {
    const bound = Math.min(this.#lastBoundMs, FIRST_BOUND_MS * 2 ** Math.min(this.#failures, 16));
    this.#failures += 1;
    const least = Math.max(Math.min(askedMs, MOST_ASKED_MS), this.open ? LEAST_OPEN_MS : 0);
    return least + this.#random() * bound;
  }

  succeeded(): void {
    this.#failures = 0;
  }
}
