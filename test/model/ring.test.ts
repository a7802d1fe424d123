// The ring against a plain model: frontend, two workers, committer and the pool's redo take steps in any order, one step
// being what a thread does between two waits. The real words are compared with the model after every step; at the end
// everything is driven to its end and each frame must have come out exactly once, in order.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NO_SLAB, RingWorker } from '../../engine/ring/claim.ts';
import { RingConsumer } from '../../engine/ring/consumer.ts';
import { FRAME, FRAME_FLAG, FRAME_HEADER_BYTES, frameBytes } from '../../engine/ring/frame.ts';
import { CONTROL, inputOffset, outputOffset, type Ring, SLAB, slabWord } from '../../engine/ring/layout.ts';
import { RingProducer } from '../../engine/ring/producer.ts';
import { Redo } from '../../engine/ring/redo.ts';
import { appendFrame, ringAt, SMALL, STARTS, slotAt, takeChunk } from '../support/small-ring.ts';

const WORKERS = 2;

/** One published slab as the model sees it. */
interface ModelSlab {
  readonly frames: readonly number[];
  owner: number | null;
  /** Frames put out by the present attempt. */
  out: number;
  done: boolean;
  /** A chunk waits for the committer. */
  waiting: boolean;
  readonly deaths: Map<number, number>;
  readonly flagged: Set<number>;
}

interface Model {
  next: number;
  open: number[];
  openBytes: number;
  hasOpen: boolean;
  /** Every slab ever published; the three counters index it. */
  readonly slabs: ModelSlab[];
  durable: number;
  released: number;
  /** Slabs whose last chunk is in the journal. */
  journaled: number;
}

interface Real {
  readonly start: number;
  readonly ring: Ring;
  readonly producer: RingProducer;
  readonly consumer: RingConsumer;
  readonly workers: readonly RingWorker[];
  readonly redo: Redo;
  /** Records of the journal, and what the consumer was shown. */
  readonly journal: { first: boolean; last: boolean; frames: number[] }[];
  readonly visited: number[];
}

type Step = fc.Command<Model, Real>;

function systemAt(start: number): { model: Model; real: Real } {
  const ring = ringAt(start);
  return {
    model: {
      next: 0,
      open: [],
      openBytes: 0,
      hasOpen: false,
      slabs: [],
      durable: 0,
      released: 0,
      journaled: 0,
    },
    real: {
      start,
      ring,
      producer: new RingProducer(ring, WORKERS),
      consumer: new RingConsumer(ring),
      workers: Array.from({ length: WORKERS }, (_, w) => new RingWorker(ring, w)),
      redo: new Redo(ring),
      journal: [],
      visited: [],
    },
  };
}

function publishModel(model: Model): void {
  if (model.open.length === 0) return;
  const slab = { frames: model.open, owner: null, out: 0, done: false, waiting: false };
  model.slabs.push({ ...slab, deaths: new Map(), flagged: new Set() });
  model.open = [];
  model.openBytes = 0;
  model.hasOpen = false;
}

/** Numbers of frames `from` up to `to` of a slab, read from its input. */
function framesIn(ring: Ring, slot: number, from: number, to: number): number[] {
  const view = new DataView(ring.data.buffer, inputOffset(SMALL, slot), SMALL.slabBytes);
  const frames: number[] = [];
  let at = 0;
  for (let i = 0; i < to; i++) {
    if (i >= from) frames.push(view.getFloat64(at + FRAME.frame, true));
    at += frameBytes(view.getUint32(at + FRAME.bytes, true));
  }
  return frames;
}

/** Indexes of flagged frames, as a worker finds them in the input. */
function flaggedIn(ring: Ring, slot: number, frames: number): number[] {
  const view = new DataView(ring.data.buffer, inputOffset(SMALL, slot), SMALL.slabBytes);
  const flagged: number[] = [];
  let at = 0;
  for (let i = 0; i < frames; i++) {
    if ((view.getUint8(at + FRAME.flags) & FRAME_FLAG.crash) !== 0) flagged.push(i);
    at += frameBytes(view.getUint32(at + FRAME.bytes, true));
  }
  return flagged;
}

/** `expect(…).toBe` without its price: thousands of words are compared. */
function same(what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) expect.fail(`${what} is ${actual}, expected ${expected}`);
}

