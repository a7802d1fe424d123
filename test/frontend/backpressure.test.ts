// Backpressure, in the order of the contract: the window shrinks, the ring is full, the journal is full, a client does not
// read.

import { afterEach, expect, test } from 'vitest';
import { WindowGauge, windowFor } from '../../engine/frontend/window.ts';
import {
  call,
  closeFronts,
  connectTo,
  FakeClock,
  post,
  record,
  startFront,
  until,
} from '../support/front.ts';

afterEach(closeFronts);

/** 20 records, all refused: 16 rejects of some 200 bytes each, so that socket buffers are soon full. */
const ALL_BAD = `{"${'x'.repeat(80)}":1}\n`.repeat(20);

const calm = { ring: 0, journal: 0, ringBytes: 16 << 20, frameBytes: 200, active: 1 };

test('window: full while there is room, smaller from half on, 0 only when all but full', () => {
  expect(windowFor(64, calm)).toBe(64);
  expect(windowFor(64, { ...calm, ring: 0.5 })).toBe(64);
  expect(windowFor(64, { ...calm, journal: 0.7 })).toBe(32);
  expect(windowFor(64, { ...calm, ring: 0.94 })).toBe(1);
  expect(windowFor(64, { ...calm, ring: 0.95 })).toBe(0);
  expect(windowFor(64, { ...calm, journal: 1 })).toBe(0);
});

test('window: many connections share the ring, each keeps at least one frame', () => {
  expect(windowFor(64, { ...calm, active: 10_000 })).toBe(4);
  expect(windowFor(64, { ...calm, active: 10_000, frameBytes: 128 << 10 })).toBe(1);
});

test('window: never above its maximum and never below 0, whatever the pressure', () => {
  for (const ring of [0, 0.3, 0.6, 0.9, 1, 2]) {
    for (const maxWindow of [1, 3, 64, 4096]) {
      const frames = windowFor(maxWindow, { ...calm, ring });
      expect(frames).toBeGreaterThanOrEqual(0);
      expect(frames).toBeLessThanOrEqual(maxWindow);
    }
  }
});

test('window: the gauge follows the size of frames and the number of senders', () => {
  const gauge = new WindowGauge({
    maxWindow: 64,
    slabs: 8,
    slabBytes: 65_536,
    inFlight: () => 0,
    journal: () => 0,
  });
  expect(gauge.window).toBe(64);
  for (let i = 0; i < 100; i++) gauge.note(65_536, 1);
  for (let i = 0; i < 2; i++) gauge.noteSender();
  gauge.update();
  expect(gauge.window).toBe(2);
  gauge.tick();
  gauge.update();
  expect(gauge.window).toBe(2);
  gauge.tick();
  gauge.update();
  expect(gauge.window).toBe(4);
});

test('window: who connects among many begins with little, and one frame is always allowed', () => {
  const options = { maxWindow: 64, slabs: 128, slabBytes: 262_144, inFlight: () => 0, journal: () => 0 };
  const gauge = new WindowGauge(options);
  expect(gauge.first(1)).toBe(64);
  expect(gauge.first(100)).toBe(4);
  expect(gauge.first(20_000)).toBe(1);
  // What frames were like so far counts when they are larger than the guess.
  for (let i = 0; i < 100; i++) gauge.note(131_072, 1);
  expect(gauge.first(32)).toBe(2);
});

test('backpressure: a new window is told with the next ack', async () => {
  const front = await startFront();
  const client = connectTo(front);
  await client.next();
  front.journal.share = 0.8;
  client.send(record());
  expect(await client.nextOf('ack')).toEqual({ type: 'ack', next: 1 });
  expect(await client.next()).toEqual({ type: 'window', frames: 16 });
  client.send(record());
  await client.acked(2);
  expect(client.seen.filter((m) => m.type === 'window').length).toBe(1);
});

test('backpressure: a window of 0 in hello is followed by one that lets the client go on', async () => {
  const front = await startFront();
  front.journal.share = 1;
  await until(() => front.frontend.status().window === 0);
  const client = connectTo(front);
  expect((await client.next()).window).toBe(0);
  front.journal.share = 0;
  expect(await client.next()).toEqual({ type: 'window', frames: 64 });
  client.send(record());
  await client.acked(1);
});

