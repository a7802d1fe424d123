// One slab through the codec: chunk after chunk until the last frame is out. Frames that killed two workers are not shown
// to the codec again; each becomes one refused record, codec.crash. Frames of unknown schema are never shown to it.

import { assert } from '../engine/assert.ts';
import type { RingWorker } from '../engine/ring/claim.ts';
import { FRAME, FRAME_FLAG, FRAME_MODE, frameBytes } from '../engine/ring/frame.ts';
import {
  inputOffset,
  NO_FRAME,
  outputOffset,
  type Ring,
  rejectsOffset,
  SLAB,
  slabWord,
} from '../engine/ring/layout.ts';
import type { Codec, Cursor, SlabView } from './codec.ts';
import { EntryWriter } from './entries.ts';
import { refuseCrashed, refuseUnknown } from './reject.ts';

/** What the worker needs of one slot, made once. */
interface Slot {
  readonly slab: SlabView;
  readonly input: DataView;
  readonly output: Uint8Array;
}

export class SlabEncoder {
  readonly #worker: RingWorker;
  readonly #codec: Codec;
  readonly #slots: readonly Slot[];
  readonly #cursor: Cursor = { frame: 0, offset: 0, record: 0 };
  readonly #entries = new EntryWriter();
  readonly #begin: (frame: number) => void;

  constructor(ring: Ring, worker: RingWorker, codec: Codec) {
    this.#worker = worker;
    this.#codec = codec;
    this.#slots = Array.from({ length: ring.sizes.slabs }, (_, slab) => slotOf(ring, slab));
    this.#begin = (frame) => worker.touch(frame);
  }

  /** Encodes the slab that the worker has claimed, `slab` being its slot. Sleeps where the committer has to catch up. */
  encode(slab: number): void {
    const slot = this.#slots[slab] as Slot;
    const worker = this.#worker;
    const cursor = this.#cursor;
    const frames = worker.frames;
    slot.slab.bytes = worker.bytes;
    slot.slab.rejected = 0;
    cursor.frame = 0;
    cursor.offset = 0;
    cursor.record = 0;
    do {
      worker.awaitWritable();
      const bytes = this.#fill(slot, frames);
      worker.publish(slot.output, bytes, slot.slab.rejected, cursor.frame === frames);
    } while (cursor.frame < frames);
  }

  /** One chunk: up to the end of the slab or until the output is full. @returns bytes written. */
  #fill(slot: Slot, frames: number): number {
    const cursor = this.#cursor;
    let used = 0;
    for (;;) {
      // The codec sees the slab end before the next flagged frame.
      slot.slab.frames = this.#nextFlagged(slot.input, frames);
      if (cursor.frame < slot.slab.frames) {
        const room = used === 0 ? slot.output : slot.output.subarray(used);
        const bytes = this.#codec.encode(slot.slab, cursor, room, this.#begin);
        used += bytes;
        // Asserted while the frame is still in the codec's hands, so that a codec that stands still counts as a death of it.
        assert(bytes <= room.length && cursor.frame <= slot.slab.frames, 'the codec stays inside its slab');
        assert(
          used > 0 || cursor.frame === slot.slab.frames,
          'the codec fills an empty output with at least one entry',
        );
        this.#worker.touch(NO_FRAME);
        if (cursor.frame < slot.slab.frames) return used;
      }
      if (cursor.frame === frames) return used;
      const refused = this.#refuse(slot, used);
      if (refused === used) return used;
      used = refused;
    }
  }

  /** Refuses the frame at the cursor and goes past it. @returns bytes used then: as many as before when there is no room. */
  #refuse(slot: Slot, used: number): number {
    const cursor = this.#cursor;
    this.#entries.open(slot.output, used);
    const unknown = slot.input.getUint8(cursor.offset + FRAME.mode) === FRAME_MODE.unknown;
    const refuse = unknown ? refuseUnknown : refuseCrashed;
    if (!refuse(slot.slab, slot.input, cursor.offset, cursor.frame, this.#entries)) return used;
    cursor.offset += frameBytes(slot.input.getUint32(cursor.offset + FRAME.bytes, true));
    cursor.frame++;
    cursor.record = 0;
    return this.#entries.at;
  }

  /** Index of the first flagged frame from the cursor on, `frames` when there is none. */
  #nextFlagged(input: DataView, frames: number): number {
    if (this.#worker.flagged === 0) return frames;
    let at = this.#cursor.offset;
    for (let frame = this.#cursor.frame; frame < frames; frame++) {
      const crash = (input.getUint8(at + FRAME.flags) & FRAME_FLAG.crash) !== 0;
      if (crash || input.getUint8(at + FRAME.mode) === FRAME_MODE.unknown) return frame;
      at += frameBytes(input.getUint32(at + FRAME.bytes, true));
    }
    return frames;
  }
}

function slotOf(ring: Ring, slab: number): Slot {
  const { sizes, data, control } = ring;
  const start = inputOffset(sizes, slab);
  const output = outputOffset(sizes, slab);
  const rejects = rejectsOffset(sizes, slab);
  const frameWord = slabWord(slab, SLAB.frame);
  return {
    slab: {
      input: data.subarray(start, start + sizes.slabBytes),
      rejects: data.subarray(rejects, rejects + sizes.rejectBytes),
      bytes: 0,
      frames: 0,
      rejected: 0,
      frameWord: control.subarray(frameWord, frameWord + 1),
    },
    input: new DataView(data.buffer, start, sizes.slabBytes),
    output: data.subarray(output, output + sizes.outputBytes),
  };
}
