// The frames of a session that are not acknowledged, in order. A frame's number is its place: `first` is the number of
// the oldest one, and only an acknowledgement (or a `hello` that stands for one) moves it. Always:
// first <= sent <= high <= end, where `high` is one past the highest number that ever went over any connection.

/** Told once: when its frame is durable, or when the client gives up. */
export interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface Frame {
  readonly bytes: Uint8Array;
  waiters: Waiter[];
}

/** Slots that acknowledged frames may leave at the front of the array before it is moved up. */
const COMPACT_AT = 1024;

export class FrameQueue {
  #frames: (Frame | undefined)[] = [];
  #head = 0;
  #first = 0;
  #sent = 0;
  #high = 0;
  #bytes = 0;
  #opened = false;

  /** True once the engine has said which number comes first. */
  get opened(): boolean {
    return this.#opened;
  }

  get first(): number {
    return this.#first;
  }

  /** Number of the frame to send next on this connection. */
  get sent(): number {
    return this.#sent;
  }

  /** Number that the next frame pushed gets. */
  get end(): number {
    return this.#first + this.count;
  }

  get count(): number {
    return this.#frames.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get inFlight(): number {
    return this.#sent - this.#first;
  }

  /** Takes over what an earlier client left: its frames may have been sent, so all of them count as sent once. */
  restore(first: number, frames: readonly Uint8Array[]): void {
    for (const bytes of frames) this.push(bytes, []);
    this.#first = first;
    this.#sent = first;
    this.#high = this.end;
    this.#opened = true;
  }

  push(bytes: Uint8Array, waiters: Waiter[]): void {
    this.#frames.push({ bytes, waiters });
    this.#bytes += bytes.length;
  }

  /** Has the newest frame tell this waiter too; false when there is no frame to wait for. */
  awaitNewest(waiter: Waiter): boolean {
    const newest = this.count === 0 ? undefined : this.#frames[this.#frames.length - 1];
    newest?.waiters.push(waiter);
    return newest !== undefined;
  }

  /** The next frame to send, and counts it as sent; null when all were. */
  take(): Uint8Array | null {
    const frame = this.#frames[this.#head + this.inFlight];
    if (frame === undefined) return null;
    this.#sent += 1;
    if (this.#sent > this.#high) this.#high = this.#sent;
    return frame.bytes;
  }

  /** Every frame below `next` is durable. The caller has checked `next <= sent`. */
  ack(next: number): void {
    while (this.#first < next) {
      const frame = this.#frames[this.#head] as Frame;
      this.#frames[this.#head] = undefined;
      this.#head += 1;
      this.#first += 1;
      this.#bytes -= frame.bytes.length;
      for (const waiter of frame.waiters) waiter.resolve();
    }
    if (this.#head >= COMPACT_AT || this.count === 0) {
      this.#frames = this.#frames.slice(this.#head);
      this.#head = 0;
    }
  }

  /**
   * A new connection expects the frame `next`: everything below is durable, everything from there is sent again.
   * False when that cannot be true of this session; then nothing has changed.
   */
  resume(next: number): boolean {
    if (!this.#opened) {
      this.#opened = true;
      this.#first = next;
      this.#high = next;
    } else if (next < this.#first || next > this.#high) {
      return false;
    } else {
      this.#sent = this.#high;
      this.ack(next);
    }
    this.#sent = next;
    return true;
  }

  /** Bytes of the largest frame held. */
  largest(): number {
    let most = 0;
    for (let i = this.#head; i < this.#frames.length; i += 1) {
      most = Math.max(most, this.#frames[i]?.bytes.length ?? 0);
    }
    return most;
  }

  /** All frames held, oldest first. */
  held(): Uint8Array[] {
    return this.#frames.slice(this.#head).map((frame) => (frame as Frame).bytes);
  }

  /** The client gives up: tells every waiter and keeps the frames. */
  fail(error: Error): void {
    for (let i = this.#head; i < this.#frames.length; i += 1) {
      const frame = this.#frames[i] as Frame;
      const { waiters } = frame;
      frame.waiters = [];
      for (const waiter of waiters) waiter.reject(error);
    }
  }
}
