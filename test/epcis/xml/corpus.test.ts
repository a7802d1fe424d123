// Every public document in XML: all events are read, and what is told of their form is really in them.

import { describe, expect, it } from 'vitest';
import { corpusFile, corpusFiles, hasCorpus } from '../../support/epcis.ts';
import { read } from './read.ts';

const FILES = corpusFiles(/\.xml$/).filter(
  (name) => !name.includes('CaptureJob') && !/\/x0[135]_/.test(name),
);

/** Documents in which elements of EPCIS have a namespace, or are out of order. */
const IN_ANOTHER_FORM = [
  'hash-equal/timestampPrecision.xml',
  'hash-equal/timestampTimeZone.xml',
  'openepcis/1.2/EPCIS/XML/Capture/Documents/Document_with_namespace.xml',
  'openepcis/1.2/EPCIS/XML/Capture/Documents/Single_event_with_namespace.xml',
  'openepcis/2.0/EPCIS/XML/Capture/Invalid/ObjectEvent_with_wrong_element_order.xml',
];

describe.skipIf(!hasCorpus)('the public documents', () => {
  it('are all read, without a fault but that of form', () => {
    expect(FILES.length).toBeGreaterThan(50);
    const inAnotherForm: string[] = [];
    for (const name of FILES) {
      const { events, faults, head } = read(corpusFile(name), {}, [10_007]);
      expect(faults, name).toEqual([]);
      expect(head?.events, name).toBe(events.length);
      const told = new Set(events.flatMap(({ faults: own }) => own.map(({ code }) => code)));
      if (told.delete('S21_XML_FORM')) {
        inAnotherForm.push(name);
      }
      expect([...told], name).toEqual([]);
    }
    expect(inAnotherForm).toEqual(IN_ANOTHER_FORM);
  });

  it('have as many events as the reference has hashes of', () => {
    const rows = Buffer.from(corpusFile('event-hashes-ref.tsv')).toString().trim().split('\n').slice(1);
    const counts = new Map<string, number>();
    for (const row of rows) {
      const [name = ''] = row.split('\t');
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    const compared = FILES.filter((name) => counts.has(name));
    expect(compared.length).toBeGreaterThan(40);
    for (const name of compared) {
      expect(read(corpusFile(name)).events.length, name).toBe(counts.get(name));
    }
  });

  it('that must be refused are refused', () => {
    const refused = Object.fromEntries(
      corpusFiles(/\.xml$/)
        .filter((name) => /\/x0[135]_/.test(name) || name.includes('CaptureJob'))
        .map((name) => [name.split('/').at(-1), read(corpusFile(name)).faults.map(({ code }) => code)]),
    );
    expect(refused).toEqual({
      'x01_truncated.xml': ['D04_MALFORMED'],
      'x03_external_entity.xml': ['D05_DTD_ENTITY'],
      'x05_unknown_namespace.xml': ['D06_ROOT'],
      'Example-CaptureJobRunning.xml': ['D06_ROOT'],
      'Example-CaptureJobSuccess.xml': ['D06_ROOT'],
      'Example-CaptureJobWithErrorFile.xml': ['D06_ROOT'],
      'Example-CaptureJobWithErrors.xml': ['D06_ROOT'],
    });
  });
});
