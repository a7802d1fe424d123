// Sleeping on a bell and ringing it. A bell is a counter word. The one who waits reads the bell, looks whether there is
// work, and only then sleeps on the value it read: a ring that comes between the look and the sleep has changed the
// value, so the sleep ends at once and no wake-up is lost. Callers look again after every wake-up, whatever woke them.

/** Longest sleep of a thread that has nothing to do: bounds the harm of anything that forgot to ring. */
export const PARK_MS = 1000;

/** The value to give to `park`. Read it before looking for work. */
export function listen(control: Int32Array, bell: number): number {
  return Atomics.load(control, bell);
}

/** Sleeps until the bell differs from `heard` or `ms` milliseconds have passed. @returns false after a time-out. */
export function park(control: Int32Array, bell: number, heard: number, ms: number): boolean {
  return Atomics.wait(control, bell, heard, ms) !== 'timed-out';
}

/** Rings: what the caller wrote before is visible to whoever wakes. Wakes at most `sleepers` threads. */
export function ring(control: Int32Array, bell: number, sleepers: number = Number.POSITIVE_INFINITY): void {
  Atomics.add(control, bell, 1);
  Atomics.notify(control, bell, sleepers);
}
