// Intake against a scripted ring: when slabs are published, and how long a full ring is waited for.

import { expect, test } from 'vitest';
import { Intake, type Producer } from '../../engine/frontend/intake.ts';
import { FRAME_MODE } from '../../engine/ring/frame.ts';
import { FakeClock } from '../support/front.ts';

interface Script {
  full: boolean;
  moves: number;
  idle: boolean;
  published: number;
  open: number;
  inFlight: number;
  waits: number[];
}

/** An intake on a ring that does what the script says; each wait takes as long as it may. */
function scripted(change: Partial<Script> = {}) {
  const clock = new FakeClock();
  const script: Script = {
    full: false,
    moves: 0,
    idle: true,
    published: 0,
    open: 0,
    inFlight: 0,
    waits: [],
    ...change,
  };
  const seen = { drains: 0, turns: 0, journalFull: false, looks: 0, timeOfTurn: 0 };
  const producer: Producer = {
    reserve: () => !script.full,
    append: () => {
      script.open += 1;
    },
    publish: () => {
      script.published += 1;
      script.inFlight += 1;
      script.open = 0;
    },
    workerIdle: () => script.idle,
    get inFlight() {
      return script.inFlight;
    },
    get openFrames() {
      return script.open;
    },
    waitDurable: (ms) => {
      script.waits.push(ms);
      clock.advance(script.moves > 0 ? 3 : ms);
      script.moves -= 1;
      return script.moves >= 0;
    },
  };
  const intake: Intake = new Intake({
    producer,
    clock,
    journalFull: () => {
      seen.looks += 1;
      return seen.journalFull;
    },
    drain: () => {
      seen.drains += 1;
    },
    onTurn: () => {
      seen.turns += 1;
      seen.timeOfTurn = intake.monotonicMs();
    },
  });
  return { clock, script, seen, intake };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const frame = new Uint8Array(10);

test('intake: the open slab is published at the end of the turn when a worker is idle', async () => {
  const { script, intake } = scripted();
  intake.data(FRAME_MODE.auto, 1, 1, 0, 0, frame);
  intake.data(FRAME_MODE.auto, 1, 1, 1, 0, frame);
  expect(script.published).toBe(0);
  await turn();
  expect(script.published).toBe(1);
});

test('intake: while all workers are busy the slab fills, and it goes when one is idle', async () => {
  const { script, intake } = scripted({ idle: false, inFlight: 1 });
  intake.data(FRAME_MODE.auto, 1, 1, 0, 0, frame);
  for (let i = 0; i < 5; i++) await turn();
  expect(script.published).toBe(0);
  script.idle = true;
  await turn();
  expect(script.published).toBe(1);
});

test('intake: with nothing in flight the slab goes whatever the workers say', async () => {
  const { script, intake } = scripted({ idle: false, inFlight: 0 });
  intake.data(FRAME_MODE.auto, 1, 1, 0, 0, frame);
  await turn();
  expect(script.published).toBe(1);
});

test('intake: while the disk is behind, frames gather in the open slab until a notice comes', async () => {
  const { script, seen, intake } = scripted({ inFlight: 8 });
  for (let i = 0; i < 5; i++) {
    intake.data(FRAME_MODE.auto, 1, 1, i, 0, frame);
    await turn();
  }
  expect(script.published).toBe(0);
  const { turns } = seen;
  for (let i = 0; i < 5; i++) await turn();
  expect(seen.turns).toBe(turns);
  script.inFlight = 7;
  intake.poke();
  await turn();
  expect(script.published).toBe(1);
});

test('intake: looking for an idle worker ends by itself and goes on with the next notice', async () => {
  const { script, seen, intake } = scripted({ idle: false, inFlight: 1 });
  intake.data(FRAME_MODE.auto, 1, 1, 0, 0, frame);
  for (let i = 0; i < 200; i++) await turn();
  const { turns } = seen;
  expect(turns).toBeLessThan(100);
  for (let i = 0; i < 10; i++) await turn();
  expect(seen.turns).toBe(turns);
  script.idle = true;
  intake.poke();
  await turn();
  expect(script.published).toBe(1);
});

test('intake: without frames no turn follows another, also when the end of a turn looks at the clock', async () => {
  const { seen, intake } = scripted();
  intake.wallMs();
  intake.wake();
  for (let i = 0; i < 20; i++) await turn();
  expect(seen.turns).toBe(1);
});

test('intake: a full ring is not waited for when commit does not move', () => {
  const { script, intake } = scripted({ full: true, moves: 0 });
  expect(intake.room(100)).toBe(false);
  expect(script.waits).toEqual([20]);
  expect(intake.room(100)).toBe(false);
  expect(script.waits).toEqual([20]);
});

test('intake: a full ring is waited for while commit moves, at most 20 ms in a turn', async () => {
  const { script, seen, intake } = scripted({ full: true, moves: 100 });
  expect(intake.room(100)).toBe(false);
  expect(script.waits.length).toBe(7);
  expect(Math.min(...script.waits)).toBe(2);
  expect(seen.drains).toBe(8);
  expect(intake.room(100)).toBe(false);
  expect(script.waits.length).toBe(7);
  await turn();
  expect(intake.room(100)).toBe(false);
  expect(script.waits.length).toBe(14);
});

test('intake: room that appears during the wait is taken', () => {
  const { script, intake } = scripted({ full: true, moves: 100 });
  script.waits.push = function push(...items: number[]) {
    script.full = this.length + items.length < 2;
    return Array.prototype.push.apply(this, items);
  };
  expect(intake.room(100)).toBe(true);
  expect(script.waits.length).toBe(2);
});

test('intake: a full journal is refused without a wait and is asked once a turn', async () => {
  const { script, seen, intake } = scripted();
  seen.journalFull = true;
  for (let i = 0; i < 100; i++) expect(intake.room(100)).toBe(false);
  expect(seen.looks).toBe(1);
  expect(script.waits).toEqual([]);
  expect(intake.tryRoom(100)).toBe(true);
  seen.journalFull = false;
  await turn();
  expect(intake.room(100)).toBe(true);
});

test('intake: time stands still within a turn and moves on with the next', async () => {
  const { clock, intake } = scripted();
  const before = [intake.wallMs(), intake.monotonicMs()];
  clock.advance(5);
  expect([intake.wallMs(), intake.monotonicMs()]).toEqual(before);
  await turn();
  expect([intake.wallMs(), intake.monotonicMs()]).toEqual(before.map((ms) => ms + 5));
});
