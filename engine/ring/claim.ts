// The worker's end of the ring: claims the oldest slab that nobody has, puts its output chunks before the committer, and
// sleeps when there is nothing to do. A worker has at most one unfinished slab. Whatever instruction a worker dies at,
// the words tell the pool whether its slab is finished (redo.ts).

import { threadId } from 'node:worker_threads';
import { assert } from '../assert.ts';
import { crc32c } from '../crc32c.ts';
import { CONTROL, NO_FRAME, type Ring, SLAB, slabWord } from './layout.ts';
import { listen, PARK_MS, park, ring as ringBell } from './park.ts';

/** No slab: nothing to claim, or the ring is closed and nothing is left. */
export const NO_SLAB = -1;

const MAX_CHUNKS = 0xffff;

export class RingWorker {
  readonly #ring: Ring;
  readonly #control: Int32Array;
  readonly #worker: number;
  #slab = NO_SLAB;
  #chunks = 0;

  /** `worker` is its number, from 0, among the workers of the ring. */
  constructor(ring: Ring, worker: number) {
    this.#ring = ring;
    this.#control = ring.control;
    this.#worker = worker;
  }

  /** Says that this thread is the worker now: whoever waits for its start goes on. */
  started(): void {
    Atomics.store(this.#control, CONTROL.workerThread + this.#worker, threadId);
    Atomics.notify(this.#control, CONTROL.workerThread + this.#worker);
  }

  /** Claims the oldest slab without an owner. @returns its slot, or NO_SLAB. */
  claim(): number {
    const control = this.#control;
    const mask = this.#ring.sizes.slabs - 1;
    // From `durable`, every time: a slab whose worker died is free again although newer ones are taken, and the committer
    // waits for exactly that one. Few slabs lie between `durable` and the oldest free one: those in work and in commit.
    let counter = Atomics.load(control, CONTROL.durable);
    const published = Atomics.load(control, CONTROL.published);
    for (; ((published - counter) | 0) > 0; counter = (counter + 1) | 0) {
      const slab = counter & mask;
      const owner = slabWord(slab, SLAB.owner);
      // Between load and exchange another worker may have claimed it: the exchange then fails and the walk goes on. That
      // the slab was finished, released and published again meanwhile does no harm (producer.ts, publish).
      if (Atomics.load(control, owner) !== 0) continue;
      if (Atomics.compareExchange(control, owner, 0, this.#worker + 1) !== 0) continue;
      this.#slab = slab;
      this.#chunks = 0;
      return slab;
    }
    return NO_SLAB;
  }

  /** Claims, and sleeps while there is nothing to claim. @returns a slot, or NO_SLAB when the ring is closed and empty. */
  next(): number {
    const control = this.#control;
    const idle = CONTROL.workerIdle + this.#worker;
    for (;;) {
      // Bell and `closed` before the look. A slab published after the look has rung the bell, so park returns at once;
      // with `closed` read as 1 no slab was published after the look.
      const heard = listen(control, CONTROL.workBell);
      const closed = Atomics.load(control, CONTROL.closed);
      const slab = this.claim();
      if (slab !== NO_SLAB || closed === 1) return slab;
      Atomics.store(control, idle, 1);
      park(control, CONTROL.workBell, heard, PARK_MS);
      Atomics.store(control, idle, 0);
    }
  }

  /** Bytes and frames of input in the claimed slab. */
  get bytes(): number {
    return Atomics.load(this.#control, slabWord(this.#slab, SLAB.bytes));
  }

  get frames(): number {
    return Atomics.load(this.#control, slabWord(this.#slab, SLAB.frames));
  }

  /** Frames to be refused without calling the codec (FRAME_FLAG.crash, FRAME_MODE.unknown). */
  get flagged(): number {
    return Atomics.load(this.#control, slabWord(this.#slab, SLAB.flagged));
  }

  /** Names the frame that the codec is about to touch; NO_FRAME when it has none in its hands. */
  touch(frame: number): void {
    Atomics.store(this.#control, slabWord(this.#slab, SLAB.frame), frame);
  }

  /** True when the output area is the worker's to write: the newest chunk, perhaps of a dead worker, is in the journal. */
  get writable(): boolean {
    const chunk = Atomics.load(this.#control, slabWord(this.#slab, SLAB.chunk));
    return Atomics.load(this.#control, slabWord(this.#slab, SLAB.taken)) === chunk;
  }

  /** Sleeps until the output area is writable. */
  awaitWritable(): void {
    for (;;) {
      const heard = listen(this.#control, CONTROL.takenBell);
      if (this.writable) return;
      park(this.#control, CONTROL.takenBell, heard, PARK_MS);
    }
  }

  /**
   * Puts the first `bytes` bytes of `output` before the committer as the slab's next chunk. `rejects` = summaries
   * written so far. After the last chunk the worker is done with the slab.
   */
  publish(output: Uint8Array, bytes: number, rejects: number, last: boolean): void {
    const control = this.#control;
    const slab = this.#slab;
    assert(this.writable && this.#chunks < MAX_CHUNKS, 'a chunk follows one that was taken');
    this.#chunks++;
    const chunk = (Atomics.load(control, slabWord(slab, SLAB.attempt)) << 16) | this.#chunks;
    this.touch(NO_FRAME);
    Atomics.store(control, slabWord(slab, SLAB.rejects), rejects);
    Atomics.store(control, slabWord(slab, SLAB.chunkBytes), bytes);
    Atomics.store(control, slabWord(slab, SLAB.chunkCrc), crc32c(output, 0, bytes));
    Atomics.store(control, slabWord(slab, SLAB.chunkLast), last ? chunk : 0);
    // This one store makes the chunk exist. Before it, a worker that dies leaves chunk === taken and chunkLast !== chunk:
    // the committer saw nothing and the slab is done again. After it, a last chunk is finished work.
    Atomics.store(control, slabWord(slab, SLAB.chunk), chunk);
    ringBell(control, CONTROL.commitBell);
    if (!last) return;
    Atomics.add(control, CONTROL.workerSlabs + this.#worker, 1);
    this.#slab = NO_SLAB;
  }
}
