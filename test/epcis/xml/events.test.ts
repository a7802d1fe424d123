// The events of both forms of XML as fields of the model.

import { describe, expect, it } from 'vitest';
import { codes, document1, document2, objectEvent, read, WHEN } from './read.ts';

const EPC = 'urn:epc:id:sgtin:0399999.000001.7';

describe('EPCIS 1.2', () => {
  it('sees through the wrappers at every level', () => {
    const { events } = read(
      document1(`<ObjectEvent>
  <eventTime> 2026-01-02T03:04:05.5Z </eventTime><recordTime>2026-01-02T03:05:00Z</recordTime>
  <eventTimeZoneOffset>-05:00</eventTimeZoneOffset>
  <baseExtension><eventID>urn:uuid:1</eventID>
    <errorDeclaration><declarationTime>2026-02-01T00:00:00Z</declarationTime><reason>urn:r</reason>
      <correctiveEventIDs><correctiveEventID>urn:uuid:2</correctiveEventID></correctiveEventIDs><ex:note>n</ex:note>
    </errorDeclaration></baseExtension>
  <epcList><epc>${EPC}</epc></epcList><action>ADD</action><bizStep>urn:b</bizStep><disposition>urn:d</disposition>
  <readPoint><id>urn:rp</id><extension><ex:gate>4</ex:gate></extension></readPoint><bizLocation><id>urn:bl</id></bizLocation>
  <bizTransactionList><bizTransaction type="urn:po">urn:t1</bizTransaction><bizTransaction>urn:t2</bizTransaction></bizTransactionList>
  <extension><quantityList><quantityElement><epcClass>urn:c</epcClass><quantity>10.50</quantity><uom>KGM</uom></quantityElement></quantityList>
    <sourceList><source type="urn:own">urn:s</source></sourceList>
    <destinationList><destination type="urn:own">urn:z</destination></destinationList>
    <ilmd><cbvmda:lotNumber>A1</cbvmda:lotNumber></ilmd></extension>
  <ex:colour code="1">blue<ex:inner/></ex:colour>
</ObjectEvent>`),
    );
    expect(events).toHaveLength(1);
    expect(events[0]?.faults).toEqual([]);
    expect(events[0]?.form).toBe('xml-1');
    expect(events[0]?.fields).toEqual({
      eventTime: '2026-01-02T03:04:05.5Z',
      recordTime: '2026-01-02T03:05:00Z',
      eventTimeZoneOffset: '-05:00',
      eventID: 'urn:uuid:1',
      errorDeclaration: {
        declarationTime: '2026-02-01T00:00:00Z',
        reason: 'urn:r',
        correctiveEventIDs: ['urn:uuid:2'],
        ext: [{ ns: 'https://north.example/ext', name: 'note', value: 'n', children: [] }],
      },
      epcList: [EPC],
      action: 'ADD',
      bizStep: 'urn:b',
      disposition: 'urn:d',
      readPoint: {
        id: 'urn:rp',
        ext: [{ ns: 'https://north.example/ext', name: 'gate', value: '4', children: [] }],
      },
      bizLocation: { id: 'urn:bl', ext: [] },
      bizTransactionList: [{ type: 'urn:po', id: 'urn:t1' }, { id: 'urn:t2' }],
      quantityList: [{ epcClass: 'urn:c', quantity: '10.50', uom: 'KGM' }],
      sourceList: [{ type: 'urn:own', id: 'urn:s' }],
      destinationList: [{ type: 'urn:own', id: 'urn:z' }],
      ilmd: [{ ns: 'urn:epcglobal:cbv:mda', name: 'lotNumber', value: 'A1', children: [] }],
      ext: [
        {
          ns: 'https://north.example/ext',
          name: 'colour',
          value: 'blue',
          children: [
            { ns: '', name: 'code', value: '1', children: [], attribute: true },
            { ns: 'https://north.example/ext', name: 'inner', value: '', children: [] },
          ],
        },
      ],
    });
  });

  it('finds transformations and associations within extensions of the list, in order', () => {
    const { events, head } = read(
      document1(
        `${objectEvent([EPC])}<extension><TransformationEvent>${WHEN}<inputEPCList><epc>urn:i</epc></inputEPCList>` +
          `<outputEPCList><epc>urn:o</epc></outputEPCList></TransformationEvent></extension><extension><extension>` +
          `<AssociationEvent>${WHEN}<parentID>urn:p</parentID><childEPCs><epc>urn:k</epc></childEPCs><action>ADD</action>` +
          `</AssociationEvent></extension></extension>${objectEvent([EPC])}`,
      ),
    );
    expect(events.map(({ type, index }) => [type, index])).toEqual([
      ['ObjectEvent', 0],
      ['TransformationEvent', 1],
      ['AssociationEvent', 2],
      ['ObjectEvent', 3],
    ]);
    expect(events.flatMap(({ faults }) => faults)).toEqual([]);
    expect(events[2]?.fields.childEPCs).toEqual(['urn:k']);
    expect(events[2]?.locate(['childEPCs', 0])).toBe(
      '/epcis:EPCISDocument/EPCISBody/EventList/extension[2]/extension[1]/AssociationEvent[1]/childEPCs/epc[1]',
    );
    expect(head?.events).toBe(4);
  });

  it('delivers a type that EPCIS 2.0 has not, without faults of its fields', () => {
    const { events } = read(
      document1(
        `<QuantityEvent>${WHEN}<epcClass>urn:c</epcClass><quantity>3</quantity></QuantityEvent><ex:Odd>${WHEN}</ex:Odd>`,
      ),
    );
    expect(events.map(({ type }) => type)).toEqual(['QuantityEvent', 'ex:Odd']);
    expect(events.flatMap(({ faults }) => faults)).toEqual([]);
  });
});

