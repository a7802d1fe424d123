// A start whose lake is away: the stage seals all the same, and the lake is opened by the publisher, before anything else.

import { cpSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { ConfigError, FatalError } from '../../engine/errors.ts';
import { POSITION } from '../../engine/ring/layout.ts';
import type { Sealer } from '../../engine/seal/sealer.ts';
import { directorySink } from '../../engine/sink/directory.ts';
import { type Sink, SinkFault, SinkOutage } from '../../engine/sink/sink.ts';
import { diskStorage } from '../../engine/storage.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { HASTY_STORAGE, reading } from '../support/journal-feed.ts';
import { temporaryFolder } from '../support/journal-folder.ts';
import { NOON, SealBed, settle } from '../support/seal-bed.ts';

const open: (SealBed | Sealer)[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const each of open.splice(0).reverse()) each.close();
});

function newBed(folder = temporaryFolder()): SealBed {
  const bed = new SealBed(folder, { cut: { records: 1 }, sealer: { quotaBytes: 2 ** 32 } });
  open.push(bed);
  return bed;
}

async function start(bed: SealBed, sink?: Sink): Promise<Sealer> {
  const sealer = await bed.open(HASTY_STORAGE, sink ?? directorySink(HASTY_STORAGE, bed.lake));
  open.push(sealer);
  return sealer;
}

/** `count` batches of one record, with values from `from` on. */
function feed(bed: SealBed, from: number, count: number): void {
  for (let i = from; i < from + count; i++) bed.feed.frame(reading('2026-02-01T10:00:00Z', i), NOON);
}

/** A bed whose first run has published `count` batches and ended as a crash does, its objects still in the outbox. */
async function withHistory(count: number, bed = newBed()): Promise<SealBed> {
  const sealer = await start(bed);
  feed(bed, 0, count);
  await settle(sealer);
  bed.clock.pass(10_000);
  await settle(sealer);
  bed.messages.length = 0;
  return bed;
}

/** Every call is noted; those that `refuses` names an error for are not done. */
function gated(inner: Sink): { sink: Sink; calls: string[]; refuses: (call: string) => Error | null } {
  const state = { calls: [] as string[], refuses: (_: string): Error | null => null, sink: inner };
  const gate = <T>(call: string, run: () => Promise<T>): Promise<T> => {
    state.calls.push(call);
    const error = state.refuses(call);
    return error === null ? run() : Promise.reject(error);
  };
  state.sink = {
    putNew: (key, body, seal) => gate(`putNew ${key}`, () => inner.putNew(key, body, seal)),
    replace: (key, body, was) => gate(`replace ${key}`, () => inner.replace(key, body, was)),
    get: (key) => gate(`get ${key}`, () => inner.get(key)),
    remove: (key) => gate(`remove ${key}`, () => inner.remove(key)),
    probe: () => gate('probe', () => inner.probe()),
  };
  return state;
}

const away = (): Error => new SinkOutage('the store is away');

/** Rounds with the store, some seconds apart. */
async function turns(bed: SealBed, sealer: Sealer, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await settle(sealer);
    bed.clock.pass(30_000);
  }
}

const actions = (bed: SealBed): string[] => bed.ofType('audit').map(({ event }) => event.action);
const outbox = (bed: SealBed): string[] => readdirSync(join(bed.folder, 'state/outbox'));
const told = (bed: SealBed): number[] => [bed.ofType('outage').length, bed.ofType('recovered').length];

test('opening: a store that is away at the start is an outage; nothing is sent before it was opened, all of it after', async () => {
  const bed = await withHistory(3);
  const store = gated(directorySink(HASTY_STORAGE, bed.lake));
  store.refuses = away;
  const sealer = await start(bed, store.sink);
  expect(told(bed)).toEqual([1, 0]);
  feed(bed, 3, 4);
  await turns(bed, sealer, 3);
  // The probe is answered now, the comparison is not.
  store.refuses = (call) => (call === 'probe' ? null : away());
  await turns(bed, sealer, 3);
  expect(new Set(store.calls)).toEqual(new Set(['probe', 'get _log/test.example/seal/checkpoint']));
  expect(outbox(bed)).toHaveLength(7);
  expect([bed.ofType('sealed'), actions(bed), told(bed)]).toEqual([[], [], [1, 0]]);
  expect(Atomics.load(bed.positions, POSITION.waitingBatches)).toBe(4n);
  store.refuses = () => null;
  await turns(bed, sealer, 2);
  expect([bed.ofType('sealed').length, actions(bed), told(bed)]).toEqual([4, ['store.probe'], [1, 1]]);
  expect(Atomics.load(bed.positions, POSITION.waitingBatches)).toBe(0n);
  expect(await bed.drain(sealer)).toBe(true);
  expect((await verifyLake({ lake: bed.lake, threads: 0 })).findings).toEqual([]);
});

