// Verdicts of captures beside telemetry in one journal: batches of the stream `epcis` and its dead letter, what they are
// made of, and when the files of the spool may go.

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { FatalError } from '../../engine/errors.ts';
import { Captures } from '../../engine/journal/captures.ts';
import { schemaSha256 } from '../../engine/schema/document.ts';
import { EPCIS_EVENT_DOCUMENT } from '../../engine/schema/epcis-event.ts';
import { dropOrphans } from '../../engine/seal/spool-files.ts';
import { type Sink, SinkOutage } from '../../engine/sink/sink.ts';
import { diskStorage } from '../../engine/storage.ts';
import { decompress } from '../../workers/compress.ts';
import { TestCapture } from '../support/captures.ts';
import { independent, independentRuns } from '../support/independent.ts';
import { HASTY_STORAGE, reading } from '../support/journal-feed.ts';
import { temporaryFolder } from '../support/journal-folder.ts';
import { verifyBoth } from '../support/kernels.ts';
import { type BedOptions, filesOf, NOON, SealBed, settle } from '../support/seal-bed.ts';

const DAY = 86_400_000;
const OPTIONS: BedOptions = { captures: true, cut: { records: 5 } };
const beds: SealBed[] = [];

function bed(options: BedOptions = OPTIONS, folder = temporaryFolder()): SealBed {
  const made = new SealBed(folder, options);
  beds.push(made);
  return made;
}

afterEach(() => {
  for (const made of beds.splice(0)) made.close();
});

const spoolOf = (b: SealBed): string => join(b.folder, 'spool');

function capture(
  b: SealBed,
  number: number,
  options: ConstructorParameters<typeof TestCapture>[4] = {},
): TestCapture {
  const put = (frames: Parameters<ConstructorParameters<typeof TestCapture>[3]>[0]): void =>
    b.feed.group(frames, NOON + number);
  return new TestCapture(spoolOf(b), number, NOON + number, put, options);
}

