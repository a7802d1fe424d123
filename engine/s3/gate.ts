// How many calls may be under way at once: the others wait in order of arrival.

export class Gate {
  readonly #width: number;
  #inside = 0;
  #waiting: (() => void)[] = [];

  constructor(width: number) {
    this.#width = width;
  }

  async run<T>(call: () => Promise<T>): Promise<T> {
    if (this.#inside < this.#width) this.#inside += 1;
    // Who leaves hands the place over: `inside` stays.
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await call();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#inside -= 1;
      else next();
    }
  }
}
