import { resolve } from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { Committer, type CommitterData } from '../../engine/commit/committer.ts';
import { FatalError } from '../../engine/errors.ts';
import { JournalReader } from '../../engine/journal/reader.ts';
import { RECORD_FLAG } from '../../engine/journal/record.ts';
import { recoverJournal } from '../../engine/journal/recovery.ts';
import { RingWorker } from '../../engine/ring/claim.ts';
import { RingConsumer } from '../../engine/ring/consumer.ts';
import { CONTROL, outputOffset, POSITION, type Ring, SLAB, slabWord } from '../../engine/ring/layout.ts';
import { RingProducer } from '../../engine/ring/producer.ts';
import { diskStorage } from '../../engine/storage.ts';
import { type Fault, faultyStorage, type StorageCall } from '../support/faulty-storage.ts';
import { readGroups, temporaryFolder } from '../support/journal-folder.ts';
import { appendFrame, ringAt, STARTS } from '../support/small-ring.ts';

/** A ring with hand-driven frontend and worker, and a committer whose disk is watched. */
interface Rig {
  readonly folder: string;
  readonly ring: Ring;
  readonly producer: RingProducer;
  readonly worker: RingWorker;
  readonly consumer: RingConsumer;
  readonly committer: Committer;
  /** Durable counter (from 0) and journalDurable at the time of each call to the disk. */
  readonly calls: { kind: StorageCall; durable: number; position: number }[];
  readonly notices: () => number;
  readonly clock: { wall: number; monotonic: number };
}

function rig(start = 0, fault: Fault | null = null): Rig {
  const folder = temporaryFolder();
  const ring = ringAt(start);
  const calls: Rig['calls'] = [];
  const { storage } = faultyStorage(diskStorage, fault, ({ kind }) => {
    calls.push({
      kind,
      durable: durableOf(ring, start),
      position: positionOf(ring, POSITION.journalDurable),
    });
  });
  const clock = { wall: 5000, monotonic: 100 };
  const data: CommitterData = {
    journalFolder: folder,
    end: 0,
    durable: 0,
    segmentBytes: 1 << 20,
    runningBaseMs: 7000,
    wallMs: 4000,
  };
  let notices = 0;
  const committer = new Committer({
    ring,
    data,
    storage,
    clock: { wallMs: () => clock.wall, monotonicMs: () => clock.monotonic },
    notify: () => {
      notices++;
    },
  });
  return {
    folder,
    ring,
    producer: new RingProducer(ring, 1),
    worker: new RingWorker(ring, 0),
    consumer: new RingConsumer(ring),
    committer,
    calls,
    notices: () => notices,
    clock,
  };
}

function durableOf(ring: Ring, start: number): number {
  return (Atomics.load(ring.control, CONTROL.durable) - start) | 0;
}

function positionOf(ring: Ring, position: number): number {
  return Number(Atomics.load(ring.positions, position));
}

/** Publishes a slab with one frame. */
function publishSlab({ producer }: Rig, frame: number): void {
  expect(producer.reserve(64)).toBe(true);
  appendFrame(producer, frame, new Uint8Array(8));
  producer.publish();
}

/** Puts a chunk of 8 × `value` before the committer. */
function chunk({ ring, worker }: Rig, slab: number, value: number, last: boolean): void {
  const output = ring.data.subarray(outputOffset(ring.sizes, slab));
  output.fill(value, 0, 8);
  worker.publish(output, 8, 0, last);
}

/** Whether the worker may write the output area of the slab again. */
function isTaken({ ring }: Rig, slab: number): boolean {
  const word = (name: number): number => Atomics.load(ring.control, slabWord(slab, name));
  return word(SLAB.chunk) === word(SLAB.taken);
}

function records(r: Rig): { flags: number; value: number; wallMs: number; runningMs: number }[] {
  const reader = new JournalReader(diskStorage, r.folder, 'records', 0);
  const found = [];
  const limit = positionOf(r.ring, POSITION.journalDurable);
  for (let record = reader.next(limit); record !== null; record = reader.next(limit)) {
    const { flags, wallMs, runningMs, payload } = record;
    found.push({ flags, value: payload[0] ?? -1, wallMs, runningMs });
  }
  reader.close();
  return found;
}

