// Two sealers of one name on one lake: copies of one data folder, both started, as after a restored backup or a machine
// that was thought dead. Whoever publishes second stops, and has not touched what the first one needs.

import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { FatalError } from '../../engine/errors.ts';
import type { Sealer } from '../../engine/seal/sealer.ts';
import { directorySink } from '../../engine/sink/directory.ts';
import { type Sink, SinkOutage } from '../../engine/sink/sink.ts';
import { diskStorage } from '../../engine/storage.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { reading } from '../support/journal-feed.ts';
import { temporaryFolder } from '../support/journal-folder.ts';
import { ENGINE, filesOf, NOON, SealBed, settle } from '../support/seal-bed.ts';

const OPTIONS = { cut: { records: 1 } };
const CHECKPOINT = join('_log', ENGINE, 'checkpoint');

const open: (SealBed | Sealer)[] = [];
afterEach(() => {
  for (const each of open.splice(0).reverse()) each.close();
});

async function start(bed: SealBed, sink: Sink): Promise<Sealer> {
  const sealer = await bed.open(diskStorage, sink);
  open.push(bed, sealer);
  return sealer;
}

/** `count` batches of one record each, published after the time between two checkpoints. */
async function publish(
  bed: SealBed,
  sealer: Sealer,
  count: number,
  value: number,
  source = 1,
): Promise<void> {
  for (let i = 0; i < count; i++)
    bed.feed.frame(reading('2026-02-01T10:00:00Z', value + i / 100), NOON, source);
  bed.clock.pass(10_000);
  while (sealer.seal());
  await settle(sealer);
}

/** A sealer on a folder, and a second one on a copy of it, at a checkpoint of two seals. */
async function two(
  wrap: (sink: Sink) => Sink = (sink) => sink,
): Promise<{ first: SealBed; one: Sealer; second: SealBed; other: Sealer; lake: string }> {
  const first = new SealBed(temporaryFolder(), OPTIONS);
  const { lake } = first;
  const one = await start(first, first.sink());
  await publish(first, one, 2, 1);
  const copy = temporaryFolder();
  for (const name of ['journal', 'state'])
    cpSync(join(first.folder, name), join(copy, name), { recursive: true });
  const second = new SealBed(copy, OPTIONS);
  const other = await start(second, wrap(directorySink(diskStorage, lake)));
  second.feed.source({ no: 2, principal: 'fleet', stream: 'coldchain', session: 'copy', named: false }, NOON);
  return { first, one, second, other, lake };
}

const thrown = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

test.each([
  ['as many', 3, 3],
  ['fewer', 3, 2],
  ['more', 3, 4],
])(
  'fence: the second engine to publish other seals (%s) is fenced off, puts no tile, and the lake stays sound for the first',
  async (_, ours, theirs) => {
    const { first, one, second, other, lake } = await two();
    await publish(first, one, ours, 10);
    const log = filesOf(join(lake, '_log'));
    const error = await thrown(publish(second, other, theirs, 20, 2));
    expect(error).toBeInstanceOf(FatalError);
    expect((error as Error).message).toMatch(
      /fenced off.*"test\.example\/seal" (has other seals|holds 5 seals).*second engine has this name. Stop the other engine/s,
    );
    expect(filesOf(join(lake, '_log'))).toEqual(log);

    // Every size that the second one has had, and on to the end.
    for (let i = 0; i < 3; i++) await publish(first, one, 1, 30 + i);
    expect(await first.drain(one)).toBe(true);
    const { findings, sound } = await verifyLake({ lake });
    expect({ findings, sound }).toEqual({ findings: [], sound: true });
    // What the loser leaves are its objects: no seal in the lake's log names them.
    const late = await verifyLake({ lake, graceMs: -60_000 });
    expect(late.findings.map(({ verdict }) => verdict)).toEqual(Array(theirs).fill('UNLOGGED'));
  },
);

