// The event hash of CBV 2.0: what makes two events one, and what the reference does that nobody would expect.

import { describe, expect, test } from 'vitest';
import { niHash } from '../../../engine/epcis/hash/ni.ts';
import { preHash } from '../../../engine/epcis/hash/pre-hash.ts';
import type { SourceEvent } from '../../../engine/epcis/model.ts';
import { COMMISSIONING, documentOf, PACKING, read } from '../json/fixture.ts';

const eventOf = (event: object): SourceEvent => read(documentOf([event])).events[0] as SourceEvent;
const textOf = (event: object): string => preHash(eventOf(event));

describe('event hash', () => {
  test('event hash: the pre-hash has the fields in the order of the reference', () => {
    expect(textOf(COMMISSIONING)).toBe(
      'eventType=ObjectEventeventTime=2026-03-01T10:00:00.000ZeventTimeZoneOffset=+00:00' +
        'epcListepc=https://id.gs1.org/01/09999999123450/21/1epc=https://id.gs1.org/01/09999999123450/21/2' +
        'action=ADDbizStep=https://ref.gs1.org/cbv/BizStep-commissioning' +
        'readPointid=https://id.gs1.org/414/9999999000010{https://ns.acme.example/epcis/}gate=7' +
        'ilmd{urn:epcglobal:cbv:mda:}itemExpirationDate=2028-01-31{urn:epcglobal:cbv:mda:}lotNumber=L1',
    );
    expect(niHash(eventOf(COMMISSIONING))).toMatch(/^ni:\/\/\/sha-256;[0-9a-f]{64}\?ver=CBV2\.0$/);
  });

  test('event hash: order of members and lists, ids, times and words may differ', () => {
    const same = {
      ...Object.fromEntries(Object.entries(COMMISSIONING).reverse()),
      eventTime: '2026-03-01T11:00:00.0000+01:00',
      bizStep: 'https://ref.gs1.org/cbv/BizStep-commissioning',
      epcList: [
        'https://acme.example/shop/gtin/9999999123450/ser/2',
        'https://id.gs1.org/01/09999999123450/21/1',
      ],
      eventID: 'urn:x:1',
      recordTime: '2026-04-01T00:00:00Z',
      errorDeclaration: { declarationTime: '2026-04-01T00:00:00Z' },
      comment: 'x',
    };
    expect(niHash(eventOf(same))).toBe(niHash(eventOf(COMMISSIONING)));
    expect(niHash(eventOf(PACKING))).not.toBe(niHash(eventOf({ ...PACKING, action: 'DELETE' })));
  });

  test('event hash: lots that differ may have one hash: it is no key', () => {
    const lot = (lotNumber: string): string =>
      niHash(eventOf({ ...COMMISSIONING, ilmd: { 'cbvmda:lotNumber': lotNumber } }));
    expect(new Set(['0012', '12', '12.0', '1.2E1'].map(lot)).size).toBe(1);
    expect(lot('12A')).not.toBe(lot('012A'));
    expect(lot('inf')).not.toBe(lot('1e999'));
  });

  test('event hash: type before id, transactions, destinations, ilmd, sources and extensions last', () => {
    const text = textOf({
      ...COMMISSIONING,
      sourceList: [{ source: 'urn:epc:id:pgln:9999999.00000', type: 'owning_party' }],
      destinationList: [{ destination: 'urn:epc:id:pgln:9999999.00001', type: 'location' }],
      bizTransactionList: [
        { bizTransaction: 'urn:acme:po:2' },
        { type: 'po', bizTransaction: 'urn:acme:po:1' },
      ],
      'acme:z': { 'acme:b': '2', 'acme:a': '1.0' },
    });
    expect(text.slice(text.indexOf('bizTransactionList'))).toBe(
      'bizTransactionListbizTransaction=urn:acme:po:2' +
        'type=https://ref.gs1.org/cbv/BTT-pobizTransaction=urn:acme:po:1' +
        'destinationListtype=https://ref.gs1.org/cbv/SDT-locationdestination=https://id.gs1.org/417/9999999000010' +
        'ilmd{urn:epcglobal:cbv:mda:}itemExpirationDate=2028-01-31{urn:epcglobal:cbv:mda:}lotNumber=L1' +
        'sourceListtype=https://ref.gs1.org/cbv/SDT-owning_partysource=https://id.gs1.org/417/9999999000003' +
        '{https://ns.acme.example/epcis/}z{https://ns.acme.example/epcis/}a=1{https://ns.acme.example/epcis/}b=2',
    );
  });

  test('event hash: bizRules of a sensorReport goes to the end of the event', () => {
    const report = { type: 'Temperature', value: 1, bizRules: 'urn:acme:rule' };
    const text = textOf({ ...COMMISSIONING, sensorElementList: [{ sensorReport: [report] }] });
    expect(text).toContain(
      'sensorElementListsensorElementsensorReporttype=https://gs1.org/voc/Temperaturevalue=1ilmd',
    );
    expect(text.endsWith('sensorElementListsensorElementsensorReportbizRules=urn:acme:rule')).toBe(true);
  });

  test('event hash: items sort by the bytes of UTF-8, not by UTF-16', () => {
    const text = textOf({ ...COMMISSIONING, epcList: ['urn:x:\u{1f4e6}', 'urn:x:\uffee'] });
    expect(text.indexOf('\uffee')).toBeLessThan(text.indexOf('\u{1f4e6}'));
  });
});
