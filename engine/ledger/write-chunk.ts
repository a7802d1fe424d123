// Stores the accepted events of a chunk: events, rows of the ledger, lots and items, a statement each. Every statement says
// how many rows it stored. One that was there although it had not been read was put there by another transaction meanwhile:
// that is class R, and the chunk is judged again with what is known now. Rows go in order of their keys: two chunks that
// want the same rows wait for each other in one order, and so never both.

import type { Canonical } from '../epcis/judged.ts';
import { expiryDate, type Item, keyOf, lotOfClass, ofKey } from '../epcis/state/item.ts';
import { takenDisc } from '../epcis/state/key-turns.ts';
import type { Lot } from '../epcis/state/state.ts';
import { columns, slices } from './array-literal.ts';
import type { Session } from './database.ts';
import type { Known } from './read-state.ts';

export interface Accepted {
  readonly index: number;
  readonly seq: number;
  readonly canonical: Canonical;
}

export interface ChunkStamp {
  readonly capture: string;
  readonly partner: string;
  /** Unix ms */
  readonly recordMs: number;
}

/** Another transaction was there first. */
export class Overtaken extends Error {
  override readonly name = 'Overtaken';
}

function expectStored(stored: number, expected: number, what: string): void {
  if (stored !== expected)
    throw new Overtaken(`${expected - stored} of ${expected} ${what} were there already`);
}

const INSERT_EVENTS = `
INSERT INTO firn.event (partner_gln, seq, capture_id, ord, event_hash, declared_at, ni_hash, event_id, event_type, action,
  biz_step, disposition, event_time, tz_offset, record_time, canonical)
SELECT $1, t.seq, $2::uuid, t.ord, decode(t.hash, 'hex'), coalesce(t.declared_at, '-infinity'), t.ni, t.event_id, t.type, t.action,
  t.step, t.disposition, t.event_time, t.tz, $3::timestamptz, t.canonical
FROM unnest($4::bigint[], $5::int[], $6::text[], $7::timestamptz[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[],
  $13::text[], $14::timestamptz[], $15::text[], $16::text[])
  AS t(seq, ord, hash, declared_at, ni, event_id, type, action, step, disposition, event_time, tz, canonical)
ORDER BY t.hash, t.declared_at
ON CONFLICT (event_hash, declared_at) DO NOTHING RETURNING 1 AS stored`;

export async function insertEvents(
  session: Session,
  events: readonly Accepted[],
  stamp: ChunkStamp,
): Promise<void> {
  const rows = await session.query(INSERT_EVENTS, [
    stamp.partner,
    stamp.capture,
    new Date(stamp.recordMs).toISOString(),
    ...columns(
      events,
      (each) => each.seq,
      (each) => each.index,
      (each) => each.canonical.hash,
      (each) => each.canonical.declaredAt,
      (each) => each.canonical.ni,
      (each) => each.canonical.eventId,
      (each) => each.canonical.event.type,
      (each) => each.canonical.event.action,
      (each) => each.canonical.event.bizStep,
      (each) => each.canonical.event.disposition,
      (each) => each.canonical.event.eventTime,
      (each) => each.canonical.event.eventTimeZoneOffset,
      (each) => each.canonical.json,
    ),
  ]);
  expectStored(rows.length, events.length, 'events');
}

interface LedgerRow {
  readonly gtin: string;
  readonly serial: string;
  readonly time: string;
  readonly disc: string;
  readonly hash: string;
  readonly seq: number;
  readonly role: string;
  readonly lot: string | null;
  readonly expiry: string | null;
}

/** The discriminator with which an event has the key of one of its objects. */
export type DiscOf = (canonical: Canonical, key: string) => string;

/** One row for each key of an event: an object that it names in two roles has the first. */
export function ledgerRows(
  events: readonly Pick<Accepted, 'seq' | 'canonical'>[],
  discOf: DiscOf = ({ disc }) => disc,
): LedgerRow[] {
  const rows = new Map<string, LedgerRow>();
  for (const { seq, canonical } of events) {
    const { event, hash } = canonical;
    for (const row of canonical.rows) {
      const disc = discOf(canonical, keyOf(row));
      const key = `${event.eventTime} ${disc} ${keyOf(row)}`;
      if (rows.has(key)) continue;
      const { gtin, serial, role } = row;
      // ILMD is of what comes into being: not of what goes into a transformation, nor of a class with a lot of its own.
      const isNew = role === 'item' || role === 'output';
      const lot = lotOfClass(row) ?? (isNew ? event.ilmd.lotNumber : null);
      const isOfLot = isNew && lot === event.ilmd.lotNumber;
      const expiry = isOfLot ? expiryDate(event.ilmd.itemExpirationDate) : null;
      rows.set(key, { gtin, serial, time: event.eventTime, disc, hash, seq, role, lot, expiry });
    }
  }
  return [...rows.values()];
}

