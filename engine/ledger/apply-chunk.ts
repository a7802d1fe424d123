// One chunk within a transaction: verdicts that are stored already, then what is known, then the rules of history, then the
// writes. Where another transaction was faster it goes back to its savepoint and does it again with what is known by then.

import type { JudgedEvent } from '../epcis/judged.ts';
import { judgeState, type StateVerdict } from '../epcis/state/judge-state.ts';
import { DatabaseError, type Transaction } from './database.ts';
import type { Chunk, JobOrder, Verdict } from './model.ts';
import { readState } from './read-state.ts';
import { readVerdicts } from './verdicts.ts';
import { type Accepted, Overtaken, writeChunk } from './write-chunk.ts';

/** Every time somebody else has stored something: so many in a row are not an accident. */
const MAX_ATTEMPTS = 20;

export interface Applied {
  /** Of every event of the chunk, in order. */
  readonly verdicts: readonly Verdict[];
  /** Those that were not stored before. */
  readonly fresh: readonly Verdict[];
  /** Hashes of the events that are new in the ledger, in order. */
  readonly hashes: readonly string[];
}

export interface Numbering {
  /** Number of the first event that has none yet. */
  readonly nextSeq: number;
  /** Unix ms of the transaction. */
  readonly recordMs: number;
  readonly strictState: boolean;
}

/** The verdict, each finding with the digest of its event: a sender that reads it knows the event by that. */
function identified(verdict: StateVerdict, { canonical }: JudgedEvent): StateVerdict {
  if (canonical === null || verdict.findings.length === 0) return verdict;
  const findings = verdict.findings.map((each) => ({ ...each, eventHash: canonical.hash }));
  return { ...verdict, findings };
}

async function storeFresh(
  transaction: Transaction,
  order: JobOrder,
  events: readonly JudgedEvent[],
  numbering: Numbering,
): Promise<{ verdicts: Verdict[]; hashes: string[] }> {
  const { partner, id: document } = order;
  // One that was rejected already asks nothing of what is known.
  const asking = events.flatMap((event) =>
    event.rejected || event.canonical === null ? [] : [event.canonical],
  );
  const known = await readState(transaction, asking, partner);
  const verdicts: Verdict[] = [];
  const accepted: Accepted[] = [];
  for (const event of events) {
    const seq = numbering.nextSeq + verdicts.length;
    const context = { partner, document, strictState: numbering.strictState };
    const { outcome, findings } = identified(judgeState(event, known.state, context), event);
    verdicts.push({ index: event.index, seq: String(seq), outcome, findings, recordMs: numbering.recordMs });
    if (outcome === 'accepted' && event.canonical !== null) {
      accepted.push({ index: event.index, seq, canonical: event.canonical });
    }
  }
  await writeChunk(transaction, accepted, known, {
    capture: document,
    partner,
    recordMs: numbering.recordMs,
  });
  return { verdicts, hashes: accepted.map((each) => each.canonical.hash) };
}

/**
 * Verdicts of events that were judged before the ledger was made again out of the lake: none of them is there, so none was
 * accepted. What is known by now may be other than it was then, so that nothing of them is stored whatever the rules say.
 */
async function settleLost(
  transaction: Transaction,
  { partner, id: document }: JobOrder,
  events: readonly JudgedEvent[],
  { nextSeq, recordMs, strictState }: Numbering,
): Promise<Verdict[]> {
  const asking = events.flatMap(({ rejected, canonical }) =>
    rejected || canonical === null ? [] : [canonical],
  );
  const { state } = await readState(transaction, asking, partner);
  return events.map((event, at) => {
    const context = { partner, document, strictState };
    const { outcome, findings } = identified(judgeState(event, state, context), event);
    const seq = String(nextSeq + at);
    return {
      index: event.index,
      seq,
      outcome: outcome === 'duplicate' ? outcome : 'refused',
      findings,
      recordMs,
    };
  });
}

/** Judges and stores a chunk. The partner's row is locked by the caller, who also stores the fresh verdicts. */
export async function applyChunk(
  transaction: Transaction,
  order: JobOrder,
  chunk: Chunk,
  numbering: Numbering,
): Promise<Applied> {
  const first = chunk.events[0]?.index ?? 0;
  const stored = new Map<number, Verdict>();
  for (const verdict of await readVerdicts(transaction, order.id, first, chunk.events.length)) {
    stored.set(verdict.index, verdict);
  }
  const unknown = chunk.events.filter((event) => !stored.has(event.index));
  const journaled = chunk.journaled ?? 0;
  const lost = unknown.filter((event) => event.index < journaled);
  const settled = lost.length === 0 ? [] : await settleLost(transaction, order, lost, numbering);
  for (const verdict of settled) stored.set(verdict.index, verdict);
  const events = unknown.slice(lost.length);
  if (events.length === 0) {
    return {
      verdicts: chunk.events.map((event) => stored.get(event.index) as Verdict),
      fresh: settled,
      hashes: [],
    };
  }
  for (let attempt = 1; ; attempt++) {
    await transaction.query('SAVEPOINT chunk');
    try {
      const nextSeq = numbering.nextSeq + settled.length;
      const { verdicts, hashes } = await storeFresh(transaction, order, events, { ...numbering, nextSeq });
      await transaction.query('RELEASE SAVEPOINT chunk');
      for (const verdict of verdicts) stored.set(verdict.index, verdict);
      return {
        verdicts: chunk.events.map((event) => stored.get(event.index) as Verdict),
        fresh: [...settled, ...verdicts],
        hashes,
      };
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
      if (attempt === MAX_ATTEMPTS) throw new DatabaseError('again', '', error.message, error);
      await transaction.query('ROLLBACK TO SAVEPOINT chunk');
    }
  }
}