test('backpressure: a full ring closes 1013 and answers 503, readyz says so, and healthz answers all the while', async () => {
  const front = await startFront({ config: { ring: { slabs: 4 }, limits: { maxWindow: 64 } } });
  front.pipeline.auto = false;
  const clients = Array.from({ length: 12 }, (_, i) => connectTo(front, `?session=c${i}`));
  await Promise.all(clients.map((client) => client.next()));
  const frame = Buffer.alloc(100_000, ' ');
  for (const client of clients) client.send(frame);
  await until(() => front.frontend.status().connections < 12);
  const { frames } = front.frontend.status();
  expect(frames).toBeGreaterThanOrEqual(4);
  const answer = await post(front, frame);
  expect(answer.status).toBe(503);
  expect(answer.headers['retry-after']).toBe('1');
  expect(answer.json).toMatchObject({ status: 503, code: 'engine.full' });
  expect((await call(front, '/healthz')).status).toBe(200);
  const notReady = await call(front, '/readyz');
  expect(notReady.status).toBe(503);
  expect(notReady.json).toEqual({ ready: false, reason: 'the ring is full' });
  front.pipeline.auto = true;
  await until(() => front.frontend.status().ring === 0);
  expect((await call(front, '/readyz')).json).toEqual({ ready: true });
  // Every frame that was taken is durable once, every one that was not is the client's to send again.
  let durable = 0;
  for (let i = 0; i < 12; i++) {
    const { next } = await connectTo(front, `?session=c${i}`).next();
    durable += next;
  }
  expect(durable).toBe(frames);
  expect(front.pipeline.frames.length).toBe(frames);
});

test('backpressure: the close code of a connection that finds the ring full is 1013', async () => {
  const front = await startFront({ config: { ring: { slabs: 4 } } });
  front.pipeline.auto = false;
  const client = connectTo(front);
  await client.next();
  for (let i = 0; i < 9; i++) client.send(Buffer.alloc(100_000, ' '));
  expect((await client.closed).code).toBe(1013);
});

test('backpressure: a full journal refuses at once, readyz says so, and both end with it', async () => {
  const front = await startFront();
  const client = connectTo(front, '?session=j');
  await client.next();
  front.journal.isFull = true;
  expect((await post(front, record())).json).toMatchObject({ status: 503, code: 'engine.full' });
  const notReady = await call(front, '/readyz');
  expect(notReady.status).toBe(503);
  expect(notReady.json).toEqual({ ready: false, reason: 'the journal is full' });
  expect((await call(front, '/healthz')).status).toBe(200);
  client.send(record());
  expect((await client.closed).code).toBe(1013);
  front.journal.isFull = false;
  expect((await call(front, '/readyz')).json).toEqual({ ready: true });
  expect((await post(front, record())).status).toBe(202);
});

test('backpressure: a client that does not read costs bounded memory, is told sums later, and others go on', async () => {
  const front = await startFront({ config: { limits: { maxWindow: 4096, maxFrameBytes: 16_384 } } });
  const deaf = connectTo(front);
  await deaf.next();
  deaf.ws.pause();
  const frames = 6000;
  for (let i = 0; i < frames; i++) {
    deaf.send(ALL_BAD);
    if (i % 100 === 0) await until(() => front.frontend.status().frames > i - 100);
  }
  await until(() => front.frontend.status().frames === frames);
  await until(() => front.frontend.status().ring === 0);
  const lively = connectTo(front);
  await lively.next();
  lively.send(record());
  await lively.acked(1);
  deaf.ws.resume();
  await deaf.acked(frames);
  const rejects = deaf.seen.filter((m) => m.type === 'reject');
  const told = rejects.filter((m) => m.more === undefined).length;
  const more = rejects.reduce((sum, m) => sum + (m.more ?? 0), 0);
  expect(told + more).toBe(frames * 20);
  expect(told).toBeLessThan(frames * 16);
  expect(deaf.seen.filter((m) => m.type === 'ack').length).toBeLessThan(frames);
});

test('backpressure: a client that reads nothing for 60 s is closed 1013', async () => {
  const clock = new FakeClock();
  const front = await startFront({ clock, config: { limits: { maxWindow: 4096, maxFrameBytes: 16_384 } } });
  const deaf = connectTo(front);
  await deaf.next();
  deaf.ws.pause();
  for (let sent = 1; sent <= 6000; sent++) {
    deaf.send(ALL_BAD);
    if (sent % 100 === 0) await until(() => front.frontend.status().frames === sent);
  }
  await until(() => front.frontend.status().ring === 0);
  const since = clock.monotonic;
  await until(() => {
    clock.advance(200);
    return front.frontend.status().connections === 0;
  });
  expect(clock.monotonic - since).toBeGreaterThanOrEqual(60_000);
  deaf.ws.resume();
  expect((await deaf.closed).code).toBe(1013);
});
