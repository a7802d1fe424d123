// Whole engines on a real server: one that is away for a while under a stream of documents, and two that share a database.
// FIRN_OUTAGE_SECONDS is how long the server is away (5).

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openPostgres } from '../../engine/ledger/postgres.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { overAt, sendPlan, startCapturing } from '../support/capture.ts';
import type { TestEngine } from '../support/engine.ts';
import {
  type DocumentPlan,
  dscsaPlan,
  type EventPlan,
  MAKER,
  sgtin,
  UNIT,
} from '../support/epcis-documents.ts';
import { readLines } from '../support/read-lake.ts';
import { programs, startPostgres } from './start.mjs';

const OUTAGE_SECONDS = Number(process.env['FIRN_OUTAGE_SECONDS'] ?? 5);
const PROCEED = { 'gs1-capture-error-behaviour': 'proceed' };

function planOf(instance: string, serials: readonly string[], hour: number): DocumentPlan {
  const plan = dscsaPlan();
  const first = plan.events[0] as EventPlan;
  const events = serials.map((serial) => ({
    ...first,
    eventTime: new Date(Date.UTC(2025, 4, 5, hour)).toISOString(),
    epcs: [sgtin(MAKER, UNIT, serial)],
  }));
  return { ...plan, instanceIdentifier: instance, events };
}

interface Line {
  readonly event_hash: string;
  readonly seq: string;
}

async function linesOf(bed: TestEngine): Promise<Line[]> {
  return (await readLines(bed.lake, 'epcis/')).map((text) => JSON.parse(text) as Line);
}

