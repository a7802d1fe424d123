// A document is never whole in memory: what it takes to scan and judge one does not grow with it. Each runs in a process of
// its own, whose peak the system counts.

import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { mediaTypeOf } from '../support/capture.ts';
import {
  documentJson,
  documentText,
  dscsaPlan,
  eventJson,
  eventXml,
  MAKER,
  sgtin,
  UNIT,
} from '../support/epcis-documents.ts';

const MB = 1_000_000;
const folder = mkdtempSync(join(tmpdir(), 'firn-memory-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The document around its events, and an event whose serial numbers all have `SERIAL` in them. */
function partsOf(form: 'json-dl' | 'xml-2.0'): {
  start: string;
  event: string;
  between: string;
  end: string;
} {
  const plan = dscsaPlan();
  const [first] = plan.events;
  if (first === undefined) throw new Error('the plan has events');
  const event = { ...first, epcs: Array.from({ length: 10 }, (_, i) => sgtin(MAKER, UNIT, `SERIAL${i}`)) };
  const one = { ...plan, events: [event] };
  const [text, own] =
    form === 'json-dl'
      ? [JSON.stringify(documentJson(one, form)), JSON.stringify(eventJson(event, form))]
      : [documentText(one, form), eventXml(event, form)];
  const [start, end] = text.split(own);
  if (start === undefined || end === undefined) throw new Error('the document holds its event as it is');
  return { start, event: own, between: form === 'json-dl' ? ',' : '', end };
}

/** Writes a document of about so many bytes, every event another. @returns how many events it has */
function write(path: string, form: 'json-dl' | 'xml-2.0', bytes: number): number {
  const { start, event, between, end } = partsOf(form);
  const count = Math.round(bytes / event.length);
  const file = openSync(path, 'w');
  writeSync(file, start);
  for (let i = 0; i < count; i++)
    writeSync(file, (i === 0 ? '' : between) + event.replaceAll('SERIAL', `A${i}B`));
  writeSync(file, end);
  closeSync(file);
  return count;
}

/** Peak of a process that judges a document of this size, bytes. */
function peakOf(form: 'json-dl' | 'xml-2.0', bytes: number): number {
  const path = join(folder, `${form}.${bytes}`);
  const count = write(path, form, bytes);
  expect(statSync(path).size).toBeGreaterThan(0.8 * bytes);
  const program = fileURLToPath(new URL('../support/judge-once.mjs', import.meta.url));
  // A small heap: else most of the difference is what V8 leaves lying because nothing calls for room.
  const flags = ['--max-semi-space-size=1', '--max-old-space-size=32'];
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [...flags, program, path, mediaTypeOf(form)],
    {
      encoding: 'utf8',
    },
  );
  rmSync(path);
  expect([status, stderr]).toEqual([0, '']);
  const { events, rssBytes } = JSON.parse(stdout) as { events: number; rssBytes: number };
  expect(events).toBe(count);
  return rssBytes;
}

test.each(['json-dl', 'xml-2.0'] as const)(
  'memory: a document of 36 MB more (%s) takes less than 24 MB more',
  (form) => {
    // Both have more chunks than may be out at once.
    const [small, large] = [peakOf(form, 4 * MB), peakOf(form, 40 * MB)];
    expect(large - small).toBeLessThan(24 * MB);
  },
  120_000,
);
