// Lists of ids that the parser splits on its way are the lists that were sent, and become what the same lists become unsplit.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalise } from '../../../engine/epcis/canonical.ts';
import { niHash } from '../../../engine/epcis/hash/ni.ts';
import { READ_LIMITS, type SourceEvent } from '../../../engine/epcis/model.ts';
import { createReader } from '../../../engine/epcis/read.ts';
import { isSplit } from '../../../engine/epcis/serial-list.ts';

const STEM = 'urn:epc:id:sgtin:9521234.012345.';
const serial = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/);
const alike = fc.array(
  serial.map((each) => STEM + each),
  { minLength: 16, maxLength: 40 },
);
const odd = fc.constantFrom(
  STEM,
  ` ${STEM}A`,
  `${STEM}A `,
  `${STEM}${'9'.repeat(21)}`,
  `${STEM}A%2FB`,
  `${STEM}é`,
  `${STEM}A"B`,
  'urn:epc:id:sgtin:9521234.012346.A',
  'urn:epc',
  '',
);

function read(epcs: readonly string[], gap: string, piece: number): SourceEvent {
  // Behind the list there is more, or else the end of the document might be too near for its last ids.
  const event = {
    type: 'ObjectEvent',
    epcList: ['#'],
    eventID: 'urn:uuid:2c5e3f0a-7f0c-4f0e-9b1e-0d9a4c7d1e52',
  };
  const list = epcs.map((each) => JSON.stringify(each)).join(`${gap},${gap}`);
  const text = JSON.stringify(event).replace('"#"', () => gap + list + gap);
  const body = Buffer.from(text);
  const events: SourceEvent[] = [];
  const sink = { event: (each: SourceEvent) => events.push(each), fault: () => {} };
  const reader = createReader('application/json', sink, READ_LIMITS, { single: true });
  for (let at = 0; at < body.length; at += piece) reader.write(body.subarray(at, at + piece));
  reader.end();
  return events[0] as SourceEvent;
}

const gaps = fc.constantFrom('', ' ', '\n\t');
const pieces = fc.integer({ min: 1, max: 2000 });

test('a list that differs in its serials is split, and is the same list', () => {
  fc.assert(
    fc.property(alike, gaps, pieces, (sent, gap, piece) => {
      const event = read(sent, gap, piece);
      const { epcList = [] } = event.fields;
      expect(isSplit(epcList)).toBe(true);
      expect(epcList).toEqual(sent);
      const unsplit = { ...event, fields: { ...event.fields, epcList: [...sent] } };
      const options = { profile: 'generic', ni: niHash } as const;
      expect(canonicalise(event, options)).toEqual(canonicalise(unsplit, options));
    }),
  );
});

test('a list in which one is otherwise is not split, wherever it stands, and is the same list', () => {
  fc.assert(
    fc.property(alike, odd, fc.nat(), gaps, pieces, (sent, other, place, gap, piece) => {
      const mixed = sent.toSpliced(place % (sent.length + 1), 0, other);
      const { epcList = [] } = read(mixed, gap, piece).fields;
      expect(isSplit(epcList)).toBe(false);
      expect(epcList).toEqual(mixed.map((each) => each.trim()));
    }),
  );
});

test.each(['/', '"'])(
  'a first id with escapes begins no such list, whatever its last bytes are (%s)',
  (last) => {
    // Each character of the id is one of the last bytes of how it is written, which is twice as long.
    const first = `"${'\\\\'.repeat(13)}\\${last}A"`;
    const others = Array.from({ length: 20 }, (_, i) => `"${'\\'.repeat(13)}${last}B${i}"`);
    const text = `{"type":"ObjectEvent","epcList":[${[first, ...others].join()}],"eventID":"urn:uuid:2c5e3f0a-7f0c-4f0e-9b1e-0d9a4c7d1e52"}`;
    const events: SourceEvent[] = [];
    const sink = { event: (each: SourceEvent) => events.push(each), fault: () => {} };
    const reader = createReader('application/json', sink, READ_LIMITS, { single: true });
    reader.write(Buffer.from(text));
    reader.end();
    expect(events[0]?.fields.epcList).toEqual((JSON.parse(text) as { epcList: string[] }).epcList);
  },
);

test('what breaks such a list is a fault where it stands', () => {
  const good = Array.from({ length: 20 }, (_, i) => JSON.stringify(`${STEM}A${i}`));
  for (const [tail, at] of [
    [`,"${STEM}A\u0001"]}`, 'control'],
    [`,]}`, 'JSON value'],
    [`,"${STEM}A""`, 'comma'],
    [`;`, 'comma'],
  ] as const) {
    const faults: string[] = [];
    const sink = { event: () => {}, fault: ({ detail }: { detail: string }) => faults.push(detail) };
    const reader = createReader('application/json', sink, READ_LIMITS, { single: true });
    reader.write(Buffer.from(`{"epcList":[${good.join()}${tail}`));
    expect(reader.end()).toBeNull();
    expect(faults[0]).toContain(at);
  }
});
