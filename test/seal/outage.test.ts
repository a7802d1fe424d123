// When the store is tried again: full jitter behind what the store has asked for, short waits in a drain.

import { expect, test } from 'vitest';
import { Outage } from '../../engine/seal/outage.ts';

function outage(random = 0.5): { outage: Outage; told: string[]; at: { ms: number } } {
  const told: string[] = [];
  const at = { ms: 1000 };
  const made = new Outage({
    nowMs: () => at.ms,
    random: () => random,
    onOutage: (message) => told.push(message),
    onRecovered: () => told.push('recovered'),
  });
  return { outage: made, told, at };
}

test('outage: told once at its beginning and once at its end, however often an attempt fails', () => {
  const { outage: o, told } = outage();
  o.worked();
  for (const message of ['away', 'away', 'elsewhere']) o.failed(message);
  expect(o.open).toBe(true);
  o.worked();
  o.worked();
  expect([told, o.open, o.retryMs]).toEqual([['away', 'recovered'], false, 0]);
});

test('outage: waits are a random part of a bound that doubles from 200 ms to 30 s', () => {
  for (const random of [0, 0.25, 0.999]) {
    const { outage: o, at } = outage(random);
    const waits = Array.from({ length: 10 }, () => {
      o.failed('away');
      return (o.retryMs - at.ms) / (random || 1);
    });
    const bounds = [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000];
    const expected = random === 0 ? bounds.map(() => 0) : bounds;
    expect(waits.map((wait) => Math.round(wait))).toEqual(expected);
  }
});

test('outage: no attempt before the time that the store asked for, ten minutes at most, and jitter behind it', () => {
  const { outage: o, at } = outage();
  o.failed('slow down', 5000);
  expect(o.retryMs).toBe(at.ms + 5000 + 100);
  o.failed('slow down', 86_400_000);
  expect(o.retryMs).toBe(at.ms + 600_000 + 200);
  o.failed('slow down');
  expect(o.retryMs).toBe(at.ms + 400);
});

test('outage: in a hurry no wait is longer than a second, but what the store asked for is kept to', () => {
  const { outage: o, at } = outage(0.999);
  for (let i = 0; i < 12; i++) o.failed('away');
  expect(o.retryMs - at.ms).toBeGreaterThan(29_000);
  o.hurry();
  expect(o.retryMs - at.ms).toBeLessThan(1000);
  o.failed('away');
  expect(o.retryMs - at.ms).toBeLessThan(1000);
  o.failed('away', 7000);
  expect(o.retryMs - at.ms).toBeGreaterThanOrEqual(7000);
  const { outage: spared, at: then } = outage(0.999);
  spared.failed('away', 7000);
  spared.hurry();
  expect(spared.retryMs - then.ms).toBe(7000);
});
