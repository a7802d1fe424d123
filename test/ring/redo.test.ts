import { beforeEach, describe, expect, test } from 'vitest';
import { RingWorker } from '../../engine/ring/claim.ts';
import { RingConsumer } from '../../engine/ring/consumer.ts';
import { FRAME, FRAME_FLAG, FRAME_KIND, FRAME_MODE, frameBytes } from '../../engine/ring/frame.ts';
import { CONTROL, inputOffset, type Ring, SLAB, slabWord } from '../../engine/ring/layout.ts';
import { RingProducer } from '../../engine/ring/producer.ts';
import { Redo } from '../../engine/ring/redo.ts';
import { appendFrame, makeDurable, ringAt, SMALL, takeChunk } from '../support/small-ring.ts';

let ring: Ring;
let producer: RingProducer;
let worker: RingWorker;
let redo: Redo;

beforeEach(() => {
  ring = ringAt(0);
  producer = new RingProducer(ring);
  worker = new RingWorker(ring, 0);
  redo = new Redo(ring);
});

/** One slab with three data frames of 3, 4 and 5 bytes. */
function pushSlab(): void {
  producer.reserve(SMALL.slabBytes);
  for (const length of [3, 4, 5]) appendFrame(producer, length, new Uint8Array(length));
  producer.publish();
}

/** Flags of the three frames of slab 0. */
function flags(): number[] {
  const view = new DataView(ring.data.buffer, inputOffset(SMALL, 0));
  let at = 0;
  return [0, 1, 2].map(() => {
    const flag = view.getUint8(at + FRAME.flags);
    at += frameBytes(view.getUint32(at + FRAME.bytes, true));
    return flag;
  });
}

function word(name: number): number {
  return ring.control[slabWord(0, name)] as number;
}

describe('redo', () => {
  test('redo: the unfinished slab of a dead worker is free again, as a new attempt', () => {
    pushSlab();
    worker.claim();
    const attempt = word(SLAB.attempt);
    redo.died(0, true);
    expect(word(SLAB.owner)).toBe(0);
    expect(word(SLAB.attempt)).toBe(attempt + 1);
    expect(new RingWorker(ring, 1).claim()).toBe(0);
  });

  test('redo: a finished slab is left alone, whether its last chunk is taken or not', () => {
    pushSlab();
    worker.claim();
    worker.publish(ring.data, 0, 0, true);
    redo.died(0, true);
    expect(word(SLAB.owner)).toBe(1);
    takeChunk(ring, 0);
    redo.died(0, true);
    expect(word(SLAB.owner)).toBe(1);
  });

  test('redo: a worker that dies one store short of its last chunk has not finished', () => {
    pushSlab();
    worker.claim();
    // All words of the last chunk but the one that makes it exist.
    Atomics.store(ring.control, slabWord(0, SLAB.chunkLast), (word(SLAB.attempt) << 16) | 1);
    redo.died(0, true);
    expect(word(SLAB.owner)).toBe(0);
    expect(word(SLAB.chunkLast)).toBe(0);
    expect(takeChunk(ring, 0)).toBeNull();
  });

  test('redo: slabs of other workers are not touched', () => {
    pushSlab();
    pushSlab();
    worker.claim();
    new RingWorker(ring, 1).claim();
    redo.died(0, true);
    expect(ring.control[slabWord(1, SLAB.owner)]).toBe(2);
  });

  test('redo: a chunk of the dead worker is taken before the next owner may write, whose first chunk begins a new group', () => {
    pushSlab();
    worker.claim();
    worker.publish(ring.data, 8, 0, false);
    redo.died(0, true);
    const next = new RingWorker(ring, 1);
    expect(next.claim()).toBe(0);
    expect(next.writable).toBe(false);
    expect(takeChunk(ring, 0)).toEqual({ bytes: 8, first: true, last: false });
    expect(next.writable).toBe(true);
    next.publish(ring.data, 16, 0, true);
    expect(takeChunk(ring, 0)).toEqual({ bytes: 16, first: true, last: true });
  });

  test('redo: a frame that was in the hands of two dead workers is flagged, and no other', () => {
    pushSlab();
    for (const [frame, expected] of [
      [1, [0, 0, 0]],
      [2, [0, 0, 0]],
      [1, [0, FRAME_FLAG.crash, 0]],
      [2, [0, FRAME_FLAG.crash, FRAME_FLAG.crash]],
    ] as const) {
      worker.claim();
      worker.touch(frame);
      expect(redo.died(0, true)).toBe(true);
      expect(flags()).toEqual(expected);
    }
    expect(word(SLAB.flagged)).toBe(2);
    worker.claim();
    worker.touch(1);
    expect(redo.died(0, true)).toBe(false);
  });

  test('redo: deaths that were asked for, or that come between frames, blame nobody', () => {
    pushSlab();
    for (let i = 0; i < 3; i++) {
      worker.claim();
      worker.touch(1);
      expect(redo.died(0, false)).toBe(false);
      worker.claim();
      expect(redo.died(0, true)).toBe(false);
    }
    expect(flags()).toEqual([0, 0, 0]);
  });

  test('redo: blame ends with the use of the slab', () => {
    const consumer = new RingConsumer(ring);
    pushSlab();
    worker.claim();
    worker.touch(0);
    redo.died(0, true);
    worker.claim();
    worker.publish(ring.data, 0, 0, true);
    takeChunk(ring, 0);
    makeDurable(ring);
    consumer.release(() => {});
    for (let i = 0; i < SMALL.slabs; i++) {
      pushSlab();
      worker.claim();
      if (i < SMALL.slabs - 1) worker.publish(ring.data, 0, 0, true);
    }
    worker.touch(0);
    redo.died(0, true);
    expect(flags()).toEqual([0, 0, 0]);
    expect(word(SLAB.owner)).toBe(0);
  });

  test('redo: a control frame is never refused', () => {
    producer.reserve(frameBytes(2));
    producer.append(FRAME_KIND.source, FRAME_MODE.auto, 0, 0, 0, 0, 0, Uint8Array.of(123, 125));
    producer.publish();
    const progress = [0, 1, 2].map(() => {
      worker.claim();
      worker.touch(0);
      return redo.died(0, true);
    });
    expect(progress).toEqual([true, false, false]);
    expect(flags()[0]).toBe(0);
    expect(word(SLAB.flagged)).toBe(0);
  });

  test('redo: a worker that died asleep is not counted as idle, and the bell is rung in its place', () => {
    ring.control[CONTROL.workerIdle] = 1;
    ring.control[CONTROL.workerThread] = 77;
    const bell = ring.control[CONTROL.workBell] as number;
    expect(redo.died(0, true)).toBe(false);
    expect(ring.control[CONTROL.workerIdle]).toBe(0);
    expect(ring.control[CONTROL.workerThread]).toBe(0);
    expect(ring.control[CONTROL.workBell]).not.toBe(bell);
  });
});
