// What a partner and an operator see of a real engine with its defaults: proofs, bare events, numbers, the command.

import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { overAt, type SentCapture, sendPlan, sendText } from '../support/capture.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import {
  type DocumentPlan,
  documentText,
  dscsaPlan,
  type EventPlan,
  eventJson,
  gtin,
  MAKER,
  sgtin,
  UNIT,
} from '../support/epcis-documents.ts';

const MAIN = fileURLToPath(new URL('../../dist/engine/cli/main.js', import.meta.url));
const CONTEXT = ['https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld'];

function commissioning(serial: string, change: Partial<EventPlan> = {}): EventPlan {
  const [first] = dscsaPlan().events;
  if (first === undefined) throw new Error('the plan has events');
  return { ...first, eventTime: '2025-05-05T08:00:00Z', epcs: [sgtin(MAKER, UNIT, serial)], ...change };
}

const plan = (instance: string, events: readonly EventPlan[]): DocumentPlan => ({
  ...dscsaPlan(),
  instanceIdentifier: instance,
  events,
});

describe('a partner of a real engine', () => {
  let bed: TestEngine;

  beforeAll(async () => {
    bed = await startEngine();
  });

  afterAll(async () => {
    await bed.remove();
  });

  const event = (body: object): Promise<SentCapture> =>
    sendText(
      bed.http,
      JSON.stringify({ '@context': CONTEXT, ...body }),
      'application/json',
      {},
      '/epcis/events',
    );

  async function metrics(): Promise<Map<string, number>> {
    const text = await (await fetch(`${bed.http}/metrics`)).text();
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(
      lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
    );
  }

  test('the default cut proves an event of another day without the wait of a late record', async () => {
    const { status, location } = await sendPlan(bed.http, plan('proof', [commissioning('p1')]), 'xml-2.0');
    expect(status).toBe(202);
    await overAt(bed.http, location);
    const from = performance.now();
    for (;;) {
      const answer = await fetch(`${bed.http}/epcis/items/${gtin(MAKER, UNIT)}/p1`);
      const item = (await answer.json()) as { events: { proof: { key: string } | null }[] };
      expect(answer.status).toBe(200);
      const key = item.events[0]?.proof?.key;
      if (key !== undefined) {
        expect(key).toContain('epcis/year=2025/month=05/day=05/');
        break;
      }
      // A late record of telemetry waits for 60 s.
      expect(performance.now() - from).toBeLessThan(50_000);
      await sleep(200);
    }
  }, 120_000);

  test('a bare event without an id has its hash as one, and is found by it however it is written', async () => {
    const sent = await event(eventJson(commissioning('e1'), 'json-urn'));
    expect(sent.status).toBe(201);
    expect(sent.location).toMatch(/^\/epcis\/events\/ni%3A%2F%2F%2Fsha-256%3B[0-9a-f]{64}%3Fver%3DCBV2\.0$/);
    const id = decodeURIComponent(sent.location.slice('/epcis/events/'.length));
    expect(JSON.parse(sent.body)).toMatchObject({ eventID: id, type: 'ObjectEvent' });
    for (const path of [sent.location, `/epcis/events/${id}`, `/epcis/events/${id.replace(';', '%3b')}`]) {
      const answer = await fetch(`${bed.http}${path}`);
      expect(answer.status, path).toBe(200);
      expect(await answer.json()).toMatchObject({ eventId: id, ni: id, canonical: { type: 'ObjectEvent' } });
    }
    expect((await fetch(`${bed.http}${sent.location.replace('CBV2', 'CBV3')}`)).status).toBe(404);
    expect((await fetch(`${bed.http}/epcis/events/%ff`)).status).toBe(404);

    // Other characters, the same event.
    const again = await event(eventJson(commissioning('e1'), 'json-dl'));
    expect([again.status, again.body]).toEqual([
      409,
      expect.stringContaining('ResourceAlreadyExistsException'),
    ]);
    const replay = await event(eventJson(commissioning('e1'), 'json-urn'));
    expect([replay.status, replay.replay, replay.location]).toEqual([409, true, sent.location]);
  });

  test('a bare event with an id of its own is found by that; one that is wrong is a 400 with the reason', async () => {
    const eventID = 'urn:uuid:1f0e5a4c-2f6f-4d0e-9f57-3d1c9c1b7a10';
    const own = await event({ ...eventJson(commissioning('e2'), 'json-dl'), eventID });
    expect([own.status, own.location]).toEqual([201, `/epcis/events/${encodeURIComponent(eventID)}`]);
    expect(await (await fetch(`${bed.http}${own.location}`)).json()).toMatchObject({ eventId: eventID });
    const wrong = await event({ ...eventJson(commissioning('e3'), 'json-dl'), action: 'REMOVE' });
    expect(wrong.status).toBe(400);
    expect(JSON.parse(wrong.body)).toMatchObject({ type: 'epcisException:ValidationException' });
    expect(wrong.body).toContain('S04_ACTION');
    expect((await fetch(`${bed.http}/epcis/items/${gtin(MAKER, UNIT)}/e3`)).status).toBe(404);
  });

  test('the numbers of an operator follow what happens', async () => {
    const before = await metrics();
    const good = documentText(plan('numbers', [commissioning('n1'), commissioning('n2')]), 'json-urn');
    await overAt(bed.http, (await sendText(bed.http, good, 'application/json')).location);
    await overAt(bed.http, (await sendText(bed.http, `${good}\n`, 'application/json')).location);
    const bad = plan('wrong', [{ ...commissioning('n3'), action: 'REMOVE' }]);
    await overAt(bed.http, (await sendPlan(bed.http, bad, 'xml-1.2')).location);
    const after = await metrics();
    const grown = (outcome: string): number => {
      const name = `firn_capture_events_total{outcome="${outcome}"}`;
      return (after.get(name) ?? Number.NaN) - (before.get(name) ?? Number.NaN);
    };
    expect(['accepted', 'duplicate', 'rejected'].map(grown)).toEqual([2, 2, 1]);
    expect(after.get('firn_ledger_up')).toBe(1);
    expect(after.get('firn_capture_open_jobs')).toBe(0);
    expect(after.get('firn_capture_lag_seconds')).toBe(0);
    expect(after.get('firn_webhooks_blocked')).toBe(0);
    expect(bed.engine.status().epcis).toMatchObject({
      outage: null,
      openJobs: 0,
      profile: 'generic',
      webhooks: [],
    });
  });

  function file(name: string, text: string): string {
    const path = join(bed.folder, name);
    writeFileSync(path, text);
    return path;
  }

  async function firn(argv: readonly string[], input = '') {
    const child = spawn(process.execPath, [MAIN, 'capture', '--to', bed.http, ...argv], { stdio: 'pipe' });
    let out = '';
    let err = '';
    child.stdout.on('data', (piece) => {
      out += piece;
    });
    child.stderr.on('data', (piece) => {
      err += piece;
    });
    child.stdin.end(input);
    const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { status, out, err };
  }

  test('firn capture: files, several, wrong ones, the standard input; lines and exit codes', async () => {
    const good = file('good.xml', documentText(plan('cli', [commissioning('f1')]), 'xml-1.2'));
    const one = await firn([good]);
    expect(one).toMatchObject({
      status: 0,
      out: expect.stringMatching(/good\.xml: stored, 1 of 1 event stored \(job /),
    });
    expect(await firn([good])).toMatchObject({ status: 0, out: expect.stringContaining('sent before') });

    const mixed = documentText(
      plan('mixed', [commissioning('f2'), commissioning('f3', { expiry: '2031-01-31' })]),
      'json-dl',
    );
    const partly = await firn(['--behaviour', 'proceed', file('mixed.json', mixed)]);
    expect(partly.status).toBe(1);
    expect(partly.out).toContain('partly stored, 1 of 2 events stored, 1 refused');
    expect(partly.out).toContain('REJECT  L03_LOT_EXPIRY_CONFLICT');

    const broken = file(
      'broken.xml',
      documentText(plan('broken', [commissioning('f4')]), 'xml-2.0').slice(0, 800),
    );
    const last = documentText(plan('last', [commissioning('f5')]), 'json-urn');
    const all = await firn(['--json', broken, '-', good], last);
    const lines = all.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(all.status).toBe(1);
    expect(lines).toMatchObject([
      { file: broken, outcome: 'refused', problem: { status: 400 } },
      { file: '-', outcome: 'stored', replay: false, job: { accepted: 1, success: true } },
      { file: good, outcome: 'stored', replay: true },
    ]);

    expect(await firn([join(bed.folder, 'missing.xml')])).toMatchObject({
      status: 2,
      err: expect.stringContaining('ENOENT'),
    });
    expect(await firn(['-', '-'])).toMatchObject({ status: 2, err: expect.stringContaining('read once') });
    expect(await firn([])).toMatchObject({ status: 2, err: expect.stringContaining('which document') });
    expect(await firn(['--to', 'http://127.0.0.1:9', good])).toMatchObject({
      status: 2,
      out: expect.stringContaining('does not answer'),
    });
  });
});
