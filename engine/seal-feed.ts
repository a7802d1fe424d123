// `engine.seals()`: every published seal from now on, to each reader, in log order. A reader that falls far behind gets
// an error instead of a gap that it would not notice; the log in the lake has everything.

const MAX_BEHIND = 10_000;

type Seal = Record<string, unknown>;

export class SealFeed {
  readonly #readers = new Set<SealReader>();
  #closed = false;

  publish(seal: Seal): void {
    for (const reader of this.#readers) reader.push(seal);
  }

  /** Ends all readers, after they have read what is there; those that come later find nothing. */
  close(): void {
    this.#closed = true;
    for (const reader of this.#readers) reader.end();
  }

  open(): AsyncIterableIterator<Seal> {
    const reader = new SealReader(() => this.#readers.delete(reader));
    if (this.#closed) reader.end();
    else this.#readers.add(reader);
    return reader;
  }
}

class SealReader implements AsyncIterableIterator<Seal> {
  readonly #queue: Seal[] = [];
  readonly #onEnd: () => void;
  /** Calls of `next` without a seal yet; while there is one, the queue is empty. */
  readonly #waiting: ((result: IteratorResult<Seal>) => void)[] = [];
  #ended = false;
  #behind = false;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  push(seal: Seal): void {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      waiting({ value: seal, done: false });
    } else if (this.#queue.length < MAX_BEHIND) {
      this.#queue.push(seal);
    } else {
      this.#behind = true;
      this.end();
    }
  }

  end(): void {
    this.#ended = true;
    for (const waiting of this.#waiting.splice(0)) waiting({ value: undefined, done: true });
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
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
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
