// Commissionings of serial numbers that nobody has used: what a line sends all day. Not through the rules: what is
// measured is the ledger.

import { createHash } from 'node:crypto';
import type { Canonical, CanonicalEvent, JudgedEvent, KeyRow } from '../../engine/epcis/judged.ts';

const GTIN = '09521234000013';
let serials = 0;

function canonicalOf(rows: readonly KeyRow[]): Canonical {
  const event: CanonicalEvent = {
    action: 'ADD',
    bizLocation: 'https://id.gs1.org/414/9521234000006',
    bizStep: 'commissioning',
    bizTransactions: [],
    certificationInfo: [],
    destinations: [],
    disposition: 'active',
    epcs: rows.map((row) => ({ id: `https://id.gs1.org/01/${row.gtin}/21/${row.serial}`, role: row.role })),
    errorDeclaration: null,
    eventTime: '2026-01-01T06:00:00.000Z',
    eventTimeZoneOffset: '+00:00',
    ext: [],
    ilmd: { ext: [], itemExpirationDate: '2028-01-01', lotNumber: 'A123' },
    persistentDisposition: { set: [], unset: [] },
    quantities: [],
    readPoint: 'https://id.gs1.org/414/9521234000006',
    sensors: [],
    sources: [],
    transformationID: null,
    type: 'ObjectEvent',
    v: 1,
  };
  const json = JSON.stringify(event);
  const hash = createHash('sha256').update(json).digest('hex');
  const ni = `ni:///sha-256;${hash}?ver=CBV2.0`;
  return { event, json, hash, declaredAt: null, ni, eventId: ni, rows, disc: 'O.ADD.commissioning' };
}

/** `count` events about `rows` new objects each. */
export function newEvents(count: number, rows: number): JudgedEvent[] {
  return Array.from({ length: count }, (_, index) => {
    const objects = Array.from({ length: rows }, (): KeyRow => {
      serials += 1;
      return { gtin: GTIN, serial: `b${serials}`, role: 'item' };
    });
    return {
      index,
      type: 'ObjectEvent',
      span: { offset: 0, length: 0 },
      findings: [],
      rejected: false,
      canonical: canonicalOf(objects),
    };
  });
}
