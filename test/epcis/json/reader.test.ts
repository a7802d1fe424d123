// The streaming reader of EPCIS in JSON: what it makes of a document, and what it refuses.

import { describe, expect, test } from 'vitest';
import { COMMISSIONING, CONTEXT, documentOf, PACKING, read } from './fixture.ts';

const codes = (outcome: { faults: readonly { code: string }[] }): string[] =>
  outcome.faults.map((fault) => fault.code);

describe('json reader', () => {
  test('json reader: the events of a document come with their fields, their bytes and their pointers', () => {
    const text = JSON.stringify(documentOf([COMMISSIONING, PACKING]), null, 1);
    const { events, faults, head } = read(text);
    expect(faults).toEqual([]);
    expect(events.map((event) => [event.index, event.type])).toEqual([
      [0, 'ObjectEvent'],
      [1, 'AggregationEvent'],
    ]);
    const [first, second] = events;
    expect(first?.fields).toMatchObject({
      action: 'ADD',
      epcList: COMMISSIONING.epcList,
      readPoint: {
        id: 'urn:epc:id:sgln:9999999.00001.0',
        ext: [{ ns: 'https://ns.acme.example/epcis/', name: 'gate', value: '7', children: [] }],
      },
      ilmd: [
        { ns: 'urn:epcglobal:cbv:mda:', name: 'lotNumber', value: 'L1' },
        { ns: 'urn:epcglobal:cbv:mda:', name: 'itemExpirationDate', value: '2028-01-31' },
      ],
    });
    expect(second?.fields.childEPCs).toEqual(PACKING.childEPCs);
    expect(events.flatMap((event) => event.faults)).toEqual([]);
    for (const event of events) {
      const { offset, length } = event.span;
      expect(JSON.parse(text.slice(offset, offset + length))).toEqual([COMMISSIONING, PACKING][event.index]);
    }
    expect(second?.locate(['childEPCs', 0])).toBe('/epcisBody/eventList/1/childEPCs/0');
    expect(head).toMatchObject({ root: 'EPCISDocument', schemaVersion: '2.0', events: 2, context: true });
  });

  test('json reader: one event in the body, a query document and a bare event', () => {
    const one = { ...documentOf([]), epcisBody: { event: PACKING } };
    expect(read(one).events[0]?.locate([])).toBe('/epcisBody/event');
    const query = {
      ...documentOf([]),
      type: 'EPCISQueryDocument',
      epcisBody: { queryResults: { queryName: 'q', resultsBody: { eventList: [PACKING] } } },
    };
    const asked = read(query);
    expect(asked.head?.root).toBe('EPCISQueryDocument');
    expect(asked.events[0]?.locate(['parentID'])).toBe(
      '/epcisBody/queryResults/resultsBody/eventList/0/parentID',
    );
    const bare = read({ '@context': CONTEXT, 'acme:x': 1, ...PACKING }, { single: true });
    expect(bare.head).toMatchObject({ root: 'event', events: 1 });
    expect(bare.events[0]?.locate(['action'])).toBe('/action');
    expect(bare.events[0]?.fields.ext).toMatchObject([{ ns: 'https://ns.acme.example/epcis/', value: '1' }]);
  });

  test.each([
    ['truncated', JSON.stringify(documentOf([PACKING])).slice(0, -3)],
    ['nothing', ''],
    ['behind the end', `${JSON.stringify(documentOf([PACKING]))} x`],
    ['a name twice in an event', '{"epcisBody":{"eventList":[{"a":1,"a":2}]}}'],
    ['a name twice in the document', '{"type":"EPCISDocument","type":"EPCISDocument"}'],
    ['a name twice, once escaped', '{"epcisBody":{"eventList":[{"a":1,"\\u0061":2}]}}'],
    ['half a surrogate pair', '{"epcisBody":{"eventList":[{"a":"\\ud800"}]}}'],
    ['NaN', '{"epcisBody":{"eventList":[{"a":NaN}]}}'],
    ['a leading zero', '{"epcisBody":{"eventList":[{"a":01}]}}'],
    ['a comma too many', '{"epcisBody":{"eventList":[1,]}}'],
    ['a line break within a string', '{"epcisBody":{"eventList":["\n"]}}'],
    ['65 levels', `{"x":${'['.repeat(64)}${']'.repeat(64)}}`],
    ['Latin-1', Buffer.from('{"x":"\xe9"}', 'latin1')],
    ['UTF-16', Buffer.from('\ufeff{}', 'utf16le')],
    ['a surrogate in UTF-8', Buffer.from([0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d])],
  ])('json reader: refused as malformed: %s', (_, input) => {
    const outcome = read(input);
    expect(codes(outcome)).toEqual(['D04_MALFORMED']);
    expect(outcome.head).toBeNull();
  });

  test('json reader: a list is well-formed, and no document', () => {
    const outcome = read([documentOf([PACKING])]);
    expect(outcome.faults).toMatchObject([{ code: 'D06_ROOT', event: null, pointer: '' }]);
    expect(outcome.head).toBeNull();
  });

  test('json reader: schemaVersion is a string, and @context a URL, an object or a list of them', () => {
    const text = JSON.stringify(documentOf([PACKING]));
    expect(read(text.replace('"2.0"', '2.0')).head).toMatchObject({ schemaVersion: null, context: true });
    for (const context of ['null', '7', 'true'])
      expect(read(text.replace(JSON.stringify(CONTEXT), context)).head).toMatchObject({ context: false });
    for (const context of ['{}', JSON.stringify(CONTEXT[0])])
      expect(read(text.replace(JSON.stringify(CONTEXT), context)).head).toMatchObject({ context: true });
  });

  test('json reader: a fault of the text is told with its byte and its pointer', () => {
    const text = '{"epcisBody":{"eventList":[{"a":1},{"epcList":["x","y",z]}]}}';
    expect(read(text).faults[0]).toMatchObject({
      pointer: '/epcisBody/eventList/1/epcList/2',
      detail: `byte ${text.indexOf('z')}: not a JSON value`,
    });
  });
});
