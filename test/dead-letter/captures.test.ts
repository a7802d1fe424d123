// What the tools say of events in a lake: dead letters are listed and shown, not replayed; a line has its proof; files of
// journal and lake are told for what they are.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { inspectJournal } from '../../engine/inspect/journal.ts';
import { parseVkey } from '../../engine/seal/note.ts';
import { checkProof, proveRecord } from '../../engine/verify/record.ts';
import { TestCapture } from '../support/captures.ts';
import { deadLetter, endCommands } from '../support/dead-letter.ts';
import { reading } from '../support/journal-feed.ts';
import { filesOf, NOON, SealBed, settle } from '../support/seal-bed.ts';

const bed = new SealBed(mkdtempSync(join(tmpdir(), 'firn-captures-')), { captures: true });
const REPLAY = ['--reason', 'r', '--to', 'http://127.0.0.1:9', '--dry-run'];

beforeAll(async () => {
  bed.feed.frame(`${reading('2026-02-01T10:00:00Z')}\nrubbish`, NOON);
  const capture = new TestCapture(join(bed.folder, 'spool'), 1, NOON, (frames) =>
    bed.feed.group(frames, NOON),
  );
  capture.whole([{ at: NOON }, 'refused', { at: NOON + 1 }]);
  const sealer = await bed.open();
  await settle(sealer);
  await bed.drain(sealer);
  sealer.close();
});
afterEach(endCommands);
afterAll(() => {
  bed.close();
  rmSync(bed.folder, { recursive: true, force: true });
});

test('dead letters of captures: they are listed with event and capture, and shown byte by byte', async () => {
  const listed = await deadLetter(['list', bed.lake, '--stream', 'epcis', '--json']);
  expect(listed.code).toBe(0);
  expect(listed.json).toMatchObject([
    {
      stream: 'epcis',
      code: 'I03_GTIN_CHECK_DIGIT',
      source: { frame: 1, session: 'capture:00000000-0000-4000-8000-000000000001' },
    },
  ]);
  const table = await deadLetter(['list', bed.lake, '--code', 'I03_GTIN_CHECK_DIGIT']);
  expect(table.out.toString()).toMatch(/plant\/capture:0{8}-\S+\/1 /);
  const shown = await deadLetter(['show', bed.lake, listed.json[0].short, '--raw']);
  expect(shown.out.toString()).toBe('<document no="1"/>');
  expect((await deadLetter(['show', bed.lake, listed.json[0].short])).out.toString()).toContain(
    'epcis-event/1',
  );
});

test('dead letters of captures: a replay refuses them with a word, and leaves them out of what a filter means', async () => {
  const [letter] = (await deadLetter(['list', bed.lake, '--stream', 'epcis', '--json'])).json;
  for (const meant of [[letter.short], [letter.reference], ['--stream', 'epcis']]) {
    const { code, err } = await deadLetter(['replay', bed.lake, ...meant, ...REPLAY]);
    expect([code, err]).toEqual([2, expect.stringContaining('send the document again')]);
  }
  const all = await deadLetter(['replay', bed.lake, ...REPLAY]);
  expect(all.code).toBe(0);
  expect(all.err).toContain('1 refused event of captures left out');
  expect(all.out.toString()).toMatch(/1 record would be sent, 0 not\n$/);
});

test('captures: the line of an event has its proof', async () => {
  const [key] = [...filesOf(bed.lake, '.ndjson.zst').keys()].filter((name) => name.startsWith('epcis/'));
  const proof = await proveRecord({ lake: bed.lake, key: key as string, line: 2 });
  expect(JSON.parse(proof.record)).toMatchObject({ index: 2, canonical: { type: 'ObjectEvent' } });
  expect(checkProof(proof, proof.keys.map(parseVkey)).holds).toBe(true);
});

test('captures: inspect counts their entries', () => {
  const folder = join(bed.folder, 'journal/records');
  const [segment] = readdirSync(folder);
  const { fault, rows } = inspectJournal(join(folder, segment as string));
  expect(fault).toBeNull();
  const [, totals] = rows.find(([name]) => name === 'records') as readonly [string, string];
  expect(totals).toMatch(/\b1 capture, 3 verdict, 1 captured\b/);
});

test('captures: DuckDB reads events by hive partition, with what lies inside them', async () => {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  const lines = `read_ndjson('${bed.lake}/epcis/**/*.ndjson.zst', hive_partitioning=true)`;
  const result = await connection.runAndReadAll(
    `SELECT year, month, day, count(*)::INTEGER AS n, min(canonical.ilmd.lotNumber) AS lot, max(raw.text) AS raw FROM ${lines} GROUP BY ALL`,
  );
  // A lot keeps its zeros.
  expect(result.getRowObjectsJson()).toMatchObject([{ n: 2, lot: '0012', raw: '<e/>' }]);
  connection.closeSync();
  instance.closeSync();
});
