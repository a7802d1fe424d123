// What the JSON reader makes of the members of an event, and what it has against them.

import { describe, expect, test } from 'vitest';
import type { SourceEvent } from '../../../engine/epcis/model.ts';
import { COMMISSIONING, CONTEXT, documentOf, PACKING, read } from './fixture.ts';

function eventOf(event: unknown): SourceEvent {
  const { events, faults } = read(typeof event === 'string' ? textOf(event) : documentOf([event]));
  expect(faults).toEqual([]);
  return events[0] as SourceEvent;
}

/** A document around the text of one event, so that numbers keep their characters. */
function textOf(event: string): string {
  return JSON.stringify(documentOf(['here'])).replace('"here"', event);
}

const told = (event: SourceEvent): string[] =>
  event.faults.map((fault) => `${fault.code} ${event.locate(fault.path)}`);

describe('json events', () => {
  test('json events: numbers keep their characters', () => {
    const event = eventOf(`{"type":"ObjectEvent","quantityList":[{"epcClass":"urn:x:y","quantity":1.10}],
      "acme:big":12345678901234567890123,"sensorElementList":[{"sensorReport":[{"type":"Temperature","value":-0.50}]}]}`);
    expect(event.fields.quantityList).toEqual([{ epcClass: 'urn:x:y', quantity: '1.10' }]);
    expect(event.fields.ext[0]?.value).toBe('12345678901234567890123');
    expect(event.fields.sensorElementList?.[0]?.reports[0]?.fields).toEqual({
      type: 'Temperature',
      value: '-0.50',
    });
  });

  test('json events: extensions are trees: members are children, arrays repeat, comments go', () => {
    const event = eventOf({
      ...COMMISSIONING,
      'acme:a': { 'acme:b': ['1', 2], 'rdfs:comment': 'x', bare: true },
      'acme:c': { '@value': 'text', '@type': 'xsd:date' },
      'other:d': 'kept',
      comment: 'dropped',
    });
    const ns = 'https://ns.acme.example/epcis/';
    expect(event.fields.ext).toEqual([
      {
        ns,
        name: 'a',
        value: '',
        children: [
          { ns, name: 'b', value: '1', children: [] },
          { ns, name: 'b', value: '2', children: [] },
          { ns: '', name: 'bare', value: 'true', children: [] },
        ],
      },
      {
        ns,
        name: 'c',
        value: 'text',
        children: [{ ns: '', name: '@type', value: 'xsd:date', children: [] }],
      },
      { ns: '', name: 'other:d', value: 'kept', children: [] },
    ]);
    expect(event.faults).toEqual([]);
    expect(event.locate(['ext', 0, 'children', 1])).toBe('/epcisBody/eventList/0/acme:a/acme:b/1');
    expect(event.locate(['ext', 2])).toBe('/epcisBody/eventList/0/other:d');
  });

  test('json events: values of the wrong type and unknown members are told where they stand', () => {
    const event = eventOf({
      type: 'ObjectEvent',
      action: 1,
      epcList: ['a', 2],
      childEPCs: 'a',
      unknown: 1,
      quantityList: [{ epcClass: 'c', quantity: '7', colour: 'red' }, 3],
      sourceList: [{ type: 'location', source: 's', note: 'n' }],
      bizTransactionList: [{ bizTransaction: ['x'] }],
      readPoint: 'urn:x',
      bizLocation: { id: null, gate: 7 },
      ilmd: { lotNumber: 'L' },
      sensorElementList: [{ sensorMetadata: { time: 5 }, sensorReport: [{ value: '1', odd: 2 }], z: 1 }],
      persistentDisposition: { set: 'recalled', keep: [] },
      errorDeclaration: { declarationTime: 4, why: 'x' },
      certificationInfo: 8,
    });
    const base = '/epcisBody/eventList/0';
    expect(told(event)).toEqual([
      `S23_VALUE_TYPE ${base}/action`,
      `S23_VALUE_TYPE ${base}/epcList/1`,
      `S23_VALUE_TYPE ${base}/childEPCs`,
      `S13_UNKNOWN_FIELD ${base}/unknown`,
      `S14_QUANTITY ${base}/quantityList/0/quantity`,
      `S14_QUANTITY ${base}/quantityList/0/colour`,
      `S23_VALUE_TYPE ${base}/quantityList/1`,
      `S15_SOURCE_DEST ${base}/sourceList/0/note`,
      `S23_VALUE_TYPE ${base}/bizTransactionList/0/bizTransaction`,
      `S23_VALUE_TYPE ${base}/readPoint`,
      `S23_VALUE_TYPE ${base}/bizLocation/id`,
      `S13_UNKNOWN_FIELD ${base}/bizLocation/gate`,
      `S13_UNKNOWN_FIELD ${base}/ilmd/lotNumber`,
      `S23_VALUE_TYPE ${base}/sensorElementList/0/sensorMetadata/time`,
      `S23_VALUE_TYPE ${base}/sensorElementList/0/sensorReport/0/value`,
      `S13_UNKNOWN_FIELD ${base}/sensorElementList/0/sensorReport/0/odd`,
      `S13_UNKNOWN_FIELD ${base}/sensorElementList/0/z`,
      `S23_VALUE_TYPE ${base}/persistentDisposition/set`,
      `S13_UNKNOWN_FIELD ${base}/persistentDisposition/keep`,
      `S23_VALUE_TYPE ${base}/errorDeclaration/declarationTime`,
      `S13_UNKNOWN_FIELD ${base}/errorDeclaration/why`,
      `S23_VALUE_TYPE ${base}/certificationInfo`,
    ]);
    expect(event.fields.epcList).toEqual(['a']);
    expect(told(eventOf(7))).toEqual([`S23_VALUE_TYPE ${base}`]);
  });

  test('json events: names of the model and names of the document', () => {
    const event = eventOf({
      isA: 'ObjectEvent',
      sourceList: [{ type: 'location', source: 's' }],
      ilmd: { 'cbvmda:lotNumber': 'L', 'acme:x': ['1', '2'] },
      certificationInfo: 'urn:x:1',
      'acme:a/b~c': 1,
    });
    const base = '/epcisBody/eventList/0';
    expect(event.type).toBe('ObjectEvent');
    expect(event.locate(['type'])).toBe(`${base}/isA`);
    expect(event.locate(['sourceList', 0, 'id'])).toBe(`${base}/sourceList/0/source`);
    expect(event.locate(['ilmd', 2])).toBe(`${base}/ilmd/acme:x/1`);
    expect(event.locate(['certificationInfo', 0])).toBe(`${base}/certificationInfo`);
    expect(event.locate(['ext', 0])).toBe(`${base}/acme:a~1b~0c`);
    expect(event.locate(['readPoint', 'id'])).toBe(`${base}/readPoint/id`);
    expect(event.fields.certificationInfo).toEqual(['urn:x:1']);
  });

  test('json events: a name that is a whole IRI is one with its short form', () => {
    const short = { 'cbvmda:lotNumber': 'L', 'acme:x': '1' };
    const whole = { 'urn:epcglobal:cbv:mda:lotNumber': 'L', 'https://ns.acme.example/epcis/x': '1' };
    const of = (ilmd: object) => eventOf({ ...COMMISSIONING, ilmd }).fields.ilmd;
    expect(of(whole)).toEqual(of(short));
    expect(of({ 'urn:epcglobal:cbv:mda#lotNumber': 'L' })).toMatchObject([
      { ns: 'urn:epcglobal:cbv:mda#', name: 'lotNumber' },
    ]);
    const names = ['urn:x', 'https://x.example', 'https://x.example/', 'other:a/b'];
    expect(of(Object.fromEntries(names.map((name) => [name, '1'])))).toMatchObject(
      names.map((name) => ({ ns: '', name })),
    );
  });

  test('json events: extended types keep their names', () => {
    expect(eventOf({ type: 'acme:Moved' }).type).toBe('acme:Moved');
    expect(eventOf({ type: ['ObjectEvent', 'acme:Moved'] }).type).toBe('ObjectEvent acme:Moved');
  });

  test('json events: an event may bring prefixes of its own', () => {
    const event = eventOf({
      '@context': [{ own: 'urn:own:' }],
      type: 'ObjectEvent',
      'own:x': '1',
      'acme:y': '2',
    });
    expect(event.fields.ext.map((ext) => ext.ns)).toEqual(['urn:own:', 'https://ns.acme.example/epcis/']);
  });
});

