// The identifiers of an event: each one read once, its faults noted with their places, the lists made sets, and from the
// same values the rows of the ledger.

import { compareBytes, sortedSet } from './byte-order.ts';
import { writeEpc, writeEpcs } from './canonical-json.ts';
import { bareWord, type Vocabulary } from './cbv.ts';
import { canonicalDecimal } from './decimal.ts';
import type { EpcList, EventSerials } from './event-serials.ts';
import { fitOf, type IdField } from './identifiers/fields.ts';
import { type Identifier, shown } from './identifiers/identifier.ts';
import { readIdentifier } from './identifiers/read.ts';
import type { CanonicalEvent, KeyRow, Profile, Role } from './judged.ts';
import { knownItem } from './known-items.ts';
import { readPlaceId } from './known-places.ts';
import type { Quantity, ShapeFault, SourceEvent, Step, TypedId } from './model.ts';

type CanonicalQuantity = CanonicalEvent['quantities'][number];
type Typed = CanonicalEvent['sources'][number];

/** How many different ids each list of objects has; absent = no list, or an empty one. */
export type Distinct = Partial<Record<EpcList, number>>;

/** What is found on the way through one event. */
export interface Reading {
  readonly event: SourceEvent;
  readonly profile: Profile;
  readonly faults: ShapeFault[];
  readonly distinct: Distinct;
  readonly serials: EventSerials;
}

/** Text of a field, trimmed; absent and empty are null. */
export function textOf(sent: string | undefined): string | null {
  const text = sent?.trim() ?? '';
  return text === '' ? null : text;
}

/** Reads one identifier of the event; a fault of it, or one of its kind in this field, is noted. */
function readId(reading: Reading, sent: string, field: IdField, path: readonly Step[]): Identifier {
  const id = field === 'place' || field === 'party' ? readPlaceId(sent) : readIdentifier(sent);
  if (!isGood(id, field)) note(reading, id, field, path);
  return id;
}

function isGood(id: Identifier, field: IdField): boolean {
  return id.fault === null && fitOf(id.kind, field) === 'fits';
}

function note(reading: Reading, id: Identifier, field: IdField, path: readonly Step[]): void {
  if (id.fault !== null) {
    reading.faults.push({ code: id.fault.code, path, detail: id.fault.detail });
    return;
  }
  const fit = fitOf(id.kind, field);
  // An association may have a place as its parent (S10).
  if (fit === 'place' && field === 'parent' && reading.event.type === 'AssociationEvent') return;
  const detail = `${shown(id.canonical)} is of kind ${id.kind}`;
  const mild = fit !== 'other' && reading.profile === 'generic';
  reading.faults.push({
    code: 'I10_EPC_SCHEME_FIELD',
    path,
    detail,
    ...(mild ? { severity: 'warn' as const } : {}),
  });
}

/** An optional id of the event, canonical. */
export function idOrNull(
  reading: Reading,
  sent: string | undefined,
  field: IdField,
  path: readonly Step[],
): string | null {
  const text = textOf(sent);
  return text === null ? null : readId(reading, text, field, path).canonical;
}

/** The row of the ledger that an identifier has: judged.ts says what its two keys are. */
export function rowOf(id: Identifier, role: Role): KeyRow {
  if (id.kind === 'sgtin') return { gtin: id.gtin, serial: id.serial, role };
  if (id.kind === 'sscc') return { gtin: '', serial: `(00)${id.sscc}`, role };
  if (id.kind === 'lgtin') return { gtin: id.gtin, serial: `(10)${id.lot}`, role };
  return { gtin: '', serial: id.canonical, role };
}

function compareIds(a: Identifier, b: Identifier): number {
  return compareBytes(a.canonical, b.canonical);
}

/** For what has a key of GS1: ASCII, where the order of the language is that of bytes, and it is much faster. */
function compareAscii(a: Identifier, b: Identifier): number {
  return a.canonical < b.canonical ? -1 : a.canonical > b.canonical ? 1 : 0;
}

function isAscii(id: Identifier): boolean {
  return id.kind !== 'uri' && id.kind !== 'broken' && id.kind !== 'geo' && id.kind !== 'epc';
}

/** The lists of ids of an event by role; roles in the order of their bytes, which is that of the canonical form. */
const EPC_LISTS = [
  ['child', 'childEPCs'],
  ['input', 'inputEPCList'],
  ['item', 'epcList'],
  ['output', 'outputEPCList'],
] as const;

export interface Objects {
  readonly rows: KeyRow[];
  /** JCS text of the member `epcs`. */
  readonly text: string;
}

