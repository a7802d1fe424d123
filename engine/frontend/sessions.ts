// The table of sessions: one row for each session that has sent a frame, and one for each (principal, stream) that has
// posted over HTTP or called ingest(). A row is made when its first frame goes into the ring and ends only by a `forget`
// frame; a full table refuses new sessions and never evicts. Rows that nobody is connected to are kept in the order in
// which they were left, so finding the expired ones looks at no other.

import type { SessionRow } from '../journal/fold.ts';
import { NAMED_SESSION_KEEP_MS, SESSION_KEEP_MS } from '../limits.ts';
import { BySession } from './by-session.ts';

export type { SessionRow };

/** How many rows a table may have, all together and for one principal. */
export interface TableLimits {
  readonly max: number;
  perPrincipal(principal: string): number;
}

/** Counts places in a table, per principal and in all. */
export class Places {
  readonly #limits: TableLimits;
  readonly #held = new Map<string, number>();
  #total = 0;

  constructor(limits: TableLimits) {
    this.#limits = limits;
  }

  get total(): number {
    return this.#total;
  }

  /** Takes a place; false when the table or the principal's share is full. `known` = it was taken before a restart. */
  take(principal: string, known = false): boolean {
    const held = this.#held.get(principal) ?? 0;
    if (!known && (this.#total >= this.#limits.max || held >= this.#limits.perPrincipal(principal)))
      return false;
    this.#held.set(principal, held + 1);
    this.#total += 1;
    return true;
  }

  give(principal: string): void {
    const held = (this.#held.get(principal) ?? 0) - 1;
    if (held > 0) this.#held.set(principal, held);
    else this.#held.delete(principal);
    this.#total -= 1;
  }
}

export class SessionTable {
  readonly #rows = new BySession<SessionRow>();
  /** Rows without a connection, least recently left first: those that the server named, and the others. */
  readonly #idleNamed = new Set<SessionRow>();
  readonly #idle = new Set<SessionRow>();
  readonly #places: Places;
  readonly #startMs: number;
  #nextSource: number;
  #sessions = 0;

  /** `rows` = what the journal knows; `runningMs` = the engine's running time now. */
  constructor(rows: Iterable<SessionRow>, nextSource: number, limits: TableLimits, runningMs: number) {
    this.#places = new Places(limits);
    this.#nextSource = nextSource;
    this.#startMs = runningMs;
    for (const row of [...rows].sort((a, b) => a.lastUsedMs - b.lastUsedMs)) {
      this.#rows.set(row.principal, row.stream, row.session, row);
      if (row.session === null) continue;
      this.#places.take(row.principal, true);
      this.#sessions += 1;
      (row.named ? this.#idleNamed : this.#idle).add(row);
    }
  }

  /** Sessions that have a row. */
  get size(): number {
    return this.#sessions;
  }

  find(principal: string, stream: string, session: string | null): SessionRow | undefined {
    return this.#rows.get(principal, stream, session);
  }

  /** Keeps a place for a connection whose session has no row yet, so that its first frame cannot fail for lack of one. */
  claim(principal: string): boolean {
    return this.#places.take(principal);
  }

  unclaim(principal: string): void {
    this.#places.give(principal);
  }

  /** Makes the row of a session whose place was claimed, or of an HTTP source (session null, no place needed). */
  adopt(
    principal: string,
    stream: string,
    session: string | null,
    named: boolean,
    runningMs: number,
  ): SessionRow {
    const row: SessionRow = {
      no: this.#nextSource,
      principal,
      stream,
      session,
      named,
      next: 0,
      lastUsedMs: runningMs,
    };
    this.#nextSource += 1;
    this.#rows.set(principal, stream, session, row);
    if (session !== null) this.#sessions += 1;
    return row;
  }

  /** The number that the next adopted row will have. */
  get nextSource(): number {
    return this.#nextSource;
  }

  /** A connection has the session now: it does not expire. */
  joined(row: SessionRow): void {
    this.#idleNamed.delete(row);
    this.#idle.delete(row);
  }

  /** The session's connection has ended. */
  left(row: SessionRow, runningMs: number): void {
    row.lastUsedMs = runningMs;
    (row.named ? this.#idleNamed : this.#idle).add(row);
  }

  /**
   * The next row that is past its retention, or null. After a start everybody first gets the time to come back in which a
   * session named by the server is kept.
   */
  expired(runningMs: number): SessionRow | null {
    if (runningMs - this.#startMs < NAMED_SESSION_KEEP_MS) return null;
    for (const row of this.#idleNamed) {
      if (runningMs - row.lastUsedMs >= NAMED_SESSION_KEEP_MS) return row;
      break;
    }
    for (const row of this.#idle) {
      if (runningMs - row.lastUsedMs >= SESSION_KEEP_MS) return row;
      break;
    }
    return null;
  }

  /** Takes an expired row out: its `forget` frame is on its way. */
  forget(row: SessionRow): void {
    this.#idleNamed.delete(row);
    this.#idle.delete(row);
    this.#rows.delete(row.principal, row.stream, row.session);
    this.#sessions -= 1;
    this.#places.give(row.principal);
  }
}
