// One row of the table of syscall faults: the fixed load on an engine under the shim, then the same load, still resending
// what was not acknowledged, on an engine without it; at the end lake and ledger must agree.

import { cpSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineProcess } from './engine-process.ts';
import { isLake, type Row, type Scenario } from './fault-rows.ts';
import { startLoad } from './fixed-load.ts';
import type { FrameOptions } from './frames.ts';
import { type FrameRecords, Ledger } from './ledger.ts';
import { seeded } from './random.ts';
import { readTrace, shimEnvironment, type TracedCall } from './shim.ts';
import { openSite, type Site } from './site.ts';

/** How the engine under the shim ended. */
export type Outcome = 'killed' | 'exit 70' | 'exit 2' | 'went on' | 'not reached' | 'otherwise';

export interface RowResult {
  readonly outcome: Outcome;
  readonly faults: readonly string[];
  /** Kept after a fault. */
  readonly folder: string | null;
}

/** Folders of an engine that was killed in its work, and what it had acknowledged. */
export interface Killed {
  readonly site: Site;
  readonly records: readonly FrameRecords[];
  readonly numbers: number;
}

const RUN_MS = 60_000;
/** Small cuts, and a drain that does not wait long for a lake that is out. */
const CONFIG = {
  streams: { coldchain: { cut: { records: 40, age: 0.1, lateAge: 0.2 } } },
  drain: 3,
};

function frameOptions(numbers: number): FrameOptions {
  return {
    random: seeded(1),
    numbers: { next: numbers },
    refusedShare: 0.05,
    days: 3,
    lateShare: 0.3,
  };
}

/** Makes the folders that rows of `recovery` begin with: all of the load acknowledged, killed before it drained. */
export async function killedSite(): Promise<Killed> {
  const site = await openSite();
  site.configure(CONFIG);
  const options = frameOptions(1);
  const ledger = new RecordingLedger();
  site.engine.start();
  const load = startLoad(site.url, ledger, options);
  const fault = await load.done;
  await site.engine.kill();
  await load.abandon();
  if (fault !== null) throw fault;
  return { site, records: ledger.records, numbers: options.numbers.next };
}

class RecordingLedger extends Ledger {
  readonly records: FrameRecords[] = [];
  override sent(frame: FrameRecords): void {
    this.records.push(frame);
    super.sent(frame);
  }
}

/** The calls of the durable path, without a fault: a start, the load, a drain. */
export async function traceCalls(shim: string, scenario: Scenario, killed: Killed): Promise<TracedCall[]> {
  const site = await siteOf(scenario, killed);
  const trace = join(site.folder, 'trace');
  site.engine.start(shimEnvironment(shim, site.folder, trace, null));
  const load = startLoad(site.url, new Ledger(), frameOptions(killed.numbers));
  const fault = await load.done;
  const code = await site.engine.stop();
  await load.abandon();
  if (fault !== null || code !== 0)
    throw new Error(`the run without a fault ended with ${code}: ${fault?.message ?? site.engine.errors}`);
  const { calls } = readTrace(trace);
  site.remove();
  return calls;
}

async function siteOf(scenario: Scenario, killed: Killed): Promise<Site> {
  const site = await openSite();
  site.configure(CONFIG);
  if (scenario === 'recovery') {
    cpSync(killed.site.data, site.data, { recursive: true });
    cpSync(killed.site.lake.location, site.lake.location, { recursive: true });
  }
  return site;
}

export async function runRow(row: Row, shim: string, killed: Killed): Promise<RowResult> {
  const site = await siteOf(row.scenario, killed);
  const { engine } = site;
  const ledger = new Ledger();
  if (row.scenario === 'recovery') {
    for (const records of killed.records) {
      ledger.sent(records);
      ledger.acknowledged(records);
    }
  }
  const trace = join(site.folder, 'trace');
  engine.start(shimEnvironment(shim, site.folder, trace, row));
  const load = startLoad(site.url, ledger, frameOptions(killed.numbers));
  const faults: string[] = [];
  let outcome: Outcome = 'not reached';
  try {
    await Promise.race([load.done, engine.ended()]);
    if (engine.running) await engine.stop();
    const { fault } = readTrace(trace);
    outcome = outcomeOf(engine, fault !== null);
    faults.push(...unexpected(row, outcome, engine));
    engine.start();
    await engine.until(() => engine.listening, RUN_MS);
    const late = await within(load.done, RUN_MS);
    if (late !== null) faults.push(`not everything was acknowledged after a restart: ${late.message}`);
    const code = await engine.stop();
    if (code !== 0 || !engine.drained)
      faults.push(`the restart without faults ended with ${code}: ${engine.errors}`);
    faults.push(...ledger.compare(await site.lake.content()), ...(await site.lake.verify()));
  } catch (error) {
    faults.push((error as Error).message);
  } finally {
    await load.abandon();
    await engine.kill();
  }
  if (faults.length === 0) site.remove();
  return { outcome, faults: faults.slice(0, 5), folder: faults.length === 0 ? null : site.folder };
}

function outcomeOf(engine: EngineProcess, reached: boolean): Outcome {
  if (engine.signalled === 'SIGKILL') return 'killed';
  if (engine.exited === 70) return 'exit 70';
  if (engine.exited === 2) return 'exit 2';
  if (engine.exited === 0) return reached ? 'went on' : 'not reached';
  return 'otherwise';
}

/** Faults that must not be survived: behind them nobody knows what is on disk. */
const UNKNOWN: readonly string[] = ['write', 'fsync', 'fdatasync', 'rename', 'ftruncate'];
const CRITICAL =
  /journal\/(records|seals)|state\/(outbox|quarantine|log|snapshot)|\/data$|\/data\/(journal|state)$|\/keys/;

/** Why this end is not one that the fault allows. */
function unexpected({ way, kind, place }: Row, outcome: Outcome, engine: EngineProcess): string[] {
  if (outcome === 'not reached') return [];
  const kills = ['kill', 'kill-after', 'torn', 'lost-kill'].includes(way);
  const survivable = way === 'short' || isLake(place) || !UNKNOWN.includes(kind) || !CRITICAL.test(place);
  const words: string[] = [];
  if (outcome === 'otherwise') words.push(`it ended with ${engine.signalled ?? engine.exited}`);
  if (kills !== (outcome === 'killed')) words.push(`it should ${kills ? '' : 'not '}have been killed`);
  if (outcome === 'exit 2' && engine.listening) words.push('exit 2 means that it did not start, but it did');
  if (outcome === 'exit 70' && (isLake(place) || way === 'short'))
    words.push('such a fault does not end an engine');
  if (outcome === 'went on' && !survivable) words.push('it went on although nobody knows what is on disk');
  return words.map((text) => `${outcome}: ${text}: ${engine.errors}`);
}

async function within<T>(work: Promise<T>, ms: number): Promise<T | Error> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Error>((resolve) => {
    timer = setTimeout(() => resolve(new Error(`not within ${ms} ms`)), ms);
  });
  const result = await Promise.race([work, late]);
  clearTimeout(timer);
  return result;
}
