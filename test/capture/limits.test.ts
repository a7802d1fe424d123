// Limits that the configuration gives, on an engine: events and bytes of a document, and the names under which it answers
// below /epcis where there are no tokens.

import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { overAt, type SentCapture, sendText, startCapturing } from '../support/capture.ts';
import type { TestEngine } from '../support/engine.ts';
import { type DocumentPlan, documentText, dscsaPlan } from '../support/epcis-documents.ts';

const MAX_EVENTS = 4;
const MAX_BYTES = 12_000;

/** The first events of a plan, under a name of its own. */
function planOf(instanceIdentifier: string, events: number): DocumentPlan {
  const plan = dscsaPlan();
  return { ...plan, instanceIdentifier, events: plan.events.slice(0, events) };
}

/** A document of exactly so many bytes: white space behind it is part of the body. */
function sized(instance: string, bytes: number): string {
  const text = documentText(planOf(instance, 1), 'json-dl');
  return text + ' '.repeat(bytes - Buffer.byteLength(text));
}

describe('limits of captures', () => {
  let bed: TestEngine;
  const spooled = (): string[] =>
    readdirSync(join(bed.folder, 'spool')).filter((name) => name.endsWith('.raw'));

  beforeAll(async () => {
    bed = await startCapturing({ epcis: { maxEvents: MAX_EVENTS, maxBodyBytes: MAX_BYTES } });
  });
  afterAll(async () => {
    await bed.remove();
  });

  /** Sends in chunks, without a length. */
  const streamed = async (text: string): Promise<Response> =>
    fetch(`${bed.http}/epcis/capture`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob([text]).stream(),
      duplex: 'half',
    } as RequestInit);

  test('limits: OPTIONS tells them', async () => {
    for (const path of ['/epcis/capture', '/epcis/events']) {
      const { headers } = await fetch(`${bed.http}${path}`, { method: 'OPTIONS' });
      expect(headers.get('gs1-epcis-capture-limit')).toBe(String(MAX_EVENTS));
      expect(headers.get('gs1-epcis-capture-file-size-limit')).toBe(String(MAX_BYTES));
    }
  });

  test.each(['xml-1.2', 'json-urn'] as const)(
    'limits: of events (%s): the last is taken, one more is 413',
    async (form) => {
      const type = form.startsWith('json') ? 'application/json' : 'application/xml';
      const send = (events: number): Promise<SentCapture> =>
        sendText(bed.http, documentText(planOf(`${form} ${events}`, events), form), type, {
          'gs1-capture-error-behaviour': 'proceed',
        });
      const taken = await send(MAX_EVENTS);
      expect(taken.status).toBe(202);
      await overAt(bed.http, taken.location);
      const before = bed.engine.status().acct;
      const refused = await send(MAX_EVENTS + 1);
      expect([refused.status, refused.location]).toEqual([413, '']);
      expect(refused.body).toContain('D03_EVENT_LIMIT');
      expect(refused.body).toContain(
        `${MAX_EVENTS + 1} events, this server takes ${MAX_EVENTS} in a document`,
      );
      // No event of it is judged: it lies in the dead letter, whole.
      expect(bed.engine.status().acct).toEqual({
        ...before,
        received: before.received + 1,
        rejected: before.rejected + 1,
      });
    },
  );

  test('limits: of bytes: the last is taken, one more is 413, announced or not, and nothing of it stays', async () => {
    const taken = await sendText(bed.http, sized('whole', MAX_BYTES), 'application/json');
    expect(taken.status).toBe(202);
    await overAt(bed.http, taken.location);
    const before = spooled();
    const over = sized('over', MAX_BYTES + 1);
    const announced = await sendText(bed.http, over, 'application/json');
    const chunked = await streamed(over);
    for (const [status, body] of [
      [announced.status, announced.body],
      [chunked.status, await chunked.text()],
    ]) {
      expect(status).toBe(413);
      expect(body).toContain(`A body is at most ${MAX_BYTES} bytes`);
    }
    expect(chunked.headers.get('gs1-epcis-capture-file-size-limit')).toBe(String(MAX_BYTES));
    expect((await streamed(sized('chunked', MAX_BYTES))).status).toBe(202);
    const embedded = bed.engine.capture(Buffer.from(over), { type: 'application/json' });
    await expect(embedded).rejects.toThrow(RangeError);
    await expect(embedded).rejects.toThrow(`is over epcis.maxBodyBytes, ${MAX_BYTES}`);
    expect(spooled()).toHaveLength(before.length + 1);
  });

  test('limits: without tokens every route answers under names of this machine only', async () => {
    const { hostname, port } = new URL(bed.http);
    const ask = (method: string, path: string, host: string): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const headers = { host, 'content-type': 'application/json' };
        const asked = request({ hostname, port, method, path, headers }, (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (piece) => {
            text += piece;
          });
          answer.on('end', () => resolve([answer.statusCode, text.includes('access.host')]));
        });
        asked.on('error', reject);
        asked.end(method === 'POST' ? '{}' : undefined);
      });
    const upgrade = (host: string): Promise<number> =>
      new Promise((resolve) => {
        const url = `${bed.http.replace('http', 'ws')}/epcis/capture/ws`;
        const socket = new WebSocket(url, 'firn.capture.v1', { headers: { host } });
        socket.on('unexpected-response', (_, { statusCode }) => resolve(statusCode ?? 0));
        socket.on('open', () => {
          socket.terminate();
          resolve(101);
        });
        socket.on('error', () => {});
      });
    const routes = [
      ['GET', '/epcis'],
      ['GET', '/epcis/capture'],
      ['POST', '/epcis/capture'],
      ['OPTIONS', '/epcis/capture'],
      ['GET', '/epcis/capture/00000000-0000-4000-8000-000000000001'],
      ['POST', '/epcis/events'],
      ['GET', '/epcis/events/urn:x:1'],
      ['GET', '/epcis/items/09521234123453/u01'],
      ['GET', '/epcis/acks?partner=9521234000013'],
      ['POST', '/epcis/acks'],
      ['GET', '/epcis/nothing'],
    ] as const;
    for (const [method, path] of routes) {
      for (const host of ['evil.example', `localhost.evil.example:${port}`])
        expect([path, await ask(method, path, host)]).toEqual([path, [403, true]]);
      expect([path, await ask(method, path, `localhost:${port}`)]).not.toEqual([path, [403, true]]);
    }
    expect([await upgrade('evil.example'), await upgrade(`localhost:${port}`)]).toEqual([403, 101]);
  });
});