function linesIn(b: SealBed, name: string): Record<string, unknown>[] {
  return [...filesOf(b.lake, '.ndjson.zst')]
    .filter(([key]) => key.startsWith(name))
    .flatMap(([, base64]) =>
      Buffer.from(decompress(Buffer.from(base64, 'base64'), 1 << 28))
        .toString('utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    );
}

async function expectSound(b: SealBed): Promise<void> {
  const report = await verifyBoth({ lake: b.lake, graceMs: 0 });
  expect(report.findings).toEqual([]);
  if (!independentRuns) return;
  const other = independent(b.lake, '--grace', '0');
  expect(other.report?.findings).toEqual([]);
  expect(other.code).toBe(0);
}

/** Telemetry and captures, one among the other. */
function feedBoth(b: SealBed): void {
  b.feed.frame([reading('2026-02-01T10:00:00Z'), 'rubbish'].join('\n'), NOON);
  const first = capture(b, 1);
  const second = capture(b, 2);
  first.begin();
  second.begin();
  first.judge(0, [{ at: NOON }, 'refused', { at: NOON - DAY, text: '<tag>é\u2028"</tag>' }]);
  b.feed.frame([reading('2026-02-01T11:00:00Z'), 'rubbish'].join('\n'), NOON);
  second.judge(0, ['duplicate', { at: NOON + 5 }, 'refused']);
  first.judge(3, ['duplicate', 'duplicate', { at: NOON + 7 }, 'duplicate']);
  first.end(7);
  second.end(3);
  const whole = capture(b, 3, {
    body: `<broken ${'x'.repeat(100)}`,
    refused: {
      code: 'D04_MALFORMED',
      severity: 'reject',
      event: null,
      pointer: '',
      detail: 'not well-formed',
    },
  });
  whole.begin();
  whole.refuse(40);
  whole.end(0, false);
}

test('captures: verdicts become batches of their own days, sound for both verifiers', async () => {
  const b = bed();
  const sealer = await b.open();
  feedBoth(b);
  await settle(sealer);
  expect(await b.drain(sealer)).toBe(true);
  sealer.close();
  await expectSound(b);

  const events = linesIn(b, 'epcis/year=2026/month=02/day=01/');
  expect(events.map(({ index, capture_id }) => [String(capture_id).slice(-1), index])).toEqual([
    ['1', 0],
    ['2', 1],
    ['1', 5],
  ]);
  const [late] = linesIn(b, 'epcis/year=2026/month=01/day=31/');
  expect(late).toMatchObject({
    raw: { text: '<tag>é\u2028"</tag>' },
    timestamp_utc: '2026-01-31T12:00:00.000Z',
  });

  const letters = linesIn(b, 'dead-letter/epcis/year=2026/month=02/day=01/');
  expect(letters).toHaveLength(5);
  expect(letters[0]).toEqual({
    code: 'I03_GTIN_CHECK_DIGIT',
    detail: 'the check digit is 4, not 3',
    path: '/epcisBody',
    raw_b64: Buffer.from('<document no="1"/>').toString('base64'),
    received_utc: '2026-02-01T12:00:00.001Z',
    rejected_utc: '2026-02-01T12:00:00.001Z',
    schema: 'epcis-event/1',
    source: {
      frame: 1,
      principal: 'plant',
      record: null,
      session: 'capture:00000000-0000-4000-8000-000000000001',
    },
  });
  const pieces = letters.filter(({ code }) => code === 'D04_MALFORMED');
  expect(pieces.map(({ source }) => source)).toMatchObject(
    [0, 1, 2].map((record) => ({ frame: null, record })),
  );
  const bytes = pieces
    .map(({ raw_b64 }) => Buffer.from(raw_b64 as string, 'base64').toString('latin1'))
    .join('');
  expect(bytes).toBe(`<broken ${'x'.repeat(100)}`);

  // 2 + 4 accepted, 2 + 2 + 3 refused, 4 duplicates.
  expect(b.seals().at(-1)?.acct).toEqual({ accepted: '6', duplicate: '4', received: '17', rejected: '7' });
  const seal = b.seals().find(({ key }) => key?.startsWith('epcis/'));
  expect(seal).toMatchObject({ kind: 'records', schema: 'epcis-event/1', excursions: 0 });
  expect(seal?.schema_sha256).toBe(schemaSha256(EPCIS_EVENT_DOCUMENT));
  const document = readFileSync(join(b.lake, `_schema/epcis-event/1/${seal?.schema_sha256}.json`), 'utf8');
  expect(document).toBe(EPCIS_EVENT_DOCUMENT);
});

test('captures: a restart anywhere between verdicts and seal gives the same objects', async () => {
  const whole = bed();
  const one = await whole.open(HASTY_STORAGE);
  feedBoth(whole);
  await settle(one);
  await whole.drain(one);
  one.close();
  const wanted = filesOf(whole.lake, '.ndjson.zst');
  expect(wanted.size).toBeGreaterThan(4);
  for (const snapshots of [false, true]) {
    const b = bed();
    feedBoth(b);
    for (let round = 0; round < 3; round++) {
      const sealer = await b.open(HASTY_STORAGE);
      if (round === 1) await settle(sealer);
      else sealer.seal();
      if (snapshots) sealer.snapshot();
      sealer.close();
    }
    const last = await b.open(HASTY_STORAGE);
    await b.drain(last);
    last.close();
    expect([...filesOf(b.lake, '.ndjson.zst').keys()].sort()).toEqual([...wanted.keys()].sort());
    for (const [key, bytes] of wanted)
      if (!key.startsWith('audit/')) expect(filesOf(b.lake, key).get(key)).toBe(bytes);
  }
});

test.each([
  ['one bit of a line', (path: string) => writeFileSync(path, flip(readFileSync(path)))],
  ['a file that ends early', (path: string) => writeFileSync(path, readFileSync(path).subarray(0, -1))],
  ['a file that is gone', (path: string) => rmSync(path)],
])('captures: %s before the seal is a fault that names the file, and nothing is sealed', async (_, spoil) => {
  const b = bed();
  const one = capture(b, 1);
  one.whole([{ at: NOON }]);
  const sealer = await b.open();
  const path = join(spoolOf(b), one.linesFile);
  spoil(path);
  const drained = b.drain(sealer);
  await expect(drained).rejects.toThrow(FatalError);
  await expect(drained).rejects.toThrow(path);
  expect(existsSync(join(b.lake, 'epcis'))).toBe(false);
});

function flip(bytes: Buffer): Buffer {
  bytes[20] = (bytes[20] as number) ^ 1;
  return bytes;
}

test('captures: a line that is not of the time that was journaled is a fault', async () => {
  const b = bed();
  const one = capture(b, 1);
  one.begin();
  const frames: { kind: number; payload: string }[] = [];
  const other = new TestCapture(spoolOf(b), 1, NOON, (more) => frames.push(...more));
  other.judge(0, [{ at: NOON }]);
  b.feed.group(
    frames.map(({ kind, payload }) => ({ kind, payload: payload.replace(String(NOON), String(NOON + 1)) })),
    NOON,
  );
  const sealer = await b.open();
  await expect(b.drain(sealer)).rejects.toThrow(/not of 2026-02-01T12:00:00\.001Z/);
});

test('captures: spool files go when their capture is over, sealed, and a snapshot says so; not before', async () => {
  const b = bed();
  const done = capture(b, 1);
  done.whole([{ at: NOON }, 'refused']);
  const open = capture(b, 2);
  open.begin();
  open.judge(0, [{ at: NOON }]);
  const files = (): string[] => readdirSync(spoolOf(b));
  const sealer = await b.open();
  await settle(sealer);
  sealer.snapshot();
  // Over, but its records lie in an open batch.
  expect(files()).toHaveLength(4);
  b.clock.pass(5_000);
  await settle(sealer);
  expect(b.seals().some(({ key }) => key?.startsWith('epcis/'))).toBe(true);
  expect(files()).toHaveLength(4);
  b.clock.pass(40_000);
  await settle(sealer);
  b.clock.pass(40_000);
  await settle(sealer);
  // Sealed, and of the other one there may be more to come.
  expect(files()).toEqual([`${open.entry.id}.1.lines`, `${open.entry.id}.raw`]);
  open.end(1);
  await b.drain(sealer);
  expect(files()).toEqual([]);
  sealer.close();
  await expectSound(b);
});

test('captures: what no capture speaks of is removed at a start, and nothing else', () => {
  const b = bed();
  const known = capture(b, 1);
  capture(b, 2);
  writeFileSync(join(spoolOf(b), 'notes.txt'), '');
  const table = new Captures();
  table.began(known.entry, 0);
  expect(dropOrphans(diskStorage, spoolOf(b), table)).toBe(1);
  expect(readdirSync(spoolOf(b))).toEqual([`${known.entry.id}.raw`, 'notes.txt']);
});

test('captures: an object is cut before a line that would make it too large', async () => {
  const b = bed({
    captures: true,
    sealer: { cuts: { epcis: { records: 9, bytes: 48 << 20, age: 5, lateAge: 60 } } },
  });
  const sealer = await b.open(HASTY_STORAGE);
  const big = capture(b, 1);
  const text = 'x'.repeat(30 << 20);
  big.whole([{ at: NOON, text }, { at: NOON, text }, { at: NOON }]);
  await b.drain(sealer);
  sealer.close();
  expect(
    b
      .seals()
      .filter(({ kind }) => kind === 'records')
      .map(({ count }) => count),
  ).toEqual([1, 2]);
  const report = await verifyBoth({ lake: b.lake, graceMs: 0 });
  expect(report.findings).toEqual([]);
});

test('captures: with the store away much of the spool goes all the same, since its lines are in the outbox', async () => {
  const b = bed();
  const directory = b.sink();
  let away = false;
  const guarded = <T>(call: () => Promise<T>): Promise<T> =>
    away ? Promise.reject(new SinkOutage('the store is away')) : call();
  const sink: Sink = {
    putNew: (...args) => guarded(() => directory.putNew(...args)),
    replace: (...args) => guarded(() => directory.replace(...args)),
    get: (key) => guarded(() => directory.get(key)),
    remove: (key) => guarded(() => directory.remove(key)),
    probe: () => guarded(() => directory.probe()),
  };
  const sealer = await b.open(HASTY_STORAGE, sink);
  away = true;
  const small = capture(b, 1);
  small.whole([{ at: NOON }]);
  b.clock.pass(10_000);
  await settle(sealer);
  b.clock.pass(60_000);
  await settle(sealer);
  // Not worth a snapshot while others wait.
  expect(readdirSync(spoolOf(b))).toHaveLength(2);
  const large = capture(b, 2, { body: 'x'.repeat(65 << 20) });
  large.whole([{ at: NOON }]);
  await settle(sealer);
  b.clock.pass(10_000);
  await settle(sealer);
  b.clock.pass(10_000);
  await settle(sealer);
  expect(readdirSync(spoolOf(b))).toEqual([]);
  expect(existsSync(join(b.lake, 'epcis'))).toBe(false);
  sealer.close();
  const again = await b.open(HASTY_STORAGE);
  await b.drain(again);
  again.close();
  expect(linesIn(b, 'epcis/')).toHaveLength(2);
  await expectSound(b);
});
