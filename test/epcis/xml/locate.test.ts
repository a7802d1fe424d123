// Paths of the model as XPaths into the document as it was sent.

import { expect, it } from 'vitest';
import { document1, document2, objectEvent, read, WHEN } from './read.ts';

const ROOT = '/epcis:EPCISDocument/EPCISBody/EventList';

it('counts events among those of their type', () => {
  const other = `<AggregationEvent>${WHEN}</AggregationEvent>`;
  const { events } = read(document2(`${objectEvent([])}${other}${objectEvent([])}<ex:a/>${other}`));
  expect(events.map(({ locate }) => locate([]))).toEqual([
    `${ROOT}/ObjectEvent[1]`,
    `${ROOT}/AggregationEvent[1]`,
    `${ROOT}/ObjectEvent[2]`,
    `${ROOT}/ex:a[1]`,
    `${ROOT}/AggregationEvent[2]`,
  ]);
});

it('tells the place among all where there are very many names', () => {
  const many = Array.from({ length: 80 }, (_, index) => `<ex:a${index}/>`).join('');
  const { events } = read(document2(`${many}${objectEvent([])}`));
  expect(events[80]?.locate(['action'])).toBe(`${ROOT}/*[81]/action`);
});

it('leads through lists, attributes, parts and wrappers', () => {
  const { events } = read(
    document1(`<ObjectEvent ex:note="n">${WHEN}
<baseExtension><errorDeclaration><declarationTime>t</declarationTime><correctiveEventIDs><correctiveEventID>a</correctiveEventID><correctiveEventID>b</correctiveEventID></correctiveEventIDs></errorDeclaration></baseExtension>
<epcList><epc>1</epc><epc>2</epc></epcList><action>ADD</action><readPoint><id>r</id><ex:g>1</ex:g></readPoint>
<extension><quantityList><quantityElement><epcClass>c</epcClass></quantityElement></quantityList><sourceList><source type="t">s</source></sourceList>
<sensorElementList><sensorElement><sensorMetadata time="t"/><sensorReport type="a"/><sensorReport type="b" value="1" ex:n="2"/></sensorElement></sensorElementList>
<persistentDisposition><set>a</set><set>b</set></persistentDisposition>
<ilmd><cbvmda:lotNumber>l</cbvmda:lotNumber><cbvmda:lotNumber>m</cbvmda:lotNumber></ilmd></extension>
<ex:x><ex:y a="1">1</ex:y></ex:x></ObjectEvent>`),
  );
  const event = events[0];
  const at = `${ROOT}/ObjectEvent[1]`;
  const paths: [(string | number)[], string][] = [
    [['epcList'], '/epcList'],
    [['epcList', 1], '/epcList/epc[2]'],
    [['eventTime'], '/eventTime'],
    [['bizStep'], '/bizStep'],
    [['errorDeclaration', 'declarationTime'], '/baseExtension/errorDeclaration/declarationTime'],
    [
      ['errorDeclaration', 'correctiveEventIDs', 1],
      '/baseExtension/errorDeclaration/correctiveEventIDs/correctiveEventID[2]',
    ],
    [['readPoint', 'id'], '/readPoint/id'],
    [['readPoint', 'ext', 0], '/readPoint/ex:g[1]'],
    [['quantityList', 0, 'epcClass'], '/extension/quantityList/quantityElement[1]/epcClass'],
    [['quantityList', 0, 'quantity'], '/extension/quantityList/quantityElement[1]/quantity'],
    [['sourceList', 0, 'type'], '/extension/sourceList/source[1]/@type'],
    [['sourceList', 0, 'id'], '/extension/sourceList/source[1]'],
    [
      ['sensorElementList', 0, 'metadata', 'fields', 'time'],
      '/extension/sensorElementList/sensorElement[1]/sensorMetadata/@time',
    ],
    [
      ['sensorElementList', 0, 'reports', 1, 'fields', 'value'],
      '/extension/sensorElementList/sensorElement[1]/sensorReport[2]/@value',
    ],
    [
      ['sensorElementList', 0, 'reports', 1, 'value'],
      '/extension/sensorElementList/sensorElement[1]/sensorReport[2]/@value',
    ],
    [
      ['sensorElementList', 0, 'reports', 0, 'uom'],
      '/extension/sensorElementList/sensorElement[1]/sensorReport[1]/@uom',
    ],
    [
      ['sensorElementList', 0, 'reports', 1, 'ext', 0],
      '/extension/sensorElementList/sensorElement[1]/sensorReport[2]/@ex:n',
    ],
    [['sensorElementList', 0, 'reports'], '/extension/sensorElementList/sensorElement[1]/sensorReport[1]'],
    [['persistentDisposition', 'set', 1], '/extension/persistentDisposition/set[2]'],
    [['ilmd', 1], '/extension/ilmd/cbvmda:lotNumber[2]'],
    [['ilmd', 1, 'value'], '/extension/ilmd/cbvmda:lotNumber[2]'],
    [['ext', 0], '/@ex:note'],
    [['ext', 1], '/ex:x[1]'],
    [['ext', 1, 'children', 0], '/ex:x[1]/ex:y[1]'],
    [['ext', 1, 'children', 0, 'children', 0], '/ex:x[1]/ex:y[1]/@a'],
  ];
  for (const [path, expected] of paths) {
    expect(event?.locate(path), JSON.stringify(path)).toBe(at + expected);
  }
});

it('is quick with an event of very many items', () => {
  const count = 60_000;
  const { events } = read(
    document2(objectEvent(Array.from({ length: count }, (_, index) => `urn:${index}`))),
  );
  // Item by item over all items this would take 3.6 billion steps.
  for (let index = 0; index < count; index++) {
    if (events[0]?.locate(['epcList', index]) !== `${ROOT}/ObjectEvent[1]/epcList/epc[${index + 1}]`) {
      expect.unreachable();
    }
  }
}, 20_000);
