// Two times, never mixed. Wall time (Unix ms) is written into records, seals and audit events: over all threads and
// runs it never goes backwards, whatever the machine's clock does. Monotonic time measures ages and waits: it has the
// same zero in every thread of the process and means nothing outside of it.

import { hrtime } from 'node:process';
import { assert } from './assert.ts';
import { CLOCK_STEP_MS } from './limits.ts';
import { POSITION } from './ring/layout.ts';

/** The engine's time; tests give their own. */
export interface Clock {
  /** Unix ms, an integer, never smaller than any value that any thread was given before. */
  wallMs(): number;
  /** Milliseconds since some moment, with fractions; steady, whatever happens to the wall clock. */
  monotonicMs(): number;
}

/** The last millisecond of the year 9999: later times cannot be written as `YYYY-…`. */
const MAX_WALL_MS = 253_402_300_799_999;

const MILLISECONDS = Array.from({ length: 1000 }, (_, ms) => `.${String(ms).padStart(3, '0')}Z`);

let cachedSecond = -1;
let cachedText = '';

/** `YYYY-MM-DDTHH:MM:SS.mmmZ` of Unix ms (fractions are cut off), years 1970–9999. Cheap within one second. */
export function utc(ms: number): string {
  assert(ms >= 0 && ms <= MAX_WALL_MS, `${ms} is not a time between 1970 and 9999`);
  const whole = Math.floor(ms);
  const second = Math.floor(whole / 1000);
  if (second !== cachedSecond) {
    cachedText = new Date(second * 1000).toISOString().slice(0, 19);
    cachedSecond = second;
  }
  return cachedText + (MILLISECONDS[whole - second * 1000] as string);
}

/** Milliseconds of the system's monotonic clock (CLOCK_MONOTONIC: time asleep does not count). */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

/**
 * Lifts the shared wall time to at least `ms` and returns what it is then. Compare-and-exchange: where two threads lift
 * at once, the one that loses looks again, so a smaller value never replaces a larger one.
 */
export function raiseWallMs(positions: BigInt64Array, ms: number): number {
  const wanted = BigInt(Math.floor(ms));
  for (;;) {
    const newest = Atomics.load(positions, POSITION.wallMs);
    if (newest >= wanted) return Number(newest);
    if (Atomics.compareExchange(positions, POSITION.wallMs, newest, wanted) === newest) return Number(wanted);
  }
}

/** The machine's clock, held from going backwards by the shared word `POSITION.wallMs` of `positions`. */
export function systemClock(positions: BigInt64Array): Clock {
  return {
    wallMs: () => raiseWallMs(positions, Math.min(Date.now(), MAX_WALL_MS)),
    monotonicMs,
  };
}

/**
 * Watches the machine's wall clock for steps. Each call of the returned function compares it with the monotonic clock
 * since the call before, so slow slewing is never taken for a step, and returns the step in ms (positive = forwards)
 * when it is `CLOCK_STEP_MS` or more, else null. Call it every second or so.
 */
export function watchClock(
  wall: () => number = Date.now,
  monotonic: () => number = monotonicMs,
): () => number | null {
  let difference = wall() - monotonic();
  return () => {
    const before = difference;
    difference = wall() - monotonic();
    const step = difference - before;
    return Math.abs(step) >= CLOCK_STEP_MS ? Math.round(step) : null;
  };
}
