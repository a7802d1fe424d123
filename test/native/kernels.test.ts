// The kernels for whole batches against their portable twins: the same roots and leaves for everything, and zstd frames
// that either side reads and refuses alike.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HASH_BYTES, merkleRoot, sha256Hex } from '../../engine/batch/merkle.ts';
import { MAX_OBJECT_BYTES, MIB } from '../../engine/limits.ts';
import { leavesOf } from '../../engine/verify/lines.ts';
import { compress, decompress, initCompress, readFrame } from '../../workers/compress.ts';
import { useKernels, zstdName } from '../../workers/kernels.ts';
import { type Addon, loadNative } from '../../workers/native.ts';
import { hasNative, hasNativeZstd } from '../support/kernels.ts';

/** What the portable twin and the native kernel give for the same input; an error as its message. */
function both<T>(work: () => T): { portable: T | string; native: T | string } {
  const outcome = (): T | string => {
    try {
      return work();
    } catch (error) {
      return `${(error as Error).name}: ${(error as Error).message}`;
    }
  };
  useKernels('portable');
  const portable = outcome();
  useKernels('auto');
  return { portable, native: outcome() };
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

describe.skipIf(!hasNative)('kernels (skipped where the addon is not built)', () => {
  const addon = loadNative().addon as Addon;

  test('kernels: the root over 0 to 300 leaves, and over many, is that of the portable tree', () => {
    const leaves = Buffer.concat(Array.from({ length: 5000 }, (_, i) => digest(`leaf ${i}`)));
    for (const n of [...Array(301).keys(), 1023, 1024, 1025, 4095, 4999, 5000]) {
      const { portable, native } = both(() => hex(merkleRoot(leaves.subarray(0, n * HASH_BYTES))));
      expect(native, `${n} leaves`).toBe(portable);
    }
  });

  test('kernels: leaves are left as they were, also on shared memory', () => {
    const leaves = new Uint8Array(new SharedArrayBuffer(77 * HASH_BYTES)).fill(3);
    merkleRoot(leaves);
    expect(leaves.every((byte) => byte === 3)).toBe(true);
  });

  test('kernels: leaves of lines of any length are those of the portable twin, and the body is left alone', () => {
    const line = fc.string({ unit: 'binary', maxLength: 300 }).map((text) => text.replaceAll('\n', ''));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 60 }), fc.string({ maxLength: 3 }), (lines, rest) => {
        const body = Buffer.from(lines.map((text) => `${text}\n`).join('') + rest.replaceAll('\n', ''));
        const before = Buffer.from(body);
        for (const count of [lines.length, lines.length + 1, Math.floor(lines.length / 2)]) {
          const { portable, native } = both(() => hex(leavesOf(body, count)));
          expect(native).toBe(portable);
        }
        expect(body.equals(before)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('kernels: lines longer than the window in which they are gathered are hashed all the same', () => {
    const lines = [10, 131_070, 131_071, 131_072, 5, 400_000, 0, 64].map((n, i) => String(i).repeat(n));
    const body = Buffer.from(lines.map((text) => `${text}\n`).join(''));
    const { portable, native } = both(() => hex(leavesOf(body, lines.length)));
    expect(native).toBe(portable);
  });

  test('kernels: what cannot be hashed is an error, not a fault of memory', () => {
    const root = new Uint8Array(32);
    expect(() => addon.merkleRoot(new Uint8Array(0), root)).toThrow(RangeError);
    expect(() => addon.merkleRoot(new Uint8Array(33), root)).toThrow(RangeError);
    expect(() => addon.merkleRoot(new Uint8Array(64), new Uint8Array(31))).toThrow(RangeError);
    const loose = addon.merkleRoot as (...args: unknown[]) => unknown;
    expect(() => loose()).toThrow(TypeError);
    expect(() => loose('leaves', root)).toThrow(TypeError);
    expect(() => loose(new Float64Array(4), root)).toThrow(TypeError);
    expect(() => (addon.hashLines as (...args: unknown[]) => unknown)(root)).toThrow(TypeError);
    expect(addon.hashLines(Buffer.from('a\nb\n'), new Uint8Array(63))).toBe(1);
    expect(addon.hashLines(Buffer.from('a\nb'), new Uint8Array(640))).toBe(1);
  });
});

const zstd = (args: readonly string[]): { status: number | null; stdout: string } =>
  spawnSync('zstd', args, { encoding: 'utf8' });
const hasZstd = zstd(['--version']).status === 0;

describe.skipIf(!hasNativeZstd)('native zstd (skipped where the addon is built without)', () => {
  const addon = loadNative().addon as Required<Addon>;
  const folder = mkdtempSync(join(tmpdir(), 'firn-zstd-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const lines = (count: number): Buffer =>
    Buffer.from(
      Array.from(
        { length: count },
        (_, i) => `{"n":${i},"sensor_id":"S-${i % 997}","temperature_c":${(i * 7) % 83}.${i % 10}}\n`,
      ).join(''),
    );

  beforeAll(async () => {
    // Both are needed from here on.
    useKernels('portable');
    await initCompress();
    useKernels('auto');
  });

  test('zstd: says which it is', () => {
    expect(both(zstdName)).toEqual({ portable: 'wasm', native: `native ${addon.zstd}` });
  });

  test('zstd: what one of the two makes, the other reads; sizes and windows are alike', () => {
    for (const content of [Buffer.alloc(0), Buffer.from('x'), lines(1), lines(700), lines(40_000)]) {
      const { portable, native } = both(() => compress(content));
      const frames = [portable, native] as Uint8Array[];
      const [wasm, own] = frames.map(readFrame);
      expect(own?.contentBytes).toBe(content.length);
      expect(own).toEqual(wasm);
      for (const frame of frames) {
        const read = both(() => sha256Hex(decompress(frame, content.length)));
        expect(read.native).toBe(read.portable);
        expect(read.native).toBe(sha256Hex(content));
      }
      expect(frames[1]?.length).toBeLessThan((frames[0]?.length ?? 0) * 1.05 + 16);
    }
  });

  test.skipIf(!hasZstd)(
    'zstd: the zstd program finds one sound frame with its size (skipped without it)',
    () => {
      for (const content of [lines(1), lines(40_000), Buffer.alloc(3 * MIB, 'firn')]) {
        const file = join(folder, 'object.zst');
        writeFileSync(file, compress(content));
        expect(zstd(['-tq', file]).status).toBe(0);
        const listing = zstd(['-lv', file]).stdout;
        expect(listing).toMatch(/^# Zstandard Frames: 1$/m);
        expect(listing).not.toMatch(/Skippable Frames: [1-9]/);
        expect(listing).toMatch(/^Check: None$/m);
        expect(listing).toMatch(new RegExp(`Decompressed Size: .*\\(${content.length} B\\)`));
        expect(Number(/Window Size: .*\((\d+) B\)/.exec(listing)?.[1])).toBeLessThanOrEqual(8 * MIB);
      }
    },
  );

  test('zstd: content that does not shrink has room, up to the largest object', () => {
    for (const size of [1, 255, 131_072, 131_073, 5 * MIB + 7, MAX_OBJECT_BYTES]) {
      const noise = Buffer.alloc(size);
      for (let at = 0, state = 1; at + 4 <= size; at += 4) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        noise.writeUInt32LE((state ^ (state >>> 13)) >>> 0, at);
      }
      const frame = compress(noise);
      expect(Buffer.compare(decompress(frame, size), noise)).toBe(0);
    }
  });

  test('zstd: writes no more than it is given, whatever the frame says', () => {
    const content = Buffer.alloc(100_000, 'firn ');
    const frame = compress(content);
    for (const room of [0, 1, 50_000, 99_999]) {
      const area = Buffer.alloc(room + 64, 0x5c);
      expect(addon.decompress(frame, area.subarray(0, room))).toBe(-1);
      expect(area.subarray(room).every((byte) => byte === 0x5c)).toBe(true);
    }
    const small = Buffer.alloc(72, 0x5c);
    expect(addon.compress(content, small.subarray(0, 8))).toBe(-1);
    expect(small.subarray(8).every((byte) => byte === 0x5c)).toBe(true);
    expect(() => (addon.compress as (...args: unknown[]) => unknown)(content)).toThrow(TypeError);
  });

  test('zstd: a damaged, cut, doubled or foreign frame has the same outcome with both', () => {
    const content = lines(400);
    const frame = Buffer.from(compress(content));
    const outcome = (bytes: Uint8Array): void => {
      const { portable, native } = both(() => sha256Hex(decompress(bytes, MIB)));
      expect(native).toBe(portable);
    };
    fc.assert(
      fc.property(fc.nat(frame.length - 1), fc.nat(7), (at, bit) => {
        const bent = Buffer.from(frame);
        bent[at] = (bent[at] as number) ^ (1 << bit);
        outcome(bent);
      }),
      { numRuns: 1500 },
    );
    for (let cut = 0; cut < frame.length; cut += 7) outcome(frame.subarray(0, cut));
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    outcome(Buffer.concat([frame, frame]));
    outcome(Buffer.concat([frame, skippable]));
    outcome(Buffer.concat([skippable, frame]));
    outcome(Buffer.from('{"not":"zstd"}'));
    // Says that it holds more, and less, than it does.
    for (const claim of [content.length - 1, content.length + 1, 1]) {
      const lie = Buffer.from(frame);
      if (readFrame(frame).headerBytes === 7) lie.writeUInt16LE(claim < 256 ? 0 : claim - 256, 5);
      else lie.writeUInt32LE(claim, 5);
      outcome(lie);
    }
  });
});
