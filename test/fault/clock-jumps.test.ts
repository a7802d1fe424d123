// The wall clock jumps, back and forward, within a run and over restarts: written times never run backwards, batches are
// cut by age as the monotonic clock has it, a record lies in the partition of its own day, and the jump is told.

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { verifyLake } from '../../engine/verify/verify.ts';
import { startEngine } from '../support/engine.ts';
import { InlineEngine } from '../support/inline-engine.ts';
import { HASTY_STORAGE, reading } from '../support/journal-feed.ts';
import { temporaryFolder } from '../support/journal-folder.ts';
import { readLake, readLines } from '../support/read-lake.ts';
import { HandClock } from '../support/seal-bed.ts';

const DAY_MS = 86_400_000;
/** Jumps between frames: none, an hour back, ten days forward, eleven days back, forward again. */
const JUMPS_MS = [0, -3_600_000, 10 * DAY_MS, -11 * DAY_MS, 3_600_000, -1];

function open(data: string, clock: HandClock): Promise<InlineEngine> {
  return InlineEngine.open({ data, storage: HASTY_STORAGE, clock });
}

interface Told {
  readonly sealed: string[];
  readonly received: string[];
}

/** Frames with jumps between them, `restart` after each; what was written of times, in the order of log and journal. */
async function jumps(data: string, restart: boolean): Promise<Told> {
  mkdirSync(join(data, 'state'), { recursive: true });
  const clock = new HandClock();
  const sealed: string[] = [];
  let engine = await open(data, clock);
  const take = async (): Promise<void> => {
    await engine.settle();
    for (const message of engine.messages)
      if (message.type === 'sealed') sealed.push(JSON.parse(message.seal).sealed_utc);
  };
  for (const [n, jump] of JUMPS_MS.entries()) {
    clock.wall += jump;
    engine.commit(reading(`2026-01-${20 + n}T10:00:00Z`, n));
    clock.pass(61_000);
    await engine.settle();
    if (!restart) continue;
    await take();
    engine.kill();
    engine = await open(data, clock);
  }
  expect(await engine.drain()).toBe(true);
  await take();
  engine.kill();
  const lines = (await readLines(join(data, 'lake'), 'coldchain/')).map((line) => JSON.parse(line));
  const inOrder = lines.sort((a, b) => a.temperature_c - b.temperature_c);
  return { sealed, received: inOrder.map(({ received_utc }) => received_utc) };
}

test.each([
  ['within a run', false],
  ['over restarts', true],
])(
  'clock: it jumps back and forward %s: times never run backwards, days stay apart, the lake is sound',
  async (_, restart) => {
    const data = temporaryFolder();
    const { sealed, received } = await jumps(data, restart);
    expect(received).toHaveLength(JUMPS_MS.length);
    expect(sealed.length).toBeGreaterThanOrEqual(JUMPS_MS.length);
    expect(sealed).toEqual([...sealed].sort());
    expect(received).toEqual([...received].sort());
    for (const { key, lines } of await readLake(join(data, 'lake'), 'coldchain/')) {
      const [, year, month, day] = /year=(\d+)\/month=(\d+)\/day=(\d+)/.exec(key) as RegExpExecArray;
      for (const line of lines) expect(JSON.parse(line).timestamp_utc).toContain(`${year}-${month}-${day}T`);
    }
    // Seals of the days ahead are in the future of whoever looks by the clock that went back.
    const findings = (await verifyLake({ lake: join(data, 'lake'), nowMs: Date.UTC(2027, 0, 1) })).findings;
    expect(findings).toEqual([]);
  },
);

test('clock: ages are those of the monotonic clock, whatever the wall clock says meanwhile', async () => {
  const data = temporaryFolder();
  mkdirSync(join(data, 'state'));
  const clock = new HandClock();
  const engine = await open(data, clock);
  const batches = (): number => engine.messages.filter(({ type }) => type === 'sealed').length;
  engine.commit(reading('2026-02-01T10:00:00Z'));
  await engine.settle();
  // Ten days ahead in no time: nothing is old.
  clock.wall += 10 * DAY_MS;
  await engine.settle();
  expect(batches()).toBe(0);
  clock.wall -= 20 * DAY_MS;
  clock.monotonic += 9_999;
  await engine.settle();
  expect(batches()).toBe(0);
  clock.monotonic += 1;
  await engine.settle();
  expect(batches()).toBe(1);
  engine.kill();
});

test.each([3_600_000, -3_600_000])(
  'clock: a step of %i ms in a running engine is an audit event',
  async (stepMs) => {
    const real = Date.now;
    let jumpMs = 0;
    const spy = vi.spyOn(Date, 'now').mockImplementation(() => real() + jumpMs);
    onTestFinished(() => {
      spy.mockRestore();
    });
    const served = await startEngine({ listen: false });
    onTestFinished(() => rmSync(served.folder, { recursive: true }));
    jumpMs = stepMs;
    // The engine looks once a second.
    const since = performance.now();
    while (performance.now() - since < 2500) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await served.engine.close()).toBe(true);
    const events = (await readLines(served.lake, 'audit/')).map((line) => JSON.parse(line));
    const steps = events.filter(({ action }) => action === 'clock.step');
    expect(steps).toHaveLength(1);
    expect(Math.abs(steps[0].new.step_ms - stepMs)).toBeLessThan(1000);
    // The probe of the store comes before the start that it is written after.
    const times = events.filter(({ action }) => action !== 'store.probe').map(({ at_utc }) => at_utc);
    expect(times).toEqual([...times].sort());
  },
);
