// The time of each transaction that judges, EPCIS recordTime: later than that of every one before, whatever the clock does.
// So the order of record times is the order of judging, and a lake alone tells it.

import type { Session } from './database.ts';

/** A partner's verdicts are numbered in order of their times: its last one is its latest. */
const LAST = `
SELECT coalesce((extract(epoch FROM max(v.record_time)) * 1000)::bigint, 0)::text AS ms
FROM firn.partner p CROSS JOIN LATERAL (
  SELECT record_time FROM firn.verdict WHERE partner_gln = p.gln ORDER BY seq DESC LIMIT 1) AS v`;

export class RecordClock {
  readonly #nowMs: () => number;
  #lastMs: number | null = null;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Unix ms: now, or 1 ms behind the last where the clock was set back or has not moved on. */
  async next(session: Session): Promise<number> {
    this.#lastMs ??= Number((await session.query(LAST))[0]?.['ms'] ?? 0);
    this.#lastMs = Math.max(this.#nowMs(), this.#lastMs + 1);
    return this.#lastMs;
  }
}
