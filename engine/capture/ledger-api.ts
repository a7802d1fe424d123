// What the thread of the ledger asks of it; engine/ledger/ledger.ts is the one implementation outside of tests.

import type { Finding } from '../epcis/model.ts';
import type { Chunk, JobOrder, JobReport, Proof, Verdict } from '../ledger/model.ts';

/** Where the line of an event lies. */
export interface ProvedLine extends Proof {
  readonly capture: string;
  readonly index: number;
}

/** Every call may be made again after any failure. Errors are known by their names: see `troubleOf`. */
export interface LedgerApi {
  begin(order: JobOrder): Promise<void>;
  /** Verdicts of a chunk. With `rollback` those of all chunks hold only if none of the job is refused. */
  apply(order: JobOrder, chunk: Chunk): Promise<readonly Verdict[]>;
  /** Undoes what a job with rollback has staged. Until then the embedded ledger answers nobody else. */
  abandon(): Promise<void>;
  verdicts(capture: string, from: number, limit: number): Promise<readonly Verdict[]>;
  finish(order: JobOrder, documentFindings: readonly Finding[]): Promise<JobReport>;
  partners(
    entries: readonly { readonly gln: string; readonly name: string; readonly ackUrl: string | null }[],
  ): Promise<void>;
  prove(proofs: readonly ProvedLine[], upTo: number, log: string): Promise<void>;
  lastProved(log: string): Promise<number>;
  /** Of all captures (null) 1 for any number. */
  eventsOf(capture: string | null): Promise<number>;
  /** Why what is stored may not be what was committed; null = it is. */
  readonly doubt: string | null;
  close(): Promise<void>;
}

/**
 * `away`: the database does not answer, or an operator must see to it; the same call does later. `again`: the transaction of a
 * whole job is gone. `fault`: nothing that waiting helps.
 */
export type LedgerTrouble = 'away' | 'again' | 'fault';

/** SQLSTATE: the database does not take a value (class 22) or one of that size (class 54), and never will. */
export function isOfData(error: unknown): boolean {
  const { name, code } = error as { readonly name?: unknown; readonly code?: unknown };
  return name === 'DatabaseError' && typeof code === 'string' && /^(22|54)...$/.test(code);
}

export function troubleOf(error: unknown): LedgerTrouble {
  if (!(error instanceof Error)) return 'fault';
  if (error.name === 'BeginAgain') return 'again';
  if (error.name === 'LedgerOutage' || error.name === 'LedgerBehind') return 'away';
  const { trouble } = error as { trouble?: unknown };
  return trouble === 'outage' || trouble === 'refused' || trouble === 'again' ? 'away' : 'fault';
}
