// Sessions: resume, takeover, restart, retention, full tables.

import { afterEach, expect, test } from 'vitest';
import { ENTRY_KIND } from '../../engine/journal/entry.ts';
import { closeFronts, connectTo, FakeClock, record, startFront, until } from '../support/front.ts';

afterEach(closeFronts);

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

test('sessions: a session that comes back is told one past its last durable frame', async () => {
  const front = await startFront();
  const first = connectTo(front, '?session=gate-1');
  await first.next();
  for (let i = 0; i < 5; i++) first.send(record());
  await first.acked(5);
  first.ws.terminate();
  await until(() => front.frontend.status().connections === 0);
  const second = connectTo(front, '?session=gate-1');
  expect(await second.next()).toMatchObject({ session: 'gate-1', next: 5 });
  second.send(record());
  await second.acked(6);
  expect(front.pipeline.frames.map((f) => f.frame)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(front.pipeline.ofKind(ENTRY_KIND.source).length).toBe(1);
});

test('sessions: an id that the engine does not know is adopted with next 0', async () => {
  const front = await startFront();
  expect(await connectTo(front, '?session=A.b_c:d-9').next()).toMatchObject({
    session: 'A.b_c:d-9',
    next: 0,
  });
});

test('sessions: an id with other characters, empty or too long is 400', async () => {
  const front = await startFront();
  for (const id of ['', 'a%20b', 'x'.repeat(65), 'caf%C3%A9', 'a/b']) {
    const refused = await connectTo(front, `?session=${id}`).refused;
    expect(refused.status).toBe(400);
    expect(JSON.parse(refused.body).code).toBe('session.id');
  }
  expect(await connectTo(front, `?session=${'x'.repeat(64)}`).next()).toMatchObject({ next: 0 });
});

test('sessions: two streams and two ids are sessions of their own', async () => {
  const front = await startFront();
  const a = connectTo(front, '?session=a');
  const b = connectTo(front, '?session=b');
  await Promise.all([a.next(), b.next()]);
  a.send(record());
  b.send(record());
  await Promise.all([a.acked(1), b.acked(1)]);
  expect(new Set(front.pipeline.frames.map((f) => f.source)).size).toBe(2);
});

test('sessions: a new connection closes the old one with 4001 and goes on where it was', async () => {
  const front = await startFront();
  const old = connectTo(front, '?session=twin');
  await old.next();
  old.send(record());
  await old.acked(1);
  const heir = connectTo(front, '?session=twin');
  expect((await old.closed).code).toBe(4001);
  expect((await heir.next()).next).toBe(1);
});

test('sessions: the hello of a new connection waits until all that the old one sent is durable', async () => {
  const front = await startFront();
  front.pipeline.auto = false;
  const old = connectTo(front, '?session=twin');
  await old.next();
  for (let i = 0; i < 3; i++) old.send(record());
  await until(() => front.frontend.status().frames === 3);
  const heir = connectTo(front, '?session=twin');
  await heir.opened;
  expect((await old.closed).code).toBe(4001);
  await until(() => front.frontend.status().ring > 0);
  expect(heir.seen).toEqual([]);
  front.pipeline.auto = true;
  expect((await heir.next()).next).toBe(3);
  heir.send(record());
  await heir.acked(4);
  expect(front.pipeline.frames.map((f) => f.frame)).toEqual([0, 1, 2, 3]);
});

test('sessions: of two connections that wait for a session, the newer gets it', async () => {
  const front = await startFront();
  front.pipeline.auto = false;
  const old = connectTo(front, '?session=twin');
  await old.next();
  old.send(record());
  await until(() => front.frontend.status().frames === 1);
  const second = connectTo(front, '?session=twin');
  await second.opened;
  const third = connectTo(front, '?session=twin');
  await third.opened;
  expect((await second.closed).code).toBe(4001);
  front.pipeline.auto = true;
  expect((await third.next()).next).toBe(1);
  expect(second.seen).toEqual([]);
});

test('sessions: a waiting connection that gives up leaves the session to the next one', async () => {
  const front = await startFront();
  front.pipeline.auto = false;
  const old = connectTo(front, '?session=twin');
  await old.next();
  old.send(record());
  await until(() => front.frontend.status().frames === 1);
  const second = connectTo(front, '?session=twin');
  await second.opened;
  second.ws.terminate();
  await until(() => front.frontend.status().connections === 0);
  front.pipeline.auto = true;
  await until(() => front.frontend.status().ring === 0);
  expect((await connectTo(front, '?session=twin').next()).next).toBe(1);
});

test('sessions: a frame before hello closes 1008 and is not kept', async () => {
  const front = await startFront();
  front.pipeline.auto = false;
  const old = connectTo(front, '?session=twin');
  await old.next();
  old.send(record());
  await until(() => front.frontend.status().frames === 1);
  const hasty = connectTo(front, '?session=twin');
  await hasty.opened;
  hasty.send(record());
  expect((await hasty.closed).code).toBe(1008);
  expect(front.frontend.status().frames).toBe(1);
});

test('sessions: frames that were in flight when the line broke are neither lost nor doubled', async () => {
  const front = await startFront();
  front.pipeline.auto = false;
  const first = connectTo(front, '?session=torn');
  await first.next();
  for (let i = 0; i < 10; i++) first.send(record());
  await until(() => front.frontend.status().frames === 10);
  first.ws.terminate();
  await until(() => front.frontend.status().connections === 0);
  const second = connectTo(front, '?session=torn');
  await second.opened;
  front.pipeline.auto = true;
  const { next } = await second.next();
  expect(next).toBe(10);
  for (let i = next; i < 12; i++) second.send(record());
  await second.acked(12);
  expect(front.pipeline.frames.map((f) => f.frame)).toEqual([...Array(12).keys()]);
});

test('sessions: a restart knows the sessions of the run before, and their numbers go on', async () => {
  const before = await startFront();
  const first = connectTo(before, '?session=gate-1');
  await first.next();
  for (let i = 0; i < 3; i++) first.send(record());
  await first.acked(3);
  before.close();
  const after = await startFront({ before: before.pipeline });
  const second = connectTo(after, '?session=gate-1');
  expect((await second.next()).next).toBe(3);
  second.send(record());
  await second.acked(4);
  const other = connectTo(after, '?session=gate-2');
  await other.next();
  other.send(record());
  await other.acked(1);
  expect(after.pipeline.frames[0]).toMatchObject({ source: 1, frame: 3 });
  expect(after.pipeline.ofKind(ENTRY_KIND.source)).toMatchObject([{ no: 2, session: 'gate-2' }]);
});

test('sessions: one that the server named is forgotten ten minutes after its connection ended', async () => {
  let running = 0;
  const front = await startFront({ runningMs: () => running });
  const client = connectTo(front);
  const { session } = await client.next();
  client.send(record());
  await client.acked(1);
  running = 20 * MINUTE;
  client.ws.terminate();
  await until(() => front.frontend.status().connections === 0);
  running = 30 * MINUTE - 1;
  const resumed = connectTo(front, `?session=${session}`);
  expect((await resumed.next()).next).toBe(1);
  resumed.ws.terminate();
  await until(() => front.frontend.status().connections === 0);
  expect(front.frontend.status().sessions).toBe(1);
  running += 10 * MINUTE;
  await until(() => front.frontend.status().sessions === 0);
  await until(() => front.pipeline.log.includes('forget'));
  expect(front.pipeline.ofKind(ENTRY_KIND.forget)).toEqual([{ source: 1 }]);
});

test('sessions: one that the client named is kept for seven days of running time', async () => {
  let running = 0;
  const front = await startFront({ runningMs: () => running });
  const client = connectTo(front, '?session=weekly');
  await client.next();
  client.send(record());
  await client.acked(1);
  client.ws.terminate();
  await until(() => front.frontend.status().connections === 0);
  running = 7 * DAY - 1;
  // A later event in the journal shows that a sweep has gone by.
  const other = connectTo(front, '?session=other');
  await other.next();
  other.send(record());
  await other.acked(1);
  expect(front.pipeline.log).not.toContain('forget');
  running = 7 * DAY;
  await until(() => front.pipeline.log.includes('forget'));
  expect(front.pipeline.ofKind(ENTRY_KIND.forget)).toEqual([{ source: 1 }]);
  expect(front.frontend.status().sessions).toBe(1);
});

test('sessions: one with an open connection is never forgotten', async () => {
  let running = 0;
  const front = await startFront({ runningMs: () => running });
  const client = connectTo(front, '?session=steady');
  await client.next();
  client.send(record());
  await client.acked(1);
  running = 30 * DAY;
  client.send(record());
  await client.acked(2);
  expect(front.pipeline.log).not.toContain('forget');
});

test('sessions: after a restart everybody has ten minutes to come back', async () => {
  let running = 0;
  const before = await startFront({ runningMs: () => running });
  const first = connectTo(before);
  const { session } = await first.next();
  first.send(record());
  await first.acked(1);
  before.close();
  running = 60 * MINUTE;
  const after = await startFront({ before: before.pipeline, runningMs: () => running });
  running += 10 * MINUTE - 1;
  const second = connectTo(after, `?session=${session}`);
  expect((await second.next()).next).toBe(1);
});

test('sessions: a full table refuses new sessions with 503 and evicts nobody', async () => {
  const front = await startFront({ config: { limits: { maxSessions: 2 } } });
  const a = connectTo(front, '?session=a');
  const b = connectTo(front, '?session=b');
  await Promise.all([a.next(), b.next()]);
  const refused = await connectTo(front, '?session=c').refused;
  expect(refused.status).toBe(503);
  expect(refused.headers['retry-after']).toBe('60');
  expect(JSON.parse(refused.body).code).toBe('session.table');
  a.send(record());
  await a.acked(1);
  a.ws.terminate();
  b.ws.terminate();
  await until(() => front.frontend.status().connections === 0);
  // b never sent a frame, so its place is free again; a has its row.
  const c = connectTo(front, '?session=c');
  await c.next();
  expect((await connectTo(front, '?session=a').next()).next).toBe(1);
  expect((await connectTo(front, '?session=d').refused).status).toBe(503);
});

test('sessions: one credential cannot take more than its share of the table', async () => {
  const front = await startFront({
    config: {
      limits: { maxSessions: 4, share: 0.5 },
      tokens: [
        { name: 'one', token: 'one-one-one-one-one', streams: ['coldchain'] },
        { name: 'two', token: 'two-two-two-two-two', streams: ['coldchain'] },
      ],
    },
  });
  const as = (token: string, session: string) =>
    connectTo(front, `?session=${session}`, [], { headers: { authorization: `Bearer ${token}` } });
  await as('one-one-one-one-one', 'a').next();
  await as('one-one-one-one-one', 'b').next();
  expect((await as('one-one-one-one-one', 'c').refused).status).toBe(503);
  expect((await as('two-two-two-two-two', 'c').next()).next).toBe(0);
});

test('sessions: the same id under two credentials is two sessions', async () => {
  const tokens = [
    { name: 'one', token: 'one-one-one-one-one', streams: ['coldchain'] },
    { name: 'two', token: 'two-two-two-two-two', streams: ['coldchain'] },
  ];
  const front = await startFront({ config: { tokens } });
  const as = (token: string) =>
    connectTo(front, '?session=same', [], { headers: { authorization: `Bearer ${token}` } });
  const a = as('one-one-one-one-one');
  await a.next();
  a.send(record());
  await a.acked(1);
  expect((await as('two-two-two-two-two').next()).next).toBe(0);
  expect(a.ws.readyState).toBe(1);
});

test('sessions: the clock of a session is running time, not the wall', async () => {
  const clock = new FakeClock();
  const front = await startFront({ clock, runningMs: () => 0 });
  const client = connectTo(front);
  await client.next();
  client.send(record());
  await client.acked(1);
  client.ws.terminate();
  await until(() => front.frontend.status().connections === 0);
  clock.advance(30 * DAY);
  const other = connectTo(front);
  await other.next();
  other.send(record());
  await other.acked(1);
  expect(front.pipeline.log).not.toContain('forget');
});
