// How much goes through: each shape against a server that only counts, as fast as the windows allow. The engine runs twice in
// each round, so that the table tells what no difference looks like.

import type { Plot } from '../plot.ts';
import type { Section } from '../report.ts';
import type { Run } from '../run.ts';
import { BARE_SERVER } from '../servers/bare.ts';
import { firnServer } from '../servers/firn.ts';
import type { Server } from '../servers/server.ts';
import { SHAPES, type Shape } from '../shape.ts';
import { runTrial, type Trial } from '../trial.ts';

export interface Throughput {
  readonly shape: Shape;
  readonly firn: Trial;
  readonly again: Trial;
  readonly bare: Trial;
}

export async function measureThroughput(run: Run): Promise<Throughput[]> {
  const { records, seconds } = run;
  const results: Throughput[] = [];
  for (const shape of SHAPES) {
    const trial = (server: Server): Promise<Trial> => {
      run.progress(`${server.title}: ${shape.title}`);
      return runTrial(server, shape, { records, seconds });
    };
    const firn = await trial(firnServer());
    const bare = await trial(BARE_SERVER);
    results.push({ shape, firn, bare, again: await trial(firnServer()) });
  }
  return results;
}

/** Share of the engine's processor time that one of its threads took, 0–1. */
export function shareOf({ threads }: Trial, name: string): number {
  const all = threads.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
  return (threads.find((thread) => thread.name === name)?.cpuSeconds ?? 0) / all;
}

const percent = (share: number): string => `${Math.round(100 * share)} %`;

/** Where the engine's processor time goes, as words. */
export function sharesOf(trial: Trial): string {
  return trial.threads.map(({ name }) => `${name} ${percent(shareOf(trial, name))}`).join(', ');
}

export function throughputSection(results: readonly Throughput[]): Section {
  const rows = results.flatMap(({ shape, firn, again, bare }) =>
    [firn, again, bare].map((trial, i) => [
      i === 0 ? shape.title : '',
      i === 1 ? `${trial.title} (again)` : trial.title,
      Math.round(trial.framesPerSecond),
      Math.round(trial.recordsPerSecond),
      trial.frontNanos,
      trial.cpuMicros,
      trial.cores,
      trial.generatorCores,
      trial.kind === 'bound' ? null : trial.latency.p50,
      trial.kind === 'bound' ? null : trial.latency.p99,
      Math.round(trial.rssMib),
    ]),
  );
  return {
    key: 'throughput',
    title: 'Throughput: acknowledged after fsync, closed loop',
    columns: [
      { name: 'load' },
      { name: 'server' },
      { name: 'frames/s', digits: 0 },
      { name: 'records/s', digits: 0 },
      { name: 'front ns/frame', digits: 0 },
      { name: 'CPU µs/record' },
      { name: 'cores' },
      { name: 'generator' },
      { name: 'p50 ms' },
      { name: 'p99 ms' },
      { name: 'RSS MiB', digits: 0 },
    ],
    rows,
    notes: results.flatMap(notesOf),
  };
}

function notesOf({ shape, firn, again, bare }: Throughput): string[] {
  const front = (bare.frontNanos as number) / (firn.frontNanos as number);
  const limits = [firn, again, bare].filter(({ generatorLimited }) => generatorLimited);
  return [
    `${shape.key}: A/A ${(again.recordsPerSecond / firn.recordsPerSecond).toFixed(2)}; front thread, bare ÷ firn ${front.toFixed(
      2,
    )}; frames/s, firn ÷ bare ${(firn.framesPerSecond / bare.framesPerSecond).toFixed(2)}; ${sharesOf(firn)}`,
    `${shape.key}: ${firn.proof.how}`,
    ...limits.map(({ title }) => `${shape.key}: the load generator was the limit of ${title}`),
  ];
}

export function throughputPlot(results: readonly Throughput[], subtitle: string): Plot & { file: string } {
  return {
    file: 'throughput.svg',
    title: 'Records a second, acknowledged after fsync',
    subtitle,
    unit: 'records a second',
    scale: 'linear',
    groups: results.map(({ shape, firn, bare }) => ({
      heading: shape.title,
      bars: [firn, bare].map(({ title, recordsPerSecond, kind }) => ({
        label: title,
        value: Math.round(recordsPerSecond),
        kind,
      })),
    })),
  };
}
