import { describe, expect, test } from 'vitest';
import { RingConsumer } from '../../engine/ring/consumer.ts';
import { FRAME, frameBytes } from '../../engine/ring/frame.ts';
import { CONTROL, type Ring, rejectsOffset, SLAB, slabWord } from '../../engine/ring/layout.ts';
import { RingProducer } from '../../engine/ring/producer.ts';
import { appendFrame, makeDurable, ringAt, SMALL, STARTS, slotAt } from '../support/small-ring.ts';

function push(producer: RingProducer, frames: readonly number[]): void {
  for (const frame of frames) {
    expect(producer.reserve(frameBytes(4))).toBe(true);
    appendFrame(producer, frame, Uint8Array.of(1, 2, 3, 4));
  }
  producer.publish();
}

/** Frame numbers of all slabs that one call releases, one list a slab. */
function released(ring: Ring, consumer: RingConsumer): number[][] {
  const slabs: number[][] = [];
  consumer.release((slab) => {
    const frames: number[] = [];
    let at = slab.input;
    for (let i = 0; i < slab.frames; i++) {
      frames.push(slab.view.getFloat64(at + FRAME.frame, true));
      at += frameBytes(slab.view.getUint32(at + FRAME.bytes, true));
    }
    expect(slab.bytes).toBe(ring.data);
    slabs.push(frames);
  });
  return slabs;
}

describe.each(STARTS)('ring consumer, counters from %i', (start) => {
  test('ring: durable slabs are visited in order, each once', () => {
    const ring = ringAt(start);
    const [producer, consumer] = [new RingProducer(ring), new RingConsumer(ring)];
    push(producer, [0, 1, 2]);
    push(producer, [3]);
    push(producer, [4, 5]);
    expect(released(ring, consumer)).toEqual([]);
    makeDurable(ring);
    makeDurable(ring);
    expect(released(ring, consumer)).toEqual([[0, 1, 2], [3]]);
    expect(released(ring, consumer)).toEqual([]);
    makeDurable(ring);
    expect(released(ring, consumer)).toEqual([[4, 5]]);
    expect(producer.inFlight).toBe(0);
  });

  test('ring: what becomes durable during a visit is taken along', () => {
    const ring = ringAt(start);
    const [producer, consumer] = [new RingProducer(ring), new RingConsumer(ring)];
    push(producer, [0]);
    push(producer, [1]);
    makeDurable(ring);
    let visits = 0;
    const count = consumer.release(() => {
      if (visits++ === 0) makeDurable(ring);
    });
    expect([count, visits]).toEqual([2, 2]);
  });

  test('ring: a visit sees the reject summaries of its own slab', () => {
    const ring = ringAt(start);
    const [producer, consumer] = [new RingProducer(ring), new RingConsumer(ring)];
    push(producer, [0]);
    push(producer, [1]);
    ring.control[slabWord(slotAt(ring, start, 1), SLAB.rejects)] = 3;
    makeDurable(ring);
    makeDurable(ring);
    const seen: number[][] = [];
    consumer.release((slab) => seen.push([slab.rejects, slab.rejectCount]));
    expect(seen).toEqual([
      [rejectsOffset(SMALL, slotAt(ring, start, 0)), 0],
      [rejectsOffset(SMALL, slotAt(ring, start, 1)), 3],
    ]);
  });

  test('ring: a slab is not free while it is visited', () => {
    const ring = ringAt(start);
    const [producer, consumer] = [new RingProducer(ring), new RingConsumer(ring)];
    for (let i = 0; i < SMALL.slabs; i++) push(producer, [i]);
    makeDurable(ring);
    consumer.release(() => expect(producer.reserve(8)).toBe(false));
    expect(producer.reserve(8)).toBe(true);
  });

  test('ring: releasing from inside a visit does nothing', () => {
    const ring = ringAt(start);
    const [producer, consumer] = [new RingProducer(ring), new RingConsumer(ring)];
    push(producer, [0]);
    push(producer, [1]);
    makeDurable(ring);
    makeDurable(ring);
    const inner: number[] = [];
    expect(consumer.release(() => inner.push(consumer.release(() => inner.push(-1))))).toBe(2);
    expect(inner).toEqual([0, 0]);
  });

  test('ring: a visit that throws leaves its slab to be visited again', () => {
    const ring = ringAt(start);
    const [producer, consumer] = [new RingProducer(ring), new RingConsumer(ring)];
    push(producer, [0]);
    makeDurable(ring);
    expect(() =>
      consumer.release(() => {
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(ring.control[CONTROL.released]).toBe(start | 0);
    expect(released(ring, consumer)).toEqual([[0]]);
  });
});
