// `npm run test:soak`: an engine process under steady load, sampled from outside, its garbage collected before each look;
// clients come and go, and the lake is taken away for some seconds now and then. At the end its curves must be flat (flat.ts,
// limits.ts), the drain in order, and the lake sound and complete.
//
//   --minutes N (20)  --svg FILE  --seed N  --json

import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { formatTable } from '../../bench/table.ts';
import { progressBar } from '../../engine/cli/progress.ts';
import { endedBySelf } from '../crash/moments.ts';
import { seeded } from '../crash/random.ts';
import { openSite, type Site } from '../crash/site.ts';
import { eachObject } from '../support/read-lake.ts';
import { Counts } from './counts.ts';
import { type Curve, curvePlot } from './curve.ts';
import { judgeFlat, type Verdict } from './flat.ts';
import { SoakFleet } from './fleet.ts';
import { GarbageCollector, inspected } from './garbage.ts';
import { type CurveName, LIMITS } from './limits.ts';
import { type Sample, sampleProcess } from './sample.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    svg: { type: 'string' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});

const SAMPLE_MS = 2_000;
/** Mean time between two outages, and how long one lasts at most. */
const OUTAGE_EVERY_MS = 60_000;
const OUTAGE_MS = 6_000;
const CONFIG = {
  streams: { coldchain: { cut: { records: 2000, age: 2, lateAge: 4 } } },
  journal: { segmentBytes: 4 << 20, minFreeBytes: 0 },
  log: { level: 'fatal' },
} as const;

/** Takes the lake away and brings it back, until `running` says no. */
class Outages {
  readonly #lake: string;
  #out = false;
  #count = 0;

  constructor(lake: string) {
    this.#lake = lake;
  }

  get out(): boolean {
    return this.#out;
  }

  get count(): number {
    return this.#count;
  }

