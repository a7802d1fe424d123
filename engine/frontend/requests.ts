// What waits for a frame of its own to be durable: HTTP requests and calls of ingest(). They share the slot word of the
// frame header with connections, told apart by the top bit.

import type { IngestResult } from '../reply.ts';

/** Slots from here on are requests; below are connections. */
export const FIRST_REQUEST = 0x8000_0000;

/** Called once, when the frame is durable. `refusal` = code number for which the whole frame was refused, else 0. */
export type Settle = (result: IngestResult, refusal: number) => void;

export class Requests {
  readonly #slots: (Settle | null)[] = [];
  readonly #free: number[] = [];
  readonly #untimed = new Set<number>();
  #count = 0;

  /** Requests under way. */
  get count(): number {
    return this.#count;
  }

  /**
   * Slot for the header of the frame that `settle` waits for. `timed` false: the frame has the time of an earlier arrival,
   * which says nothing about how long this one waited.
   */
  add(settle: Settle, timed = true): number {
    const at = this.#free.pop() ?? this.#slots.length;
    this.#slots[at] = settle;
    if (!timed) this.#untimed.add(FIRST_REQUEST + at);
    this.#count += 1;
    return FIRST_REQUEST + at;
  }

  isTimed(slot: number): boolean {
    return this.#untimed.size === 0 || !this.#untimed.has(slot);
  }

  /** The frame in `slot` is durable. */
  settle(slot: number, result: IngestResult, refusal: number): void {
    const at = slot - FIRST_REQUEST;
    const settle = this.#slots[at];
    if (settle === null || settle === undefined) return;
    this.#slots[at] = null;
    this.#untimed.delete(slot);
    this.#free.push(at);
    this.#count -= 1;
    settle(result, refusal);
  }
}