describe('json documents', () => {
  test('json documents: members come in any order', () => {
    const { '@context': context, ...rest } = documentOf([COMMISSIONING]) as Record<string, unknown>;
    const late = { ...rest, '@context': context };
    // One pass would read the extensions wrongly, and says so; the head of a pass without events helps the next.
    expect(read(late).faults[0]?.code).toBe('D09_CONTEXT_MISSING');
    const head = read(documentOf([])).head;
    const second = read(late, { prefixes: head?.prefixes ?? [] });
    expect(second.faults).toEqual([]);
    expect(second.events[0]?.fields.readPoint?.ext[0]?.ns).toBe('https://ns.acme.example/epcis/');
    expect(second.head).toMatchObject({ root: 'EPCISDocument', context: true });
  });

  test('json documents: the head, with statement and master data under any prefix', () => {
    const { head } = read({
      epcisHeader: {
        'us:guidelineVersion': 'R1.3',
        'us:dscsaTransactionStatement': {
          'us:affirmTransactionStatement': true,
          'us:legalNotice': ' as the law asks ',
        },
        epcisMasterData: {
          vocabularyList: [
            {
              type: 'urn:epcglobal:epcis:vtype:EPCClass',
              vocabularyElementList: [
                {
                  id: 'urn:epc:idpat:sgtin:9999999.012345.*',
                  attributes: [
                    { id: 'cbvmda:regulatedProductName', attribute: 'Acmecillin' },
                    { id: 'urn:epcglobal:cbv:mda#netContentDescription', attribute: 7 },
                    { id: 'acme:other', attribute: 'x' },
                  ],
                },
              ],
            },
          ],
        },
      },
      ...documentOf([PACKING], { sender: 's', receiver: ['r'], instanceIdentifier: 17 }),
      '@context': [...CONTEXT, { us: 'http://epcis.gs1us.org/hc/ns/' }],
    });
    expect(head).toMatchObject({
      form: 'json',
      schemaVersion: '2.0',
      creationDate: '2026-03-02T00:00:00Z',
      sender: 's',
      receiver: 'r',
      instanceIdentifier: '17',
      guidelineVersion: 'R1.3',
      statement: { affirmed: 'true', legalNotice: 'as the law asks' },
      masterData: [
        {
          vocabulary: 'urn:epcglobal:epcis:vtype:EPCClass',
          id: 'urn:epc:idpat:sgtin:9999999.012345.*',
          attributes: [
            ['regulatedProductName', 'Acmecillin'],
            ['netContentDescription', '7'],
            ['acme:other', 'x'],
          ],
        },
      ],
    });
  });

  test('json documents: a root of another type is refused, a body without a list is told', () => {
    const other = read({ ...documentOf([PACKING]), type: 'ObjectEvent' });
    expect(other.faults).toMatchObject([{ code: 'D06_ROOT', pointer: '/type' }]);
    expect(other.head).toBeNull();
    expect(read({ ...documentOf([]), epcisBody: {} }).head?.noEventList).toBe(true);
    expect(read({ ...documentOf([]), epcisBody: [] }).head?.noEventList).toBe(true);
    expect(read(documentOf([])).head).not.toHaveProperty('noEventList');
  });

  test('json documents: a context that is not known is told, and never fetched', () => {
    const { faults, events } = read({
      ...documentOf([PACKING]),
      '@context': 'https://ns.acme.example/c.jsonld',
    });
    expect(faults).toMatchObject([{ code: 'D09_CONTEXT_MISSING', severity: 'warn' }]);
    expect(events).toHaveLength(1);
    const { '@context': _, ...bare } = documentOf([PACKING]) as Record<string, unknown>;
    expect(read(bare).head?.context).toBe(false);
  });

  test('json documents: an event over the limit is told with its span and without its fields, and the next ones are read', () => {
    const large = { ...PACKING, 'acme:x': 'x'.repeat(5000) };
    const small = { maxEventBytes: 4000 };
    const document = documentOf([PACKING, large, PACKING]);
    for (const pieces of [[], [1], [100, 3000, 1000], [6000]]) {
      const { faults, head, events } = read(document, { limits: small, pieces });
      expect(faults).toEqual([]);
      expect(head?.events).toBe(3);
      expect(events.map((event) => event.faults.map(({ code }) => code))).toEqual([
        [],
        ['F01_EVENT_TOO_LARGE'],
        [],
      ]);
      const [, over] = events;
      expect(over?.fields).toEqual({ ext: [] });
      expect(over?.locate(['epcList', 3])).toBe('/epcisBody/eventList/1');
      const { offset, length } = over?.span ?? { offset: 0, length: 0 };
      const text = Buffer.from(JSON.stringify(document))
        .subarray(offset, offset + length)
        .toString();
      expect(JSON.parse(text)).toEqual(large);
    }
  });

  test('json documents: an event that goes on and on, or is broken within, refuses the document', () => {
    const limits = { maxEventBytes: 4000, maxPassedBytes: 9000 };
    const pieces = Array.from({ length: 60 }, () => 1000);
    const texts = (count: number): string[] => Array.from({ length: count }, () => 'x'.repeat(1000));
    const endless = documentOf([PACKING, { ...PACKING, 'acme:x': texts(40) }, PACKING]);
    const at = { pointer: '/epcisBody/eventList/1' };
    // In small pieces, since one that ends within what is there is not endless.
    expect(read(endless, { limits, pieces }).faults).toMatchObject([{ code: 'F01_EVENT_TOO_LARGE', ...at }]);
    const whole = JSON.stringify(documentOf([PACKING, { ...PACKING, 'acme:x': texts(7) }]));
    const broken = read(whole.replace(/x"\]/, 'x\\q"]'), { limits, pieces });
    expect(broken.faults).toMatchObject([{ code: 'D04_MALFORMED' }]);
  });

  test('json documents: an event of too many values is one over the limit', () => {
    const many = { ...PACKING, 'acme:x': Array.from({ length: 300 }, () => []) };
    const { events, head } = read(documentOf([many, PACKING]), { limits: { maxEventBytes: 4000 } });
    expect(head?.events).toBe(2);
    expect(events.map(({ faults }) => faults[0]?.code)).toEqual(['F01_EVENT_TOO_LARGE', undefined]);
  });

  test('json documents: a head over the limit refuses the document', () => {
    const large = { ...PACKING, 'acme:x': 'x'.repeat(5000) };
    const limits = { maxEventBytes: 4000 };
    const header = documentOf([PACKING], { epcisHeader: { 'acme:x': 'x'.repeat(5000) } });
    expect(read(header, { limits }).faults).toMatchObject([
      { code: 'D02_BYTE_LIMIT', pointer: '/epcisHeader' },
    ]);
    expect(read(documentOf([large]), { limits: { maxTextLength: 100 } }).faults[0]?.code).toBe(
      'D04_MALFORMED',
    );
  });
});