describe('EPCIS 2.0', () => {
  it('reads sensors, persistent dispositions and certifications', () => {
    const { events } = read(
      document2(`<ObjectEvent>${WHEN}<certificationInfo>https://c.example/1</certificationInfo><epcList/><action>OBSERVE</action>
<sensorElementList><sensorElement><sensorMetadata time="2026-01-02T03:00:00Z" ex:m="1"/>
<sensorReport type="gs1:Temperature" value="26.10" uom="CEL" ex:n=" 2 "/><sensorReport type="t"><ex:e>x</ex:e></sensorReport>
<ex:s>y</ex:s></sensorElement></sensorElementList>
<persistentDisposition><unset>u1</unset><set>s1</set><set>s2</set></persistentDisposition></ObjectEvent>`),
    );
    const ns = 'https://north.example/ext';
    expect(events[0]?.faults).toEqual([]);
    expect(events[0]?.fields).toMatchObject({
      certificationInfo: ['https://c.example/1'],
      epcList: [],
      persistentDisposition: { unset: ['u1'], set: ['s1', 's2'] },
      sensorElementList: [
        {
          metadata: {
            fields: { time: '2026-01-02T03:00:00Z' },
            ext: [{ ns, name: 'm', value: '1', children: [], attribute: true }],
          },
          reports: [
            {
              fields: { type: 'gs1:Temperature', value: '26.10', uom: 'CEL' },
              ext: [{ ns, name: 'n', value: '2', children: [], attribute: true }],
            },
            { fields: { type: 't' }, ext: [{ ns, name: 'e', value: 'x', children: [] }] },
          ],
          ext: [{ ns, name: 's', value: 'y', children: [] }],
        },
      ],
    });
  });

  it('joins text around comments, instructions and CDATA', () => {
    const { events } = read(
      document2(
        objectEvent(['urn:<!-- a -->x<?pi y?><![CDATA[<&]]>&amp;&#x41;'], '<bizStep> <!-- -->a</bizStep>'),
      ),
    );
    expect(events[0]?.fields).toMatchObject({ epcList: ['urn:x<&&A'], bizStep: 'a' });
  });

  it('gives the prefixes in scope at the event', () => {
    const { events } = read(
      document2(
        `${objectEvent([EPC])}<ObjectEvent xmlns:ex="urn:other" xmlns:own="urn:own">${WHEN}</ObjectEvent>${objectEvent([EPC])}`,
      ),
    );
    expect(events.map(({ prefixes }) => [prefixes.get('ex'), prefixes.get('own')])).toEqual([
      ['https://north.example/ext', undefined],
      ['urn:other', 'urn:own'],
      ['https://north.example/ext', undefined],
    ]);
  });

  it('reads an event that stands alone', () => {
    const { events, head, faults } = read(
      `<ObjectEvent xmlns:e="urn:epcglobal:epcis:xsd:2" schemaVersion="2.0" creationDate="2026-01-01T00:00:00Z">${WHEN}<action>ADD</action></ObjectEvent>`,
    );
    expect(faults).toEqual([]);
    expect(head).toMatchObject({ root: 'event', form: 'xml-2', schemaVersion: '2.0', events: 1 });
    expect(events[0]?.faults).toEqual([]);
    expect(events[0]?.locate(['action'])).toBe('/ObjectEvent/action');
  });
});

