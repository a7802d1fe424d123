// Who may come in: tokens, scopes, origins, hosts, TLS, the port, and the limits on connections and headers.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { parseConfig } from '../../engine/config.ts';
import { checkListen } from '../../engine/frontend/access.ts';
import { isLoopback } from '../../engine/loopback.ts';
import {
  Client,
  call,
  closeFronts,
  connectTo,
  lines,
  post,
  rawSocket,
  record,
  startFront,
  until,
} from '../support/front.ts';

afterEach(closeFronts);

const SECRET = 'a-secret-of-plant-7';
const OTHER = 'a-secret-of-plant-8';
const TOKENS = [
  { name: 'plant-7', token: SECRET, streams: ['coldchain'] },
  { name: 'plant-8', sha256: createHash('sha256').update(OTHER).digest('hex'), streams: ['pharma'] },
];
const STREAMS = { coldchain: {}, pharma: {} };
const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });

test('access: no token and a wrong token are 401 with a challenge, at the upgrade and over HTTP', async () => {
  const front = await startFront({ config: { tokens: TOKENS, streams: STREAMS } });
  for (const headers of [
    {},
    bearer('wrong-wrong-wrong'),
    { authorization: `Basic ${SECRET}` },
    bearer(`${SECRET}x`),
  ]) {
    const upgrade = await connectTo(front, '', [], { headers }).refused;
    expect(upgrade.status).toBe(401);
    expect(upgrade.headers['www-authenticate']).toMatch(/^Bearer/);
    const answer = await post(front, lines(1), headers as Record<string, string>);
    expect(answer).toMatchObject({ status: 401, json: { code: 'access.credential' } });
  }
  expect(front.frontend.status().frames).toBe(0);
});

test('access: a token opens its streams and no others', async () => {
  const front = await startFront({ config: { tokens: TOKENS, streams: STREAMS } });
  const client = connectTo(front, '', [], { headers: bearer(SECRET) });
  await client.next();
  client.send(record());
  await client.acked(1);
  expect((await post(front, lines(1), bearer(SECRET))).status).toBe(202);
  expect(await post(front, lines(1), bearer(OTHER))).toMatchObject({
    status: 403,
    json: { code: 'access.scope' },
  });
  expect((await connectTo(front, '', [], { headers: bearer(OTHER) }).refused).status).toBe(403);
  const pharma = new Client(`ws://127.0.0.1:${front.port}/v1/streams/pharma/ws`, [], {
    headers: bearer(OTHER),
  });
  expect((await pharma.next()).type).toBe('hello');
});

test('access: browsers carry the token as a subprotocol, which is never echoed', async () => {
  const front = await startFront({ config: { tokens: TOKENS, streams: STREAMS } });
  const carried = `firn.bearer.${Buffer.from(SECRET).toString('base64url')}`;
  const client = connectTo(front, '', [carried, 'firn.v1']);
  await client.next();
  expect(client.ws.protocol).toBe('firn.v1');
  const alone = await connectTo(front, '', [carried]).refused;
  expect(alone.status).toBe(400);
  expect(JSON.parse(alone.body)).toMatchObject({ code: 'upgrade.subprotocol' });
  const wrong = `firn.bearer.${Buffer.from('wrong-wrong-wrong').toString('base64url')}`;
  expect((await connectTo(front, '', ['firn.v1', wrong]).refused).status).toBe(401);
});

test('access: the session of a token is not the session of another', async () => {
  const front = await startFront({
    config: {
      tokens: [...TOKENS, { ...TOKENS[0], name: 'twin', token: 'twin-twin-twin-twin' }] as never,
      streams: STREAMS,
    },
  });
  const one = connectTo(front, '?session=s', [], { headers: bearer(SECRET) });
  await one.next();
  one.send(record());
  await one.acked(1);
  const two = connectTo(front, '?session=s', [], { headers: bearer('twin-twin-twin-twin') });
  expect((await two.next()).next).toBe(0);
  expect(one.ws.readyState).toBe(1);
});

