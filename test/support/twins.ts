// Both codecs as one: every call goes to the portable and to the native one, on copies of the same memory, and whatever
// they leave is compared byte for byte: entries, cursor, header words, reject summaries, calls of `begin`, and the bytes
// behind the output. Without the addon it is the portable codec alone, and `nativeMissing` says so.

import type { StreamSpec } from '../../engine/schema/table.ts';
import type { Codec, Cursor, SlabView } from '../../workers/codec.ts';
import { createNativeCodec, loadNative } from '../../workers/native.ts';
import { createPortableCodec } from '../../workers/portable.ts';

const native = loadNative();

/** Why there is no native codec to compare with, null when there is one. */
export const nativeMissing: string | null = native.addon === null ? native.reason : null;
if (nativeMissing !== null) console.log(`skipped: comparison of the codecs (${nativeMissing})`);

const CANARY = 0x5c;
const CANARY_BYTES = 256;

export function createTwins(streams: readonly StreamSpec[]): Codec {
  const portable = createPortableCodec(streams);
  if (nativeMissing !== null) return portable;
  const twin = createNativeCodec(streams);
  return {
    name: 'portable',
    encode: (slab, cursor, out, begin) => encodeBoth(portable, twin, slab, cursor, out, begin),
  };
}

function encodeBoth(
  portable: Codec,
  twin: Codec,
  slab: SlabView,
  cursor: Cursor,
  out: Uint8Array,
  begin: (frame: number) => void,
): number {
  const before = Buffer.from(slab.input);
  const input = shared(slab.input);
  const rejects = shared(slab.rejects);
  const area = new Uint8Array(new SharedArrayBuffer(out.length + CANARY_BYTES)).fill(CANARY);
  const twinSlab: SlabView = { ...slab, input, rejects };
  const twinCursor = { ...cursor };
  const begun: number[] = [];
  const twinBegun: number[] = [];
  const bytes = portable.encode(slab, cursor, out, (frame) => {
    begun.push(frame);
    begin(frame);
  });
  const twinBytes = twin.encode(twinSlab, twinCursor, area.subarray(0, out.length), (frame) => {
    twinBegun.push(frame);
  });
  const words = [bytes, cursor.frame, cursor.offset, cursor.record, slab.rejected, ...begun];
  const twinWords = [
    twinBytes,
    twinCursor.frame,
    twinCursor.offset,
    twinCursor.record,
    twinSlab.rejected,
    ...twinBegun,
  ];
  same(Buffer.from(words.join()), Buffer.from(twinWords.join()), 'words', before);
  same(out.subarray(0, bytes), area.subarray(0, bytes), 'entries', before);
  same(slab.input, input, 'input with its header words', before);
  same(slab.rejects, rejects, 'reject summaries', before);
  if (area.subarray(out.length).some((byte) => byte !== CANARY)) {
    throw new Error(`the native codec writes past its output: ${before.toString('latin1')}`);
  }
  return bytes;
}

function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

function same(wanted: Uint8Array, got: Uint8Array, what: string, input: Buffer): void {
  if (Buffer.compare(wanted, got) === 0) return;
  const at = wanted.findIndex((byte, i) => got[i] !== byte);
  const show = (bytes: Uint8Array): string =>
    JSON.stringify(Buffer.from(bytes.subarray(Math.max(0, at - 80), at + 80)).toString('latin1'));
  throw new Error(
    `the codecs differ in ${what} at ${at}:\nportable ${show(wanted)}\nnative   ${show(got)}\ninput    ${JSON.stringify(
      input.subarray(0, 2000).toString('latin1'),
    )}`,
  );
}
