// What must hold when something behind a capture fails: the ledger's database, the judge, the process.

import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLedger } from '../../engine/ledger/ledger.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { overAt, sendPlan, startCapturing } from '../support/capture.ts';
import {
  type DocumentPlan,
  dscsaPlan,
  type EventPlan,
  gtin,
  MAKER,
  MAKER_GLN,
  sgtin,
  UNIT,
} from '../support/epcis-documents.ts';
import { readLines } from '../support/read-lake.ts';
import { startServed } from '../support/served-captures.ts';

const support = (name: string): string => new URL(`../support/${name}`, import.meta.url).href;

/** `count` commissionings, one unit each. */
function manyPlan(instance: string, count: number): DocumentPlan {
  const plan = dscsaPlan();
  const first = plan.events[0];
  if (first === undefined) throw new Error('the plan has events');
  const events = Array.from({ length: count }, (_, at) => ({
    ...first,
    eventTime: new Date(Date.UTC(2025, 4, 5) + at * 1000).toISOString(),
    epcs: [sgtin(MAKER, UNIT, `${instance}${at}`)],
  }));
  return { ...plan, instanceIdentifier: instance, events };
}

describe('capture stage in trouble', () => {
  const folders: string[] = [];
  let template = '';
  const folder = async (): Promise<string> => {
    const made = await mkdtemp(join(tmpdir(), 'firn-capture-'));
    folders.push(made);
    if (template !== '') cpSync(template, join(made, 'ledger'), { recursive: true });
    return made;
  };

  // Its first start takes long: every test has a copy of one that is empty.
  beforeAll(async () => {
    const made = join(await folder(), 'ledger');
    await (await openLedger({ folder: made })).close();
    template = made;
  });

  afterAll(() => {
    for (const made of folders) rmSync(made, { recursive: true, force: true });
  });

  test('stage: while the ledger is away documents are taken, and their jobs follow when it is back', async () => {
    const data = await folder();
    const bed = await startCapturing({ captureModules: { ledger: support('failing-ledger.mjs') } }, data);
    const away = join(data, 'ledger-away');
    writeFileSync(away, '');
    const sent = [];
    for (const n of [1, 2, 3]) sent.push(await sendPlan(bed.http, manyPlan(`away${n}-`, 5), 'xml-2.0'));
    expect(sent.map(({ status }) => status)).toEqual([202, 202, 202]);
    const running = await fetch(`${bed.http}${sent[0]?.location}`);
    expect(await running.json()).toMatchObject({ running: true, success: true });
    await expect.poll(() => bed.engine.status().epcis?.outage, { timeout: 20_000 }).toMatch(/ECONNREFUSED/);
    expect(bed.engine.status().epcis?.openJobs).toBe(3);
    expect(bed.engine.status().acct.received).toBe(0);
    unlinkSync(away);
    for (const { location } of sent)
      expect(await overAt(bed.http, location)).toMatchObject({ success: true, errors: [] });
    expect(bed.engine.status().acct).toMatchObject({ accepted: 15, rejected: 0 });
    expect(bed.engine.status().epcis).toMatchObject({ openJobs: 0, outage: null });
    await bed.remove();
  });

  test('stage: a ledger that is away is noticed by who asks it, and so is its end, without any job', async () => {
    const data = await folder();
    const bed = await startCapturing({ captureModules: { ledger: support('failing-ledger.mjs') } }, data);
    const item = (): Promise<number> =>
      fetch(`${bed.http}/epcis/items/${gtin(MAKER, UNIT)}/nobody`).then(({ status }) => status);
    expect(await item()).toBe(404);
    const away = join(data, 'ledger-away');
    writeFileSync(away, '');
    expect(await item()).toBe(503);
    await expect.poll(() => bed.engine.status().epcis?.outage, { timeout: 20_000 }).toMatch(/ECONNREFUSED/);
    unlinkSync(away);
    await expect.poll(() => bed.engine.status().epcis?.outage, { timeout: 15_000 }).toBeNull();
    expect(await item()).toBe(404);
    await bed.remove();
  });

  test('stage: a stop in an outage leaves jobs open, and the next start ends them', async () => {
    const data = await folder();
    const options = { captureModules: { ledger: support('failing-ledger.mjs') } };
    const first = await startCapturing(options, data);
    writeFileSync(join(data, 'ledger-away'), '');
    const { location } = await sendPlan(first.http, manyPlan('later', 4), 'json-dl');
    await first.engine.close();
    unlinkSync(join(data, 'ledger-away'));
    const second = await startCapturing(options, data);
    expect(await overAt(second.http, location)).toMatchObject({ success: true });
    const again = await sendPlan(second.http, manyPlan('later', 4), 'json-dl');
    expect([again.location, again.replay]).toEqual([location, true]);
    expect(await second.engine.close()).toBe(true);
    expect((await verifyLake({ lake: second.lake })).findings).toEqual([]);
  });

  test('stage: what was never acknowledged goes at a start; what an open job needs stays', async () => {
    const data = await folder();
    const options = { captureModules: { ledger: support('failing-ledger.mjs') } };
    const first = await startCapturing(options, data);
    writeFileSync(join(data, 'ledger-away'), '');
    const { location } = await sendPlan(first.http, manyPlan('kept', 4), 'xml-2.0');
    await first.engine.close();
    const spool = join(data, 'spool');
    const orphan = '00000000-0000-4000-8000-000000000001';
    for (const end of ['raw', 'part', '1.lines', '1.verdicts'])
      writeFileSync(join(spool, `${orphan}.${end}`), 'x');
    writeFileSync(join(spool, 'note of an operator'), 'x');
    const second = await startCapturing(options, data);
    const raw = `${location.split('/').at(-1)}.raw`;
    expect(readdirSync(spool).sort()).toEqual([raw, 'note of an operator'].sort());
    unlinkSync(join(data, 'ledger-away'));
    expect(await overAt(second.http, location)).toMatchObject({ success: true });
    await second.remove();
  });

  test('stage: what repeats an event that is rolled back is refused with it, and no duplicate', async () => {
    const bed = await startCapturing({}, await folder());
    const plan = manyPlan('undone', 2);
    const [first, second] = plan.events as [EventPlan, EventPlan];
    const { action: _, ...noAction } = second;
    const { location } = await sendPlan(bed.http, { ...plan, events: [first, first, noAction] }, 'json-urn');
    expect(await overAt(bed.http, location)).toMatchObject({ success: false });
    expect(bed.engine.status().acct).toEqual({ accepted: 0, duplicate: 0, received: 3, rejected: 3 });
    await bed.remove();
  });

  test('stage: a spool file that is gone or changed while its job is open is a clear end', async () => {
    for (const change of ['gone', 'short', 'flipped'] as const) {
      const data = await folder();
      const options = { captureModules: { ledger: support('failing-ledger.mjs') } };
      const first = await startCapturing(options, data);
      writeFileSync(join(data, 'ledger-away'), '');
      const { location } = await sendPlan(first.http, manyPlan(change, 4), 'xml-2.0');
      await first.engine.close();
      const raw = join(data, 'spool', `${location.split('/').at(-1)}.raw`);
      if (change === 'gone') unlinkSync(raw);
      else if (change === 'short') truncateSync(raw, 700);
      // A serial number that reads well, and was not sent.
      else writeFileSync(raw, readFileSync(raw, 'utf8').replace('flipped3', 'flipped9'));
      unlinkSync(join(data, 'ledger-away'));
      const fatal: string[] = [];
      const start = startCapturing({ ...options, onFatal: ({ message }) => fatal.push(message) }, data);
      const bed = await start.catch(({ message }: Error) => {
        fatal.push(message);
        return null;
      });
      await expect
        .poll(() => fatal[0], { timeout: 20_000 })
        .toMatch(/is not the document that was acknowledged/);
      expect(fatal[0]).toContain(`${location.split('/').at(-1)}.raw`);
      await bed?.engine.close().catch(() => undefined);
    }
  });

  test('stage: a document that kills its judge is dead-lettered, and those behind it go on', async () => {
    const bed = await startCapturing(
      { captureModules: { judge: support('failing-judge.mjs') } },
      await folder(),
    );
    const poison = await sendPlan(bed.http, manyPlan('poison', 3), 'xml-1.2');
    const next = await sendPlan(bed.http, manyPlan('next', 3), 'xml-1.2');
    expect(await overAt(bed.http, next.location)).toMatchObject({ success: true });
    expect(await overAt(bed.http, poison.location)).toMatchObject({ success: false });
    const { acks } = (await (await fetch(`${bed.http}/epcis/acks?partner=${MAKER_GLN}`)).json()) as {
      acks: { kind: string; captureID: string }[];
    };
    // Nobody could judge it: its sender is told that, too.
    expect(acks.map(({ kind, captureID }) => `${kind} ${poison.location.endsWith(captureID)}`)).toEqual([
      'received true',
      'rejected true',
      'received false',
      'accepted false',
    ]);
    expect(bed.engine.status().acct).toEqual({ accepted: 3, duplicate: 0, received: 4, rejected: 1 });
    expect(await bed.engine.close()).toBe(true);
    expect((await verifyLake({ lake: bed.lake })).findings).toEqual([]);
  });

  test.each([
    ['proceed', { accepted: 1000, rejected: 1500 }, 'partial'],
    ['rollback', { accepted: 0, rejected: 2500 }, 'rejected'],
  ])(
    'stage: a document that kills its judge in the middle (%s): what was stored stays, each event has one verdict',
    async (behaviour, counts, kind) => {
      const bed = await startCapturing(
        { captureModules: { judge: support('failing-judge.mjs') } },
        await folder(),
      );
      const headers = { 'gs1-capture-error-behaviour': behaviour };
      const { location } = await sendPlan(bed.http, manyPlan(`late-${kind}`, 2500), 'json-urn', headers);
      const job = await overAt(bed.http, location);
      expect(job).toMatchObject({ success: false });
      expect(job.errors).toContainEqual(
        expect.objectContaining({ code: 'codec.crash', eventIndex: counts.accepted }),
      );
      const asked = await fetch(`${bed.http}/epcis/acks?partner=${MAKER_GLN}`);
      const { acks } = (await asked.json()) as { acks: { kind: string; body: object }[] };
      expect(acks[1]).toMatchObject({ kind, body: { counts: { events: 2500, duplicate: 0, ...counts } } });
      expect(bed.engine.status().acct).toEqual({ duplicate: 0, received: 2500, ...counts });
      expect(await bed.engine.close()).toBe(true);
      expect((await verifyLake({ lake: bed.lake })).findings).toEqual([]);
      const letters = (await readLines(bed.lake, 'dead-letter/epcis/')).map(
        (line) => JSON.parse(line) as { code: string; source: { frame: number } },
      );
      const frames = letters.map(({ source }) => source.frame).sort((a, b) => a - b);
      expect(frames).toEqual(Array.from({ length: counts.rejected }, (_, at) => 2500 - counts.rejected + at));
      expect(await readLines(bed.lake, 'epcis/')).toHaveLength(counts.accepted);
    },
  );

  test('stage: a document with a value that the ledger does not take is dead-lettered, and the engine goes on', async () => {
    const bed = await startCapturing(
      { captureModules: { ledger: support('failing-ledger.mjs') } },
      await folder(),
    );
    const poison = await sendPlan(bed.http, manyPlan('poison', 3), 'json-dl');
    const next = await sendPlan(bed.http, manyPlan('next', 3), 'json-dl');
    expect(await overAt(bed.http, next.location)).toMatchObject({ success: true });
    expect(bed.engine.status().acct).toEqual({ accepted: 3, duplicate: 0, received: 4, rejected: 1 });
    expect(await bed.engine.close()).toBe(true);
    expect((await verifyLake({ lake: bed.lake })).findings).toEqual([]);
    expect(poison.status).toBe(202);
  });

  test.each([['proceed'], ['rollback']])(
    'stage: killed between 202 and the end of the job (%s), every event is there exactly once',
    async (behaviour) => {
      const data = await folder();
      const headers = { 'gs1-capture-error-behaviour': behaviour };
      const locations: string[] = [];
      for (const [round, waitMs] of [0, 40, 150, 400].entries()) {
        const running = await startServed({}, {}, data);
        const sent = await sendPlan(running.http, manyPlan(`kill${round}-`, 2500), 'json-urn', headers);
        expect(sent.status).toBe(202);
        locations.push(sent.location);
        await new Promise((resolve) => setTimeout(resolve, waitMs));
        await running.remove();
      }
      const bed = await startCapturing({}, data);
      for (const location of locations)
        expect(await overAt(bed.http, location)).toMatchObject({ success: true });
      expect(bed.engine.status().acct).toEqual({
        accepted: 10_000,
        duplicate: 0,
        received: 10_000,
        rejected: 0,
      });
      expect(await bed.engine.close()).toBe(true);
      const report = await verifyLake({ lake: bed.lake });
      expect(report.findings).toEqual([]);
    },
    240_000,
  );
});
