// A store that refuses one object: the log goes on without it, nothing is lost, and everybody can see what is missing.

import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { ConfigError, FatalError } from '../../engine/errors.ts';
import { POSITION } from '../../engine/ring/layout.ts';
import { loadIdentity } from '../../engine/seal/identity.ts';
import type { Sealer } from '../../engine/seal/sealer.ts';
import { directorySink } from '../../engine/sink/directory.ts';
import { type Sink, SinkFault, SinkOutage } from '../../engine/sink/sink.ts';
import { diskStorage, type Storage } from '../../engine/storage.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { faultyStorage } from '../support/faulty-storage.ts';
import { HASTY_STORAGE, reading } from '../support/journal-feed.ts';
import { temporaryFolder } from '../support/journal-folder.ts';
import { lossyStorage } from '../support/power-loss.ts';
import { filesOf, NOON, SealBed, settle } from '../support/seal-bed.ts';

const OPTIONS = { cut: { records: 2 }, segmentBytes: 4096 };
/** The object that the store does not like. */
const REFUSED = 'coldchain/year=2026/month=01/day=30';
const QUARANTINE = 'state/quarantine';

const beds: SealBed[] = [];
afterEach(() => {
  for (const made of beds.splice(0)) made.close();
});

function newBed(): SealBed {
  const made = new SealBed(temporaryFolder(), OPTIONS);
  beds.push(made);
  return made;
}

interface Picky {
  readonly sink: Sink;
  /** Attempts to put what is refused. */
  attempts: number;
  /** Keys that hold this are refused, with this message. */
  refuses: string | null;
  message: () => string;
  probe: () => void;
}

function picky(inner: Sink): Picky {
  const state: Picky = {
    attempts: 0,
    refuses: REFUSED,
    message: () => 'EntityTooLarge: the object is too large',
    probe: () => {},
    sink: {
      putNew: async (key, body, seal) => {
        if (key.startsWith('_tmp/quarantine-probe-')) state.probe();
        if (state.refuses === null || !key.includes(state.refuses)) return inner.putNew(key, body, seal);
        state.attempts += 1;
        throw new SinkFault(state.message());
      },
      replace: async (key, body, was) => {
        if (state.refuses !== null && key.includes(state.refuses)) throw new SinkFault(state.message());
        return inner.replace(key, body, was);
      },
      get: inner.get.bind(inner),
      remove: inner.remove.bind(inner),
      probe: inner.probe.bind(inner),
    },
  };
  return state;
}

function feedAll(bed: SealBed): void {
  for (let i = 0; i < 4; i++) {
    const at = `2026-${i === 1 ? '01-30' : '02-01'}T10:00:00Z`;
    bed.feed.frame(`${reading(at, i)}\n${reading(at, -i)}`, NOON + i);
  }
}

/** Lets `turns` back-offs go by. */
async function turns(bed: SealBed, sealer: Sealer, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await settle(sealer);
    bed.clock.pass(1000);
  }
  await settle(sealer);
}

const events = (bed: SealBed, action: string) =>
  bed
    .ofType('audit')
    .map(({ event }) => event)
    .filter((event) => event.action === action);

const quarantined = (bed: SealBed): string[] => readdirSync(join(bed.folder, QUARANTINE));

test('quarantine: an object refused three times in the same words is parked, its seal is logged, the rest goes on', async () => {
  const bed = newBed();
  const store = picky(bed.sink());
  const sealer = await bed.open(diskStorage, store.sink);
  feedAll(bed);
  while (sealer.seal());
  await settle(sealer);
  // What was before it is in the log, what is behind it waits.
  expect([store.attempts, bed.seals().length, quarantined(bed)]).toEqual([1, 1, []]);
  expect(bed.ofType('outage')).toMatchObject([{ message: expect.stringContaining('EntityTooLarge') }]);
  await turns(bed, sealer, 3);
  expect([store.attempts, bed.seals().length]).toEqual([3, 4]);
  expect(quarantined(bed)).toEqual(['00000000000000000001.zst']);
  expect(bed.ofType('recovered')).toHaveLength(1);
  const [event, ...more] = events(bed, 'object.quarantined');
  expect(more).toEqual([]);
  expect(event).toMatchObject({
    target: expect.stringContaining(REFUSED),
    new: { index: 1, bytes: bed.seals()[1]?.zstd_bytes },
    reason: 'EntityTooLarge: the object is too large',
  });
  // The probe leaves nothing behind.
  expect(readdirSync(join(bed.lake, '_tmp'))).toEqual([]);

  // Everything is sealed and the checkpoint is out, but not everything is in the lake.
  expect(await bed.drain(sealer)).toBe(false);
  expect(existsSync(join(bed.folder, 'state/outbox/00000000000000000001.zst'))).toBe(false);
  expect(quarantined(bed)).toHaveLength(1);
  expect(Number(bed.positions[POSITION.outboxBytes])).toBeGreaterThanOrEqual(8192);
  sealer.close();
  const { findings } = await verifyLake({ lake: bed.lake });
  expect(findings.map(({ verdict, key }) => [verdict, key])).toEqual([['MISSING', event?.target]]);
});

