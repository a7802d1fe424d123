// What an event says of objects, in the terms of the state rules: which kind of act it is, and on what.

import type { Canonical, EventValues } from '../judged.ts';
import { expiryDate, type ItemState, keyOf, lotOfClass } from './item.ts';

/**
 * What an event does. `commission` makes an object known whatever the step's name; `pack` and `unpack` move children;
 * `ship` is the step of that name; `end` takes objects out of use; `transform` ends its inputs and makes its outputs.
 */
export type Act = 'commission' | 'pack' | 'unpack' | 'ship' | 'end' | 'transform' | 'observe';

/** Steps in which an ObjectEvent ADD gives an object its number; other words of the CBV do something to one that has it. */
const isMaking = (step: string | null): boolean =>
  step === null || step === 'commissioning' || step.includes(':');

function actOf(event: EventValues): Act {
  if (event.type === 'TransformationEvent') return 'transform';
  if (event.type === 'AggregationEvent' && event.action === 'ADD') return 'pack';
  if (event.type === 'AggregationEvent' && event.action === 'DELETE') return 'unpack';
  if (event.type === 'ObjectEvent' && event.action === 'DELETE') return 'end';
  if (event.type === 'ObjectEvent' && event.action === 'ADD' && isMaking(event.bizStep)) return 'commission';
  return event.bizStep === 'shipping' ? 'ship' : 'observe';
}

const STEP_STATES: Readonly<Record<string, ItemState>> = {
  shipping: 'shipped',
  receiving: 'received',
  accepting: 'received',
  arriving: 'received',
  void_shipping: 'active',
};
const END_STATES: Readonly<Record<string, ItemState>> = {
  destroying: 'destroyed',
  dispensing: 'dispensed',
};

export interface Subject {
  readonly act: Act;
  /** Event time as it is written canonically, and as Unix ms. */
  readonly time: string;
  readonly at: number;
  readonly hash: string;
  readonly disc: string;
  readonly step: string | null;
  /** True for a correction: it says of an event that it was wrong, and nothing of objects. */
  readonly isDeclaration: boolean;
  readonly declaredAt: string | null;
  /** Objects by role: `items` = epcList, and the outputs of a transformation; keys, each once. */
  readonly items: readonly string[];
  readonly parents: readonly string[];
  readonly children: readonly string[];
  readonly inputs: readonly string[];
  /** An unpacking that names no child, neither an object nor a quantity of a class: it is of all of them. */
  readonly isOfAll: boolean;
  /** Classes with a lot: quantities. `isNew`: of `items`. */
  readonly lots: readonly { readonly gtin: string; readonly lot: string; readonly isNew: boolean }[];
  /** Every row's key, classes too, each once: the composite keys. */
  readonly keys: readonly string[];
  readonly lot: string | null;
  readonly expiry: string | null;
  /** State that objects of `items` come to, null = as they were. */
  readonly state: ItemState | null;
}

function stateOf(act: Act, step: string | null): ItemState | null {
  if (act === 'commission' || act === 'transform') return 'commissioned';
  if (act === 'end') return END_STATES[step ?? ''] ?? 'decommissioned';
  return STEP_STATES[step ?? ''] ?? null;
}

/** Reads an event for the state rules. */
export function subjectOf(canonical: Canonical): Subject {
  const { event } = canonical;
  const act = actOf(event);
  const classes = new Set(event.quantities.map((quantity) => quantity.class));
  const keys = new Set<string>();
  const byRole = {
    item: new Set<string>(),
    parent: new Set<string>(),
    child: new Set<string>(),
    input: new Set<string>(),
  };
  const lots: { gtin: string; lot: string; isNew: boolean }[] = [];
  for (const row of canonical.rows) {
    const key = keyOf(row);
    keys.add(key);
    const lot = lotOfClass(row);
    const isNew = row.role === 'item' || row.role === 'output';
    if (lot !== null) lots.push({ gtin: row.gtin, lot, isNew });
    const isClass = lot !== null || row.serial === '' || (row.gtin === '' && classes.has(row.serial));
    if (!isClass) byRole[row.role === 'output' ? 'item' : row.role].add(key);
  }
  return {
    act,
    time: event.eventTime,
    at: Date.parse(event.eventTime),
    hash: canonical.hash,
    disc: canonical.disc,
    step: event.bizStep,
    isDeclaration: event.errorDeclaration !== null,
    declaredAt: canonical.declaredAt,
    items: [...byRole.item],
    parents: [...byRole.parent],
    children: [...byRole.child],
    inputs: [...byRole.input],
    isOfAll: act === 'unpack' && canonical.rows.every(({ role }) => role !== 'child'),
    lots,
    keys: [...keys],
    lot: event.ilmd.lotNumber,
    expiry: expiryDate(event.ilmd.itemExpirationDate),
    state: stateOf(act, event.bizStep),
  };
}
