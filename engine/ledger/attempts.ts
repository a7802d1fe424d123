// How often a call of the database is tried, and when it is not tried at all. Full jitter, so that engines which lost one
// database do not come back in step; a breaker, so that callers hear at once what the last one had to wait for.

import { DatabaseError } from './database.ts';

/** The database is away. Nothing of the call is stored, or all of it: the same call tells, later. */
export class LedgerOutage extends Error {
  override readonly name = 'LedgerOutage';
}

export interface AttemptLimits {
  /** Tries of one call. */
  readonly tries: number;
  /** The n-th wait is between 0 and baseMs · 2ⁿ, at most capMs. */
  readonly baseMs: number;
  readonly capMs: number;
  /** After a call that failed for good no other is tried for so long; then one. */
  readonly openMs: number;
}

export const ATTEMPT_LIMITS: AttemptLimits = { tries: 5, baseMs: 50, capMs: 2_000, openMs: 5_000 };

export class Attempts {
  readonly #limits: AttemptLimits;
  readonly #nowMs: () => number;
  #openUntilMs = 0;
  #why = '';

  constructor(limits: AttemptLimits, nowMs: () => number) {
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  /** What the database answered when the breaker opened; null = it is closed. */
  get outage(): string | null {
    return this.#openUntilMs === 0 ? null : this.#why;
  }

  /**
   * Runs `call` until it works. It must be one that may be run again after any failure.
   * @throws LedgerOutage when it did not, DatabaseError when trying again is no use
   */
  async run<T>(call: () => Promise<T>): Promise<T> {
    if (this.#nowMs() < this.#openUntilMs) throw new LedgerOutage(this.#why);
    // Past the time the breaker lets one through, with one try.
    const tries = this.#openUntilMs === 0 ? this.#limits.tries : 1;
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await call();
        this.#openUntilMs = 0;
        return result;
      } catch (error) {
        const trouble = this.#weigh(error);
        if (attempt >= tries) throw this.#open(trouble);
        const longest = Math.min(this.#limits.capMs, this.#limits.baseMs * 2 ** (attempt - 1));
        await new Promise((resolve) => setTimeout(resolve, Math.random() * longest));
      }
    }
  }

  #weigh(error: unknown): DatabaseError {
    if (!(error instanceof DatabaseError)) throw error;
    if (error.trouble === 'outage' || error.trouble === 'again') return error;
    throw error;
  }

  #open(error: DatabaseError): Error {
    this.#why = error.message;
    this.#openUntilMs = this.#nowMs() + this.#limits.openMs;
    return new LedgerOutage(error.message, { cause: error });
  }
}