test('quarantine: the next start sends it, tells that, and the lake is sound', async () => {
  const bed = newBed();
  const store = picky(bed.sink());
  const sealer = await bed.open(diskStorage, store.sink);
  feedAll(bed);
  await turns(bed, sealer, 4);
  sealer.snapshot();
  await bed.drain(sealer);
  sealer.close();

  // Still refused: told again, since a crash may have taken the first event.
  bed.messages.length = 0;
  const second = await bed.open(diskStorage, store.sink);
  expect(store.attempts).toBe(4);
  expect(events(bed, 'object.quarantined')).toHaveLength(1);
  second.close();

  store.refuses = null;
  bed.messages.length = 0;
  const third = await bed.open(diskStorage, store.sink);
  expect(events(bed, 'object.released')).toMatchObject([
    { target: expect.stringContaining(REFUSED), new: { index: 1 } },
  ]);
  expect(quarantined(bed)).toEqual([]);
  expect(await bed.drain(third)).toBe(true);
  third.close();
  expect((await verifyLake({ lake: bed.lake })).findings).toEqual([]);
});

test('quarantine: it is tried again once an hour, and at an order at once', async () => {
  const bed = newBed();
  const store = picky(bed.sink());
  const sealer = await bed.open(diskStorage, store.sink);
  feedAll(bed);
  await turns(bed, sealer, 4);
  expect(store.attempts).toBe(3);
  bed.clock.pass(3_590_000);
  await settle(sealer);
  expect(store.attempts).toBe(3);
  bed.clock.pass(10_000);
  await settle(sealer);
  expect([store.attempts, quarantined(bed).length]).toEqual([4, 1]);

  sealer.resend();
  await settle(sealer);
  expect(bed.ofType('resent')).toEqual([{ type: 'resent', sent: 0, left: 1 }]);
  store.refuses = null;
  sealer.resend();
  await settle(sealer);
  expect(bed.ofType('resent').at(-1)).toEqual({ type: 'resent', sent: 1, left: 0 });
  expect([store.attempts, quarantined(bed).length]).toEqual([5, 0]);
  expect(await bed.drain(sealer)).toBe(true);
  sealer.close();
  expect((await verifyLake({ lake: bed.lake })).findings).toEqual([]);
});

test('quarantine: an order in an outage is answered at once, and nothing leaves', async () => {
  const bed = newBed();
  const inner = bed.sink();
  let away = false;
  const store = picky({
    putNew: async (key, body) => {
      if (away) throw new SinkOutage('the store is away');
      return inner.putNew(key, body);
    },
    replace: inner.replace.bind(inner),
    get: inner.get.bind(inner),
    remove: inner.remove.bind(inner),
    probe: inner.probe.bind(inner),
  });
  const sealer = await bed.open(diskStorage, store.sink);
  feedAll(bed);
  await turns(bed, sealer, 4);
  store.refuses = null;
  away = true;
  sealer.resend();
  await settle(sealer);
  expect(bed.ofType('resent')).toEqual([{ type: 'resent', sent: 0, left: 1 }]);
  expect(quarantined(bed)).toHaveLength(1);
  sealer.close();
});

const refusing = (part: string) => (store: Picky) => {
  store.refuses = part;
};
const failingProbe = (error: Error) => (store: Picky) => {
  store.probe = () => {
    throw error;
  };
};

