// Restarts of the seal stage: what a snapshot stands for, what may go after it, and what is refused when it is damaged.

import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { ConfigError, FatalError } from '../../engine/errors.ts';
import { POSITION } from '../../engine/ring/layout.ts';
import { diskStorage } from '../../engine/storage.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { faultyStorage } from '../support/faulty-storage.ts';
import { independent, independentRuns } from '../support/independent.ts';
import { HASTY_STORAGE, reading } from '../support/journal-feed.ts';
import { temporaryFolder } from '../support/journal-folder.ts';
import { type BedOptions, ENGINE, filesOf, NOON, SealBed, settle } from '../support/seal-bed.ts';

const beds: SealBed[] = [];

function bed(options: BedOptions = {}, folder = temporaryFolder()): SealBed {
  const made = new SealBed(folder, options);
  beds.push(made);
  return made;
}

afterEach(() => {
  for (const made of beds.splice(0)) made.close();
});

function feed(b: SealBed, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    const lines = [
      reading(`2026-01-${10 + (i % 4)}T10:00:00Z`, i),
      reading('2026-02-01T10:00:00Z', i),
      i % 3 === 0 ? 'rubbish' : '',
    ];
    b.feed.frame(lines.join('\n'), NOON + i);
  }
}

test('recovery: a restart anywhere, with or without a snapshot, gives the lake of a run without one', async () => {
  const options = { cut: { records: 5 } };
  const whole = bed(options);
  const one = await whole.open(HASTY_STORAGE);
  feed(whole, 0, 30);
  await settle(one);
  await whole.drain(one);
  one.close();
  const wanted = filesOf(whole.lake, '.ndjson.zst');
  for (const snapshots of [false, true]) {
    const b = bed(options);
    for (let from = 0; from < 30; from += 6) {
      const sealer = await b.open(HASTY_STORAGE);
      feed(b, from, from + 3);
      await settle(sealer);
      if (snapshots) sealer.snapshot();
      feed(b, from + 3, from + 6);
      sealer.seal();
      sealer.close();
    }
    const last = await b.open(HASTY_STORAGE);
    await settle(last);
    await b.drain(last);
    last.close();
    const found = filesOf(b.lake, '.ndjson.zst');
    expect([...found.keys()]).toEqual([...wanted.keys()]);
    expect(found).toEqual(wanted);
  }
});

test('recovery: segments and outbox files go once a snapshot covers them, not before, and the next start needs none of them', async () => {
  const b = bed({ cut: { records: 5, lateAge: 3600 }, segmentBytes: 8192, outputBytes: 4096 });
  const sealer = await b.open(HASTY_STORAGE);
  const segments = (kind: string): string[] => readdirSync(join(b.folder, 'journal', kind)).sort();
  await settle(sealer);
  feed(b, 0, 40);
  await settle(sealer);
  expect(segments('records')[0]).toBe(`${'0'.repeat(20)}.firnj`);
  expect(segments('records').length).toBeGreaterThan(2);
  const outbox = join(b.folder, 'state/outbox');
  expect(readdirSync(outbox).length).toBeGreaterThan(10);
  b.clock.pass(10_000);
  await settle(sealer);
  // Drains of open batches: age, then a snapshot by itself.
  b.clock.pass(10_000);
  await settle(sealer);
  expect(existsSync(join(b.folder, 'state/snapshot'))).toBe(true);
  const oldest = Number(b.positions[POSITION.journalOldest]);
  expect(segments('records')[0]).toBe(`${String(oldest).padStart(20, '0')}.firnj`);
  expect(segments('seals')[0]).not.toBe(`${'0'.repeat(20)}.firnj`);
  expect(readdirSync(outbox).length).toBeLessThan(10);
  feed(b, 40, 50);
  await settle(sealer);
  sealer.close();
  const next = await b.open(HASTY_STORAGE);
  await b.drain(next);
  next.close();
  expect(readdirSync(outbox)).toEqual([]);
  if (independentRuns) expect(independent(b.lake).report).toMatchObject({ sound: true, findings: [] });
});

