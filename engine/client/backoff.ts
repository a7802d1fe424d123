// The pause before a reconnect: random between 0 and a bound that doubles ("full jitter", so that a fleet that lost
// its engine at one moment does not come back at one moment).

export class Backoff {
  readonly #firstMs: number;
  readonly #mostMs: number;
  readonly #random: () => number;
  #failures = 0;

  constructor(firstMs: number, mostMs: number, random: () => number) {
    this.#firstMs = firstMs;
    this.#mostMs = mostMs;
    this.#random = random;
  }

  /** Milliseconds to wait now. */
  next(): number {
    const bound = Math.min(this.#mostMs, this.#firstMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 30);
    return this.#random() * bound;
  }

  /** Something went forward: the next pause is short again. */
  reset(): void {
    this.#failures = 0;
  }
}
