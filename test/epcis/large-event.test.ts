// An event over the limit is passed over: nothing of it stays in memory while it comes.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { type DocumentSink, READ_LIMITS, type SourceEvent } from '../../engine/epcis/model.ts';
import { createReader } from '../../engine/epcis/read.ts';
import { documentText, dscsaPlan } from '../support/epcis-documents.ts';

const MIB = 1024 * 1024;
const limits = { ...READ_LIMITS, maxEventBytes: MIB };
const LONG = 20;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes in use after everything that can go has gone. */
function used(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const FORMS = [
  {
    name: 'JSON',
    media: 'application/json',
    form: 'json-dl',
    list: /"eventList":\s*\[/,
    start: '{"type":"ObjectEvent","ext:a":[""',
    piece: `,"${'x'.repeat(MIB / 2)}"`,
    end: ']},',
  },
  {
    name: 'XML',
    media: 'application/xml',
    form: 'xml-2.0',
    list: /<EventList>/,
    start: '<ObjectEvent>',
    piece: `<a>${'x'.repeat(MIB / 2)}</a>`,
    end: '</ObjectEvent>',
  },
] as const;

describe.each(FORMS)('an event over the limit, $name', ({ media, form, list, start, piece, end }) => {
  test('nothing of it is kept while it comes, and the next ones are read', () => {
    const events: SourceEvent[] = [];
    const sink: DocumentSink = {
      event: (event) => events.push(event),
      fault: ({ detail }) => expect.unreachable(detail),
    };
    const reader = createReader(media, sink, limits, {});
    const text = documentText(dscsaPlan(), form);
    const at = text.search(list) + (list.exec(text)?.[0].length ?? 0);
    reader.write(Buffer.from(text.slice(0, at) + start));
    const first = used();
    for (let sent = 0; sent < LONG * MIB; sent += piece.length) reader.write(Buffer.from(piece));
    expect(used() - first).toBeLessThan(8 * MIB);
    reader.write(Buffer.from(end + text.slice(at)));
    expect(reader.end()?.events).toBe(dscsaPlan().events.length + 1);
    const [large, next] = events;
    expect(large?.span.length).toBeGreaterThan(LONG * MIB);
    expect(next?.faults).toEqual([]);
  });
});