/** I inserted, D there with the same event, C there with another, R there since this statement began. */
const INSERT_LEDGER = `
WITH src AS (
  SELECT t.gtin COLLATE "C" AS gtin, t.serial COLLATE "C" AS serial, t.event_time, $1::text COLLATE "C" AS partner_gln,
    t.disc COLLATE "C" AS disc, decode(t.hash, 'hex') AS event_hash, t.seq, t.role, t.lot, t.expiry
  FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[],
    $10::date[]) AS t(gtin, serial, event_time, disc, hash, seq, role, lot, expiry)),
ins AS (
  INSERT INTO firn.ledger (gtin, serial, event_time, partner_gln, disc, event_hash, seq, role, lot, expiry)
  SELECT gtin, serial, event_time, partner_gln, disc, event_hash, seq, role, lot, expiry FROM src
  ORDER BY gtin, serial, event_time, partner_gln, disc
  ON CONFLICT ON CONSTRAINT ledger_key DO NOTHING RETURNING gtin, serial, event_time, partner_gln, disc)
SELECT class, count(*)::text AS n FROM (
  SELECT CASE WHEN i.gtin IS NOT NULL THEN 'I' WHEN o.event_hash = s.event_hash THEN 'D' WHEN o.event_hash IS NOT NULL THEN 'C'
    ELSE 'R' END AS class
  FROM src s LEFT JOIN ins i USING (gtin, serial, event_time, partner_gln, disc)
  LEFT JOIN firn.ledger o ON i.gtin IS NULL
    AND (o.gtin, o.serial, o.event_time, o.partner_gln, o.disc) = (s.gtin, s.serial, s.event_time, s.partner_gln, s.disc)
) AS classes GROUP BY class`;

export type Classes = Readonly<Record<'I' | 'D' | 'C' | 'R', number>>;

/** In order of the key, over all statements of a chunk. */
const byKey = (a: { gtin: string; serial: string }, b: { gtin: string; serial: string }): number =>
  a.gtin === b.gtin ? (a.serial < b.serial ? -1 : 1) : a.gtin < b.gtin ? -1 : 1;

export async function insertLedger(
  session: Session,
  rows: readonly LedgerRow[],
  partner: string,
): Promise<Classes> {
  const classes = { I: 0, D: 0, C: 0, R: 0 };
  for (const slice of slices([...rows].sort(byKey))) {
    const counted = await session.query(INSERT_LEDGER, [
      partner,
      ...columns(
        slice,
        (row) => row.gtin,
        (row) => row.serial,
        (row) => row.time,
        (row) => row.disc,
        (row) => row.hash,
        (row) => row.seq,
        (row) => row.role,
        (row) => row.lot,
        (row) => row.expiry,
      ),
    ]);
    for (const row of counted) classes[row['class'] as keyof Classes] += Number(row['n']);
  }
  return classes;
}

const INSERT_LOTS = `
INSERT INTO firn.lot (gtin, lot, expiry) SELECT DISTINCT gtin, lot, expiry FROM unnest($1::text[], $2::text[], $3::date[])
  AS t(gtin, lot, expiry) ORDER BY gtin, lot ON CONFLICT (gtin, lot) DO NOTHING`;

/** Stores new lots. @returns false when another transaction gave one of them another date meanwhile. */
async function insertLots(session: Session, lots: readonly Lot[]): Promise<boolean> {
  if (lots.length === 0) return true;
  const parameters = columns(
    lots,
    (each) => each.gtin,
    (each) => each.lot,
    (each) => each.expiry,
  );
  await session.query(INSERT_LOTS, parameters);
  const others = await session.query(
    `SELECT 1 AS other FROM unnest($1::text[], $2::text[], $3::date[]) AS t(gtin, lot, expiry)
     JOIN firn.lot l USING (gtin, lot) WHERE l.expiry <> t.expiry LIMIT 1`,
    parameters,
  );
  return others.length === 0;
}

