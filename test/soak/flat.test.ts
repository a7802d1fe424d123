// The rule of the soak: it must find a leak, and must not see one in what a healthy engine does.

import { expect, test } from 'vitest';
import { seeded } from '../crash/random.ts';
import { judgeFlat } from './flat.ts';
import { LIMITS } from './limits.ts';

const MIB = 1024 * 1024;
const SAMPLES = 240;

/** A start that levels out, then `base` with noise of `noise` to either side. */
function curve(base: number, noise: number, leak: number): number[] {
  const random = seeded(3);
  return Array.from({ length: SAMPLES }, (_, i) => {
    const start = base * (1 - 0.4 * Math.exp(-i / 12));
    return start + (2 * random() - 1) * noise + leak * i;
  });
}

test('flat: noise, a start and a short outage are flat', () => {
  expect(judgeFlat(curve(250 * MIB, 30 * MIB, 0), LIMITS.rss).flat).toBe(true);
  const outage = curve(250 * MIB, 5 * MIB, 0).map((rss, i) => (i > 200 && i < 215 ? rss + 300 * MIB : rss));
  expect(judgeFlat(outage, LIMITS.rss).flat).toBe(true);
});

test('flat: a sawtooth of segments that come and go is flat', () => {
  const files = Array.from({ length: SAMPLES }, (_, i) => 20 + (i % 12));
  expect(judgeFlat(files, LIMITS.dataFiles).flat).toBe(true);
});

test('flat: a leak of a fifth of the memory, planted under the noise, is found', () => {
  const verdict = judgeFlat(curve(250 * MIB, 10 * MIB, (50 * MIB) / SAMPLES), LIMITS.rss);
  expect(verdict.flat).toBe(false);
  expect(verdict.after).toBeGreaterThan(verdict.most);
});

test('flat: a descriptor that is lost every ten samples, and a file every five, are found', () => {
  const lost = (every: number) => Array.from({ length: SAMPLES }, (_, i) => 60 + Math.floor(i / every));
  expect(judgeFlat(lost(10), LIMITS.descriptors).flat).toBe(false);
  expect(judgeFlat(lost(5), LIMITS.dataFiles).flat).toBe(false);
  expect(judgeFlat(lost(40), LIMITS.temporaryFiles).flat).toBe(false);
});

test('flat: a handful of samples is no curve', () => {
  expect(() => judgeFlat([1, 2, 3], LIMITS.rss)).toThrow(RangeError);
});
