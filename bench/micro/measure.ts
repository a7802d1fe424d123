// Measures a comparison: tinybench calls an arm for a slice of time and takes the mean of its calls, arms take turns, and
// medians of the slices are told. The mean within a slice, since garbage is collected in few calls and belongs to all.
// Before each slice the young generation is collected, so that no arm pays for the garbage of the one before. Not the whole
// heap: that also drops compiled regular expressions and code whose objects are all dead, and each slice would begin with
// compiling, which costs JavaScript arms dearly and the native one nothing.

import { Bench } from 'tinybench';
import { collectGarbage } from '../allocation/collections.ts';
import { interleave, type Ratio, ratioOf, type Summary, summarise } from '../stat.ts';
import type { Arm, Comparison } from './subject.ts';

export interface MeasuredArm {
  readonly name: string;
  readonly kind: Arm['kind'];
  /** Nanoseconds per unit. */
  readonly ns: Summary;
  /** How many times the first arm's cost. */
  readonly times: Ratio;
}

export interface Measured {
  readonly comparison: Comparison;
  readonly arms: readonly MeasuredArm[];
  /** The first arm against itself: what no difference looks like in this run. */
  readonly aa: Ratio;
}

export interface MeasureOptions {
  /** For the whole comparison, without its warm-up. */
  readonly seconds: number;
  readonly rounds: number;
}

/** CPU milliseconds of this process, all of its threads: collecting and compiling beside the main thread count too. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function wallMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Milliseconds per call of an arm, over at least `sliceMs` and at least one call. */
function slice(arm: Arm, clock: Comparison['clock'], sliceMs: number): number {
  collectGarbage('young');
  const bench = new Bench({
    now: clock === 'cpu' ? cpuMs : wallMs,
    time: sliceMs,
    iterations: 1,
    warmup: false,
    throws: true,
  });
  bench.add(arm.name, () => void arm.run(), { async: false });
  const [task] = bench.runSync();
  const result = task?.result;
  if (result?.state !== 'completed')
    throw new Error(`${arm.name}: the bench ended as ${result?.state ?? 'nothing'}`);
  return result.period;
}

/** Runs all arms in turns. @throws whatever an arm throws */
export async function measure(comparison: Comparison, options: MeasureOptions): Promise<Measured> {
  const { arms, clock, units } = comparison;
  const sliceMs = (1000 * options.seconds) / (options.rounds * (arms.length + 1));
  // Long enough for the compiler to be through with every arm.
  for (const arm of arms) slice(arm, clock, Math.min(500, 2 * sliceMs));
  const { samples, aa } = await interleave(
    arms,
    options.rounds,
    (arm) => (slice(arm, clock, sliceMs) * 1e6) / units,
  );
  const first = samples[0] as readonly number[];
  return {
    comparison,
    aa,
    arms: arms.map(({ name, kind }, i) => {
      const own = samples[i] as readonly number[];
      return { name, kind, ns: summarise(own), times: ratioOf(own, first) };
    }),
  };
}