const UPSERT_ITEMS = `
INSERT INTO firn.item AS i (gtin, serial, lot, expiry, state, parent_gtin, parent_serial, linked_at, linked_in, commissioned_at,
  commissioned_in, commissioned_by, commission_void, shipped_at, shipped_in, ended_at, ended_in, last_at, rev)
SELECT t.gtin, t.serial, t.lot, t.expiry, t.state, t.parent_gtin, t.parent_serial, t.linked_at, t.linked_in, t.commissioned_at,
  t.commissioned_in, decode(t.commissioned_by, 'hex'), t.void, t.shipped_at, t.shipped_in, t.ended_at, t.ended_in, t.last_at, t.rev
FROM unnest($1::text[], $2::text[], $3::text[], $4::date[], $5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::uuid[],
  $10::timestamptz[], $11::uuid[], $12::text[], $13::boolean[], $14::timestamptz[], $15::uuid[], $16::timestamptz[], $17::uuid[],
  $18::timestamptz[], $19::bigint[])
  AS t(gtin, serial, lot, expiry, state, parent_gtin, parent_serial, linked_at, linked_in, commissioned_at, commissioned_in,
    commissioned_by, void, shipped_at, shipped_in, ended_at, ended_in, last_at, rev)
ORDER BY t.gtin COLLATE "C", t.serial COLLATE "C"
ON CONFLICT (gtin, serial) DO UPDATE SET (lot, expiry, state, parent_gtin, parent_serial, linked_at, linked_in, commissioned_at,
  commissioned_in, commissioned_by, commission_void, shipped_at, shipped_in, ended_at, ended_in, last_at, rev)
= (excluded.lot, excluded.expiry, excluded.state, excluded.parent_gtin, excluded.parent_serial, excluded.linked_at, excluded.linked_in,
  excluded.commissioned_at, excluded.commissioned_in, excluded.commissioned_by, excluded.commission_void, excluded.shipped_at,
  excluded.shipped_in, excluded.ended_at, excluded.ended_in, excluded.last_at, excluded.rev)
WHERE i.rev = excluded.rev - 1 RETURNING 1 AS stored`;

const iso = (told: { readonly at: number } | null): string | null =>
  told === null ? null : new Date(told.at).toISOString();

/** Writes the items that changed; the order of events was kept where their state was worked out (state/advance.ts). */
async function upsertItems(session: Session, known: Known): Promise<void> {
  const items: { item: Item; rev: number }[] = [];
  for (const key of known.state.changed) {
    const item = known.state.item(key);
    if (item !== undefined) items.push({ item, rev: (known.revisions.get(key) ?? 0) + 1 });
  }
  items.sort((a, b) => byKey(a.item, b.item));
  for (const slice of slices(items)) {
    const rows = await session.query(UPSERT_ITEMS, itemColumns(slice));
    expectStored(rows.length, slice.length, 'items');
  }
}

function itemColumns(items: readonly { readonly item: Item; readonly rev: number }[]): string[] {
  const parent = (item: Item) => (item.parent === null ? null : ofKey(item.parent));
  return columns(
    items,
    ({ item }) => item.gtin,
    ({ item }) => item.serial,
    ({ item }) => item.lot,
    ({ item }) => item.expiry,
    ({ item }) => item.state,
    ({ item }) => parent(item)?.gtin ?? null,
    ({ item }) => parent(item)?.serial ?? null,
    ({ item }) => iso(item.linked),
    ({ item }) => item.linked?.document ?? null,
    ({ item }) => iso(item.commissioned),
    ({ item }) => item.commissioned?.document ?? null,
    ({ item }) => item.commissionedBy,
    ({ item }) => item.commissionVoid,
    ({ item }) => iso(item.shipped),
    ({ item }) => item.shipped?.document ?? null,
    ({ item }) => iso(item.ended),
    ({ item }) => item.ended?.document ?? null,
    ({ item }) => new Date(item.lastAt).toISOString(),
    ({ rev }) => rev,
  );
}

/** Stores what follows from accepted events: rows of the ledger, lots, items. @throws Overtaken */
export async function writeChanges(
  session: Session,
  events: readonly Pick<Accepted, 'seq' | 'canonical'>[],
  known: Known,
  partner: string,
): Promise<void> {
  const rows = ledgerRows(events, ({ event: { eventTime: time }, disc, hash }, key) => {
    const taken = takenDisc(known.state, { time, disc, hash }, key, partner);
    if (taken === null) throw new Error(`assertion: an accepted event has the key of ${key}`);
    return taken;
  });
  const classes = await insertLedger(session, rows, partner);
  // D is right here: a second declaration of one error has the key and the hash of the first.
  if (classes.C + classes.R > 0) throw new Overtaken(`${classes.C + classes.R} rows were there already`);
  if (!(await insertLots(session, [...known.state.newLots])))
    throw new Overtaken('a lot has another expiry date by now');
  await upsertItems(session, known);
}

/**
 * Stores accepted events and what they changed.
 * @throws Overtaken when something was stored meanwhile by another: roll back, read and judge again
 */
export async function writeChunk(
  session: Session,
  events: readonly Accepted[],
  known: Known,
  stamp: ChunkStamp,
): Promise<void> {
  if (events.length === 0) return;
  await insertEvents(session, events, stamp);
  await writeChanges(session, events, known, stamp.partner);
}
