// The retention that an engine told in its audit stream (`store.probe`, once at each start), and what of it was in force at
// a time.

import type { Retention } from '../s3/retention.ts';

export const DAY_MS = 86_400_000;

/** What one `store.probe` told; null: objects are not locked. */
export interface ToldRetention {
  readonly atMs: number;
  readonly retention: Retention | null;
}

/** Reads an event of the action `store.probe`. One of before there was retention tells none. */
export function toldBy(event: Readonly<Record<string, unknown>>): ToldRetention {
  const told = (event['new'] as { retention?: { mode?: unknown; days?: unknown } | null } | null)?.retention;
  const mode = told?.mode;
  const days = told?.days;
  const fits = (mode === 'governance' || mode === 'compliance') && typeof days === 'number' && days > 0;
  return { atMs: Date.parse(String(event['at_utc'])), retention: fits ? { mode, days } : null };
}

/** What one log told over time. */
export class Timeline {
  readonly #told: ToldRetention[] = [];

  add(told: readonly ToldRetention[]): void {
    this.#told.push(...told);
    this.#told.sort((a, b) => a.atMs - b.atMs);
  }

  /**
   * The weakest retention in force between two times: whoever seals before a change may upload after it. Before the first
   * that was told counts what that one told.
   */
  between(fromMs: number, toMs: number): Retention | null {
    const first = Math.max(
      0,
      this.#told.findLastIndex(({ atMs }) => atMs <= fromMs),
    );
    const inForce = this.#told.filter(({ atMs }, i) => i === first || (i > first && atMs <= toMs));
    const [head, ...rest] = inForce.map(({ retention }) => retention);
    return head === undefined ? null : rest.reduce(weaker, head);
  }
}

function weaker(a: Retention | null, b: Retention | null): Retention | null {
  if (a === null || b === null) return null;
  const mode = a.mode === 'compliance' ? b.mode : a.mode;
  return { mode, days: Math.min(a.days, b.days) };
}
