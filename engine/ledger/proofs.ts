// Where the lines that prove events lie in the lake, as the follower of the log finds them, and how far it has come.

import { columns } from './array-literal.ts';
import type { Session } from './database.ts';
import type { Proof } from './model.ts';

export interface ProvedEvent extends Proof {
  readonly capture: string;
  /** Of the event in its document. */
  readonly index: number;
}

/** An event of a seal is not in the ledger: what it has is older than the log. */
export class EventMissing extends Error {
  override readonly name = 'EventMissing';
}

/**
 * Stores proofs and that the log is read up to and with seal `upTo`; again is the same as once.
 * @param log name of the log that the seals are of: engines that share a database each have their own
 * @throws EventMissing
 */
export async function storeProofs(
  session: Session,
  proofs: readonly ProvedEvent[],
  upTo: number,
  log: string,
): Promise<void> {
  if (proofs.length > 0) {
    await expectEvents(session, proofs);
    await session.query(
      `INSERT INTO firn.proof (capture_id, ord, object_key, line, root, log_index)
       SELECT t.capture_id, t.ord, t.object_key, t.line, decode(t.root, 'hex'), t.log_index
       FROM unnest($1::uuid[], $2::int[], $3::text[], $4::bigint[], $5::text[], $6::bigint[])
         AS t(capture_id, ord, object_key, line, root, log_index)
       ORDER BY t.capture_id, t.ord ON CONFLICT (capture_id, ord) DO NOTHING`,
      columns(
        proofs,
        (each) => each.capture,
        (each) => each.index,
        (each) => each.key,
        (each) => each.line,
        (each) => each.root,
        (each) => each.logIndex,
      ),
    );
  }
  await session.query(
    `INSERT INTO firn.follower AS f (name, position) VALUES ($1, $2)
     ON CONFLICT (name) DO UPDATE SET position = greatest(f.position, excluded.position)`,
    [log, upTo],
  );
}

async function expectEvents(session: Session, proofs: readonly ProvedEvent[]): Promise<void> {
  const [missing] = await session.query(
    `SELECT t.capture_id::text AS capture, t.ord FROM unnest($1::uuid[], $2::int[]) AS t(capture_id, ord)
     LEFT JOIN firn.event e USING (capture_id, ord) WHERE e.ord IS NULL LIMIT 1`,
    columns(
      proofs,
      (each) => each.capture,
      (each) => each.index,
    ),
  );
  if (missing !== undefined)
    throw new EventMissing(
      `event ${missing['ord']} of capture ${missing['capture']} is sealed, and the ledger does not have it: make it again with firn ledger rebuild`,
    );
}

/** Index of the last seal whose events have their proofs; -1 = none. */
export async function readProved(session: Session, log: string): Promise<number> {
  const rows = await session.query('SELECT position::text AS position FROM firn.follower WHERE name = $1', [
    log,
  ]);
  return Number(rows[0]?.['position'] ?? -1);
}

/** Events of a capture; of all captures (null) only whether there is one, 1 or 0. */
export async function countEvents(session: Session, capture: string | null): Promise<number> {
  const [row] =
    capture === null
      ? await session.query(
          'SELECT count(*)::text AS n FROM (SELECT 1 FROM firn.event LIMIT 1) AS any_of_them',
        )
      : await session.query('SELECT count(*)::text AS n FROM firn.event WHERE capture_id = $1::uuid', [
          capture,
        ]);
  return Number(row?.['n']);
}
