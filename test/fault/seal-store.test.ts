// The table of what the store can do to the seal stage: every call to it fails once, in turn, in each way, and each row has
// one expected outcome. Whatever it is, the lake ends as the one of a run without faults, object for object.
//
//   the call               answers with      outcome
//   any, while running     outage            the same process goes on: told once, over once
//   any, while running     fault, once       the same
//   any, while running     death             the next start goes on
//   any, at the start      outage, fault     the same: the lake is opened later, nothing else is sent before
//   any, at the very first outage, fault     the start is refused with that error: nothing was journaled yet
//   any, at the start      death             the next start goes on
//   an object              fault, always     quarantine, until the store takes it      (seal-quarantine.test.ts)
//   the probe              anything          nothing is parked; not removed: parked all the same
//   schema, tile, …        fault, always     the log waits                             (seal-quarantine.test.ts)
//   any name               other bytes       fatal                                     (seal.test.ts, fence.test.ts)
//
// Each failure comes twice: the call was not done, and it was done and only its answer was lost.

import { expect, test } from 'vitest';
import { POSITION } from '../../engine/ring/layout.ts';
import type { Sealer } from '../../engine/seal/sealer.ts';
import { directorySink } from '../../engine/sink/directory.ts';
import { type Sink, SinkFault, SinkOutage } from '../../engine/sink/sink.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { HASTY_STORAGE, reading } from '../support/journal-feed.ts';
import { temporaryFolder } from '../support/journal-folder.ts';
import { filesOf, NOON, SealBed, settle } from '../support/seal-bed.ts';

const OPTIONS = { cut: { records: 2 }, segmentBytes: 4096 };

type Call = keyof Sink;
type Failure = 'outage' | 'fault' | 'death';
type How = 'not done' | 'done';

class Death extends Error {}

const ERRORS: Readonly<Record<Failure, () => Error>> = {
  outage: () => new SinkOutage('the store is away'),
  fault: () => new SinkFault('the store refuses it'),
  death: () => new Death('the process died'),
};

interface Traced {
  readonly sink: Sink;
  readonly calls: Call[];
  /** What failed, once it has. */
  failed: { call: Call; key: string } | null;
}

/** Fails call number `at` (from 1). */
function failing(inner: Sink, at: number, failure: Failure, how: How): Traced {
  const state: Traced = { calls: [], failed: null, sink: inner };
  const around =
    <A extends unknown[], T>(name: Call, call: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      state.calls.push(name);
      if (state.calls.length !== at) return call(...args);
      state.failed = { call: name, key: String(args[0] ?? '') };
      if (how === 'done') await call(...args);
      throw ERRORS[failure]();
    };
  const sink: Sink = {
    putNew: around('putNew', inner.putNew.bind(inner)),
    replace: around('replace', inner.replace.bind(inner)),
    get: around('get', inner.get.bind(inner)),
    remove: around('remove', inner.remove.bind(inner)),
    probe: around('probe', inner.probe.bind(inner)),
  };
  return Object.assign(state, { sink });
}

function newBed(): SealBed {
  const bed = new SealBed(temporaryFolder(), OPTIONS);
  for (let i = 0; i < 3; i++) {
    const at = `2026-0${1 + (i % 2)}-01T10:00:00Z`;
    bed.feed.frame(`${reading(at, i)}\n${reading(at, -i)}\nrubbish ${i}`, NOON + i);
  }
  return bed;
}

/** Those whose journal has its stop event. */
const stopped = new WeakSet<SealBed>();

/** To the end of a drain. Time passes: back-offs and checkpoints have theirs. */
async function work(bed: SealBed, sealer: Sealer): Promise<void> {
  for (let i = 0; i < 4; i++) {
    await settle(sealer);
    bed.clock.pass(4_000);
  }
  sealer.snapshot();
  if (!stopped.has(bed)) bed.feed.audit({ action: 'stop', at_utc: '2026-02-01T13:00:00.000Z' }, NOON);
  stopped.add(bed);
  sealer.beginDrain(60_000);
  for (let i = 0; i < 4; i++) {
    await settle(sealer);
    bed.clock.pass(1_000);
  }
  await settle(sealer);
}

