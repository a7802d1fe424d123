// Frames through a ring on one thread, without codec and journal: appended, published, claimed, made durable, released.
// What the ring itself costs, and the least that a test of its allocations needs.

import { KIB } from '../../engine/limits.ts';
import { NO_SLAB, RingWorker } from '../../engine/ring/claim.ts';
import { RingConsumer } from '../../engine/ring/consumer.ts';
import { FRAME_KIND, FRAME_MODE, frameBytes } from '../../engine/ring/frame.ts';
import { CONTROL, createRing, type Ring } from '../../engine/ring/layout.ts';
import { RingProducer } from '../../engine/ring/producer.ts';

const SIZES = { slabs: 8, slabBytes: 256 * KIB, outputBytes: 512 * KIB, rejectBytes: 64 * KIB };
const RECEIVED_MS = Date.UTC(2026, 10, 20, 12, 0, 0);

export class RingFeed {
  readonly ring: Ring = createRing(SIZES);
  readonly #producer: RingProducer;
  readonly #worker: RingWorker;
  readonly #consumer: RingConsumer;
  /** Frames that came out at the other end. */
  released = 0;

  constructor() {
    this.#producer = new RingProducer(this.ring, 1);
    this.#worker = new RingWorker(this.ring, 0);
    this.#consumer = new RingConsumer(this.ring);
  }

  /** Appends one frame; when the ring is full, empties it first. */
  append(frame: number, payload: Uint8Array): void {
    if (!this.#producer.reserve(frameBytes(payload.length))) {
      this.empty();
      if (!this.#producer.reserve(frameBytes(payload.length))) throw new Error('an empty ring has no room');
    }
    this.#producer.append(FRAME_KIND.data, FRAME_MODE.auto, 1, 1, frame, RECEIVED_MS, 0, payload);
  }

  /** Publishes what is open, and takes everything through to its release, as workers and commit do by themselves. */
  empty(): void {
    this.#producer.publish();
    while (this.#worker.claim() !== NO_SLAB) Atomics.add(this.ring.control, CONTROL.durable, 1);
    this.#consumer.release(this.#count);
  }

  readonly #count = ({ frames }: { frames: number }): void => {
    this.released += frames;
  };
}
