// CRC-32C (Castagnoli, RFC 3720 §12.1: polynomial 0x1EDC6F41, reflected, initial value and final XOR all ones). It
// finds torn and rotten bytes; it is no defence against an adversary (that is what seals are for).
//
// Slicing by 16: sixteen tables of 256 words let one step take in four aligned 32-bit words. Measured on Node 20:
// 1.5 GB/s on one core, against 1.3–1.4 GB/s for slicing by 8 or 16 over single bytes. More than a few bytes go to the
// instruction of the processor, where it has one and the addon is built.

import { nativeKernels } from '../workers/kernels.ts';
import { assert } from './assert.ts';

const TABLES = makeTables();

/** Below this the call into the addon costs more than it saves. */
const NATIVE_BYTES = 512;

assert(new Uint8Array(new Uint32Array([1]).buffer)[0] === 1, 'the machine is little-endian');

function makeTables(): Int32Array {
  const tables = new Int32Array(16 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    tables[byte] = crc;
  }
  for (let i = 256; i < tables.length; i++) {
    const previous = tables[i - 256] as number;
    tables[i] = (tables[previous & 255] as number) ^ (previous >>> 8);
  }
  return tables;
}

/**
 * CRC-32C of `bytes[start, end)` as an unsigned 32-bit number. `bytes` may lie on shared memory and begin at any
 * address. Makes at most one view.
 */
export function crc32c(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  assert(start >= 0 && start <= end && end <= bytes.length, 'the range of a checksum lies inside its bytes');
  if (end - start >= NATIVE_BYTES) {
    const native = nativeKernels();
    if (native?.crc32c !== undefined) return native.crc32c(bytes.subarray(start, end));
  }
  const tables = TABLES;
  let crc = -1;
  let at = start;
  while (at < end && ((bytes.byteOffset + at) & 3) !== 0) {
    crc = (tables[(crc ^ (bytes[at++] as number)) & 255] as number) ^ (crc >>> 8);
  }
  const steps = (end - at) >>> 4;
  if (steps > 0) {
    crc = wordsCrc(crc, new Int32Array(bytes.buffer, bytes.byteOffset + at, steps * 4));
    at += steps * 16;
  }
  while (at < end) crc = (tables[(crc ^ (bytes[at++] as number)) & 255] as number) ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** The inner loop: 16 bytes a step. The table of a byte is the number of bytes that follow it in the step. */
function wordsCrc(start: number, words: Int32Array): number {
  const t = TABLES;
  let crc = start;
  for (let i = 0; i < words.length; i += 4) {
    const a = (words[i] as number) ^ crc;
    const b = words[i + 1] as number;
    const c = words[i + 2] as number;
    const d = words[i + 3] as number;
    crc =
      (t[3840 + (a & 255)] as number) ^
      (t[3584 + ((a >>> 8) & 255)] as number) ^
      (t[3328 + ((a >>> 16) & 255)] as number) ^
      (t[3072 + (a >>> 24)] as number) ^
      (t[2816 + (b & 255)] as number) ^
      (t[2560 + ((b >>> 8) & 255)] as number) ^
      (t[2304 + ((b >>> 16) & 255)] as number) ^
      (t[2048 + (b >>> 24)] as number) ^
      (t[1792 + (c & 255)] as number) ^
      (t[1536 + ((c >>> 8) & 255)] as number) ^
      (t[1280 + ((c >>> 16) & 255)] as number) ^
      (t[1024 + (c >>> 24)] as number) ^
      (t[768 + (d & 255)] as number) ^
      (t[512 + ((d >>> 8) & 255)] as number) ^
      (t[256 + ((d >>> 16) & 255)] as number) ^
      (t[d >>> 24] as number);
  }
  return crc;
}
