// What an accepted event changes. An event that lies before what an item's state comes from changes the facts that have a
// time of their own (commissioning, link) and leaves the state: files may be late.

import { type Item, type ItemState, ofKey } from './item.ts';
import { takenDisc } from './key-turns.ts';
import { compositeKey, type State } from './state.ts';
import type { Subject } from './subject.ts';

interface Telling {
  readonly partner: string;
  readonly document: string;
}

function endsAt(state: ItemState): boolean {
  return state === 'decommissioned' || state === 'destroyed' || state === 'dispensed' || state === 'consumed';
}

/** Moves an item on to `next` unless something later is known, or it has ended. */
function move(item: Item, next: ItemState | null, at: number): void {
  if (at < item.lastAt) return;
  item.lastAt = at;
  if (next !== null && (item.ended === null || endsAt(next))) item.state = next;
}

function commission(state: State, item: Item, subject: Subject, document: string): void {
  item.lot = subject.lot;
  item.expiry = subject.expiry;
  item.commissioned = { at: subject.at, document };
  item.commissionedBy = subject.hash;
  // A declaration may come before its event.
  item.commissionVoid = state.isDeclared(subject.hash);
  // Something that came before its commissioning says nothing of the state that it has.
  if (item.state === 'observed') item.state = 'commissioned';
  move(item, 'commissioned', subject.at);
}

function pack(state: State, subject: Subject, document: string): void {
  const parent = subject.parents[0];
  for (const key of subject.parents) move(state.change(key, subject.at), null, subject.at);
  for (const key of subject.children) {
    const item = state.change(key, subject.at);
    if (parent !== undefined && parent !== key && (item.linked === null || subject.at >= item.linked.at)) {
      state.link(key, item, parent);
      item.linked = { at: subject.at, document };
    }
    move(item, 'packed', subject.at);
  }
}

function unpack(state: State, subject: Subject, document: string): void {
  for (const parent of subject.parents) {
    move(state.change(parent, subject.at), null, subject.at);
    const children = subject.isOfAll ? [...state.children(parent)] : subject.children;
    for (const key of children) {
      const item = state.change(key, subject.at);
      if (item.parent === parent && (item.linked === null || subject.at >= item.linked.at)) {
        state.link(key, item, null);
        item.linked = { at: subject.at, document };
      }
      move(item, 'active', subject.at);
    }
  }
}

function end(
  state: State,
  keys: readonly string[],
  next: ItemState,
  subject: Subject,
  document: string,
): void {
  for (const key of keys) {
    const item = state.change(key, subject.at);
    item.ended ??= { at: subject.at, document };
    move(item, next, subject.at);
  }
}

/** What is said of objects themselves, and not of what they are packed in. */
function touch(state: State, subject: Subject, document: string): void {
  end(state, subject.inputs, 'consumed', subject, document);
  const isMade = subject.act === 'commission' || subject.act === 'transform';
  for (const key of subject.items) {
    const item = state.change(key, subject.at);
    if (isMade) {
      commission(state, item, subject, document);
      continue;
    }
    if (subject.at >= item.lastAt) {
      if (subject.state === 'shipped') item.shipped = { at: subject.at, document };
      else if (subject.state !== null) item.shipped = null;
    }
    move(item, subject.state, subject.at);
  }
  for (const key of [...subject.parents, ...subject.children])
    move(state.change(key, subject.at), null, subject.at);
}

/** Makes an accepted event part of what is known. */
export function advance(state: State, subject: Subject, telling: Telling): void {
  state.addKnown(subject.hash, subject.declaredAt);
  for (const key of subject.keys) {
    const disc = takenDisc(state, subject, key, telling.partner);
    if (disc !== null) state.setHash(compositeKey(key, subject.time, telling.partner, disc), subject.hash);
  }
  if (subject.isDeclaration) {
    for (const key of subject.items) {
      const item = state.item(key);
      if (item?.commissionedBy === subject.hash) state.change(key, subject.at).commissionVoid = true;
    }
    return;
  }
  if (subject.lot !== null && subject.expiry !== null) {
    for (const lot of lotsOf(subject)) state.addLot({ ...lot, expiry: subject.expiry });
  }
  const { document } = telling;
  if (subject.act === 'pack') pack(state, subject, document);
  else if (subject.act === 'unpack') unpack(state, subject, document);
  else if (subject.act === 'end')
    end(state, subject.items, subject.state ?? 'decommissioned', subject, document);
  else touch(state, subject, document);
}

/** The lots whose expiry an event with ILMD tells: of the objects and classes that come into being, not of what goes into them. */
export function lotsOf(subject: Subject): { gtin: string; lot: string }[] {
  const lots = new Map<string, { gtin: string; lot: string }>();
  if (subject.lot !== null) {
    for (const key of subject.items) {
      const { gtin } = ofKey(key);
      if (gtin !== '') lots.set(gtin, { gtin, lot: subject.lot });
    }
    for (const each of subject.lots) {
      if (each.isNew && each.lot === subject.lot) lots.set(each.gtin, { gtin: each.gtin, lot: each.lot });
    }
  }
  return [...lots.values()];
}
