// Tells the log when the spool has no room, once, and when it has room again: captures are refused with 503 meanwhile.

import type { Logger } from '../log.ts';
import type { Spool } from './spool.ts';

/** Room again: used at most so much of the quota, and nobody refused since the look before. */
const ROOM = 0.9;

export interface SpoolWatchOptions {
  readonly spool: Pick<Spool, 'refused' | 'usedBytes'>;
  readonly quotaBytes: number;
  readonly log: Pick<Logger, 'error' | 'info'>;
}

export class SpoolWatch {
  readonly #options: SpoolWatchOptions;
  #refused = 0;
  #full = false;

  constructor(options: SpoolWatchOptions) {
    this.#options = options;
  }

  /** About once a second. @param openJobs jobs whose bodies the spool keeps */
  look(openJobs: number): void {
    const { spool, quotaBytes, log } = this.#options;
    const { refused, usedBytes } = spool;
    const more = refused > this.#refused;
    this.#refused = refused;
    if (more && !this.#full) {
      this.#full = true;
      log.error(
        { usedBytes, quotaBytes, openJobs },
        'the spool of captures is full: new documents are refused with 503 until jobs are over and sealed. Look at the ledger and the lake first, then at the disk; epcis.spool.quotaBytes is what it may hold',
      );
    } else if (!more && this.#full && usedBytes <= ROOM * quotaBytes) {
      this.#full = false;
      log.info({ usedBytes, quotaBytes, refused }, 'the spool of captures has room again');
    }
  }
}
