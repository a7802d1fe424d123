// The statistics of the suite: medians and quartiles by hand-made samples, and the order in which arms take turns.

import { describe, expect, test } from 'vitest';
import { interleave, median, quantile, ratioOf, summarise } from '../../bench/stat.ts';

describe('stat', () => {
  test('stat: the median of an even number of samples is the middle of the two in the middle', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([7])).toBe(7);
    expect(quantile([10, 20, 30, 40, 50], 0.25)).toBe(20);
    expect(quantile([10, 20], 0.75)).toBe(17.5);
  });

  test('stat: one sample that is far off moves neither median nor spread', () => {
    const summary = summarise([10, 11, 9, 10, 1000]);
    expect(summary).toEqual({ median: 10, low: 10, high: 11, mad: 1, samples: 5 });
  });

  test('stat: no samples and samples that are no numbers are refused', () => {
    expect(() => median([])).toThrow(/at least one/);
    expect(() => median([1, Number.NaN])).toThrow(/not a number/);
    expect(() => ratioOf([1], [1, 2])).toThrow(/one sample for each round/);
    expect(() => ratioOf([1, 1], [0, 0])).toThrow(/too small/);
  });

  test('stat: a ratio is that of the medians, its range that of the rounds', () => {
    const ratio = ratioOf([20, 40, 60], [10, 10, 20]);
    expect(ratio.ratio).toBe(4);
    expect([ratio.low, ratio.high]).toEqual([2.5, 3.5]);
  });

  test('stat: arms take turns, the first one twice, and every second round runs backwards', async () => {
    const seen: string[] = [];
    const cost: Record<string, number> = { a: 10, b: 30 };
    const { samples, again, aa } = await interleave(['a', 'b'], 2, (arm) => {
      seen.push(arm);
      return (cost[arm] as number) + (seen.length === 3 ? 1 : 0);
    });
    expect(seen.join('')).toBe('abaaba');
    expect(samples).toEqual([
      [10, 10],
      [30, 30],
    ]);
    expect(again).toEqual([11, 10]);
    expect(aa.ratio).toBe(1.05);
  });

  test('stat: a drift of the machine falls on A and A′ alike', async () => {
    let now = 0;
    const { aa } = await interleave(['a', 'b'], 10, () => {
      now += 1;
      return 100 + now;
    });
    expect(aa.ratio).toBeCloseTo(1, 2);
  });
});