/** The words that must agree with the model whatever the last step was. */
function check(model: Model, real: Real): void {
  const { ring, start, producer } = real;
  const { control } = ring;
  same('published', control[CONTROL.published], (start + model.slabs.length) | 0);
  same('durable', control[CONTROL.durable], (start + model.durable) | 0);
  same('released', control[CONTROL.released], (start + model.released) | 0);
  same('inFlight', producer.inFlight, model.slabs.length - model.released);
  same('openFrames', producer.openFrames, model.open.length);
  for (let back = 1; back <= SMALL.slabs; back++) {
    const index = model.slabs.length - back;
    const slot = slotAt(ring, start, index);
    const slab = model.slabs[index];
    // Only a slab that is published, complete and nobody's can be claimed; one that was never used cannot be reached.
    if (slab !== undefined) {
      const free = slab.owner === null && !slab.done;
      same(`slab ${index} can be claimed`, control[slabWord(slot, SLAB.owner)] === 0, free);
      const flagged = slab.done ? [] : flaggedIn(ring, slot, slab.frames.length);
      if (!slab.done) same(`flagged frames of slab ${index}`, `${flagged}`, `${[...slab.flagged].sort()}`);
    }
    const differ = control[slabWord(slot, SLAB.chunk)] !== control[slabWord(slot, SLAB.taken)];
    same(`a chunk waits in slot ${slot}`, differ, slab?.waiting ?? false);
  }
}

/** A step that may always be tried. */
function step(name: string, run: (model: Model, real: Real) => void): Step {
  return {
    check: () => true,
    run(model, real) {
      run(model, real);
      check(model, real);
    },
    toString: () => name,
  };
}

function append(length: number): Step {
  return step(`append(${length})`, (model, real) => {
    const bytes = frameBytes(length);
    const inFlight = model.slabs.length - model.released;
    const fits = model.hasOpen && model.openBytes + bytes <= SMALL.slabBytes;
    const room = fits || inFlight + (model.hasOpen ? 1 : 0) < SMALL.slabs;
    const before = real.ring.control.slice();
    same('there is room', real.producer.reserve(bytes), room);
    if (!room) {
      before.forEach((word, i) => {
        same(`word ${i} after a refusal`, real.ring.control[i], word);
      });
      return;
    }
    if (!fits) publishModel(model);
    model.hasOpen = true;
    appendFrame(real.producer, model.next, new Uint8Array(length).fill(model.next));
    model.open.push(model.next++);
    model.openBytes += bytes;
  });
}

const publish = step('publish', (model, real) => {
  real.producer.publish();
  publishModel(model);
});

function claim(w: number): Step {
  return step(`claim(${w})`, (model, real) => {
    if (model.slabs.some((slab) => slab.owner === w && !slab.done)) return;
    const oldest = model.slabs.findIndex((slab) => slab.owner === null && !slab.done);
    const worker = real.workers[w] as RingWorker;
    const expected = oldest === -1 ? NO_SLAB : slotAt(real.ring, real.start, oldest);
    same('the claimed slot', worker.claim(), expected);
    const slab = model.slabs[oldest];
    if (slab === undefined) return;
    slab.owner = w;
    slab.out = 0;
    same('frames', worker.frames, slab.frames.length);
    same('flagged', worker.flagged, slab.flagged.size);
  });
}

/** Worker `w` puts out `count` more frames of its slab, if the output is its to write. */
function encode(w: number, count: number): Step {
  return step(`encode(${w}, ${count})`, (model, real) => {
    const index = model.slabs.findIndex((slab) => slab.owner === w && !slab.done);
    const slab = model.slabs[index];
    if (slab === undefined) return;
    const worker = real.workers[w] as RingWorker;
    same('writable', worker.writable, !slab.waiting);
    if (slab.waiting) return;
    const slot = slotAt(real.ring, real.start, index);
    const to = Math.min(slab.frames.length, slab.out + count);
    const numbers = Float64Array.from(framesIn(real.ring, slot, slab.out, to));
    const at = outputOffset(SMALL, slot);
    const output = real.ring.data.subarray(at, at + SMALL.outputBytes);
    output.set(new Uint8Array(numbers.buffer));
    slab.out = to;
    slab.done = to === slab.frames.length;
    slab.waiting = true;
    worker.publish(output, numbers.byteLength, 0, slab.done);
  });
}

