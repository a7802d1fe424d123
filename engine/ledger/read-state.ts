// Fetches what is known of everything that a chunk touches, in a few statements over arrays: items with what lies in
// them, lots, events by hash, and the composite keys that are taken.

import type { Canonical } from '../epcis/judged.ts';
import { type Item, type ItemState, keyOf, ofKey, type Told } from '../epcis/state/item.ts';
import { compositeKey, type Lot, State } from '../epcis/state/state.ts';
import { type Subject, subjectOf } from '../epcis/state/subject.ts';
import { columns, slices } from './array-literal.ts';
import type { Row, Session } from './database.ts';

/** What was read, and the revisions that may be replaced. */
export interface Known {
  readonly state: State;
  /** Revision of each item that is stored. */
  readonly revisions: ReadonlyMap<string, number>;
}

/** Unix ms as text; what is not there, and -infinity, is NULL. */
const ms = (column: string): string =>
  `CASE WHEN isfinite(${column}) THEN (extract(epoch FROM ${column}) * 1000)::bigint::text END`;

const ITEM_COLUMNS = `i.gtin, i.serial, i.lot, i.expiry::text AS expiry, i.state, i.parent_gtin, i.parent_serial,
  ${ms('i.linked_at')} AS linked_at, i.linked_in::text AS linked_in,
  ${ms('i.commissioned_at')} AS commissioned_at, i.commissioned_in::text AS commissioned_in,
  encode(i.commissioned_by, 'hex') AS commissioned_by, i.commission_void,
  ${ms('i.shipped_at')} AS shipped_at, i.shipped_in::text AS shipped_in,
  ${ms('i.ended_at')} AS ended_at, i.ended_in::text AS ended_in, ${ms('i.last_at')} AS last_at, i.rev::text AS rev`;

const text = (row: Row, name: string): string | null => row[name] as string | null;

function toldOf(row: Row, name: string): Told | null {
  const at = text(row, `${name}_at`);
  return at === null ? null : { at: Number(at), document: text(row, `${name}_in`) ?? '' };
}

function itemOf(row: Row): Item {
  const parent = text(row, 'parent_serial');
  return {
    gtin: row['gtin'] as string,
    serial: row['serial'] as string,
    lot: text(row, 'lot'),
    expiry: text(row, 'expiry'),
    state: row['state'] as ItemState,
    parent: parent === null ? null : keyOf({ gtin: text(row, 'parent_gtin') ?? '', serial: parent }),
    linked: toldOf(row, 'linked'),
    commissioned: toldOf(row, 'commissioned'),
    commissionedBy: text(row, 'commissioned_by'),
    commissionVoid: row['commission_void'] as boolean,
    shipped: toldOf(row, 'shipped'),
    ended: toldOf(row, 'ended'),
    lastAt: Number(row['last_at']),
  };
}

/**
 * A join by keys is written as a look-up for each (OFFSET 0 keeps the planner from making a join of it again): without counts
 * of rows the planner takes the table for small, or the keys for many, and reads the whole index for each chunk.
 */
const ITEM_OF_KEY =
  'CROSS JOIN LATERAL (SELECT * FROM firn.item WHERE (gtin, serial) = (k.gtin, k.serial) OFFSET 0) i';

/** Items by key, and, where something is shipped or unpacked whole, everything that lies in them. */
async function readItems(session: Session, keys: readonly string[], deep: boolean): Promise<readonly Row[]> {
  const wanted = columns(
    keys.map(ofKey),
    (key) => key.gtin,
    (key) => key.serial,
  );
  if (!deep) {
    return session.query(
      `SELECT ${ITEM_COLUMNS} FROM unnest($1::text[], $2::text[]) AS k(gtin, serial) ${ITEM_OF_KEY}`,
      wanted,
    );
  }
  // UNION, not UNION ALL: senders may pack in a circle.
  return session.query(
    `WITH RECURSIVE tree(gtin, serial) AS (
       SELECT gtin COLLATE "C", serial COLLATE "C" FROM unnest($1::text[], $2::text[]) AS k(gtin, serial)
       UNION SELECT c.gtin, c.serial FROM tree k CROSS JOIN LATERAL (
         SELECT gtin, serial FROM firn.item WHERE (parent_gtin, parent_serial) = (k.gtin, k.serial) OFFSET 0) c)
     SELECT ${ITEM_COLUMNS} FROM tree k ${ITEM_OF_KEY}`,
    wanted,
  );
}

