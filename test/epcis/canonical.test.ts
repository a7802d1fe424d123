// The canonical form of an event: its members, its digest, its rows.

import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type CanonicalOptions, canonicalise } from '../../engine/epcis/canonical.ts';
import type { Canonical } from '../../engine/epcis/judged.ts';
import type { SourceEvent } from '../../engine/epcis/model.ts';
import { canonicalise as toJcs } from '../../workers/canonicalise.ts';
import { sourceEvent } from './source-events.ts';

const OPTIONS: CanonicalOptions = { profile: 'generic', ni: () => 'ni:///sha-256;00?ver=CBV2.0' };

function canonicalOf(event: SourceEvent): Canonical {
  const { canonical, faults } = canonicalise(event, OPTIONS);
  expect(faults).toEqual([]);
  return canonical as Canonical;
}

const COMMISSIONING = sourceEvent('ObjectEvent', {
  action: 'ADD',
  bizStep: 'commissioning',
  disposition: 'urn:epcglobal:cbv:disp:active',
  epcList: ['urn:epc:id:sgtin:9521321.012345.B%2F2', ' urn:epc:id:sgtin:9521321.012345.A1 '],
  readPoint: { id: 'urn:epc:id:sgln:9521321.00001.0', ext: [] },
  bizLocation: { id: 'https://site.example/414/9521321000018', ext: [] },
  ilmd: [
    { ns: 'urn:epcglobal:cbv:mda', name: 'lotNumber', value: 'L-7', children: [] },
    { ns: 'urn:epcglobal:cbv:mda', name: 'itemExpirationDate', value: '2026-01-31', children: [] },
    { ns: 'https://ns.example/x/', name: 'grade', value: ' A ', children: [] },
  ],
});

describe('canonical: the form', () => {
  test('canonical: every member is there, ids are Digital Links, words are bare, lists are sorted', () => {
    expect(canonicalOf(COMMISSIONING).event).toEqual({
      action: 'ADD',
      bizLocation: 'https://id.gs1.org/414/9521321000018',
      bizStep: 'commissioning',
      bizTransactions: [],
      certificationInfo: [],
      destinations: [],
      disposition: 'active',
      epcs: [
        { id: 'https://id.gs1.org/01/09521321123458/21/A1', role: 'item' },
        { id: 'https://id.gs1.org/01/09521321123458/21/B%2F2', role: 'item' },
      ],
      errorDeclaration: null,
      eventTime: '2024-05-06T07:08:09.000Z',
      eventTimeZoneOffset: '-05:00',
      ext: [],
      ilmd: {
        ext: [{ c: [], n: '{https://ns.example/x}grade', p: '', v: 'A' }],
        itemExpirationDate: '2026-01-31',
        lotNumber: 'L-7',
      },
      persistentDisposition: { set: [], unset: [] },
      quantities: [],
      readPoint: 'https://id.gs1.org/414/9521321000018',
      sensors: [],
      sources: [],
      transformationID: null,
      type: 'ObjectEvent',
      v: 1,
    });
  });

  test('canonical: the text is JCS, and the hash is of the JCS without the error declaration', () => {
    const { event, json, hash } = canonicalOf(COMMISSIONING);
    expect(json).toBe(toJcs(event));
    const { errorDeclaration, ...undeclared } = event;
    expect(errorDeclaration).toBeNull();
    expect(hash).toBe(
      createHash('sha256')
        .update(`firn.event/1\n${toJcs(undeclared)}`)
        .digest('hex'),
    );
  });

  test('canonical: rows have GTIN and plain serial, an SSCC has (00), a lot (10), the parent its role', () => {
    expect(canonicalOf(COMMISSIONING).rows).toEqual([
      { gtin: '09521321123458', serial: 'A1', role: 'item' },
      { gtin: '09521321123458', serial: 'B/2', role: 'item' },
    ]);
    const packing = canonicalOf(
      sourceEvent('AggregationEvent', {
        action: 'ADD',
        bizStep: 'packing',
        parentID: 'urn:epc:id:sscc:9521321.0000000001',
        childEPCs: ['urn:epc:id:giai:9521321.tray1'],
        childQuantityList: [
          { epcClass: 'urn:epc:class:lgtin:9521321.012345.L-7', quantity: '2.50e1', uom: 'KGM' },
        ],
      }),
    );
    expect(packing.rows).toEqual([
      { gtin: '', serial: 'https://id.gs1.org/8004/9521321tray1', role: 'child' },
      { gtin: '', serial: '(00)095213210000000018', role: 'parent' },
      { gtin: '09521321123458', serial: '(10)L-7', role: 'child' },
    ]);
    expect(packing.event.quantities).toEqual([
      { class: 'https://id.gs1.org/01/09521321123458/10/L-7', quantity: '25', role: 'child', uom: 'KGM' },
    ]);
    expect(packing.disc).toBe('A.ADD.packing');
  });
});
