// One zstd frame, made and read strictly (RFC 8878; FORMAT.md §3): content size present, no dictionary, nothing before or
// after it. Readers differ in what they do with a second or a skippable frame (some drop it silently, some fail), so the
// frame is walked block by block here before the decoder sees it, and anything but exactly one frame is refused.
//
// The codec is libzstd, out of the addon where it was built in, else as WebAssembly. They make different frames of the same
// content, and what one makes the other reads; what is refused here is refused whichever decodes. Memory grows to the
// largest object handled and stays there: bounded by MAX_OBJECT_BYTES.

import * as zstd from '@bokuweb/zstd-wasm';
import { assert } from '../engine/assert.ts';
import { MAX_OBJECT_BYTES } from '../engine/limits.ts';
import { nativeKernels } from './kernels.ts';

/** Level 1: on canonical NDJSON it is as dense as level 3 and faster; its window is at most 512 KiB. */
const LEVEL = 1;

const MAGIC = 0xfd2fb528;
const BLOCK = { raw: 0, rle: 1, compressed: 2 } as const;
const MAX_BLOCK_BYTES = 128 * 1024;

/** Neither frame nor content may be larger: past 2 GiB the codec's memory has no room, and it does not check. */
const MAX_CODEC_BYTES = 4 * MAX_OBJECT_BYTES;

/** These bytes are not the one frame that they should be. The message says why. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/** What the header of a frame says (RFC 8878 §3.1.1.1). */
export interface FrameHeader {
  readonly headerBytes: number;
  readonly contentBytes: number;
  readonly windowBytes: number;
  readonly checksum: boolean;
}

let ready: Promise<void> | null = null;
let usable = false;

/** Room for the frame that native code writes; what was written is copied out. */
let scratch = Buffer.alloc(0);

/**
 * Loads the WebAssembly module, once per thread, where there is no native code. Must have resolved before the first
 * compress or decompress, and again after another choice of kernels.
 */
export function initCompress(): Promise<void> {
  if (nativeKernels()?.compress !== undefined) return Promise.resolve();
  ready ??= zstd.init().then(() => {
    usable = true;
  });
  return ready;
}

/**
 * One frame holding `bytes` (at most MAX_OBJECT_BYTES; may lie on shared memory). The same bytes give the same frame, as
 * long as the same library makes it: so an object is made once and from then on only sent (engine/seal/outbox.ts).
 */
export function compress(bytes: Uint8Array): Uint8Array {
  assert(bytes.length <= MAX_OBJECT_BYTES, 'an object is compressed whole and at most 64 MiB');
  const native = nativeKernels();
  if (native?.compress !== undefined) {
    const room = frameBound(bytes.length);
    if (scratch.length < room) scratch = Buffer.allocUnsafeSlow(room);
    const written = native.compress(bytes, scratch);
    assert(written > 0, 'there is room for any frame of that many bytes');
    return new Uint8Array(scratch.subarray(0, written));
  }
  assert(usable, 'initCompress() has resolved');
  return zstd.compress(bytes, LEVEL);
}

/** Most bytes of a frame: blocks of 128 KiB that do not shrink, each with its header, and the frame's own. */
function frameBound(contentBytes: number): number {
  return contentBytes + (contentBytes >>> 8) + 1024;
}

/**
 * Content of the one frame that `bytes` is.
 * @throws FrameError when it is anything else: another format, no content size, content over `maxBytes`, a dictionary, a
 *   skippable or second frame, trailing bytes, a cut or damaged frame.
 */
export function decompress(bytes: Uint8Array, maxBytes: number): Uint8Array {
  assert(maxBytes <= MAX_CODEC_BYTES, 'the codec has room for the content');
  if (bytes.length > MAX_CODEC_BYTES) throw new FrameError('the frame is larger than any object');
  const header = readFrame(bytes);
  if (header.contentBytes > maxBytes) {
    throw new FrameError(`content of ${header.contentBytes} bytes, at most ${maxBytes} are allowed`);
  }
  const content = decode(bytes, header.contentBytes);
  if (content === null) throw new FrameError('the blocks of the frame cannot be decoded');
  if (content.length !== header.contentBytes)
    throw new FrameError('the content is not as long as the frame says');
  return content;
}

/** Content of a frame that was walked before, null when its blocks cannot be decoded into the bytes that it promises. */
function decode(bytes: Uint8Array, contentBytes: number): Uint8Array | null {
  const native = nativeKernels();
  if (native?.decompress !== undefined) {
    const content = Buffer.allocUnsafeSlow(contentBytes);
    const written = native.decompress(bytes, content);
    return written < 0 ? null : new Uint8Array(content.buffer, 0, written);
  }
  assert(usable, 'initCompress() has resolved');
  try {
    return zstd.decompress(bytes);
  } catch {
    return null;
  }
}

/** Checks that `bytes` is exactly one frame, without decoding its blocks, and returns its header. @throws FrameError */
export function readFrame(bytes: Uint8Array): FrameHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = readHeader(view);
  let at = header.headerBytes;
  let last = false;
  while (!last) {
    if (at + 3 > bytes.length) throw new FrameError('the frame is cut short');
    const word = view.getUint8(at) | (view.getUint16(at + 1, true) << 8);
    last = (word & 1) === 1;
    const type = (word >> 1) & 3;
    const size = word >>> 3;
    if (type > BLOCK.compressed) throw new FrameError('a block of the reserved type');
    if (size > MAX_BLOCK_BYTES) throw new FrameError('a block larger than the format allows');
    at += 3 + (type === BLOCK.rle ? 1 : size);
  }
  if (header.checksum) at += 4;
  if (at > bytes.length) throw new FrameError('the frame is cut short');
  if (at < bytes.length) throw new FrameError(`${bytes.length - at} bytes follow the frame`);
  return header;
}

function readHeader(view: DataView): FrameHeader {
  if (view.byteLength < 6) throw new FrameError('too short for a zstd frame');
  const magic = view.getUint32(0, true);
  if (magic >>> 4 === 0x184d2a5) throw new FrameError('a skippable frame');
  if (magic !== MAGIC) throw new FrameError('not a zstd frame');
  const descriptor = view.getUint8(4);
  const single = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  if ((descriptor & 0x08) !== 0) throw new FrameError('a reserved bit is set');
  if ((descriptor & 0x03) !== 0) throw new FrameError('the frame needs a dictionary');
  if (sizeFlag === 0 && !single) throw new FrameError('the frame does not say how long its content is');
  const sizeAt = single ? 5 : 6;
  const sizeBytes = 1 << sizeFlag;
  if (view.byteLength < sizeAt + sizeBytes) throw new FrameError('the frame is cut short');
  const contentBytes = readContentSize(view, sizeAt, sizeBytes);
  const window = view.getUint8(5);
  const base = 2 ** (10 + (window >> 3));
  return {
    headerBytes: sizeAt + sizeBytes,
    contentBytes,
    windowBytes: single ? contentBytes : base + (base / 8) * (window & 7),
    checksum: (descriptor & 0x04) !== 0,
  };
}

function readContentSize(view: DataView, at: number, bytes: number): number {
  if (bytes === 1) return view.getUint8(at);
  if (bytes === 2) return view.getUint16(at, true) + 256;
  if (bytes === 4) return view.getUint32(at, true);
  return Number(view.getBigUint64(at, true));
}
