// What a partner gets of its acknowledgements from a real engine, whatever its ledger is: polled and by webhook the same,
// without gaps, in order, each at least once.

import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { EngineOptions } from '../../engine/engine.ts';
import { type AckReceiver, type ReceivedAck, startAckReceiver } from '../support/ack-receiver.ts';
import { overAt, sendPlan, startCapturing } from '../support/capture.ts';
import {
  BUYER_GLN,
  type DocumentPlan,
  dscsaPlan,
  GLNS,
  MAKER,
  MAKER_GLN,
  sgtin,
  UNIT,
} from '../support/epcis-documents.ts';
import { startServed } from '../support/served-captures.ts';

const SECRET = 'only these two know it';
const TOKENS = [
  { name: 'maker', token: 'a-secret-of-the-maker', streams: ['epcis'], gln: MAKER_GLN },
  { name: 'buyer', token: 'a-secret-of-the-buyer', streams: ['epcis'], gln: BUYER_GLN },
  { name: 'operator', token: 'a-secret-of-operators', streams: ['epcis'] },
];
export const as = (name: string): Record<string, string> => ({
  authorization: `Bearer ${TOKENS.find((token) => token.name === name)?.token}`,
});

/** A document of commissionings; `clash`: its last event says another expiry of the lot than the ones before. */
function plan(instance: string, count: number, clash: boolean): DocumentPlan {
  const whole = dscsaPlan();
  const [first] = whole.events;
  if (first === undefined) throw new Error('the plan has events');
  const events = Array.from({ length: count }, (_, at) => ({
    ...first,
    eventTime: new Date(Date.UTC(2025, 4, 5) + at * 1000).toISOString(),
    epcs: [sgtin(MAKER, UNIT, `${instance}.${at}`)],
    lot: `L${instance}`,
    ...(clash && at === count - 1 ? { expiry: '2029-01-31' } : {}),
  }));
  return { ...whole, instanceIdentifier: instance, events };
}

