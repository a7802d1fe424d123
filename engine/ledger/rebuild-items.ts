// What follows from stored events, made once more in the order in which they were judged: rows of the ledger, lots, items.
// Batches are sealed by day, so that order is not the log's. It is that of record times, of which each transaction had a
// later one (record-clock.ts); within a transaction events are of one partner, in order of their numbers.

import { discOf } from '../epcis/canonical.ts';
import { rowsOf } from '../epcis/canonical-rows.ts';
import type { Canonical, CanonicalEvent } from '../epcis/judged.ts';
import { advance } from '../epcis/state/advance.ts';
import { subjectOf } from '../epcis/state/subject.ts';
import { columns } from './array-literal.ts';
import type { Row, Session } from './database.ts';
import { readState } from './read-state.ts';
import { writeChanges } from './write-chunk.ts';

/** As a chunk of the stage: events, and characters of canonical forms, which bound the rows too. */
const EVENTS_AT_ONCE = 1_000;
const CHARACTERS_AT_ONCE = 8 * 1024 * 1024;

/**
 * Sorted by the database, on disk where they are many; the forms themselves are read later, a run at a time. The numbers to
 * sort by are named with their table: a bare name would be the column of the answer, which is text.
 */
const IN_ORDER = `
DECLARE judged NO SCROLL CURSOR FOR
SELECT e.partner_gln, e.seq::text AS seq, octet_length(e.canonical) AS characters FROM firn.event e
ORDER BY e.record_time, e.partner_gln, e.seq`;

const READ_RUN = `
SELECT e.seq::text AS seq, e.capture_id::text AS capture, encode(e.event_hash, 'hex') AS hash, e.ni_hash, e.event_id, e.canonical
FROM unnest($2::bigint[]) WITH ORDINALITY AS k(seq, n) JOIN firn.event e ON e.partner_gln = $1 AND e.seq = k.seq ORDER BY k.n`;

interface Place {
  readonly partner: string;
  readonly seq: string;
  readonly characters: number;
}

/** Stores what follows from all events. The ledger has events and nothing that was made of them. */
export async function replayJudging(session: Session): Promise<void> {
  await session.query(IN_ORDER);
  let run: Place[] = [];
  let characters = 0;
  for await (const place of places(session)) {
    const isFull = run.length === EVENTS_AT_ONCE || characters + place.characters > CHARACTERS_AT_ONCE;
    if (run.length > 0 && (isFull || run[0]?.partner !== place.partner)) {
      await replayRun(session, run);
      run = [];
      characters = 0;
    }
    run.push(place);
    characters += place.characters;
  }
  if (run.length > 0) await replayRun(session, run);
  await session.query('CLOSE judged');
}

async function* places(session: Session): AsyncGenerator<Place> {
  for (;;) {
    const rows = await session.query(`FETCH ${EVENTS_AT_ONCE} FROM judged`);
    if (rows.length === 0) return;
    for (const row of rows) {
      yield {
        partner: row['partner_gln'] as string,
        seq: row['seq'] as string,
        characters: row['characters'] as number,
      };
    }
  }
}

/** Events of one partner that follow each other. */
async function replayRun(session: Session, run: readonly Place[]): Promise<void> {
  const partner = run[0]?.partner ?? '';
  const rows = await session.query(READ_RUN, [partner, ...columns(run, ({ seq }) => seq)]);
  const events = rows.map((row) => ({
    seq: Number(row['seq']),
    capture: row['capture'] as string,
    canonical: canonicalOf(row),
  }));
  const known = await readState(
    session,
    events.map(({ canonical }) => canonical),
    partner,
  );
  for (const { canonical, capture } of events)
    advance(known.state, subjectOf(canonical), { partner, document: capture });
  await writeChanges(session, events, known, partner);
}

function canonicalOf(row: Row): Canonical {
  const json = row['canonical'] as string;
  const event = JSON.parse(json) as CanonicalEvent;
  return {
    event,
    json,
    hash: row['hash'] as string,
    declaredAt: event.errorDeclaration?.declarationTime || null,
    ni: row['ni_hash'] as string,
    eventId: row['event_id'] as string,
    rows: rowsOf(event),
    disc: discOf(event),
  };
}
