// The phases of the outage drill (outage.ts says what they are for). Each resolves with what it saw, in one line, or
// rejects with what did not hold.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { EngineStatus } from '../../engine/status.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { seeded } from '../crash/random.ts';
import { readLines } from '../support/read-lake.ts';
import { DrillLedger } from './ledger.ts';
import { DrillLoad } from './load.ts';
import type { DrillStore } from './store.ts';
import { BareClient, healthOf, metricOf, residentBytes, statusOf } from './watcher.ts';

const MAIN = fileURLToPath(new URL('../../engine/cli/main.js', import.meta.url));
const MIB = 1024 * 1024;
const LOOK_MS = 200;
/** Longest that a state is waited for, beyond the time that a phase is meant to take. */
const PATIENCE_MS = 120_000;
/** What resident memory may grow by while the store is down: noise of the collector, not a leak of the backlog. */
const FLAT_BYTES = 32 * MIB;

export interface DrillOptions {
  readonly folder: string;
  readonly store: DrillStore;
  /** How long the store is down. */
  readonly seconds: number;
  readonly seed: number;
}

function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

/** The least journal that can be configured (two segments, and the ring's outputs twice), so that it is soon full. */
function configuration(data: string, { place }: DrillStore): object {
  const slabs = 8;
  const slabBytes = 64 * 1024;
  const segmentBytes = 4 * MIB;
  return {
    ...{ data, ...place },
    listen: { port: 0 },
    ring: { slabs, slabBytes },
    limits: { maxFrameBytes: 16 * 1024, maxWindow: 16 },
    workers: 1,
    streams: { coldchain: { cut: { records: 1000, age: 0.5, lateAge: 1 } } },
    journal: { segmentBytes, quotaBytes: 2 * segmentBytes + 4 * slabs * slabBytes, minFreeBytes: 0 },
  };
}

export class Drill {
  readonly #options: DrillOptions;
  readonly #ledger = new DrillLedger();
  #child: ChildProcess | null = null;
  #load: DrillLoad | null = null;
  #url = '';
  /** When the store was taken away. */
  #downMs = 0;
  /** Standard error of the engine: its log, JSON lines. */
  log = '';

  constructor(options: DrillOptions) {
    this.#options = options;
  }

