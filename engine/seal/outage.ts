// The sink's outages: told once when one begins and once when it ends; in between, attempts with full jitter (a random
// part of a bound that doubles up to 30 s), so that a store that comes back is not met by everyone at once.

const FIRST_BOUND_MS = 200;
const LAST_BOUND_MS = 30_000;

export interface OutageOptions {
  readonly nowMs: () => number;
  readonly random: () => number;
  readonly onOutage: (message: string) => void;
  readonly onRecovered: () => void;
}

export class Outage {
  readonly #options: OutageOptions;
  #failures = 0;
  #retryMs = 0;

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

  failed(message: string): void {
    if (this.#failures === 0) this.#options.onOutage(message);
    const bound = Math.min(LAST_BOUND_MS, FIRST_BOUND_MS * 2 ** Math.min(this.#failures, 16));
    this.#failures += 1;
    this.#retryMs = this.#options.nowMs() + this.#options.random() * bound;
  }

  worked(): void {
    if (this.#failures > 0) this.#options.onRecovered();
    this.#failures = 0;
  }
}
