// Quotas of senders.

import { expect, test } from 'vitest';
import { Quotas } from '../../engine/frontend/refusals.ts';
import type { AuditEntry } from '../../engine/journal/entry.ts';

const WALL = 1_780_000_000_000;

function quotas(maxRefusedPerMinute: number, requestsPerSecond = 0) {
  const events: AuditEntry[] = [];
  const made = new Quotas({ maxRefusedPerMinute, requestsPerSecond }, (event) => events.push(event));
  return { made, events };
}

test('quota: exactly the limit is fine, one more holds the sender off until the minute is over', () => {
  const { made, events } = quotas(100);
  const sender = made.of('a', 0);
  made.refused(sender, 100, 1_000, WALL);
  expect(made.heldSeconds(sender, 1_000)).toBe(0);
  made.refused(sender, 1, 15_000, WALL);
  expect(made.heldSeconds(sender, 15_000)).toBe(45);
  expect(made.heldSeconds(sender, 59_999)).toBe(1);
  expect(made.heldSeconds(sender, 60_000)).toBe(0);
  expect(events.length).toBe(1);
});

test('quota: one audit event a minute, however many records follow', () => {
  const { made, events } = quotas(10);
  const sender = made.of('a', 0);
  for (let i = 0; i < 1000; i++) made.refused(sender, 5, i, WALL);
  expect(events).toMatchObject([{ target: 'a', actor: 'firn', new: { refused: 15, limit_per_minute: 10 } }]);
  made.refused(sender, 50, 60_001, WALL);
  expect(events.length).toBe(2);
});

test('quota: one sender does not count for another', () => {
  const { made } = quotas(10);
  made.refused(made.of('a', 0), 50, 0, WALL);
  expect(made.heldSeconds(made.of('b', 0), 0)).toBe(0);
  expect(made.heldSeconds(made.of('a', 0), 0)).toBeGreaterThan(0);
});

test('quota: requests flow at the rate, and a pause saves up no more than a second of them', () => {
  const { made } = quotas(1, 4);
  const sender = made.of('a', 0);
  const burst = (nowMs: number) => {
    let taken = 0;
    while (made.request(sender, nowMs) === 0) taken += 1;
    return taken;
  };
  expect(burst(0)).toBe(4);
  expect(burst(500)).toBe(2);
  expect(burst(60_000)).toBe(4);
  expect(made.request(sender, 60_000)).toBe(1);
});

test('quota: a rate below one a second tells how long to wait', () => {
  const { made } = quotas(1, 0.1);
  const sender = made.of('a', 0);
  expect(made.request(sender, 0)).toBe(0);
  expect(made.request(sender, 0)).toBe(10);
});

test('quota: quiet senders are forgotten, held off or connected ones are not', () => {
  const { made } = quotas(1);
  const held = made.of('held', 59_000);
  made.refused(held, 5, 59_000, WALL);
  const connected = made.of('connected', 0);
  connected.connections = 1;
  const quiet = made.of('quiet', 0);
  made.sweep(61_000);
  expect(made.of('held', 61_000)).toBe(held);
  expect(made.of('connected', 61_000)).toBe(connected);
  expect(made.of('quiet', 61_000)).not.toBe(quiet);
});
