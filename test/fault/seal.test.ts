// The seal stage dies at every call that changes the disk, once before the call was done and once after, and starts again
// on what is there: the lake must be the one of a run without faults, object for object and byte for byte.

import { expect, test } from 'vitest';
import { FatalError } from '../../engine/errors.ts';
import { POSITION } from '../../engine/ring/layout.ts';
import type { Sealer } from '../../engine/seal/sealer.ts';
import { directorySink } from '../../engine/sink/directory.ts';
import { type Sink, SinkOutage } from '../../engine/sink/sink.ts';
import { diskStorage, type Storage } from '../../engine/storage.ts';
import { CHANGING_CALLS, type Fault, faultyStorage } from '../support/faulty-storage.ts';
import { independent, independentRuns } from '../support/independent.ts';
import { HASTY_STORAGE, reading } from '../support/journal-feed.ts';
import { temporaryFolder } from '../support/journal-folder.ts';
import { lossyStorage } from '../support/power-loss.ts';
import { filesOf, NOON, SealBed, settle } from '../support/seal-bed.ts';

/** Small enough to be run some hundred times, with every kind of cut, several cuts at one position, and a snapshot. */
const OPTIONS = { cut: { records: 4 }, segmentBytes: 4096, outputBytes: 2048 };

function feedAll(bed: SealBed): void {
  bed.feed.audit({ action: 'start', at_utc: '2026-02-01T12:00:00.000Z' }, NOON);
  bed.feed.frame(reading('2026-01-29T10:00:00Z', 1), NOON);
  for (let i = 0; i < 4; i++) {
    const lines = [
      reading('2026-01-30T10:00:00Z', i),
      reading('2026-02-01T10:00:00Z', i),
      reading('2026-02-01T11:00:00Z', i),
    ];
    bed.feed.frame([...lines, i % 2 === 0 ? 'rubbish' : '{}'].join('\n'), NOON + i);
  }
  // The batch that was opened first is complete last: a replay fills the cuts in another order than that of their making.
  bed.feed.frame(`${reading('2026-02-03T10:00:00Z')}\n${reading('2026-01-29T10:00:00Z', 2)}`, NOON + 9);
  bed.feed.audit({ action: 'stop', at_utc: '2026-02-01T12:00:01.000Z' }, NOON + 1000);
}

/** A stage that dies is left as it is: closing it would sync what the crash takes away. */
async function runToEnd(bed: SealBed, storage: Storage, snapshot = true): Promise<void> {
  // The lake's own faults are in the tests of its sink; here it only keeps what it is given.
  const sealer = await bed.open(storage, directorySink(HASTY_STORAGE, bed.lake));
  await work(sealer, bed, snapshot);
  sealer.close();
}

async function work(sealer: Sealer, bed: SealBed, snapshot = true): Promise<void> {
  await settle(sealer);
  bed.clock.pass(500);
  if (snapshot) sealer.snapshot();
  sealer.beginDrain(60_000);
  await settle(sealer);
}

/** Objects by key, and the newest checkpoint's size: what must be the same. Seals hold times, which may differ. */
function outcome(bed: SealBed): Map<string, string> {
  return filesOf(bed.lake, '.ndjson.zst');
}

async function reference(): Promise<{ objects: Map<string, string>; calls: number; writes: number }> {
  const bed = new SealBed(temporaryFolder(), OPTIONS);
  feedAll(bed);
  const { storage, trace } = faultyStorage(HASTY_STORAGE, null);
  await runToEnd(bed, storage);
  bed.close();
  const calls = trace.filter(({ kind }) => CHANGING_CALLS.includes(kind)).length;
  return { objects: outcome(bed), calls, writes: trace.filter(({ kind }) => kind === 'write').length };
}

async function crashAt(fault: Fault): Promise<Map<string, string>> {
  const bed = new SealBed(temporaryFolder(), OPTIONS);
  feedAll(bed);
  const faulty = faultyStorage(HASTY_STORAGE, fault);
  await runToEnd(bed, faulty.storage).catch((error: unknown) => {
    if (!(error instanceof FatalError || error instanceof SinkOutage || /injected/.test(String(error))))
      throw error;
  });
  expect(faulty.failed()).toBe(true);
  bed.messages.length = 0;
  await runToEnd(bed, HASTY_STORAGE);
  expect(bed.ofType('drained')).toEqual([{ type: 'drained', published: true }]);
  bed.close();
  if (independentRuns && fault.call % 23 === 0) expect(independent(bed.lake).report?.findings).toEqual([]);
  return outcome(bed);
}

