// A small ring for tests, its counters set to any start (they run modulo 2^32), and a committer's steps by hand.

import { FRAME_KIND, FRAME_MODE } from '../../engine/ring/frame.ts';
import { CONTROL, createRing, type Ring, type RingSizes, SLAB, slabWord } from '../../engine/ring/layout.ts';
import type { RingProducer } from '../../engine/ring/producer.ts';

export const SMALL: RingSizes = { slabs: 4, slabBytes: 512, outputBytes: 1024, rejectBytes: 64 };

/** Counters close before each place where 32-bit arithmetic can go wrong. */
export const STARTS: readonly number[] = [0, 0x7fff_fffd, 0xffff_fffd];

export function ringAt(start: number, sizes: RingSizes = SMALL): Ring {
  const ring = createRing(sizes);
  for (const word of [CONTROL.published, CONTROL.durable, CONTROL.released]) ring.control[word] = start | 0;
  return ring;
}

/** Slot of the slab `steps` after the start. */
export function slotAt(ring: Ring, start: number, steps: number): number {
  return (start + steps) & (ring.sizes.slabs - 1);
}

/** Appends a data frame that carries `frame` as its number. */
export function appendFrame(producer: RingProducer, frame: number, payload: Uint8Array): void {
  producer.append(FRAME_KIND.data, FRAME_MODE.auto, 1, 2, frame, 1_700_000_000_000, 3, payload);
}

/** Takes the chunk of `slab` if there is one, as the committer does. @returns its number, first and last; null = no chunk. */
export function takeChunk(ring: Ring, slab: number): { bytes: number; first: boolean; last: boolean } | null {
  const chunk = Atomics.load(ring.control, slabWord(slab, SLAB.chunk));
  if (chunk === Atomics.load(ring.control, slabWord(slab, SLAB.taken))) return null;
  Atomics.store(ring.control, slabWord(slab, SLAB.taken), chunk);
  return {
    bytes: Atomics.load(ring.control, slabWord(slab, SLAB.chunkBytes)),
    first: (chunk & 0xffff) === 1,
    last: Atomics.load(ring.control, slabWord(slab, SLAB.chunkLast)) !== 0,
  };
}

/** Makes the oldest slab durable whatever its state: for tests that are not about workers. */
export function makeDurable(ring: Ring): void {
  Atomics.add(ring.control, CONTROL.durable, 1);
  Atomics.add(ring.control, CONTROL.durableBell, 1);
}
