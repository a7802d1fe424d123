// What a seal says about the clock (FORMAT.md §4, member `clock`): nothing for a plain system clock; with chrony, how far
// the clock may be off, asked from `chronyc` every minute. A failed question is said, not hidden.

import { execFile } from 'node:child_process';
import type { SealClock } from '../batch/seal.ts';

const ASK_EVERY_MS = 60_000;
const ANSWER_WITHIN_MS = 5_000;

const SYSTEM: SealClock = { bound_ms: null, offset_ms: null, source: 'system' };
const UNAVAILABLE: SealClock = { bound_ms: null, offset_ms: null, source: 'chrony-unavailable' };

/** The current answer; `stop` ends the asking. */
export interface ClockQuality {
  now(): SealClock;
  stop(): void;
}

/** Asks for `chronyc -c tracking`: null when there is no answer. */
export type AskChrony = () => Promise<string | null>;

/** The quality of the configured clock source. Resolves when the first answer is there. */
export async function openClockQuality(
  clock: 'system' | 'chrony',
  ask: AskChrony = askChrony,
): Promise<ClockQuality> {
  if (clock === 'system') return { now: () => SYSTEM, stop: () => {} };
  let newest = trackingQuality(await ask());
  const timer = setInterval(() => {
    void ask().then((line) => {
      newest = trackingQuality(line);
    });
  }, ASK_EVERY_MS);
  timer.unref();
  return { now: () => newest, stop: () => clearInterval(timer) };
}

/**
 * Reads one line of `chronyc -c tracking` (chronyc(1): comma separated; fields 5 system time offset, 11 root delay, 12
 * root dispersion, 14 leap status; seconds). The bound is root delay / 2 + root dispersion + |offset|, rounded up.
 */
export function trackingQuality(line: string | null): SealClock {
  const fields = line?.trim().split(',') ?? [];
  const numbers = [fields[4], fields[10], fields[11]].map((field) =>
    field === undefined || field === '' ? Number.NaN : Number(field),
  );
  const [offset, delay, dispersion] = numbers as [number, number, number];
  if (!numbers.every(Number.isFinite) || fields[13] === 'Not synchronised') return UNAVAILABLE;
  const boundMs = Math.ceil(1000 * (delay / 2 + dispersion + Math.abs(offset)));
  // A plain 0, never -0: JCS writes both as 0, and the cut must read back as it was.
  return { bound_ms: boundMs, offset_ms: Math.round(1000 * offset) || 0, source: 'chrony' };
}

function askChrony(): Promise<string | null> {
  return new Promise((resolve) => {
    execFile('chronyc', ['-c', 'tracking'], { timeout: ANSWER_WITHIN_MS }, (error, stdout) =>
      resolve(error === null ? stdout : null),
    );
  });
}
