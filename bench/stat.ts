// The statistics of the suite: medians, because one disturbed sample must not move a figure, and ratios that are taken
// between arms which ran in turns. The first arm of a comparison runs twice in each round, as A and as A′; the ratio of
// those two is what the machine makes of no difference at all, so a ratio closer to 1 than that says nothing.

/** Middle, quartiles and spread of some samples. `mad` = median of the distances from the median. */
export interface Summary {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly mad: number;
  readonly samples: number;
}

/** A ratio of two medians, and the quartiles of the ratios within the rounds. */
export interface Ratio {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The value that the share `q` (0–1) of the samples does not exceed, interpolated between the two nearest.
 * @throws RangeError when there is no sample or one is not a number.
 */
export function quantile(samples: readonly number[], q: number): number {
  if (samples.length === 0) throw new RangeError('no samples: a quantile needs at least one');
  if (samples.some(Number.isNaN)) throw new RangeError('a sample is not a number');
  const sorted = [...samples].sort((a, b) => a - b);
  const place = Math.min(1, Math.max(0, q)) * (sorted.length - 1);
  const below = sorted[Math.floor(place)] as number;
  const above = sorted[Math.ceil(place)] as number;
  return below === above ? below : below + (above - below) * (place - Math.floor(place));
}

/** @throws RangeError when there is no sample. */
export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/** @throws RangeError when there is no sample. */
export function summarise(samples: readonly number[]): Summary {
  const middle = median(samples);
  return {
    median: middle,
    low: quantile(samples, 0.25),
    high: quantile(samples, 0.75),
    mad: median(samples.map((sample) => Math.abs(sample - middle))),
    samples: samples.length,
  };
}

/**
 * `samples` of one arm over those of another, round by round in the same order.
 * @throws RangeError when there are not as many of one as of the other, or none, or the divisor's median is 0.
 */
export function ratioOf(samples: readonly number[], others: readonly number[]): Ratio {
  if (samples.length !== others.length) throw new RangeError('both arms need one sample for each round');
  const divisor = median(others);
  if (divisor === 0)
    throw new RangeError('the median of the other arm is 0: its work is too small to be seen');
  const pairs = samples.flatMap((sample, i) => (others[i] === 0 ? [] : [sample / (others[i] as number)]));
  return { ratio: median(samples) / divisor, low: quantile(pairs, 0.25), high: quantile(pairs, 0.75) };
}

/** What came of running arms in turns. `samples[i]` belongs to arm i, `again` to the second run of arm 0. */
export interface Interleaved {
  readonly samples: readonly (readonly number[])[];
  readonly again: readonly number[];
  /** A′ ÷ A: what no difference looks like in this run. */
  readonly aa: Ratio;
}

/**
 * Measures the arms in turns: A B C … A′ in one round, A′ … C B A in the next, so that neither drift of the machine nor
 * one arm's heap favours an arm.
 * @param measure gives one sample of an arm, in any unit
 */
export async function interleave<Arm>(
  arms: readonly Arm[],
  rounds: number,
  measure: (arm: Arm) => number | Promise<number>,
): Promise<Interleaved> {
  const first = arms[0];
  if (first === undefined || rounds < 1) throw new RangeError('a comparison needs an arm and a round');
  const samples: number[][] = arms.map(() => []);
  const again: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const turns = [...arms.keys(), arms.length];
    for (const turn of round % 2 === 0 ? turns : turns.reverse()) {
      const sample = await measure(arms[turn] ?? first);
      (samples[turn] ?? again).push(sample);
    }
  }
  return { samples, again, aa: ratioOf(again, samples[0] as number[]) };
}
