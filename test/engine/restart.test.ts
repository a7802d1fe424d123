// Sessions, keys, accounts and the log across a restart of the engine: nothing lost, nothing doubled, nothing forgotten.

import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { verifyLake } from '../../engine/verify/verify.ts';
import { Endpoint, startEngine } from '../support/engine.ts';
import { readLines } from '../support/read-lake.ts';

const record = (n: number): string =>
  `{"sensor_id":"restart-1","timestamp_utc":"2026-03-0${1 + (n % 3)}T00:00:00.${String(n).padStart(3, '0')}Z","temperature_c":4,"zone_id":"Z"}`;

test('restart: a session goes on where it was, a key answers again, accounts never fall', async () => {
  const first = await startEngine();
  const one = new Endpoint(`${first.ws}/v1/streams/coldchain/ws?session=gateway-7`);
  expect(await one.hello()).toMatchObject({ session: 'gateway-7', next: 0 });
  for (let n = 0; n < 5; n += 1) one.socket.send(record(n));
  one.socket.send('{"x":1}');
  await one.acknowledged(6);
  const post = (http: string) =>
    fetch(`${http}/v1/streams/coldchain/records`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson', 'idempotency-key': 'once' },
      body: `${record(100)}\n{"y":1}\n`,
    });
  const answer = await (await post(first.http)).text();
  await one.close();
  expect(await first.engine.close()).toBe(true);

  const second = await startEngine({}, first.folder);
  try {
    const again = new Endpoint(`${second.ws}/v1/streams/coldchain/ws?session=gateway-7`);
    expect(await again.hello()).toMatchObject({ session: 'gateway-7', next: 6 });
    again.socket.send(record(6));
    await again.acknowledged(7);
    await again.close();
    const replayed = await post(second.http);
    expect(replayed.headers.get('idempotent-replayed')).toBe('true');
    expect(await replayed.text()).toBe(answer);
    expect(second.engine.status().acct).toEqual({ accepted: 7, rejected: 2, duplicate: 2, received: 11 });
    await second.engine.close();

    const times = (await readLines(second.lake, 'coldchain/')).map((line) =>
      JSON.parse(line).timestamp_utc.slice(20, 23),
    );
    expect(times.sort()).toEqual(['000', '001', '002', '003', '004', '006', '100']);
    expect(await readLines(second.lake, 'dead-letter/')).toHaveLength(2);
    const actions = (await readLines(second.lake, 'audit/')).map((line) => JSON.parse(line).action);
    expect(actions.filter((action) => action === 'start' || action === 'stop')).toEqual([
      'start',
      'stop',
      'start',
      'stop',
    ]);
    const report = await verifyLake({ lake: second.lake });
    expect(report.findings).toEqual([]);
  } finally {
    await second.remove();
  }
});

test('restart: a data folder in use, a foreign key and a lost key are refused with a word', async () => {
  const running = await startEngine();
  await expect(startEngine({}, running.folder)).rejects.toThrow(/another|holds|in use|lock/i);
  await running.engine.close();
  rmSync(`${running.folder}/keys/log.key`);
  await expect(startEngine({}, running.folder)).rejects.toThrow(/log\.key/);
  rmSync(running.folder, { recursive: true });
});

test('restart: a data folder older than its lake is refused, and goes on under a new name', async () => {
  const { cpSync } = await import('node:fs');
  const first = await startEngine();
  await first.engine.ingest('coldchain', `${record(1)}\n`);
  await first.engine.close();
  const backup = `${first.folder}-backup`;
  for (const part of ['journal', 'keys', 'state'])
    cpSync(`${first.folder}/${part}`, `${backup}/${part}`, { recursive: true });
  const later = await startEngine({}, first.folder);
  await later.engine.ingest('coldchain', `${record(2)}\n`);
  await later.engine.close();

  await expect(startEngine({ lake: first.lake }, backup)).rejects.toThrow(/new-origin/);
  const restored = await startEngine({ lake: first.lake, newOrigin: 'restored.example/plant' }, backup);
  await restored.engine.ingest('coldchain', `${record(3)}\n`);
  await restored.engine.close();
  const report = await verifyLake({ lake: first.lake });
  expect(report.findings).toEqual([]);
  expect(await readLines(first.lake, 'coldchain/')).toHaveLength(3);
  const changes = (await readLines(first.lake, 'audit/'))
    .map((line) => JSON.parse(line))
    .filter((e) => e.action === 'origin.change');
  expect(changes).toMatchObject([{ new: 'restored.example/plant' }]);
  await first.remove();
  rmSync(backup, { recursive: true });
});

test('restart: a lake that holds nothing of the log is told loudly, and the log is published again', async () => {
  const first = await startEngine();
  await first.engine.ingest('coldchain', `${record(1)}\n`);
  await first.engine.close();
  rmSync(first.lake, { recursive: true });
  const second = await startEngine({}, first.folder);
  await second.engine.close();
  const events = (await readLines(second.lake, 'audit/')).map((line) => JSON.parse(line));
  expect(events.find((event) => event.action === 'lake.lost')).toMatchObject({ new: { seals: 0 } });
  const verdicts = (await verifyLake({ lake: second.lake })).findings.map((finding) => finding.verdict);
  expect(new Set(verdicts)).toEqual(new Set(['MISSING']));
  await second.remove();
});