test('access: with tokens metrics and status need one, health and readiness never', async () => {
  const front = await startFront({ config: { tokens: TOKENS, streams: STREAMS } });
  for (const path of ['/metrics', '/v1/status']) {
    expect((await call(front, path)).status).toBe(401);
    expect((await call(front, path, { headers: bearer(OTHER) })).status).toBe(200);
  }
  for (const path of ['/healthz', '/readyz']) {
    expect(
      (await call(front, path, { headers: { host: 'elsewhere.example', origin: 'https://evil.example' } }))
        .status,
    ).toBe(200);
  }
});

test('access: a page of an origin that is not listed is 403, one that is listed may come in', async () => {
  const front = await startFront({ config: { listen: { origins: ['https://console.example'] } } });
  const evil = { origin: 'https://evil.example' };
  expect((await connectTo(front, '', [], { headers: evil }).refused).status).toBe(403);
  expect(await post(front, lines(1), evil)).toMatchObject({ status: 403, json: { code: 'access.origin' } });
  expect((await call(front, '/v1/status', { headers: evil })).status).toBe(403);
  expect((await connectTo(front, '', [], { headers: { origin: 'null' } }).refused).status).toBe(403);
  const good = connectTo(front, '', [], { headers: { origin: 'https://console.example' } });
  expect((await good.next()).type).toBe('hello');
});

test('access: without tokens a host that is not loopback is 403 (DNS rebinding)', async () => {
  const front = await startFront();
  for (const host of [
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example:80',
    '10.0.0.1',
    '[::2]:9400',
  ]) {
    expect((await connectTo(front, '', [], { headers: { host } }).refused).status).toBe(403);
    expect(await post(front, lines(1), { host })).toMatchObject({
      status: 403,
      json: { code: 'access.host' },
    });
  }
  for (const host of ['localhost', 'LocalHost:1234', '127.0.0.1', '127.9.9.9:80', '[::1]', '[::1]:9400']) {
    expect((await post(front, lines(1), { host })).status).toBe(202);
    expect((await post(front, lines(1), { host: `${host}.example` })).status).toBe(403);
  }
});

test('access: with tokens the host does not matter', async () => {
  const front = await startFront({ config: { tokens: TOKENS, streams: STREAMS } });
  expect((await post(front, lines(1), { ...bearer(SECRET), host: 'ingest.example' })).status).toBe(202);
});

test('access: a network host needs tokens and TLS, or a word that a proxy does it', () => {
  const tls = { cert: '/c', key: '/k' };
  const check =
    (listen: object, tokens: unknown[] = []) =>
    () =>
      checkListen(parseConfig({ listen, tokens, streams: STREAMS }));
  expect(check({ host: '0.0.0.0' })).toThrow(/tokens/);
  expect(check({ host: '0.0.0.0', tls })).toThrow(/tokens/);
  expect(check({ host: 'ingest.example' }, TOKENS)).toThrow(/tls/);
  expect(check({ host: '0.0.0.0', tls }, TOKENS)).not.toThrow();
  expect(check({ host: '0.0.0.0', plaintext: true }, TOKENS)).not.toThrow();
  for (const host of ['127.0.0.1', 'localhost', '::1', '127.0.0.2']) expect(check({ host })).not.toThrow();
  expect(['0.0.0.0', '::', '128.0.0.1', 'localhost.example', '127.0.0.256'].map(isLoopback)).toEqual(
    Array(5).fill(false),
  );
});

test('access: a port that somebody has is an error with a word, also when the other one would share it', async () => {
  const front = await startFront();
  await expect(startFront({ config: { listen: { port: front.port } } })).rejects.toThrow(/in use/);
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  const { port } = holder.address() as { port: number };
  await expect(startFront({ config: { listen: { port } } })).rejects.toMatchObject({ name: 'ConfigError' });
  holder.close();
  expect((await call(front, '/healthz')).status).toBe(200);
});

