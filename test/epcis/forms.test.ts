// One event, one canonical form: the pairs of the corpus that say the same in XML and in JSON, in URNs and in Digital Links.

import { describe, expect, test } from 'vitest';
import { canonicalise } from '../../engine/epcis/canonical.ts';
import { createJsonReader } from '../../engine/epcis/json/reader.ts';
import type { Canonical } from '../../engine/epcis/judged.ts';
import { READ_LIMITS, type SourceEvent } from '../../engine/epcis/model.ts';
import { createXmlReader } from '../../engine/epcis/xml/reader.ts';
import { corpusFile, corpusNames, corpusTable, hasCorpus } from './corpus.ts';

function canonicals(name: string): readonly (Canonical | null)[] {
  const events: SourceEvent[] = [];
  const sink = { event: (event: SourceEvent): void => void events.push(event), fault: (): void => {} };
  const reader = name.endsWith('.xml')
    ? createXmlReader(sink, READ_LIMITS)
    : createJsonReader(sink, READ_LIMITS, { single: name.includes('/Events/') });
  reader.write(corpusFile(name));
  reader.end();
  return events.map((event) => canonicalise(event, { profile: 'generic', ni: () => '' }).canonical);
}

const hashesOf = (name: string): readonly unknown[] => canonicals(name).map((each) => each?.hash);

describe.skipIf(!hasCorpus)('forms (skipped where the corpus is not beside the checkout)', () => {
  test('forms: the four forms of the DSCSA example have eight equal digests and rows', () => {
    const forms = ['base_1.2.xml', 'base_2.0.xml', 'base_2.0_urn.jsonld', 'base_2.0_dl.jsonld'];
    const [first, ...others] = forms.map((name) => canonicals(`dscsa-forms/${name}`));
    expect(first?.length).toBe(8);
    expect(new Set(first?.map((each) => each?.hash)).size).toBe(8);
    for (const other of others) expect(other).toEqual(first);
  });

  test.each(corpusTable('pairs.tsv'))('forms: %s and %s', (json, xml, events, equal) => {
    const fromJson = hashesOf(json as string);
    const fromXml = hashesOf(xml as string);
    expect([fromJson.length, fromXml.length]).toEqual([Number(events), Number(events)]);
    if (equal === '1') expect(fromXml).toEqual(fromJson);
    else expect(fromXml).not.toEqual(fromJson);
  });

  test('forms: what the vectors of the event hash write in XML and in JSON is one', () => {
    const names = corpusNames('hash-vectors');
    const twins = names
      .filter((name) => name.endsWith('.xml'))
      .flatMap((xml) =>
        names
          .filter((name) => name.replace(/\.json(ld)?$/, '.xml') === xml && name !== xml)
          .map((json) => [xml, json]),
      );
    expect(twins.length).toBeGreaterThan(5);
    for (const [xml, json] of twins)
      expect([xml, hashesOf(xml as string)]).toEqual([xml, hashesOf(json as string)]);
  });

  test.each(corpusNames('hash-equal'))('forms: the events of %s are one event', (name) => {
    const hashes = hashesOf(name);
    expect(hashes.length).toBeGreaterThan(1);
    expect(new Set(hashes).size).toBe(1);
  });
});
