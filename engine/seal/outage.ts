// The sink's outages: told once when one begins and once when it ends; in between, attempts with full jitter (a random
// part of a bound that doubles up to 30 s), so that a store that comes back is not met by everyone at once. Where the
// store has said how long it wants to be spared, the jitter begins after that.

const FIRST_BOUND_MS = 200;
const LAST_BOUND_MS = 30_000;
/** Of a drain, whose time is short: a store that comes back within it is to be used. */
const HURRIED_BOUND_MS = 1_000;
/** The longest that a store is believed (`Retry-After`). */
const MAX_SPARED_MS = 600_000;

export interface OutageOptions {
  readonly nowMs: () => number;
  readonly random: () => number;
  readonly onOutage: (message: string) => void;
  readonly onRecovered: () => void;
}

export class Outage {
  readonly #options: OutageOptions;
  #failures = 0;
  /** No attempt before this, by the store's word. */
  #sparedMs = 0;
  /** No attempt before this, by our own. */
  #retryMs = 0;
  #lastBoundMs = LAST_BOUND_MS;

  constructor(options: OutageOptions) {
    this.#options = options;
  }

  /** True while the newest attempt failed. */
  get open(): boolean {
    return this.#failures > 0;
  }

  /** Monotonic ms before which no attempt is made; 0 when there is no outage. */
  get retryMs(): number {
    return this.#failures > 0 ? this.#retryMs : 0;
  }

  /** @param retryAfterMs what the store asked to be spared for; 0 where it said nothing */
  failed(message: string, retryAfterMs = 0): void {
    const { nowMs, random, onOutage } = this.#options;
    if (this.#failures === 0) onOutage(message);
    const bound = Math.min(this.#lastBoundMs, FIRST_BOUND_MS * 2 ** Math.min(this.#failures, 16));
    this.#failures += 1;
    this.#sparedMs = nowMs() + Math.min(retryAfterMs, MAX_SPARED_MS);
    this.#retryMs = this.#sparedMs + random() * bound;
  }

  worked(): void {
    if (this.#failures > 0) this.#options.onRecovered();
    this.#failures = 0;
  }

  /** From now on waits are short, also the one under way; what the store asked for is kept to. */
  hurry(): void {
    this.#lastBoundMs = HURRIED_BOUND_MS;
    const soon = this.#options.nowMs() + this.#options.random() * HURRIED_BOUND_MS;
    this.#retryMs = Math.max(this.#sparedMs, Math.min(this.#retryMs, soon));
  }
}
