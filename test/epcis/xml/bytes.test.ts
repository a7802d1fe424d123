// Bytes: encodings, where an event lies in them, and that it does not matter how they are cut.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SourceEvent } from '../../../engine/epcis/model.ts';
import { document1, document2, objectEvent, read, WHEN } from './read.ts';

const BODY = [
  objectEvent(['urn:epc:id:sgtin:0399999.000001.1'], '<bizStep>größe 𝄞 日本</bizStep>'),
  `<ObjectEvent\r\n xmlns:own="urn:öwn" >${WHEN}\r\n<epcList>\r<epc>urn:1</epc></epcList><action>ADD</action><own:é own:ü="ß">x\r\ny</own:é>\r\n</ObjectEvent\r\n>`,
  `<ObjectEvent\r>${WHEN}</ObjectEvent>`,
  '<ObjectEvent/>',
  `<!-- 𝄞 --><AggregationEvent ex:note="ä">${WHEN}<parentID>urn:p</parentID></AggregationEvent>`,
].join('\r\n  <?pi ü?> ');
const DOCUMENT = document2(`${BODY}<extension>${objectEvent(['urn:2'])}</extension>`);

function utf16(text: string, bigEndian: boolean): Buffer {
  const bytes = Buffer.from(`\ufeff${text.replace('UTF-8', 'UTF-16')}`, 'utf16le');
  return bigEndian ? bytes.swap16() : bytes;
}

const FORMS: readonly (readonly [string, Buffer, (bytes: Uint8Array) => string])[] = [
  ['UTF-8', Buffer.from(DOCUMENT), (bytes) => Buffer.from(bytes).toString('utf8')],
  ['UTF-8 with a mark', Buffer.from(`\ufeff${DOCUMENT}`), (bytes) => Buffer.from(bytes).toString('utf8')],
  ['UTF-16LE', utf16(DOCUMENT, false), (bytes) => Buffer.from(bytes).toString('utf16le')],
  ['UTF-16BE', utf16(DOCUMENT, true), (bytes) => Buffer.from(bytes).swap16().toString('utf16le')],
  [
    'ASCII',
    Buffer.from(document1(objectEvent(['urn:1'])).repeat(1)),
    (bytes) => Buffer.from(bytes).toString('latin1'),
  ],
];

/** What of an event two readings must agree in. */
function seen({ fields, faults, type, span, prefixes, locate }: SourceEvent): unknown {
  return { fields, faults, type, span, prefixes: [...prefixes], at: locate(['ext', 0]) };
}

