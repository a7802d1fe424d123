// Which objects of a lake are locked (FORMAT.md §3), and for how long: evidence is, what is replaced or let go is not.

import type { ObjectLock } from './objects.ts';

export interface Retention {
  readonly mode: 'governance' | 'compliance';
  readonly days: number;
}

const DAY_MS = 86_400_000;

/** Sealed objects, schemas, kept checkpoints, full tiles. Not: `checkpoint`, `policy`, partial tiles, probes. */
const LOCKED: readonly RegExp[] = [
  /\.ndjson\.zst$/,
  /^_schema\/.*\.json$/,
  /^_log\/.*\/checkpoints\/\d{20}$/,
  /^_log\/.*\/tile\/(entries|\d+)\/(x\d{3}\/)*\d{3}$/,
];

/** Whether an object of this key (relative to the lake's prefix) is locked where retention is on. */
export function isLocked(key: string): boolean {
  return LOCKED.some((pattern) => pattern.test(key));
}

/** The lock of an object that is written now; whole seconds, since some stores keep no more. */
export function lockFrom({ mode, days }: Retention, nowMs: number): ObjectLock {
  return { mode, untilMs: Math.ceil((nowMs + days * DAY_MS) / 1000) * 1000 };
}
