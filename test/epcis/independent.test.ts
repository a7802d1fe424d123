// The canonical form and its digest against a program that shares nothing with the engine: test/independent/epcis_events.py,
// written from the description of the form alone. On every public document beside the checkout, and on our own in all forms.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkText } from '../support/epcis-check.ts';
import { documentText, dscsaPlan, FORMS } from '../support/epcis-documents.ts';

const SCRIPT = fileURLToPath(new URL('../independent/epcis_events.py', import.meta.url));
const shared = fileURLToPath(new URL('../../../shared/epcis/', import.meta.url));
const hasPython = spawnSync('python3', ['--version']).status === 0;
const PARTS = ['dscsa-forms', 'dscsa-mutants', 'gs1', 'openepcis', 'hash-vectors', 'hash-equal'];

interface Told {
  readonly event: number;
  readonly event_hash: string;
  readonly canonical: unknown;
}

/** What the program tells of each file; a file that it cannot read is not there. */
function independently(files: readonly string[]): Map<string, Told[]> {
  const { stdout } = spawnSync('python3', ['-B', SCRIPT, '--names', ...files], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: 120_000,
  });
  const told = new Map<string, Told[]>();
  for (const line of stdout.split('\n').slice(0, -1)) {
    const { file, ...event } = JSON.parse(line) as Told & { file: string };
    told.set(file, [...(told.get(file) ?? []), event]);
  }
  return told;
}

/** What the engine tells of one document: events that it refuses have no form that anybody would store, and are left out. */
async function ofEngine(text: Uint8Array): Promise<Told[]> {
  const told: Told[] = [];
  await checkText(text, {
    profile: 'generic',
    gln: null,
    partners: null,
    onEvent: ({ index, rejected, canonical }) => {
      if (!rejected && canonical !== null)
        told.push({ event: index, event_hash: canonical.hash, canonical: JSON.parse(canonical.json) });
    },
  });
  return told;
}

async function compare(files: readonly string[]): Promise<number> {
  const theirs = independently(files);
  let events = 0;
  for (const file of files) {
    for (const told of await ofEngine(readFileSync(file))) {
      expect(
        theirs.get(file)?.find(({ event }) => event === told.event),
        `${file}, event ${told.event}`,
      ).toEqual(told);
      events += 1;
    }
  }
  return events;
}

describe.skipIf(!hasPython)('an independent canonical form (needs python3)', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'firn-independent-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('our own document in its four forms', async () => {
    const files = FORMS.map((form) => {
      const file = join(folder, form);
      writeFileSync(file, documentText(dscsaPlan(), form));
      return file;
    });
    expect(await compare(files)).toBe(FORMS.length * dscsaPlan().events.length);
  });

  test('spaces, short names, escapes, decimals, words by prefix, nested extensions', async () => {
    const file = join(folder, 'odd.xml');
    writeFileSync(file, ODD);
    expect(await compare([file])).toBe(1);
  });

  test('names that are whole IRIs', async () => {
    const ilmd = { 'urn:epcglobal:cbv:mda:lotNumber': 'L', 'https://x.example/ns#a': '1', 'urn:x': '2' };
    const event = { ...BARE, ilmd, 'https://x.example/b': '3' };
    const file = join(folder, 'iris.json');
    writeFileSync(file, JSON.stringify({ ...DOCUMENT, epcisBody: { eventList: [event] } }));
    expect(await compare([file])).toBe(1);
  });

  test.skipIf(!existsSync(shared))(
    'every public document (beside the checkout: ../shared/epcis)',
    async () => {
      const files = PARTS.flatMap((part) =>
        readdirSync(join(shared, part), { recursive: true, encoding: 'utf8' })
          .filter((name) => /\.(xml|json|jsonld)$/.test(name) && !/expect\.json$|glns\.json$/.test(name))
          .map((name) => join(shared, part, name)),
      );
      expect(await compare(files)).toBeGreaterThan(450);
    },
    120_000,
  );
});

const DOCUMENT = {
  '@context': ['https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld'],
  type: 'EPCISDocument',
  schemaVersion: '2.0',
  creationDate: '2025-01-11T12:00:00Z',
};
const BARE = {
  type: 'ObjectEvent',
  eventTime: '2025-01-11T12:00:00Z',
  eventTimeZoneOffset: '+01:00',
  action: 'ADD',
  epcList: ['https://id.gs1.org/01/09521234567899/21/A'],
};

const ODD = `<?xml version="1.0"?>
<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:2" xmlns:a="urn:example:y" xmlns:b="http://x.example/q"
  xmlns:c="http://x.example/q#" schemaVersion="2.0" creationDate="2025-01-11T12:00:00.000+01:00"><EPCISBody><EventList>
<ObjectEvent><eventTime>2025-01-11T12:00:59.99951+01:00</eventTime><eventTimeZoneOffset>+01:00</eventTimeZoneOffset>
<epcList><epc> http://EXAMPLE.com/x/gtin/9521234567899/ser/a%2fb?z=1 </epc><epc>urn:epc:id:sgtin:9521234.056789.a%2fc'=;!</epc>
<epc>urn:epc:id:giai:9521234.ABC.D</epc></epcList><action>OBSERVE</action><bizStep>a:step</bizStep>
<disposition>b:disp</disposition><readPoint><id>urn:epc:id:sgln:9521234.00001.a%2Fb</id><a:k z="1">t<b:y/></a:k></readPoint>
<bizTransactionList><bizTransaction type="c:t">d:x</bizTransaction></bizTransactionList>
<quantityList><quantityElement><epcClass>https://id.gs1.org/01/09521234567899/22/AA/10/L%2B1</epcClass>
<quantity>+0012.50</quantity></quantityElement><quantityElement><epcClass>https://id.gs1.org/01/09521234567899</epcClass>
<quantity>.5</quantity><uom>KGM</uom></quantityElement></quantityList>
<a:e>  x  y </a:e><a:e>z</a:e><a:e>z</a:e><b:m u="2" a:v="3"/></ObjectEvent></EventList></EPCISBody></epcis:EPCISDocument>`;