describe.each(FORMS)('%s', (_name, bytes, decoded) => {
  it('has each event where its span says, and it reads the same on its own', () => {
    const { events, faults } = read(bytes);
    expect(faults).toEqual([]);
    expect(events.length).toBeGreaterThan(0);
    for (const event of events) {
      const text = decoded(bytes.subarray(event.span.offset, event.span.offset + event.span.length));
      expect(text).toMatch(new RegExp(`^<${event.type}[\\s/>]`));
      expect(text).toMatch(new RegExp(`(</${event.type}\\s*|/)>$`));
      const alone = read(document2(text)).events;
      expect(alone).toHaveLength(1);
      expect(alone[0]?.fields).toEqual(event.fields);
    }
  });

  it('gives the same events however the bytes are cut', () => {
    const whole = read(bytes);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 1, maxLength: 12 }), (sizes) => {
        const cut = read(bytes, {}, sizes);
        expect(cut.faults).toEqual([]);
        expect(cut.head).toEqual(whole.head);
        expect(cut.events.map(seen)).toEqual(whole.events.map(seen));
      }),
      { numRuns: 60 },
    );
    expect(read(bytes, {}, [1]).events.map(seen)).toEqual(whole.events.map(seen));
  });

  it('is refused once, and only so, wherever it ends too early', () => {
    const { events } = read(bytes);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length - 1 }), (length) => {
        const { head, faults, events: some } = read(bytes.subarray(0, length), {}, [37]);
        expect(head).toBeNull();
        expect(faults.map(({ code }) => code)).toEqual(['D04_MALFORMED']);
        expect(some.map(seen)).toEqual(events.slice(0, some.length).map(seen));
      }),
      { numRuns: 200 },
    );
  });

  it('never throws, whatever a byte becomes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: bytes.length - 1 }),
        fc.integer({ min: 0, max: 255 }),
        (at, value) => {
          const changed = Uint8Array.from(bytes);
          changed[at] = value;
          const { head, faults } = read(changed);
          expect(head === null).toBe(faults.length === 1);
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe('span', () => {
  it('is right across pieces of the decoder, in any of three encodings', () => {
    // Longer than a piece, with characters of 1 to 4 bytes and line ends at every place of it.
    const one = (index: number): string =>
      `${'ä日𝄞\r\n'.repeat(index % 7)}<ObjectEvent\r\n>${WHEN}<epcList><epc>urn:é:${index}</epc></epcList>${'\r\n𝄞'.repeat(index % 5)}</ObjectEvent>`;
    const text = document2(
      Array.from({ length: 3000 }, (_, index) => `<!--${one(index)}-->${one(index)}`).join(''),
    );
    for (const [bytes, encoding] of [
      [Buffer.from(text), 'utf8'],
      [utf16(text, false), 'utf16le'],
    ] as const) {
      const { events } = read(bytes);
      expect(events).toHaveLength(3000);
      for (const { span, index } of events) {
        const own = bytes.subarray(span.offset, span.offset + span.length).toString(encoding);
        expect(own.startsWith('<ObjectEvent\r\n>') && own.endsWith('</ObjectEvent>')).toBe(true);
        expect(own).toContain(`<epc>urn:é:${index}</epc>`);
      }
    }
  });
});

describe('encoding', () => {
  const bare = '<e:EPCISDocument xmlns:e="urn:epcglobal:epcis:xsd:2" a="ä"/>';
  const codesOf = (bytes: Uint8Array): string[] => read(bytes).faults.map(({ code }) => code);
  const declared = (label: string, rest = bare): string => `<?xml version="1.0" encoding="${label}"?>${rest}`;

  it('refuses bytes that are not UTF-8, wherever they stand', () => {
    for (const bad of [[0xc3], [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x80]]) {
      const bytes = Buffer.concat([Buffer.from(bare), Buffer.from(bad)]);
      expect(codesOf(bytes)).toEqual(['D04_MALFORMED']);
    }
  });

  it('refuses lone surrogates and half characters in UTF-16', () => {
    const good = utf16(bare, false);
    expect(codesOf(good)).toEqual([]);
    expect(codesOf(Buffer.concat([good, Buffer.from([0x20])]))).toEqual(['D04_MALFORMED']);
    const lone = utf16(bare.replace('ä', '\ud83d'), false);
    expect(codesOf(lone)).toEqual(['D04_MALFORMED']);
    expect(codesOf(Buffer.from(bare, 'utf16le'))).toEqual(['D04_MALFORMED']);
  });

  it('refuses a declaration that the bytes contradict', () => {
    expect(codesOf(Buffer.from(declared('UTF-8')))).toEqual([]);
    expect(codesOf(Buffer.from(declared('utf-8')))).toEqual([]);
    for (const label of ['UTF-16', 'UTF-16LE', 'EBCDIC-CP-US', 'UCS-4', 'x-own']) {
      expect(codesOf(Buffer.from(declared(label)))).toEqual(['D04_MALFORMED']);
    }
    expect(codesOf(Buffer.from(`\ufeff${declared('ISO-8859-1', bare.replace('ä', 'a'))}`))).toEqual([
      'D04_MALFORMED',
    ]);
    expect(codesOf(Buffer.from(`\ufeff${declared('UTF-8')}`, 'utf16le'))).toEqual(['D04_MALFORMED']);
  });

  it('reads ISO-8859-1 and US-ASCII where only ASCII is used', () => {
    for (const label of ['ISO-8859-1', 'US-ASCII', 'windows-1252']) {
      expect(codesOf(Buffer.from(declared(label, bare.replace('ä', 'a'))))).toEqual([]);
      const { faults } = read(Buffer.from(declared(label, `${' '.repeat(70_000)}${bare}`), 'latin1'));
      expect(faults).toMatchObject([
        { code: 'D04_MALFORMED', detail: expect.stringContaining('only ASCII') },
      ]);
    }
  });

  it('refuses a second byte order mark, and an empty document', () => {
    expect(codesOf(Buffer.from(`\ufeff\ufeff${bare}`))).toEqual(['D04_MALFORMED']);
    expect(codesOf(new Uint8Array(0))).toEqual(['D04_MALFORMED']);
    expect(codesOf(Buffer.from('\ufeff'))).toEqual(['D04_MALFORMED']);
  });
});
