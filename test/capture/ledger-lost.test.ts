// A ledger that is not the one that the journal was written beside: deleted, damaged, from a backup, after a power cut. Captures are
// taken and wait; nothing is judged against a history that is not there; a rebuild lets them go on.

import { execFileSync } from 'node:child_process';
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyLake } from '../../engine/verify/verify.ts';
import { overAt, sendPlan, startCapturing } from '../support/capture.ts';
import { type DocumentPlan, dscsaPlan, gtin, MAKER, sgtin, UNIT } from '../support/epcis-documents.ts';

const MAIN = fileURLToPath(new URL('../../dist/engine/cli/main.js', import.meta.url));
const PROCEED = { 'gs1-capture-error-behaviour': 'proceed' };

/** One commissioning for each serial number. */
function planOf(
  instance: string,
  serials: readonly string[],
  eventTime = '2025-05-05T00:00:00.000Z',
): DocumentPlan {
  const plan = dscsaPlan();
  const first = plan.events[0];
  if (first === undefined) throw new Error('the plan has events');
  const events = serials.map((serial) => ({ ...first, eventTime, epcs: [sgtin(MAKER, UNIT, serial)] }));
  return { ...plan, instanceIdentifier: instance, events };
}

const rebuild = (data: string): string =>
  execFileSync(process.execPath, [MAIN, 'ledger', 'rebuild', '--data', data], { encoding: 'utf8' });

let data = '';
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'firn-lost-'));
  const bed = await startCapturing({}, data);
  const { location } = await sendPlan(bed.http, planOf('one', ['a', 'b', 'c']), 'xml-2.0', PROCEED);
  expect(await overAt(bed.http, location)).toMatchObject({ success: true });
  await bed.engine.close();
  cpSync(join(data, 'ledger'), join(data, 'ledger.backup'), { recursive: true });
  const next = await startCapturing({}, data);
  const second = await sendPlan(next.http, planOf('two', ['d', 'e']), 'xml-2.0', PROCEED);
  expect(await overAt(next.http, second.location)).toMatchObject({ success: true });
  await next.engine.close();
}, 120_000);
afterAll(() => rmSync(data, { recursive: true, force: true }));

const LOST: readonly (readonly [what: string, lose: () => void, says: RegExp])[] = [
  ['is gone', () => rmSync(join(data, 'ledger'), { recursive: true }), /of 2 events of capture .* it has 0/],
  [
    'is a backup',
    () => {
      rmSync(join(data, 'ledger'), { recursive: true });
      cpSync(join(data, 'ledger.backup'), join(data, 'ledger'), { recursive: true });
    },
    /of \d events of capture .* it has 0/,
  ],
  [
    'is damaged',
    () => rmSync(join(data, 'ledger/global/pg_control')),
    /\/ledger is damaged, it does not open/,
  ],
  ['saw a power cut', () => writeFileSync(join(data, 'ledger.boot'), 'another boot'), /system went down/],
];

test.each(LOST)(
  'ledger: one that %s is never judged against, and can be made again',
  async (what, lose, says) => {
    lose();
    const held = await startCapturing({}, data);
    // A serial number that is known: an empty history would take it.
    const plan = planOf(`after it ${what}`, ['a', `x${what.length}`], '2025-05-06T00:00:00.000Z');
    const sent = await sendPlan(held.http, plan, 'json-urn', PROCEED);
    expect(sent.status).toBe(202);
    await expect.poll(() => held.engine.status().epcis?.outage, { timeout: 20_000 }).toMatch(says);
    expect(held.engine.status().epcis?.outage).toContain('firn ledger rebuild');
    expect(held.engine.status().epcis?.openJobs).toBe(1);
    const item = await fetch(`${held.http}/epcis/items/${gtin(MAKER, UNIT)}/a`);
    expect(item.status).toBe(503);
    expect(await held.engine.close()).toBe(true);

    expect(rebuild(data)).toMatch(/events/);
    const bed = await startCapturing({}, data);
    const job = await overAt(bed.http, sent.location);
    expect(job).toMatchObject({ success: false });
    expect(job.errors).toMatchObject([{ code: expect.stringMatching(/^L01_/), eventIndex: 0 }]);
    expect(bed.engine.status().epcis).toMatchObject({ openJobs: 0, outage: null });
    expect(await bed.engine.close()).toBe(true);
    expect((await verifyLake({ lake: bed.lake })).findings).toEqual([]);
  },
  120_000,
);