describe.skipIf(programs() === null)('captures on postgres', () => {
  const dir = mkdtempSync(join(tmpdir(), 'firn-postgres-'));
  let server: Awaited<ReturnType<typeof startPostgres>>;
  const beds: TestEngine[] = [];
  beforeAll(async () => {
    server = await startPostgres(dir);
  });
  afterEach(async () => {
    for (const bed of beds.splice(0)) await bed.remove();
  });
  afterAll(async () => {
    await server?.down('immediate');
    rmSync(dir, { recursive: true, force: true });
  });
  const start = async (url: string, epcis: object = {}): Promise<TestEngine> => {
    const bed = await startCapturing({ ledger: { url }, epcis });
    beds.push(bed);
    return bed;
  };

  test('the server is away under a stream of documents: each is taken, told late, and there once', async () => {
    const url = await server.database('away');
    const bed = await start(url);
    const sent: string[] = [];
    const send = async (): Promise<void> => {
      const instance = `s${sent.length}-`;
      const serials = Array.from({ length: 20 }, (_, at) => `${instance}${at}`);
      const form = sent.length % 2 === 0 ? 'json-urn' : 'xml-2.0';
      const answer = await sendPlan(
        bed.http,
        planOf(instance, serials, 1),
        form,
        sent.length % 3 === 0 ? {} : PROCEED,
      );
      expect(answer.status).toBe(202);
      sent.push(answer.location);
    };
    for (let i = 0; i < 5; i++) await send();
    await overAt(bed.http, sent[0] as string);
    await server.down('immediate');
    const before = bed.engine.status().acct.accepted;
    const end = Date.now() + OUTAGE_SECONDS * 1000;
    let inOutage = 0;
    while (Date.now() < end) {
      await send();
      inOutage += 1;
      await sleep(100);
    }
    const { epcis, acct } = bed.engine.status();
    expect(epcis?.outage).toMatch(/ECONNREFUSED|terminat|shut|starting/i);
    expect(epcis?.openJobs).toBeGreaterThanOrEqual(inOutage);
    expect(epcis?.lagSeconds).toBeGreaterThan(OUTAGE_SECONDS * 0.6);
    // One chunk may have been committed and on its way.
    expect(acct.accepted - before).toBeLessThanOrEqual(100);
    const running = await (await fetch(`${bed.http}${sent.at(-1)}`)).json();
    expect(running).toMatchObject({ running: true });
    await server.up();
    await send();
    for (const location of sent) expect(await overAt(bed.http, location)).toMatchObject({ success: true });
    expect(bed.engine.status().epcis).toMatchObject({ openJobs: 0, outage: null, lagSeconds: 0 });
    expect(bed.engine.status().acct).toMatchObject({ accepted: 20 * sent.length, duplicate: 0, rejected: 0 });
    expect(await bed.engine.close()).toBe(true);
    expect((await verifyLake({ lake: bed.lake })).findings).toEqual([]);
    const seqs = (await linesOf(bed)).map(({ seq }) => Number(seq)).sort((a, b) => a - b);
    expect(seqs).toEqual(Array.from({ length: 20 * sent.length }, (_, at) => at + 1));
  }, 300_000);

  test('the server is away until the spool is full: 503, and back when it answers', async () => {
    const url = await server.database('quota');
    const bed = await start(url, { maxBodyBytes: 60_000, spool: { quotaBytes: 60_000 } });
    await server.down('immediate');
    const taken: string[] = [];
    let status = 202;
    for (let i = 0; status === 202 && i < 200; i++) {
      const serials = Array.from({ length: 10 }, (_, at) => `q${i}-${at}`);
      const answer = await sendPlan(bed.http, planOf(`q${i}`, serials, 1), 'xml-2.0', PROCEED);
      status = answer.status;
      if (status === 202) taken.push(answer.location);
    }
    expect(status).toBe(503);
    expect(taken.length).toBeGreaterThan(1);
    await server.up();
    for (const location of taken) expect(await overAt(bed.http, location)).toMatchObject({ success: true });
    // Its files go with a snapshot, once all of it is sealed.
    const again = async (): Promise<number> =>
      (await sendPlan(bed.http, planOf('after', ['after'], 1), 'xml-2.0', PROCEED)).status;
    await expect.poll(again, { timeout: 60_000, interval: 500 }).toBe(202);
    expect(bed.engine.status().acct.accepted).toBeGreaterThanOrEqual(10 * taken.length);
  }, 120_000);

  test('two engines on one database, one partner, the same serial numbers: one of the two has each', async () => {
    const url = await server.database('both');
    const [a, b] = await Promise.all([start(url), start(url)]);
    const jobs: Promise<unknown>[] = [];
    const serials = Array.from({ length: 60 }, (_, at) => `t${at}`);
    const send = async (bed: TestEngine, plan: DocumentPlan): Promise<void> => {
      const { status, location } = await sendPlan(bed.http, plan, 'json-dl', PROCEED);
      expect(status).toBe(202);
      await overAt(bed.http, location);
    };
    for (let at = 0; at < 60; at += 15) {
      const some = serials.slice(at, at + 15);
      // The same events at both, then the same serial numbers at another time.
      jobs.push(send(a, planOf(`a${at}`, some, 1)), send(b, planOf(`b${at}`, [...some].reverse(), 1)));
      jobs.push(send(a, planOf(`c${at}`, some, 2)), send(b, planOf(`d${at}`, some, 3)));
    }
    await Promise.all(jobs);
    const accts = [a, b].map((bed) => bed.engine.status().acct);
    const sum = (name: 'accepted' | 'duplicate' | 'rejected'): number =>
      accts.reduce((all, acct) => all + acct[name], 0);
    expect(sum('accepted')).toBe(60);
    expect(sum('accepted') + sum('duplicate') + sum('rejected')).toBe(240);
    for (const bed of [a, b]) {
      expect(await bed.engine.close()).toBe(true);
      expect((await verifyLake({ lake: bed.lake })).findings).toEqual([]);
    }
    const lines = [...(await linesOf(a)), ...(await linesOf(b))];
    expect(new Set(lines.map(({ seq }) => seq)).size).toBe(60);
    expect(new Set(lines.map(({ event_hash }) => event_hash)).size).toBe(60);
    const database = openPostgres({ url });
    const [row] = await database.query(
      'SELECT count(*)::int AS n, max(seq)::int AS last, min(seq)::int AS first FROM firn.verdict',
    );
    expect(row).toEqual({ n: 240, last: 240, first: 1 });
    await database.close();
  }, 120_000);
});