test.each(['done', 'torn'] as const)(
  'seal: a change of the disk that is %s and reported as failed; the lake is the same',
  async (how) => {
    const { objects, calls, writes } = await reference();
    expect(objects.size).toBe(7);
    const kind = how === 'torn' ? 'write' : 'change';
    const most = how === 'torn' ? writes : calls;
    for (let call = 1; call <= most; call++) {
      const found = await crashAt({ kind, call, how }).catch((cause: unknown) => {
        throw new Error(`at call ${call}: ${String(cause)}`, { cause });
      });
      expect([call, ...found.keys()]).toEqual([call, ...objects.keys()]);
      expect(found).toEqual(objects);
    }
  },
  240_000,
);

test.each([true, false])(
  'seal: the power fails before any change of the disk, and again soon after (snapshot in between: %s); the lake is the same',
  async (snapshot) => {
    const { objects } = await reference();
    for (let call = 1; ; call++) {
      const bed = new SealBed(temporaryFolder(), OPTIONS);
      feedAll(bed);
      if (!(await powerFails(bed, call, snapshot))) {
        expect(call).toBeGreaterThan(60);
        bed.close();
        return;
      }
      // The second start may come to its end before the second failure.
      await powerFails(bed, 1 + ((call * 7) % 29), snapshot);
      await runToEnd(bed, HASTY_STORAGE).catch((cause: unknown) => {
        throw new Error(`at call ${call}: ${String(cause)}`, { cause });
      });
      bed.close();
      expect(outcome(bed)).toEqual(objects);
    }
  },
  240_000,
);

/** A run whose power fails at a change of the disk: what was not synced is lost. False when it ends before. */
async function powerFails(bed: SealBed, call: number, snapshot: boolean): Promise<boolean> {
  const lossy = lossyStorage();
  const faulty = faultyStorage(lossy.storage, { kind: 'change', call, how: 'not done' });
  const run = await runToEnd(bed, faulty.storage, snapshot).then(
    () => null,
    (error: unknown) => error,
  );
  // An error without a failure is one of the run itself.
  if (!faulty.failed() && run !== null) throw run;
  if (faulty.failed()) lossy.lose();
  return faulty.failed();
}

/** A sink whose calls fail while `down`. */
function shakySink(inner: Sink): { sink: Sink; down: boolean } {
  const state = { down: false, sink: inner };
  const guard = async <T>(call: () => Promise<T>): Promise<T> => {
    if (state.down) throw new SinkOutage('the store is away');
    return call();
  };
  state.sink = {
    putNew: (key, body, seal) => guard(() => inner.putNew(key, body, seal)),
    replace: (key, body, was) => guard(() => inner.replace(key, body, was)),
    get: (key) => guard(() => inner.get(key)),
    remove: (key) => guard(() => inner.remove(key)),
    probe: () => guard(() => inner.probe()),
  };
  return state;
}

test('seal: an outage is told once, sealing goes on into the outbox, recovery publishes everything in order', async () => {
  const bed = new SealBed(temporaryFolder(), { cut: { records: 2 } });
  const shaky = shakySink(bed.sink());
  const sealer = await bed.open(diskStorage, shaky.sink);
  shaky.down = true;
  for (let i = 0; i < 6; i++) {
    bed.feed.frame(`${reading('2026-02-01T10:00:00Z', i)}\n${reading('2026-02-01T10:00:00Z', -i)}`, NOON);
    await settle(sealer);
    bed.clock.pass(40_000);
  }
  expect(bed.ofType('outage')).toHaveLength(1);
  expect(bed.seals()).toEqual([]);
  expect(filesOf(`${bed.folder}/state/outbox`).size).toBe(6);
  // What waits counts towards the journal's quota, file by file: a block for the object, one for its name.
  expect(Number(bed.positions[POSITION.waitingBytes])).toBe(6 * 8192);
  expect(Number(bed.positions[POSITION.outboxBytes])).toBeGreaterThan(6 * 8192);
  shaky.down = false;
  bed.clock.pass(40_000);
  await settle(sealer);
  expect(bed.ofType('recovered')).toHaveLength(1);
  expect(bed.seals().map((seal) => seal.first_seq)).toEqual(['1', '3', '5', '7', '9', '11']);
  expect(await bed.drain(sealer)).toBe(true);
  sealer.close();
  bed.close();
});