/** EPCs with their roles, and a row for each. */
export function readObjects(reading: Reading): Objects {
  const { fields } = reading.event;
  const rows: KeyRow[] = [];
  const texts: string[] = [];
  for (const [role, name] of EPC_LISTS) {
    const sent = fields[name];
    if (sent === undefined || sent.length === 0) continue;
    const before = rows.length;
    const text = readSerials(reading, name, role, rows);
    if (text === null) readEach(reading, name, role, sent, rows, texts);
    else texts.push(text);
    reading.distinct[name] = rows.length - before;
  }
  const parent = textOf(fields.parentID);
  if (parent !== null) {
    const id = readId(reading, parent, 'parent', ['parentID']);
    rows.push(rowOf(id, 'parent'));
    texts.push(writeEpc(id.canonical, 'parent'));
  }
  return { rows, text: `[${texts.join(',')}]` };
}

/** Each id by itself. A row and the JCS text of an entry for each that is another. */
function readEach(
  reading: Reading,
  name: EpcList,
  role: Role,
  sent: readonly string[],
  rows: KeyRow[],
  texts: string[],
): void {
  const ids: Identifier[] = [];
  // A document may hold a million of these: the path of one is made only when there is something to tell.
  for (let i = 0; i < sent.length; i++) {
    const id = readIdentifier(sent[i] as string);
    if (!isGood(id, 'object')) note(reading, id, 'object', [name, i]);
    ids.push(id);
  }
  for (const id of sortedSet(ids, ids.every(isAscii) ? compareAscii : compareIds)) {
    rows.push(rowOf(id, role));
    texts.push(writeEpc(id.canonical, role));
  }
}

/**
 * A list of items of one product, which needs no reading of each: good if one is.
 * @returns JCS text of the entries, without brackets; null for any other list, of which nothing is taken
 */
function readSerials(reading: Reading, name: EpcList, role: Role, rows: KeyRow[]): string | null {
  const list = reading.serials.of(name);
  const item = list === null ? null : knownItem(list.stem);
  if (list === null || item === null) return null;
  const { gtin, head } = item;
  const distinct: string[] = [];
  let before = '';
  for (const serial of list.serials) {
    if (serial === before) continue;
    before = serial;
    distinct.push(serial);
    rows.push({ gtin, serial, role });
  }
  return writeEpcs(head, distinct, role);
}

const QUANTITY_LISTS = [
  ['child', 'childQuantityList'],
  ['input', 'inputQuantityList'],
  ['item', 'quantityList'],
  ['output', 'outputQuantityList'],
] as const;

function compareQuantities(a: CanonicalQuantity, b: CanonicalQuantity): number {
  return (
    compareBytes(a.role, b.role) ||
    compareBytes(a.class, b.class) ||
    compareBytes(a.quantity ?? '', b.quantity ?? '') ||
    compareBytes(a.uom ?? '', b.uom ?? '')
  );
}

/** Quantities with their roles; the row of each class is put to `rows` once per role. */
export function readQuantities(reading: Reading, rows: KeyRow[]): readonly CanonicalQuantity[] {
  const quantities: CanonicalQuantity[] = [];
  for (const [role, name] of QUANTITY_LISTS) {
    const seen = new Set<string>();
    reading.event.fields[name]?.forEach((quantity, i) => {
      quantities.push(readQuantity(reading, quantity, role, [name, i], seen, rows));
    });
  }
  return sortedSet(quantities, compareQuantities);
}

function readQuantity(
  reading: Reading,
  sent: Quantity,
  role: Role,
  path: readonly Step[],
  seen: Set<string>,
  rows: KeyRow[],
): CanonicalQuantity {
  const epcClass = textOf(sent.epcClass);
  const number = textOf(sent.quantity);
  const id = epcClass === null ? null : readId(reading, epcClass, 'class', [...path, 'epcClass']);
  if (id !== null && !seen.has(id.canonical)) {
    seen.add(id.canonical);
    rows.push(rowOf(id, role));
  }
  return {
    class: id?.canonical ?? '',
    quantity: number === null ? null : (canonicalDecimal(number) ?? number),
    role,
    uom: textOf(sent.uom),
  };
}

function compareTyped(a: Typed, b: Typed): number {
  return compareBytes(a.type ?? '', b.type ?? '') || compareBytes(a.id, b.id);
}

/** Business transactions, sources, destinations: a set, by type and id. */
export function readTyped(
  reading: Reading,
  name: 'bizTransactionList' | 'sourceList' | 'destinationList',
  vocabulary: Vocabulary,
): readonly Typed[] {
  const field: IdField = name === 'bizTransactionList' ? 'transaction' : 'party';
  const typed = (sent: TypedId, i: number): Typed => {
    const type = textOf(sent.type);
    return {
      id: idOrNull(reading, sent.id, field, [name, i, 'id']) ?? '',
      type: type === null ? null : bareWord(vocabulary, type, reading.event.prefixes),
    };
  };
  return sortedSet((reading.event.fields[name] ?? []).map(typed), compareTyped);
}
