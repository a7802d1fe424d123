// The WebSocket contract from outside: a `ws` client against the real listener.

import { afterEach, expect, test } from 'vitest';
import { ENTRY_KIND } from '../../engine/journal/entry.ts';
import { Client, call, closeFronts, connectTo, lines, record, startFront, until } from '../support/front.ts';

afterEach(closeFronts);

test('websocket: hello comes first and says session, next, window and limit', async () => {
  const front = await startFront();
  const client = connectTo(front);
  const hello = await client.next();
  expect(hello).toEqual({
    type: 'hello',
    session: expect.stringMatching(/^[0-9a-f]{32}$/),
    next: 0,
    window: 64,
    maxFrameBytes: 131_072,
  });
});

test('websocket: an ack says that every frame below it is durable, and none comes before', async () => {
  const front = await startFront();
  front.pipeline.auto = false;
  const client = connectTo(front);
  await client.next();
  client.send(record());
  client.send(Buffer.from(lines(3)));
  await until(() => front.frontend.status().frames === 2);
  await until(() => front.frontend.status().ring > 0);
  expect(client.seen.length).toBe(1);
  // The two frames may lie in one slab or in two.
  await until(() => {
    front.pipeline.pump();
    return client.seen.at(-1).next === 2;
  });
  expect(client.seen.at(-1)).toEqual({ type: 'ack', next: 2 });
  expect(front.pipeline.frames).toEqual([
    { source: 1, stream: 1, frame: 0, accepted: 1, rejected: 0 },
    { source: 1, stream: 1, frame: 1, accepted: 3, rejected: 0 },
  ]);
});

test('websocket: frames in one slab get one cumulative ack', async () => {
  const front = await startFront();
  front.pipeline.auto = false;
  const client = connectTo(front);
  await client.next();
  front.pipeline.idle(false);
  client.send(record());
  await until(() => front.frontend.status().ring > 0);
  for (let i = 0; i < 30; i++) client.send(record());
  await until(() => front.frontend.status().frames === 31);
  front.pipeline.pump();
  await until(() => client.seen.length === 2);
  await until(() => front.pipeline.pump() === 1);
  await client.acked(31);
  expect(client.seen.filter((m) => m.type === 'ack')).toEqual([
    { type: 'ack', next: 1 },
    { type: 'ack', next: 31 },
  ]);
});

test('websocket: the source entry lies before the first frame of a session and is written once', async () => {
  const front = await startFront();
  const client = connectTo(front, '?session=gate-7');
  await client.next();
  client.send(record());
  client.send(record());
  await client.acked(2);
  expect(front.pipeline.log).toEqual(['source', 'frame', 'frame']);
  expect(front.pipeline.ofKind(ENTRY_KIND.source)).toEqual([
    { no: 1, principal: 'anonymous', stream: 'coldchain', session: 'gate-7', named: false },
  ]);
});

test('websocket: a session without a frame leaves nothing in the journal and takes no row', async () => {
  const front = await startFront();
  const client = connectTo(front, '?session=quiet');
  await client.next();
  expect(front.frontend.status().sessions).toBe(0);
  client.ws.close();
  await client.closed;
  await until(() => front.frontend.status().connections === 0);
  expect(front.pipeline.log).toEqual([]);
});

test('websocket: rejects come before the ack that covers their frame, with code and sentence', async () => {
  const front = await startFront();
  const client = connectTo(front);
  await client.next();
  client.send(`${record()}\n${record({ zone_id: 'low case' })}\n{"x":1\n${record()}`);
  const first = await client.next();
  const second = await client.next();
  expect(first).toMatchObject({ type: 'reject', frame: 0, record: 1, code: 'field.pattern' });
  expect(first.detail).toMatch(/zone_id/);
  expect(second).toMatchObject({ type: 'reject', frame: 0, record: 2, code: 'json.syntax' });
  expect(await client.next()).toEqual({ type: 'ack', next: 1 });
  expect(front.frontend.status()).toMatchObject({ received: 4, accepted: 2, rejected: 2, duplicate: 0 });
});

test('websocket: at most 16 rejects of a frame are told one by one, the rest as a number', async () => {
  const front = await startFront();
  const client = connectTo(front);
  await client.next();
  client.send('x\n'.repeat(40));
  await client.acked(1);
  const rejects = client.seen.filter((m) => m.type === 'reject');
  expect(rejects.slice(0, 16).map((m) => m.record)).toEqual([...Array(16).keys()]);
  expect(rejects.slice(16)).toEqual([{ type: 'reject', frame: 0, more: 24 }]);
});

