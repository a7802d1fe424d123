// `engine.seals()`: every published seal from now on, to each reader, in log order. A reader that falls far behind gets
// an error instead of a gap that it would not notice; the log in the lake has everything.

const MAX_BEHIND = 10_000;

type Seal = Record<string, unknown>;

export class SealFeed {
  readonly #readers = new Set<SealReader>();

  publish(seal: Seal): void {
    for (const reader of this.#readers) reader.push(seal);
  }

  /** Ends all readers, after they have read what is there. */
  close(): void {
    for (const reader of this.#readers) reader.end();
  }

  open(): AsyncIterableIterator<Seal> {
    const reader = new SealReader(() => this.#readers.delete(reader));
    this.#readers.add(reader);
    return reader;
  }
}

class SealReader implements AsyncIterableIterator<Seal> {
  readonly #queue: Seal[] = [];
  readonly #onEnd: () => void;
  #waiting: { resolve(result: IteratorResult<Seal>): void; reject(error: Error): void } | null = null;
  #ended = false;
  #behind = false;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  push(seal: Seal): void {
    if (this.#waiting !== null) {
      this.#waiting.resolve({ value: seal, done: false });
      this.#waiting = null;
    } else if (this.#queue.length < MAX_BEHIND) {
      this.#queue.push(seal);
    } else {
      this.#behind = true;
      this.end();
    }
  }

  end(): void {
    this.#ended = true;
    this.#waiting?.resolve({ value: undefined, done: true });
    this.#waiting = null;
    this.#onEnd();
  }

  next(): Promise<IteratorResult<Seal>> {
    const seal = this.#queue.shift();
    if (seal !== undefined) return Promise.resolve({ value: seal, done: false });
    if (this.#behind) {
      this.#behind = false;
      return Promise.reject(
        new Error(`seals(): the reader fell ${MAX_BEHIND} seals behind; read the log in the lake instead`),
      );
    }
    if (this.#ended) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  return(): Promise<IteratorResult<Seal>> {
    this.end();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
