// Records out of the journal into batches, by the native kernel and by TypeScript: the same objects and seals for long runs
// and short ones, and never a byte past what was handed in.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { useKernels } from '../../workers/kernels.ts';
import { type Addon, loadNative } from '../../workers/native.ts';
import { createPortableCodec } from '../../workers/portable.ts';
import { HASTY_STORAGE, reading } from '../support/journal-feed.ts';
import { temporaryFolder } from '../support/journal-folder.ts';
import { hasNative } from '../support/kernels.ts';
import { filesOf, NOON, SealBed, settle } from '../support/seal-bed.ts';
import { slabOf } from '../support/slab.ts';
import { telemetry, telemetryStream } from '../support/stream.ts';

const LINES = { left: 0, lineBytes: 1, leafBytes: 2, excursions: 3 } as const;

/** Entries of `count` records, between them one that is refused, and the frame entry in front. */
function entriesOf(count: number): Buffer {
  const codec = createPortableCodec([telemetryStream()]);
  const payload = Array.from({ length: count }, (_, i) =>
    i === 1 ? `${telemetry()}\nrubbish` : telemetry(),
  );
  const out = new Uint8Array(1 << 20);
  const cursor = { frame: 0, offset: 0, record: 0 };
  const bytes = codec.encode(slabOf([{ payload: payload.join('\n') }]), cursor, out, () => {});
  return Buffer.from(out.subarray(0, bytes));
}

describe.skipIf(!hasNative)('gather (skipped where the addon is not built)', () => {
  const addon = loadNative().addon as Addon;

  /** Objects and seals of a lake whose frames hold `sizes` records of several days each. */
  async function lakeOf(kernels: 'auto' | 'portable', sizes: readonly number[]): Promise<unknown> {
    const bed = new SealBed(temporaryFolder(), {
      cut: { records: 40 },
      outputBytes: 4096,
      sealer: { compress: (bytes) => new Uint8Array(bytes) },
    });
    let n = 0;
    for (const size of sizes) {
      const lines = Array.from({ length: size }, (_, i) => {
        const day = i % 11 === 10 ? '2026-01-30' : '2026-02-01';
        const second = String((n * 17) % 60).padStart(2, '0');
        const fraction = ['', '.5', '.25', '.123456789'][n % 4];
        return i % 13 === 12 ? 'rubbish' : reading(`${day}T10:00:${second}${fraction}Z`, n++);
      });
      bed.feed.frame(lines.join('\n'), NOON + n);
    }
    useKernels(kernels);
    const sealer = await bed.open(HASTY_STORAGE);
    await settle(sealer);
    await bed.drain(sealer);
    sealer.close();
    bed.close();
    useKernels('auto');
    return { objects: filesOf(bed.lake, '.ndjson.zst'), seals: bed.seals() };
  }

  test('gather: runs of any length make the same objects and seals', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 6 }),
        async (sizes) => {
          expect(await lakeOf('auto', sizes)).toEqual(await lakeOf('portable', sizes));
        },
      ),
      { numRuns: 25 },
    );
  });

  test('gather: takes what it is told to take, past frames and refused records, and no more', () => {
    const entries = entriesOf(5);
    for (let left = 0; left <= 6; left++) {
      const words = new Float64Array(12);
      words[LINES.left] = left;
      const taken = addon.gather(
        entries,
        new Uint8Array(10_000),
        new Uint8Array(32 * left),
        new Uint8Array(words.buffer),
      );
      expect(taken).toBe(left === 6 ? -1 : left);
      expect(words[LINES.leafBytes]).toBe(left === 6 ? 0 : 32 * left);
    }
  });

  test('gather: entries cut or changed anywhere, and too little room, never write past the areas', () => {
    const whole = entriesOf(4);
    const call = (entries: Uint8Array, lineRoom: number, leafRoom: number): number => {
      const words = new Float64Array(12);
      words[LINES.left] = 4;
      const areas = [lineRoom, leafRoom].map((room) => Buffer.alloc(room + 64, 0x5c));
      const [lines, leaves] = areas as [Buffer, Buffer];
      const taken = addon.gather(
        entries,
        lines.subarray(0, lineRoom),
        leaves.subarray(0, leafRoom),
        new Uint8Array(words.buffer),
      );
      expect(lines.subarray(lineRoom).every((byte) => byte === 0x5c)).toBe(true);
      expect(leaves.subarray(leafRoom).every((byte) => byte === 0x5c)).toBe(true);
      return taken;
    };
    expect(call(whole, 10_000, 128)).toBe(4);
    for (const leafRoom of [0, 31, 32, 127]) expect(call(whole, 10_000, leafRoom)).toBe(-1);
    for (const lineRoom of [0, 1, 100, 300]) expect(call(whole, lineRoom, 128)).toBe(-1);
    for (let cut = 0; cut < whole.length; cut++) {
      // Memory of exactly this length: a read past it is seen where memory is checked.
      expect(call(new Uint8Array(whole.subarray(0, cut)), 10_000, 128)).toBe(-1);
    }
    for (let at = 0; at < whole.length; at++) {
      const bent = new Uint8Array(whole);
      bent[at] = 0xff;
      call(bent, 10_000, 128);
    }
    expect(() => addon.gather(whole, whole, whole, new Uint8Array(95))).toThrow(RangeError);
  });
});