test('seal: no attempt is made before the time of the backoff, and its bound grows to 30 s', async () => {
  const bed = new SealBed(temporaryFolder(), { cut: { records: 1 } });
  const shaky = shakySink(bed.sink());
  let attempts = 0;
  const counting: Sink = {
    ...shaky.sink,
    putNew: (...args) => {
      attempts += 1;
      return shaky.sink.putNew(...args);
    },
  };
  const sealer = await bed.open(diskStorage, counting);
  shaky.down = true;
  bed.feed.frame(reading('2026-02-01T10:00:00Z'), NOON);
  await settle(sealer);
  expect(attempts).toBe(1);
  // Half of 200 ms, by the test's random().
  bed.clock.pass(99);
  await settle(sealer);
  expect(attempts).toBe(1);
  bed.clock.pass(1);
  await settle(sealer);
  expect(attempts).toBe(2);
  for (let i = 0; i < 12; i++) {
    bed.clock.pass(15_000);
    await settle(sealer);
  }
  expect(attempts).toBe(14);
  sealer.close();
  bed.close();
});

test('seal: a drain during an outage ends in its time, unpublished, and the next start publishes', async () => {
  const bed = new SealBed(temporaryFolder());
  const shaky = shakySink(bed.sink());
  const sealer = await bed.open(diskStorage, shaky.sink);
  shaky.down = true;
  feedAll(bed);
  sealer.beginDrain(5000);
  await settle(sealer);
  expect(bed.ofType('drained')).toEqual([]);
  bed.clock.pass(5000);
  await settle(sealer);
  expect(bed.ofType('drained')).toEqual([{ type: 'drained', published: false }]);
  sealer.close();
  shaky.down = false;
  bed.messages.length = 0;
  const next = await bed.open(diskStorage);
  next.beginDrain(5000);
  await settle(next);
  expect(bed.ofType('drained')).toEqual([{ type: 'drained', published: true }]);
  expect(bed.seals()).toHaveLength(6);
  next.close();
  bed.close();
});

test('seal: a drain uses a store that comes back within its time, however long the outage was', async () => {
  const bed = new SealBed(temporaryFolder(), { cut: { records: 1 } });
  const shaky = shakySink(bed.sink());
  const sealer = await bed.open(diskStorage, shaky.sink);
  shaky.down = true;
  bed.feed.frame(reading('2026-02-01T10:00:00Z'), NOON);
  for (let i = 0; i < 12; i++) {
    await settle(sealer);
    bed.clock.pass(15_000);
  }
  await settle(sealer);
  sealer.beginDrain(5000);
  await settle(sealer);
  shaky.down = false;
  expect(bed.ofType('drained')).toEqual([]);
  bed.clock.pass(1000);
  await settle(sealer);
  expect(bed.ofType('drained')).toEqual([{ type: 'drained', published: true }]);
  sealer.close();
  bed.close();
});

test('seal: the last checkpoint of a drain waits out the back-off as everything else does', async () => {
  const bed = new SealBed(temporaryFolder());
  const inner = bed.sink();
  let attempts = 0;
  const sealer = await bed.open(diskStorage, {
    putNew: inner.putNew.bind(inner),
    get: inner.get.bind(inner),
    remove: inner.remove.bind(inner),
    probe: inner.probe.bind(inner),
    replace: (key, body, was) => {
      if (key.endsWith('/checkpoint')) attempts += 1;
      if (attempts === 1) throw new SinkOutage('slow down', 3000);
      return inner.replace(key, body, was);
    },
  });
  feedAll(bed);
  while (sealer.seal());
  sealer.beginDrain(20_000);
  await settle(sealer);
  await settle(sealer);
  expect(attempts).toBe(1);
  bed.clock.pass(2999);
  await settle(sealer);
  expect(attempts).toBe(1);
  bed.clock.pass(1000);
  await settle(sealer);
  expect(bed.ofType('drained')).toEqual([{ type: 'drained', published: true }]);
  sealer.close();
  bed.close();
});

test('seal: a name in the lake that has other bytes is fatal', async () => {
  const bed = new SealBed(temporaryFolder(), { cut: { records: 1 } });
  const inner = bed.sink();
  const sealer = await bed.open(diskStorage, {
    ...inner,
    get: (key) => inner.get(key),
    replace: (key, body, was) => inner.replace(key, body, was),
    probe: () => inner.probe(),
    putNew: (key, body) =>
      key.includes('coldchain') ? Promise.resolve('different') : inner.putNew(key, body),
  });
  bed.feed.frame(reading('2026-02-01T10:00:00Z'), NOON);
  await expect(settle(sealer)).rejects.toThrow(FatalError);
  sealer.close();
  bed.close();
});