const { first: FIRST, last: LAST } = RECORD_FLAG;

test.each(STARTS)(
  'commit: slabs become records in ring order, whoever finishes first (counters from %i)',
  (start) => {
    const r = rig(start);
    const other = new RingWorker(r.ring, 1);
    publishSlab(r, 0);
    publishSlab(r, 1);
    const slow = r.worker.claim();
    const fast = other.claim();
    const output = r.ring.data.subarray(outputOffset(r.ring.sizes, fast));
    output.fill(2, 0, 8);
    other.publish(output, 8, 0, true);
    expect(r.committer.turn()).toBe(false);
    expect(durableOf(r.ring, start)).toBe(0);
    chunk(r, slow, 1, true);
    expect(r.committer.turn()).toBe(true);
    expect(durableOf(r.ring, start)).toBe(2);
    expect(records(r).map(({ flags, value }) => [flags, value])).toEqual([
      [FIRST | LAST, 1],
      [FIRST | LAST, 2],
    ]);
  },
);

test('commit: durable moves only after the fdatasync that covers the slab, and one fdatasync covers all that is ready', () => {
  const r = rig();
  for (let frame = 0; frame < 3; frame++) {
    publishSlab(r, frame);
    chunk(r, r.worker.claim(), frame + 1, true);
  }
  const before = positionOf(r.ring, POSITION.journalDurable);
  r.committer.turn();
  const syncs = r.calls.filter((call) => call.kind === 'datasync');
  expect(syncs).toEqual([{ kind: 'datasync', durable: 0, position: before }]);
  expect(durableOf(r.ring, 0)).toBe(3);
  expect(positionOf(r.ring, POSITION.journalDurable)).toBe(64 + 3 * 56);
  expect(positionOf(r.ring, POSITION.journalWritten)).toBe(64 + 3 * 56);
});

test('commit: a slab in several chunks is one group, durable as a whole with its last chunk', () => {
  const r = rig();
  publishSlab(r, 0);
  const slab = r.worker.claim();
  for (const [i, last] of [false, false, true].entries()) {
    chunk(r, slab, i + 1, last);
    expect(isTaken(r, slab)).toBe(false);
    expect(r.committer.turn()).toBe(true);
    expect(isTaken(r, slab)).toBe(true);
    expect(durableOf(r.ring, 0)).toBe(last ? 1 : 0);
  }
  expect(r.calls.filter((call) => call.kind === 'datasync').length).toBe(1);
  expect(records(r).map(({ flags, value }) => [flags, value])).toEqual([
    [FIRST, 1],
    [0, 2],
    [LAST, 3],
  ]);
});

test('commit: the first chunk of a new attempt begins a new group', () => {
  const r = rig();
  publishSlab(r, 0);
  const slab = r.worker.claim();
  chunk(r, slab, 1, false);
  r.committer.turn();
  // What the pool does when the worker dies: another attempt, free to be claimed.
  Atomics.add(r.ring.control, slabWord(slab, SLAB.attempt), 1);
  Atomics.store(r.ring.control, slabWord(slab, SLAB.owner), 0);
  const again = new RingWorker(r.ring, 1);
  expect(again.claim()).toBe(slab);
  const output = r.ring.data.subarray(outputOffset(r.ring.sizes, slab));
  for (const [value, last] of [
    [2, false],
    [3, true],
  ] as const) {
    output.fill(value, 0, 8);
    again.publish(output, 8, 0, last);
    r.committer.turn();
  }
  expect(records(r).map(({ flags, value }) => [flags, value])).toEqual([
    [FIRST, 1],
    [FIRST, 2],
    [LAST, 3],
  ]);
  const groups = readGroups(r.folder, 0, positionOf(r.ring, POSITION.journalDurable));
  expect(groups).toEqual([[Array(8).fill(2), Array(8).fill(3)]]);
});

test('commit: records carry the clock and the running time of all runs, and the clock goes on from recovery', () => {
  const r = rig();
  expect(positionOf(r.ring, POSITION.wallMs)).toBe(4000);
  r.clock.monotonic = 350.5;
  r.clock.wall = 6000;
  publishSlab(r, 0);
  chunk(r, r.worker.claim(), 1, true);
  r.committer.turn();
  expect(records(r)).toMatchObject([{ wallMs: 6000, runningMs: 7250.5 }]);
});