async function readLots(session: Session, state: State, lots: ReadonlyMap<string, string>): Promise<void> {
  const rows = await session.query(
    `SELECT l.gtin, l.lot, l.expiry::text AS expiry
     FROM unnest($1::text[], $2::text[]) AS k(gtin, lot)
     CROSS JOIN LATERAL (SELECT * FROM firn.lot WHERE (gtin, lot) = (k.gtin, k.lot) OFFSET 0) l`,
    columns(
      [...lots.keys()],
      (key) => key.slice(0, key.indexOf('/')),
      (key) => key.slice(key.indexOf('/') + 1),
    ),
  );
  for (const row of rows) state.loadLot(row as unknown as Lot);
}

/** Whoever sent them: the maker's events come again in the documents of each later owner. */
async function readEvents(session: Session, state: State, hashes: Iterable<string>): Promise<void> {
  const rows = await session.query(
    `SELECT k.hash, ${ms('e.declared_at')} AS declared_at FROM unnest($1::text[]) AS k(hash)
     CROSS JOIN LATERAL (SELECT declared_at FROM firn.event WHERE event_hash = decode(k.hash, 'hex') OFFSET 0) e`,
    columns([...new Set(hashes)], (hash) => hash),
  );
  for (const row of rows) {
    const at = text(row, 'declared_at');
    state.addKnown(row['hash'] as string, at === null ? null : new Date(Number(at)).toISOString());
  }
}

/** Every turn of a key (key-turns.ts). The first four columns find the few rows that there are at one time. */
const TAKEN_KEYS = `
SELECT k.n::text AS n, l.disc, encode(l.event_hash, 'hex') AS hash
FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::text[]) WITH ORDINALITY AS k(gtin, serial, event_time, disc, n)
CROSS JOIN LATERAL (
  SELECT disc, event_hash FROM firn.ledger
  WHERE (gtin, serial, event_time, partner_gln) = (k.gtin, k.serial, k.event_time, $1)
    AND (disc = k.disc OR starts_with(disc, k.disc || ' ')) OFFSET 0) l`;

/** @returns hashes of the events that have them */
async function readKeys(
  session: Session,
  state: State,
  subjects: readonly Subject[],
  partner: string,
): Promise<ReadonlySet<string>> {
  const holders = new Set<string>();
  const keys = subjects.flatMap((subject) =>
    subject.keys.map((key) => ({ key, ...ofKey(key), time: subject.time, disc: subject.disc })),
  );
  for (const slice of slices(keys)) {
    const rows = await session.query(TAKEN_KEYS, [
      partner,
      ...columns(
        slice,
        (key) => key.gtin,
        (key) => key.serial,
        (key) => key.time,
        (key) => key.disc,
      ),
    ]);
    for (const row of rows) {
      const key = slice[Number(row['n']) - 1];
      if (key === undefined) continue;
      const hash = row['hash'] as string;
      state.setHash(compositeKey(key.key, key.time, partner, row['disc'] as string), hash);
      holders.add(hash);
    }
  }
  return holders;
}

/** Reads what is known of the objects of these events. */
export async function readState(
  session: Session,
  events: readonly Canonical[],
  partner: string,
): Promise<Known> {
  const state = new State();
  const revisions = new Map<string, number>();
  const subjects = events.map(subjectOf);
  if (subjects.length === 0) return { state, revisions };
  const keys = new Set(subjects.flatMap((subject) => subject.keys));
  const deep = subjects.some(({ step, isOfAll }) => step === 'shipping' || isOfAll);
  const lots = new Map<string, string>();
  const addLot = (gtin: string, lot: string): unknown => lots.set(`${gtin}/${lot}`, lot);
  for (const slice of slices([...keys])) {
    for (const row of await readItems(session, slice, deep)) {
      const item = itemOf(row);
      const key = keyOf(item);
      state.load(key, item);
      revisions.set(key, Number(row['rev']));
      if (item.lot !== null) addLot(item.gtin, item.lot);
    }
  }
  for (const subject of subjects) {
    for (const { gtin, lot } of subject.lots) addLot(gtin, lot);
    if (subject.lot === null) continue;
    for (const key of subject.keys) addLot(ofKey(key).gtin, subject.lot);
  }
  await readLots(session, state, lots);
  const holders = await readKeys(session, state, subjects, partner);
  await readEvents(session, state, [...subjects.map((subject) => subject.hash), ...holders]);
  return { state, revisions };
}
