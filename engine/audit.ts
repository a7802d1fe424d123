// The audit trail: operator and system events, each a line in the lake's audit stream (21 CFR Part 11 §11.10(e),
// FORMAT.md §6). Sealing, uploading and heartbeats cause no event; repeats of one (action, target) within a minute are
// counted in one.

import type { Clock } from './clock.ts';
import { utc } from './clock.ts';
import type { AuditEntry } from './journal/entry.ts';

const REPEAT_MS = 60_000;

/** What an event says beside its action and target; everything absent is null. */
export interface AuditDetails {
  readonly actor?: string;
  readonly authorisedBy?: string;
  readonly old?: unknown;
  readonly new?: unknown;
  readonly reason?: string;
}

interface Repeat {
  readonly sinceMs: number;
  count: number;
}

export class AuditTrail {
  readonly #clock: Clock;
  readonly #write: (entry: AuditEntry) => void;
  readonly #recent = new Map<string, Repeat>();

  /** @param write takes each event on its way to the journal. */
  constructor(clock: Clock, write: (entry: AuditEntry) => void) {
    this.#clock = clock;
    this.#write = write;
  }

  /** Writes one event, unless the same (action, target) was written less than a minute ago: then it is counted. */
  event(action: string, target: string, details: AuditDetails = {}): void {
    const id = `${action}\n${target}`;
    const repeat = this.#recent.get(id);
    if (repeat !== undefined && this.#clock.monotonicMs() - repeat.sinceMs < REPEAT_MS) {
      repeat.count += 1;
      return;
    }
    if (repeat !== undefined) this.#settle(id, repeat);
    this.#recent.set(id, { sinceMs: this.#clock.monotonicMs(), count: 0 });
    this.#write(auditEntry(this.#clock, action, target, details));
  }

  /** An event that was made elsewhere (the sealer's): written as it is. */
  forward(entry: AuditEntry): void {
    this.#write(entry);
  }

  /** Tells the counted repeats of events whose minute is over, or of all (`everything`, before a stop). */
  tick(everything = false): void {
    for (const [id, repeat] of this.#recent) {
      if (!everything && this.#clock.monotonicMs() - repeat.sinceMs < REPEAT_MS) continue;
      this.#recent.delete(id);
      this.#settle(id, repeat);
    }
  }

  #settle(id: string, repeat: Repeat): void {
    if (repeat.count === 0) return;
    const [action = '', target = ''] = id.split('\n');
    this.#write(
      auditEntry(this.#clock, action, target, {
        new: { repeats: repeat.count },
        reason: 'repeats within a minute, counted',
      }),
    );
  }
}

/** One event as it goes to the journal. */
export function auditEntry(clock: Clock, action: string, target: string, details: AuditDetails): AuditEntry {
  return {
    action,
    actor: details.actor ?? 'firn',
    at_utc: utc(clock.wallMs()),
    authorised_by: details.authorisedBy ?? null,
    new: details.new ?? null,
    old: details.old ?? null,
    reason: details.reason ?? null,
    target,
  };
}
