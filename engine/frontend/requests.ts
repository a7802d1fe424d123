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
  #count = 0;

  /** Requests under way. */
  get count(): number {
    return this.#count;
  }

  /** Slot for the header of the frame that `settle` waits for. */
  add(settle: Settle): number {
    const at = this.#free.pop() ?? this.#slots.length;
    this.#slots[at] = settle;
    this.#count += 1;
    return FIRST_REQUEST + at;
  }

  /** The frame in `slot` is durable. */
  settle(slot: number, result: IngestResult, refusal: number): void {
    const at = slot - FIRST_REQUEST;
    const settle = this.#slots[at];
    if (settle === null || settle === undefined) return;
    this.#slots[at] = null;
    this.#free.push(at);
    this.#count -= 1;
    settle(result, refusal);
  }
}
