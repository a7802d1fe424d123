// The whole path over real sockets, with the embedded ledger: documents in, a sealed lake that verifies out, and a ledger
// that knows where its events are proved.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLake } from '../../engine/dead-letter/lake.ts';
import { letterObjects, lettersOf } from '../../engine/dead-letter/letters.ts';
import { objectLines } from '../../engine/dead-letter/object.ts';
import { openLedger } from '../../engine/ledger/ledger.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { overAt, sendPlan, sendText, startCapturing } from '../support/capture.ts';
import type { TestEngine } from '../support/engine.ts';
import {
  BUYER_GLN,
  type DocumentPlan,
  documentText,
  dscsaPlan,
  eventJson,
  FORMS,
  gtin,
  MAKER,
  MAKER_GLN,
  sgtin,
  UNIT,
} from '../support/epcis-documents.ts';

const MAIN = fileURLToPath(new URL('../../dist/engine/cli/main.js', import.meta.url));
const TOKEN = 'a-secret-of-the-maker';
const OTHER = 'a-secret-of-somebody-else';
const asMaker = { authorization: `Bearer ${TOKEN}` };
const asOther = { authorization: `Bearer ${OTHER}` };

interface Line {
  readonly capture_id: string;
  readonly event_hash: string;
  readonly index: number;
  readonly partner_gln: string;
  readonly raw: { readonly offset: number; readonly length: number; readonly text: string };
  readonly seq: string;
}

async function accepted(lakePath: string): Promise<Line[]> {
  const lake = await openLake({ lake: lakePath });
  const found: Line[] = [];
  for (const year of await lake.folders('epcis'))
    for (const month of await lake.folders(`epcis/${year}`))
      for (const day of await lake.folders(`epcis/${year}/${month}`)) {
        const folder = `epcis/${year}/${month}/${day}`;
        for (const object of await lake.objects(folder))
          for (const line of await objectLines(lake, `${folder}/${object}`))
            found.push(JSON.parse(line.toString('utf8')) as Line);
      }
  lake.close();
  return found.sort((a, b) => Number(a.seq) - Number(b.seq));
}

/** A commissioning of one unit, with `serial`; `lot` differs where a conflict is wanted. */
function unitPlan(instance: string, serials: readonly string[], expiry = '2027-11-30'): DocumentPlan {
  const plan = dscsaPlan();
  const first = plan.events[0];
  if (first === undefined) throw new Error('the plan has events');
  const events = serials.map((serial, at) => ({
    ...first,
    eventTime: `2025-05-05T08:${String(at).padStart(2, '0')}:00Z`,
    epcs: [sgtin(MAKER, UNIT, serial)],
    expiry,
  }));
  return { ...plan, instanceIdentifier: instance, events };
}

