// The store's outages as the status and the log tell them: what happened, to what, and what an operator can do. A bucket
// says the last itself; of a directory only the system's error is known.

import type { Logger } from './log.ts';
import type { PublisherMessage } from './seal/publisher.ts';

const ADVICE: readonly (readonly [pattern: RegExp, advice: string])[] = [
  [/\b(ENOSPC|EDQUOT)\b/, 'make room there, or raise the quota'],
  [/\b(EACCES|EPERM)\b/, 'let the user that firn runs as write there'],
  [/\bEROFS\b/, 'mount it for writing'],
  [/\bEIO\b/, 'the disk or its connection fails: look at the system log'],
  [/\b(ENOENT|ENODEV|ENXIO|ESTALE|ENOTCONN|EHOSTDOWN|EHOSTUNREACH|ETIMEDOUT)\b/, 'check that it is mounted'],
];

/** What to do about an outage, where its message does not say it. */
export function adviceOn(message: string): string {
  return ADVICE.find(([pattern]) => pattern.test(message))?.[1] ?? 'the error says what is wrong';
}

export class StoreOutage {
  readonly #log: Logger;
  #message: string | null = null;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** What the store answered when the outage began; null when there is none. */
  get message(): string | null {
    return this.#message;
  }

  hear(told: Extract<PublisherMessage, { type: 'outage' | 'recovered' }>): void {
    if (told.type === 'recovered') {
      this.#message = null;
      this.#log.info('the lake is written again');
      return;
    }
    this.#message = told.message;
    this.#log.error(
      { error: told.message, advice: adviceOn(told.message) },
      'the lake cannot be written: sealed batches wait in the outbox and follow by themselves; nothing is lost',
    );
  }
}
