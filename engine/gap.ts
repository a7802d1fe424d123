// The times in which nothing is taken, as log and audit trail tell them: when one begins, and when it is over.

import type { AuditTrail } from './audit.ts';
import type { Logger } from './log.ts';

export class Gap {
  readonly #log: Logger;
  readonly #audit: AuditTrail;
  #reason: string | null = null;

  constructor(log: Logger, audit: AuditTrail) {
    this.#log = log;
    this.#audit = audit;
  }

  /** @param full why nothing is taken now, or null */
  look(full: string | null): void {
    if (full !== null && this.#reason === null) {
      this.#log.error({ reason: full }, 'refusing: the journal is full');
      this.#audit.event('gap.opened', 'ingest', { reason: full });
    }
    if (full === null && this.#reason !== null) {
      this.#log.info('taking again');
      this.#audit.event('gap.closed', 'ingest', { reason: this.#reason });
    }
    this.#reason = full;
  }
}
