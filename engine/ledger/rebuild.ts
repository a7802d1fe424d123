// The ledger out of the lake: accepted events, in whatever order their batches were sealed, and then what follows from them
// in the order in which they were judged (rebuild-items.ts), give the same events, rows, lots, items and, with the seals, the
// same proofs. Jobs, acknowledgements, refused events and batches are not in those lines and do not come back; duplicates are
// recognised as before, since events are.

import type { Canonical } from '../epcis/judged.ts';
import type { Session } from './database.ts';
import { ensurePartner, lockPartner } from './partners.ts';
import { readVerdicts, storeVerdicts } from './verdicts.ts';
import { insertEvents } from './write-chunk.ts';

/** Name of a follower that the ledger has from the first `replay` to the end: until then it has events and no items. */
export const REBUILDING = '(rebuild)';

/** An accepted event as the lake has it. */
export interface StoredEvent {
  readonly canonical: Canonical;
  readonly capture: string;
  readonly index: number;
  readonly partner: string;
  readonly seq: string;
  readonly recordMs: number;
}

/** Events of one job that follow each other: they share partner and, most often, a transaction's time. */
function* runs(events: readonly StoredEvent[]): Generator<readonly StoredEvent[]> {
  let from = 0;
  for (let i = 1; i <= events.length; i++) {
    const [a, b] = [events[from] as StoredEvent, events[i]];
    if (b !== undefined && a.capture === b.capture && a.partner === b.partner && a.recordMs === b.recordMs)
      continue;
    yield events.slice(from, i);
    from = i;
  }
}

async function replayRun(session: Session, run: readonly StoredEvent[]): Promise<void> {
  const { capture, partner, recordMs } = run[0] as StoredEvent;
  await ensurePartner(session, partner);
  const next = await lockPartner(session, partner);
  const first = Math.min(...run.map((each) => each.index));
  const last = Math.max(...run.map((each) => each.index));
  const there = await readVerdicts(session, capture, first, last - first + 1);
  const stored = new Set(there.map((verdict) => verdict.index));
  const events = run.filter((each) => !stored.has(each.index));
  if (events.length === 0) return;
  const accepted = events.map((each) => ({ ...each, seq: Number(each.seq) }));
  await insertEvents(session, accepted, { capture, partner, recordMs });
  await storeVerdicts(
    session,
    capture,
    partner,
    events.map(({ index, seq }) => ({ index, seq, outcome: 'accepted', findings: [], recordMs })),
  );
  const behind = Math.max(next, ...accepted.map((each) => each.seq + 1));
  await session.query('UPDATE firn.partner SET next_event_seq = $2 WHERE gln = $1', [partner, behind]);
}

/** Stores events that the lake has; those that are there already are passed over. What follows from them comes last. */
export async function replayEvents(session: Session, events: readonly StoredEvent[]): Promise<void> {
  if (events.length === 0) return;
  await session.query('INSERT INTO firn.follower (name, position) VALUES ($1, 0) ON CONFLICT DO NOTHING', [
    REBUILDING,
  ]);
  for (const run of runs(events)) await replayRun(session, run);
}

/** @returns false where nothing was begun, or it was ended before: the answer to a commit may be lost */
export async function endRebuilding(session: Session): Promise<boolean> {
  const ended = await session.query('DELETE FROM firn.follower WHERE name = $1 RETURNING name', [REBUILDING]);
  return ended.length > 0;
}

/** What is compared of each table: an item's revision counts transactions, which a rebuild has others of. */
const COMPARED: Readonly<Record<string, string>> = {
  event: 'e',
  ledger: 'e',
  lot: 'e',
  item: `(to_jsonb(e) - 'rev')`,
  proof: 'e',
};

/** Count and a sum of hashes of all rows, whatever their order. */
export async function digestTables(session: Session): Promise<Readonly<Record<string, string>>> {
  const digests: Record<string, string> = {};
  for (const [table, row] of Object.entries(COMPARED)) {
    const [sum] = await session.query(
      `SELECT count(*)::text || ' ' || coalesce(sum(hashtextextended(${row}::text, 0)::numeric), 0)::text || ' '
         || coalesce(sum(hashtextextended(${row}::text, 1)::numeric), 0)::text AS digest FROM firn.${table} e`,
    );
    digests[table] = sum?.['digest'] as string;
  }
  return digests;
}
