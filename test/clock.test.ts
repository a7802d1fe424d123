import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { monotonicMs, raiseWallMs, systemClock, utc, watchClock } from '../engine/clock.ts';
import { POSITION } from '../engine/ring/layout.ts';

test('clock: utc writes what Date writes, for every time from 1970 to 9999', () => {
  const ms = fc.integer({ min: 0, max: 253_402_300_799_999 });
  fc.assert(
    fc.property(fc.array(ms, { minLength: 1 }), fc.nat(2000), (times, step) => {
      for (const time of times) {
        expect(utc(time)).toBe(new Date(time).toISOString());
        const near = Math.min(time + step, 253_402_300_799_999);
        expect(utc(near)).toBe(new Date(near).toISOString());
      }
    }),
  );
  expect(utc(1234.9)).toBe('1970-01-01T00:00:01.234Z');
  expect(utc(253_402_300_799_999)).toBe('9999-12-31T23:59:59.999Z');
  for (const wrong of [-1, 253_402_300_800_000, Number.NaN]) expect(() => utc(wrong)).toThrow('assertion');
});

test('clock: wall time never falls below what any thread was given, and follows the machine otherwise', () => {
  const positions = new BigInt64Array(new SharedArrayBuffer(8 * POSITION.words));
  const clock = systemClock(positions);
  const before = Date.now();
  const now = clock.wallMs();
  expect(now).toBeGreaterThanOrEqual(before);
  expect(now).toBeLessThanOrEqual(Date.now());
  expect(Number(positions[POSITION.wallMs])).toBe(now);
  const ahead = Date.now() + 1_000_000;
  expect(raiseWallMs(positions, ahead)).toBe(ahead);
  expect(clock.wallMs()).toBe(ahead);
  expect(raiseWallMs(positions, 5)).toBe(ahead);
});

test('clock: monotonic time has one zero for all threads', async () => {
  const module = `file://${import.meta.dirname}/../dist/engine/clock.js`;
  const source = `import(${JSON.stringify(module)}).then(({ monotonicMs }) =>
    require('node:worker_threads').parentPort.postMessage(monotonicMs()));`;
  const before = monotonicMs();
  const there = await new Promise<number>((done, failed) => {
    new Worker(source, { eval: true }).once('message', done).once('error', failed);
  });
  expect(there).toBeGreaterThan(before);
  expect(there).toBeLessThan(monotonicMs());
});

test('clock: a step is told once, with its size and direction; slewing is none', () => {
  let wall = 1_700_000_000_000;
  let steady = 50;
  const poll = watchClock(
    () => wall,
    () => steady,
  );
  const pass = (wallMs: number, steadyMs: number): number | null => {
    wall += wallMs;
    steady += steadyMs;
    return poll();
  };
  expect(pass(1000, 1000)).toBeNull();
  expect(pass(31_000, 1000)).toBe(30_000);
  expect(pass(1000, 1000)).toBeNull();
  expect(pass(-59_000, 1000)).toBe(-60_000);
  expect(pass(2000, 1000)).toBe(1000);
  for (let second = 0; second < 10_000; second++) expect(pass(1000.5, 1000)).toBeNull();
});