describe('capture stage', () => {
  let bed: TestEngine;

  beforeAll(async () => {
    bed = await startCapturing({
      tokens: [
        { name: 'maker', token: TOKEN, streams: ['epcis'], gln: MAKER_GLN },
        { name: 'other', token: OTHER, streams: ['epcis'], gln: BUYER_GLN },
      ],
    });
  });

  afterAll(async () => {
    await bed.remove();
  });

  test('stage: of a document in four forms the first is stored, the others are duplicates', async () => {
    const counts: unknown[] = [];
    for (const form of FORMS) {
      const sent = await sendPlan(bed.http, dscsaPlan(), form, asMaker);
      expect(sent.status).toBe(202);
      const job = await overAt(bed.http, sent.location, asMaker);
      expect(job.success).toBe(true);
      counts.push(job.errors.length);
    }
    expect(counts).toEqual([0, 0, 0, 0]);
    expect(bed.engine.status().acct).toEqual({ accepted: 7, duplicate: 21, received: 28, rejected: 0 });
  });

  test('stage: the same bytes again are the same job', async () => {
    const first = await sendPlan(bed.http, unitPlan('again', ['r1']), 'json-dl', asMaker);
    const second = await sendPlan(bed.http, unitPlan('again', ['r1']), 'json-dl', asMaker);
    expect([first.status, first.replay, second.status, second.replay]).toEqual([202, false, 202, true]);
    expect(second.location).toBe(first.location);
    const [a, b] = await Promise.all(
      [1, 2].map(() => sendPlan(bed.http, unitPlan('at once', ['r2']), 'xml-2.0', asMaker)),
    );
    expect(a?.location).toBe(b?.location);
    await overAt(bed.http, first.location, asMaker);
  });

  test('stage: with rollback one refused event refuses all, with proceed only itself', async () => {
    const plan = unitPlan('rollback', ['b1', 'b2', 'b3']);
    const [one, two, three] = plan.events;
    if (one === undefined || two === undefined || three === undefined) throw new Error('three events');
    // A lot has one expiry.
    const mixed = { ...plan, events: [one, { ...two, expiry: '2028-01-31' }, three] };
    const whole = await sendPlan(bed.http, mixed, 'xml-1.2', asMaker);
    const job = await overAt(bed.http, whole.location, asMaker);
    expect(job.success).toBe(false);
    const codes = job.errors.map(({ code, eventIndex }) => `${eventIndex} ${code}`).sort();
    expect(codes).toEqual(['0 F02_ROLLED_BACK', '1 L03_LOT_EXPIRY_CONFLICT', '2 F02_ROLLED_BACK']);
    expect(new Set(job.errors.map(({ eventHash }) => eventHash)).size).toBe(3);
    for (const { eventHash } of job.errors) expect(eventHash).toMatch(/^[0-9a-f]{64}$/);

    const proceed = { ...asMaker, 'gs1-capture-error-behaviour': 'proceed' };
    const again = await sendPlan(bed.http, mixed, 'xml-1.2', proceed);
    expect(again.location).not.toBe(whole.location);
    const partly = await overAt(bed.http, again.location, asMaker);
    expect(partly.success).toBe(false);
    expect(partly.errors.map(({ code }) => code)).toEqual(['L03_LOT_EXPIRY_CONFLICT']);
    const item = await fetch(`${bed.http}/epcis/items/${gtin(MAKER, UNIT)}/b3`, { headers: asMaker });
    expect(item.status).toBe(200);
    const missing = await fetch(`${bed.http}/epcis/items/${gtin(MAKER, UNIT)}/b2`, { headers: asMaker });
    expect(missing.status).toBe(404);
  });

  test('stage: a document that is refused is a reply and a dead letter, never a job', async () => {
    const before = bed.engine.status().acct.rejected;
    const broken = documentText(dscsaPlan(), 'xml-1.2').slice(0, 900);
    const malformed = await sendText(bed.http, broken, 'application/xml', asMaker);
    expect([malformed.status, malformed.location]).toEqual([400, '']);
    expect(malformed.body).toContain('D04_MALFORMED');
    const foreign = await sendPlan(bed.http, dscsaPlan(), 'xml-2.0', asOther);
    expect(foreign.status).toBe(403);
    expect(JSON.parse(foreign.body)).toMatchObject({
      code: 'L11_GLN_PARTNER_MISMATCH',
      eventIndex: null,
      pointer: '/*/EPCISHeader/*[1]/*[local-name()="Sender"]/*[1]',
    });
    const empty = await sendText(bed.http, '', 'application/json', asMaker);
    expect(empty.status).toBe(400);
    expect(bed.engine.status().acct.rejected).toBe(before + 2);
  });

  test('stage: a page token that nobody gave out is refused, and is not the end of the list', async () => {
    const page = (query: string) => fetch(`${bed.http}/epcis/capture?${query}`, { headers: asMaker });
    const token = /nextPageToken=([^>]+)>/.exec((await page('perPage=1')).headers.get('link') ?? '')?.[1];
    expect((await page(`nextPageToken=${token}`)).status).toBe(200);
    expect((await page('nextPageToken=other')).status).toBe(400);
  });

  test('stage: a bare event is stored once', async () => {
    const event = unitPlan('single', ['s1']).events[0];
    if (event === undefined) throw new Error('one event');
    const context = ['https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld'];
    const body = JSON.stringify({ '@context': context, ...eventJson(event, 'json-dl') });
    const sent = await sendText(bed.http, body, 'application/json', asMaker, '/epcis/events');
    expect([sent.status, sent.body]).toEqual([201, expect.anything()]);
    const again = await sendText(bed.http, `${body} `, 'application/json', asMaker, '/epcis/events');
    expect(again.status).toBe(409);
  });

  test('stage: the program that embeds the engine captures too', async () => {
    const bytes = Buffer.from(documentText(unitPlan('embedded', ['e1']), 'xml-2.0'));
    const first = await bed.engine.capture(bytes, { type: 'application/xml' });
    const again = await bed.engine.capture(bytes, { type: 'application/xml' });
    expect(again).toEqual({ id: first.id, replay: true });
    const refused = bed.engine.capture(bytes.subarray(0, 300), { type: 'application/xml' });
    await expect(refused).rejects.toThrow(/^D04_MALFORMED/);
    await expect(bed.engine.capture(bytes, { type: 'text/plain' })).rejects.toThrow(TypeError);
  });

  test('stage: an item tells its events, and soon where they are proved', async () => {
    const path = `/epcis/items/${gtin(MAKER, UNIT)}/u01`;
    for (;;) {
      const answer = await fetch(`${bed.http}${path}`, { headers: asMaker });
      const text = await answer.text();
      if (answer.status === 200 && /"proof":\s*\{/.test(text)) {
        expect(text).toContain('epcis/year=2025/month=05/day=05/batch_');
        break;
      }
      await sleep(100);
    }
  });

  test('stage: the sealed lake is sound, and holds each event with its own characters', async () => {
    const sent = documentText(dscsaPlan(), 'xml-1.2');
    await expect.poll(() => bed.engine.status().epcis?.openJobs, { timeout: 20_000 }).toBe(0);
    const { acct } = bed.engine.status();
    expect(await bed.engine.close()).toBe(true);
    const report = await verifyLake({ lake: bed.lake });
    expect(report.findings).toEqual([]);
    const lines = await accepted(bed.lake);
    expect(lines.length).toBe(acct.accepted);
    expect(new Set(lines.map(({ event_hash }) => event_hash)).size).toBe(lines.length);
    for (const { raw, partner_gln } of lines.slice(0, 7)) {
      expect(
        Buffer.from(sent)
          .subarray(raw.offset, raw.offset + raw.length)
          .toString('utf8'),
      ).toBe(raw.text);
      expect(partner_gln).toBe(MAKER_GLN);
    }
    const lake = await openLake({ lake: bed.lake });
    const letters: { code: string; raw: string }[] = [];
    for await (const object of letterObjects(lake, { stream: 'epcis' }))
      for (const { members } of await lettersOf(lake, object, { stream: 'epcis' }))
        letters.push({ code: members.code, raw: Buffer.from(members.raw_b64, 'base64').toString('utf8') });
    lake.close();
    expect(letters.length).toBe(acct.rejected);
    expect(letters.find(({ code }) => code === 'D04_MALFORMED')?.raw).toBe(sent.slice(0, 900));
    expect(letters.find(({ code }) => code === 'L11_GLN_PARTNER_MISMATCH')?.raw).toBe(
      documentText(dscsaPlan(), 'xml-2.0'),
    );
  });

  test('stage: a ledger that is rebuilt from the sealed lake is the same', async () => {
    const digestIn = async (folder: string): Promise<Readonly<Record<string, string>>> => {
      const ledger = await openLedger({ folder });
      // Proofs of the last batches follow at the next start of an engine.
      const { proof: _, ...digest } = await ledger.digest();
      await ledger.close();
      return digest;
    };
    const before = await digestIn(join(bed.folder, 'ledger'));
    expect(before['event']).toMatch(/^[1-9]/);
    const rebuilt = spawnSync(process.execPath, [MAIN, 'ledger', 'rebuild', '--data', bed.folder, '--json'], {
      encoding: 'utf8',
    });
    expect([rebuilt.status, rebuilt.stderr]).toEqual([0, '']);
    expect(await digestIn(join(bed.folder, 'ledger'))).toEqual(before);
  });
});
