// One trial: a server started on an empty folder, driven by the load generator, asked for proof, and gone again with all it
// wrote. Every figure of the suite that comes over sockets is made here.

import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemTicks } from './cpu.ts';
import { type LoadReport, runLoad } from './load.ts';
import type { Proof, Server, ThreadCost } from './servers/server.ts';
import type { Shape } from './shape.ts';

export interface TrialOptions {
  /** File of the records. */
  readonly records: string;
  readonly seconds: number;
  readonly warmup?: number;
  /** Frames a second (open loop); left out = as fast as the windows allow. */
  readonly rate?: number;
  /** Folder for what servers write; default the system's folder for temporary files. */
  readonly folder?: string;
}

export interface Trial {
  readonly server: string;
  readonly title: string;
  readonly kind: Server['kind'];
  readonly framesPerSecond: number;
  readonly recordsPerSecond: number;
  /** Milliseconds from send (closed loop) or from when it was due (open loop) to acknowledgement. */
  readonly latency: {
    readonly p50: number;
    readonly p99: number;
    readonly p999: number;
    readonly max: number;
  };
  /** Processor time of the server, µs a record and in cores; empty names where it does not tell its threads. */
  readonly cpuMicros: number;
  readonly cores: number;
  readonly threads: readonly ThreadCost[];
  /** Processor time of the front thread, ns a frame; null where the server does not name it. */
  readonly frontNanos: number | null;
  readonly rssMib: number;
  /** Cores that the load generator used, and whether it was the limit. */
  readonly generatorCores: number;
  readonly generatorLimited: boolean;
  /** Share of all processors that was in use in the interval and around it, 0–1; null where unknown. */
  readonly busy: number | null;
  readonly proof: Proof;
}

const CORES = cpus().length;
/** With fewer cores a pinned generator keeps one of the engine's threads off the only other core. */
const CORES_TO_PIN = 4;

/** A trial whose answers were wrong. */
export class TrialError extends Error {
  constructor(server: string, how: string) {
    super(`${server} did not keep what it acknowledged: ${how}`);
    this.name = 'TrialError';
  }
}

/** Runs one trial. @throws TrialError when the answers are wrong, LoadError when not every frame was acknowledged */
export async function runTrial(server: Server, shape: Shape, options: TrialOptions): Promise<Trial> {
  const folder = mkdtempSync(join(options.folder ?? tmpdir(), `firn-bench-${server.name}-`));
  const running = await server.start(folder);
  try {
    const before = systemTicks();
    const report = await runLoad({
      ...running.target,
      records: options.records,
      connections: shape.connections,
      recordsPerFrame: shape.recordsPerFrame,
      burst: shape.burst,
      // A server that only counts is asked how far it has come; the rarer, the less it has to do.
      ...(running.target.protocol === 'discard' ? {} : { window: shape.window }),
      seconds: options.seconds,
      warmup: options.warmup ?? 1,
      ...(options.rate === undefined ? {} : { rate: Math.round(options.rate) }),
      drainSeconds: 60,
      ...(CORES >= CORES_TO_PIN ? { cpu: CORES - 1 } : {}),
    });
    const busy = busyBetween(before, systemTicks());
    const names = await running.threadNames();
    const proof = await running.finish(report);
    if (!proof.ok) throw new TrialError(server.title, proof.how);
    return summary(server, report, names, busy, proof);
  } finally {
    await running.abandon();
    rmSync(folder, { recursive: true, force: true });
  }
}

function busyBetween(before: ReturnType<typeof systemTicks>, after: typeof before): number | null {
  if (before === null || after === null || after.total === before.total) return null;
  return 1 - (after.idle - before.idle) / (after.total - before.total);
}

function summary(
  server: Server,
  report: LoadReport,
  names: ReadonlyMap<number, string>,
  busy: number | null,
  proof: Proof,
): Trial {
  const { latency, interval_s, frames_s, records_s } = report;
  const frames = frames_s * interval_s;
  const cpuSeconds = report.server.reduce((sum, { user_s, sys_s }) => sum + user_s + sys_s, 0);
  const threads = threadCosts(report, names);
  const front = threads.find(({ name }) => name === 'frontend');
  return {
    server: server.name,
    title: server.title,
    kind: server.kind,
    framesPerSecond: frames_s,
    recordsPerSecond: records_s,
    latency: { p50: latency.p50_ms, p99: latency.p99_ms, p999: latency.p999_ms, max: latency.max_ms },
    cpuMicros: (cpuSeconds / (records_s * interval_s)) * 1e6,
    cores: cpuSeconds / interval_s,
    threads,
    frontNanos: front === undefined ? null : (front.cpuSeconds / frames) * 1e9,
    rssMib: report.server.reduce((sum, { rss_peak_kib }) => sum + rss_peak_kib, 0) / 1024,
    generatorCores: report.generator.share,
    generatorLimited: report.generator_limited,
    busy,
    proof,
  };
}

/** Threads with a name by themselves, all others together. */
function threadCosts(report: LoadReport, names: ReadonlyMap<number, string>): ThreadCost[] {
  if (names.size === 0) return [];
  const costs = new Map<string, number>();
  for (const { tid, user_s, sys_s } of report.server.flatMap(({ threads }) => threads)) {
    const name = names.get(tid) ?? 'V8 and libuv';
    costs.set(name, (costs.get(name) ?? 0) + user_s + sys_s);
  }
  return [...costs].map(([name, cpuSeconds]) => ({ name, cpuSeconds }));
}