test('recovery: what no checkpoint in the lake covers stays in the outbox, and the next start puts it again where it is gone', async () => {
  const b = bed({ cut: { records: 5 } });
  const sealer = await b.open(HASTY_STORAGE);
  feed(b, 0, 5);
  await settle(sealer);
  const covered = Number(b.positions[POSITION.checkpointSize]);
  feed(b, 5, 20);
  await settle(sealer);
  const logged = Number(b.positions[POSITION.logSize]);
  // Checkpoints come every ten seconds: these seals wait for the next one.
  expect([covered > 0, logged > covered, Number(b.positions[POSITION.checkpointSize])]).toEqual([
    true,
    true,
    covered,
  ]);
  sealer.snapshot();
  const indexes = readdirSync(join(b.folder, 'state/outbox')).map((name) => Number.parseInt(name, 10));
  expect(indexes).toEqual(Array.from({ length: logged - covered }, (_, i) => covered + i));
  sealer.close();

  for (const { key } of b.seals().slice(covered)) rmSync(join(b.lake, String(key)));
  const next = await b.open(HASTY_STORAGE);
  await b.drain(next);
  next.close();
  expect((await verifyLake({ lake: b.lake })).findings).toEqual([]);
});

test('recovery: an object in the outbox that is not the one of its seal is fatal, and is not sent', async () => {
  const b = bed({ cut: { records: 5 } });
  const sealer = await b.open(HASTY_STORAGE);
  feed(b, 0, 5);
  // Sealed, and not published.
  while (sealer.seal());
  sealer.close();
  const outbox = join(b.folder, 'state/outbox');
  const path = join(outbox, String(readdirSync(outbox).sort()[0]));
  const bytes = readFileSync(path);
  bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
  writeFileSync(path, bytes);
  const next = await b.open(HASTY_STORAGE);
  await expect(settle(next)).rejects.toThrow(/outbox: the object of seal 0 is damaged: .*zst/);
  next.close();
  expect([...filesOf(b.lake, '.ndjson.zst').keys()]).toEqual([]);
});

test('recovery: an open batch keeps its segments', async () => {
  const b = bed({ cut: { records: 50, age: 3600, lateAge: 3600 }, segmentBytes: 8192, outputBytes: 4096 });
  const sealer = await b.open(HASTY_STORAGE);
  b.feed.frame(`${reading('2025-05-05T00:00:00Z')}\nrubbish`, NOON);
  feed(b, 0, 60);
  await settle(sealer);
  sealer.snapshot();
  expect(b.positions[POSITION.journalOldest]).toBe(0n);
  sealer.close();
  const next = await b.open(HASTY_STORAGE);
  await b.drain(next);
  next.close();
  expect([...filesOf(b.lake, 'year=2025').keys()]).toHaveLength(1);
});

test('recovery: a damaged snapshot is fatal, at each of its parts', async () => {
  const b = bed();
  const sealer = await b.open(HASTY_STORAGE);
  feed(b, 0, 10);
  await settle(sealer);
  sealer.snapshot();
  sealer.close();
  const path = join(b.folder, 'state/snapshot');
  const bytes = readFileSync(path);
  for (const at of [1, bytes.length >> 1, bytes.length - 10]) {
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] as number) ^ 1;
    writeFileSync(path, damaged);
    await expect(b.open(HASTY_STORAGE)).rejects.toThrow(FatalError);
  }
  for (const length of [0, 30, bytes.length - 1]) {
    writeFileSync(path, bytes);
    truncateSync(path, length);
    await expect(b.open(HASTY_STORAGE)).rejects.toThrow(/snapshot/);
  }
  writeFileSync(path, bytes);
  (await b.open(HASTY_STORAGE)).close();
});

test('recovery: the first start writes a snapshot before anything else, so that a missing one is a loss', async () => {
  const b = bed({ cut: { records: 5 } });
  const faulty = faultyStorage(HASTY_STORAGE, null);
  const sealer = await b.open(faulty.storage, b.sink());
  const names = faulty.trace
    .filter(({ kind }) => kind === 'create' || kind === 'rename')
    .map(({ on }) => String(on));
  expect(names.at(-1)).toMatch(/state\/snapshot/);
  feed(b, 0, 10);
  await settle(sealer);
  sealer.close();
  rmSync(join(b.folder, 'state/snapshot'));
  await expect(b.open(HASTY_STORAGE)).rejects.toThrow(FatalError);
});

test('recovery: a log, a seal journal or an outbox of another state is fatal', async () => {
  const b = bed({ cut: { records: 5 } });
  const sealer = await b.open(HASTY_STORAGE);
  feed(b, 0, 20);
  await settle(sealer);
  sealer.close();
  const log = join(b.folder, 'state/log/seals.firnl');
  const seals = join(b.folder, 'journal/seals', `${'0'.repeat(20)}.firnj`);
  const [logBytes, sealBytes] = [readFileSync(log), readFileSync(seals)];
  rmSync(seals);
  await expect(b.open(HASTY_STORAGE)).rejects.toThrow(FatalError);
  writeFileSync(seals, sealBytes);
  rmSync(log);
  rmSync(b.lake, { recursive: true });
  rmSync(join(b.folder, 'state/outbox', `${'0'.repeat(20)}.zst`));
  const lost = await b.open(HASTY_STORAGE);
  await expect(settle(lost)).rejects.toThrow(/outbox/);
  writeFileSync(log, logBytes);
  lost.close();
});

