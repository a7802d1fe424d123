// The frontend's end of the ring: frames are copied into the open slab, which is published whole. The open slab is the
// one that the counter `published` points at; nobody else looks at it. A full ring is a return value. `append` allocates
// nothing.

import { assert } from '../assert.ts';
import { type Copy, copierInto } from '../copy.ts';
import { FRAME, FRAME_HEADER_BYTES, FRAME_MODE, frameBytes } from './frame.ts';
import { CONTROL, inputOffset, MAX_WORKERS, NO_FRAME, type Ring, SLAB, slabWord } from './layout.ts';
import { listen, park, ring as ringBell } from './park.ts';

export class RingProducer {
  readonly #control: Int32Array;
  readonly #copy: Copy;
  readonly #words: Uint32Array;
  readonly #doubles: Float64Array;
  readonly #ring: Ring;
  readonly #workers: number;
  /** Slot of the open slab, -1 when none is open. */
  #slab = -1;
  /** Byte offsets in the data area: where the open slab begins, where its next frame goes, where it ends. */
  #start = 0;
  #at = 0;
  #end = 0;
  #frames = 0;
  #unknown = 0;

  /** `workers`: how many idle words are in use (the first ones). */
  constructor(ring: Ring, workers: number = MAX_WORKERS) {
    this.#ring = ring;
    this.#workers = workers;
    this.#control = ring.control;
    this.#copy = copierInto(ring.data);
    this.#words = new Uint32Array(ring.data.buffer);
    this.#doubles = new Float64Array(ring.data.buffer);
  }

