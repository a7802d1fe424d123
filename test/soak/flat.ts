// What "flat" means, as a rule that can fail: the median of a curve's last quarter may lie above the median of its second
// quarter by no more than a stated limit. The first quarter is the start (caches, compiled code, the first files); medians
// do not see a spike such as an outage of some seconds makes.

export interface Limit {
  /** Growth that is allowed: a share of the second quarter's median, and an amount in the curve's unit on top. */
  readonly share: number;
  readonly amount: number;
}

export interface Verdict {
  readonly flat: boolean;
  /** Medians of the second and of the last quarter, and what the limit allows for the latter. */
  readonly before: number;
  readonly after: number;
  readonly most: number;
}

/** Fewer samples than this say nothing. */
const LEAST_SAMPLES = 16;

/** Judges samples that were taken at even distances. @throws RangeError when there are too few. */
export function judgeFlat(samples: readonly number[], limit: Limit): Verdict {
  if (samples.length < LEAST_SAMPLES)
    throw new RangeError(`${samples.length} samples are too few to call a curve flat (${LEAST_SAMPLES})`);
  const quarter = Math.floor(samples.length / 4);
  const before = median(samples.slice(quarter, 2 * quarter));
  const after = median(samples.slice(-quarter));
  const most = before * (1 + limit.share) + limit.amount;
  return { flat: after <= most, before, after, most };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] as number)) / 2;
}
