// How long an acknowledgement takes when the machine is not full: open loop at half of what the closed loop reached, timed
// from when each frame was due, so that a stall counts for every frame that it held up.

import type { Section } from '../report.ts';
import type { Run } from '../run.ts';
import { firnServer } from '../servers/firn.ts';
import { runTrial, type Trial } from '../trial.ts';
import type { Throughput } from './throughput.ts';

/** Above this share of all processors the figure speaks of the machine, not of the engine. */
const BUSY = 0.9;

export async function measureLatency(run: Run, throughput: readonly Throughput[]): Promise<Section> {
  const trials: { readonly title: string; readonly rate: number; readonly trial: Trial }[] = [];
  for (const { shape, firn } of throughput) {
    const rate = firn.framesPerSecond / 2;
    run.progress(`firn at half load: ${shape.title}`);
    const options = { records: run.records, seconds: Math.max(5, run.seconds), warmup: 2, rate };
    trials.push({ title: shape.title, rate, trial: await runTrial(firnServer(), shape, options) });
  }
  return {
    key: 'latency',
    title: 'Acknowledgement latency at half of the measured maximum, open loop',
    columns: [
      { name: 'load' },
      { name: 'frames/s', digits: 0 },
      { name: 'p50 ms' },
      { name: 'p99 ms' },
      { name: 'p99.9 ms' },
      { name: 'max ms' },
      { name: 'cores' },
      { name: 'machine' },
    ],
    rows: trials.map(({ title, trial }) => [
      title,
      Math.round(trial.framesPerSecond),
      trial.latency.p50,
      trial.latency.p99,
      trial.latency.p999,
      trial.latency.max,
      trial.cores,
      trial.busy === null ? null : `${Math.round(100 * trial.busy)} % busy`,
    ]),
    notes: trials.flatMap(({ title, trial }) => [
      ...(trial.busy !== null && trial.busy > BUSY
        ? [
            `${title}: the machine was ${Math.round(100 * trial.busy)} % busy: its p99 says nothing of the engine`,
          ]
        : []),
      ...(trial.generatorLimited ? [`${title}: the load generator was late`] : []),
    ]),
  };
}
