// The shared memory of the ring: words and areas do not overlap, and what the code computes is what the layout file draws.

import { describe, expect, test } from 'vitest';
import { assertSizes, KIB } from '../engine/limits.ts';
import { FRAME, FRAME_HEADER_BYTES, frameBytes } from '../engine/ring/frame.ts';
import {
  CONTROL,
  createRing,
  inputOffset,
  MAX_WORKERS,
  outputOffset,
  POSITION,
  REJECT_BYTES,
  type RingSizes,
  rejectsOffset,
  SLAB,
  slabWord,
} from '../engine/ring/layout.ts';

const sizes: RingSizes = { slabs: 8, slabBytes: 1024, outputBytes: 2048, rejectBytes: 256 };

/** Every word of `words` once, with `wide` words taking MAX_WORKERS places. */
function places(words: Readonly<Record<string, number>>, wide: readonly string[]): number[] {
  return Object.entries(words).flatMap(([name, first]) =>
    wide.includes(name) ? Array.from({ length: MAX_WORKERS }, (_, w) => first + w) : [first],
  );
}

describe('layout', () => {
  test('layout: no two control words share a place, and all lie before the words of the slabs', () => {
    const { slabs, ...words } = CONTROL;
    const taken = places(words, ['workerIdle', 'workerThread', 'workerSlabs', 'workerTid']);
    expect(new Set(taken).size).toBe(taken.length);
    expect(Math.max(...taken)).toBeLessThan(slabs);
  });

  test('layout: the words of a slab are distinct, and each slab has a cache line of its own', () => {
    const { words, ...names } = SLAB;
    const taken = Object.values(names);
    expect(new Set(taken).size).toBe(taken.length);
    expect(Math.max(...taken)).toBeLessThan(words);
    expect((words * 4) % 64).toBe(0);
    expect((CONTROL.slabs * 4) % 64).toBe(0);
  });

  test('layout: the last word of the last slab is the last but the spare ones of the control words', () => {
    const ring = createRing(sizes);
    expect(slabWord(0, SLAB.owner)).toBe(CONTROL.slabs);
    expect(slabWord(sizes.slabs - 1, SLAB.words - 1)).toBe(ring.control.length - 1);
    for (let slab = 1; slab < sizes.slabs; slab++) {
      expect(slabWord(slab, 0)).toBe(slabWord(slab - 1, SLAB.words - 1) + 1);
    }
  });

  test('layout: positions are distinct and fit their words', () => {
    const { words, ...names } = POSITION;
    const taken = Object.values(names);
    expect(new Set(taken).size).toBe(taken.length);
    expect(Math.max(...taken)).toBeLessThan(words);
    expect(createRing(sizes).positions.length).toBe(words);
  });

  test('layout: input, output and rejects of all slabs fill the data area without a gap or an overlap', () => {
    const ring = createRing(sizes);
    let at = 0;
    for (let slab = 0; slab < sizes.slabs; slab++) {
      expect(inputOffset(sizes, slab)).toBe(at);
      expect(outputOffset(sizes, slab)).toBe(at + sizes.slabBytes);
      expect(rejectsOffset(sizes, slab)).toBe(at + sizes.slabBytes + sizes.outputBytes);
      at += sizes.slabBytes + sizes.outputBytes + sizes.rejectBytes;
    }
    expect(ring.data.length).toBe(at);
  });

  test('layout: the fields of a frame header do not overlap, are aligned, and end where the payload begins', () => {
    const width: Record<keyof typeof FRAME, number> = {
      bytes: 4,
      kind: 1,
      mode: 1,
      flags: 1,
      stream: 4,
      source: 4,
      frame: 8,
      receivedMs: 8,
      slot: 4,
      accepted: 4,
      rejected: 4,
      refusal: 4,
    };
    const fields = Object.entries(FRAME) as [keyof typeof FRAME, number][];
    fields.sort((a, b) => a[1] - b[1]);
    let end = 0;
    for (const [name, offset] of fields) {
      expect(offset, name).toBeGreaterThanOrEqual(end);
      expect(offset % width[name], name).toBe(0);
      end = offset + width[name];
    }
    expect(end).toBe(FRAME_HEADER_BYTES);
    expect(FRAME_HEADER_BYTES % 8).toBe(0);
  });

  test('layout: a frame takes its header and its payload, rounded up to 8', () => {
    expect([0, 1, 7, 8, 9].map(frameBytes)).toEqual([48, 56, 56, 56, 64]);
    expect(REJECT_BYTES % 8).toBe(0);
  });

  test('layout: sizes that do not fit together are refused, each for its reason', () => {
    const good: RingSizes = {
      slabs: 64,
      slabBytes: 256 * KIB,
      outputBytes: 512 * KIB,
      rejectBytes: 64 * KIB,
    };
    const frame = 128 * KIB;
    expect(() => assertSizes(good, frame, KIB)).not.toThrow();
    expect(() => assertSizes({ ...good, slabs: 48 }, frame, KIB)).toThrow(/power of two/);
    expect(() => assertSizes({ ...good, slabs: 2 }, frame, KIB)).toThrow(/power of two/);
    expect(() => assertSizes({ ...good, slabBytes: 256 * KIB + 4 }, frame, KIB)).toThrow(/aligned/);
    expect(() => assertSizes({ ...good, rejectBytes: 24 }, frame, KIB)).toThrow(/aligned/);
    expect(() => assertSizes({ ...good, outputBytes: 128 * KIB }, frame, KIB)).toThrow(/output area/);
    expect(() => assertSizes(good, 256 * KIB, KIB)).toThrow(/fit one slab/);
    expect(() => assertSizes(good, 512, KIB)).toThrow(/1 KiB/);
  });
});