  async run(running: () => boolean, random: () => number): Promise<void> {
    while (running()) {
      const pauseUntil = performance.now() + random() * 2 * OUTAGE_EVERY_MS;
      while (running() && performance.now() < pauseUntil) await delay(100);
      if (!running()) return;
      renameSync(this.#lake, `${this.#lake}.away`);
      this.#out = true;
      this.#count += 1;
      await delay(1000 + random() * (OUTAGE_MS - 1000));
      renameSync(`${this.#lake}.away`, this.#lake);
      this.#out = false;
    }
  }
}

async function soak(site: Site, counts: Counts, minutes: number, outages: Outages): Promise<Sample[]> {
  const { engine } = site;
  const random = seeded(Number(values.seed));
  const { port, env } = await inspected();
  engine.start(env);
  if (!(await engine.until(() => engine.listening, 60_000))) throw endedBySelf(engine, 'at its start');
  const garbage = await GarbageCollector.open(port);
  const fleet = new SoakFleet(site.url, counts, random);
  const began = performance.now();
  const running = (): boolean => performance.now() - began < minutes * 60_000;
  const outage = outages.run(running, random);
  const samples: Sample[] = [];
  const bar = progressBar('seconds');
  while (running()) {
    await delay(SAMPLE_MS);
    if (!engine.running) throw endedBySelf(engine, 'under load');
    if (fleet.fault !== null) throw fleet.fault;
    const seconds = (performance.now() - began) / 1000;
    const { acknowledged } = counts.totals;
    await garbage.collect();
    const seen = sampleProcess(engine.pid, site.data, join(site.lake.location, '_tmp'));
    samples.push({ ...seen, seconds, acknowledged, outage: outages.out });
    bar.update(Math.round(seconds), minutes * 60, 0);
  }
  bar.end();
  const { threads } = garbage;
  garbage.close();
  if (threads === 0) throw new Error('no thread of the engine could be reached to collect its garbage');
  await outage;
  await fleet.stop();
  const code = await engine.stop();
  if (code !== 0 || !engine.drained) throw endedBySelf(engine, 'in its drain');
  return samples;
}

async function judgeLake(site: Site, counts: Counts): Promise<string[]> {
  const tally = counts.tally();
  for await (const { key, lines } of eachObject(site.lake.location, '')) {
    if (key.startsWith('audit/')) continue;
    const refused = key.startsWith('dead-letter/');
    for (const line of lines) refused ? tally.refused(line) : tally.accepted(line);
  }
  return [...tally.faults(), ...(await site.lake.verify())];
}

function stretches(samples: readonly Sample[]): [number, number][] {
  return samples
    .filter(({ outage }) => outage)
    .map(({ seconds }) => [seconds - SAMPLE_MS / 1000, seconds] as [number, number]);
}

function draw(samples: readonly Sample[], verdicts: ReadonlyMap<CurveName, Verdict>, words: string): string {
  const units: Readonly<Record<CurveName, { label: string; of: number }>> = {
    rss: { label: 'resident memory, MiB', of: 1024 * 1024 },
    descriptors: { label: 'open descriptors', of: 1 },
    threads: { label: 'threads', of: 1 },
    dataFiles: { label: 'files in the data folder', of: 1 },
    temporaryFiles: { label: 'temporary files in the lake', of: 1 },
  };
  const curves: Curve[] = [...verdicts].map(([name, verdict]) => {
    const { label, of } = units[name];
    const shown = (value: number): string => (value / of).toFixed(of === 1 ? 0 : 1);
    const note = `${shown(verdict.before)} → ${shown(verdict.after)}, at most ${shown(verdict.most)}: ${verdict.flat ? 'flat' : 'NOT FLAT'}`;
    return { label, note, values: samples.map((sample) => sample[name] / of) };
  });
  const rate = samples.map(({ acknowledged, seconds }, i) => {
    const before = samples[i - 1] ?? { acknowledged: 0, seconds: 0 };
    return (acknowledged - before.acknowledged) / (seconds - before.seconds);
  });
  return curvePlot({
    title: 'firn: soak',
    subtitle: words,
    seconds: samples.map(({ seconds }) => seconds),
    shaded: stretches(samples),
    curves: [...curves, { label: 'records acknowledged a second', values: rate }],
  });
}

async function main(): Promise<number> {
  const minutes = Number(values.minutes);
  const site = await openSite();
  site.configure(CONFIG);
  const counts = new Counts();
  const outages = new Outages(site.lake.location);
  console.log(`soak: ${minutes} minutes, seed ${values.seed}`);
  const faults: string[] = [];
  let samples: Sample[] = [];
  const verdicts = new Map<CurveName, Verdict>();
  try {
    samples = await soak(site, counts, minutes, outages);
    for (const name of Object.keys(LIMITS) as CurveName[]) {
      // A lake that is out has no files to count.
      const seen = samples.filter((sample) => name !== 'temporaryFiles' || !sample.outage);
      const verdict = judgeFlat(
        seen.map((sample) => sample[name]),
        LIMITS[name],
      );
      verdicts.set(name, verdict);
      if (!verdict.flat) faults.push(`${name} is not flat: ${verdict.before} → ${verdict.after}`);
    }
    faults.push(...(await judgeLake(site, counts)));
  } catch (error) {
    faults.push((error as Error).message);
  } finally {
    await site.engine.kill();
  }
  const { sent, acknowledged } = counts.totals;
  const words = `${minutes} minutes, ${sent} records sent, ${acknowledged} acknowledged, the lake away ${outages.count} times (shaded)`;
  const columns = ['curve', 'second quarter', 'last quarter', 'at most', 'flat'].map((name) => ({
    name,
    digits: 0,
  }));
  const rows = [...verdicts].map(([name, { before, after, most, flat }]) => [
    name,
    before,
    after,
    most,
    flat ? 'yes' : 'NO',
  ]);
  for (const line of formatTable(columns, rows)) console.log(line);
  if (values.svg !== undefined && verdicts.size > 0)
    writeFileSync(values.svg, draw(samples, verdicts, words));
  for (const fault of faults.slice(0, 20)) console.log(`FAULT ${fault}`);
  console.log(`soak: ${words}, ${faults.length} faults`);
  if (faults.length > 0) console.log(`kept: ${site.folder}`);
  else site.remove();
  if (values.json) {
    const failed = faults.length === 0 ? 0 : 1;
    const curves = Object.fromEntries(verdicts);
    console.log(
      JSON.stringify({
        passed: 1 - failed,
        failed,
        curves,
        sent,
        acknowledged,
        outages: outages.count,
        faults: faults.length,
      }),
    );
  }
  return faults.length === 0 ? 0 : 1;
}

// A fleet that lost its engine would try for ever.
process.exit(await main());