async function until(condition: () => boolean, withinMs: number): Promise<void> {
  for (const end = Date.now() + withinMs; !condition(); await sleep(10))
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms`);
}

interface Expected {
  readonly kind: string;
  readonly counts: Readonly<Record<'events' | 'accepted' | 'duplicate' | 'rejected', number>>;
}

/** The nth document of a run, and what its second acknowledgement says. */
function nth(n: number): { plan: DocumentPlan; behaviour: 'rollback' | 'proceed'; expected: Expected } {
  const clash = n % 5 === 1 || n % 5 === 3;
  const behaviour = n % 5 === 1 ? 'proceed' : 'rollback';
  const counts = (accepted: number) => ({ events: 3, accepted, duplicate: 0, rejected: 3 - accepted });
  const expected = !clash
    ? { kind: 'accepted', counts: counts(3) }
    : behaviour === 'proceed'
      ? { kind: 'partial', counts: counts(2) }
      : { kind: 'rejected', counts: counts(0) };
  return { plan: plan(`d${n}`, 3, clash), behaviour, expected };
}

/** @returns the path of its job */
async function send(http: string, n: number): Promise<string> {
  const { plan: document, behaviour } = nth(n);
  const headers = { ...as('maker'), 'gs1-capture-error-behaviour': behaviour };
  const { status, location, body } = await sendPlan(
    http,
    document,
    n % 2 === 0 ? 'json-dl' : 'xml-2.0',
    headers,
  );
  if (status !== 202) throw new Error(`${status} ${body}`);
  return location;
}

/** Numbers 1 to the last without a gap, in order; each job received, then one verdict; a repeat is the same in full. */
function checkStream(receiver: AckReceiver, count: number): void {
  expect(receiver.faults).toEqual([]);
  const taken = receiver.taken();
  expect(taken.map(({ seq }) => Number(seq))).toEqual(Array.from({ length: count }, (_, at) => at + 1));
  const digests = new Map(taken.map(({ seq, digest }) => [seq, digest]));
  let newest = 0;
  for (const { seq, digest, status } of receiver.got) {
    expect(digest).toBe(digests.get(seq));
    // Nothing overtakes what was not taken.
    expect(Number(seq)).toBeLessThanOrEqual(newest + 1);
    if (status !== null && status < 300) newest = Math.max(newest, Number(seq));
  }
  const kinds = new Map<string, string[]>();
  for (const { captureID, kind, body } of taken) {
    expect(body.capture_id).toBe(captureID);
    kinds.set(captureID, [...(kinds.get(captureID) ?? []), kind]);
  }
  for (const told of kinds.values())
    expect(told).toEqual(['received', expect.stringMatching(/^(accepted|partial|rejected)$/)]);
  expect(kinds.size).toBe(count / 2);
}

async function poll(
  http: string,
  name: string,
  query: string,
): Promise<{ acks: ReceivedAck[]; next: string }> {
  const answer = await fetch(`${http}/epcis/acks${query}`, { headers: as(name) });
  expect(answer.status).toBe(200);
  return (await answer.json()) as { acks: ReceivedAck[]; next: string };
}

export interface AckBed {
  /** Url of a new database, null = a ledger of the engine's own. */
  readonly url: () => Promise<string | null>;
  /** Puts a ledger that was never used into a new folder. */
  readonly prepare: (data: string) => void;
}

export function acksContract(name: string, { url, prepare }: AckBed): void {
  describe(`acknowledgements, ${name}`, () => {
    const ends: (() => Promise<unknown>)[] = [];
    afterEach(async () => {
      for (const end of ends.splice(0).reverse()) await end();
    });

    async function setUp(receiver: AckReceiver): Promise<{ data: string; options: EngineOptions }> {
      const data = await mkdtemp(join(tmpdir(), 'firn-acks-'));
      ends.push(
        () => receiver.close(),
        () => rm(data, { recursive: true, force: true }),
      );
      prepare(data);
      const secretFile = join(data, 'secret');
      writeFileSync(secretFile, `${SECRET}\n`);
      const ack = { url: receiver.url, secretFile };
      const partners = GLNS.map((gln) => ({ gln, name: gln, ...(gln === MAKER_GLN ? { ack } : {}) }));
      const database = await url();
      const ledger = database === null ? {} : { ledger: { url: database } };
      const options = { epcis: { partners, webhook: { timeoutSeconds: 0.4 } }, tokens: TOKENS, ...ledger };
      return { data, options };
    }

    test('hundreds arrive once they are taken: no gap, in order, signed, the same as polled', async () => {
      const trouble = new Map<number, number | null>([
        [3, 500],
        [4, 302],
        [40, null],
        [41, 503],
        [90, 429],
      ]);
      const status = (n: number) => (trouble.has(n) ? (trouble.get(n) as number | null) : 200);
      const receiver = await startAckReceiver(SECRET, status);
      const { data, options } = await setUp(receiver);
      const bed = await startCapturing(options, data);
      ends.push(() => bed.engine.close());
      const documents = 110;
      const locations: string[] = [];
      for (let n = 0; n < documents; n++) locations.push(await send(bed.http, n));
      await until(() => receiver.taken().length === 2 * documents, 100_000);
      checkStream(receiver, 2 * documents);
      const taken = receiver.taken();
      for (const [n, location] of locations.entries()) {
        const id = location.split('/').at(-1);
        const [received, verdict] = taken.filter(({ captureID }) => captureID === id);
        const { expected, plan: document } = nth(n);
        expect(received?.body).toMatchObject({
          instance_id: document.instanceIdentifier,
          raw_bytes: expect.any(Number),
        });
        expect(verdict).toMatchObject({ kind: expected.kind, body: { counts: expected.counts } });
        expect(verdict?.body).toMatchObject({
          raw_sha256: received?.body.raw_sha256,
          instance_id: document.instanceIdentifier,
        });
        const { rejected = [], batches = [] } = verdict?.body ?? {};
        expect(rejected).toHaveLength(expected.counts.rejected);
        if (rejected.length > 0)
          expect(rejected.at(-1)).toEqual({ eventIndex: 2, codes: ['L03_LOT_EXPIRY_CONFLICT'] });
        const spans = batches.map(({ first_seq, last_seq }) => Number(last_seq) - Number(first_seq) + 1);
        expect(spans.reduce((sum, each) => sum + each, 0)).toBe(3);
      }
      const polled: ReceivedAck[] = [];
      for (let after = '0'; ; ) {
        const page = await poll(bed.http, 'maker', `?after=${after}&perPage=64`);
        if (page.acks.length === 0) break;
        expect(page.next).toBe(page.acks.at(-1)?.seq);
        polled.push(...page.acks);
        after = page.next;
      }
      expect(polled).toEqual(taken.map(({ status: _, ...ack }) => ack));
      await expect
        .poll(() => bed.engine.status().epcis?.webhooks)
        .toEqual([
          {
            gln: MAKER_GLN,
            open: false,
            delivered: 2 * documents,
            failed: trouble.size,
            pending: 0,
            why: null,
          },
        ]);
    }, 180_000);

    test('a credential reads and settles the acknowledgements of its own GLN, an operator those of any', async () => {
      const receiver = await startAckReceiver(SECRET, () => 503);
      const { data, options } = await setUp(receiver);
      const bed = await startCapturing(options, data);
      ends.push(() => bed.engine.close());
      await overAt(bed.http, await send(bed.http, 0), as('maker'));
      expect((await poll(bed.http, 'maker', '')).acks.map(({ kind }) => kind)).toEqual([
        'received',
        'accepted',
      ]);
      expect(await poll(bed.http, 'buyer', '')).toMatchObject({ acks: [], next: '0' });
      expect((await poll(bed.http, 'operator', `?partner=${MAKER_GLN}&after=1`)).acks).toHaveLength(1);
      const foreign = await fetch(`${bed.http}/epcis/acks?partner=${MAKER_GLN}`, { headers: as('buyer') });
      expect(foreign.status).toBe(403);
      const settle = (credential: string, seq: unknown, query = '') =>
        fetch(`${bed.http}/epcis/acks${query}`, {
          method: 'POST',
          headers: { ...as(credential), 'content-type': 'application/json' },
          body: JSON.stringify({ seq }),
        });
      expect((await settle('buyer', '2', `?partner=${MAKER_GLN}`)).status).toBe(403);
      expect((await settle('maker', 'all of them')).status).toBe(400);
      expect((await settle('maker', '9'.repeat(19))).status).toBe(400);
      expect((await poll(bed.http, 'maker', `?after=${'9'.repeat(18)}`)).acks).toEqual([]);
      const before = receiver.got.length;
      expect(before).toBeGreaterThan(0);
      expect((await settle('maker', '2')).status).toBe(204);
      // What is settled by a poll is not posted any more.
      await overAt(bed.http, await send(bed.http, 2), as('maker'));
      await until(() => receiver.got.some(({ seq }) => seq === '3'), 60_000);
      expect(receiver.got.map(({ seq }) => seq).slice(-1)).toEqual(['3']);
    });

    test('received is posted when the job begins, not when it ends', async () => {
      const receiver = await startAckReceiver(SECRET, () => 200);
      const { data, options } = await setUp(receiver);
      const bed = await startCapturing(options, data);
      ends.push(() => bed.engine.close());
      const headers = { ...as('maker'), 'gs1-capture-error-behaviour': 'proceed' };
      const { location } = await sendPlan(bed.http, plan('long', 4000, false), 'json-dl', headers);
      await until(() => receiver.taken().length > 0, 60_000);
      expect(receiver.taken()).toMatchObject([{ kind: 'received' }]);
      const job = await fetch(`${bed.http}${location}`, { headers });
      expect(await job.json()).toMatchObject({ running: true });
    }, 90_000);

    test('killed when a partner has an acknowledgement and the ledger does not know: it comes again, the same', async () => {
      const killAt = new Map<string, 'before' | 'after'>([
        ['2', 'before'],
        ['5', 'after'],
        ['8', 'after'],
      ]);
      let kill: () => void = () => {};
      const receiver = await startAckReceiver(SECRET, (_, { seq }) => {
        const when = killAt.get(seq);
        killAt.delete(seq);
        if (when === 'before') kill();
        // The answer is on its way when the process ends.
        if (when === 'after') setImmediate(() => kill());
        return 200;
      });
      const { data, options } = await setUp(receiver);
      const own = { epcis: options.epcis, tokens: TOKENS, ledger: options.ledger };
      const documents = 6;
      let sent = 0;
      for (let starts = 1; receiver.taken().length < 2 * documents; starts++) {
        expect(starts).toBeLessThan(6);
        const running = await startServed(own, {}, data);
        kill = running.kill;
        ends.push(running.remove);
        try {
          while (sent < documents) {
            await send(running.http, sent);
            sent += 1;
          }
        } catch {
          // Killed under way: the same document is sent to the next one.
        }
        await Promise.race([running.ended, until(() => receiver.taken().length === 2 * documents, 60_000)]);
        await running.remove();
      }
      await sleep(50);
      expect(killAt.size).toBe(0);
      expect(receiver.got.length).toBeGreaterThan(2 * documents);
      checkStream(receiver, 2 * documents);
    }, 180_000);
  });
}
