// What the sink has set aside: listed from the data folder, and sent again by the engine when somebody asks and says why.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { verifyLake } from '../../engine/verify/verify.ts';
import { deadLetter, endCommands, TOKEN } from '../support/dead-letter.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { readLines } from '../support/read-lake.ts';

let engine: TestEngine | null = null;
afterEach(async () => {
  endCommands();
  await engine?.remove();
  engine = null;
});

const record = JSON.stringify({
  sensor_id: 'dock-0001',
  timestamp_utc: '2026-03-02T00:00:00Z',
  temperature_c: 5,
  zone_id: 'ZONE-A',
});

test('quarantine: listed with its key, sent again through the engine, with an event that says who and why', async () => {
  const tokens = [
    { name: 'sensor', token: 'sensor-secret-000001', streams: ['*'] },
    { name: 'operator', token: TOKEN, streams: ['*'], replay: true },
  ];
  engine = await startEngine({ tokens, streams: { coldchain: { cut: { age: 0.1, lateAge: 0.1 } } } });
  const { folder, lake, http } = engine;
  // A file where the folder of that day should be is a fault of this one key.
  const day = join(lake, 'coldchain', 'year=2026', 'month=03', 'day=02');
  mkdirSync(dirname(day), { recursive: true });
  writeFileSync(day, '');
  await engine.engine.ingest('coldchain', `${record}\n`);
  const running = engine.engine;
  while (running.status().seal.quarantined === 0) await new Promise((resolve) => setTimeout(resolve, 20));

  const listed = await deadLetter(['list', lake, '--json']);
  expect({ code: listed.code, err: listed.err }).toEqual({ code: 0, err: '' });
  expect(listed.json).toMatchObject([{ quarantined: { kind: 'records', records: 1 } }]);
  expect(listed.json[0].quarantined.key).toContain('coldchain/year=2026/month=03/day=02/batch_');
  const text = (await deadLetter(['list', '--data', folder])).out.toString();
  expect(text).toContain(listed.json[0].quarantined.key);
  expect(text).toMatch(/1 object in quarantine: firn dead-letter replay --quarantined\n$/);

  const sensor = join(folder, 'sensor.token');
  writeFileSync(sensor, 'sensor-secret-000001\n');
  const order = [
    'replay',
    '--quarantined',
    '--to',
    http,
    '--actor',
    'kim@plant7',
    '--reason',
    'the disk is mended',
  ];
  const forbidden = await deadLetter([...order, '--token-file', sensor]);
  expect(forbidden.code).toBe(2);
  expect(forbidden.err).toContain('403 access.replay');
  expect(await deadLetter([...order, '--json'])).toMatchObject({ code: 1, json: [{ sent: 0, left: 1 }] });
  rmSync(day);
  const sent = await deadLetter(order);
  expect(sent).toMatchObject({ code: 0, err: '' });
  expect(sent.out.toString()).toBe('1 object sent, 0 objects left in quarantine\n');
  expect((await deadLetter(['list', '--data', folder])).out.toString()).toBe('nothing in quarantine\n');
  expect(await running.close()).toBe(true);

  expect(await readLines(lake, 'coldchain/')).toHaveLength(1);
  const events = (await readLines(lake, 'audit/')).map((line) => JSON.parse(line));
  const ordered = events.filter(({ action }) => action === 'quarantine.resend');
  expect(ordered).toHaveLength(2);
  for (const event of ordered)
    expect(event).toMatchObject({
      actor: 'kim@plant7',
      authorised_by: 'operator',
      reason: 'the disk is mended',
    });
  expect((await verifyLake({ lake })).findings).toEqual([]);
}, 120_000);
