// What looking at a file gives: what it is, facts for programs, lines for people. Nothing in the file is trusted: lengths
// are compared with what is there, and what does not fit is a fault in the answer, not an exception.

import { utc } from '../clock.ts';

export interface Inspection {
  /** What the file is, e.g. `batch object`. */
  readonly kind: string;
  /** Null when the file is what it should be; else the first thing that is wrong, in a sentence. */
  readonly fault: string | null;
  readonly facts: Readonly<Record<string, unknown>>;
  /** Rows for people: a name and what belongs to it ('' = a line that goes on). */
  readonly rows: readonly (readonly [name: string, text: string])[];
}

/** A time in the file: milliseconds, or the number as it is when it is no time. */
export function timeText(ms: number): string {
  return Number.isFinite(ms) && ms >= 0 && ms < 253_402_300_800_000 ? utc(ms) : String(ms);
}

/** A line as it is shown: cut at 200 characters, control characters made visible. */
export function shown(text: string): string {
  const visible = text.replace(/\p{Cc}/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return visible.length <= 200 ? visible : `${visible.slice(0, 200)}…`;
}
