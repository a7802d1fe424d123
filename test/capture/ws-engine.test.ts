// WebSocket captures of a real engine with a real ledger: many at once, a drain, a kill.

import { cpSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLedger } from '../../engine/ledger/ledger.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { mediaTypeOf, startCapturing } from '../support/capture.ts';
import { documentText, dscsaPlan, FORMS, MAKER, sgtin, UNIT } from '../support/epcis-documents.ts';
import { Client, closeFronts } from '../support/front.ts';
import { startServed } from '../support/served-captures.ts';

const EVENTS = 4;

/** The nth document of a sender: commissionings that nobody else sends. */
function document(sender: string, n: number): { bytes: Buffer; type: string } {
  const form = FORMS[n % FORMS.length] ?? 'xml-2.0';
  const whole = dscsaPlan();
  const [first] = whole.events;
  if (first === undefined) throw new Error('the plan has events');
  const events = Array.from({ length: EVENTS }, (_, at) => ({
    ...first,
    eventTime: new Date(Date.UTC(2025, 4, 5) + 1000 * (n * EVENTS + at)).toISOString(),
    epcs: [sgtin(MAKER, UNIT, `${sender}.${n}.${at}`)],
  }));
  const text = documentText({ ...whole, instanceIdentifier: `${sender}.${n}`, events }, form);
  return { bytes: Buffer.from(text), type: mediaTypeOf(form) };
}

interface Told {
  readonly accepted: Map<string, { readonly capture: string; readonly replay: boolean }>;
  readonly done: Map<
    string,
    { readonly accepted: number; readonly duplicate: number; readonly success: boolean }
  >;
  readonly errors: Map<string, number>;
  /** Ids in the order in which they were accepted. */
  readonly order: string[];
  readonly closed: { readonly code: number; readonly reason: string } | null;
}

/** Sends documents within the credit, in pieces; ends when all are over, or the line is. */
async function sendAll(
  http: string,
  documents: readonly { readonly id: string; readonly bytes: Buffer; readonly type: string }[],
  onAccepted: (id: string) => void = () => {},
): Promise<Told> {
  const client = new Client(`${http.replace(/^http/, 'ws')}/epcis/capture/ws`, ['firn.capture.v1']);
  await client.opened;
  const told = { accepted: new Map(), done: new Map(), errors: new Map(), order: [] as string[] };
  let credit = 0;
  let at = 0;
  let offset = 0;
  const push = (): void => {
    for (let one = documents[at]; one !== undefined; one = documents[at]) {
      const under = at - told.done.size - told.errors.size;
      if (offset === 0) {
        if (under >= 32) return;
        client.send(JSON.stringify({ op: 'capture', id: one.id, type: one.type, bytes: one.bytes.length }));
      }
      while (offset < one.bytes.length) {
        const piece = one.bytes.subarray(offset, offset + Math.min(credit, 1500));
        if (piece.length === 0) return;
        client.send(piece);
        offset += piece.length;
        credit -= piece.length;
      }
      at += 1;
      offset = 0;
    }
  };
  try {
    while (told.done.size + told.errors.size < documents.length) {
      const message = await client.next();
      if (message.op === 'credit') credit += message.bytes;
      else if (message.op === 'accepted') {
        told.accepted.set(message.id, { capture: message.capture, replay: message.replay === true });
        told.order.push(message.id);
        onAccepted(message.id);
      } else if (message.op === 'done') told.done.set(message.id, message);
      else told.errors.set(message.id, message.problem.status);
      push();
    }
  } catch {
    return { ...told, closed: await client.closed };
  }
  client.ws.close();
  return { ...told, closed: null };
}

