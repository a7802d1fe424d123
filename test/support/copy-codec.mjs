// A codec for tests of ring and pool: each frame becomes a frame entry and one refused entry with the payload as it is.
// A payload that begins with a marker makes it fail in a known way:
//   THROW  throws          EXIT  ends the thread          WEDGE  writes nothing, for ever          BUSY  takes 20 ms

import { CODES, NO_FIELD } from '../../dist/engine/codes.js';
import { FRAME, FRAME_HEADER_BYTES, frameBytes } from '../../dist/engine/ring/frame.js';

const ENTRY_BYTES = 32;
const CODE = CODES.indexOf('json.syntax');

export function createCodec() {
  return { name: 'portable', encode };
}

function encode(slab, cursor, out, begin) {
  const input = new DataView(slab.input.buffer, slab.input.byteOffset, slab.input.byteLength);
  const output = new DataView(out.buffer, out.byteOffset, out.byteLength);
  let used = 0;
  while (cursor.frame < slab.frames) {
    begin(cursor.frame);
    const at = cursor.offset;
    const length = input.getUint32(at + FRAME.bytes, true);
    const payload = slab.input.subarray(at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + length);
    if (fail(payload)) return used;
    const refused = (ENTRY_BYTES + length + 7) & ~7;
    if (used + ENTRY_BYTES + refused > out.length) return used;
    output.setUint32(used, ENTRY_BYTES, true);
    output.setUint32(used + 4, 1, true);
    output.setUint32(used + 8, input.getUint32(at + FRAME.source, true), true);
    output.setUint32(used + 12, input.getUint32(at + FRAME.stream, true), true);
    output.setFloat64(used + 16, input.getFloat64(at + FRAME.frame, true), true);
    output.setFloat64(used + 24, input.getFloat64(at + FRAME.receivedMs, true), true);
    used += ENTRY_BYTES;
    output.setUint32(used, refused, true);
    output.setUint32(used + 4, 2, true);
    output.setUint32(used + 8, input.getUint32(at + FRAME.stream, true), true);
    output.setUint32(used + 12, 0, true);
    output.setUint32(used + 16, 0, true);
    output.setUint16(used + 20, CODE, true);
    output.setUint16(used + 22, NO_FIELD, true);
    output.setUint32(used + 24, length, true);
    out.fill(0, used + ENTRY_BYTES + length, used + refused);
    out.set(payload, used + ENTRY_BYTES);
    used += refused;
    input.setUint32(at + FRAME.accepted, 0, true);
    input.setUint32(at + FRAME.rejected, 1, true);
    input.setUint32(at + FRAME.refusal, CODE, true);
    cursor.frame++;
    cursor.offset += frameBytes(length);
  }
  return used;
}

/** @returns true when the codec is to stand still. */
function fail(payload) {
  const text = String.fromCharCode(...payload.subarray(0, 5));
  if (text === 'THROW') throw new RangeError('the codec met its marker');
  if (text.startsWith('EXIT')) process.exit(3);
  if (text.startsWith('BUSY')) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  return text === 'WEDGE';
}
