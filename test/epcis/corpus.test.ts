// The readers and the event hash over the public documents: every event of every JSON file, and every hash that was
// published or that an independent implementation found.

import { expect, test } from 'vitest';
import { niHash } from '../../engine/epcis/hash/ni.ts';
import { type Finding, READ_LIMITS, type SourceEvent } from '../../engine/epcis/model.ts';
import { createReader } from '../../engine/epcis/read.ts';
import { corpusFile, corpusFiles, hasCorpus } from '../support/epcis.ts';

const isBare = (name: string): boolean => /Capture\/Events\/|JSON-Schema\/test\//.test(name);

function readFile(name: string): { events: SourceEvent[]; faults: Finding[] } {
  const bytes = corpusFile(name);
  const events: SourceEvent[] = [];
  const faults: Finding[] = [];
  const options = { single: isBare(name) };
  const scan = createReader(null, { event: null, fault: () => {} }, READ_LIMITS, options);
  scan.write(bytes);
  const prefixes = scan.end()?.prefixes ?? [];
  const reader = createReader(
    null,
    { event: (event) => events.push(event), fault: (fault) => faults.push(fault) },
    READ_LIMITS,
    { ...options, prefixes },
  );
  reader.write(bytes);
  reader.end();
  return { events, faults };
}

/** Files with something against them, and what. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  // It has eventTimeZoneOffset twice.
  'gs1/JSON/AssociationEvent/AssociationEvent-h.jsonld': ['D04_MALFORMED'],
  'dscsa-mutants/j33_quantity_string.jsonld': ['S14_QUANTITY'],
  'openepcis/2.0/EPCIS/JSON/Capture/Invalid/ObjectEvent_with_quantity_as_text.json': ['S14_QUANTITY'],
  // A query, not a document.
  'openepcis/2.0/EPCIS/JSON/Query/Queries/SimpleEventQuery.json': ['D09_CONTEXT_MISSING', 'D06_ROOT'],
};

const NOT_DOCUMENTS = /expect\.json$|glns\.json$|^schemas\//;

test.skipIf(!hasCorpus)('corpus: every event of every JSON document is read, with nothing against it', () => {
  const files = corpusFiles(/\.json(ld)?$/).filter((name) => !NOT_DOCUMENTS.test(name));
  const against: Record<string, string[]> = {};
  let count = 0;
  for (const name of files) {
    const { events, faults } = readFile(name);
    const sent = JSON.parse(Buffer.from(corpusFile(name)).toString()) as {
      epcisBody?: { eventList?: unknown[]; queryResults?: { resultsBody: { eventList: unknown[] } } };
    };
    const list = sent.epcisBody?.eventList ?? sent.epcisBody?.queryResults?.resultsBody.eventList;
    const codes = [...faults, ...events.flatMap((event) => event.faults)].map((fault) => fault.code);
    if (codes.length > 0) against[name] = codes;
    if (!codes.includes('D04_MALFORMED'))
      expect([name, events.length]).toEqual([name, isBare(name) ? 1 : (list?.length ?? 0)]);
    count += events.length;
  }
  expect(against).toEqual(KNOWN);
  expect(count).toBeGreaterThan(300);
});

test.skipIf(!hasCorpus)('corpus: the event hashes are those of the reference', () => {
  const rows = Buffer.from(corpusFile('event-hashes-ref.tsv')).toString().trim().split('\n').slice(1);
  const files = new Map<string, SourceEvent[]>();
  const wrong: string[] = [];
  for (const row of rows) {
    const [name, index, expected] = row.split('\t') as [string, string, string];
    const events = files.get(name) ?? readFile(name).events;
    files.set(name, events);
    const event = events[Number(index)];
    if (event === undefined || niHash(event) !== expected) wrong.push(`${name} ${index}`);
  }
  expect(rows.length).toBeGreaterThan(200);
  expect(wrong).toEqual([
    // Refused, for a member that is there twice.
    'gs1/JSON/AssociationEvent/AssociationEvent-h.jsonld 0',
    // bizRules in a sensorReport: the implementation behind this row leaves it out, the reference has it at the end.
    'gs1/XML/WithSensorData/SensorDataExamples.xml 7',
  ]);
});

test.skipIf(!hasCorpus)('corpus: what the reference holds equal has one hash', () => {
  const groups = corpusFiles(/^hash-equal\//).map((name) => ({
    name,
    hashes: new Set(readFile(name).events.map(niHash)).size,
  }));
  expect(groups.length).toBeGreaterThan(4);
  expect(groups.filter((group) => group.hashes !== 1).map((group) => group.name)).toEqual([]);
});
