// Events as the stateless rules hand them on, made short: what a test of history needs to say, and nothing else.

import { createHash } from 'node:crypto';
import { discOf } from '../../../engine/epcis/canonical.ts';
import type { Canonical, CanonicalEvent, JudgedEvent, KeyRow, Role } from '../../../engine/epcis/judged.ts';

/** GTIN-14s of a company that does not exist, unit and case; check digits are right. */
export const UNIT = '09521234000013';
export const CASE = '19521234000010';
export const OTHER = '09521234000020';

export const unit = (serial: string): string => `${UNIT}/${serial}`;
export const box = (serial: string): string => `${CASE}/${serial}`;
/** A pallet. */
export const SSCC = '/(00)095212340000000013';

export interface Telling {
  readonly type?: string;
  readonly action?: string | null;
  readonly step?: string | null;
  readonly at: string;
  readonly items?: readonly string[];
  readonly parent?: string;
  readonly children?: readonly string[];
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
  readonly lot?: string;
  readonly expiry?: string;
  readonly declaredAt?: string;
  /** Something that changes the digest and nothing else. */
  readonly note?: string;
  readonly rejected?: boolean;
  readonly index?: number;
}

const rowsOf = (keys: readonly string[], role: Role): KeyRow[] =>
  keys.map((key) => {
    const slash = key.indexOf('/');
    return { gtin: key.slice(0, slash), serial: key.slice(slash + 1), role };
  });

const isClass = ({ serial }: KeyRow): boolean => serial.startsWith('(10)');

/** The Digital Link of a row, whose keys need no escape. */
function idOf({ gtin, serial }: KeyRow): string {
  if (serial.startsWith('(10)')) return `https://id.gs1.org/01/${gtin}/10/${serial.slice(4)}`;
  if (serial.startsWith('(00)')) return `https://id.gs1.org/00/${serial.slice(4)}`;
  return gtin === '' ? serial : `https://id.gs1.org/01/${gtin}/21/${serial}`;
}

function canonicalOf(telling: Telling): Canonical {
  const type = telling.type ?? 'ObjectEvent';
  const action = telling.action === undefined ? 'OBSERVE' : telling.action;
  // As the canonical form has them: by the names of roles, classes behind objects.
  const told = [
    ...rowsOf(telling.children ?? [], 'child'),
    ...rowsOf(telling.inputs ?? [], 'input'),
    ...rowsOf(telling.items ?? [], 'item'),
    ...rowsOf(telling.outputs ?? [], 'output'),
    ...rowsOf(telling.parent === undefined ? [] : [telling.parent], 'parent'),
  ];
  const objects = told.filter((row) => !isClass(row));
  const classes = told.filter(isClass);
  const event: CanonicalEvent = {
    action,
    bizLocation: null,
    bizStep: telling.step ?? null,
    bizTransactions: [],
    certificationInfo: [],
    destinations: [],
    disposition: null,
    epcs: objects.map((row) => ({ id: idOf(row), role: row.role })),
    errorDeclaration: null,
    eventTime: new Date(telling.at).toISOString(),
    eventTimeZoneOffset: '+00:00',
    ext: telling.note === undefined ? [] : [{ c: [], n: '{urn:note}note', p: '', v: telling.note }],
    ilmd: { ext: [], itemExpirationDate: telling.expiry ?? null, lotNumber: telling.lot ?? null },
    persistentDisposition: { set: [], unset: [] },
    quantities: classes.map((row) => ({ class: idOf(row), quantity: '1', role: row.role, uom: null })),
    readPoint: null,
    sensors: [],
    sources: [],
    transformationID: null,
    type,
    v: 1,
  };
  const hash = createHash('sha256').update(JSON.stringify(event)).digest('hex');
  const declaredAt = telling.declaredAt === undefined ? null : new Date(telling.declaredAt).toISOString();
  const declared: CanonicalEvent =
    declaredAt === null
      ? event
      : {
          ...event,
          errorDeclaration: { correctiveEventIDs: [], declarationTime: declaredAt, ext: [], reason: null },
        };
  return {
    event: declared,
    json: JSON.stringify(declared),
    hash,
    declaredAt,
    ni: `ni:///sha-256;${hash}?ver=CBV2.0`,
    eventId: `ni:///sha-256;${hash}?ver=CBV2.0`,
    rows: [...objects, ...classes],
    disc: discOf(declared),
  };
}

/** An event that passed the stateless rules, or was rejected by one. */
export function told(telling: Telling): JudgedEvent {
  const index = telling.index ?? 0;
  const rejected = telling.rejected ?? false;
  return {
    index,
    type: telling.type ?? 'ObjectEvent',
    span: { offset: 100 * index, length: 100 },
    pointer: `/epcisBody/eventList/${index}`,
    findings: rejected
      ? [{ code: 'S03_TZ_OFFSET', severity: 'reject', event: index, pointer: '', detail: '' }]
      : [],
    rejected,
    canonical: canonicalOf(telling),
  };
}

export const commissioning = (telling: Telling): JudgedEvent =>
  told({ action: 'ADD', step: 'commissioning', ...telling });
export const packing = (telling: Telling): JudgedEvent =>
  told({ type: 'AggregationEvent', action: 'ADD', step: 'packing', ...telling });
export const unpacking = (telling: Telling): JudgedEvent =>
  told({ type: 'AggregationEvent', action: 'DELETE', step: 'unpacking', ...telling });
export const shipping = (telling: Telling): JudgedEvent => told({ step: 'shipping', ...telling });
export const decommissioning = (telling: Telling): JudgedEvent =>
  told({ action: 'DELETE', step: 'decommissioning', ...telling });
