// `POST /v1/streams/{stream}/records` from outside: every status of the contract.

import { afterEach, expect, test } from 'vitest';
import { ENTRY_KIND } from '../../engine/journal/entry.ts';
import { MAX_BODIES_BYTES } from '../../engine/limits.ts';
import {
  call,
  closeFronts,
  connectTo,
  FakeClock,
  lines,
  post,
  rawSocket,
  record,
  startFront,
  until,
} from '../support/front.ts';

afterEach(closeFronts);

const JSON_TYPE = { 'content-type': 'application/json' };

test('http: lines are answered 202 with the count, after they are durable', async () => {
  const front = await startFront();
  front.pipeline.auto = false;
  let answered = false;
  const answer = post(front, lines(3)).then((a) => {
    answered = true;
    return a;
  });
  await until(() => front.frontend.status().ring > 0);
  expect(answered).toBe(false);
  front.pipeline.pump();
  expect(await answer).toMatchObject({
    status: 202,
    json: { accepted: 3, rejected: 0, errors: [], more: 0 },
  });
});

test('http: one JSON object on several lines is one record, an array is several', async () => {
  const front = await startFront();
  const pretty = JSON.stringify(JSON.parse(record()), null, 2);
  expect((await post(front, pretty, JSON_TYPE)).json).toMatchObject({ accepted: 1, rejected: 0 });
  expect((await post(front, `[${record()},\n${record()}]`, JSON_TYPE)).json).toMatchObject({ accepted: 2 });
  expect((await post(front, '[]', JSON_TYPE)).json).toMatchObject({ accepted: 0, rejected: 0 });
});

test('http: refused records are told with code and sentence, also when all were refused', async () => {
  const front = await startFront();
  const answer = await post(front, 'nonsense\n'.repeat(20));
  expect(answer.status).toBe(202);
  expect(answer.json).toMatchObject({ accepted: 0, rejected: 20, more: 4 });
  expect(answer.json.errors.length).toBe(16);
  expect(answer.json.errors[3]).toEqual({ record: 3, code: 'json.syntax', detail: expect.any(String) });
});

test('http: application/json of broken syntax or UTF-8 is 400 with the code, and is in the dead letter', async () => {
  const front = await startFront();
  const syntax = await post(front, `[${record()},`, JSON_TYPE);
  expect(syntax.status).toBe(400);
  expect(syntax.headers['content-type']).toBe('application/problem+json');
  expect(syntax.json).toMatchObject({ status: 400, code: 'json.syntax', detail: expect.any(String) });
  const utf8 = await post(front, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), JSON_TYPE);
  expect(utf8).toMatchObject({ status: 400, json: { code: 'json.utf8' } });
  expect(front.pipeline.frames.map((f) => f.rejected)).toEqual([1, 1]);
});

test('http: a scalar is a refused record and an empty body is none', async () => {
  const front = await startFront();
  expect((await post(front, '17', JSON_TYPE)).json).toMatchObject({
    rejected: 1,
    errors: [{ code: 'record.not-object' }],
  });
  expect(await post(front, '', JSON_TYPE)).toMatchObject({ status: 202, json: { accepted: 0, rejected: 0 } });
  expect(await post(front, '')).toMatchObject({ status: 202, json: { accepted: 0, rejected: 0 } });
});

test('http: media types may have parameters and any case, others are 415', async () => {
  const front = await startFront();
  const status = async (type: string) => (await post(front, lines(1), { 'content-type': type })).status;
  expect(await status('Application/JSON; charset=utf-8')).toBe(202);
  expect(await status('application/x-NDJSON;a=b')).toBe(202);
  expect(await status('text/plain')).toBe(415);
  expect(await status('application/jsonp')).toBe(415);
  expect(await status('')).toBe(415);
  const zipped = await post(front, lines(1), { 'content-encoding': 'gzip' });
  expect(zipped).toMatchObject({ status: 415, json: { code: 'body.encoding' } });
  expect(front.pipeline.frames.length).toBe(2);
});

test('http: an unknown stream is 404 and another method 405 with Allow', async () => {
  const front = await startFront();
  const unknown = await call(front, '/v1/streams/nowhere/records', {
    method: 'POST',
    headers: JSON_TYPE,
    body: '[]',
  });
  expect(unknown).toMatchObject({ status: 404, json: { code: 'stream.unknown' } });
  const put = await call(front, '/v1/streams/coldchain/records', { method: 'PUT', body: '[]' });
  expect(put).toMatchObject({
    status: 405,
    headers: { allow: 'POST' },
    json: { code: 'method.not-allowed' },
  });
  expect(await call(front, '/healthz', { method: 'POST' })).toMatchObject({
    status: 405,
    headers: { allow: 'GET, HEAD' },
  });
  expect(await call(front, '/v2/anything')).toMatchObject({ status: 404, json: { code: 'route.unknown' } });
});

