// What the reader refuses so that no document costs more memory than its limits say.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { READ_LIMITS } from '../../../engine/epcis/model.ts';
import { createXmlReader } from '../../../engine/epcis/xml/reader.ts';
import { document2, objectEvent, read, WHEN } from './read.ts';

const MIB = 1024 * 1024;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes in use after everything that can go has gone. */
function used(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

describe('tokens without an end', () => {
  const open = '<e:EPCISDocument xmlns:e="urn:epcglobal:epcis:xsd:2" ';
  it.each([
    ['text', `${open}><EPCISBody><EventList><ObjectEvent>`, 'x'],
    ['white space', `${open}>`, ' '],
    ['character references', `${open}><EPCISBody><EventList><ObjectEvent>`, '&#65;'],
    ['an attribute', `${open} a="`, 'x'],
    ['attributes', open, "a='' "],
    ['a name', '<', 'x'],
    ['a closing name', `${open}></`, 'x'],
    ['an entity', `${open}>&`, 'x'],
    ['a comment', '<!--', 'x'],
    ['CDATA', `${open}><![CDATA[`, 'x'],
    ['an instruction', '<?pi ', 'x'],
    ['the target of an instruction', '<?', 'x'],
    ['a document type', '<!DOCTYPE a [', ' '],
    ['a declaration', '<?xml version="', '1'],
    ['white space in front', '', ' '],
  ])('%s is refused before it is 2 MiB', (_what, start, more) => {
    const codes: string[] = [];
    const reader = createXmlReader(
      { event: () => expect.unreachable(), fault: ({ code }) => codes.push(code) },
      READ_LIMITS,
    );
    let sent = 0;
    reader.write(Buffer.from(start));
    const piece = Buffer.from(more.repeat(Math.ceil(10_000 / more.length)));
    while (sent < 3 * MIB && reader.write(piece)) {
      sent += piece.length;
    }
    expect(codes).toEqual(['D04_MALFORMED']);
    expect(sent).toBeLessThan(2 * MIB);
    expect(reader.write(piece)).toBe(false);
    expect(reader.end()).toBeNull();
    expect(codes).toHaveLength(1);
  });

  it('takes one of just the length that is allowed, wherever the pieces end', () => {
    const document = (length: number): string => document2(objectEvent(['x'.repeat(length)]));
    for (const sizes of [[], [1000], [65_536], [7, 90_001]]) {
      expect(read(document(1999), { maxTextLength: 2000 }, sizes).faults).toEqual([]);
      expect(read(document(2001), { maxTextLength: 2000 }, sizes).faults).toMatchObject([
        { code: 'D04_MALFORMED', detail: expect.stringContaining('2000') },
      ]);
    }
  });

  it('counts a text that comments cut into many', () => {
    const text = `${'x'.repeat(1500)}<!-- -->`.repeat(2);
    expect(read(document2(objectEvent([text])), { maxTextLength: 2000 }).faults).toHaveLength(1);
    const header = `<EPCISHeader><a>${text}</a></EPCISHeader>`;
    expect(read(document2('', header), { maxTextLength: 2000 }).faults).toHaveLength(1);
  });
});

describe('depth', () => {
  it('is counted from the root', () => {
    const nested = (depth: number): string => `${'<ex:a>'.repeat(depth)}${'</ex:a>'.repeat(depth)}`;
    // Root, EPCISBody, EventList and the event are four.
    expect(read(document2(`<ObjectEvent>${nested(60)}</ObjectEvent>`)).faults).toEqual([]);
    for (const place of [`<ObjectEvent>${nested(61)}</ObjectEvent>`, nested(62)]) {
      expect(read(document2(place)).faults).toMatchObject([{ code: 'D04_MALFORMED' }]);
    }
  });
});

describe('an event that is too large', () => {
  const limits = { maxEventBytes: 4000 };
  const large = objectEvent(Array.from({ length: 200 }, (_, index) => `urn:epc:${index}`));
  const small = objectEvent(['urn:a']);

  it('is told with its span and without its fields, and the next ones are read', () => {
    const bytes = Buffer.from(document2(`${small}${large}${small}`));
    for (const sizes of [[], [100]]) {
      const { events, faults, head } = read(bytes, limits, sizes);
      expect(faults).toEqual([]);
      expect(head?.events).toBe(3);
      expect(events.map(({ faults: own }) => own.map(({ code }) => code))).toEqual([
        [],
        ['F01_EVENT_TOO_LARGE'],
        [],
      ]);
      expect(events[1]?.fields).toEqual({ ext: [] });
      const { offset, length } = events[1]?.span ?? { offset: 0, length: 0 };
      expect(bytes.subarray(offset, offset + length).toString()).toBe(large);
      expect(events[1]?.locate(['epcList', 3])).toBe(
        '/epcis:EPCISDocument/EPCISBody/EventList/ObjectEvent[2]',
      );
      expect(events[2]?.locate([])).toBe('/epcis:EPCISDocument/EPCISBody/EventList/ObjectEvent[3]');
    }
  });

  it('is one too that is nothing but elements', () => {
    const { events } = read(
      document2(`<ObjectEvent>${WHEN}${'<a/>'.repeat(200)}</ObjectEvent>${small}`),
      limits,
    );
    expect(events.map(({ faults }) => faults[0]?.code)).toEqual(['F01_EVENT_TOO_LARGE', undefined]);
  });

  it('is still read to its end for what is malformed in it', () => {
    const broken = large.replace('urn:epc:199', 'urn:&epc;');
    expect(read(document2(`${broken}${small}`), limits, [100]).faults).toMatchObject([
      { code: 'D04_MALFORMED' },
    ]);
  });
});

describe('namespaces', () => {
  it('are bounded in number', () => {
    const declared = Array.from({ length: 300 }, (_, index) => `xmlns:p${index}="urn:p"`).join(' ');
    expect(read(document2(`<ObjectEvent ${declared}/>`)).faults).toMatchObject([{ code: 'D04_MALFORMED' }]);
  });
});

describe('names and declarations of any length', () => {
  it('are not kept', () => {
    const long = 'n'.repeat(100_000);
    const reader = createXmlReader({ event: () => {}, fault: () => expect.unreachable() }, READ_LIMITS);
    reader.write(Buffer.from(document2('|').split('|')[0] ?? ''));
    const before = used();
    for (let turn = 0; turn < 150; turn++) {
      reader.write(Buffer.from(`<${long}${turn}/><ObjectEvent><ex:${long}${turn}/></ObjectEvent>`));
    }
    expect(used() - before).toBeLessThan(8 * MIB);
  });

  it('have no place in a pointer', () => {
    const { events } = read(document2(`<a/><${'n'.repeat(5000)}/>${objectEvent([])}`));
    expect(events.map(({ locate }) => locate([]).split('/').at(-1))).toEqual([
      'a[1]',
      '*[2]',
      'ObjectEvent[1]',
    ]);
  });

  it('are refused as a namespace', () => {
    const iri = `urn:${'n'.repeat(5000)}`;
    expect(read(document2(`<ObjectEvent xmlns:p="${iri}"/>`)).faults).toMatchObject([
      { code: 'D04_MALFORMED' },
    ]);
  });

  it('are refused as a document type, at once', () => {
    const doctype = `<!DOCTYPE e [<!ENTITY a "${'<!--'.repeat(200_000)}">]>`;
    expect(read(doctype + document2('')).faults).toMatchObject([{ code: 'D05_DTD_ENTITY' }]);
  });
});

describe('memory', () => {
  it('does not grow with a document of many events and many names', () => {
    const reader = createXmlReader({ event: () => {}, fault: () => expect.unreachable() }, READ_LIMITS);
    const [start, end] = document2('|').split('|');
    reader.write(Buffer.from(start ?? ''));
    const before = used();
    for (let turn = 0; turn < 300; turn++) {
      // 300 times 100 KB, each event with names of its own.
      const names = Array.from(
        { length: 500 },
        (_, index) => `<ex:n${turn}-${index}>v</ex:n${turn}-${index}>`,
      );
      reader.write(
        Buffer.from(
          `<ObjectEvent xmlns:q${turn}="urn:${turn}">${WHEN}<ex:l>${'v'.repeat(80_000)}</ex:l>${names.join('')}</ObjectEvent><x${turn}/>`,
        ),
      );
    }
    expect(used() - before).toBeLessThan(8 * MIB);
    reader.write(Buffer.from(end ?? ''));
    expect(reader.end()?.events).toBe(600);
  });
});
