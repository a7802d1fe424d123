import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { NO_SLAB, RingWorker } from '../../engine/ring/claim.ts';
import { RingConsumer } from '../../engine/ring/consumer.ts';
import { FRAME, FRAME_HEADER_BYTES, FRAME_KIND, FRAME_MODE, frameBytes } from '../../engine/ring/frame.ts';
import { CONTROL, inputOffset, NO_FRAME, SLAB, slabWord } from '../../engine/ring/layout.ts';
import { RingProducer } from '../../engine/ring/producer.ts';
import { appendFrame, makeDurable, ringAt, SMALL, STARTS, slotAt } from '../support/small-ring.ts';

const LARGEST = SMALL.slabBytes - FRAME_HEADER_BYTES;

function payload(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (seed + i) & 255);
}

/** One slab that a single frame fills. */
function fillSlab(producer: RingProducer, frame: number): boolean {
  if (!producer.reserve(SMALL.slabBytes)) return false;
  appendFrame(producer, frame, payload(LARGEST));
  return true;
}

describe.each(STARTS)('ring producer, counters from %i', (start) => {
  test('ring: a frame lies in its slab as the frame layout says', () => {
    const ring = ringAt(start);
    const producer = new RingProducer(ring);
    // What an earlier lap left there must not shine through.
    ring.data.fill(0xee);
    expect(producer.reserve(frameBytes(5) + frameBytes(0))).toBe(true);
    const body = payload(5, 40);
    producer.append(
      FRAME_KIND.key,
      FRAME_MODE.lines,
      7,
      0xffff_fffe,
      2 ** 52 + 1,
      1_763_000_000_123.5,
      0x8000_0001,
      body,
    );
    producer.append(FRAME_KIND.data, FRAME_MODE.json, 8, 9, 10, 11, 12, new Uint8Array(0));
    producer.publish();
    const slot = slotAt(ring, start, 0);
    const view = new DataView(ring.data.buffer, inputOffset(SMALL, slot));
    expect(view.getUint32(FRAME.bytes, true)).toBe(5);
    expect(view.getUint8(FRAME.kind)).toBe(FRAME_KIND.key);
    expect(view.getUint8(FRAME.mode)).toBe(FRAME_MODE.lines);
    expect(view.getUint8(FRAME.flags)).toBe(0);
    expect(view.getUint32(FRAME.stream, true)).toBe(7);
    expect(view.getUint32(FRAME.source, true)).toBe(0xffff_fffe);
    expect(view.getFloat64(FRAME.frame, true)).toBe(2 ** 52 + 1);
    expect(view.getFloat64(FRAME.receivedMs, true)).toBe(1_763_000_000_123.5);
    expect(view.getUint32(FRAME.slot, true)).toBe(0x8000_0001);
    for (const word of [FRAME.accepted, FRAME.rejected, FRAME.refusal])
      expect(view.getUint32(word, true)).toBe(0);
    const at = inputOffset(SMALL, slot) + FRAME_HEADER_BYTES;
    expect(ring.data.slice(at, at + 5)).toEqual(body);
    const second = frameBytes(5);
    expect(view.getUint32(second + FRAME.bytes, true)).toBe(0);
    expect(view.getUint32(second + FRAME.stream, true)).toBe(8);
    expect(view.getFloat64(second + FRAME.frame, true)).toBe(10);
    expect(ring.control[slabWord(slot, SLAB.frames)]).toBe(2);
    expect(ring.control[slabWord(slot, SLAB.bytes)]).toBe(frameBytes(5) + frameBytes(0));
    expect(ring.control[slabWord(slot, SLAB.frame)]).toBe(NO_FRAME);
  });

  test('ring: a full ring refuses and leaves every word and byte unchanged', () => {
    const ring = ringAt(start);
    const producer = new RingProducer(ring);
    for (let frame = 0; frame < SMALL.slabs; frame++) expect(fillSlab(producer, frame)).toBe(true);
    expect(producer.inFlight).toBe(SMALL.slabs - 1);
    const control = ring.control.slice();
    const data = ring.data.slice();
    // The last slab is open and full: another frame would need a fifth.
    expect(producer.reserve(frameBytes(1))).toBe(false);
    expect(producer.reserve(SMALL.slabBytes)).toBe(false);
    expect(ring.control).toEqual(control);
    expect(ring.data).toEqual(data);
    expect(producer.openFrames).toBe(1);
    producer.publish();
    expect(producer.inFlight).toBe(SMALL.slabs);
    expect(producer.reserve(frameBytes(1))).toBe(false);
    expect(producer.inFlight).toBe(SMALL.slabs);
  });

  test('ring: one released slab makes room for exactly one', () => {
    const ring = ringAt(start);
    const producer = new RingProducer(ring);
    const consumer = new RingConsumer(ring);
    for (let frame = 0; frame < SMALL.slabs; frame++) fillSlab(producer, frame);
    producer.publish();
    for (let lap = 0; lap < 3 * SMALL.slabs; lap++) {
      expect(producer.reserve(8)).toBe(false);
      makeDurable(ring);
      // Durable alone is not enough: the frontend has not answered yet.
      expect(producer.reserve(8)).toBe(false);
      expect(consumer.release(() => {})).toBe(1);
      expect(fillSlab(producer, lap)).toBe(true);
      expect(producer.reserve(8)).toBe(false);
      producer.publish();
    }
  });

  test('ring: a reservation that does not fit behind the open frames publishes them and opens the next slab', () => {
    const ring = ringAt(start);
    const producer = new RingProducer(ring);
    producer.reserve(frameBytes(100));
    appendFrame(producer, 0, payload(100));
    expect(producer.inFlight).toBe(0);
    expect(producer.reserve(SMALL.slabBytes - frameBytes(100))).toBe(true);
    expect(producer.inFlight).toBe(0);
    expect(producer.reserve(SMALL.slabBytes - frameBytes(100) + 8)).toBe(true);
    expect(producer.inFlight).toBe(1);
    expect(producer.openFrames).toBe(0);
  });

  test('ring: publishing without a frame does nothing', () => {
    const ring = ringAt(start);
    const producer = new RingProducer(ring);
    producer.publish();
    producer.reserve(64);
    producer.publish();
    expect(ring.control[CONTROL.published]).toBe(start | 0);
    expect(ring.control[CONTROL.workBell]).toBe(0);
  });

  test('ring: close publishes the open frames, then says that nothing follows', () => {
    const ring = ringAt(start);
    const producer = new RingProducer(ring);
    producer.reserve(64);
    appendFrame(producer, 0, payload(3));
    producer.close();
    const worker = new RingWorker(ring, 0);
    expect(worker.next()).toBe(slotAt(ring, start, 0));
    expect(worker.next()).toBe(NO_SLAB);
  });

  test('ring: no chunk seems to wait at any step of a slab being used again', () => {
    const ring = ringAt(start);
    const producer = new RingProducer(ring);
    const consumer = new RingConsumer(ring);
    const worker = new RingWorker(ring, 0);
    for (let lap = 0; lap < 3 * SMALL.slabs; lap++) {
      fillSlab(producer, lap);
      producer.publish();
      const slot = slotAt(ring, start, lap);
      const [chunk, taken] = [slabWord(slot, SLAB.chunk), slabWord(slot, SLAB.taken)];
      expect(ring.control[chunk]).toBe(ring.control[taken]);
      expect(worker.claim()).toBe(slot);
      worker.publish(ring.data, 0, 0, true);
      expect(ring.control[chunk]).not.toBe(ring.control[taken]);
      ring.control[taken] = ring.control[chunk] as number;
      makeDurable(ring);
      consumer.release(() => {});
    }
  });
});

