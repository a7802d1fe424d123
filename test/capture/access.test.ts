// Who sees and sends what: a credential of a GLN has its own events and jobs only, the gate is the same on every route below
// /epcis, and what is refused counts against its sender.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { overAt, sendPlan, sendText, startCapturing } from '../support/capture.ts';
import type { TestEngine } from '../support/engine.ts';
import {
  BUYER,
  BUYER_GLN,
  type DocumentPlan,
  dscsaPlan,
  gtin,
  MAKER,
  MAKER_GLN,
  sgln,
  sgtin,
  UNIT,
} from '../support/epcis-documents.ts';

const bearer = (name: string) => ({ authorization: `Bearer secret-of-${name}-123456` });
const token = (name: string, over: object = {}) => ({
  name,
  token: `secret-of-${name}-123456`,
  streams: ['epcis'],
  ...over,
});
const SHARED_ID = 'urn:uuid:3f6a8f50-4d20-4a4c-9f2b-2b1a54f0c001';

/** What one partner tells of one unit, under an event id that both use. */
function plan(who: 'maker' | 'buyer', serial: string): DocumentPlan {
  const all = dscsaPlan();
  const [first] = all.events;
  if (first === undefined) throw new Error('the plan has events');
  const event = { ...first, epcs: [sgtin(MAKER, UNIT, serial)], eventID: SHARED_ID };
  if (who === 'maker') return { ...all, instanceIdentifier: `maker ${serial}`, events: [event] };
  const received = { ...event, action: 'OBSERVE', bizStep: 'receiving', disposition: 'in_progress' };
  const { lot: _, expiry: __, ...observed } = received;
  return {
    ...all,
    sender: sgln(BUYER, '000001'),
    receiver: all.sender,
    instanceIdentifier: `buyer ${serial}`,
    events: [{ ...observed, eventTime: '2025-05-07T08:00:00Z' }],
  };
}

