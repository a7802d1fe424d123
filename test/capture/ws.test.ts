// Captures over WebSocket, subprotocol firn.capture.v1: credit, bodies in pieces, the end of jobs, and what closes a line.

import { createHash, randomBytes } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { CREDIT_BYTES, MAX_UNFINISHED } from '../../engine/capture/http/ws-session.ts';
import { type CaptureFront, closeCaptureFronts, startCaptureFront } from '../support/capture-front.ts';
import { Client, call, until } from '../support/front.ts';

afterEach(closeCaptureFronts);

const sha256 = (body: string | Uint8Array): string => createHash('sha256').update(body).digest('hex');

async function connect(front: CaptureFront, protocols = ['firn.capture.v1']): Promise<Client> {
  const client = new Client(`ws://127.0.0.1:${front.port}/epcis/capture/ws`, protocols);
  await client.opened;
  return client;
}

/** The next message that is no credit. */
async function told(client: Client) {
  for (;;) {
    const message = await client.next();
    if (message.op !== 'credit') return message;
  }
}

const order = (id: string, bytes: number, change: Record<string, unknown> = {}): string =>
  JSON.stringify({ op: 'capture', id, type: 'application/xml', bytes, ...change });

test('ws: a body in pieces is accepted with job and digest, and its end is told', async () => {
  const front = await startCaptureFront();
  const client = await connect(front);
  expect(client.ws.protocol).toBe('firn.capture.v1');
  expect(await client.next()).toEqual({ op: 'credit', bytes: CREDIT_BYTES });
  client.send(order('c1', 11, { behaviour: 'proceed' }));
  client.send(Buffer.from('hello '));
  client.send(Buffer.from('world'));
  const accepted = await told(client);
  expect(accepted).toEqual({
    op: 'accepted',
    id: 'c1',
    capture: expect.stringMatching(/^[0-9a-f-]{36}$/),
    sha256: sha256('hello world'),
  });
  expect(await told(client)).toMatchObject({
    op: 'done',
    id: 'c1',
    captureID: accepted.capture,
    running: false,
    success: true,
    errors: [],
  });
  expect(front.service.submitted[0]).toMatchObject({
    text: 'hello world',
    request: { mediaType: 'application/xml', behaviour: 'proceed', single: false },
  });
});

test('ws: a text without op is a bare event', async () => {
  const front = await startCaptureFront();
  const client = await connect(front);
  client.send('{"type":"ObjectEvent"}');
  expect(await told(client)).toMatchObject({ op: 'accepted', id: null });
  expect(await told(client)).toMatchObject({ op: 'done', id: null });
  expect(front.service.submitted[0]).toMatchObject({
    text: '{"type":"ObjectEvent"}',
    request: { mediaType: 'application/json', single: true },
  });
  client.send(`{"type":"ObjectEvent","x":"${'y'.repeat(10_000)}"}`);
  expect(await told(client)).toMatchObject({ op: 'accepted', id: null });
});

test('ws: captures follow each other without waiting, and are accepted in their order', async () => {
  const front = await startCaptureFront();
  const client = await connect(front);
  for (let i = 0; i < 20; i++) {
    client.send(order(`c${i}`, 3));
    client.send(Buffer.from(`${100 + i}`));
  }
  const seen: string[] = [];
  let done = 0;
  while (done < 20) {
    const message = await told(client);
    if (message.op === 'accepted') seen.push(message.id);
    else if (message.op === 'done') done += 1;
    else throw new Error(JSON.stringify(message));
  }
  expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => `c${i}`));
});