describe('faults of shape', () => {
  const faultsOf = (event: string) => read(document2(event)).events[0]?.faults;

  it('tells an unknown element, and one of another type of event', () => {
    expect(faultsOf(`<ObjectEvent>${WHEN}<colour>b</colour></ObjectEvent>`)).toMatchObject([
      { code: 'S13_UNKNOWN_FIELD', path: ['colour'] },
    ]);
    expect(faultsOf(`<ObjectEvent>${WHEN}<parentID>b</parentID></ObjectEvent>`)).toMatchObject([
      { code: 'S13_UNKNOWN_FIELD', path: ['parentID'] },
    ]);
    expect(faultsOf(`<AggregationEvent>${WHEN}<ilmd/></AggregationEvent>`)).toEqual([]);
    expect(faultsOf(`<ObjectEvent colour="b">${WHEN}</ObjectEvent>`)).toMatchObject([
      { code: 'S13_UNKNOWN_FIELD', path: ['colour'] },
    ]);
    expect(faultsOf(`<ObjectEvent>${WHEN}<ilmd><lot>1</lot></ilmd></ObjectEvent>`)).toMatchObject([
      { code: 'S13_UNKNOWN_FIELD', path: ['ilmd', 0] },
    ]);
  });

  it('takes elements of EPCIS in a namespace of EPCIS, and says so once', () => {
    const { events } = read(
      document2(
        `<epcis:ObjectEvent><epcis:eventTime>t</epcis:eventTime><epcis:epcList><epcis:epc>${EPC}</epcis:epc></epcis:epcList></epcis:ObjectEvent>`,
      ),
    );
    expect(events[0]).toMatchObject({ type: 'ObjectEvent', fields: { eventTime: 't', epcList: [EPC] } });
    expect(codes(events[0])).toEqual(['S21_XML_FORM']);
    expect(events[0]?.locate(['epcList', 0])).toBe(
      '/epcis:EPCISDocument/EPCISBody/EventList/epcis:ObjectEvent[1]/epcis:epcList/epcis:epc[1]',
    );
  });

  it('reads a whole document in a default namespace of EPCIS', () => {
    const { events, faults } = read(
      `<EPCISDocument xmlns="urn:epcglobal:epcis:xsd:1" schemaVersion="1.2"><EPCISBody><EventList>${objectEvent([EPC])}` +
        `<extension><TransformationEvent>${WHEN}</TransformationEvent></extension></EventList></EPCISBody></EPCISDocument>`,
    );
    expect(faults).toEqual([]);
    expect(events.map(codes)).toEqual([['S21_XML_FORM'], ['S21_XML_FORM']]);
  });

  it('tells the first element that is out of order, in each type', () => {
    expect(
      faultsOf(`<ObjectEvent>${WHEN}<action>ADD</action><epcList/><bizStep>b</bizStep></ObjectEvent>`),
    ).toMatchObject([{ code: 'S21_XML_FORM', path: ['epcList'] }]);
    expect(
      faultsOf(`<TransactionEvent>${WHEN}<action>ADD</action><bizTransactionList/></TransactionEvent>`),
    ).toMatchObject([{ code: 'S21_XML_FORM', path: ['bizTransactionList'] }]);
    expect(faultsOf(`<ObjectEvent>${WHEN}<ex:a/><action>ADD</action></ObjectEvent>`)).toMatchObject([
      { code: 'S21_XML_FORM', path: ['action'] },
    ]);
    expect(
      faultsOf(`<ObjectEvent>${WHEN}<baseExtension><ex:a/></baseExtension><epcList/></ObjectEvent>`),
    ).toEqual([]);
  });

  it('tells what is there twice, holds elements for text, or text for elements', () => {
    expect(
      faultsOf(`<ObjectEvent>${WHEN}<action>ADD</action><action>DELETE</action></ObjectEvent>`),
    ).toMatchObject([{ code: 'S23_VALUE_TYPE', path: ['action'] }]);
    expect(faultsOf(`<ObjectEvent>${WHEN}<action>ADD<b/></action></ObjectEvent>`)).toMatchObject([
      { code: 'S23_VALUE_TYPE', path: ['action'] },
    ]);
    expect(faultsOf(`<ObjectEvent>${WHEN}<epcList>${EPC}</epcList></ObjectEvent>`)).toMatchObject([
      { code: 'S23_VALUE_TYPE', path: ['epcList'] },
    ]);
  });

  it('tells strangers within quantities and typed ids by the rule of those', () => {
    const quantity = '<quantityElement><epcClass>c</epcClass><colour/></quantityElement>';
    expect(
      faultsOf(`<ObjectEvent>${WHEN}<quantityList>${quantity}</quantityList></ObjectEvent>`),
    ).toMatchObject([{ code: 'S14_QUANTITY', path: ['quantityList', 0, 'colour'] }]);
    const source = '<source type="t" colour="b">s</source>';
    expect(faultsOf(`<ObjectEvent>${WHEN}<sourceList>${source}</sourceList></ObjectEvent>`)).toMatchObject([
      { code: 'S15_SOURCE_DEST', path: ['sourceList', 0, 'colour'] },
    ]);
  });

  it('tells attributes that no schema has, and lets those of XML Schema be', () => {
    const xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';
    expect(
      faultsOf(
        `<ObjectEvent ${xsi} xsi:schemaLocation="a b">${WHEN}<epcList a="1"><epc xsi:nil="false" b="2">e</epc></epcList><readPoint c="3"><id>r</id></readPoint></ObjectEvent>`,
      ),
    ).toMatchObject([
      { code: 'S13_UNKNOWN_FIELD', path: ['epcList', 'a'] },
      { code: 'S13_UNKNOWN_FIELD', path: ['epcList', 0, 'b'] },
      { code: 'S13_UNKNOWN_FIELD', path: ['readPoint', 'c'] },
    ]);
    expect(read(document2(`<ObjectEvent ${xsi} xsi:schemaLocation="a b"/>`)).events[0]?.fields).toEqual({
      ext: [],
    });
  });

  it('keeps a bounded number of them', () => {
    expect(faultsOf(`<ObjectEvent>${WHEN}${'<colour/>'.repeat(5000)}</ObjectEvent>`)).toHaveLength(100);
  });
});
