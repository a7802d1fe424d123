// The rows of the ledger out of a canonical form that was stored: the same that were made when the event was judged.

import { rowOf } from './canonical-ids.ts';
import { readIdentifier } from './identifiers/read.ts';
import type { CanonicalEvent, KeyRow } from './judged.ts';

/** A row for each object, and for each class once per role. */
export function rowsOf({ epcs, quantities }: CanonicalEvent): KeyRow[] {
  const rows = epcs.map(({ id, role }) => rowOf(readIdentifier(id), role));
  const seen = new Set<string>();
  for (const { class: id, role } of quantities) {
    if (id === '' || seen.has(`${role} ${id}`)) continue;
    seen.add(`${role} ${id}`);
    rows.push(rowOf(readIdentifier(id), role));
  }
  return rows;
}