test('http: a body over maxFrameBytes is 413 by its length before it is sent, and not kept', async () => {
  const front = await startFront({ config: { limits: { maxFrameBytes: 1024 } } });
  const { socket, received } = rawSocket(front);
  socket.write(
    'POST /v1/streams/coldchain/records HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1025\r\n\r\n',
  );
  await until(() => received().includes('body.too-large'));
  expect(received()).toMatch(/^HTTP\/1\.1 413 /);
  expect((await post(front, ' '.repeat(1024))).status).toBe(202);
  expect((await post(front, ' '.repeat(1025))).status).toBe(413);
  expect(front.pipeline.frames.length).toBe(1);
});

test('http: a body without a length is counted while it comes, 413 beyond the limit', async () => {
  const front = await startFront({ config: { limits: { maxFrameBytes: 1024 } } });
  const chunk = `100\r\n${' '.repeat(256)}\r\n`;
  const head =
    'POST /v1/streams/coldchain/records HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
  const fits = rawSocket(front);
  fits.socket.write(`${head}${chunk.repeat(4)}0\r\n\r\n`);
  await until(() => fits.received().includes('accepted'));
  const over = rawSocket(front);
  over.socket.write(`${head}${chunk.repeat(5)}`);
  await until(() => over.received().includes('413'));
  expect(front.pipeline.frames.length).toBe(1);
});

test('http: a body in pieces is one frame', async () => {
  const front = await startFront();
  const { socket, received } = rawSocket(front);
  const body = lines(2);
  socket.write(
    `POST /v1/streams/coldchain/records HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: ${body.length}\r\n\r\n`,
  );
  for (let i = 0; i < body.length; i += 40) {
    socket.write(body.slice(i, i + 40));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => received().includes('"accepted":2'));
  expect(front.pipeline.frames.length).toBe(1);
});

