// Acknowledgements by webhook, against real servers: signed, in order, without gaps, each at least once.

import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { LedgerAway } from '../../engine/capture/captures.ts';
import { OPEN_AFTER, Pace } from '../../engine/capture/webhook-pace.ts';
import { checkTarget, signatureOf } from '../../engine/capture/webhook-post.ts';
import { type AckSource, Webhooks, type WebhooksOptions } from '../../engine/capture/webhooks.ts';
import type { Ack, DueAcks } from '../../engine/ledger/model.ts';
import { until } from '../support/front.ts';

const GLN = '4000001000005';
const OTHER = '4000002000004';
const SECRET = 'a secret that both know';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Got {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly path: string;
}

/** A partner's server. `answer` = the status of the nth request. */
async function partner(answer: (n: number, got: Got) => number | null): Promise<{ url: string; got: Got[] }> {
  const got: Got[] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece) => {
      body += piece;
    });
    request.on('end', () => {
      const one = { headers: request.headers, body, path: request.url ?? '' };
      got.push(one);
      const status = answer(got.length, one);
      if (status === null) return;
      response.writeHead(status, { location: '/elsewhere' });
      response.end('an answer that nobody reads');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/acks`, got };
}

/** An outbox in memory. */
class Outbox implements AckSource {
  readonly acks = new Map<string, Ack[]>();
  readonly told: string[] = [];
  away = false;

  add(gln: string): void {
    const all = this.acks.get(gln) ?? [];
    const seq = String(all.length + 1 + this.told.filter((each) => each.startsWith(gln)).length);
    const capture = '00000000-0000-4000-8000-000000000000';
    const times = { createdMs: 1_780_000_000_000, deliveredMs: null, ackedMs: null };
    all.push({ partner: gln, seq, capture, kind: 'received', body: { seq, ä: '€' }, digest: 'ab', ...times });
    this.acks.set(gln, all);
  }

  async due(gln: string, limit: number): Promise<DueAcks> {
    if (this.away) throw new LedgerAway('away');
    const all = this.acks.get(gln) ?? [];
    return { acks: all.slice(0, limit), pending: all.length };
  }

  async delivered(gln: string, seq: string): Promise<void> {
    this.acks.set(
      gln,
      (this.acks.get(gln) ?? []).filter((ack) => ack.seq !== seq),
    );
    this.told.push(`${gln} ${seq}`);
  }
}

function start(
  source: AckSource,
  urls: Record<string, string>,
  change: Partial<WebhooksOptions> = {},
): Webhooks {
  const targets = Object.entries(urls).map(([gln, url]) => ({ gln, url, secret: SECRET }));
  const log = { warn: () => {}, info: () => {} } as unknown as WebhooksOptions['log'];
  const webhooks = new Webhooks({ targets, source, log, wait: async () => {}, ...change });
  ends.push(() => webhooks.stop());
  webhooks.start();
  return webhooks;
}

test('webhook: each is posted once and in order, signed over the exact body', async () => {
  const server = await partner(() => 204);
  const outbox = new Outbox();
  for (let i = 0; i < 120; i++) outbox.add(GLN);
  const webhooks = start(outbox, { [GLN]: server.url });
  await until(() => outbox.told.length === 120);
  expect(server.got.map(({ body }) => JSON.parse(body).seq)).toEqual(
    Array.from({ length: 120 }, (_, i) => String(i + 1)),
  );
  for (const { headers, body, path } of server.got) {
    expect(path).toBe('/acks');
    expect(headers['content-type']).toBe('application/json');
    expect(headers['gs1-signature']).toBe(
      createHmac('sha256', SECRET).update(Buffer.from(body)).digest('hex'),
    );
    expect(headers['firn-ack-seq']).toBe(JSON.parse(body).seq);
  }
  expect(JSON.parse(server.got[0]?.body ?? '')).toEqual({
    seq: '1',
    partner: GLN,
    captureID: '00000000-0000-4000-8000-000000000000',
    kind: 'received',
    createdAt: '2026-05-28T20:26:40.000Z',
    digest: 'ab',
    body: { seq: '1', ä: '€' },
  });
  // What comes later is sent when it is told of.
  outbox.add(GLN);
  webhooks.poke(GLN);
  await until(() => outbox.told.length === 121);
});

test('webhook: what fails is sent again and nothing behind it before it', async () => {
  const server = await partner((n) => ({ 1: 500, 2: 302, 3: 204, 4: 404, 5: 200, 6: 429 })[n] ?? 200);
  const outbox = new Outbox();
  for (let i = 0; i < 3; i++) outbox.add(GLN);
  start(outbox, { [GLN]: server.url });
  await until(() => outbox.told.length === 3);
  const seqs = server.got.map(({ headers }) => headers['firn-ack-seq']);
  expect(seqs).toEqual(['1', '1', '1', '2', '2', '3', '3']);
  // No redirect was followed.
  expect(new Set(server.got.map(({ path }) => path))).toEqual(new Set(['/acks']));
});

test('webhook: one partner that is away holds up no other, is told of once, and is caught up with', async () => {
  let up = false;
  const down = await partner(() => (up ? 200 : 503));
  const good = await partner(() => 200);
  const outbox = new Outbox();
  for (let i = 0; i < 4; i++) {
    outbox.add(GLN);
    outbox.add(OTHER);
  }
  const lines: string[] = [];
  const note = (at: object, text: string): void => {
    lines.push(`${text} ${JSON.stringify(at)}`);
  };
  const log = { warn: note, info: note } as unknown as WebhooksOptions['log'];
  const webhooks = start(outbox, { [GLN]: down.url, [OTHER]: good.url }, { log });
  await until(() => down.got.length > 3 * OPEN_AFTER && good.got.length === 4);
  expect(webhooks.status()).toMatchObject([
    { gln: GLN, open: true, delivered: 0, pending: 4, why: 'HTTP 503' },
    { gln: OTHER, open: false, delivered: 4, pending: 0, why: null },
  ]);
  up = true;
  await until(() => outbox.told.filter((each) => each.startsWith(GLN)).length === 4);
  expect(lines).toHaveLength(2);
  expect(lines.join()).not.toContain(SECRET);
  expect(lines.join()).not.toContain('127.0.0.1');
  expect(lines[0]).toContain('HTTP 503');
});

test('webhook: a server that never answers is given up, and stop ends a post under way', async () => {
  const silent = await partner(() => null);
  const outbox = new Outbox();
  outbox.add(GLN);
  const webhooks = start(outbox, { [GLN]: silent.url });
  await until(() => silent.got.length === 1);
  await webhooks.stop();
  expect(outbox.told).toEqual([]);
});

test('webhook: a server that is too slow is tried again', async () => {
  const slow = await partner((n) => (n === 1 ? null : 200));
  const outbox = new Outbox();
  outbox.add(GLN);
  const targets = [{ gln: GLN, url: slow.url, secret: SECRET, timeoutMs: 500 }];
  start(outbox, {}, { targets });
  await until(() => outbox.told.length === 1);
  expect(slow.got).toHaveLength(2);
});

test('webhook: a ledger that is away loses nothing, and is asked again by itself, or as soon as it has answered', async () => {
  const server = await partner(() => 200);
  const outbox = new Outbox();
  outbox.add(GLN);
  outbox.away = true;
  let looks = 0;
  const source: AckSource = {
    due: async (gln, limit) => {
      looks += 1;
      return outbox.due(gln, limit);
    },
    delivered: (gln, seq) => outbox.delivered(gln, seq),
  };
  const often = start(source, { [GLN]: server.url }, { lookEveryMs: 1 });
  await until(() => looks >= 3);
  outbox.away = false;
  await until(() => outbox.told.length === 1);
  await often.stop();
  outbox.add(GLN);
  outbox.away = true;
  looks = 0;
  const poked = start(source, { [GLN]: server.url });
  await until(() => looks === 1);
  outbox.away = false;
  poked.poke(GLN);
  await until(() => outbox.told.length === 2);
  expect(looks).toBeLessThan(5);
});

test('webhook: the pace has full jitter, a bound, and is slow once it is open', () => {
  const most = new Pace(() => 0.999_999);
  const waits = Array.from({ length: 12 }, () => most.failed(0));
  expect(waits.slice(0, 4).map(Math.round)).toEqual([1000, 2000, 4000, 8000]);
  expect(most.open).toBe(true);
  expect(Math.max(...waits)).toBeLessThanOrEqual(330_000);
  const least = new Pace(() => 0);
  expect(Array.from({ length: OPEN_AFTER }, () => least.failed(0))).toEqual([0, 0, 0, 0, 30_000]);
  least.succeeded();
  expect(least.open).toBe(false);
  expect(least.failed(7000)).toBe(7000);
  expect(least.failed(1e12)).toBe(3_600_000);
});

test('webhook: only https and this machine are addresses, unless plain HTTP is meant', () => {
  const target = (url: string, allowPlaintext = false) => ({ gln: GLN, url, secret: SECRET, allowPlaintext });
  for (const url of [
    'https://partner.example/acks',
    'http://127.0.0.1:9/x',
    'http://[::1]/x',
    'http://localhost/x',
  ])
    expect(() => checkTarget(target(url)), url).not.toThrow();
  for (const url of [
    'http://partner.example/',
    'ftp://partner.example/',
    'nonsense',
    'https://a:b@partner.example/',
  ])
    expect(() => checkTarget(target(url)), url).toThrow(GLN);
  expect(() => checkTarget(target('http://partner.example/', true))).not.toThrow();
});

test('webhook: the signature is the HMAC of RFC 4231 test case 2', () => {
  expect(signatureOf('Jefe', 'what do ya want for nothing?')).toBe(
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  );
});
