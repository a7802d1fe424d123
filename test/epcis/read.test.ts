// Which reader a document gets.

import { expect, test } from 'vitest';
import { type Finding, READ_LIMITS, type SourceEvent } from '../../engine/epcis/model.ts';
import { createReader, formOf } from '../../engine/epcis/read.ts';
import { documentOf, PACKING } from './json/fixture.ts';

function read(
  mediaType: string | null,
  pieces: readonly (string | Uint8Array)[],
): { forms: string[]; codes: string[] } {
  const events: SourceEvent[] = [];
  const faults: Finding[] = [];
  const sink = {
    event: (event: SourceEvent): void => void events.push(event),
    fault: (fault: Finding): void => void faults.push(fault),
  };
  const reader = createReader(mediaType, sink, READ_LIMITS);
  for (const piece of pieces) reader.write(Buffer.from(piece));
  reader.end();
  return { forms: events.map((event) => event.form), codes: faults.map((fault) => fault.code) };
}

const JSON_TEXT = JSON.stringify(documentOf([PACKING]));
const XML_TEXT = `<e:EPCISDocument xmlns:e="urn:epcglobal:epcis:xsd:2" schemaVersion="2.0" creationDate="2026-03-01T10:00:00Z">
  <EPCISBody><EventList><ObjectEvent><eventTime>2026-03-01T10:00:00Z</eventTime></ObjectEvent></EventList></EPCISBody>
</e:EPCISDocument>`;

test('read: media types, parameters and case aside', () => {
  expect(
    ['application/json', 'application/ld+json; charset=utf-8', 'Application/XML', 'text/xml'].map(formOf),
  ).toEqual(['json', 'json', 'xml', 'xml']);
  expect(['text/plain', 'application/json5', ''].map(formOf)).toEqual([null, null, null]);
  expect(read('application/json', [JSON_TEXT])).toEqual({ forms: ['json'], codes: [] });
  expect(read('text/xml', [XML_TEXT])).toEqual({ forms: ['xml-2'], codes: [] });
  expect(read('text/plain', [XML_TEXT])).toEqual({ forms: [], codes: ['D01_MEDIA_TYPE'] });
});

test('read: without a media type the first byte tells', () => {
  expect(read(null, ['\n ', ' ', JSON_TEXT.slice(0, 5), JSON_TEXT.slice(5)])).toEqual({
    forms: ['json'],
    codes: [],
  });
  expect(read(null, [new Uint8Array([0xef, 0xbb]), new Uint8Array([0xbf]), JSON_TEXT]).forms).toEqual([
    'json',
  ]);
  expect(read(null, ['\ufeff', XML_TEXT]).forms).toEqual(['xml-2']);
  expect(read(null, [Buffer.from(`\ufeff${XML_TEXT}`, 'utf16le')]).forms).toEqual(['xml-2']);
  expect(read(null, ['[1]']).codes).toEqual(['D06_ROOT']);
  expect(read(null, []).codes).toEqual(['D04_MALFORMED']);
  expect(read(null, ['  ']).codes).toEqual(['D04_MALFORMED']);
});