  phases(): [name: string, phase: () => Promise<string>][] {
    return [
      ['before', () => this.#before()],
      ['down', () => this.#down()],
      ['full', () => this.#full()],
      ['back', () => this.#back()],
      ['end', () => this.#end()],
    ];
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async #before(): Promise<string> {
    await this.#start();
    this.#load = new DrillLoad({
      ...{ url: this.#url, clients: 6, posters: 2, recordsPerFrame: 10 },
      ...{ ledger: this.#ledger, random: seeded(this.#options.seed) },
    });
    const status = await this.#until('a checkpoint in the lake', (s) => s.seal.checkpointSize > 0);
    assert((await healthOf(this.#url)).readyz === 200, '/readyz does not say 200');
    return `acknowledged ${this.#acknowledged}, ${status.seal.logSize} batches in the log`;
  }

  /** The pace follows the journal: it shall be full after about half of the time. */
  async #down(): Promise<string> {
    const before = await statusOf(this.#url);
    const acknowledged = this.#acknowledged;
    await this.#options.store.down();
    const beganMs = performance.now();
    this.#downMs = beganMs;
    const halfMs = this.#options.seconds * 500;
    const bare = new BareClient(this.#url, 'drill-bare', this.#ledger);
    const load = this.#load as DrillLoad;
    const resident: number[] = [];
    let status = before;
    for (let ms = 0; status.journal.full === null; ms = performance.now() - beganMs) {
      assert(ms < halfMs + PATIENCE_MS, `the journal is not full: ${JSON.stringify(status.journal)}`);
      load.pauseMs = status.journal.occupancy < ms / halfMs ? load.pauseMs / 1.5 : load.pauseMs * 1.5;
      load.pauseMs = Math.min(200, Math.max(0.5, load.pauseMs));
      await delay(LOOK_MS);
      this.#assertRuns();
      bare.send();
      status = await statusOf(this.#url);
      this.#weigh(resident);
    }
    // A store that asks for time gets some before that counts as an outage.
    status = await this.#until('an outage that the status tells', ({ seal }) => seal.outage !== null);
    const seconds = (performance.now() - beganMs) / 1000;
    bare.close();
    const [widest, last] = [Math.max(...bare.windows), bare.windows.at(-1) ?? 0];
    assert(last < widest, `the windows that a bare client heard have not shrunk: ${bare.windows}`);
    const taken = this.#acknowledged - acknowledged;
    assert(this.#logged('the lake cannot be written') === 1, 'the log does not tell the outage once');
    assert(taken > 0, 'nothing was acknowledged while the store was down');
    assert(status.journal.bytes > before.journal.bytes, 'the journal has not grown');
    assert(status.seal.logSize <= before.seal.logSize + 16, 'the log grew without a store');
    const growth = growthOf(resident);
    assert(growth < FLAT_BYTES, `memory grew by ${mib(growth)} MiB while objects piled up`);
    return `for ${seconds.toFixed(1)} s: ${taken} more records acknowledged, journal and outbox ${mib(before.journal.bytes)} → ${mib(status.journal.bytes)} MiB, memory ${mib(growth)} MiB more, windows ${widest} → ${last}, outage told once`;
  }

  async #full(): Promise<string> {
    const holdMs = Math.max(2000, this.#options.seconds * 1000 - (performance.now() - this.#downMs));
    const beganMs = performance.now();
    const resident: number[] = [];
    const load = this.#load as DrillLoad;
    const refusedBefore = load.replies.get(503) ?? 0;
    const codes = new Set<number>();
    while (performance.now() - beganMs < holdMs) {
      const late = new BareClient(this.#url, 'drill-late', this.#ledger);
      const timer = setInterval(() => late.send(), 50);
      // One that is let in is ended with its first frame; where its window is 0 it may also wait.
      const code = await Promise.race([late.ended, delay(2000, null)]);
      if (code !== null) codes.add(code);
      clearInterval(timer);
      late.close();
      this.#weigh(resident);
      const health = await healthOf(this.#url);
      assert(health.healthz === 200, `/healthz says ${health.healthz}`);
      await delay(LOOK_MS);
      this.#assertRuns();
    }
    const health = await healthOf(this.#url);
    assert(health.readyz === 503, `/readyz says ${health.readyz}`);
    const window = await metricOf(this.#url, 'firn_window_frames');
    assert(window !== null && window <= 2, `the window is ${window}`);
    assert(codes.has(1013) || codes.has(503), `a new connection was ended with ${[...codes]}`);
    const refused = (load.replies.get(503) ?? 0) - refusedBefore;
    assert(refused > 0, 'no POST was answered 503');
    const growth = growthOf(resident);
    assert(growth < FLAT_BYTES, `memory grew by ${mib(growth)} MiB while the journal was full`);
    return `for ${(holdMs / 1000).toFixed(1)} s: window ${window}, new connections ended with ${[...codes].join(', ')}, ${refused} POSTs answered 503, memory ${mib(growth)} MiB more`;
  }

  async #back(): Promise<string> {
    const load = this.#load as DrillLoad;
    const acknowledged = this.#acknowledged;
    const waiting = await statusOf(this.#url);
    load.pauseMs = 20;
    await this.#options.store.up();
    const beganMs = performance.now();
    let size = waiting.seal.logSize;
    const status = await this.#until('the backlog in the lake', (s) => {
      assert(s.seal.logSize >= size, 'the log has become shorter');
      size = s.seal.logSize;
      return s.seal.outage === null && s.journal.full === null && s.journal.occupancy < 0.5;
    });
    const seconds = (performance.now() - beganMs) / 1000;
    await this.#poll('clients that go on by themselves', async () => this.#acknowledged > acknowledged);
    assert((await healthOf(this.#url)).readyz === 200, '/readyz does not say 200');
    assert(
      this.#logged('the lake is written again') === 1,
      'the log does not tell the end of the outage once',
    );
    const sealed = status.seal.logSize - waiting.seal.logSize;
    return `after ${seconds.toFixed(1)} s: ${sealed} batches into the lake in order, clients go on`;
  }

  async #end(): Promise<string> {
    await (this.#load as DrillLoad).stop(PATIENCE_MS);
    const { sent, acknowledged, refused } = this.#ledger.sizes;
    await this.#until('nothing that waits', (s) => {
      return s.journal.lagBytes === 0 && s.seal.openRecords === 0 && s.seal.checkpointSize === s.seal.logSize;
    });
    // Null where the engine does not tell it.
    await this.#poll(
      'a lag of the sink of 0 s',
      async () => !(await metricOf(this.#url, 'firn_sink_lag_seconds')),
    );
    const child = this.#child as ChildProcess;
    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number | null];
    assert(code === 0, `the engine's drain ended with ${code}`);
    const lake = await this.#options.store.contents();
    const faults = await this.#judge(lake);
    assert(faults.length === 0, `${faults.length} faults: ${faults.slice(0, 5).join('; ')}`);
    return `verify sound; ${acknowledged} of ${sent} records acknowledged, ${refused} refused: none lost, none doubled`;
  }

  async #judge(lake: string): Promise<string[]> {
    const records = (await readLines(lake, 'coldchain/')).map((line) => JSON.parse(line));
    const dead = (await readLines(lake, 'dead-letter/')).map((line) =>
      Buffer.from(JSON.parse(line).raw_b64, 'base64').toString(),
    );
    const identities = records.map((record) => `${record.sensor_id} ${record.timestamp_utc}`);
    const { findings } = await verifyLake(this.#options.store.place);
    const named = findings.map(({ verdict, key, reason }) => `verify: ${verdict} ${key ?? ''} ${reason}`);
    return [...this.#ledger.compare(identities, dead), ...named];
  }

  async #start(): Promise<void> {
    const { folder, store } = this.#options;
    const file = join(folder, 'firn.json');
    writeFileSync(file, JSON.stringify(configuration(join(folder, 'data'), store)));
    const child = spawn(process.execPath, [MAIN, 'serve', '--config', file]);
    this.#child = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.log += text;
    });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    await this.#poll('an engine that listens', async () => {
      this.#url = /listening on (\S+),/.exec(out)?.[1] ?? '';
      return this.#url !== '';
    });
  }

  get #acknowledged(): number {
    return this.#ledger.sizes.acknowledged;
  }

  /** Adds the engine's resident bytes, where the system tells them. */
  #weigh(resident: number[]): void {
    const bytes = residentBytes(this.#child?.pid as number);
    if (bytes !== null) resident.push(bytes);
  }

  /** How many lines of the engine's log have this message. */
  #logged(message: string): number {
    return this.log.split('\n').filter((line) => line.includes(message)).length;
  }

  #assertRuns(): void {
    const code = this.#child?.exitCode ?? null;
    assert(code === null, `the engine ended by itself (${code}): ${this.log.slice(-2000)}`);
  }

  async #until(what: string, holds: (status: EngineStatus) => boolean): Promise<EngineStatus> {
    let status = await statusOf(this.#url);
    await this.#poll(what, async () => {
      status = await statusOf(this.#url);
      return holds(status);
    });
    return status;
  }

  async #poll(what: string, holds: () => Promise<boolean>): Promise<void> {
    const beganMs = performance.now();
    while (!(await holds())) {
      this.#assertRuns();
      assert(performance.now() - beganMs < PATIENCE_MS, `waited in vain for ${what}`);
      await delay(50);
    }
  }
}

/** By how much the median of the last third is above that of the first; 0 with fewer than six values. */
function growthOf(values: readonly number[]): number {
  const third = Math.floor(values.length / 3);
  if (third < 2) return 0;
  const median = (part: readonly number[]): number =>
    [...part].sort((a, b) => a - b)[part.length >> 1] as number;
  return median(values.slice(-third)) - median(values.slice(0, third));
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}
