// Shutting down, ingest() from the host program, and audit events on their way to the journal.

import { afterEach, expect, test } from 'vitest';
import { EngineBusy } from '../../engine/errors.ts';
import { ENTRY_KIND } from '../../engine/journal/entry.ts';
import { MAX_WAITING_CALLS } from '../../engine/limits.ts';
import {
  call,
  closeFronts,
  connectTo,
  FakeClock,
  lines,
  post,
  record,
  startFront,
  until,
} from '../support/front.ts';

afterEach(closeFronts);

const bytes = (text: string) => Buffer.from(text);
const EVENT = {
  action: 'stop',
  actor: 'operator',
  at_utc: '2026-01-31T23:59:58.000Z',
  authorised_by: null,
  new: null,
  old: null,
  reason: null,
  target: 'engine',
};

test('drain: readiness and new work are refused, what was taken is acknowledged, then frames close 1012', async () => {
  const front = await startFront();
  front.pipeline.auto = false;
  const busy = connectTo(front, '?session=busy');
  const quiet = connectTo(front, '?session=quiet');
  await Promise.all([busy.next(), quiet.next()]);
  busy.send(record());
  busy.send(record());
  const posted = post(front, lines(1));
  await until(() => front.frontend.status().frames === 3);
  front.frontend.stopAccepting();
  expect(await call(front, '/readyz')).toMatchObject({ status: 503, json: { ready: false } });
  expect((await call(front, '/healthz')).status).toBe(200);
  expect(await post(front, lines(1))).toMatchObject({ status: 503, json: { code: 'engine.draining' } });
  expect((await connectTo(front).refused).status).toBe(503);
  busy.send(record());
  await call(front, '/healthz');
  expect(busy.ws.readyState).toBe(1);
  front.pipeline.auto = true;
  await busy.acked(2);
  expect((await busy.closed).code).toBe(1012);
  expect((await posted).status).toBe(202);
  await front.frontend.flushed();
  front.frontend.closeConnections();
  expect((await quiet.closed).code).toBe(1012);
  expect(front.pipeline.frames.length).toBe(3);
});

test('drain: flushed waits for the journal, audit events included', async () => {
  const front = await startFront();
  front.pipeline.auto = false;
  front.frontend.audit(EVENT);
  let flushed = false;
  const done = front.frontend.flushed().then(() => {
    flushed = true;
  });
  await until(() => front.frontend.status().ring > 0);
  expect(flushed).toBe(false);
  front.pipeline.auto = true;
  await done;
  expect(front.pipeline.ofKind(ENTRY_KIND.audit)).toEqual([EVENT]);
});

test('drain: flushed with nothing under way resolves', async () => {
  const front = await startFront();
  await front.frontend.flushed();
});

test('ingest: resolves with the outcome when the records are durable', async () => {
  const front = await startFront({ listen: false });
  front.pipeline.auto = false;
  let resolved = false;
  const result = front.frontend.ingest('coldchain', bytes(`${lines(2)}bad`)).then((r) => {
    resolved = true;
    return r;
  });
  await until(() => front.frontend.status().ring > 0);
  expect(resolved).toBe(false);
  front.pipeline.pump();
  expect(await result).toMatchObject({
    accepted: 2,
    rejected: 1,
    errors: [{ record: 2, code: 'json.syntax' }],
    more: 0,
  });
  expect(front.pipeline.ofKind(ENTRY_KIND.source)).toMatchObject([
    { principal: 'in-process', session: null },
  ]);
});

test('ingest: waits for room without blocking, and goes on when there is some', async () => {
  const front = await startFront({ listen: false, config: { ring: { slabs: 4 } } });
  front.pipeline.auto = false;
  const frame = bytes(' '.repeat(120_000));
  const calls = Array.from({ length: 10 }, () => front.frontend.ingest('coldchain', frame));
  await until(() => front.frontend.status().frames === 4);
  await until(() => front.frontend.status().ring === 0.75);
  expect(front.frontend.status().frames).toBe(4);
  front.pipeline.auto = true;
  expect((await Promise.all(calls)).length).toBe(10);
  expect(front.pipeline.frames.length).toBe(10);
});

