// The crash run: an engine process is killed with SIGKILL at random moments, a fleet outside it reconnects and resumes,
// and at the end the lake is compared with the fleet's own ledger. `--rounds N --seed N --json`.
//
// What must hold (DESIGN.md §3): every acknowledged frame is in the lake exactly once, every refused record is in the
// dead letter exactly once, the conservation law is exact, and `verify` finds nothing.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { verifyLake } from '../../engine/verify/verify.ts';
import { readLines } from '../support/read-lake.ts';
import { EngineProcess } from './engine-process.ts';
import { CrashFleet } from './fleet.ts';
import { Ledger } from './ledger.ts';
import { seeded } from './random.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    json: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
});

/** Small limits, so that segments, cuts, checkpoints and snapshots all happen within a round. */
function configuration(data: string, port: number): object {
  return {
    data,
    listen: { port },
    streams: { coldchain: { cut: { records: 3000, age: 0.5, lateAge: 1 } } },
    journal: { segmentBytes: 4 << 20, minFreeBytes: 0 },
    log: { level: 'warn' },
  };
}

async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer().listen(20_000 + Math.floor(Math.random() * 10_000), '127.0.0.1');
    const port = await new Promise<number | null>((resolve) => {
      server.once('error', () => resolve(null));
      server.once('listening', () => resolve((server.address() as { port: number }).port));
    });
    if (port === null) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

async function main(): Promise<number> {
  const rounds = Number(values.rounds);
  const seed = Number(values.seed);
  const random = seeded(seed);
  const folder = mkdtempSync(join(tmpdir(), 'firn-crash-'));
  const port = await freePort();
  const file = join(folder, 'firn.json');
  writeFileSync(file, JSON.stringify(configuration(join(folder, 'data'), port)));
  const engine = new EngineProcess(['--config', file]);
  const ledger = new Ledger();
  const fleet = new CrashFleet({ url: `http://127.0.0.1:${port}`, endpoints: 40, ledger, random });
  console.log(`crash run: ${rounds} rounds, seed ${seed}`);

  engine.start();
  fleet.start();
  for (let round = 1; round <= rounds; round += 1) {
    // Mostly after it has recovered and worked for a while; in one round of four whenever, so that starts are hit too.
    if (random() < 0.75) await progress(engine, ledger);
    await delay(random() * 1500);
    if (engine.exited !== null)
      throw new Error(`the engine ended by itself (${engine.exited}): ${engine.errors}`);
    await engine.kill();
    engine.start();
    const { sent, acknowledged, refused } = ledger.sizes;
    console.log(`round ${round}: sent ${sent}, acknowledged ${acknowledged}, refused ${refused}`);
  }
  await fleet.stop(60_000);
  const code = await engine.stop();
  const faults = code === 0 ? [] : [`the engine's drain ended with ${code}: ${engine.errors}`];
  faults.push(...(await judge(join(folder, 'data', 'lake'), ledger)));
  const { sent, acknowledged, refused } = ledger.sizes;
  for (const fault of faults.slice(0, 20)) console.log(`FAULT ${fault}`);
  if (faults.length > 20) console.log(`FAULT … and ${faults.length - 20} more`);
  console.log(
    `crash run: ${acknowledged} of ${sent} records acknowledged, ${refused} refused, ${faults.length} faults (seed ${seed})`,
  );
  if (values.json)
    console.log(
      JSON.stringify({ passed: faults.length === 0 ? rounds : 0, failed: faults.length === 0 ? 0 : rounds }),
    );
  if (faults.length === 0 && !values.keep) rmSync(folder, { recursive: true });
  else console.log(`kept: ${folder}`);
  return faults.length === 0 ? 0 : 1;
}

/** Waits until the engine has acknowledged something new: it is up and works. */
async function progress(engine: EngineProcess, ledger: Ledger): Promise<void> {
  const before = ledger.sizes.acknowledged;
  for (let waitedMs = 0; ledger.sizes.acknowledged === before; waitedMs += 20) {
    if (engine.exited !== null) return;
    if (waitedMs > 60_000) throw new Error(`nothing was acknowledged for a minute: ${engine.errors}`);
    await delay(20);
  }
}

async function judge(lake: string, ledger: Ledger): Promise<string[]> {
  const lines = await readLines(lake, 'coldchain/');
  const records = lines
    .map((line) => JSON.parse(line))
    .map((record) => `${record.sensor_id} ${record.timestamp_utc}`);
  const dead = (await readLines(lake, 'dead-letter/')).map((line) =>
    Buffer.from(JSON.parse(line).raw_b64, 'base64').toString(),
  );
  const faults = ledger.compare(records, dead);
  const report = await verifyLake({ lake });
  for (const finding of report.findings)
    faults.push(`verify: ${finding.verdict} ${finding.key ?? ''} ${finding.reason}`);
  const stops = (await readLines(lake, 'audit/')).filter((line) => JSON.parse(line).action === 'stop').length;
  if (stops === 0) faults.push('no stop event: the drain was not orderly');
  return faults;
}

process.exitCode = await main();
