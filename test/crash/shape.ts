// The load of an epoch: how many endpoints send what how often. Drawn at random, within a rate that leaves a small machine
// time for restarts.

import type { Random } from './random.ts';

export interface LoadShape {
  readonly endpoints: number;
  /** Most records in a frame; each frame has 1 to so many. */
  readonly recordsPerFrame: number;
  /** Mean pause of an endpoint between two frames. */
  readonly gapMs: number;
  /** Share of records that the engine must refuse, 0–1. */
  readonly refusedShare: number;
  /** Records carry the day of their sending or one of the `days` before it. */
  readonly days: number;
  readonly lateShare: number;
  /** Posters over HTTP, each with Idempotency-Keys. */
  readonly posters: number;
}

/** Records a second over all endpoints, at most. */
const MAX_RATE = 4000;

export function drawShape(random: Random): LoadShape {
  const between = (least: number, most: number): number => least + Math.floor(random() * (most - least + 1));
  // As often few as many: the logarithm is even.
  const endpoints = Math.round(200 ** random());
  const recordsPerFrame = Math.round(200 ** random());
  const least = (endpoints * (recordsPerFrame + 1) * 500) / MAX_RATE;
  return {
    endpoints,
    recordsPerFrame,
    gapMs: Math.max(least, between(1, 60)),
    refusedShare: [0, 0.02, 0.02, 0.3][between(0, 3)] as number,
    days: between(0, 12),
    lateShare: [0.02, 0.2, 0.9][between(0, 2)] as number,
    posters: between(0, 4),
  };
}

export function describeShape(shape: LoadShape): string {
  const { endpoints, recordsPerFrame, gapMs, refusedShare, days, lateShare, posters } = shape;
  return (
    `${endpoints} endpoints, 1–${recordsPerFrame} records a frame every ${Math.round(gapMs)} ms, ` +
    `${Math.round(refusedShare * 100)} % refused, ${days + 1} days (${Math.round(lateShare * 100)} % late), ${posters} posters`
  );
}
