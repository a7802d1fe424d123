// One request for a replay on its way: what became of each record, the two events that tell of it, and the answer, which goes
// out when every record and the second event are durable.

import { type AuditDetails, auditEntry } from '../audit.ts';
import type { Clock } from '../clock.ts';
import type { AuditEntry } from '../journal/entry.ts';
import type { IngestResult } from '../reply.ts';
import type { Principal } from './access.ts';
import type { Sender } from './admission.ts';
import type { Events } from './events.ts';
import type { Reply } from './read-body.ts';
import type { ReplayOrder, ReplayRecord } from './replay-order.ts';
import type { StreamInfo } from './stream-schemas.ts';

/** What became of one record; `duplicate`: it was replayed before, and this is what became of it then. */
interface Outcome extends Readonly<IngestResult> {
  readonly line: number;
  readonly duplicate: boolean;
}

export class ReplayJob {
  readonly principal: Principal;
  readonly stream: StreamInfo;
  readonly order: ReplayOrder;
  /** Frames of it that are not durable yet. */
  waiting = 0;
  readonly #reply: Reply;
  readonly #outcomes: Outcome[] = [];

  constructor({ principal, stream }: Sender, order: ReplayOrder, reply: Reply) {
    this.principal = principal;
    this.stream = stream;
    this.order = order;
    this.#reply = reply;
  }

  /** Notes what became of a record, now or when it was replayed before. */
  note(line: number, { accepted, rejected, errors, more }: IngestResult, duplicate: boolean): void {
    this.#outcomes.push({ line, duplicate, accepted, rejected, errors, more });
  }

  /** The event that goes before the records, in their slab: who sends what again, and why. */
  begun(clock: Clock, records: readonly (ReplayRecord & { readonly sha256: string })[]): AuditEntry {
    const told = records.map(({ line, receivedUtc, sha256 }) => ({
      line,
      received_utc: receivedUtc,
      sha256,
    }));
    return this.#event('dead-letter.replay', clock, { records: told });
  }

  /** Another frame is durable. After the last one the outcome goes into the audit trail, and then the answer out. */
  settled({ events, clock }: { readonly events: Events; readonly clock: Clock }): void {
    this.waiting -= 1;
    if (this.waiting > 0) return;
    const done = this.#outcomes.filter(({ duplicate }) => !duplicate);
    if (done.length === 0) {
      this.#answer();
      return;
    }
    const accepted = done.filter(({ rejected }) => rejected === 0).map(({ line }) => line);
    const rejected = done
      .filter((outcome) => outcome.rejected > 0)
      .map(({ line, errors }) => ({ line, code: errors[0]?.code ?? null }));
    const event = this.#event('dead-letter.replayed', clock, { accepted, rejected });
    events.audit(event, () => this.#answer());
  }

  #event(action: string, clock: Clock, now: AuditDetails['new']): AuditEntry {
    const { object, actor, reason } = this.order;
    const details = { actor, authorisedBy: this.principal.name, reason, new: now };
    return auditEntry(clock, action, object.key, details);
  }

  #answer(): void {
    this.#outcomes.sort((a, b) => a.line - b.line);
    const sum = (of: 'accepted' | 'rejected', duplicate: boolean): number =>
      this.#outcomes.reduce((n, outcome) => (outcome.duplicate === duplicate ? n + outcome[of] : n), 0);
    this.#reply.json(202, {
      accepted: sum('accepted', false),
      rejected: sum('rejected', false),
      duplicate: sum('accepted', true) + sum('rejected', true),
      records: this.#outcomes,
    });
  }
}
