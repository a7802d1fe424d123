// One object of the ledger: a serial number, a logistic unit, or another thing with an id of its own, and what its events
// made of it so far. Plain data: the ledger stores it as a row, `firn check` keeps it in memory.

import type { KeyRow } from '../judged.ts';

/** `observed`: known from events, never commissioned here. The last four are ends: nothing but a new commissioning leaves them. */
const ITEM_STATES = [
  'observed',
  'commissioned',
  'packed',
  'active',
  'shipped',
  'received',
  'decommissioned',
  'destroyed',
  'dispensed',
  'consumed',
] as const;
export type ItemState = (typeof ITEM_STATES)[number];

/** When something happened and in which document it was told: a fault of order is graver within one. */
export interface Told {
  /** Event time, Unix ms. */
  readonly at: number;
  /** Capture that told it. */
  readonly document: string;
}

export interface Item {
  readonly gtin: string;
  readonly serial: string;
  lot: string | null;
  /** `YYYY-MM-DD` */
  expiry: string | null;
  state: ItemState;
  /** Key of the parent that it is packed in now. */
  parent: string | null;
  /** The last packing or unpacking: links have an order of their own, since a late file may tell one. */
  linked: Told | null;
  commissioned: Told | null;
  /** Hash of the event that commissioned it. */
  commissionedBy: string | null;
  /** The commissioning was declared erroneous: a corrected one may follow. */
  commissionVoid: boolean;
  /** Null again once it was received or the shipping was voided. */
  shipped: Told | null;
  ended: Told | null;
  /** Event time of the event that `state` comes from, Unix ms. */
  lastAt: number;
}

/** A text that names one row of the ledger: GTIN-14s have 14 digits or none, so the first slash is the border. */
export function keyOf(row: { readonly gtin: string; readonly serial: string }): string {
  return `${row.gtin}/${row.serial}`;
}

/** The two halves of a key. */
export function ofKey(key: string): { gtin: string; serial: string } {
  const slash = key.indexOf('/');
  return { gtin: key.slice(0, slash), serial: key.slice(slash + 1) };
}

/** The lot of a row that stands for a quantity of a class and not for one object; null = an object. */
export function lotOfClass(row: KeyRow): string | null {
  return row.gtin !== '' && row.serial.startsWith('(10)') ? row.serial.slice(4) : null;
}

/** An item nothing is known of. */
export function newItem(key: string, at: number): Item {
  return {
    ...ofKey(key),
    lot: null,
    expiry: null,
    state: 'observed',
    parent: null,
    linked: null,
    commissioned: null,
    commissionedBy: null,
    commissionVoid: false,
    shipped: null,
    ended: null,
    lastAt: at,
  };
}

const DATE = /^(\d{4})-(\d{2})-(\d{2})(?:$|T)/;

/** The calendar date of an ILMD expiry, null where it is none: only the DSCSA profiles refuse that. */
export function expiryDate(text: string | null): string | null {
  const match = text === null ? null : DATE.exec(text);
  // There is no year 0, in PostgreSQL either.
  if (match === null || match[0].startsWith('0000')) return null;
  const date = match[0].slice(0, 10);
  const time = Date.parse(`${date}T00:00:00Z`);
  return Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== date ? null : date;
}
