// Where the lines that prove events lie in the lake, as the follower of the log finds them, and how far it has come.

import { columns } from './array-literal.ts';
import type { Session } from './database.ts';
import type { Proof } from './model.ts';

export interface ProvedEvent extends Proof {
  readonly capture: string;
  /** Of the event in its document. */
  readonly index: number;
}

const FOLLOWER = 'log';

/** Stores proofs and that the log is read up to and with seal `upTo`; again is the same as once. */
export async function storeProofs(
  session: Session,
  proofs: readonly ProvedEvent[],
  upTo: number,
): Promise<void> {
  if (proofs.length > 0) {
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
    [FOLLOWER, upTo],
  );
}

/** Index of the last seal whose events have their proofs; -1 = none. */
export async function readProved(session: Session): Promise<number> {
  const rows = await session.query('SELECT position::text AS position FROM firn.follower WHERE name = $1', [
    FOLLOWER,
  ]);
  return Number(rows[0]?.['position'] ?? -1);
}