  /** Slabs published and not yet released, 0 to `slabs`. */
  get inFlight(): number {
    return (
      (Atomics.load(this.#control, CONTROL.published) - Atomics.load(this.#control, CONTROL.released)) | 0
    );
  }

  /** Frames in the open slab, not yet published. */
  get openFrames(): number {
    return this.#frames;
  }

  /**
   * Makes room for frames that together take `bytes` (the sum of their frameBytes()) in one slab; publishes the open
   * slab when they do not fit behind what it holds. `bytes` is at most `slabBytes`.
   * @returns false when the ring is full: then nothing has changed.
   */
  reserve(bytes: number): boolean {
    if (this.#slab !== -1 && this.#at + bytes <= this.#end) return true;
    const { slabs, slabBytes } = this.#ring.sizes;
    assert(bytes <= slabBytes, 'what is reserved fits one slab');
    // An open slab holds frames here (an empty one takes any reservation), so it counts as published.
    const ahead = this.#slab === -1 ? 0 : 1;
    if (this.inFlight + ahead >= slabs) return false;
    this.publish();
    this.#open();
    return true;
  }

  /**
   * Copies one frame in. Only after a `reserve` that covers it. `frame` is its number in the session, `receivedMs` Unix
   * milliseconds, `slot` the frontend's own row; `payload` is not kept.
   */
  append(
    kind: number,
    mode: number,
    stream: number,
    source: number,
    frame: number,
    receivedMs: number,
    slot: number,
    payload: ArrayBuffer | Uint8Array,
  ): void {
    const at = this.#at;
    const length = payload.byteLength;
    const next = at + frameBytes(length);
    assert(next <= this.#end, 'a frame was reserved before it is appended');
    const word = at >>> 2;
    const words = this.#words;
    // Words of four bytes and of eight on their own alignment; little-endian machines only (crc32c.ts asserts it).
    words[word + FRAME.bytes / 4] = length;
    words[word + FRAME.kind / 4] = kind | (mode << 8); // flags and padding are 0
    words[word + FRAME.stream / 4] = stream;
    words[word + FRAME.source / 4] = source;
    this.#doubles[(at + FRAME.frame) >>> 3] = frame;
    this.#doubles[(at + FRAME.receivedMs) >>> 3] = receivedMs;
    words[word + FRAME.slot / 4] = slot;
    words[word + FRAME.accepted / 4] = 0;
    words[word + FRAME.rejected / 4] = 0;
    words[word + FRAME.refusal / 4] = 0;
    this.#copy(at + FRAME_HEADER_BYTES, payload);
    this.#at = next;
    this.#frames++;
    if (mode === FRAME_MODE.unknown) this.#unknown++;
  }

  /** Hands the open slab to the workers if it holds a frame. */
  publish(): void {
    if (this.#frames === 0) return;
    const control = this.#control;
    const slab = this.#slab;
    Atomics.store(control, slabWord(slab, SLAB.bytes), this.#at - this.#start);
    Atomics.store(control, slabWord(slab, SLAB.frames), this.#frames);
    Atomics.store(control, slabWord(slab, SLAB.frame), NO_FRAME);
    Atomics.store(control, slabWord(slab, SLAB.rejects), 0);
    Atomics.store(control, slabWord(slab, SLAB.flagged), this.#unknown);
    Atomics.store(control, slabWord(slab, SLAB.chunkLast), 0);
    // `chunk` and `taken` are equal and stay as they are. Resetting them could not be done in one step: between the two
    // stores a committer that already waits for this slab would see them differ and take a chunk that was never written.
    Atomics.add(control, slabWord(slab, SLAB.attempt), 1);
    Atomics.add(control, CONTROL.published, 1);
    // Last, because this is what a worker claims by. A worker that read `published` a whole lap ago may still try the
    // slab's previous counter: until this store it finds the previous owner and leaves the slab alone, after it the slab
    // is complete and published, and may as well be claimed under the old number (only the slot matters to a worker).
    Atomics.store(control, slabWord(slab, SLAB.owner), 0);
    ringBell(control, CONTROL.workBell, 1);
    this.#slab = -1;
    this.#frames = 0;
    this.#unknown = 0;
  }

  /**
   * True when a worker sleeps and would find nothing but the open slab: the newest published slab is claimed. A worker
   * that was just rung for still counts as asleep; without the second condition it would be sent slabs of single frames.
   */
  workerIdle(): boolean {
    const control = this.#control;
    const published = Atomics.load(control, CONTROL.published);
    if (published !== Atomics.load(control, CONTROL.durable)) {
      const newest = (published - 1) & (this.#ring.sizes.slabs - 1);
      if (Atomics.load(control, slabWord(newest, SLAB.owner)) === 0) return false;
    }
    for (let w = 0; w < this.#workers; w++) {
      if (Atomics.load(control, CONTROL.workerIdle + w) === 1) return true;
    }
    return false;
  }

  /**
   * Blocks the thread for at most `ms` milliseconds until a slab is durable that is not released yet.
   * @returns true when there is one (RingConsumer.release makes room), false after the time-out.
   */
  waitDurable(ms: number): boolean {
    const control = this.#control;
    const heard = listen(control, CONTROL.durableBell);
    if (this.#durableAhead()) return true;
    park(control, CONTROL.durableBell, heard, ms);
    return this.#durableAhead();
  }

  /** Publishes the open slab and says that nothing follows: workers and committer end when all is done. Idempotent. */
  close(): void {
    this.publish();
    // After the last `published`: whoever reads closed = 1 and then finds nothing left has seen everything.
    Atomics.store(this.#control, CONTROL.closed, 1);
    ringBell(this.#control, CONTROL.workBell);
    ringBell(this.#control, CONTROL.commitBell);
  }

  #open(): void {
    const { slabs, slabBytes } = this.#ring.sizes;
    this.#slab = Atomics.load(this.#control, CONTROL.published) & (slabs - 1);
    this.#start = inputOffset(this.#ring.sizes, this.#slab);
    this.#at = this.#start;
    this.#end = this.#start + slabBytes;
  }

  #durableAhead(): boolean {
    return Atomics.load(this.#control, CONTROL.durable) !== Atomics.load(this.#control, CONTROL.released);
  }
}
