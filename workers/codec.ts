// The seam between the twins: one call turns frames of a slab into entries. `portable.ts` is the reference; the native
// twin must give the same bytes for every input.

import type { StreamSpec } from '../engine/schema/table.ts';

/** Where encoding of a slab stands. `frame`/`offset` name the next frame, `record` how many of its records are out. */
export interface Cursor {
  frame: number;
  offset: number;
  record: number;
}

/** What one slab looks like to a codec: views on shared memory, made once per slab slot. */
export interface SlabView {
  readonly input: Uint8Array;
  readonly rejects: Uint8Array;
  /** Bytes and frames of input in use. */
  bytes: number;
  frames: number;
  /** Number of reject summaries written so far: set to 0 by the worker when it starts a slab, advanced by the codec. */
  rejected: number;
  /** One control word of the ring: a codec that stores the index of each frame in it need not call `begin`. */
  readonly frameWord?: Int32Array;
}

export interface Codec {
  readonly name: 'portable' | 'native';
  /**
   * Encodes frames from `cursor` on into `out` until `out` cannot take the next entry or the slab is at its end
   * (`cursor.frame === slab.frames`). Writes the accepted/rejected/refusal words of each frame that it finishes.
   * `begin(frame)` is called with the index of each frame before it is touched, or `slab.frameWord` set to it.
   * @returns bytes written to `out`: whole entries.
   */
  encode(slab: SlabView, cursor: Cursor, out: Uint8Array, begin: (frame: number) => void): number;
}

/** Makes a codec for the given streams. */
export type CreateCodec = (streams: readonly StreamSpec[]) => Codec | Promise<Codec>;
