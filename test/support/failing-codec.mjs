// The portable codec, but for frames that hold a marker anywhere in their payload: `CODEC-THROW` makes it throw,
// `CODEC-EXIT` ends the thread. Frames before the marked one go through, as with a codec that really dies of its input.

import { FRAME, FRAME_HEADER_BYTES, frameBytes } from '../../dist/engine/ring/frame.js';
import { createPortableCodec } from '../../dist/workers/portable.js';

export async function createCodec(streams) {
  const codec = await createPortableCodec(streams);
  return {
    name: codec.name,
    encode(slab, cursor, out, begin) {
      const frames = slab.frames;
      const marked = firstMarked(slab, cursor);
      slab.frames = marked.frame;
      const bytes = cursor.frame < marked.frame ? codec.encode(slab, cursor, out, begin) : 0;
      slab.frames = frames;
      if (marked.frame === frames || cursor.frame < marked.frame) return bytes;
      begin(marked.frame);
      if (marked.marker === 'CODEC-EXIT') process.exit(3);
      throw new RangeError('the codec met its marker');
    },
  };
}

/** The first frame with a marker from the cursor on; `slab.frames` when there is none. */
function firstMarked(slab, cursor) {
  const input = Buffer.from(slab.input.buffer, slab.input.byteOffset, slab.input.byteLength);
  let at = cursor.offset;
  for (let frame = cursor.frame; frame < slab.frames; frame++) {
    const length = input.readUInt32LE(at + FRAME.bytes);
    const payload = input.subarray(at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + length);
    for (const marker of ['CODEC-THROW', 'CODEC-EXIT']) {
      if (payload.includes(marker)) return { frame, marker };
    }
    at += frameBytes(length);
  }
  return { frame: slab.frames, marker: null };
}