test('opening: nothing leaves the outbox while the lake is unknown; what it lost meanwhile is put again', async () => {
  const bed = await withHistory(5);
  expect(outbox(bed)).toHaveLength(5);
  const store = gated(directorySink(HASTY_STORAGE, bed.lake));
  store.refuses = away;
  const sealer = await start(bed, store.sink);
  feed(bed, 5, 1);
  await settle(sealer);
  sealer.snapshot();
  expect(outbox(bed)).toHaveLength(6);
  expect(Atomics.load(bed.positions, POSITION.checkpointSize)).toBe(0n);
  rmSync(bed.lake, { recursive: true });
  // The lake is opened in steps that fail: what was learnt and told in between is told once.
  let failures = 1;
  store.refuses = (call) => (call.includes('.ndjson.zst') && failures-- > 0 ? away() : null);
  await turns(bed, sealer, 3);
  expect(actions(bed)).toEqual(['store.probe', 'lake.lost']);
  expect(bed.ofType('audit')[1]?.event.old).toEqual({ seals: 5 });
  expect(told(bed)).toEqual([1, 1]);
  expect(await bed.drain(sealer)).toBe(true);
  expect(outbox(bed)).toEqual([]);
  expect((await verifyLake({ lake: bed.lake, threads: 0 })).findings).toEqual([]);
});

test('opening: a drain while the lake is away ends in its time, unpublished, and the next start publishes', async () => {
  const bed = await withHistory(2);
  const store = gated(directorySink(HASTY_STORAGE, bed.lake));
  store.refuses = away;
  const sealer = await start(bed, store.sink);
  bed.feed.audit({ action: 'stop', at_utc: '2026-02-01T13:00:00.000Z' }, NOON);
  sealer.beginDrain(5000);
  await settle(sealer);
  expect(bed.ofType('drained')).toEqual([]);
  bed.clock.pass(5000);
  await settle(sealer);
  expect(bed.ofType('drained')).toEqual([{ type: 'drained', published: false }]);
  bed.messages.length = 0;
  const next = await start(bed);
  next.beginDrain(5000);
  await settle(next);
  expect(bed.ofType('drained')).toEqual([{ type: 'drained', published: true }]);
  expect((await verifyLake({ lake: bed.lake, threads: 0 })).findings).toEqual([]);
});

test('opening: a drain of an empty log is not published either before the lake was opened', async () => {
  const bed = newBed();
  const store = gated(bed.sink());
  store.refuses = away;
  const sealer = await start(bed, store.sink);
  sealer.beginDrain(5000);
  await turns(bed, sealer, 2);
  expect(bed.ofType('drained')).toEqual([{ type: 'drained', published: false }]);
});

test('opening: an order to send the quarantine tries the lake first; what is refused again is told once', async () => {
  const bed = newBed();
  const store = gated(directorySink(HASTY_STORAGE, bed.lake));
  const refused = (call: string): Error | null =>
    call.includes('month=01') && call.startsWith('putNew') ? new SinkFault('too large') : null;
  store.refuses = refused;
  const first = await start(bed, store.sink);
  bed.feed.frame(reading('2026-01-01T10:00:00Z', 1), NOON);
  feed(bed, 0, 2);
  await turns(bed, first, 6);
  expect(actions(bed)).toContain('object.quarantined');
  bed.messages.length = 0;

  store.refuses = away;
  const sealer = await start(bed, store.sink);
  sealer.resend();
  await settle(sealer);
  expect(bed.ofType('resent')).toEqual([{ type: 'resent', sent: 0, left: 1 }]);
  // Opened again and again up to the object that the lake lost.
  rmSync(join(bed.lake, '_log'), { recursive: true });
  let failures = 3;
  store.refuses = (call) =>
    refused(call) ??
    (call.startsWith('putNew') && call.includes('month=02') && failures-- > 0 ? away() : null);
  await turns(bed, sealer, 6);
  expect(failures).toBeLessThan(0);
  expect(actions(bed)).toEqual(['object.quarantined', 'store.probe', 'lake.lost']);
  store.refuses = () => null;
  sealer.resend();
  await settle(sealer);
  expect(bed.ofType('resent').at(-1)).toEqual({ type: 'resent', sent: 1, left: 0 });
  expect(await bed.drain(sealer)).toBe(true);
  expect((await verifyLake({ lake: bed.lake, threads: 0 })).findings).toEqual([]);
});