test('access: over TLS everything is as without', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'firn-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  try {
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-keyout',
        key,
        '-out',
        cert,
        '-days',
        '2',
        '-subj',
        '/CN=localhost',
        '-addext',
        'subjectAltName=DNS:localhost,IP:127.0.0.1',
      ],
      { stdio: 'ignore' },
    );
    const front = await startFront({ config: { listen: { tls: { cert, key } } } });
    const client = new Client(`wss://127.0.0.1:${front.port}/v1/streams/coldchain/ws`, ['firn.v1'], {
      rejectUnauthorized: false,
    });
    expect((await client.next()).type).toBe('hello');
    for (let i = 0; i < 50; i++) client.send(lines(20));
    await client.acked(50);
    const status = await new Promise((resolve, reject) => {
      const request = httpsRequest(
        {
          host: '127.0.0.1',
          port: front.port,
          path: '/v1/streams/coldchain/records',
          method: 'POST',
          rejectUnauthorized: false,
          headers: { 'content-type': 'application/x-ndjson' },
          agent: false,
        },
        (response) => resolve(response.statusCode),
      );
      request.on('error', reject);
      request.end(lines(100));
    });
    expect(status).toBe(202);
    expect(front.frontend.status().accepted).toBe(1100);
    writeFileSync(cert, 'not a certificate');
    await expect(startFront({ config: { listen: { tls: { cert, key } } } })).rejects.toThrow(/listen\.tls/);
    rmSync(key);
    await expect(startFront({ config: { listen: { tls: { cert, key } } } })).rejects.toThrow(/cannot read/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('access: sockets over maxConnections are refused 503 and a place that is free again can be taken', async () => {
  const front = await startFront({ config: { listen: { maxConnections: 3 } } });
  const clients = [1, 2, 3].map((n) => connectTo(front, `?session=c${n}`));
  await Promise.all(clients.map((client) => client.next()));
  const refused = await connectTo(front).refused;
  expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
  expect(JSON.parse(refused.body).code).toBe('engine.connections');
  expect((await call(front, '/healthz')).status).toBe(200);
  clients[0]?.ws.terminate();
  await until(() => front.frontend.status().connections === 2);
  let again = connectTo(front);
  // The refused sockets of before may still be closing.
  for (let i = 0; i < 100; i++) {
    const outcome = await Promise.race([again.next(), again.refused]);
    if (outcome.type === 'hello') return;
    again = connectTo(front);
  }
  throw new Error('no place became free');
});

test('access: a flood of headers is answered 431 or cut off, and others go on', async () => {
  const front = await startFront();
  const big = rawSocket(front);
  const filler = 'y'.repeat(6000);
  big.socket.write(`GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: ${filler}`);
  await call(front, '/healthz');
  big.socket.write(`${filler}\r\n\r\n`);
  await big.ended;
  expect(big.received()).toMatch(/^HTTP\/1\.1 431 /);
  const many = rawSocket(front);
  many.socket.write(
    `GET /healthz HTTP/1.1\r\nHost: localhost\r\n${Array.from({ length: 500 }, (_, i) => `X-${i}: y\r\n`).join('')}\r\n`,
  );
  expect((await call(front, '/healthz')).status).toBe(200);
  expect(many.received()).not.toMatch(/ 200 /);
  many.socket.destroy();
  const rubbish = rawSocket(front);
  rubbish.socket.write('\x16\x03\x01 rubbish\r\n\r\n');
  await rubbish.ended;
  expect((await post(front, lines(1))).status).toBe(202);
});

test('access: the answer to an upgrade with another WebSocket version says which one', async () => {
  const front = await startFront();
  const { socket, received } = rawSocket(front);
  socket.write(
    'GET /v1/streams/coldchain/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n\r\n',
  );
  await until(() => received().includes('upgrade.version'));
  expect(received()).toMatch(/^HTTP\/1\.1 426 [\s\S]*Sec-WebSocket-Version: 13/i);
});
