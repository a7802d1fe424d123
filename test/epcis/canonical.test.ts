// The canonical form of an event: its members, its digest, its rows.

import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type CanonicalOptions, canonicalise } from '../../engine/epcis/canonical.ts';
import type { Canonical, CanonicalEvent, Profile } from '../../engine/epcis/judged.ts';
import type { Extension, SensorElement, SensorPart, SourceEvent } from '../../engine/epcis/model.ts';
import { canonicalise as toJcs } from '../../workers/canonicalise.ts';
import { sourceEvent } from './source-events.ts';

const OPTIONS: CanonicalOptions = { profile: 'generic', ni: () => 'ni:///sha-256;00?ver=CBV2.0' };

function canonicalOf(event: SourceEvent): Canonical {
  const { canonical, faults } = canonicalise(event, OPTIONS);
  expect(faults).toEqual([]);
  return canonical as Canonical;
}

function epcsOf(canonical: Canonical | null): CanonicalEvent['epcs'] {
  return (JSON.parse(canonical?.json ?? '') as CanonicalEvent).epcs;
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
    expect(JSON.parse(canonicalOf(COMMISSIONING).json)).toEqual({
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
    const { json, hash } = canonicalOf(COMMISSIONING);
    const event = JSON.parse(json);
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

describe('canonical: error declarations', () => {
  const declared = sourceEvent('ObjectEvent', {
    ...COMMISSIONING.fields,
    eventID: ' urn:uuid:3b9d2f0e-4a17-4f7c-8f0a-6d1b9f0c2e11 ',
    errorDeclaration: {
      declarationTime: '2024-06-01T12:00:00+02:00',
      reason: 'urn:epcglobal:cbv:er:incorrect_data',
      correctiveEventIDs: ['urn:x:2', ' urn:x:1', 'urn:x:2'],
      ext: [],
    },
  });

  test('canonical: a declaration has the hash of its event, a time of its own, and another disc', () => {
    const event = canonicalOf(COMMISSIONING);
    const canonical = canonicalOf(declared);
    expect(canonical.hash).toBe(event.hash);
    expect(canonical.json).not.toBe(event.json);
    expect([event.declaredAt, canonical.declaredAt]).toEqual([null, '2024-06-01T10:00:00.000Z']);
    expect([event.disc, canonical.disc]).toEqual(['O.ADD.commissioning', 'O.ADD.commissioning!']);
    expect(canonical.event.errorDeclaration).toEqual({
      correctiveEventIDs: ['urn:x:1', 'urn:x:2'],
      declarationTime: '2024-06-01T10:00:00.000Z',
      ext: [],
      reason: 'incorrect_data',
    });
  });

  test('canonical: the id of an event is the one that was sent, else its ni', () => {
    expect(canonicalOf(declared).eventId).toBe('urn:uuid:3b9d2f0e-4a17-4f7c-8f0a-6d1b9f0c2e11');
    expect(canonicalOf(COMMISSIONING).eventId).toBe('ni:///sha-256;00?ver=CBV2.0');
  });
});

describe('canonical: extensions', () => {
  const ns = 'https://ns.example/x';
  const leaf = (name: string, value: string, more: object = {}): Extension => ({
    ns,
    name,
    value,
    children: [],
    ...more,
  });

  test('canonical: attributes are children but xsi and xmlns, comments are nobody, repeats stay', () => {
    const { event } = canonicalOf(
      sourceEvent('ObjectEvent', {
        ext: [
          { ...leaf('b', '', {}), children: [leaf('z', '2'), leaf('z', '1'), leaf('z', '1')] },
          {
            ...leaf('a', 'text'),
            children: [
              { ns: '', name: 'unit', value: 'C', children: [], attribute: true },
              {
                ns: 'http://www.w3.org/2001/XMLSchema-instance',
                name: 'type',
                value: 'xsd:string',
                children: [],
                attribute: true,
              },
              { ns: 'http://www.w3.org/2000/01/rdf-schema#', name: 'comment', value: 'x', children: [] },
            ],
          },
        ],
        readPoint: { id: 'geo:1,2', ext: [leaf('r', '')] },
      }),
    );
    const child = (n: string, v: string): object => ({ c: [], n, p: '', v });
    expect(event.ext).toEqual([
      { c: [child('{}unit', 'C')], n: `{${ns}}a`, p: '', v: 'text' },
      {
        c: [child(`{${ns}}z`, '1'), child(`{${ns}}z`, '1'), child(`{${ns}}z`, '2')],
        n: `{${ns}}b`,
        p: '',
        v: '',
      },
      { c: [], n: `{${ns}}r`, p: 'readPoint', v: '' },
    ]);
  });

  test('canonical: one separator is stripped of a namespace, and the lot is lifted from both forms of it', () => {
    const lot = (mda: string): Canonical =>
      canonicalOf(
        sourceEvent('ObjectEvent', {
          ilmd: [
            { ns: mda, name: 'lotNumber', value: ' 0012 ', children: [] },
            { ns: `${ns}/`, name: 'a', value: 'false', children: [] },
          ],
        }),
      );
    expect(lot('urn:epcglobal:cbv:mda').event.ilmd).toEqual({
      ext: [{ c: [], n: `{${ns}}a`, p: '', v: 'false' }],
      itemExpirationDate: null,
      lotNumber: '0012',
    });
    expect(lot('urn:epcglobal:cbv:mda:').hash).toBe(lot('urn:epcglobal:cbv:mda').hash);
  });

  test('canonical: the two homes of the vocabulary of GS1 are one namespace', () => {
    const of = (home: string): Canonical =>
      canonicalOf(sourceEvent('ObjectEvent', { ext: [{ ns: home, name: 'a', value: '1', children: [] }] }));
    expect(of('https://ref.gs1.org/voc/').hash).toBe(of('https://gs1.org/voc').hash);
  });

  test('canonical: lots that a double would merge stay apart, and a second lot is not lost', () => {
    const lots = ['0012', '12', '12.0', '1.2E1'].map((value) =>
      sourceEvent('ObjectEvent', {
        ilmd: [{ ns: 'urn:epcglobal:cbv:mda', name: 'lotNumber', value, children: [] }],
      }),
    );
    expect(new Set(lots.map((event) => canonicalOf(event).hash)).size).toBe(4);
    const two = ['A', 'B'].map((value) => ({
      ns: 'urn:epcglobal:cbv:mda',
      name: 'lotNumber',
      value,
      children: [],
    }));
    expect(canonicalOf(sourceEvent('ObjectEvent', { ilmd: two })).event.ilmd).toMatchObject({
      lotNumber: 'A',
      ext: [{ n: '{urn:epcglobal:cbv:mda}lotNumber', v: 'B' }],
    });
  });
});

describe('canonical: sensors', () => {
  test('canonical: times in UTC, decimals exact, words bare, ids normalised, sets sorted', () => {
    const part = (fields: Record<string, string>): SensorPart => ({ fields, ext: [] });
    const element = (reports: SensorPart[]): SensorElement => ({
      metadata: part({
        time: '2024-05-06T09:08:09.9999+02:00',
        deviceID: 'urn:epc:id:giai:9521321.sensor',
        bizRules: '',
      }),
      reports,
      ext: [],
    });
    const reports = [
      part({ type: 'gs1:Temperature', value: '26.50', uom: 'CEL', booleanValue: '1', hexBinaryValue: 'f0' }),
      part({
        type: 'Angle',
        component: 'cbv:Comp-latitude',
        maxValue: '1e2',
        exception: 'gs1:ALARM_CONDITION',
      }),
    ];
    const { event } = canonicalOf(
      sourceEvent('ObjectEvent', { sensorElementList: [element(reports), element([...reports].reverse())] }),
    );
    expect(event.sensors).toEqual([
      {
        ext: [],
        metadata: {
          ext: [],
          deviceID: 'https://id.gs1.org/8004/9521321sensor',
          time: '2024-05-06T07:08:10.000Z',
        },
        reports: [
          {
            ext: [],
            booleanValue: 'true',
            hexBinaryValue: 'F0',
            type: 'Temperature',
            uom: 'CEL',
            value: '26.5',
          },
          { ext: [], component: 'latitude', exception: 'ALARM_CONDITION', maxValue: '100', type: 'Angle' },
        ],
      },
    ]);
  });
});

describe('canonical: faults', () => {
  const faultsOf = (event: SourceEvent, profile: Profile = 'generic'): unknown[] =>
    canonicalise(event, { ...OPTIONS, profile }).faults.map(({ code, path, severity }) => [
      code,
      path.join('/'),
      severity ?? null,
    ]);

  test('canonical: a fault has its place, and a broken id keeps its text', () => {
    const event = sourceEvent('ObjectEvent', {
      epcList: ['urn:epc:id:sgtin:9521321.012345.1', ' urn:epc:id:sgtin:95213.21012345.1 '],
      bizLocation: { id: 'https://id.gs1.org/414/9521321000011', ext: [] },
      quantityList: [{ epcClass: 'urn:epc:id:sgtin:9521321.012345.1' }],
      sourceList: [{ type: 'location', id: 'urn:epc:id:sgln:9521321.0000.0' }],
      ilmd: [
        { ns: 'urn:example:x', name: 'a', value: '', children: [] },
        { ns: 'urn:epcglobal:cbv:mda', name: 'lotNumber', value: 'a~b', children: [] },
      ],
    });
    expect(faultsOf(event)).toEqual([
      ['I09_PARTITION', 'epcList/1', null],
      ['I10_EPC_SCHEME_FIELD', 'quantityList/0/epcClass', null],
      ['I05_GLN_CHECK_DIGIT', 'bizLocation/id', null],
      ['I08_LOT_SYNTAX', 'ilmd/1', null],
      ['I09_PARTITION', 'sourceList/0/id', null],
    ]);
    expect(epcsOf(canonicalise(event, OPTIONS).canonical).at(-1)?.id).toBe(
      'urn:epc:id:sgtin:95213.21012345.1',
    );
  });

  test('canonical: a class or a place among the objects is a warning, and refused by the rule in DSCSA', () => {
    const event = sourceEvent('ObjectEvent', {
      epcList: ['urn:epc:class:lgtin:9521321.012345.L', 'urn:epc:id:sgln:9521321.00001.0'],
    });
    const places = ['epcList/0', 'epcList/1'];
    expect(faultsOf(event)).toEqual(places.map((path) => ['I10_EPC_SCHEME_FIELD', path, 'warn']));
    expect(faultsOf(event, 'dscsa')).toEqual(places.map((path) => ['I10_EPC_SCHEME_FIELD', path, null]));
  });

  test('canonical: an association may have a place as its parent, an aggregation not', () => {
    const parentID = 'urn:epc:id:sgln:9521321.00001.0';
    expect(faultsOf(sourceEvent('AssociationEvent', { parentID }), 'dscsa')).toEqual([]);
    expect(faultsOf(sourceEvent('AggregationEvent', { parentID }), 'dscsa')).toEqual([
      ['I10_EPC_SCHEME_FIELD', 'parentID', null],
    ]);
  });

  test('canonical: what cannot be read is kept as it was sent', () => {
    const { event } = canonicalOf(
      sourceEvent('Nonesuch', {
        eventTime: ' yesterday ',
        quantityList: [{ quantity: 'many' }],
        action: 'add',
      }),
    );
    expect([event.type, event.eventTime, event.quantities[0]?.quantity, event.action]).toEqual([
      'Nonesuch',
      'yesterday',
      'many',
      'add',
    ]);
  });

  test('canonical: a text that is none has no canonical form', () => {
    for (const fields of [
      { bizStep: '\ud800' },
      { ext: [{ ns: 'urn:x:y', name: 'a', value: 'b\udfff', children: [] }] },
    ])
      expect(canonicalise(sourceEvent('ObjectEvent', fields), OPTIONS).canonical).toBeNull();
    expect(canonicalOf(sourceEvent('ObjectEvent', { transformationID: 'urn:x:\\ud800' })).json).toContain(
      '\\\\ud800',
    );
  });

  test('canonical: sets are sorted by bytes, which is not the order of UTF-16', () => {
    const ids = ['urn:x:\u{1f600}', 'urn:x:\uffee', 'urn:x:a', 'urn:x:a'];
    const canonical = canonicalOf(sourceEvent('ObjectEvent', { epcList: ids }));
    expect(epcsOf(canonical).map((each) => each.id)).toEqual(['urn:x:a', 'urn:x:\uffee', 'urn:x:\u{1f600}']);
  });
});