test('websocket: an array with one bad record in the middle: the others are accepted', async () => {
  const front = await startFront();
  const client = connectTo(front);
  await client.next();
  client.send(` [${record()}, ${record({ temperature_c: 'cold' })},\n${record()}]`);
  expect(await client.next()).toMatchObject({ type: 'reject', frame: 0, record: 1, code: 'field.type' });
  expect(await client.next()).toEqual({ type: 'ack', next: 1 });
  expect(front.frontend.status()).toMatchObject({ accepted: 2, rejected: 1 });
});

test('websocket: empty frames and [] are acknowledged and hold no records', async () => {
  const front = await startFront();
  const client = connectTo(front);
  await client.next();
  client.send('');
  client.send('[]');
  client.send(Buffer.from(' \r\n\n'));
  await client.acked(3);
  expect(front.frontend.status()).toMatchObject({ received: 0, frames: 3 });
});

test('websocket: a frame of maxFrameBytes is taken, one byte more closes 1009 and nothing of it is kept', async () => {
  const front = await startFront({ config: { limits: { maxFrameBytes: 2048 } } });
  const client = connectTo(front, '?session=big');
  await client.next();
  client.send(Buffer.alloc(2048, ' '));
  await client.acked(1);
  client.send(Buffer.alloc(2049, ' '));
  expect((await client.closed).code).toBe(1009);
  const again = connectTo(front, '?session=big');
  expect((await again.next()).next).toBe(1);
  expect(front.pipeline.frames.length).toBe(1);
});

test('websocket: a frame of more than twice the limit cuts the line, and nothing of it is kept', async () => {
  const front = await startFront({ config: { limits: { maxFrameBytes: 1024 } } });
  const client = connectTo(front);
  await client.next();
  client.send(Buffer.alloc(2049, ' '));
  expect([1006, 1009]).toContain((await client.closed).code);
  expect(front.pipeline.frames.length).toBe(0);
});

test('websocket: a text frame that is not UTF-8 ends the connection and nothing of it is kept', async () => {
  const front = await startFront();
  const client = connectTo(front);
  await client.next();
  client.ws.send(Buffer.from([0x22, 0xff, 0x22]), { binary: false });
  expect([1006, 1007]).toContain((await client.closed).code);
  expect(front.frontend.status().frames).toBe(0);
});

test('websocket: binary rubbish is one refused record with its bytes', async () => {
  const front = await startFront();
  const client = connectTo(front);
  await client.next();
  client.send(Buffer.from([0, 1, 2, 0xff, 0xfe]));
  expect(await client.next()).toMatchObject({ type: 'reject', frame: 0, record: 0, code: 'json.utf8' });
  await client.acked(1);
});

test('websocket: fragments of a message are one frame', async () => {
  const front = await startFront();
  const client = connectTo(front);
  await client.next();
  const text = record();
  client.ws.send(text.slice(0, 20), { fin: false });
  client.ws.send(text.slice(20), { fin: true });
  await client.acked(1);
  expect(front.frontend.status()).toMatchObject({ accepted: 1, frames: 1 });
});

test('websocket: firn.v1 is echoed when it is offered and not otherwise', async () => {
  const front = await startFront();
  const offering = connectTo(front, '', ['firn.v1']);
  await offering.next();
  expect(offering.ws.protocol).toBe('firn.v1');
  const silent = connectTo(front);
  await silent.next();
  expect(silent.ws.protocol).toBe('');
});

test('websocket: permessage-deflate is never agreed on', async () => {
  const front = await startFront();
  const client = connectTo(front, '', [], { perMessageDeflate: true });
  await client.next();
  expect(client.ws.extensions).toBe('');
  client.send(record());
  await client.acked(1);
});

test('websocket: more than twice the largest window unacknowledged closes 1013', async () => {
  const front = await startFront({ config: { limits: { maxWindow: 4 } } });
  front.pipeline.auto = false;
  const client = connectTo(front, '?session=pushy');
  expect((await client.next()).window).toBe(4);
  for (let i = 0; i < 9; i++) client.send(record());
  expect((await client.closed).code).toBe(1013);
  expect(front.frontend.status().frames).toBe(8);
  front.pipeline.auto = true;
  const again = connectTo(front, '?session=pushy');
  expect((await again.next()).next).toBe(8);
});

test('websocket: a stream that is not configured is 404, a plain GET of the endpoint 426', async () => {
  const front = await startFront();
  const nowhere = new Client(`ws://127.0.0.1:${front.port}/v1/streams/nowhere/ws`);
  const refused = await nowhere.refused;
  expect(refused.status).toBe(404);
  expect(JSON.parse(refused.body)).toMatchObject({ status: 404, code: 'stream.unknown' });
  const plain = await call(front, '/v1/streams/coldchain/ws');
  expect(plain.status).toBe(426);
});
