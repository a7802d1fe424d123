import { afterEach, describe, expect, test } from 'vitest';
import {
  type ClientError,
  type ClientOptions,
  type Closed,
  FirnClient,
  type Reject,
} from '../../engine/client/client.ts';
import { type Script, ScriptedServer } from './scripted-server.ts';

const started: { stop(): Promise<void> }[] = [];

async function serverOf(script: Script = {}): Promise<ScriptedServer> {
  const server = await new ScriptedServer(script).start();
  started.push(server);
  return server;
}

function clientOf(server: ScriptedServer, options: Partial<ClientOptions> = {}): FirnClient {
  const client = new FirnClient({ url: server.url, backoffMs: 1, maxBackoffMs: 2, ...options });
  started.push(client);
  return client;
}

/** The end for good of a client. */
function stopOf(client: FirnClient): Promise<Closed> {
  return new Promise((resolve) => {
    client.on('close', (closed) => {
      if (closed.resumeInMs === null) resolve(closed);
    });
  });
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'resolved',
    (error: ClientError) => error.code,
  );
}

afterEach(async () => {
  for (const thing of started.splice(0).reverse()) await thing.stop();
});

describe('client: sending', () => {
  test('client: records of several sends share a frame and each send learns its place', async () => {
    const server = await serverOf();
    const client = clientOf(server);
    await client.connect();
    const receipts = await Promise.all([
      client.send({ a: 1 }),
      client.send([{ a: 2 }, '{"a":3}']),
      client.send({ a: 4 }),
    ]);
    expect(receipts).toEqual([
      { frame: 0, record: 0, records: 1 },
      { frame: 0, record: 1, records: 2 },
      { frame: 0, record: 3, records: 1 },
    ]);
    expect(server.framesOf(client.session)).toEqual(['{"a":1}\n{"a":2}\n{"a":3}\n{"a":4}']);
  });

  test('client: a frame is cut at recordsPerFrame and at maxFrameBytes of the hello', async () => {
    const server = await serverOf({ maxFrameBytes: 40 });
    const client = clientOf(server, { recordsPerFrame: 3 });
    await client.connect();
    await client.send([1, 2, 3, 4].map((a) => ({ a })));
    await client.send([{ long: 'x'.repeat(20) }, { long: 'ü'.repeat(8) }]);
    const frames = server.framesOf(client.session);
    expect(frames.map((frame) => frame.split('\n').length)).toEqual([3, 1, 1, 1]);
    expect(Math.max(...frames.map((frame) => Buffer.byteLength(frame)))).toBeLessThanOrEqual(40);
  });

  test('client: a record of exactly maxFrameBytes goes, one byte more is refused and nothing else is disturbed', async () => {
    const server = await serverOf({ maxFrameBytes: 100 });
    const client = clientOf(server);
    await client.connect();
    const record = (bytes: number): string => JSON.stringify({ k: 'é'.repeat((bytes - 8) / 2) });
    expect(Buffer.byteLength(record(100))).toBe(100);
    const results = await Promise.all([
      codeOf(client.send(record(100))),
      codeOf(client.send([{ ok: 1 }, record(102)])),
      codeOf(client.sendFrame('x'.repeat(101))),
      codeOf(client.sendFrame('x'.repeat(100))),
      codeOf(client.send({ ok: 2 })),
    ]);
    const large = 'client.frame-too-large';
    expect(results).toEqual(['resolved', large, large, 'resolved', 'resolved']);
    expect(server.framesOf(client.session)).toEqual([record(100), '{"ok":1}', 'x'.repeat(100), '{"ok":2}']);
    expect(client.error).toBeNull();
  });

  test('client: what is not one line of one record is refused before it is sent', async () => {
    const server = await serverOf();
    const client = clientOf(server);
    await client.connect();
    const cycle: { self?: object } = {};
    cycle.self = cycle;
    for (const bad of ['{}\n{}', '', '  ', '[{}]', cycle, [undefined as unknown as object], { n: 1n }]) {
      expect(await codeOf(client.send(bad as object))).toBe('client.not-a-record');
    }
    expect(server.framesOf(client.session)).toEqual([]);
  });

  test('client: never more frames in flight than the window, and none at window 0 until a window comes', async () => {
    const server = await serverOf({ window: 0, onFrame: () => 'keep' });
    const client = clientOf(server);
    await client.connect();
    const sends = Array.from({ length: 10 }, (_, i) => client.sendFrame(`{"i":${i}}`));
    const connection = server.connections[0];
    const pinged = new Promise((resolve) => connection?.socket.once('pong', resolve));
    connection?.socket.ping();
    await pinged;
    expect(server.framesOf(client.session)).toEqual([]);
    const windows: number[] = [];
    client.on('window', (frames) => windows.push(frames));
    server.script.onFrame = (_connection, _frame, number) =>
      number % 3 === 2 || number === 9 ? 'ack' : 'keep';
    connection?.say({ type: 'window', frames: 3 });
    expect(await Promise.all(sends)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(server.deepest).toBe(3);
    expect(windows).toEqual([3]);
  });

  test('client: a send waits while maxPendingBytes are unacknowledged, and memory stays at the bound', async () => {
    const server = await serverOf({ window: 1, onFrame: () => 'keep' });
    const client = clientOf(server, { maxPendingBytes: 1000, recordsPerFrame: 10, lingerMs: 0 });
    await client.connect();
    const all = client.send(Array.from({ length: 1000 }, (_, i) => ({ i })));
    const one = client.send({ last: true });
    expect(client.room).toBe(false);
    expect(client.pendingBytes).toBeGreaterThan(900);
    expect(client.pendingBytes).toBeLessThan(1200);
    server.script.onFrame = () => {
      expect(client.pendingBytes).toBeLessThan(1200);
      return 'ack';
    };
    client.reconnect();
    expect((await all).records).toBe(1000);
    await one;
    const records = server.framesOf(client.session).flatMap((frame) => frame.split('\n'));
    expect(records).toEqual([...Array.from({ length: 1000 }, (_, i) => `{"i":${i}}`), '{"last":true}']);
  });

  test('client: more waiting calls than maxWaiting are refused at once and keep nothing', async () => {
    const server = await serverOf({ window: 0 });
    const client = clientOf(server, { maxPendingFrames: 1, maxWaiting: 2 });
    await client.connect();
    const calls = [1, 2, 3, 4].map((i) => codeOf(client.sendFrame(`{"i":${i}}`)));
    expect(await calls[3]).toBe('client.busy');
    server.connections[0]?.say({ type: 'window', frames: 8 });
    expect(await Promise.all(calls)).toEqual(['resolved', 'resolved', 'resolved', 'client.busy']);
    expect(server.framesOf(client.session)).toHaveLength(3);
  });

  test('client: flush does not wait for the linger, close flushes and ends with 1000', async () => {
    const server = await serverOf();
    const client = clientOf(server, { lingerMs: 3_600_000 });
    await client.connect();
    const sent = client.send({ a: 1 });
    await client.flush();
    await sent;
    const second = client.send({ a: 2 });
    const closed = new Promise<number>((resolve) => server.connections[0]?.socket.on('close', resolve));
    await client.close();
    await second;
    expect(await closed).toBe(1000);
    expect(server.framesOf(client.session)).toEqual(['{"a":1}', '{"a":2}']);
    expect(await codeOf(client.send({ a: 3 }))).toBe('client.closed');
  });

  test('client: rejects reach the listener before their send resolves', async () => {
    const server = await serverOf({
      onFrame: (connection, _frame, number) => {
        connection.say({ type: 'reject', frame: number, record: 1, code: 'field.type', detail: 'no' });
        connection.say({ type: 'reject', frame: number, more: 7 });
        connection.say({ type: 'tomorrow', frame: number });
        return 'ack';
      },
    });
    const client = clientOf(server);
    const heard: Reject[] = [];
    client.onReject((reject) => heard.push(reject));
    await client.connect();
    await client.send([{ a: 1 }, { a: 'x' }]);
    expect(heard.map((reject) => [reject.frame, reject.record, reject.code, reject.more])).toEqual([
      [0, 1, 'field.type', undefined],
      [0, undefined, undefined, 7],
    ]);
  });
});

describe('client: resuming', () => {
  test('client: after a lost connection it sends again from next and nothing is lost or doubled', async () => {
    const server = await serverOf({
      onFrame: (connection, _frame, number) => {
        if (connection.index === 0 && number === 3) connection.socket.terminate();
        return connection.index === 0 ? 'keep' : 'ack';
      },
    });
    const client = clientOf(server);
    await client.connect();
    const numbers = await Promise.all(Array.from({ length: 10 }, (_, i) => client.sendFrame(`{"i":${i}}`)));
    expect(numbers).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(server.framesOf(client.session)).toEqual(numbers.map((i) => `{"i":${i}}`));
    expect(server.connections.length).toBe(2);
  });

  test.each([1001, 1011, 1012, 1013])('client: close %i is resumed', async (code) => {
    const server = await serverOf({
      onFrame: (connection) => {
        if (connection.index < 3) connection.socket.close(code, 'later');
        return connection.index < 3 ? 'lose' : 'ack';
      },
    });
    const client = clientOf(server);
    const closes: Closed[] = [];
    client.on('close', (closed) => closes.push(closed));
    await client.connect();
    await client.send({ a: 1 });
    expect(server.framesOf(client.session)).toEqual(['{"a":1}']);
    expect(closes.map((closed) => closed.code)).toEqual([code, code, code]);
  });

  test('client: pauses have full jitter, double, end at the bound and are short again after progress', async () => {
    const server = await serverOf({ refuse: (index) => (index >= 1 && index < 6 ? 503 : null) });
    const client = clientOf(server, { backoffMs: 8, maxBackoffMs: 64, random: () => 0.5 });
    const pauses: (number | null)[] = [];
    client.on('close', (closed) => pauses.push(closed.resumeInMs));
    await client.connect();
    client.reconnect();
    await client.send({ a: 1 });
    client.reconnect();
    await client.send({ a: 2 });
    expect(pauses).toEqual([4, 8, 16, 32, 32, 32, 4]);
  });

  test('client: silence while an answer is owed counts as a dead connection', async () => {
    const server = await serverOf({ onFrame: (connection) => (connection.index === 0 ? 'keep' : 'ack') });
    const client = clientOf(server, { silenceMs: 30 });
    const reasons: string[] = [];
    client.on('close', (closed) => reasons.push(closed.reason));
    await client.connect();
    expect(await client.sendFrame('{"a":1}')).toBe(0);
    expect(reasons).toEqual(['the engine is silent']);
    expect(server.framesOf(client.session)).toEqual(['{"a":1}']);
  });

  test('client: a connection that never says hello is given up', async () => {
    const server = await serverOf({ hello: (index) => index > 0 });
    const client = clientOf(server, { silenceMs: 30 });
    await client.connect();
    expect(server.connections.length).toBe(2);
  });

  test('client: what is pending in a stopped client goes on in a new one, each frame once', async () => {
    const server = await serverOf({
      onFrame: (_connection, _frame, number) => (number < 2 ? 'ack' : 'keep'),
    });
    const first = clientOf(server);
    await first.connect();
    await Promise.all([first.sendFrame('{"i":0}'), first.sendFrame('{"i":1}')]);
    const lost = codeOf(first.sendFrame('{"i":2}'));
    const unsent = codeOf(first.send({ i: 3 }));
    await first.stop();
    expect([await lost, await unsent]).toEqual(['client.closed', 'client.closed']);
    expect(first.pending.next).toBe(2);
    server.script.onFrame = () => 'ack';
    const second = clientOf(server, { resume: first.pending });
    await second.connect();
    expect((await second.send({ i: 4 })).frame).toBe(4);
    expect(server.framesOf(first.session)).toEqual([0, 1, 2, 3, 4].map((i) => `{"i":${i}}`));
  });
});

describe('client: stopping', () => {
  const honest = (durable: number): number => durable;

  test.each([
    ['below the last ack', () => 1],
    ['above the last frame', () => 9],
  ])('client: next %s stops with client.session-lost and keeps the frames', async (_name, wrong) => {
    const server = await serverOf({
      next: (durable, index) => (index === 0 ? honest(durable) : wrong()),
      onFrame: (_connection, _frame, number) => (number < 2 ? 'ack' : 'keep'),
    });
    const client = clientOf(server);
    await client.connect();
    await Promise.all([client.sendFrame('{"i":0}'), client.sendFrame('{"i":1}')]);
    const rest = Promise.all([codeOf(client.sendFrame('{"i":2}')), codeOf(client.send({ i: 3 }))]);
    const stopped = stopOf(client);
    client.reconnect();
    expect((await stopped).error?.code).toBe('client.session-lost');
    expect(await rest).toEqual(['client.session-lost', 'client.session-lost']);
    expect(client.pending.next).toBe(2);
    expect(client.pending.frames.map((frame) => new TextDecoder().decode(frame))).toEqual([
      '{"i":2}',
      '{"i":3}',
    ]);
    expect(server.framesOf(client.session)).not.toContain('{"i":3}');
  });

  test('client: next above what was ever sent is refused even when more frames wait', async () => {
    const server = await serverOf({ window: 0, next: (_durable, index) => index });
    const client = clientOf(server);
    await client.connect();
    const waiting = codeOf(client.sendFrame('{"i":0}'));
    client.reconnect();
    expect(await waiting).toBe('client.session-lost');
  });

  test.each([
    [4001, 'client.session-taken'],
    [1008, 'client.refused'],
    [1009, 'client.frame-too-large'],
    [1007, 'client.protocol'],
  ])('client: close %i stops with %s and is not resumed', async (close, code) => {
    const server = await serverOf({
      onFrame: (connection) => {
        connection.socket.close(close);
        return 'lose';
      },
    });
    const client = clientOf(server);
    await client.connect();
    expect(await codeOf(client.send({ a: 1 }))).toBe(code);
    expect(client.error?.code).toBe(code);
    expect(client.pending.frames).toHaveLength(1);
    expect(await codeOf(client.connect())).toBe(code);
    expect(await codeOf(client.close())).toBe(code);
    expect(server.connections).toHaveLength(1);
  });

  test.each([
    [400, 'client.bad-request'],
    [401, 'client.unauthorised'],
    [403, 'client.forbidden'],
    [404, 'client.not-found'],
  ])('client: HTTP %i at the upgrade stops with %s', async (status, code) => {
    const server = await serverOf({ refuse: () => status });
    const client = clientOf(server);
    expect(await codeOf(client.connect())).toBe(code);
  });

  test('client: an engine that cannot be reached is given up after giveUpMs', async () => {
    const server = await new ScriptedServer().start();
    const { url } = server;
    await server.stop();
    const client = new FirnClient({ url, backoffMs: 1, maxBackoffMs: 5, giveUpMs: 40 });
    expect(await codeOf(client.connect())).toBe('client.unreachable');
  });

  test.each([
    ['an ack of what was not sent', { type: 'ack', next: 5 }, 'client.session-lost'],
    [
      'a second hello',
      { type: 'hello', session: 's', next: 0, window: 1, maxFrameBytes: 9 },
      'client.protocol',
    ],
    ['a message without its members', { type: 'ack' }, 'client.protocol'],
  ])('client: %s stops it', async (_name, message, code) => {
    const server = await serverOf({ onOpen: (connection) => connection.say(message) });
    const client = clientOf(server, { session: 's' });
    const stopped = stopOf(client);
    await client.connect();
    expect((await stopped).error?.code).toBe(code);
  });

  test('client: the schema is named in the URL, again after a lost connection, and only when there is one', async () => {
    const server = await serverOf();
    const client = clientOf(server, { session: 's', schema: 'telemetry/2' });
    await client.connect();
    server.connections[0]?.socket.terminate();
    await client.send({ a: 1 });
    for (const { request } of server.connections)
      expect(request.url).toBe('/v1/streams/coldchain/ws?session=s&schema=telemetry%2F2');
    expect(server.connections).toHaveLength(2);
  });

  test('client: the token travels as a subprotocol and never in the URL', async () => {
    const server = await serverOf();
    const client = clientOf(server, { token: 'sécret/+?>', stream: 'cold' });
    await client.connect();
    const request = server.connections[0]?.request;
    expect(request?.url).toBe(`/v1/streams/cold/ws?session=${client.session}`);
    const [version, bearer] = String(request?.headers['sec-websocket-protocol']).split(/, ?/);
    expect(version).toBe('firn.v1');
    expect(Buffer.from(String(bearer).replace('firn.bearer.', ''), 'base64url').toString()).toBe(
      'sécret/+?>',
    );
    expect(server.connections[0]?.socket.protocol).toBe('firn.v1');
  });
});
