// What callers gave and what is not a frame yet, in the order of the calls: records, whole frames, and flushes that
// wait for all before them. Turns them into frames as far as there is room; the rest waits, and that is the
// backpressure. Holds at most `maxPendingBytes` (and one frame) and `maxWaiting` calls.

import { ClientError } from './errors.ts';
import type { FrameQueue, Waiter } from './frames.ts';
import { LineBatch, lineOf } from './lines.ts';
import type { Settings } from './options.ts';

interface RecordsCall extends Waiter {
  readonly kind: 'records';
  readonly records: readonly unknown[];
  /** Index of the next record to take. */
  at: number;
  readonly onFirst: (frame: number, record: number) => void;
}

interface FrameCall extends Waiter {
  readonly kind: 'frame';
  readonly bytes: Uint8Array;
  readonly onNumber: (frame: number) => void;
}

interface FlushCall extends Waiter {
  readonly kind: 'flush' | 'room';
}

export type Call = RecordsCall | FrameCall | FlushCall;

export class Intake {
  readonly #queue: FrameQueue;
  readonly #settings: Settings;
  readonly #batch = new LineBatch();
  #calls: Call[] = [];
  #waiters: Waiter[] = [];
  #linger: unknown = null;
  readonly #onFrame: () => void;

  /** `onFrame` is called when a frame was made by the linger timer. */
  constructor(queue: FrameQueue, settings: Settings, onFrame: () => void) {
    this.#queue = queue;
    this.#settings = settings;
    this.#onFrame = onFrame;
  }

  /** True when a call would be taken at once and not wait. */
  get room(): boolean {
    return this.#queue.opened && this.#calls.length === 0 && this.#hasRoom();
  }

  get idle(): boolean {
    return this.#calls.length === 0 && this.#batch.records === 0;
  }

  /** Number that a frame handed over now gets. Only exact while `room` is true. */
  get nextFrame(): number {
    return this.#queue.end + (this.#batch.records > 0 ? 1 : 0);
  }

  /** Puts a call at the end of the line; its waiter is rejected with `client.busy` when the line is too long. */
  add(call: Call): void {
    if (this.#calls.length >= this.#settings.maxWaiting) {
      call.reject(new ClientError('client.busy', `${this.#calls.length} calls wait for room already`));
      return;
    }
    this.#calls.push(call);
  }

  /** Makes frames of what waits, as far as there is room. `maxFrameBytes` is the engine's bound. */
  pump(maxFrameBytes: number): void {
    let done = 0;
    while (done < this.#calls.length && this.#take(this.#calls[done] as Call, maxFrameBytes)) done += 1;
    if (done > 0) this.#calls.splice(0, done);
    // Without room nothing joins the open frame any more: waiting longer would only hold it back.
    if (!this.#hasRoom()) this.#seal();
  }

  /** Every call that waits is told `error`. What is a frame already is the queue's. */
  fail(error: Error): void {
    this.#seal();
    const calls = this.#calls;
    this.#calls = [];
    for (const call of calls) call.reject(error);
  }

  #hasRoom(): boolean {
    const { maxPendingBytes, maxPendingFrames } = this.#settings;
    return this.#queue.bytes + this.#batch.bytes < maxPendingBytes && this.#queue.count < maxPendingFrames;
  }

  /** True when the call is through. */
  #take(call: Call, maxFrameBytes: number): boolean {
    switch (call.kind) {
      case 'flush':
        this.#seal();
        if (!this.#queue.awaitNewest(call)) call.resolve();
        return true;
      case 'room':
        if (!this.#hasRoom()) return false;
        call.resolve();
        return true;
      case 'frame':
        return this.#takeFrame(call, maxFrameBytes);
      case 'records':
        return this.#takeRecords(call, maxFrameBytes);
    }
  }

  #takeFrame(call: FrameCall, maxFrameBytes: number): boolean {
    if (call.bytes.length > maxFrameBytes) {
      call.reject(tooLarge(`a frame of ${call.bytes.length} bytes`, maxFrameBytes));
      return true;
    }
    this.#seal();
    if (!this.#hasRoom()) return false;
    call.onNumber(this.#queue.end);
    this.#queue.push(call.bytes, [call]);
    return true;
  }

  #takeRecords(call: RecordsCall, maxFrameBytes: number): boolean {
    while (call.at < call.records.length) {
      if (!this.#hasRoom()) return false;
      const fault = this.#takeRecord(call, maxFrameBytes);
      if (fault !== null) {
        call.reject(fault);
        return true;
      }
    }
    if (this.#batch.records > 0) {
      this.#waiters.push(call);
      if (this.#batch.records >= this.#settings.recordsPerFrame) this.#seal();
      else this.#armLinger();
    } else if (!this.#queue.awaitNewest(call)) {
      call.resolve();
    }
    return true;
  }

  /** The error of a record that cannot be sent; null when it was taken. */
  #takeRecord(call: RecordsCall, maxFrameBytes: number): ClientError | null {
    let line: string;
    try {
      line = lineOf(call.records[call.at]);
    } catch (error) {
      return error as ClientError;
    }
    if (this.#batch.records >= this.#settings.recordsPerFrame) this.#seal();
    if (!this.#batch.add(line, maxFrameBytes)) {
      this.#seal();
      if (!this.#batch.add(line, maxFrameBytes)) return tooLarge(`record ${call.at}`, maxFrameBytes);
    }
    if (call.at === 0) call.onFirst(this.#queue.end, this.#batch.records - 1);
    call.at += 1;
    return null;
  }

  #armLinger(): void {
    if (this.#linger !== null) return;
    const { timers, lingerMs } = this.#settings;
    this.#linger = timers.setTimeout(() => {
      this.#linger = null;
      this.#seal();
      this.#onFrame();
    }, lingerMs);
  }

  #seal(): void {
    if (this.#linger !== null) this.#settings.timers.clearTimeout(this.#linger);
    this.#linger = null;
    if (this.#batch.records === 0) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    this.#queue.push(this.#batch.seal(), waiters);
  }
}

function tooLarge(what: string, maxFrameBytes: number): ClientError {
  return new ClientError('client.frame-too-large', `${what} is over the limit of ${maxFrameBytes} bytes`);
}