test('fence: two that pass the comparison at one moment are told apart by the replacement', async () => {
  let meanwhile = async (): Promise<void> => {};
  const { first, one, second, other, lake } = await two((inner) => ({
    putNew: inner.putNew.bind(inner),
    get: inner.get.bind(inner),
    remove: inner.remove.bind(inner),
    probe: inner.probe.bind(inner),
    replace: async (key, body, was) => {
      await meanwhile();
      return inner.replace(key, body, was);
    },
  }));
  // The tile of size 6 that the loser has put stays; the first one goes past that size.
  meanwhile = () => publish(first, one, 5, 10);
  await expect(publish(second, other, 4, 20, 2)).rejects.toThrow(/fenced off/);
  expect(await first.drain(one)).toBe(true);
  // Within that one moment the loser's tiles get into the lake: the log is sound, and verify names them.
  const { findings } = await verifyLake({ lake });
  expect(findings.map(({ verdict, key }) => [verdict, key])).toEqual([
    ['ALTERED', `_log/${ENGINE}/tile/0/000.p/6`],
    ['ALTERED', `_log/${ENGINE}/tile/entries/000.p/6`],
  ]);
});

test('fence: an object of the same name with another content is told as what it is', async () => {
  const { first, one, second, other } = await two((inner) => ({
    putNew: (key, body, seal) =>
      key.startsWith('coldchain') ? Promise.resolve('different') : inner.putNew(key, body, seal),
    replace: inner.replace.bind(inner),
    get: inner.get.bind(inner),
    remove: inner.remove.bind(inner),
    probe: inner.probe.bind(inner),
  }));
  await publish(first, one, 1, 10);
  second.feed.frame(reading('2026-02-01T10:00:00Z', 20), NOON, 2);
  // Before its own log has other seals, it cannot know more than that somebody else writes.
  await expect(settle(other)).rejects.toThrow(/holds 3 seals and the local log 2/);
});

test('fence: a checkpoint whose answer was lost, then a longer log: no false alarm', async () => {
  const bed = new SealBed(temporaryFolder(), OPTIONS);
  const inner = bed.sink();
  let lost = 0;
  const sealer = await start(bed, {
    putNew: inner.putNew.bind(inner),
    get: inner.get.bind(inner),
    remove: inner.remove.bind(inner),
    probe: inner.probe.bind(inner),
    replace: async (key, body, was) => {
      const answer = await inner.replace(key, body, was);
      if (!key.endsWith('/checkpoint') || lost > 0) return answer;
      lost += 1;
      throw new SinkOutage('the answer was lost');
    },
  });
  await publish(bed, sealer, 2, 1);
  expect([lost, bed.ofType('outage').length, bed.ofType('checkpoint').length]).toEqual([1, 1, 0]);
  expect(readFileSync(join(bed.lake, CHECKPOINT), 'utf8').split('\n')[1]).toBe('2');
  await publish(bed, sealer, 3, 2);
  expect(bed.ofType('checkpoint')[0]?.size).toBeGreaterThan(2);
  expect(await bed.drain(sealer)).toBe(true);
  expect((await verifyLake({ lake: bed.lake })).findings).toEqual([]);
});

test('fence: a checkpoint that was deleted from the lake, alone or with its tiles, is published again', async () => {
  for (const more of [[], ['tile']]) {
    const bed = new SealBed(temporaryFolder(), OPTIONS);
    const sealer = await start(bed, bed.sink());
    await publish(bed, sealer, 3, 1);
    for (const gone of ['checkpoint', ...more])
      rmSync(join(bed.lake, '_log', ENGINE, gone), { recursive: true });
    await publish(bed, sealer, 2, 2);
    expect(await bed.drain(sealer)).toBe(true);
    const { findings } = await verifyLake({ lake: bed.lake });
    // Partial tiles of sizes before today's are not made again; an earlier checkpoint that was kept misses them.
    for (const { key } of findings) expect(key).toMatch(/tile\/(0|entries)\/000\.p\/3$/);
    expect(findings).toHaveLength(more.length === 0 ? 0 : 2);
    expect(readFileSync(join(bed.lake, CHECKPOINT), 'utf8').split('\n')[1]).toBe('6');
  }
});