async function checkLake(bed: SealBed, objects: Map<string, string>, row: string): Promise<void> {
  expect([row, bed.ofType('drained').at(-1)]).toEqual([row, { type: 'drained', published: true }]);
  expect([row, ...filesOf(bed.lake, '.ndjson.zst').keys()]).toEqual([row, ...objects.keys()]);
  expect(filesOf(bed.lake, '.ndjson.zst')).toEqual(objects);
  expect([row, filesOf(`${bed.folder}/state/quarantine`).size]).toEqual([row, 0]);
  const { findings } = await verifyLake({ lake: bed.lake, threads: 0 });
  expect([row, findings]).toEqual([row, []]);
}

/** The lake of a run without faults, and how many calls its start and all of it make. */
async function reference(): Promise<{ objects: Map<string, string>; atStart: number; calls: Call[] }> {
  const bed = newBed();
  const store = failing(directorySink(HASTY_STORAGE, bed.lake), 0, 'outage', 'not done');
  const sealer = await bed.open(HASTY_STORAGE, store.sink);
  const atStart = store.calls.length;
  await work(bed, sealer);
  sealer.close();
  bed.close();
  return { objects: filesOf(bed.lake, '.ndjson.zst'), atStart, calls: store.calls };
}

const ROWS: readonly (readonly [Failure, How])[] = [
  ['outage', 'not done'],
  ['outage', 'done'],
  ['fault', 'not done'],
  ['fault', 'done'],
  ['death', 'not done'],
  ['death', 'done'],
];

test.each(ROWS)(
  'store: each call in turn ends in %s (%s): progress, or a process that dies, and the same lake',
  async (failure, how) => {
    const { objects, calls } = await reference();
    expect(objects.size).toBeGreaterThan(4);
    expect(new Set(calls)).toEqual(new Set(['probe', 'get', 'replace', 'putNew']));
    for (let at = 1; at <= calls.length; at++) {
      const bed = newBed();
      const store = failing(directorySink(HASTY_STORAGE, bed.lake), at, failure, how);
      let thrown: unknown = null;
      try {
        const sealer = await bed.open(HASTY_STORAGE, store.sink);
        await work(bed, sealer);
        sealer.close();
      } catch (error) {
        thrown = error;
      }
      const row = `${at}: ${store.failed?.call} ${store.failed?.key}`;
      expect([row, store.failed !== null]).toEqual([row, true]);
      if (failure === 'death') {
        // The next start is the normal way.
        expect([row, thrown?.constructor]).toEqual([row, ERRORS[failure]().constructor]);
        bed.messages.length = 0;
        const next = await bed.open(HASTY_STORAGE, directorySink(HASTY_STORAGE, bed.lake));
        await work(bed, next);
        next.close();
      } else {
        expect([row, thrown]).toEqual([row, null]);
        const told = [bed.ofType('outage').length, bed.ofType('recovered').length];
        expect([row, ...told]).toEqual([row, 1, 1]);
      }
      bed.close();
      await checkLake(bed, objects, row);
    }
  },
  240_000,
);

test.each(ROWS.filter(([failure]) => failure !== 'death'))(
  'store: each call of a very first start ends in %s (%s): refused with that error, and the next one goes on',
  async (failure, how) => {
    const { objects, atStart } = await reference();
    expect(atStart).toBe(4);
    for (let at = 1; at <= atStart; at++) {
      const bed = newBed();
      const durable = Atomics.exchange(bed.positions, POSITION.journalDurable, 0n);
      const store = failing(directorySink(HASTY_STORAGE, bed.lake), at, failure, how);
      await expect(bed.open(HASTY_STORAGE, store.sink)).rejects.toThrow(ERRORS[failure]().message);
      expect([at, bed.messages]).toEqual([at, []]);
      Atomics.store(bed.positions, POSITION.journalDurable, durable);
      const next = await bed.open(HASTY_STORAGE, directorySink(HASTY_STORAGE, bed.lake));
      await work(bed, next);
      next.close();
      bed.close();
      await checkLake(bed, objects, `start: ${at}`);
    }
  },
);

