// Codec workers that die at random under load, in a whole engine with real sockets: ended from outside at whatever
// instruction, and by their own codec. Nothing is lost, nothing doubled, and the engine keeps accepting. A frame that was
// in the codec's hands at two deaths is refused with its bytes: that counts as arrived.

import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BroadcastChannel, Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ConfigInput, Engine } from '../../engine/engine.ts';
import { CrashFleet } from '../crash/fleet.ts';
import { directoryLake } from '../crash/lake.ts';
import { Ledger } from '../crash/ledger.ts';
import { seeded } from '../crash/random.ts';
import type { LoadShape } from '../crash/shape.ts';
import { freePort } from '../crash/site.ts';

const CODEC = new URL('./dying-codec.mjs', import.meta.url).href;
const SHAPE: LoadShape = {
  endpoints: 60,
  recordsPerFrame: 40,
  gapMs: 60,
  refusedShare: 0.05,
  days: 3,
  lateShare: 0.1,
  posters: 2,
};

/** Every thread of this process by its number, and the numbers of codec workers that have come up and were not ended. */
const threads = new Map<number, Worker>();
const victims: number[] = [];
const threadModule: { Worker: typeof Worker } = createRequire(import.meta.url)('node:worker_threads');
const channel = new BroadcastChannel('firn-chaos');

beforeAll(() => {
  // The pool makes its threads with the Worker of node:worker_threads: one that is remembered takes its place.
  threadModule.Worker = class extends Worker {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args);
      const { threadId } = this;
      threads.set(threadId, this);
      this.once('exit', () => threads.delete(threadId));
    }
  };
  syncBuiltinESMExports();
  channel.onmessage = (message: unknown) => victims.push((message as { data: number }).data);
});

afterAll(() => {
  threadModule.Worker = Worker;
  syncBuiltinESMExports();
  channel.close();
});

const folders: string[] = [];
afterEach(() => {
  victims.length = 0;
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function start(
  folder: string,
  port: number,
  codecModule: string | null,
  onFatal: (error: Error) => void,
): Promise<Engine> {
  // Only now, when its threads are remembered; from dist, as its own threads are.
  const { createEngine } = await import('../../dist/engine/engine.js' as string);
  const config: ConfigInput = {
    data: join(folder, 'data'),
    lake: join(folder, 'lake'),
    listen: { port },
    workers: 3,
    streams: { coldchain: { cut: { records: 2000, age: 0.3, lateAge: 0.6 } } },
    journal: { minFreeBytes: 0 },
    log: { level: 'silent' },
  };
  return createEngine({ ...config, onFatal, ...(codecModule !== null && { codecModule }) });
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'firn-chaos-'));
  folders.push(folder);
  return folder;
}

test('worker chaos: 40 deaths at random under load lose nothing and double nothing', async () => {
  const random = seeded(20);
  const folder = newFolder();
  const faults: Error[] = [];
  const engine = await start(folder, 0, `${CODEC}?exit=0.004&throw=0.002`, (error) => faults.push(error));
  const ledger = new Ledger();
  const fleet = new CrashFleet({
    url: engine.url as string,
    shape: SHAPE,
    ledger,
    random: seeded(21),
    numbers: { next: 1 },
  });
  fleet.start();
  let ended = 0;
  while (ended < 40 && faults.length === 0 && fleet.fault === null) {
    await delay(random() * 80);
    const before = ledger.totals.acknowledged;
    const victim = victims.splice(Math.floor(random() * victims.length), 1)[0];
    const thread = victim === undefined ? undefined : threads.get(victim);
    if (thread === undefined) continue;
    await thread.terminate();
    ended += 1;
    // It goes on: something is acknowledged after each death before the next.
    while (ledger.totals.acknowledged === before && faults.length === 0 && fleet.fault === null)
      await delay(5);
  }
  expect(faults).toEqual([]);
  await fleet.stop(60_000);
  expect(ended).toBe(40);
  const { workers, acct } = engine.status();
  expect(workers.restarts).toBeGreaterThanOrEqual(40);
  expect(await engine.close()).toBe(true);

  const lake = directoryLake(join(folder, 'lake'));
  const content = await lake.content();
  expect(ledger.compare(content)).toEqual([]);
  expect(ledger.totals.acknowledged).toBe(ledger.totals.sent);
  expect(acct.received).toBe(acct.accepted + acct.rejected + acct.duplicate);
  // Deaths are spread over thousands of frames: hardly one meets two.
  expect(content.crashed.length).toBeLessThan(20);
  expect(await lake.verify()).toEqual([]);
}, 180_000);

test('worker chaos: workers that never get anything done stop the engine, and the next one loses nothing', async () => {
  const folder = newFolder();
  let fail = (_error: Error): void => {};
  const fatal = new Promise<Error>((resolve) => {
    fail = resolve;
  });
  const port = await freePort();
  const first = await start(folder, port, `${CODEC}?always`, (error) => fail(error));
  const ledger = new Ledger();
  const fleet = new CrashFleet({
    url: first.url as string,
    shape: { ...SHAPE, endpoints: 10 },
    ledger,
    random: seeded(22),
    numbers: { next: 1 },
  });
  fleet.start();
  expect((await fatal).message).toMatch(/die without getting any work done: this codec never works/);
  expect(ledger.totals.acknowledged).toBe(0);
  await first.close();

  const second = await start(folder, port, null, () => {});
  while (ledger.totals.acknowledged < 500) await delay(10);
  await fleet.stop(60_000);
  expect(await second.close()).toBe(true);
  const lake = directoryLake(join(folder, 'lake'));
  const content = await lake.content();
  expect(ledger.compare(content)).toEqual([]);
  expect(content.crashed).toEqual([]);
  expect(await lake.verify()).toEqual([]);
}, 120_000);
