import { describe, expect, test, vi } from 'vitest';
import { crc32c } from '../../engine/crc32c.ts';
import { NO_SLAB, RingWorker } from '../../engine/ring/claim.ts';
import { RingConsumer } from '../../engine/ring/consumer.ts';
import { frameBytes } from '../../engine/ring/frame.ts';
import { CONTROL, NO_FRAME, outputOffset, type Ring, SLAB, slabWord } from '../../engine/ring/layout.ts';
import { RingProducer } from '../../engine/ring/producer.ts';
import { appendFrame, makeDurable, ringAt, SMALL, STARTS, slotAt, takeChunk } from '../support/small-ring.ts';

function publish(ring: Ring, slabs: number): RingProducer {
  const producer = new RingProducer(ring);
  for (let i = 0; i < slabs; i++) {
    producer.reserve(frameBytes(1));
    appendFrame(producer, i, Uint8Array.of(i));
    producer.publish();
  }
  return producer;
}

describe.each(STARTS)('ring worker, counters from %i', (start) => {
  test('ring: workers claim the oldest free slab, none twice, none that is only open', () => {
    const ring = ringAt(start);
    const producer = publish(ring, 3);
    producer.reserve(frameBytes(1));
    appendFrame(producer, 3, Uint8Array.of(3));
    const [a, b] = [new RingWorker(ring, 0), new RingWorker(ring, 1)];
    expect(a.claim()).toBe(slotAt(ring, start, 0));
    expect(b.claim()).toBe(slotAt(ring, start, 1));
    expect(a.claim()).toBe(slotAt(ring, start, 2));
    expect(b.claim()).toBe(NO_SLAB);
    expect(a.claim()).toBe(NO_SLAB);
  });

  test('ring: a slab that another worker claims between look and claim is left to it', () => {
    const ring = ringAt(start);
    publish(ring, 2);
    const [a, b] = [new RingWorker(ring, 0), new RingWorker(ring, 1)];
    const owner = slabWord(slotAt(ring, start, 0), SLAB.owner);
    const claimed: number[] = [];
    const load = Atomics.load;
    // The moment in question: the first worker has seen that the slab is free and has not taken it yet.
    const spy = vi.spyOn(Atomics, 'load').mockImplementation(((words: Int32Array, at: number) => {
      const value = load(words, at);
      if (at !== owner || value !== 0 || claimed.length > 0) return value;
      claimed.push(-1);
      claimed[0] = b.claim();
      return value;
    }) as typeof Atomics.load);
    try {
      claimed.push(a.claim());
    } finally {
      spy.mockRestore();
    }
    expect(claimed).toEqual([slotAt(ring, start, 0), slotAt(ring, start, 1)]);
  });

  test('ring: a slab that is free again is claimed before newer ones', () => {
    const ring = ringAt(start);
    publish(ring, 3);
    const worker = new RingWorker(ring, 0);
    worker.claim();
    worker.claim();
    ring.control[slabWord(slotAt(ring, start, 0), SLAB.owner)] = 0;
    expect(worker.claim()).toBe(slotAt(ring, start, 0));
    expect(worker.claim()).toBe(slotAt(ring, start, 2));
  });

  test('ring: chunks are numbered, the first and the last are told apart, and each carries its checksum', () => {
    const ring = ringAt(start);
    publish(ring, 1);
    const worker = new RingWorker(ring, 0);
    const slot = worker.claim();
    const output = ring.data.subarray(outputOffset(SMALL, slot));
    const steps = [
      { bytes: 8, last: false, expected: { bytes: 8, first: true, last: false } },
      { bytes: 16, last: false, expected: { bytes: 16, first: false, last: false } },
      { bytes: 0, last: true, expected: { bytes: 0, first: false, last: true } },
    ];
    expect(takeChunk(ring, slot)).toBeNull();
    for (const step of steps) {
      output.fill(step.bytes, 0, step.bytes);
      expect(worker.writable).toBe(true);
      worker.publish(output, step.bytes, 1, step.last);
      const crc = (ring.control[slabWord(slot, SLAB.chunkCrc)] as number) >>> 0;
      expect(crc).toBe(crc32c(new Uint8Array(step.bytes).fill(step.bytes)));
      expect(takeChunk(ring, slot)).toEqual(step.expected);
      expect(takeChunk(ring, slot)).toBeNull();
    }
    expect(ring.control[CONTROL.workerSlabs]).toBe(1);
  });
});

describe('ring worker', () => {
  test('ring: an output whose chunk was not taken is not writable', () => {
    const ring = ringAt(0);
    publish(ring, 1);
    const worker = new RingWorker(ring, 0);
    const slot = worker.claim();
    worker.publish(ring.data, 0, 0, false);
    expect(worker.writable).toBe(false);
    expect(() => worker.publish(ring.data, 0, 0, true)).toThrow(/assertion/);
    takeChunk(ring, slot);
    expect(worker.writable).toBe(true);
  });

  test('ring: the frame in the hands of the codec is named until its chunk is out', () => {
    const ring = ringAt(0);
    publish(ring, 1);
    const worker = new RingWorker(ring, 0);
    const word = slabWord(worker.claim(), SLAB.frame);
    expect(ring.control[word]).toBe(NO_FRAME);
    worker.touch(0);
    expect(ring.control[word]).toBe(0);
    worker.publish(ring.data, 0, 0, true);
    expect(ring.control[word]).toBe(NO_FRAME);
  });

  test('ring: a worker ends when the ring is closed and nothing is left, not before', () => {
    const ring = ringAt(0);
    publish(ring, 2).close();
    const worker = new RingWorker(ring, 0);
    expect([worker.next(), worker.next(), worker.next()]).toEqual([0, 1, NO_SLAB]);
    expect(ring.control[CONTROL.workerIdle]).toBe(0);
  });

  test('ring: a claim under the number of an earlier lap gets nothing until the slab is published again', () => {
    const ring = ringAt(0);
    const producer = publish(ring, 1);
    const consumer = new RingConsumer(ring);
    const worker = new RingWorker(ring, 0);
    // What a worker that was stopped between reading the counters and its exchange would do, at each later moment.
    const late = (): number => Atomics.compareExchange(ring.control, slabWord(0, SLAB.owner), 0, 0);
    expect(worker.claim()).toBe(0);
    expect(late()).not.toBe(0);
    worker.publish(ring.data, 0, 0, true);
    takeChunk(ring, 0);
    makeDurable(ring);
    expect(late()).not.toBe(0);
    consumer.release(() => {});
    expect(late()).not.toBe(0);
    for (let i = 1; i < SMALL.slabs; i++) {
      producer.reserve(SMALL.slabBytes);
      appendFrame(producer, i, new Uint8Array(SMALL.slabBytes - 48));
    }
    producer.reserve(frameBytes(1));
    expect(late()).not.toBe(0);
    appendFrame(producer, SMALL.slabs, Uint8Array.of(1));
    expect(late()).not.toBe(0);
    producer.publish();
    expect(late()).toBe(0);
  });
});
