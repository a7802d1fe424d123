// Many endpoints that say little: how many one process holds, what one costs, and how soon each is answered. Then more than
// one process may open, on two engines beside each other.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LoadReport, runLoad } from '../load.ts';
import type { Section } from '../report.ts';
import type { Run } from '../run.ts';
import { firnServer, type RunningFirn } from '../servers/firn.ts';
import { TrialError } from '../trial.ts';

const MANY = 19_000;
const TWO_ENGINES = 15_000;
/** Descriptors that a process needs beside its sockets. */
const SPARE = 500;
/** One address has 28,000 ports to connect from. */
const SOURCES = 2;

/** Files that a process may have open at once; unknown = as many as anybody wants. */
function descriptorLimit(): number {
  try {
    const found = /^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return found === null ? Number.POSITIVE_INFINITY : Number(found[1]);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** Runs `work` against engines on folders of their own, and has each prove what it kept. */
async function withEngines(
  count: number,
  work: (engines: readonly RunningFirn[]) => Promise<readonly (LoadReport | null)[]>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'firn-bench-endpoints-'));
  const engines: RunningFirn[] = [];
  try {
    for (let i = 0; i < count; i++)
      engines.push(await firnServer().start(mkdtempSync(join(folder, 'engine-'))));
    const reports = await work(engines);
    for (const [i, engine] of engines.entries()) {
      const report = reports[i] ?? null;
      if (report === null) continue;
      const proof = await engine.finish(report);
      if (!proof.ok) throw new TrialError('firn', proof.how);
    }
  } finally {
    for (const engine of engines) await engine.abandon();
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function measureEndpoints(run: Run): Promise<Section> {
  const limit = descriptorLimit();
  const many = Math.min(MANY, limit - SPARE);
  const each = Math.min(TWO_ENGINES, limit - SPARE);
  const notes: string[] = [];
  const rows: (string | number | null)[][] = [];
  if (many < MANY) notes.push(`the limit of open files is ${limit}: ${many} endpoints instead of ${MANY}`);

  run.progress(`${many} silent endpoints`);
  await withEngines(1, async ([engine]) => {
    const { target } = engine as RunningFirn;
    const idle = await runLoad({ ...target, connections: many, sources: SOURCES, idle: 3 });
    const [server] = idle.server;
    const bytes = (((server?.rss_kib ?? 0) - (server?.rss_before_kib ?? 0)) * 1024) / many;
    rows.push([`${many} silent`, idle.connections_open, null, null, null, null, bytes]);
    return [null];
  });

  const talk = (engine: RunningFirn, connections: number): Promise<LoadReport> =>
    runLoad({
      ...engine.target,
      records: run.records,
      connections,
      sources: SOURCES,
      window: 8,
      rate: connections,
      seconds: Math.max(5, run.seconds),
      warmup: 3,
      drainSeconds: 60,
    });
  const tell = (title: string, report: LoadReport): void => {
    const { connections_open, frames_s, latency, generator_limited } = report;
    rows.push([
      title,
      connections_open,
      Math.round(frames_s),
      latency.p50_ms,
      latency.p99_ms,
      latency.max_ms,
      null,
    ]);
    if (generator_limited) notes.push(`${title}: the load generator was late`);
  };
  run.progress(`${many} endpoints, 1 frame a second each`);
  await withEngines(1, async ([engine]) => {
    const report = await talk(engine as RunningFirn, many);
    tell(`${many}, 1 frame/s each`, report);
    return [report];
  });
  run.progress(`${2 * each} endpoints on two engines`);
  await withEngines(2, async (engines) => {
    const reports = await Promise.all(engines.map((engine) => talk(engine, each)));
    for (const [i, report] of reports.entries()) tell(`${each} on engine ${i + 1} of 2`, report);
    return reports;
  });
  notes.push('every lake was verified, every frame acknowledged');
  return {
    key: 'endpoints',
    title: 'Endpoints',
    columns: [
      { name: 'load' },
      { name: 'open', digits: 0 },
      { name: 'frames/s', digits: 0 },
      { name: 'p50 ms' },
      { name: 'p99 ms' },
      { name: 'max ms' },
      { name: 'RSS bytes/endpoint', digits: 0 },
    ],
    rows,
    notes,
  };
}
