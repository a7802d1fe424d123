// Nothing is made per record on the hot path: frames go through the ring and through the worker's loop in processes of
// their own, and the heap does not grow with them.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runStage } from '../../bench/allocation/run-stage.ts';
import { ROOT } from '../../bench/root.ts';
import { loadNative } from '../../workers/native.ts';

const FRAMES = 200_000;
const built = existsSync(join(ROOT, 'dist/bench/allocation/child.js'));
const native = loadNative();

describe.skipIf(!built)('allocation (needs the built files: npm run build)', () => {
  test('allocation: the ring takes a frame and lets it go for less than a byte of heap', () => {
    const { bytesPerFrame, medianBytesPerFrame, frames } = runStage('ring', FRAMES, 'bytes');
    expect(frames).toBeGreaterThanOrEqual(FRAMES);
    expect(bytesPerFrame).not.toBeNull();
    expect(medianBytesPerFrame).toBeLessThan(1);
  });

  test.skipIf(native.addon === null)(
    'allocation: the worker encodes a frame for less than a byte of heap (needs the native codec)',
    () => {
      const { bytesPerFrame, medianBytesPerFrame } = runStage('worker-native', FRAMES, 'bytes');
      expect(bytesPerFrame).not.toBeNull();
      expect(medianBytesPerFrame).toBeLessThan(1);
    },
  );

  test.skipIf(native.addon === null)(
    'allocation: the front end makes nothing per frame (needs the native copy)',
    () => {
      // Eight bytes are made per turn of the event loop and per acknowledgement. In one run of eight or so V8 does not inline a
      // call that takes a time, and boxes that number for it: 16 bytes more. An object of our own would be more than both, as
      // was the view of 96 bytes that a copy without the addon needs.
      expect(runStage('front-handler', FRAMES, 'bytes').medianBytesPerFrame).toBeLessThan(32);
    },
  );

  test('allocation: a usual heap is collected because of the portable codec, and not because of the ring', () => {
    expect(runStage('ring', FRAMES, 'collections').scavenges).toBeLessThanOrEqual(1);
    expect(runStage('worker-portable', FRAMES, 'collections').scavenges).toBeGreaterThan(0);
  });

  test('allocation: an unknown stage is an error that says how to call it', () => {
    expect(() => runStage('none', 1, 'bytes')).toThrow(/usage: child\.js STAGE/);
  });
});