test('http: an empty body is answered also when its head comes in pieces, and the connection goes on', async () => {
  const front = await startFront();
  const { socket, received } = rawSocket(front);
  const head =
    'POST /v1/streams/coldchain/records HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n';
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(head.slice(0, 80));
  await call(front, '/healthz');
  socket.write(`${head.slice(80)}Content-Length: 0\r\n\r\n`);
  await until(() => received().includes('"accepted":0'));
  const body = lines(2);
  socket.write(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
  await until(() => received().includes('"accepted":2'));
});

test('http: half a body and then the end leaves nothing behind', async () => {
  const front = await startFront();
  const { socket } = rawSocket(front);
  socket.write(
    'POST /v1/streams/coldchain/records HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: 500\r\n\r\n{"sensor',
  );
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.end();
  socket.destroy();
  expect((await post(front, lines(1))).status).toBe(202);
  expect(front.pipeline.frames).toMatchObject([{ accepted: 1, rejected: 0 }]);
  expect(front.frontend.status()).toMatchObject({ requests: 0, frames: 1 });
});

test('http: a client that goes before its answer loses only the answer', async () => {
  const front = await startFront();
  front.pipeline.auto = false;
  const { socket } = rawSocket(front);
  const body = lines(1);
  socket.write(
    `POST /v1/streams/coldchain/records HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await until(() => front.frontend.status().ring > 0);
  socket.destroy();
  await call(front, '/healthz');
  front.pipeline.pump();
  expect(front.frontend.status()).toMatchObject({ requests: 0, accepted: 1 });
  expect((await call(front, '/healthz')).status).toBe(200);
});

test('http: bodies under way hold at most 16 MiB together, then 503 with Retry-After', async () => {
  const front = await startFront();
  const size = 128 * 1024;
  const head = `POST /v1/streams/coldchain/records HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${size}\r\n\r\n`;
  const count = Math.ceil(MAX_BODIES_BYTES / (size - 1)) + 1;
  const half = Array.from({ length: count }, () => rawSocket(front));
  for (const { socket } of half) socket.write(head + ' '.repeat(size - 1));
  await until(() => half.some(({ received }) => received().includes('engine.bodies')));
  const refused = half.filter(({ received }) => received() !== '');
  expect(refused[0]?.received()).toMatch(/503 Service Unavailable\r\n[\s\S]*Retry-After: 1\r\n/i);
  expect(refused.length).toBeLessThanOrEqual(2);
  for (const { socket } of half) socket.destroy();
  await Promise.all(half.map(({ ended }) => ended));
  // Nothing of them counts any more.
  await call(front, '/healthz');
  const body = ' '.repeat(size);
  for (let i = 0; i < 3; i++) expect((await post(front, body)).status).toBe(202);
});

test('http: requests over the configured rate are 429 with Retry-After', async () => {
  const clock = new FakeClock();
  const front = await startFront({ clock, config: { limits: { requestsPerSecond: 2 } } });
  expect((await post(front, lines(1))).status).toBe(202);
  expect((await post(front, lines(1))).status).toBe(202);
  const limited = await post(front, lines(1));
  expect(limited).toMatchObject({
    status: 429,
    headers: { 'retry-after': '1' },
    json: { code: 'rate.requests' },
  });
  clock.advance(500);
  expect((await post(front, lines(1))).status).toBe(202);
});

test('http: too many refused records hold a sender off, with one audit event a minute', async () => {
  const clock = new FakeClock();
  const front = await startFront({ clock, config: { limits: { maxRefusedPerMinute: 10 } } });
  const client = connectTo(front);
  await client.next();
  expect((await post(front, 'x\n'.repeat(10))).status).toBe(202);
  expect((await post(front, 'x\n')).status).toBe(202);
  clock.advance(20_000);
  const held = await post(front, lines(1));
  expect(held).toMatchObject({
    status: 429,
    headers: { 'retry-after': '40' },
    json: { code: 'rate.refused' },
  });
  client.send(record());
  expect((await client.closed).code).toBe(1008);
  expect((await connectTo(front).refused).status).toBe(429);
  await until(() => front.pipeline.log.includes('audit'));
  clock.advance(40_000);
  expect((await post(front, lines(1))).status).toBe(202);
  expect((await post(front, 'x\n'.repeat(30))).status).toBe(202);
  await until(() => front.pipeline.ofKind(ENTRY_KIND.audit).length === 2);
  expect(front.pipeline.ofKind(ENTRY_KIND.audit)).toMatchObject([
    { action: 'sender held off', target: '127.0.0.1', new: { limit_per_minute: 10, refused: 11 } },
    { action: 'sender held off', target: '127.0.0.1', new: { limit_per_minute: 10, refused: 30 } },
  ]);
});

test('http: the source of requests is written once for each stream and credential', async () => {
  const front = await startFront();
  await post(front, lines(1));
  await post(front, lines(1));
  expect(front.pipeline.log).toEqual(['source', 'frame', 'frame']);
  expect(front.pipeline.ofKind(ENTRY_KIND.source)).toEqual([
    { no: 1, principal: 'anonymous', stream: 'coldchain', session: null, named: false },
  ]);
});

test('http: keep-alive goes on after an early refusal whose body was still to come', async () => {
  const front = await startFront({ config: { limits: { maxFrameBytes: 1024 } } });
  const { socket, received } = rawSocket(front);
  const head =
    'POST /v1/streams/coldchain/records HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
  socket.write(`${head}Content-Length: 5000\r\n\r\n${' '.repeat(5000)}${head}Content-Length: 2\r\n\r\n[]`);
  await until(() => received().includes('"accepted":0'));
  expect(received()).toMatch(/413[\s\S]*202/);
});

test('http: health, readiness, status, metrics and the front page', async () => {
  const front = await startFront({ status: () => ({ engine: 'x', records: 3 }) });
  await post(front, `${record()}\nnope`);
  expect(await call(front, '/healthz')).toMatchObject({ status: 200 });
  expect(await call(front, '/readyz')).toMatchObject({ status: 200, json: { ready: true } });
  expect((await call(front, '/v1/status')).json).toEqual({ engine: 'x', records: 3 });
  const metrics = await call(front, '/metrics');
  expect(metrics.headers['content-type']).toMatch(/text\/plain/);
  expect(metrics.text).toMatch(/^firn_records_accepted_total 1$/m);
  expect(metrics.text).toMatch(/^firn_records_rejected_total 1$/m);
  expect(metrics.text).toMatch(/^firn_ack_seconds\{quantile="0.99"\} /m);
  // A second scrape counts nothing twice.
  expect((await call(front, '/metrics')).text).toMatch(/^firn_records_accepted_total 1$/m);
  const page = await call(front, '/');
  expect(page).toMatchObject({ status: 200 });
  expect(page.text).toMatch(/\/v1\/streams/);
  expect((await call(front, '/healthz', { method: 'HEAD' })).text).toBe('');
});
