// `npm run test:captures`: the crash campaign of captures. Documents of a few partners go to an engine as a process, with
// the embedded ledger or (--postgres) one on a real server; it is killed at random moments, started again, at times with the
// database stopped or its connections ended; after some rounds it drains, and what is in lake, ledger and accounts is
// compared with what was sent. Whatever was answered with 202 must be there exactly once.
//
//   --rounds N  --seed N  --epoch N (rounds between two comparisons)  --postgres  --json

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openLedger } from '../../engine/ledger/ledger.ts';
import { openPglite } from '../../engine/ledger/pglite.ts';
import { openPostgres } from '../../engine/ledger/postgres.ts';
import type { Server } from '../postgres/start.mjs';
import { CaptureLoad } from './capture-load.ts';
import { judgeCaptures } from './captures-judge.ts';
import { EngineProcess } from './engine-process.ts';
import { pick, seeded } from './random.ts';
import { freePort } from './site.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '4' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    epoch: { type: 'string', default: '4' },
    postgres: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

const rounds = Number(values.rounds);
const seed = Number(values.seed);
const perEpoch = Number(values.epoch);
const random = seeded(seed);
const between = (least: number, most: number): number => least + Math.floor(random() * (most - least + 1));

interface Counts {
  documents: number;
  events: number;
  kills: number;
  outages: number;
  epochs: number;
}

const folder = mkdtempSync(join(tmpdir(), 'firn-captures-'));
const data = join(folder, 'data');
// Its own: the server runs as another user, who must get there.
const serverFolder = mkdtempSync(join(tmpdir(), 'firn-postgres-'));
const server = values.postgres ? await startServer() : null;
const url = (await server?.database('ledger')) ?? null;
const port = await freePort();
const config = {
  data,
  listen: { port },
  journal: { minFreeBytes: 0, segmentBytes: 4 << 20 },
  log: { level: 'warn' },
  epcis: { cut: { records: 500, age: 0.5, lateAge: 1 } },
  ...(url !== null && { ledger: { url } }),
};
const file = join(folder, 'firn.json');
writeFileSync(file, JSON.stringify(config));
const engine = new EngineProcess(['--config', file]);
const load = new CaptureLoad(`http://127.0.0.1:${port}`, random);
const faults: string[] = [];
const counts: Counts = { documents: 0, events: 0, kills: 0, outages: 0, epochs: 0 };

/** The script is not compiled: this file runs from dist/. */
async function startServer(): Promise<Server> {
  const { startPostgres } = await import(new URL('../../../test/postgres/start.mjs', import.meta.url).href);
  return startPostgres(serverFolder);
}

/** A ledger and a connection beside it, on what the engine uses when it does not run. */
async function compare(): Promise<void> {
  const own = join(data, 'ledger');
  const ledger = await openLedger(url === null ? { folder: own } : { url });
  const digest = await ledger.digest();
  await ledger.close();
  const database = url === null ? await openPglite(own) : openPostgres({ url });
  faults.push(...(await judgeCaptures(load, data, database, digest)));
  await database.close();
}

async function up(): Promise<boolean> {
  engine.start();
  return engine.until(() => engine.listening, 60_000);
}

/** Documents for a while, then the end: at once, after some of them, or while they are being worked on. */
async function round(): Promise<void> {
  if (!(await up())) {
    faults.push(`the engine did not start: ${engine.errors}`);
    return;
  }
  const killAfterMs = Math.round(4_000 ** random());
  const sending = load.send(between(1, 4));
  const trouble = server === null ? 'none' : pick(random, ['none', 'stop', 'terminate', 'none']);
  if (trouble === 'stop') {
    counts.outages += 1;
    await server?.down('immediate');
  }
  await Promise.race([sending, sleep(5_000)]);
  if (trouble === 'stop') {
    await sleep(between(0, 1500));
    await server?.up();
  }
  const end = Date.now() + killAfterMs;
  while (Date.now() < end) {
    if (trouble === 'terminate') await terminate();
    await sleep(Math.min(200, Math.max(0, end - Date.now())));
  }
  if (engine.exited !== null) faults.push(`the engine ended by itself (${engine.exited}): ${engine.errors}`);
  await engine.kill();
  counts.kills += 1;
  await sending;
}

async function terminate(): Promise<void> {
  if (url === null) return;
  counts.outages += 1;
  const database = openPostgres({ url, connections: 1 });
  await database.query(
    `SELECT pg_terminate_backend(pid)::text AS ended FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );
  await database.close();
}

console.log(`captures: ${rounds} rounds, seed ${seed}, ${url === null ? 'PGlite' : 'PostgreSQL'}`);
const began = performance.now();
try {
  for (let done = 0; done < rounds && faults.length === 0; ) {
    const these = Math.min(perEpoch, rounds - done);
    for (let i = 0; i < these && faults.length === 0; i++) await round();
    done += these;
    if (faults.length > 0) break;
    if (!(await up())) faults.push(`the engine did not start: ${engine.errors}`);
    faults.push(...(await load.settle()));
    const code = await engine.stop();
    if (code !== 0) faults.push(`the drain ended with ${code}: ${engine.errors}`);
    await compare();
    counts.epochs += 1;
    console.log(
      `epoch: ${done} rounds, ${load.documents} documents, ${load.events} events, ${faults.length} faults`,
    );
  }
} finally {
  await engine.kill();
  await server?.down('immediate');
}
counts.documents = load.documents;
counts.events = load.events;
const seconds = Math.round((performance.now() - began) / 1000);
console.log(
  `${rounds} rounds in ${counts.epochs} epochs, ${seconds} s: ${counts.documents} documents, ${counts.events} events; ` +
    `${counts.kills} kills, ${counts.outages} times the database was stopped or cut off, ${faults.length} faults`,
);
for (const fault of faults) console.log(`FAULT ${fault}`);
rmSync(serverFolder, { recursive: true, force: true });
if (faults.length === 0) rmSync(folder, { recursive: true, force: true });
else console.log(`kept: ${folder}; the same choices again: --seed ${seed}`);
if (values.json) {
  const failed = faults.length > 0 ? 1 : 0;
  console.log(JSON.stringify({ passed: rounds - failed, failed }));
}
process.exitCode = faults.length === 0 ? 0 : 1;