test('opening: a lake that turns out to be ahead, when it is back, is fatal; the next start is refused', async () => {
  const bed = await withHistory(2);
  const copy = temporaryFolder();
  for (const name of ['journal', 'state'])
    cpSync(join(bed.folder, name), join(copy, name), { recursive: true });
  await withHistory(4, bed);
  const stale = newBed(copy);
  const store = gated(directorySink(HASTY_STORAGE, bed.lake));
  store.refuses = away;
  const sealer = await start(stale, store.sink);
  feed(stale, 9, 1);
  await settle(sealer);
  expect(outbox(stale).length).toBeGreaterThan(0);
  store.refuses = () => null;
  store.calls.length = 0;
  stale.clock.pass(30_000);
  const late = settle(sealer);
  await expect(late).rejects.toThrow(FatalError);
  await expect(late).rejects.toThrow(
    /^fenced off, nothing more is published: the lake's log .* holds 6 seals/,
  );
  expect(store.calls).toEqual(['probe', 'get _log/test.example/seal/checkpoint']);
  await expect(stale.open(HASTY_STORAGE, store.sink)).rejects.toThrow(ConfigError);
});

test('opening: what can never be a lake is fatal when it is found late, and refused at the next start', async () => {
  const bed = await withHistory(1);
  const store = gated(directorySink(HASTY_STORAGE, bed.lake));
  store.refuses = away;
  const sealer = await start(bed, store.sink);
  store.refuses = () => new ConfigError('no hard links');
  bed.clock.pass(30_000);
  await expect(settle(sealer)).rejects.toThrow(
    new FatalError('fenced off, nothing more is published: no hard links'),
  );
  await expect(bed.open(HASTY_STORAGE, store.sink)).rejects.toThrow(ConfigError);
});

test('opening: a start does not wait for a store that never answers; its late answer is used', async () => {
  const bed = await withHistory(1);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const store = gated(directorySink(HASTY_STORAGE, bed.lake));
  let answer: () => void = () => {};
  const silent = new Promise<void>((resolve) => {
    answer = resolve;
  });
  let probes = 0;
  const sink: Sink = {
    ...store.sink,
    probe: () => {
      probes += 1;
      return silent.then(() => store.sink.probe());
    },
  };
  const starting = start(bed, sink);
  // Set once the start has come to the store, which takes a few turns.
  while (vi.getTimerCount() === 0) await Promise.resolve();
  await vi.advanceTimersByTimeAsync(10_000);
  const sealer = await starting;
  expect(bed.ofType('outage')[0]?.message).toMatch(/was not opened within 10 s/);
  feed(bed, 1, 2);
  bed.clock.pass(30_000);
  while (sealer.seal());
  const round = sealer.publish();
  answer();
  expect(await round).toBe(true);
  await settle(sealer);
  expect([probes, told(bed), bed.ofType('sealed').length]).toEqual([1, [1, 1], 2]);
  expect(await bed.drain(sealer)).toBe(true);
});

test('opening: a lake folder whose disk comes back is found as it was', async () => {
  const bed = await withHistory(2);
  const gone = `${bed.lake}-gone`;
  const store = gated(directorySink(diskStorage, bed.lake));
  store.refuses = (call) => (call === 'probe' ? away() : null);
  renameSync(bed.lake, gone);
  const sealer = await start(bed, store.sink);
  feed(bed, 2, 2);
  await turns(bed, sealer, 2);
  renameSync(gone, bed.lake);
  store.refuses = () => null;
  await turns(bed, sealer, 2);
  expect(actions(bed)).toEqual(['store.probe']);
  expect(await bed.drain(sealer)).toBe(true);
  expect((await verifyLake({ lake: bed.lake, threads: 0 })).findings).toEqual([]);
});
