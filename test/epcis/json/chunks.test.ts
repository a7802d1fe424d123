// However the bytes of a document arrive, and whatever is wrong with them, the reader makes the same of them and never throws.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { COMMISSIONING, documentOf, type Outcome, PACKING, read } from './fixture.ts';

const EVENTS = [
  COMMISSIONING,
  {
    ...PACKING,
    'acme:note': 'Füße \ud83d\udce6 "quoted" \\ \u0007',
    'acme:weight': [1.5, -0, 1e21, true, null],
  },
  { type: 'TransformationEvent', ilmd: {}, inputEPCList: [], 'acme:deep': { 'acme:a': [{ 'acme:b': {} }] } },
];
const WHOLE = Buffer.from(
  `\ufeff${JSON.stringify(documentOf(EVENTS, { sender: '9999999000013' }), null, 1).replace('"1.5"', '1.50')}`,
);

/** What can be compared: everything but functions. */
function plain(outcome: Outcome): unknown {
  return JSON.parse(
    JSON.stringify({
      ...outcome,
      events: outcome.events.map((event) => ({
        ...event,
        prefixes: [...event.prefixes],
        at: event.faults.map((fault) => event.locate(fault.path)),
      })),
    }),
  );
}

describe('json reader: pieces', () => {
  const expected = plain(read(WHOLE));

  test('json reader: one byte at a time is as good as all at once', () => {
    const outcome = read(WHOLE, { pieces: Array.from({ length: WHOLE.length }, () => 1) });
    expect(outcome.events).toHaveLength(EVENTS.length);
    expect(plain(outcome)).toEqual(expected);
  });

  test('json reader: pieces of any size give the same events', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 40 }), (pieces) => {
        expect(plain(read(WHOLE, { pieces }))).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  test('json reader: the spans are the bytes of the events', () => {
    for (const { index, span } of read(WHOLE).events) {
      const text = WHOLE.subarray(span.offset, span.offset + span.length).toString();
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(EVENTS[index])));
    }
  });

  test('json reader: a document that breaks off anywhere is malformed', () => {
    for (let size = 0; size < WHOLE.length - 1; size++) {
      const { faults, head } = read(WHOLE.subarray(0, size));
      expect(faults.map((fault) => fault.code)).toEqual(['D04_MALFORMED']);
      if (size === 0) expect(faults[0]?.detail).toBe('the document is empty');
      expect(head).toBeNull();
    }
  });

  test('json reader: flipped bytes give findings or events, the same in pieces, and nothing is thrown', () => {
    const flips = fc.array(fc.tuple(fc.nat(WHOLE.length - 1), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(flips, fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 9 }), (changes, pieces) => {
        const bytes = Buffer.from(WHOLE);
        for (const [at, change] of changes) bytes[at] = (bytes[at] as number) ^ change;
        const outcome = read(bytes);
        expect(outcome.head === null).toBe(outcome.faults.some((fault) => fault.severity === 'reject'));
        const again = read(bytes, { pieces });
        expect(plain(again)).toEqual(plain(outcome));
        expect(isJson(bytes) || outcome.head === null).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test('json reader: it takes what JSON.parse takes, names twice and depth aside', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        const { faults, events } = read(`[${text}]`, { single: true });
        expect(faults).toEqual([]);
        expect(events).toHaveLength(1);
      }),
    );
  });
});

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}
