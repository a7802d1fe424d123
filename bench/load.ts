// The load generator (`bench/load/`) as a function: builds its command line, runs it, reads its report. Records are made
// by `writeWorkload`. The program is built by `node bench/load/build.mjs`; it is no part of an install.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type LoadProtocol = 'firn' | 'discard' | 'nats' | 'mqtt' | 'redis';

/** One option of the command each; `firn-load --help` says what it means. Times are seconds. */
export interface LoadOptions {
  readonly protocol?: LoadProtocol;
  readonly host?: string;
  /** Connections are spread over several. */
  readonly port: number | readonly number[];
  readonly path?: string;
  readonly topic?: string;
  /** File of one record a line; not needed with `idle`. */
  readonly records?: string;
  readonly connections?: number;
  readonly recordsPerFrame?: number;
  readonly burst?: number;
  readonly window?: number;
  readonly seconds?: number;
  readonly warmup?: number;
  /** Frames a second: makes it an open loop. */
  readonly rate?: number;
  readonly frames?: number;
  readonly idle?: number;
  readonly sources?: number;
  readonly connectRate?: number;
  readonly sessionPrefix?: string;
  readonly connectSeconds?: number;
  readonly stallSeconds?: number;
  readonly drainSeconds?: number;
  readonly maxLength?: number;
  readonly cpu?: number;
  readonly pid?: number | readonly number[];
  readonly text?: boolean;
}

export interface LoadCounts {
  readonly frames_sent: number;
  readonly frames_acked: number;
  readonly records_sent: number;
  readonly records_acked: number;
  readonly payload_bytes_acked: number;
  /** Records that the server said it refused. */
  readonly rejects_told: number;
}

/** Milliseconds; a quantile is at most 0.1 % above the exact one. */
export interface LoadTimes {
  readonly count: number;
  readonly mean_ms: number;
  readonly p50_ms: number;
  readonly p90_ms: number;
  readonly p99_ms: number;
  readonly p999_ms: number;
  readonly max_ms: number;
}

/** Processor time over exactly the measured interval; `share` is of one core. */
export interface LoadCpu {
  readonly user_s: number;
  readonly sys_s: number;
  readonly share: number;
}

export interface LoadServer extends LoadCpu {
  readonly pid: number;
  /** Before the first connection. */
  readonly rss_before_kib: number;
  /** At the end of the interval. */
  readonly rss_kib: number;
  readonly rss_peak_kib: number;
  readonly threads: readonly (LoadCpu & { readonly tid: number; readonly name: string })[];
}

/** What the program reports. Counts without `total` are of the measured interval, frames acknowledged within it. */
export interface LoadReport extends LoadCounts {
  readonly options: Readonly<Record<string, unknown>>;
  /** Until the last connection was open. */
  readonly connect_s: number;
  /** At the end of the interval. */
  readonly connections_open: number;
  readonly interval_s: number;
  readonly frames_s: number;
  readonly records_s: number;
  /** Payload, in 10^6 bytes a second. */
  readonly mb_s: number;
  /** Of each frame sent (closed loop) or due (open loop) in the interval, acknowledged or not. */
  readonly latency: LoadTimes & {
    /** Buckets are [highest value, count]. */
    readonly histogram: {
      readonly significant_digits: 3;
      readonly unit: 'ns';
      readonly buckets: readonly (readonly [highest: number, count: number])[];
    };
  };
  readonly total: LoadCounts;
  readonly errors: {
    readonly connections_closed: number;
    readonly frames_unacked: number;
    /** The first lost connection, as a sentence, or ''. */
    readonly first: string;
    /** How many connections ended with each close code; 1006 = without one. */
    readonly codes: Readonly<Record<string, number>>;
  };
  /** Open loop: bursts that were due and never left. */
  readonly bursts_unsent: number;
  readonly generator: LoadCpu & {
    readonly sends: number;
    readonly receives: number;
    /** Open loop: how long after it was due the generator came to a burst. */
    readonly late: LoadTimes;
  };
  /** The generator was the limit, so the figures say nothing about the server. */
  readonly generator_limited: boolean;
  readonly server: readonly LoadServer[];
}

/** The program failed, or not every frame was acknowledged. The message is its own sentence. */
export class LoadError extends Error {
  /** What was measured all the same, or null. */
  readonly report: LoadReport | null;
  /** 1 = the run failed, 2 = bad options; null = killed. */
  readonly exitCode: number | null;

  constructor(message: string, report: LoadReport | null, exitCode: number | null) {
    super(message);
    this.name = 'LoadError';
    this.report = report;
    this.exitCode = exitCode;
  }
}

/** Where the program is once it is built, the same from the sources and from `dist`; FIRN_LOAD names another build. */
export function loadProgram(): string {
  const other = process.env['FIRN_LOAD'];
  if (other !== undefined) return other;
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return join(folder, 'bench/load/build/firn-load');
}

function commandLine(options: LoadOptions): string[] {
  const words: string[] = ['--json'];
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || value === false) continue;
    words.push(`--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
    if (value !== true) words.push(String(value));
  }
  return words;
}

/**
 * Runs the generator once.
 * @throws LoadError when it is not built, was told nonsense, or a frame was not acknowledged.
 */
export async function runLoad(options: LoadOptions): Promise<LoadReport> {
  const program = loadProgram();
  if (!existsSync(program)) {
    throw new LoadError('the load generator is not built: node bench/load/build.mjs', null, null);
  }
  const child = spawn(program, commandLine(options), { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let complaint = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const report = out === '' ? null : (JSON.parse(out) as LoadReport);
  if (code !== 0 || report === null) {
    throw new LoadError(complaint.trim() || `firn-load ended with ${code}`, report, code);
  }
  return report;
}
