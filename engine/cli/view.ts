// What the commands show of a running engine, taken from its status in one place.

import type { EngineStatus } from '../engine.ts';

export interface EngineView {
  /** With the reason where it is not the one that was asked for. */
  readonly codec: string;
  readonly data: string;
  readonly lake: string;
  /** What memory may grow to, in bytes, and what it is now. */
  readonly memory: EngineStatus['memory'];
  /** Captures and their ledger; null where none are taken. */
  readonly epcis: EngineStatus['epcis'];
  /** Records over the life of the data folder. */
  readonly accepted: number;
  readonly rejected: number;
  /** Batches sealed since the start. */
  readonly sealed: number;
  /** 0–1. */
  readonly ring: number;
  readonly journal: number;
}

export function viewOf(status: EngineStatus): EngineView {
  return {
    codec: status.codecNote === null ? status.codec : `${status.codec} (${status.codecNote})`,
    data: status.data,
    lake: status.lake,
    memory: status.memory,
    epcis: status.epcis,
    accepted: status.acct.accepted,
    rejected: status.acct.rejected,
    sealed: status.seal.batches,
    ring: status.ring.occupancy,
    journal: status.journal.occupancy,
  };
}