test.each(['outage', 'fault', 'death'] as const)(
  'store: the probe before a quarantine ends in %s: parked only when it was taken, and in the end nothing is missing',
  async (failure) => {
    const { objects } = await reference();
    for (const [name, how] of [
      ['putNew', 'not done'],
      ['putNew', 'done'],
      ['remove', 'not done'],
      ['remove', 'done'],
    ] as const) {
      const bed = newBed();
      const inner = directorySink(HASTY_STORAGE, bed.lake);
      let probes = 0;
      let refuses = true;
      const probed = async <T>(key: string, call: () => Promise<T>): Promise<T> => {
        if (!key.startsWith('_tmp/quarantine-probe-')) return call();
        probes += 1;
        if (how === 'done') await call();
        throw ERRORS[failure]();
      };
      const sink: Sink = {
        putNew: async (key, body, seal) => {
          if (refuses && key.startsWith('coldchain/year=2026/month=02')) throw new SinkFault('too large');
          const call = () => inner.putNew(key, body, seal);
          return name === 'putNew' ? probed(key, call) : call();
        },
        remove: (key) => {
          const call = () => inner.remove(key);
          return name === 'remove' ? probed(key, call) : call();
        },
        replace: inner.replace.bind(inner),
        get: inner.get.bind(inner),
        probe: inner.probe.bind(inner),
      };
      const sealer = await bed.open(HASTY_STORAGE, sink);
      const run = work(bed, sealer);
      if (failure === 'death') await expect(run).rejects.toThrow(Death);
      else await run;
      const row = `${name} ${how}`;
      // That a probe cannot be removed says nothing about the object.
      const parked = name === 'remove' && failure !== 'death' ? 1 : 0;
      expect([row, filesOf(`${bed.folder}/state/quarantine`).size]).toEqual([row, parked]);
      expect(probes).toBeGreaterThan(0);
      sealer.close();
      refuses = false;
      bed.messages.length = 0;
      const next = await bed.open(HASTY_STORAGE, directorySink(HASTY_STORAGE, bed.lake));
      await work(bed, next);
      next.close();
      bed.close();
      expect(filesOf(bed.lake, '_tmp/').size).toBe(0);
      await checkLake(bed, objects, row);
    }
  },
  120_000,
);

test('store: one that says for how long it wants to be spared is left alone until then', async () => {
  const bed = newBed();
  const inner = directorySink(HASTY_STORAGE, bed.lake);
  let puts = 0;
  const sink: Sink = {
    putNew: async (key, body, seal) => {
      puts += 1;
      if (puts === 1) throw new SinkOutage('slow down', 60_000);
      return inner.putNew(key, body, seal);
    },
    remove: inner.remove.bind(inner),
    replace: inner.replace.bind(inner),
    get: inner.get.bind(inner),
    probe: inner.probe.bind(inner),
  };
  const sealer = await bed.open(HASTY_STORAGE, sink);
  puts = 0;
  bed.feed.frame(`${reading('2026-02-01T10:00:00Z', 1)}\n${reading('2026-02-01T10:00:00Z', 2)}`, NOON);
  await settle(sealer);
  expect([puts, bed.ofType('outage').length]).toEqual([1, 1]);
  bed.clock.pass(59_999);
  await settle(sealer);
  expect([puts, bed.ofType('recovered').length]).toEqual([1, 0]);
  // The jitter behind it is at most 200 ms after a first failure.
  bed.clock.pass(201);
  await settle(sealer);
  expect([puts > 1, bed.ofType('recovered').length]).toEqual([true, 1]);
  sealer.close();
  bed.close();
});
