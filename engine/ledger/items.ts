// The history of one object, and single events, as they are told: with where the proof lies once it is in the lake.

import type { Row, Session } from './database.ts';
import type { ItemEvent, ItemHistory, Proof } from './model.ts';

/** RFC 3339 in UTC with milliseconds, NULL where there is no time. */
const time = (column: string): string =>
  `CASE WHEN isfinite(${column}) THEN to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') END`;

const EVENT_COLUMNS = `encode(e.event_hash, 'hex') AS hash, e.event_id, e.event_type, e.action, e.biz_step, e.disposition,
  ${time('e.event_time')} AS event_time, ${time('e.record_time')} AS record_time, ${time('e.declared_at')} AS declared_at,
  e.partner_gln, e.capture_id::text AS capture, e.ord, e.seq::text AS seq, e.ni_hash,
  p.object_key, p.line::text AS line, encode(p.root, 'hex') AS root, p.log_index::text AS log_index`;

/** Events of one object; a history that is longer is cut there. */
const MAX_EVENTS = 10_000;

function proofOf(row: Row): Proof | null {
  if (row['object_key'] === null) return null;
  return {
    key: row['object_key'] as string,
    line: Number(row['line']),
    root: row['root'] as string,
    logIndex: Number(row['log_index']),
  };
}

function itemEventOf(row: Row): ItemEvent {
  return {
    eventHash: row['hash'] as string,
    eventId: row['event_id'] as string,
    type: row['event_type'] as string,
    action: row['action'] as string | null,
    bizStep: row['biz_step'] as string | null,
    disposition: row['disposition'] as string | null,
    eventTime: row['event_time'] as string,
    recordTime: row['record_time'] as string,
    partner: row['partner_gln'] as string,
    role: row['role'] as string,
    capture: row['capture'] as string,
    seq: row['seq'] as string,
    declaredAt: row['declared_at'] as string | null,
    proof: proofOf(row),
  };
}

/** By hash and not by number: a second declaration of one error shares the rows of the first. */
const HISTORY = `
SELECT ${EVENT_COLUMNS}, k.role FROM (
    SELECT DISTINCT ON (partner_gln, event_hash) partner_gln, event_hash, role FROM firn.ledger
    WHERE gtin = $1 AND serial = $2 AND ($4::text IS NULL OR partner_gln = $4) ORDER BY partner_gln, event_hash, seq) AS k
  JOIN firn.event e USING (partner_gln, event_hash)
  LEFT JOIN firn.proof p ON p.capture_id = e.capture_id AND p.ord = e.ord
ORDER BY e.event_time, e.partner_gln, e.seq LIMIT $3`;

const FOREIGN = `
SELECT 1 AS one FROM firn.ledger WHERE gtin = $1 AND serial = $2 AND partner_gln <> $3 LIMIT 1`;

/**
 * Everything of one object; null when the ledger has never heard of it. `partner`: as far as this one has told of it itself.
 * What the object is by now follows from everybody's events, so it is withheld where there are others'.
 */
export async function readItem(
  session: Session,
  gtin: string,
  serial: string,
  partner: string | null = null,
): Promise<ItemHistory | null> {
  const events = (await session.query(HISTORY, [gtin, serial, MAX_EVENTS, partner])).map(itemEventOf);
  if (partner !== null) {
    if (events.length === 0) return null;
    const foreign = await session.query(FOREIGN, [gtin, serial, partner]);
    if (foreign.length > 0)
      return { gtin, serial, lot: null, expiry: null, state: 'withheld', parent: null, events };
  }
  const [item] = await session.query(
    `SELECT lot, expiry::text AS expiry, state, parent_gtin, parent_serial FROM firn.item WHERE gtin = $1 AND serial = $2`,
    [gtin, serial],
  );
  if (item === undefined && events.length === 0) return null;
  const parent = (item?.['parent_serial'] ?? null) as string | null;
  return {
    gtin,
    serial,
    lot: (item?.['lot'] ?? null) as string | null,
    expiry: (item?.['expiry'] ?? null) as string | null,
    // A class has no state: it is known from quantities only.
    state: (item?.['state'] ?? 'observed') as string,
    parent: parent === null ? null : { gtin: item?.['parent_gtin'] as string, serial: parent },
    events,
  };
}

/** An event with this id, the newest where corrections share it; null = unknown. `partner`: of this one only. */
export async function readEvent(
  session: Session,
  eventId: string,
  partner: string | null = null,
): Promise<unknown> {
  const [row] = await session.query(
    `SELECT ${EVENT_COLUMNS}, 'event' AS role, e.canonical FROM firn.event e
       LEFT JOIN firn.proof p ON p.capture_id = e.capture_id AND p.ord = e.ord
     WHERE e.event_id = $1 AND ($2::text IS NULL OR e.partner_gln = $2) ORDER BY e.record_time DESC, e.seq DESC LIMIT 1`,
    [eventId, partner],
  );
  if (row === undefined) return null;
  const { role: _, ...envelope } = itemEventOf(row);
  return {
    ...envelope,
    index: row['ord'],
    ni: row['ni_hash'],
    canonical: JSON.parse(row['canonical'] as string),
  };
}