/** Worker `w` dies with frame `frame` in the hands of its codec, or by order (null). */
function die(w: number, frame: number | null): Step {
  return step(`die(${w}, ${frame})`, (model, real) => {
    const slab = model.slabs.find((candidate) => candidate.owner === w && !candidate.done);
    let progress = false;
    if (slab !== undefined) {
      slab.owner = null;
      const blamed = frame === null ? -1 : frame % slab.frames.length;
      // A codec is not shown a flagged frame.
      if (frame !== null && !slab.flagged.has(blamed)) {
        (real.workers[w] as RingWorker).touch(blamed);
        const deaths = (slab.deaths.get(blamed) ?? 0) + 1;
        slab.deaths.set(blamed, deaths);
        if (deaths === 2) slab.flagged.add(blamed);
        progress = true;
      }
    }
    same('progress', real.redo.died(w, frame !== null), progress);
  });
}

const take = step('take', (model, real) => {
  const slab = model.slabs[model.journaled];
  const slot = slotAt(real.ring, real.start, model.journaled);
  const chunk = takeChunk(real.ring, slot);
  same('a chunk is there', chunk !== null, slab?.waiting ?? false);
  if (chunk === null || slab === undefined) return;
  slab.waiting = false;
  const at = outputOffset(SMALL, slot);
  const frames = [...new Float64Array(real.ring.data.slice(at, at + chunk.bytes).buffer)];
  real.journal.push({ first: chunk.first, last: chunk.last, frames });
  if (chunk.last) model.journaled++;
});

const sync = step('sync', (model, real) => {
  Atomics.add(real.ring.control, CONTROL.durable, model.journaled - model.durable);
  model.durable = model.journaled;
});

const release = step('release', (model, real) => {
  const count = real.consumer.release((slab) => {
    let at = slab.input;
    for (let i = 0; i < slab.frames; i++) {
      real.visited.push(slab.view.getFloat64(at + FRAME.frame, true));
      at += frameBytes(slab.view.getUint32(at + FRAME.bytes, true));
    }
  });
  same('released', count, model.durable - model.released);
  const shown = model.slabs.slice(model.released, model.durable).flatMap((slab) => slab.frames);
  same('frames shown', `${real.visited.slice(real.visited.length - shown.length)}`, `${shown}`);
  model.released = model.durable;
});

/** What a reader of the journal keeps: the groups that have their end. */
function groups(journal: Real['journal']): number[] {
  const kept: number[] = [];
  let open: number[] | null = null;
  for (const record of journal) {
    if (record.first) open = [];
    if (open === null) throw new Error('a record outside of any group');
    open.push(...record.frames);
    if (!record.last) continue;
    kept.push(...open);
    open = null;
  }
  return kept;
}

const worker = fc.nat({ max: WORKERS - 1 });
/** Each as often as it takes for slabs to go round many times, with the ring now empty, now full. */
const weights: [number, fc.Arbitrary<Step>][] = [
  [3, fc.nat({ max: 100 }).map(append)],
  [1, fc.nat({ max: SMALL.slabBytes - FRAME_HEADER_BYTES }).map(append)],
  [1, fc.constant(publish)],
  [2, worker.map(claim)],
  [4, fc.tuple(worker, fc.nat({ max: 9 })).map(([w, count]) => encode(w, count))],
  [4, fc.constant(take)],
  [2, fc.constant(sync)],
  [2, fc.constant(release)],
  [1, fc.tuple(worker, fc.option(fc.nat({ max: 2 }))).map(([w, frame]) => die(w, frame))],
];
const steps = weights.flatMap(([weight, arbitrary]) => Array.from({ length: weight }, () => arbitrary));

describe('ring model', () => {
  test.each(STARTS)(
    'ring: any interleaving gives every frame once and in order, counters from %i',
    (start) => {
      fc.assert(
        fc.property(fc.commands(steps, { maxCommands: 600, size: 'max' }), (commands) => {
          const system = systemAt(start);
          fc.modelRun(() => system, commands);
          const { model, real } = system;
          publish.run(model, real);
          for (let round = 0; round <= SMALL.slabs; round++) {
            for (let w = 0; w < WORKERS; w++) {
              claim(w).run(model, real);
              take.run(model, real);
              encode(w, 99).run(model, real);
            }
            take.run(model, real);
            take.run(model, real);
          }
          sync.run(model, real);
          release.run(model, real);
          const all = Array.from({ length: model.next }, (_, frame) => frame);
          expect(real.visited).toEqual(all);
          expect(groups(real.journal)).toEqual(all);
          expect(real.producer.inFlight).toBe(0);
        }),
        { numRuns: 150 },
      );
    },
  );
});
