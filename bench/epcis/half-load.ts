// How long a partner waits for its 202: `firn serve` in a process of its own, documents first as fast as it takes them. Then
// at half of two rates: of what it can go on with for ever, since the ledger keeps up, and of what it takes in a burst, which
// lies in the spool and is judged later. Each twice. At the end every job must have gone well and the lake be sound.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemTicks } from '../cpu.ts';
import { type Child, startChild } from '../peers/child.ts';
import type { Section } from '../report.ts';
import { ROOT } from '../root.ts';
import { verify } from '../servers/firn.ts';
import { quantile } from '../stat.ts';
import { makeDocument } from './documents.ts';
import { type Posted, Poster } from './poster.ts';

const MAIN = join(ROOT, 'dist/engine/cli/main.js');
const EVENTS = 8;
/** Documents a second, and seconds. */
const WARM_UP = 50;
const SUSTAINED_SECONDS = 15;
const BURST_SECONDS = 4;
const DRAIN_MS = 600_000;
const GOAL_MS = 20;

interface Phase {
  readonly name: string;
  readonly posted: Posted;
  readonly busy: number | null;
}

/** Every job of `locations` is over and went well. @throws Error */
async function mustSucceed(url: string, locations: readonly string[]): Promise<void> {
  for (const location of locations) {
    for (;;) {
      const answer = await fetch(url + location);
      const text = await answer.text();
      const { running, success } = JSON.parse(text) as { running: boolean; success: boolean };
      if (!running && success) break;
      if (!running) throw new Error(`${location} failed: ${text.slice(0, 300)}`);
      await sleep(20);
    }
  }
}

export async function measureHalfLoad(seconds: number, progress: (text: string) => void): Promise<Section> {
  const folder = mkdtempSync(join(tmpdir(), 'firn-bench-capture-'));
  const config = join(folder, 'firn.json');
  writeFileSync(config, '{}');
  const child = await startChild({
    name: 'firn',
    command: process.execPath,
    args: [MAIN, 'serve', '--config', config, '--data', join(folder, 'data'), '--port', '0'],
    ready: /listening on (http:\/\/\S+?),/,
  });
  try {
    return await measured(child, folder, seconds, progress);
  } finally {
    await child.stop('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measured(
  child: Child,
  folder: string,
  seconds: number,
  progress: (text: string) => void,
): Promise<Section> {
  const url = child.ready[1] as string;
  const poster = new Poster(url);
  let document = 1;
  const next = (): Buffer => makeDocument('json-urn', 'small', { events: EVENTS, document: document++ }).body;
  const all: string[] = [];
  let drained = 0;
  const phase = async (name: string, run: () => Promise<Posted>): Promise<Phase> => {
    progress(`capture: ${name}`);
    const before = systemTicks();
    const posted = await run();
    const after = systemTicks();
    const busy =
      before === null || after === null
        ? null
        : 1 - (after.idle - before.idle) / (after.total - before.total);
    all.push(...posted.locations);
    const began = performance.now();
    // The next one begins with nothing left of this one.
    await mustSucceed(url, posted.locations.slice(-1));
    drained += performance.now() - began;
    return { name, posted, busy };
  };
  await phase('warm-up', () => poster.open(next, WARM_UP, 2));
  const began = performance.now();
  const full = await phase('as fast as it goes', () => poster.closed(next, seconds));
  const taken = full.posted.locations.length;
  const judgedRate = taken / ((performance.now() - began) / 1000);
  const burstRate = taken / full.posted.seconds;
  const sustained = await twice('half of what is judged', (name) =>
    phase(name, () => poster.open(next, judgedRate / 2, SUSTAINED_SECONDS)),
  );
  const burst = await twice('half of what is taken', (name) =>
    phase(name, () => poster.open(next, burstRate / 2, BURST_SECONDS)),
  );
  poster.close();
  await mustSucceed(url, all);
  await child.stop('SIGTERM', DRAIN_MS);
  const { sound, records } = verify(join(folder, 'data/lake'));
  const sent = all.length * EVENTS;
  if (!sound || records < sent)
    throw new Error(
      `${sent} events were taken, ${records} lines lie in a lake that is ${sound ? '' : 'not '}sound`,
    );
  const p99 = ({ posted }: Phase): number => quantile(posted.latencies, 0.99);
  const aa = ([first, again]: readonly [Phase, Phase]): number => p99(again) / p99(first);
  return {
    key: 'half-load',
    title: `POST to 202, documents of ${EVENTS} events, ledger PGlite`,
    columns: [
      { name: 'load' },
      { name: 'documents/s', digits: 0 },
      { name: 'p50 ms' },
      { name: 'p99 ms' },
      { name: 'max ms' },
      { name: 'machine' },
    ],
    rows: [full, ...sustained, ...burst].map(({ name, posted, busy }) => [
      name,
      Math.round(posted.locations.length / posted.seconds),
      quantile(posted.latencies, 0.5),
      quantile(posted.latencies, 0.99),
      Math.max(...posted.latencies),
      busy === null ? null : `${Math.round(100 * busy)} % busy`,
    ]),
    notes: [
      `goal: p99 of ${GOAL_MS} ms at half load; again ÷ first (A/A): ${aa(sustained).toFixed(2)} and ${aa(burst).toFixed(2)}`,
      `judged: ${judgedRate.toFixed(0)} documents/s, until the last of the first phase had its verdicts`,
      'open loop at half load, from when each was due; the client is this process, on the same processors; ' +
        `what the ledger had left between phases took ${(drained / 1000).toFixed(1)} s`,
      `${all.length} jobs, all successful; ${sent} events and ${records - sent} other lines in a lake that is sound`,
    ],
    figures: { p99: p99(sustained[0]), p99Burst: p99(burst[0]), p99Full: p99(full), aa: aa(sustained) },
  };
}

async function twice(name: string, run: (name: string) => Promise<Phase>): Promise<readonly [Phase, Phase]> {
  return [await run(name), await run(`${name}, again`)];
}
