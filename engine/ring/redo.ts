// What becomes of the slab of a worker that died: done again from its first frame, by whoever claims it. Runs on the main
// thread, after the dead thread has ended; the frontend runs there too, so no slab is published or released meanwhile.
// A frame that was in the codec's hands at two deaths is flagged: the next run refuses it as codec.crash.

import { assert } from '../assert.ts';
import { FRAME, FRAME_FLAG, FRAME_KIND, frameBytes } from './frame.ts';
import { CONTROL, inputOffset, NO_FRAME, type Ring, SLAB, slabWord } from './layout.ts';
import { ring as ringBell } from './park.ts';

/** Deaths of workers with the same frame in the codec's hands, after which the frame is refused. */
const DEATHS_PER_FRAME = 2;

/** Who was to blame for the deaths over one use of a slab. */
interface Blame {
  attempt: number;
  readonly deaths: Map<number, number>;
}

export class Redo {
  readonly #ring: Ring;
  readonly #view: DataView;
  readonly #blames = new Map<number, Blame>();

  constructor(ring: Ring) {
    this.#ring = ring;
    this.#view = new DataView(ring.data.buffer);
  }

  /**
   * Cleans up behind worker `worker`, whose thread has ended. `blame` is false when its end was asked for: then no frame
   * is held responsible.
   * @returns true when a frame came closer to being refused: such a death is progress, an endless row of them is not possible.
   */
  died(worker: number, blame: boolean): boolean {
    const { control, sizes } = this.#ring;
    Atomics.store(control, CONTROL.workerIdle + worker, 0);
    Atomics.store(control, CONTROL.workerThread + worker, 0);
    let progress = false;
    for (let slab = 0; slab < sizes.slabs; slab++) {
      if (Atomics.load(control, slabWord(slab, SLAB.owner)) !== worker + 1 || this.#finished(slab)) continue;
      if (blame && this.#blame(slab)) progress = true;
      this.#again(slab);
    }
    // Always: the bell may have been rung for this worker alone, and then nobody else knows of the slab it did not claim.
    ringBell(control, CONTROL.workBell);
    return progress;
  }

  /** The last chunk is out (perhaps already in the journal), or the slab has been through a whole lap. */
  #finished(slab: number): boolean {
    const last = Atomics.load(this.#ring.control, slabWord(slab, SLAB.chunkLast));
    return last !== 0 && last === Atomics.load(this.#ring.control, slabWord(slab, SLAB.chunk));
  }

  #blame(slab: number): boolean {
    const { control } = this.#ring;
    const frame = Atomics.load(control, slabWord(slab, SLAB.frame));
    if (frame === NO_FRAME) return false;
    const attempt = Atomics.load(control, slabWord(slab, SLAB.attempt));
    let blame = this.#blames.get(slab);
    // Another attempt than the one that `#again` will have left: the slab has been published anew since.
    if (blame === undefined || blame.attempt !== attempt) {
      blame = { attempt, deaths: new Map() };
      this.#blames.set(slab, blame);
    }
    const deaths = (blame.deaths.get(frame) ?? 0) + 1;
    blame.deaths.set(frame, deaths);
    return deaths < DEATHS_PER_FRAME || (deaths === DEATHS_PER_FRAME && this.#flag(slab, frame));
  }

  /** @returns false for a control frame: it is copied, not parsed, so the fault lies elsewhere; refusing it would lose it. */
  #flag(slab: number, frame: number): boolean {
    let at = inputOffset(this.#ring.sizes, slab);
    for (let i = 0; i < frame; i++) at += frameBytes(this.#view.getUint32(at + FRAME.bytes, true));
    if (this.#view.getUint8(at + FRAME.kind) !== FRAME_KIND.data) return false;
    // Plain store: the next owner reads it after its claim, which follows the store of `owner` below.
    this.#view.setUint8(at + FRAME.flags, this.#view.getUint8(at + FRAME.flags) | FRAME_FLAG.crash);
    Atomics.add(this.#ring.control, slabWord(slab, SLAB.flagged), 1);
    return true;
  }

  #again(slab: number): void {
    const { control } = this.#ring;
    Atomics.store(control, slabWord(slab, SLAB.frame), NO_FRAME);
    Atomics.store(control, slabWord(slab, SLAB.rejects), 0);
    Atomics.store(control, slabWord(slab, SLAB.chunkLast), 0);
    // A chunk of the dead worker that the committer has not taken stays where it is: the new owner waits for it to be
    // taken before it writes, and its own first chunk makes every reader drop the group that was left open.
    const attempt = Atomics.add(control, slabWord(slab, SLAB.attempt), 1);
    const blame = this.#blames.get(slab);
    if (blame?.attempt === attempt) blame.attempt = (attempt + 1) | 0;
    assert(Atomics.load(control, slabWord(slab, SLAB.owner)) !== 0, 'a slab that is done again had an owner');
    // Last: from here on it can be claimed.
    Atomics.store(control, slabWord(slab, SLAB.owner), 0);
  }
}