test('recovery: a lake that is ahead is refused as a configuration error, one that is behind is published again', async () => {
  const b = bed({ cut: { records: 5 } });
  const sealer = await b.open(HASTY_STORAGE);
  feed(b, 0, 20);
  await settle(sealer);
  sealer.close();
  const files = filesOf(b.lake);
  rmSync(b.lake, { recursive: true });
  const again = await b.open(HASTY_STORAGE);
  await settle(again);
  again.close();
  // The outbox still had everything: only what depends on when checkpoints were written may differ.
  const lasting = (all: Map<string, string>): [string, string][] =>
    [...all].filter(([key]) => !key.includes('.p/') && !key.includes('/checkpoint'));
  expect(lasting(filesOf(b.lake))).toEqual(lasting(files));

  const other = bed({ cut: { records: 5 } });
  rmSync(join(other.folder, 'lake'), { recursive: true, force: true });
  const young = await other.open(HASTY_STORAGE, (b as SealBed).sink()).catch((error: unknown) => error);
  expect(young).toBeInstanceOf(ConfigError);
  expect(existsSync(join(b.lake, '_log', ENGINE, 'checkpoint'))).toBe(true);
});

test('recovery: seals never go back in time, whatever the clock does', async () => {
  const b = bed({ cut: { records: 2 } });
  const sealer = await b.open(HASTY_STORAGE);
  feed(b, 0, 4);
  await settle(sealer);
  sealer.close();
  const first = b.seals().at(-1)?.sealed_utc ?? '';
  b.clock.wall -= 3_600_000;
  const next = await b.open(HASTY_STORAGE);
  feed(b, 4, 8);
  await settle(next);
  next.close();
  for (const seal of b.seals()) expect(seal.sealed_utc >= first).toBe(true);
});

test('recovery: a failed snapshot leaves the old one and all segments', async () => {
  const b = bed({ cut: { records: 5, lateAge: 1, age: 1 }, segmentBytes: 8192, outputBytes: 4096 });
  const faulty = faultyStorage(HASTY_STORAGE, { kind: 'rename', call: 3, how: 'not done' });
  // Renames: the log's first file, the first snapshot, this one.
  const sealer = await b.open(faulty.storage, b.sink());
  feed(b, 0, 40);
  await settle(sealer);
  const before = readdirSync(join(b.folder, 'journal/records'));
  expect(() => sealer.snapshot()).toThrow(FatalError);
  expect(faulty.failed()).toBe(true);
  expect(readdirSync(join(b.folder, 'journal/records'))).toEqual(before);
  const next = await b.open(diskStorage);
  expect(await b.drain(next)).toBe(true);
  next.close();
});

test('recovery: under a new name the log begins anew with what was not sealed, and its accounts balance', async () => {
  const options = { cut: { records: 5 } };
  const b = bed(options);
  const sealer = await b.open(HASTY_STORAGE);
  feed(b, 0, 12);
  await settle(sealer);
  sealer.snapshot();
  // After the snapshot: sealed under the old name, and again under the new one.
  feed(b, 12, 20);
  await settle(sealer);
  sealer.close();
  const before = filesOf(b.lake, '.ndjson.zst').size;
  b.messages.length = 0;
  const renamed = await b.open(HASTY_STORAGE, undefined, {
    engine: 'test.example/second',
    log: 'state/log/2',
  });
  await settle(renamed);
  renamed.close();
  // A second start under the new name is an ordinary one.
  const again = await b.open(HASTY_STORAGE, undefined, { engine: 'test.example/second', log: 'state/log/2' });
  feed(b, 20, 24);
  expect(await b.drain(again)).toBe(true);
  again.close();
  const seals = b.seals();
  expect([seals[0]?.engine, seals[0]?.prev, seals[0]?.first_seq]).toEqual([
    'test.example/second',
    '0'.repeat(64),
    '1',
  ]);
  const sum = (kind: string): number =>
    seals.filter((seal) => seal.kind === kind).reduce((total, seal) => total + seal.count, 0);
  const { acct } = seals.at(-1) as (typeof seals)[0];
  expect([acct.accepted, acct.rejected]).toEqual([String(sum('records')), String(sum('dead-letter'))]);
  expect(filesOf(b.lake, '.ndjson.zst').size).toBeGreaterThan(before);
});