test('ws: credit comes back as bytes are stored, so a body of any size gets through', async () => {
  const front = await startCaptureFront();
  const client = await connect(front);
  const body = randomBytes(5 * 1024 * 1024);
  client.send(order('large', body.length));
  let credit = 0;
  let sent = 0;
  while (sent < body.length) {
    while (credit > 0 && sent < body.length) {
      const piece = body.subarray(sent, sent + Math.min(credit, 100_000));
      client.send(piece);
      sent += piece.length;
      credit -= piece.length;
    }
    if (sent === body.length) break;
    const message = await client.next();
    expect(message.op).toBe('credit');
    credit += message.bytes;
  }
  expect(await told(client)).toMatchObject({ op: 'accepted', id: 'large', sha256: sha256(body) });
});

test('ws: bytes over the credit, without a capture, or beyond it close 1008', async () => {
  const front = await startCaptureFront();
  const over = await connect(front);
  over.send(order('c1', 2 * CREDIT_BYTES));
  over.send(Buffer.alloc(CREDIT_BYTES + 1));
  expect(await over.closed).toEqual({ code: 1008, reason: 'more bytes than credit' });
  const none = await connect(front);
  none.send(Buffer.from('x'));
  expect((await none.closed).code).toBe(1008);
  const beyond = await connect(front);
  beyond.send(order('c1', 3));
  beyond.send(Buffer.from('four'));
  expect((await beyond.closed).code).toBe(1008);
  const twice = await connect(front);
  twice.send(order('c1', 3));
  twice.send(order('c2', 3));
  expect((await twice.closed).code).toBe(1008);
  const other = await connect(front);
  other.send('{"op":"query"}');
  expect((await other.closed).code).toBe(1008);
  await until(() => front.spool.uploads === 0 && front.files().length === 0);
});

test('ws: what is refused is told with the problem, its bytes are passed over, the line goes on', async () => {
  const front = await startCaptureFront({ spool: { maxBytes: 1000 } });
  const client = await connect(front);
  client.send(order('long', 1001));
  expect(await told(client)).toMatchObject({
    op: 'error',
    id: 'long',
    problem: { type: 'epcisException:CaptureLimitExceededException', status: 413 },
  });
  client.send(Buffer.alloc(1001));
  client.send(order('type', 2, { type: 'text/plain' }));
  client.send(Buffer.from('ab'));
  expect(await told(client)).toMatchObject({ op: 'error', id: 'type', problem: { status: 415 } });
  client.send(order('behaviour', 0, { behaviour: 'all' }));
  expect(await told(client)).toMatchObject({ op: 'error', id: 'behaviour', problem: { status: 400 } });
  front.service.judge = () => [
    { code: 'D04_MALFORMED', severity: 'reject', event: null, pointer: '', detail: 'not XML' },
  ];
  client.send(order('bad', 2));
  client.send(Buffer.from('<a'));
  expect(await told(client)).toMatchObject({
    op: 'error',
    id: 'bad',
    problem: { status: 400, code: 'D04_MALFORMED', errors: [{ code: 'D04_MALFORMED' }] },
  });
  front.service.judge = () => ({ events: 1, accepted: 1 });
  client.send(order('good', 2));
  client.send(Buffer.from('ok'));
  expect(await told(client)).toMatchObject({ op: 'accepted', id: 'good' });
});

test('ws: the same bytes are the same job, and say so', async () => {
  const front = await startCaptureFront();
  const client = await connect(front);
  const send = () => {
    client.send(order('c', 1));
    client.send(Buffer.from('x'));
  };
  send();
  const first = await told(client);
  expect((await told(client)).op).toBe('done');
  send();
  expect(await told(client)).toEqual({ ...first, replay: true });
});

test('ws: at most so many captures are unfinished', async () => {
  const front = await startCaptureFront();
  front.service.stalled = true;
  front.service.judge = () => ({ events: 1 });
  const client = await connect(front);
  for (let i = 0; i <= MAX_UNFINISHED; i++) {
    client.send(order(`c${i}`, 3));
    client.send(Buffer.from(`${100 + i}`));
  }
  for (;;) {
    const message = await told(client);
    if (message.op === 'accepted') continue;
    expect(message).toMatchObject({ op: 'error', id: `c${MAX_UNFINISHED}`, problem: { status: 503 } });
    break;
  }
  await until(() => front.service.submitted.length === MAX_UNFINISHED);
  front.service.finishAll();
  for (let done = 0; done < MAX_UNFINISHED; ) if ((await told(client)).op === 'done') done += 1;
});