describe('ring producer', () => {
  test('ring: what is larger than a slab is a fault of the caller, not a full ring', () => {
    const producer = new RingProducer(ringAt(0));
    expect(() => producer.reserve(SMALL.slabBytes + 8)).toThrow(/assertion/);
  });

  test('ring: a frame that was not reserved is a fault of the caller', () => {
    const producer = new RingProducer(ringAt(0));
    expect(() => appendFrame(producer, 0, payload(1))).toThrow(/assertion/);
    producer.reserve(frameBytes(8));
    expect(() => appendFrame(producer, 0, payload(LARGEST + 1))).toThrow(/assertion/);
  });

  test('ring: a worker is idle when it sleeps and nothing waits to be claimed', () => {
    const ring = ringAt(0);
    const producer = new RingProducer(ring, 2);
    expect(producer.workerIdle()).toBe(false);
    ring.control[CONTROL.workerIdle + 1] = 1;
    expect(producer.workerIdle()).toBe(true);
    fillSlab(producer, 0);
    producer.publish();
    expect(producer.workerIdle()).toBe(false);
    new RingWorker(ring, 0).claim();
    expect(producer.workerIdle()).toBe(true);
    ring.control[CONTROL.workerIdle + 1] = 0;
    expect(producer.workerIdle()).toBe(false);
  });

  test('ring: waiting for durable ends at once when a durable slab is not released yet, and times out when nothing moves', () => {
    const ring = ringAt(0);
    const producer = new RingProducer(ring);
    fillSlab(producer, 0);
    producer.publish();
    expect(producer.waitDurable(1)).toBe(false);
    makeDurable(ring);
    expect(producer.waitDurable(60_000)).toBe(true);
    new RingConsumer(ring).release(() => {});
    expect(producer.waitDurable(1)).toBe(false);
  });

  test('ring: waiting for durable is ended by another thread', async () => {
    const ring = ringAt(0);
    const producer = new RingProducer(ring);
    const committer = new Worker(
      `const { control } = require('node:worker_threads').workerData;
       Atomics.wait(control, ${CONTROL.published}, 0);
       Atomics.add(control, ${CONTROL.durable}, 1);
       Atomics.add(control, ${CONTROL.durableBell}, 1);
       Atomics.notify(control, ${CONTROL.durableBell});`,
      { eval: true, workerData: { control: ring.control } },
    );
    fillSlab(producer, 0);
    producer.publish();
    Atomics.notify(ring.control, CONTROL.published);
    // The thread starts on its own: the wait below may block this one for as long as that takes.
    expect(producer.waitDurable(30_000)).toBe(true);
    await committer.terminate();
  });
});
