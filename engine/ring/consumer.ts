// The frontend's other end of the ring: walks slabs that are durable, in ring order, each exactly once, and gives them
// back. A slab may be read until its visit returns; after that the producer may fill it again.

import { CONTROL, inputOffset, type Ring, rejectsOffset, SLAB, slabWord } from './layout.ts';

/** One durable slab. The object is re-used: valid during the visit only. */
export interface DurableSlab {
  /** Both on the whole data area; `input` and `rejects` are byte offsets in it. */
  readonly view: DataView;
  readonly bytes: Uint8Array;
  /** Where the first frame header lies (frame.ts); frames follow each other. */
  input: number;
  frames: number;
  /** Where the reject summaries lie (REJECT_BYTES each), and how many. */
  rejects: number;
  rejectCount: number;
}

export class RingConsumer {
  readonly #ring: Ring;
  readonly #slab: DurableSlab;
  #visiting = false;

  constructor(ring: Ring) {
    this.#ring = ring;
    this.#slab = {
      view: new DataView(ring.data.buffer),
      bytes: ring.data,
      input: 0,
      frames: 0,
      rejects: 0,
      rejectCount: 0,
    };
  }

  /**
   * Visits every slab that became durable and releases it after its visit. A call from inside a visit does nothing and
   * returns 0; a visit that throws leaves its slab unreleased.
   * @returns number of slabs released.
   */
  release(visit: (slab: DurableSlab) => void): number {
    if (this.#visiting) return 0;
    const { control, sizes } = this.#ring;
    let released = 0;
    this.#visiting = true;
    try {
      // `durable` is read again each time: what the committer finishes meanwhile is taken along. The load makes all that
      // worker and committer wrote for the slab visible, since both wrote it before `durable` moved.
      while (Atomics.load(control, CONTROL.durable) !== Atomics.load(control, CONTROL.released)) {
        const slot = Atomics.load(control, CONTROL.released) & (sizes.slabs - 1);
        this.#slab.input = inputOffset(sizes, slot);
        this.#slab.frames = Atomics.load(control, slabWord(slot, SLAB.frames));
        this.#slab.rejects = rejectsOffset(sizes, slot);
        this.#slab.rejectCount = Atomics.load(control, slabWord(slot, SLAB.rejects));
        visit(this.#slab);
        Atomics.add(control, CONTROL.released, 1);
        released++;
      }
    } finally {
      this.#visiting = false;
    }
    return released;
  }
}