describe('captures over WebSocket of a real engine', () => {
  const folders: string[] = [];
  let template = '';

  beforeAll(async () => {
    template = await mkdtemp(join(tmpdir(), 'firn-ws-ledger-'));
    folders.push(template);
    await (await openLedger({ folder: template })).close();
  });

  afterAll(() => {
    closeFronts();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  async function data(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'firn-ws-'));
    folders.push(folder);
    cpSync(template, join(folder, 'ledger'), { recursive: true });
    return folder;
  }

  const documents = (sender: string, count: number) =>
    Array.from({ length: count }, (_, n) => ({ id: `${sender}-${n}`, ...document(sender, n) }));

  test('twenty connections send at once: each document is accepted in order and done, wrong ones are told', async () => {
    const bed = await startCapturing({}, await data());
    const senders = Array.from({ length: 20 }, (_, n) => `s${n}`);
    const broken = { id: 'broken', type: 'application/xml', bytes: document('x', 1).bytes.subarray(0, 700) };
    const all = await Promise.all(
      senders.map((sender) => {
        const own = documents(sender, 8);
        return sendAll(bed.http, [...own.slice(0, 3), broken, ...own.slice(3)]);
      }),
    );
    for (const [n, { done, errors, order, closed, accepted }] of all.entries()) {
      expect(closed).toBeNull();
      expect([...errors]).toEqual([['broken', 400]]);
      expect(order).toEqual(Array.from({ length: 8 }, (_, at) => `s${n}-${at}`));
      for (const { success, accepted: stored } of done.values())
        expect([success, stored]).toEqual([true, EVENTS]);
      expect([...accepted.values()].some(({ replay }) => replay)).toBe(false);
    }
    const stored = 20 * 8 * EVENTS;
    expect(bed.engine.status().acct).toMatchObject({ accepted: stored, duplicate: 0, rejected: 20 });
    expect(await bed.engine.close()).toBe(true);
    expect((await verifyLake({ lake: bed.lake })).findings).toEqual([]);
  }, 120_000);

  test('a drain ends with 1012 and the last that is durable; sent again, nothing is stored twice', async () => {
    const folder = await data();
    const bed = await startCapturing({}, folder);
    const own = documents('drain', 60);
    let closing: Promise<boolean> | null = null;
    const first = await sendAll(bed.http, own, (id) => {
      if (id === 'drain-9') closing = bed.engine.close();
    });
    expect(await closing).toBe(true);
    expect(first.closed?.code).toBe(1012);
    const last = first.closed?.reason ?? '';
    expect(last).toMatch(/^drain-\d+$/);
    const next = await startCapturing({}, folder);
    const again = await sendAll(next.http, own);
    expect(again.closed).toBeNull();
    const durable = Number(last.split('-')[1]);
    expect(durable).toBeGreaterThanOrEqual(9);
    own.forEach(({ id }, n) => {
      // Behind the last that was told one may have been stored while the line closed.
      if (n <= durable) expect(again.accepted.get(id)?.replay).toBe(true);
      if (first.accepted.has(id))
        expect(again.accepted.get(id)?.capture).toBe(first.accepted.get(id)?.capture);
      expect(again.done.get(id)).toMatchObject({ success: true, accepted: EVENTS, duplicate: 0 });
    });
    expect(await next.engine.close()).toBe(true);
    expect((await verifyLake({ lake: next.lake })).findings).toEqual([]);
  }, 120_000);

  test('killed in the middle: what was accepted is there, everything sent again is there once', async () => {
    const folder = await data();
    const own = documents('kill', 40);
    const running = await startServed({}, {}, folder);
    const first = await sendAll(running.http, own, (id) => {
      if (id === 'kill-12') running.kill();
    });
    await running.remove();
    expect(first.closed).not.toBeNull();
    expect(first.accepted.size).toBeGreaterThan(12);
    const bed = await startCapturing({}, folder);
    const again = await sendAll(bed.http, own);
    expect(again.closed).toBeNull();
    for (const [id, { capture }] of first.accepted)
      expect(again.accepted.get(id)).toEqual({ capture, replay: true });
    for (const { id } of own)
      expect(again.done.get(id)).toMatchObject({ success: true, accepted: EVENTS, duplicate: 0 });
    expect(bed.engine.status().acct).toMatchObject({ accepted: 40 * EVENTS, duplicate: 0, rejected: 0 });
    expect(await bed.engine.close()).toBe(true);
    expect((await verifyLake({ lake: bed.lake })).findings).toEqual([]);
  }, 120_000);
});