describe('capture access', () => {
  let bed: TestEngine;
  const get = (path: string, who: string): Promise<Response> =>
    fetch(`${bed.http}${path}`, { headers: bearer(who) });
  const jobs = new Map<string, string>();

  beforeAll(async () => {
    bed = await startCapturing({
      tokens: [
        token('maker', { gln: MAKER_GLN }),
        token('buyer', { gln: BUYER_GLN }),
        token('hub'),
        token('operator', { gln: MAKER_GLN, replay: true }),
        token('sensors', { streams: ['coldchain'] }),
        token('careless'),
      ],
      limits: { maxRefusedPerMinute: 3 },
    });
    for (const who of ['maker', 'buyer'] as const) {
      const sent = await sendPlan(bed.http, plan(who, 'both'), 'json-dl', bearer(who));
      expect(await overAt(bed.http, sent.location, bearer(who))).toMatchObject({ success: true });
      jobs.set(who, sent.location);
    }
    const own = await sendPlan(bed.http, plan('maker', 'own'), 'xml-2.0', bearer('maker'));
    await overAt(bed.http, own.location, bearer('maker'));
  }, 60_000);

  afterAll(async () => {
    await bed.remove();
  });

  test('access: of an item a partner sees what it told itself', async () => {
    const path = `/epcis/items/${gtin(MAKER, UNIT)}/both`;
    const seen = async (who: string): Promise<unknown> => {
      const item = (await (await get(path, who)).json()) as {
        state: string;
        lot: string | null;
        events: { partner: string }[];
      };
      return [item.state, item.lot, item.events.map(({ partner }) => partner)];
    };
    expect(await seen('maker')).toEqual(['withheld', null, [MAKER_GLN]]);
    expect(await seen('buyer')).toEqual(['withheld', null, [BUYER_GLN]]);
    for (const who of ['hub', 'operator'])
      expect(await seen(who)).toEqual(['received', 'LOT-7', [MAKER_GLN, BUYER_GLN]]);
    const own = `/epcis/items/${gtin(MAKER, UNIT)}/own`;
    expect(await (await get(own, 'maker')).json()).toMatchObject({ state: 'commissioned', lot: 'LOT-7' });
    expect((await get(own, 'buyer')).status).toBe(404);
  });

  test('access: of two events with one id each partner gets its own', async () => {
    const path = `/epcis/events/${encodeURIComponent(SHARED_ID)}`;
    expect(await (await get(path, 'maker')).json()).toMatchObject({ partner: MAKER_GLN });
    expect(await (await get(path, 'buyer')).json()).toMatchObject({ partner: BUYER_GLN });
  });

  test("access: jobs are their credential's, acknowledgements their GLN's", async () => {
    const job = jobs.get('maker') as string;
    expect((await get(job, 'maker')).status).toBe(200);
    for (const who of ['buyer', 'hub']) expect((await get(job, who)).status).toBe(404);
    const mine = (await (await get('/epcis/capture', 'buyer')).json()) as { captureID: string }[];
    expect(mine.map(({ captureID }) => captureID)).toEqual([jobs.get('buyer')?.split('/').at(-1)]);
    expect((await get(`/epcis/acks?partner=${MAKER_GLN}`, 'buyer')).status).toBe(403);
    const acks = (await (await get('/epcis/acks', 'buyer')).json()) as { partner: string; acks: object[] };
    expect([acks.partner, acks.acks.length]).toEqual([BUYER_GLN, 2]);
  });

  test('access: every route wants the scope, a known token, and no foreign page', async () => {
    const routes: [string, string][] = [
      ['GET', '/epcis'],
      ['GET', '/epcis/capture'],
      ['POST', '/epcis/capture'],
      ['OPTIONS', '/epcis/capture'],
      ['GET', jobs.get('maker') as string],
      ['POST', '/epcis/events'],
      ['GET', '/epcis/events/urn:x:1'],
      ['GET', `/epcis/items/${gtin(MAKER, UNIT)}/both`],
      ['GET', '/epcis/acks'],
      ['POST', '/epcis/acks'],
      ['GET', '/epcis/nothing'],
    ];
    for (const [method, path] of routes) {
      const ask = async (headers: Record<string, string>): Promise<unknown> => {
        const body = method === 'POST' ? { body: '{}' } : {};
        const type = { 'content-type': 'application/json' };
        const answer = await fetch(`${bed.http}${path}`, {
          method,
          headers: { ...type, ...headers },
          ...body,
        });
        await answer.arrayBuffer();
        return [path, answer.status];
      };
      expect(await ask({})).toEqual([path, 401]);
      expect(await ask({ authorization: 'Bearer of-bad-news' })).toEqual([path, 401]);
      expect(await ask(bearer('sensors'))).toEqual([path, 403]);
      expect(await ask({ ...bearer('maker'), origin: 'https://evil.example' })).toEqual([path, 403]);
    }
    const upgrade = (headers: Record<string, string>): Promise<number> =>
      new Promise((resolve) => {
        const url = `${bed.http.replace('http', 'ws')}/epcis/capture/ws`;
        const socket = new WebSocket(url, 'firn.capture.v1', { headers });
        socket.on('unexpected-response', (_, { statusCode }) => resolve(statusCode ?? 0));
        socket.on('open', () => {
          socket.terminate();
          resolve(101);
        });
        socket.on('error', () => {});
      });
    expect(await upgrade(bearer('maker'))).toBe(101);
    expect(await upgrade({})).toBe(401);
    expect(await upgrade(bearer('sensors'))).toBe(403);
    expect(await upgrade({ ...bearer('maker'), origin: 'https://evil.example' })).toBe(403);
  });

  test('access: nobody speaks for another GLN', async () => {
    const sent = await sendPlan(bed.http, plan('buyer', 'forged'), 'xml-1.2', bearer('maker'));
    expect([sent.status, sent.location]).toEqual([403, '']);
    expect(sent.body).toContain('L11_GLN_PARTNER_MISMATCH');
  });

  test('access: a sender of refused documents is held off, and nobody else', async () => {
    const statuses: number[] = [];
    for (let n = 0; n < 6; n++) {
      const { status } = await sendText(bed.http, `{"broken":${n}`, 'application/json', bearer('careless'));
      statuses.push(status);
    }
    expect(statuses).toEqual([400, 400, 400, 400, 429, 429]);
    const { status } = await sendPlan(bed.http, plan('maker', 'still'), 'xml-1.2', bearer('maker'));
    expect(status).toBe(202);
  });
});
