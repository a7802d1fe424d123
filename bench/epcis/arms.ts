// Arms of document size: one run is one document and takes tenths of a second, so each is timed by itself, by processor
// time. Some run in a process of their own, whose time is asked of the shell that started it.

import { spawnSync } from 'node:child_process';
import { collectGarbage } from '../allocation/collections.ts';
import type { Bar } from '../plot.ts';
import type { Section } from '../report.ts';
import { interleave, type Ratio, ratioOf, summarise } from '../stat.ts';

export interface DocumentArm {
  readonly name: string;
  readonly kind: NonNullable<Bar['kind']>;
  /** The whole document once. @returns CPU milliseconds that were spent in other processes */
  run(): number;
}

/** What the arms work on. */
export interface Work {
  readonly key: string;
  readonly title: string;
  readonly rows: number;
  readonly bytes: number;
  readonly notes: readonly string[];
}

export interface MeasuredWork {
  readonly work: Work;
  readonly arms: readonly {
    readonly name: string;
    readonly kind: DocumentArm['kind'];
    /** CPU milliseconds of a document. */
    readonly ms: ReturnType<typeof summarise>;
    readonly times: Ratio;
  }[];
  readonly aa: Ratio;
}

function timed(arm: DocumentArm): number {
  collectGarbage('young');
  const before = process.cpuUsage();
  const elsewhere = arm.run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 + elsewhere;
}

/** Runs all arms in turns, after two runs of each for the compiler. The first is the measure of the others, and runs twice. */
export async function measureArms(
  work: Work,
  arms: readonly DocumentArm[],
  rounds: number,
): Promise<MeasuredWork> {
  for (const arm of arms) {
    arm.run();
    arm.run();
  }
  const { samples, aa } = await interleave(arms, rounds, timed);
  const first = samples[0] as readonly number[];
  return {
    work,
    aa,
    arms: arms.map(({ name, kind }, i) => {
      const own = samples[i] as readonly number[];
      return { name, kind, ms: summarise(own), times: ratioOf(own, first) };
    }),
  };
}

/** The table of one work. `than` names the first arm in a heading. */
export function sectionOfWork({ work, arms, aa }: MeasuredWork, than: string): Section {
  const { key, title, rows, bytes, notes } = work;
  return {
    key,
    title,
    columns: [
      { name: 'arm' },
      { name: 'rows/s', digits: 0 },
      { name: 'MB/s' },
      { name: 'ns/row', digits: 0 },
      { name: 'low', digits: 0 },
      { name: 'high', digits: 0 },
      { name: `× ${than}`, digits: 2 },
    ],
    rows: arms.map(({ name, ms, times }) => {
      const perRow = (value: number): number => (value * 1e6) / rows;
      const rate = Math.round((1000 * rows) / ms.median);
      return [name, rate, bytes / ms.median / 1000, ...[ms.median, ms.low, ms.high].map(perRow), times.ratio];
    }),
    notes: [
      `${rows} objects in ${(bytes / 1e6).toFixed(1)} MB; CPU time, medians and quartiles of ${arms[0]?.ms.samples} rounds; A/A ${aa.ratio.toFixed(3)} (${aa.low.toFixed(2)}–${aa.high.toFixed(2)})`,
      ...notes,
    ],
    figures: { rows, bytes, aa: aa.ratio, aaLow: aa.low, aaHigh: aa.high },
  };
}

/**
 * Runs a command to its end. @returns its standard output, and the CPU milliseconds it took, starting included.
 * @throws Error when it fails
 */
export function runCommand(...command: string[]): { readonly stdout: Buffer; readonly cpuMs: number } {
  // `time` of bash knows what the kernel counted for a child; Node does not tell.
  const script = 'TIMEFORMAT="cpu %3U %3S"; time "$@"';
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', ...command], {
    maxBuffer: 1 << 30,
  });
  const [, user, system] = /cpu ([0-9.]+) ([0-9.]+)\s*$/.exec(String(stderr)) ?? [];
  if (status !== 0 || user === undefined)
    throw new Error(`${command.join(' ')} failed (exit ${status}): ${String(stderr).trim()}`);
  return { stdout, cpuMs: 1000 * (Number(user) + Number(system)) };
}

/** Whether a command is there. */
export function hasCommand(name: string): boolean {
  return spawnSync('bash', ['-c', 'type -P "$1"', 'bash', name]).status === 0;
}
