// The work of the whole-codec comparisons: a ring filled by the producer, as the front end leaves it, and every slab of it
// as a codec sees it. All arms read the same shared memory.

import { KIB } from '../../engine/limits.ts';
import { FRAME_KIND, FRAME_MODE, frameBytes } from '../../engine/ring/frame.ts';
import {
  createRing,
  inputOffset,
  type Ring,
  rejectsOffset,
  SLAB,
  slabWord,
} from '../../engine/ring/layout.ts';
import { RingProducer } from '../../engine/ring/producer.ts';
import { lineGrowth } from '../../engine/schema/compile.ts';
import type { StreamSpec } from '../../engine/schema/table.ts';
import { TELEMETRY_1 } from '../../engine/schema/telemetry.ts';
import type { SlabView } from '../../workers/codec.ts';

/** The stream that every comparison works for. */
export const STREAM: StreamSpec = {
  number: 1,
  stream: 'coldchain',
  table: TELEMETRY_1,
  unknownFields: 'reject',
  zones: null,
  maxRecordsPerFrame: 10_000,
};

/** When the first frame came in, Unix ms; one millisecond later every FRAMES_PER_MS frames, as in a busy front end. */
const RECEIVED_MS = Date.UTC(2026, 10, 20, 12, 0, 0);
const FRAMES_PER_MS = 100;
const SLAB_BYTES = 256 * KIB;

/** How the records of a frame stand in it. */
export interface Shape {
  readonly records: number;
  readonly form: 'lines' | 'array';
}

export interface Slab {
  readonly view: SlabView;
  /** The same memory as `view.input`, for arms that work with node:buffer. */
  readonly input: Buffer;
  readonly header: DataView;
  /** Memory of its own, not the ring's: sealing gathers leaves from what it has read from the journal into such memory. */
  readonly output: Uint8Array;
}

export interface Slabs {
  readonly ring: Ring;
  readonly slabs: readonly Slab[];
  readonly records: number;
  readonly frames: number;
}

/** The payloads of frames that hold the records in the given shape. */
export function framesOf(records: readonly string[], { records: each, form }: Shape): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < records.length; at += each) {
    const some = records.slice(at, at + each);
    frames.push(Buffer.from(form === 'array' ? `[${some.join(',')}]` : some.join('\n')));
  }
  return frames;
}

/** Puts the records into the slabs of a ring that is just large enough. */
export function makeSlabs(records: readonly string[], shape: Shape): Slabs {
  const frames = framesOf(records, shape);
  const bytes = frames.reduce((sum, { length }) => sum + frameBytes(length), 0);
  // A frame that does not fit the rest of a slab leaves it unused.
  const largest = Math.max(...frames.map(({ length }) => frameBytes(length)));
  const needed = Math.ceil(bytes / (SLAB_BYTES - largest));
  const sizes = {
    slabs: Math.max(4, 2 ** Math.ceil(Math.log2(needed))),
    slabBytes: SLAB_BYTES,
    outputBytes: 2 * SLAB_BYTES,
    rejectBytes: SLAB_BYTES / 4,
  };
  const ring = createRing(sizes);
  const producer = new RingProducer(ring, 1);
  for (const [i, payload] of frames.entries()) {
    if (!producer.reserve(frameBytes(payload.length)))
      throw new Error('the ring is too small for the records');
    const receivedMs = RECEIVED_MS + Math.floor(i / FRAMES_PER_MS);
    producer.append(FRAME_KIND.data, FRAME_MODE.auto, STREAM.number, 1, i, receivedMs, 0, payload);
  }
  producer.publish();
  const slabs = Array.from({ length: producer.inFlight }, (_, slab) => slabOf(ring, slab));
  return { ring, slabs, records: records.length, frames: frames.length };
}

function slabOf(ring: Ring, slab: number): Slab {
  const { sizes, data, control } = ring;
  const at = inputOffset(sizes, slab);
  const rejects = rejectsOffset(sizes, slab);
  const word = slabWord(slab, SLAB.frame);
  return {
    view: {
      input: data.subarray(at, at + sizes.slabBytes),
      rejects: data.subarray(rejects, rejects + sizes.rejectBytes),
      bytes: control[slabWord(slab, SLAB.bytes)] as number,
      frames: control[slabWord(slab, SLAB.frames)] as number,
      rejected: 0,
      frameWord: control.subarray(word, word + 1),
    },
    input: Buffer.from(data.buffer, at, sizes.slabBytes),
    header: new DataView(data.buffer, at, sizes.slabBytes),
    output: new Uint8Array(sizes.outputBytes),
  };
}

/** The most bytes that the lines of so many records take, each with its LF and a byte before it. */
export function lineRoom(slabs: Slabs): number {
  const input = slabs.slabs.reduce((sum, { view }) => sum + view.bytes, 0);
  return input + slabs.records * (lineGrowth(STREAM) + 2);
}