test.each<[what: string, arrange: (store: Picky) => void]>([
  [
    'other words each time',
    (store) => {
      store.message = () => `request ${store.attempts} refused`;
    },
  ],
  ['a store that takes no other object', failingProbe(new SinkFault('AccessDenied'))],
  ['a store that goes away at the probe', failingProbe(new SinkOutage('the store is away'))],
  ['a schema', refusing('_schema/')],
  ['a tile', refusing('/tile/')],
  ['the checkpoint', refusing('/checkpoint')],
])(
  'quarantine: nothing is parked for %s: the log waits, and goes on when the store does',
  async (_, arrange) => {
    const bed = newBed();
    const store = picky(bed.sink());
    const sealer = await bed.open(diskStorage, store.sink);
    arrange(store);
    feedAll(bed);
    while (sealer.seal());
    await turns(bed, sealer, 40);
    expect(quarantined(bed)).toEqual([]);
    expect(events(bed, 'object.quarantined')).toEqual([]);
    expect([bed.ofType('outage').length, bed.ofType('recovered').length]).toEqual([1, 0]);
    store.refuses = null;
    bed.clock.pass(30_000);
    await turns(bed, sealer, 1);
    expect(bed.ofType('recovered')).toHaveLength(1);
    expect(await bed.drain(sealer)).toBe(true);
    sealer.close();
    expect((await verifyLake({ lake: bed.lake })).findings).toEqual([]);
  },
);

test('quarantine: retention keeps it, a file taken away is told, a foreign one is never sent', async () => {
  const bed = newBed();
  const store = picky(bed.sink());
  const sealer = await bed.open(diskStorage, store.sink);
  feedAll(bed);
  await turns(bed, sealer, 4);
  bed.clock.pass(10_000);
  await settle(sealer);
  sealer.snapshot();
  expect(readdirSync(join(bed.folder, 'state/outbox'))).toEqual([]);
  const [name] = quarantined(bed);
  rmSync(join(bed.folder, QUARANTINE, String(name)));
  sealer.resend();
  await settle(sealer);
  expect(events(bed, 'object.lost')).toHaveLength(1);
  expect(bed.ofType('resent')).toEqual([{ type: 'resent', sent: 0, left: 0 }]);
  sealer.close();
  diskStorage.close(diskStorage.create(join(bed.folder, QUARANTINE, String(name))));
  await expect(bed.open(diskStorage, store.sink)).rejects.toThrow(FatalError);
});

test('quarantine: a new log name is refused while objects of the old one wait', () => {
  const folder = temporaryFolder();
  const [state, keys] = [join(folder, 'state'), join(folder, 'keys')];
  loadIdentity(state, keys, 'cold.example/a', false);
  diskStorage.mkdir(join(state, 'quarantine'));
  const path = join(state, 'quarantine', '00000000000000000001.zst');
  diskStorage.close(diskStorage.create(path));
  const rename = () => loadIdentity(state, keys, undefined, true, 'cold.example/b');
  expect(rename).toThrow(ConfigError);
  expect(rename).toThrow(/1 objects of the log "cold.example\/a" wait in .*quarantine/);
  expect(loadIdentity(state, keys, undefined, true).engine).toBe('cold.example/a');
  diskStorage.unlink(path);
  expect(rename().engine).toBe('cold.example/b');
});

/** A run in which the store refuses; what fails on the disk ends it as a crash does. */
async function refusedRun(bed: SealBed, storage: Storage): Promise<void> {
  const store = picky(directorySink(HASTY_STORAGE, bed.lake));
  const sealer = await bed.open(storage, store.sink);
  while (sealer.seal());
  await turns(bed, sealer, 4);
  sealer.snapshot();
  sealer.beginDrain(60_000);
  await turns(bed, sealer, 4);
  sealer.close();
}

test.each(['not done', 'done', 'power'] as const)(
  'quarantine: a change of the disk that fails on the way (%s): the next starts lose nothing and send it',
  async (how) => {
    for (let call = 1; ; call++) {
      const bed = newBed();
      feedAll(bed);
      const lossy = how === 'power' ? lossyStorage() : null;
      const inner = lossy?.storage ?? HASTY_STORAGE;
      const faulty = faultyStorage(inner, {
        kind: 'change',
        call,
        how: how === 'done' ? 'done' : 'not done',
      });
      await refusedRun(bed, faulty.storage).catch((error: unknown) => {
        if (!/injected|EIO/.test(String(error))) throw error;
      });
      lossy?.lose();
      await refusedRun(bed, HASTY_STORAGE);
      expect([call, quarantined(bed)]).toEqual([call, ['00000000000000000001.zst']]);
      bed.messages.length = 0;
      const sealer = await bed.open(HASTY_STORAGE, directorySink(HASTY_STORAGE, bed.lake));
      sealer.beginDrain(60_000);
      await settle(sealer);
      sealer.close();
      expect(bed.ofType('drained')).toEqual([{ type: 'drained', published: true }]);
      expect(filesOf(bed.lake, REFUSED).size).toBe(1);
      if (call % 11 === 0) expect((await verifyLake({ lake: bed.lake, threads: 0 })).findings).toEqual([]);
      if (!faulty.failed()) {
        expect(call).toBeGreaterThan(60);
        return;
      }
    }
  },
  240_000,
);
