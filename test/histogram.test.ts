// The histogram of durations, compared with sorting.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Histogram } from '../engine/histogram.ts';

test('histogram: nothing recorded gives zeros', () => {
  const h = new Histogram();
  expect([h.count, h.p50, h.p99, h.max]).toEqual([0, 0, 0, 0]);
});

test('histogram: a quantile is never below the true one and at most a sixteenth and a microsecond above', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 100_000, noNaN: true }), { minLength: 1 }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (values, q) => {
        const h = new Histogram();
        for (const value of values) h.record(value);
        const sorted = [...values].sort((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil(q * values.length)) - 1] as number;
        expect(h.quantile(q)).toBeGreaterThanOrEqual(exact);
        expect(h.quantile(q)).toBeLessThanOrEqual(exact * (1 + 1 / 16) + 0.001);
        expect(h.max).toBe(sorted.at(-1));
        expect(h.count).toBe(values.length);
      },
    ),
  );
});

test('histogram: negative and enormous durations are counted and break nothing', () => {
  const h = new Histogram();
  h.record(-5);
  h.record(1e12);
  expect(h.count).toBe(2);
  expect(h.p50).toBeLessThan(0.01);
  expect(h.max).toBe(1e12);
});

test('histogram: reset forgets everything', () => {
  const h = new Histogram();
  h.record(7);
  h.reset();
  expect([h.count, h.p99, h.max]).toEqual([0, 0, 0]);
});
