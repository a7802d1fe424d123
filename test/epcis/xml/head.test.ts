// What a document says of itself.

import { describe, expect, it } from 'vitest';
import { MAX_MASTER_ELEMENTS, READ_LIMITS } from '../../../engine/epcis/model.ts';
import { createXmlReader } from '../../../engine/epcis/xml/reader.ts';
import { document1, document2, objectEvent, read } from './read.ts';

const SBDH = `<s:StandardBusinessDocumentHeader xmlns:s="urn:sbdh"><s:HeaderVersion>1.0</s:HeaderVersion>
<s:Sender><s:Identifier Authority="GS1"> urn:from </s:Identifier></s:Sender><s:Receiver><s:Identifier>urn:to</s:Identifier></s:Receiver>
<s:DocumentIdentification><s:InstanceIdentifier>77</s:InstanceIdentifier><s:CreationDateAndTime>2026-01-01T00:00:00Z</s:CreationDateAndTime></s:DocumentIdentification>
</s:StandardBusinessDocumentHeader>`;
const STATEMENT = `<g:guidelineVersion xmlns:g="http://epcis.gs1us.org/hc/ns">GS1 US DSCSA R1.3</g:guidelineVersion>
<g:dscsaTransactionStatement xmlns:g="http://epcis.gs1us.org/hc/ns"><g:affirmTransactionStatement>true</g:affirmTransactionStatement><g:legalNotice>We did.</g:legalNotice></g:dscsaTransactionStatement>`;
const element = (id: string): string =>
  `<VocabularyElement id="${id}"><attribute id="urn:epcglobal:cbv:mda#name">North</attribute>` +
  `<attribute id="cbvmda:city">Hull</attribute><attribute id="urn:own:x">1</attribute>` +
  `<attribute id="urn:own:nested"><a>2</a></attribute></VocabularyElement>`;
const vocabulary = (elements: string): string =>
  `<extension><EPCISMasterData><VocabularyList><Vocabulary type="urn:type"><VocabularyElementList>${elements}</VocabularyElementList></Vocabulary></VocabularyList></EPCISMasterData></extension>`;

describe('head', () => {
  it('has sender, receiver, statement and master data', () => {
    const header = `<EPCISHeader>${SBDH}${vocabulary(element('urn:a') + element('urn:b'))}${STATEMENT}</EPCISHeader>`;
    const attributes = [
      ['name', 'North'],
      ['city', 'Hull'],
      ['urn:own:x', '1'],
    ];
    expect(read(document1(objectEvent([]), header)).head).toEqual({
      form: 'xml-1',
      root: 'EPCISDocument',
      schemaVersion: '1.2',
      creationDate: '2026-01-02T03:04:05Z',
      sender: 'urn:from',
      receiver: 'urn:to',
      instanceIdentifier: '77',
      createdAt: '2026-01-01T00:00:00Z',
      guidelineVersion: 'GS1 US DSCSA R1.3',
      statement: { affirmed: 'true', legalNotice: 'We did.' },
      masterData: [
        { vocabulary: 'urn:type', id: 'urn:a', attributes },
        { vocabulary: 'urn:type', id: 'urn:b', attributes },
      ],
      events: 1,
    });
  });

  it('finds the statement in an extension of the header too', () => {
    const { head } = read(
      document2('', `<EPCISHeader><extension><extension>${STATEMENT}</extension></extension></EPCISHeader>`),
    );
    expect(head?.statement?.affirmed).toBe('true');
    expect(head?.guidelineVersion).toBe('GS1 US DSCSA R1.3');
  });

  it('is null in all that is not there', () => {
    expect(read('<e:EPCISDocument xmlns:e="urn:epcglobal:epcis:xsd:2"/>').head).toEqual({
      form: 'xml-2',
      root: 'EPCISDocument',
      schemaVersion: null,
      creationDate: null,
      sender: null,
      receiver: null,
      instanceIdentifier: null,
      createdAt: null,
      guidelineVersion: null,
      statement: null,
      masterData: [],
      events: 0,
      noEventList: true,
    });
    expect(read(document2('')).head?.noEventList).toBeUndefined();
  });

  it('keeps a bounded number of master data', () => {
    const many = element('urn:a').repeat(MAX_MASTER_ELEMENTS + 5);
    const { head } = read(document2('', `<EPCISHeader>${vocabulary(many)}</EPCISHeader>`));
    expect(head?.masterData).toHaveLength(MAX_MASTER_ELEMENTS);
  });

  it('keeps a bounded length of master data', () => {
    const long = `<VocabularyElement id="urn:a"><attribute id="b">${'x'.repeat(1_000_000)}</attribute></VocabularyElement>`;
    const { head } = read(document2('', `<EPCISHeader>${vocabulary(long.repeat(20))}</EPCISHeader>`));
    const kept =
      head?.masterData.flatMap(({ attributes }) => attributes.map(([, value]) => value.length)) ?? [];
    expect(kept.reduce((sum, length) => sum + length, 0)).toBeLessThanOrEqual(8 * 1024 * 1024);
    expect(kept.length).toBeGreaterThan(5);
  });

  it('reads results of a query in either version and any prefix', () => {
    for (const version of ['1', '2']) {
      const { head, events } = read(
        `<q:EPCISQueryDocument xmlns:q="urn:epcglobal:epcis-query:xsd:${version}" schemaVersion="2.0"><EPCISBody><q:QueryResults>` +
          `<queryName>x</queryName><resultsBody><EventList>${objectEvent(['urn:a'])}</EventList></resultsBody></q:QueryResults></EPCISBody></q:EPCISQueryDocument>`,
      );
      expect(head).toMatchObject({ root: 'EPCISQueryDocument', form: `xml-${version}`, events: 1 });
      expect(events[0]?.locate([])).toBe(
        '/q:EPCISQueryDocument/EPCISBody/q:QueryResults/resultsBody/EventList/ObjectEvent[1]',
      );
    }
  });

  it('counts events without building them where none are wanted', () => {
    const reader = createXmlReader({ event: null, fault: () => expect.unreachable() }, READ_LIMITS);
    reader.write(Buffer.from(document2(objectEvent(['urn:a']).repeat(3))));
    expect(reader.end()?.events).toBe(3);
  });

  it.each([
    '<EPCISDocument/>',
    '<e:EPCISDocument xmlns:e="urn:epcglobal:epcis:xsd:9"/>',
    '<e:EPCISQueryDocument xmlns:e="urn:epcglobal:epcis:xsd:2"/>',
    '<e:EPCISDocument xmlns:e="urn:epcglobal:epcis-query:xsd:2"/>',
    '<e:EPCISMasterDataDocument xmlns:e="urn:epcglobal:epcis-masterdata:xsd:1"/>',
    '<e:epcisdocument xmlns:e="urn:epcglobal:epcis:xsd:2"/>',
  ])('refuses the root %s', (document) => {
    const { head, faults } = read(document);
    expect(head).toBeNull();
    expect(faults.map(({ code }) => code)).toEqual(['D06_ROOT']);
  });
});