test('ingest: the caller may use its buffer again at once, also while the call waits', async () => {
  const front = await startFront({ listen: false });
  front.journal.isFull = true;
  const buffer = bytes(record());
  const waiting = front.frontend.ingest('coldchain', buffer);
  buffer.fill(0);
  front.journal.isFull = false;
  expect(await waiting).toMatchObject({ accepted: 1, rejected: 0 });
});

test('ingest: a full queue and a wait over its bound are EngineBusy', async () => {
  const clock = new FakeClock();
  const front = await startFront({ listen: false, clock });
  front.journal.isFull = true;
  const frame = bytes(record());
  const waiting = Array.from({ length: MAX_WAITING_CALLS }, () => front.frontend.ingest('coldchain', frame));
  const outcomes = Promise.allSettled(waiting);
  await expect(front.frontend.ingest('coldchain', frame)).rejects.toBeInstanceOf(EngineBusy);
  clock.advance(5_000);
  expect((await outcomes).every((o) => o.status === 'rejected' && o.reason instanceof EngineBusy)).toBe(true);
  front.journal.isFull = false;
  expect(await front.frontend.ingest('coldchain', frame)).toMatchObject({ accepted: 1 });
  expect(front.pipeline.frames.length).toBe(1);
});

test('ingest: an unknown stream, a frame over the limit and a closed engine are told apart', async () => {
  const front = await startFront({ listen: false, config: { limits: { maxFrameBytes: 1024 } } });
  await expect(front.frontend.ingest('nowhere', bytes('[]'))).rejects.toBeInstanceOf(TypeError);
  await expect(front.frontend.ingest('coldchain', bytes(' '.repeat(1025)))).rejects.toBeInstanceOf(
    RangeError,
  );
  front.frontend.stopAccepting();
  await expect(front.frontend.ingest('coldchain', bytes('[]'))).rejects.toBeInstanceOf(EngineBusy);
});

test('ingest: calls that still wait when the front end closes are refused', async () => {
  const front = await startFront({ listen: false });
  front.journal.isFull = true;
  const waiting = front.frontend.ingest('coldchain', bytes(record()));
  front.close();
  await expect(waiting).rejects.toBeInstanceOf(EngineBusy);
});

test('audit: events that find the ring full are written when there is room, in order', async () => {
  const front = await startFront({ listen: false, config: { ring: { slabs: 4 } } });
  front.pipeline.auto = false;
  const calls = Array.from({ length: 4 }, () =>
    front.frontend.ingest('coldchain', bytes(' '.repeat(131_000))),
  );
  await until(() => front.frontend.status().frames === 4);
  // The newest slab may have room left for small frames: far more than fits is offered.
  for (let i = 0; i < 2000; i++) front.frontend.audit({ ...EVENT, target: `t${i}` });
  expect(front.pipeline.log).not.toContain('audit');
  front.pipeline.auto = true;
  await Promise.all(calls);
  await front.frontend.flushed();
  expect(front.pipeline.ofKind(ENTRY_KIND.audit).map((e) => e.target)).toEqual(
    Array.from({ length: 2000 }, (_, i) => `t${i}`),
  );
});

test('status: received is accepted, rejected and duplicate together, and latency is measured', async () => {
  const front = await startFront();
  const client = connectTo(front);
  await client.next();
  client.send(`${record()}\nbad`);
  await client.acked(1);
  const status = front.frontend.status();
  expect(status).toMatchObject({
    connections: 1,
    sessions: 1,
    received: 2,
    accepted: 1,
    rejected: 1,
    duplicate: 0,
    frames: 1,
    accepting: true,
  });
  expect(status.ackMs.count).toBe(1);
  expect(status.bytes).toBeGreaterThan(100);
});