test('commit: one notice until the main thread has cleared its flag', () => {
  const r = rig();
  const commitOne = (frame: number): void => {
    publishSlab(r, frame);
    chunk(r, r.worker.claim(), 1, true);
    r.committer.turn();
  };
  commitOne(0);
  commitOne(1);
  expect(r.notices()).toBe(1);
  Atomics.store(r.ring.control, CONTROL.noticeFlag, 0);
  expect(r.consumer.release(() => {})).toBe(2);
  commitOne(2);
  expect(r.notices()).toBe(2);
});

test('commit: ends when the ring is closed and all of it is durable, and leaves a whole journal', () => {
  const r = rig();
  for (let frame = 0; frame < 4; frame++) {
    publishSlab(r, frame);
    chunk(r, r.worker.claim(), frame, true);
  }
  r.producer.close();
  r.committer.run();
  expect(durableOf(r.ring, 0)).toBe(4);
  const end = positionOf(r.ring, POSITION.journalDurable);
  expect(recoverJournal(diskStorage, r.folder, 'records', 0)).toMatchObject({ end, truncatedBytes: 0 });
});

test.each([
  { kind: 'datasync', call: 2 },
  { kind: 'write', call: 3 },
] as const)('commit: after a failed $kind nothing becomes durable any more', ({ kind, call }) => {
  for (const how of ['not done', 'done', 'torn'] as const) {
    const r = rig(0, { kind, call, how });
    publishSlab(r, 0);
    chunk(r, r.worker.claim(), 1, true);
    r.committer.turn();
    const durable = positionOf(r.ring, POSITION.journalDurable);
    publishSlab(r, 1);
    chunk(r, r.worker.claim(), 2, true);
    r.producer.close();
    expect(() => r.committer.run()).toThrow(FatalError);
    expect(() => r.committer.run()).toThrow(FatalError);
    expect(durableOf(r.ring, 0)).toBe(1);
    expect(positionOf(r.ring, POSITION.journalDurable)).toBe(durable);
    expect(r.notices()).toBe(1);
  }
});

test('commit: in a thread of its own it sleeps, wakes for each slab, and ends with the ring', async () => {
  const folder = temporaryFolder();
  const ring = ringAt(0);
  const { port1, port2 } = new MessageChannel();
  const data = { journalFolder: folder, end: 0, durable: 0, segmentBytes: 4096, runningBaseMs: 0, wallMs: 0 };
  const file = resolve(import.meta.dirname, '../../dist/workers/committer.js');
  const source = `const { workerData } = require('node:worker_threads');
    import(${JSON.stringify(`file://${file}`)}).then(({ run }) => run(workerData));`;
  const workerData = { ...data, ring, port: port2 };
  const thread = new Worker(source, { eval: true, workerData, transferList: [port2] });
  const ended = new Promise((done, failed) => thread.once('exit', done).once('error', failed));
  const producer = new RingProducer(ring, 1);
  const worker = new RingWorker(ring, 0);
  const consumer = new RingConsumer(ring);
  for (let frame = 0; frame < 200; frame++) {
    expect(producer.reserve(64)).toBe(true);
    appendFrame(producer, frame, new Uint8Array(8));
    producer.publish();
    const output = ring.data.subarray(outputOffset(ring.sizes, worker.claim()));
    output.fill(frame, 0, 8);
    const notice = new Promise((done) => port1.once('message', done));
    worker.publish(output, 8, 0, true);
    await notice;
    Atomics.store(ring.control, CONTROL.noticeFlag, 0);
    expect(consumer.release(() => {})).toBe(1);
  }
  producer.close();
  expect(await ended).toBe(0);
  port1.close();
  const { end } = recoverJournal(diskStorage, folder, 'records', 0);
  const values = readGroups(folder, 0, end).map((group) => group[0]?.[0]);
  expect(values).toEqual(Array.from({ length: 200 }, (_, frame) => frame & 255));
});
