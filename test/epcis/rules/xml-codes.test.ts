// Faults that only XML can have, or has otherwise than JSON: one change of text in a valid document, one finding.

import { describe, expect, test } from 'vitest';
import { checkText, foundIn } from '../../support/epcis-check.ts';
import { documentText, dscsaPlan } from '../../support/epcis-documents.ts';

const PACKING = 'urn:epcglobal:cbv:bizstep:packing';
/** The first shipping event ends with this, in XML 2.0. */
const DROP = '<gs1ushc:dropShipment>';
const sensor = (report: string): string =>
  `<sensorElementList><sensorElement><sensorReport ${report}/></sensorElement></sensorElementList>`;

/** What, the text that is replaced (its first occurrence), by what, what is found. */
const CASES: readonly (readonly [string, string, string, readonly string[]])[] = [
  ['a bare word', PACKING, 'packing', ['S16_CBV_VALUE reject 2']],
  ['a word that the CBV has not', PACKING, `${PACKING}s`, ['S16_CBV_VALUE reject 2']],
  ['a word as web URI', PACKING, 'https://ref.gs1.org/cbv/BizStep-packing', []],
  ['no version', ' schemaVersion="2.0"', '', ['D07_SCHEMA_VERSION reject document']],
  ['no date of creation', ' creationDate="2025-05-06T10:00:00Z"', '', ['D08_CREATION_DATE reject document']],
  [
    'a namespace of nobody',
    'urn:epcglobal:epcis:xsd:2',
    'urn:epcglobal:epcis:xsd:9',
    ['D06_ROOT reject document'],
  ],
  ['a bare document type', '<epcis:EPCISDocument', '<!DOCTYPE example>\n<epcis:EPCISDocument', []],
  [
    'an entity',
    '<epcis:EPCISDocument',
    '<!DOCTYPE example [<!ENTITY a "b">]>\n<epcis:EPCISDocument',
    ['D05_DTD_ENTITY reject document'],
  ],
  ['an end too few', '</EventList>', '', ['D04_MALFORMED reject document']],
  ['a measurement', DROP, `${sensor('type="gs1:Temperature" value="4.5"')}${DROP}`, []],
  ['an alert without a type', DROP, `${sensor('exception="gs1:ALARM_CONDITION"')}${DROP}`, []],
  ['neither type nor alert', DROP, `${sensor('value="4.5"')}${DROP}`, ['S18_SENSOR reject 6']],
  [
    'a quantity with an exponent',
    DROP,
    `<quantityList><quantityElement><epcClass>urn:epc:idpat:sgtin:9521234.012345.*</epcClass><quantity>1e1</quantity></quantityElement></quantityList>${DROP}`,
    // It also stands behind the lists of sources and destinations.
    ['S14_QUANTITY reject 6', 'S21_XML_FORM reject 6'],
  ],
];

describe('rules in XML', () => {
  for (const [what, from, to, finds] of CASES) {
    test(`${what}: ${finds.length === 0 ? 'nothing' : finds.join(', ')}`, async () => {
      const text = documentText(dscsaPlan(), 'xml-2.0');
      expect(text).toContain(from);
      expect(foundIn(await checkText(text.replace(from, to)))).toEqual(finds);
    });
  }

  test('an element out of order is refused in every profile', async () => {
    const offset = '<eventTimeZoneOffset>+02:00</eventTimeZoneOffset>';
    const text = documentText(dscsaPlan(), 'xml-1.2').replace(offset, '');
    const late = text.replace('<action>ADD</action>', `<action>ADD</action>${offset}`);
    for (const profile of ['generic', 'dscsa', 'r1.3-strict'] as const)
      expect(foundIn(await checkText(late, { profile }))).toEqual(['S21_XML_FORM reject 0']);
  });

  test('elements in the namespace of EPCIS are borne with, but not in r1.3-strict', async () => {
    const text = documentText(dscsaPlan(), 'xml-1.2')
      .replaceAll('<AggregationEvent>', '<epcis:AggregationEvent>')
      .replaceAll('</AggregationEvent>', '</epcis:AggregationEvent>');
    const packing = [2, 3, 5];
    for (const profile of ['generic', 'dscsa'] as const)
      expect(foundIn(await checkText(text, { profile }))).toEqual(
        packing.map((i) => `S21_XML_FORM warn ${i}`),
      );
    expect(foundIn(await checkText(text, { profile: 'r1.3-strict' }))).toEqual(
      packing.map((i) => `S21_XML_FORM reject ${i}`),
    );
  });
});
