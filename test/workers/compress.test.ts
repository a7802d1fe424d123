// One zstd frame: what firn makes other programs read, and of what others make firn takes exactly one whole frame.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { MAX_OBJECT_BYTES, MIB } from '../../engine/limits.ts';
import { compress, decompress, FrameError, readFrame } from '../../workers/compress.ts';
import { KERNELS, withKernels } from '../support/kernels.ts';

const zstd = (args: readonly string[], input?: Uint8Array) =>
  spawnSync('zstd', args, { input: input ?? Buffer.alloc(0), maxBuffer: 128 * MIB });
const hasZstd = zstd(['--version']).status === 0;

function lines(count: number): Buffer {
  const out: string[] = [];
  for (let i = 0; i < count; i++)
    out.push(`{"sensor_id":"S-${i % 997}","temperature_c":${(i * 7) % 83}.${i % 10},"n":${i}}\n`);
  return Buffer.from(out.join(''));
}

const frame = (...parts: (readonly number[] | Uint8Array)[]): Uint8Array =>
  Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), ...parts.map((part) => Buffer.from(part))]);

describe.each(KERNELS)('compress (kernels: %s)', (kernels) => {
  withKernels(kernels);

  test('compress: what goes in comes out, of any size', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), (content) => {
        expect(Buffer.compare(decompress(compress(content), 3000), content)).toBe(0);
      }),
      { numRuns: 100 },
    );
    for (const size of [0, 1, 255, 256, 65_791, 65_792, 1_000_003]) {
      const content = Buffer.alloc(size, 'firn ');
      const packed = compress(content);
      expect(readFrame(packed).contentBytes).toBe(size);
      expect(Buffer.compare(decompress(packed, size), content)).toBe(0);
    }
  });

  test('compress: the same bytes give the same frame, also from shared memory', () => {
    const content = lines(5000);
    const shared = new Uint8Array(new SharedArrayBuffer(content.length));
    shared.set(content);
    const first = compress(content);
    compress(lines(10));
    expect(Buffer.compare(compress(shared), first)).toBe(0);
  });

  test('compress: the largest object has its content size and a window of at most 8 MiB', () => {
    const content = Buffer.alloc(MAX_OBJECT_BYTES);
    const pattern = lines(20_000);
    for (let at = 0; at < content.length; at += pattern.length) {
      content.set(pattern.subarray(0, content.length - at), at);
      content.writeUInt32LE(at, Math.min(at, content.length - 4));
    }
    const packed = compress(content);
    expect(readFrame(packed)).toMatchObject({ contentBytes: MAX_OBJECT_BYTES });
    expect(readFrame(packed).windowBytes).toBeLessThanOrEqual(8 * MIB);
    expect(Buffer.compare(decompress(packed, MAX_OBJECT_BYTES), content)).toBe(0);
    expect(() => compress(Buffer.alloc(MAX_OBJECT_BYTES + 1))).toThrow(/assertion/);
  });

  test('compress: memory of the codec is given back after each call, good or bad', () => {
    const content = lines(100_000);
    const packed = compress(content);
    const bad = Buffer.from(packed);
    bad.fill(0xff, 20, bad.length - 100);
    const before = process.memoryUsage.rss();
    for (let i = 0; i < 200; i++) {
      decompress(packed, content.length);
      expect(() => decompress(bad, content.length)).toThrow(FrameError);
    }
    // 200 results that were never freed would be more than twice this.
    const limit = 100 * content.length;
    expect(limit).toBeGreaterThan(400 * MIB);
    expect(process.memoryUsage.rss() - before).toBeLessThan(limit);
  });

  test('compress: content over the limit is refused before it is unpacked', () => {
    const packed = compress(Buffer.alloc(1_000_000));
    expect(() => decompress(packed, 999_999)).toThrow(/at most 999999/);
    expect(decompress(packed, 1_000_000).length).toBe(1_000_000);
    expect(() => decompress(packed, 2 ** 31)).toThrow(/room/);
    const lie = Buffer.from(compress(Buffer.alloc(70_000)));
    expect(readFrame(lie).headerBytes).toBe(9);
    lie.writeUInt32LE(70_001, 5);
    expect(() => decompress(lie, 1_000_000)).toThrow(FrameError);
  });

  test('compress: more or less than one frame is refused', () => {
    const one = compress(lines(3000));
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    expect(() => decompress(Buffer.concat([one, one]), MIB)).toThrow(/follow the frame/);
    expect(() => decompress(Buffer.concat([one, skippable]), MIB)).toThrow(/follow the frame/);
    expect(() => decompress(Buffer.concat([one, Buffer.of(0)]), MIB)).toThrow(/1 bytes follow/);
    expect(() => decompress(Buffer.concat([skippable, one]), MIB)).toThrow(/skippable/);
    for (let cut = 0; cut < one.length; cut += cut < 40 ? 1 : 997) {
      expect(() => decompress(one.subarray(0, cut), MIB), `cut at ${cut}`).toThrow(FrameError);
    }
  });

  test('compress: frames that the format allows and the lake does not are refused', () => {
    const raw = [0x09, 0x00, 0x00, 0x41];
    expect(decompress(frame([0x20, 1], raw), MIB)).toEqual(new Uint8Array([0x41]));
    expect(() => decompress(frame([0x00, 0x00], raw), MIB)).toThrow(/how long/);
    expect(() => decompress(frame([0x21, 1, 1], raw), MIB)).toThrow(/dictionary/);
    expect(() => decompress(frame([0x28, 1], raw), MIB)).toThrow(/reserved bit/);
    expect(() => decompress(frame([0x20, 1], [0x0f, 0, 0, 0x41]), MIB)).toThrow(/reserved type/);
    expect(() => decompress(frame([0x20, 2], raw), MIB)).toThrow(FrameError);
    expect(() => decompress(frame([0xe0, 255, 255, 255, 255, 255, 255, 255, 255], raw), MIB)).toThrow(
      /at most/,
    );
    expect(() => decompress(Buffer.from('{"not":"zstd"}'), MIB)).toThrow(/not a zstd frame/);
  });

  test('compress: no damaged frame ends in anything but its own error or other bytes of the same length', () => {
    const content = lines(400);
    const packed = compress(content);
    fc.assert(
      fc.property(fc.nat(packed.length - 1), fc.nat(7), (at, bit) => {
        const bent = Buffer.from(packed);
        bent[at] = (bent[at] as number) ^ (1 << bit);
        try {
          expect(decompress(bent, MIB).length).toBe(readFrame(bent).contentBytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe.skipIf(!hasZstd).each(KERNELS)(
  'compress and the zstd program (skipped where it is not installed; kernels: %s)',
  (kernels) => {
    withKernels(kernels);
    const folder = mkdtempSync(join(tmpdir(), 'firn-compress-'));
    afterAll(() => rmSync(folder, { recursive: true }));

    test('compress: zstd reads it, as one frame without a skippable one, with its size', () => {
      const content = lines(50_000);
      const packed = compress(content);
      const file = join(folder, 'object.zst');
      writeFileSync(file, packed);
      expect(Buffer.compare(zstd(['-dc', file]).stdout, content)).toBe(0);
      const listing = zstd(['-lv', file]).stdout.toString();
      expect(listing).toMatch(/^# Zstandard Frames: 1$/m);
      expect(listing).not.toMatch(/Skippable Frames: [1-9]/);
      expect(listing).toMatch(new RegExp(`Decompressed Size: .*\\(${content.length} B\\)`));
      expect(Number(/Window Size: .*\((\d+) B\)/.exec(listing)?.[1])).toBe(readFrame(packed).windowBytes);
    });

    test('compress: what zstd makes of a file is read, with and without a checksum', () => {
      const file = join(folder, 'lines.ndjson');
      const content = lines(30_000);
      writeFileSync(file, content);
      for (const option of ['--no-check', '--check', '-19', '--fast=3']) {
        expect(Buffer.compare(decompress(zstd(['-c', option, file]).stdout, 4 * MIB), content)).toBe(0);
      }
      expect(() => decompress(zstd(['-c'], content).stdout, 4 * MIB)).toThrow(/how long/);
    });
  },
);
