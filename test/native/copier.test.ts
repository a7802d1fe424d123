// Copies into shared memory: the addon's and V8's are the same bytes, and nothing is written outside.

import { describe, expect, test } from 'vitest';
import { copierInto } from '../../engine/copy.ts';
import { useKernels } from '../../workers/kernels.ts';
import { loadNative } from '../../workers/native.ts';

const MEMORY = 4096;

/** The memory after each payload was copied to its place, by the kernels of the given choice. */
function copied(
  choice: 'auto' | 'portable',
  payloads: readonly [at: number, from: ArrayBuffer | Uint8Array][],
) {
  useKernels(choice);
  try {
    const memory = new Uint8Array(new SharedArrayBuffer(MEMORY)).fill(0xaa);
    const copy = copierInto(memory);
    for (const [at, from] of payloads) copy(at, from);
    return Buffer.from(memory);
  } finally {
    useKernels('auto');
  }
}

describe('copier', () => {
  test('copier: buffers and views of every length at every place are what the portable way makes of them', () => {
    const source = Uint8Array.from({ length: 600 }, (_, i) => i * 7);
    for (let length = 0; length < 500; length += 3) {
      const view = source.subarray(length % 17, (length % 17) + length);
      const payloads: [number, ArrayBuffer | Uint8Array][] = [
        [length % 64, view],
        [2048 + (length % 9), view.slice().buffer],
        [MEMORY - length, Buffer.from(view)],
      ];
      expect(copied('auto', payloads).equals(copied('portable', payloads))).toBe(true);
    }
  });

  test.runIf(loadNative().addon !== null)(
    'copier: what has no room, or is no bytes, is refused (with the addon)',
    () => {
      const memory = new Uint8Array(new SharedArrayBuffer(64));
      const copy = copierInto(memory);
      copy(64, new ArrayBuffer(0));
      for (const [at, bytes] of [
        [0, 65],
        [64, 1],
        [65, 0],
        [0xffffffff, 8],
      ] as const) {
        expect(() => copy(at, new ArrayBuffer(bytes))).toThrow('no room');
      }
      expect(() => copy(0, 'text' as unknown as ArrayBuffer)).toThrow('takes a place');
      expect(memory.every((byte) => byte === 0)).toBe(true);
    },
  );
});