test('ws: many errors of a job are told by their place', async () => {
  const front = await startCaptureFront();
  front.service.judge = () => ({
    events: 600,
    rejected: 600,
    success: false,
    findings: Array.from({ length: 600 }, (_, event) => ({
      code: 'S02_EVENT_TIME',
      severity: 'reject' as const,
      event,
      pointer: `/epcisBody/eventList/${event}/eventTime`,
      detail: 'there is no zone',
    })),
  });
  const client = await connect(front);
  client.send('{}');
  const { capture } = await told(client);
  const done = await told(client);
  expect(done).toMatchObject({
    op: 'done',
    success: false,
    rejected: 600,
    errorFile: `/epcis/capture/${capture}`,
  });
  expect(done.errors).toBeUndefined();
});

test('ws: the end of the server is 1012 with the last durable id, and the unfinished body is gone', async () => {
  const front = await startCaptureFront();
  const client = await connect(front);
  client.send(order('c1', 1));
  client.send(Buffer.from('x'));
  expect((await told(client)).op).toBe('accepted');
  client.send(order('c2', 1000));
  client.send(Buffer.from('y'));
  await until(() => front.spool.uploads === 1);
  front.frontend.stopAccepting();
  await front.api.idle();
  front.frontend.closeConnections();
  expect(await client.closed).toEqual({ code: 1012, reason: 'c1' });
  await until(() => front.spool.uploads === 0 && front.files().length === 1);
});

test('ws: a client that goes leaves no part, and what it handed over is judged', async () => {
  const front = await startCaptureFront();
  const client = await connect(front);
  client.send(order('c1', 2));
  client.send(Buffer.from('ok'));
  client.send(order('c2', 500_000));
  client.send(Buffer.alloc(300_000));
  await until(() => front.service.submitted.length === 1 && front.files().length === 2);
  client.ws.terminate();
  await until(() => front.spool.uploads === 0 && front.files().length === 1);
  expect(front.spool.bufferedBytes).toBe(0);
});

test('ws: other subprotocols, wrong tokens and plain requests are refused', async () => {
  const front = await startCaptureFront({
    config: { tokens: [{ name: 'one', token: 'a-secret-of-partner-one', streams: ['epcis'] }] },
  });
  const url = `ws://127.0.0.1:${front.port}/epcis/capture/ws`;
  const headers = { authorization: 'Bearer a-secret-of-partner-one' };
  expect((await new Client(url, ['firn.capture.v1']).refused).status).toBe(401);
  expect((await new Client(url, ['firn.v1'], { headers }).refused).status).toBe(400);
  const bearer = `firn.bearer.${Buffer.from('a-secret-of-partner-one').toString('base64url')}`;
  const browser = new Client(url, ['firn.capture.v1', bearer]);
  await browser.opened;
  expect(browser.ws.protocol).toBe('firn.capture.v1');
  const bare = new Client(url, [], { headers });
  expect((await bare.next()).op).toBe('credit');
  const plain = await fetch(url.replace('ws:', 'http:'), { headers });
  expect(plain.status).toBe(426);
  await plain.arrayBuffer();
});

test('ws: while the ledger cannot tell of a job, others are served, and its end is told later', async () => {
  const front = await startCaptureFront();
  const client = await connect(front);
  front.service.away = true;
  client.send(order('c1', 3));
  client.send(Buffer.from('one'));
  expect(await told(client)).toMatchObject({ op: 'accepted', id: 'c1' });
  expect((await call(front, '/healthz')).status).toBe(200);
  front.service.away = false;
  expect(await told(client)).toMatchObject({ op: 'done', id: 'c1' });
});
