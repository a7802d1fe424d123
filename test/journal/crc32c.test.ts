import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32c } from '../../engine/crc32c.ts';
import { useKernels } from '../../workers/kernels.ts';
import { hasNative } from '../support/kernels.ts';

const ascii = new TextEncoder();

/** Bit by bit, straight from the polynomial. */
function reference(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

test('crc32c: gives the published answers (RFC 3720 B.4)', () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => 31 - i))).toBe(0x113fdb5c);
  expect(crc32c(ascii.encode('123456789'))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(0))).toBe(0);
});

test('crc32c: equals the bitwise definition for every alignment, length and range, on shared memory too', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.nat(15),
      fc.nat(40),
      fc.nat(40),
      (bytes, shift, from, cut) => {
        const shared = new Uint8Array(new SharedArrayBuffer(bytes.length + shift), shift);
        shared.set(bytes);
        const start = Math.min(from, bytes.length);
        const end = Math.max(start, bytes.length - cut);
        expect(crc32c(shared, start, end)).toBe(reference(bytes.subarray(start, end)));
      },
    ),
    { numRuns: 300 },
  );
});

test.skipIf(!hasNative)(
  'crc32c: long ranges are the same with and without native code (skipped without the addon)',
  () => {
    const bytes = new Uint8Array(new SharedArrayBuffer(70_000));
    for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 31 + (i >> 7)) & 255;
    for (const [start, end] of [
      [0, 511],
      [0, 512],
      [1, 514],
      [3, 69_998],
      [7, 4096],
      [0, 70_000],
    ] as const) {
      useKernels('portable');
      const portable = crc32c(bytes, start, end);
      useKernels('auto');
      expect([start, end, crc32c(bytes, start, end)]).toEqual([start, end, portable]);
      expect(portable).toBe(reference(bytes.subarray(start, end)));
    }
  },
);

test('crc32c: a range outside its bytes is an error', () => {
  expect(() => crc32c(new Uint8Array(4), 0, 5)).toThrow('assertion');
  expect(() => crc32c(new Uint8Array(4), 3, 2)).toThrow('assertion');
});
