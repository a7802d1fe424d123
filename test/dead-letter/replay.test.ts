// Dead letters with a whole engine: what was refused is listed and shown byte by byte, and after a change of schema it goes
// the normal way once more, exactly once. The commands run as built.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import type { EngineOptions } from '../../engine/engine.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { deadLetter, endCommands, TOKEN } from '../support/dead-letter.ts';
import { Endpoint, startEngine, type TestEngine } from '../support/engine.ts';
import { independent, independentRuns } from '../support/independent.ts';
import { readLake, readLines } from '../support/read-lake.ts';

const MAIN = fileURLToPath(new URL('../../dist/engine/cli/main.js', import.meta.url));

const folders: string[] = [];
const engines: TestEngine[] = [];
const children: ChildProcess[] = [];
const servers: Server[] = [];
afterEach(async () => {
  endCommands();
  for (const server of servers.splice(0)) server.close();
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
  for (const engine of engines.splice(0)) await engine.remove();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'firn-dead-letter-'));
  folders.push(folder);
  return folder;
}

const cut = { age: 0.1, lateAge: 0.1 };
const schemas = {
  'telemetry/2': {
    fields: [
      { name: 'sensor_id', type: 'string', required: true, minLength: 4, maxLength: 64 },
      { name: 'timestamp_utc', type: 'timestamp', required: true },
      { name: 'temperature_c', type: 'number', required: true, min: -100, max: 100 },
      { name: 'zone_id', type: 'string', required: true },
      { name: 'firmware', type: 'string' },
    ],
  },
} as const;
const before: EngineOptions = { streams: { coldchain: { cut } } };
const after: EngineOptions = {
  schemas: schemas as unknown as NonNullable<EngineOptions['schemas']>,
  streams: { coldchain: { schema: 'telemetry/2', cut } },
};

async function start(options: EngineOptions, folder?: string): Promise<TestEngine> {
  const engine = await startEngine(options, folder);
  if (folder === undefined) engines.push(engine);
  return engine;
}

const record = (n: number, change: object = {}): string =>
  JSON.stringify({
    sensor_id: `dead-${String(n).padStart(4, '0')}`,
    timestamp_utc: '2026-06-01T00:00:00Z',
    temperature_c: 5,
    zone_id: 'ZONE-A',
    ...change,
  });

async function post(engine: TestEngine, body: string | Buffer, type = 'application/x-ndjson'): Promise<void> {
  const url = `${engine.http}/v1/streams/coldchain/records`;
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body });
  expect([202, 400]).toContain(response.status);
}

/** A port that is free now, below those that the system gives out: a client that retries could get one of those itself. */
async function freePort(): Promise<number> {
  for (let port = 20_000 + Math.floor(Math.random() * 10_000); ; port += 1) {
    const probe = createTcpServer();
    const free = await new Promise<boolean>((resolve) => {
      probe.once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => probe.close(resolve));
    return port;
  }
}

/** Everything about the lake holds, by both verifiers. */
async function expectSound(lake: string): Promise<void> {
  expect((await verifyLake({ lake })).findings).toEqual([]);
  if (!independentRuns) return;
  const { code, report, stderr } = independent(lake);
  expect({ code, findings: report?.findings, stderr }).toEqual({ code: 0, findings: [], stderr: '' });
}

test('list and show: every refused record, with its exact bytes', async () => {
  const engine = await start(before);
  const raws = [
    Buffer.from('{"sensor_id":'),
    Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]),
    Buffer.from(record(1, { extra: '\u001b[31m' })),
    Buffer.from('[1,2]'),
    Buffer.from(record(2, { temperature_c: 1000 })),
  ];
  await post(engine, Buffer.concat(raws.flatMap((raw) => [raw, Buffer.from('\n')])));
  const pretty = JSON.stringify({ sensor_id: 'x' }, null, 2);
  await post(engine, `[${record(3)},${pretty}]`, 'application/json');
  await post(engine, '{"broken"', 'application/json');
  const endpoint = new Endpoint(`${engine.ws}/v1/streams/coldchain/ws?session=dock-4`);
  await endpoint.hello();
  endpoint.socket.send(record(4, { zone_id: 'lower case' }));
  await endpoint.acknowledged(1);
  await endpoint.close();
  await engine.engine.close();

  const all = [
    ...raws,
    Buffer.from(pretty),
    Buffer.from('{"broken"'),
    Buffer.from(record(4, { zone_id: 'lower case' })),
  ];
  const listed = await deadLetter(['list', engine.lake, '--json']);
  expect(listed).toMatchObject({ code: 0, err: '' });
  expect(listed.json.map(({ raw_b64 }) => raw_b64).sort()).toEqual(
    all.map((raw) => raw.toString('base64')).sort(),
  );
  expect(listed.json.filter(({ source }) => source.session === 'dock-4')).toMatchObject([
    { code: 'field.pattern', path: '/zone_id', stream: 'coldchain', source: { frame: 0, record: 0 } },
  ]);
  for (const { reference, short, raw_b64 } of listed.json) {
    const shown = await deadLetter([
      'show',
      engine.lake,
      reference === listed.json[0].reference ? reference : short,
      '--raw',
    ]);
    expect(shown).toMatchObject({ code: 0, err: '' });
    expect(shown.out.toString('base64')).toBe(raw_b64);
  }

  const unknown = listed.json.find(({ code }) => code === 'field.unknown');
  const page = await deadLetter(['show', engine.lake, unknown.short]);
  expect(page.out.toString()).toContain(`record     ${unknown.reference}\ncode       field.unknown\n`);
  expect(page.out.toString()).toContain('never, as far as the audit stream in this lake tells');
  const hex = await deadLetter([
    'show',
    engine.lake,
    listed.json.find(({ code }) => code === 'json.utf8').short,
  ]);
  expect(hex.out.toString()).toContain('00000000  7b 22 ff 22 7d');

  const table = await deadLetter(['list', engine.lake]);
  expect(table.out.toString()).toMatch(/^received {2,}stream {2,}code {2,}reference {2,}source {2,}detail\n/);
  expect(table.out.toString()).toMatch(/\n8 refused records\n$/);
  expect(table.out.toString()).not.toContain('\u001b');
  const summary = await deadLetter(['list', engine.lake, '--summary', '--json']);
  expect(summary.json).toHaveLength(new Set(listed.json.map(({ code }) => code)).size);
  expect(summary.json.reduce((sum, { records }) => sum + records, 0)).toBe(8);

  const only = async (...filter: string[]) =>
    (await deadLetter(['list', engine.lake, '--json', ...filter])).json;
  expect((await only('--code', 'json.')).map(({ code }) => code).sort()).toEqual([
    'json.syntax',
    'json.syntax',
    'json.utf8',
  ]);
  expect(await only('--stream', 'other')).toEqual([]);
  expect(await only('--limit', '3')).toHaveLength(3);
  const day = listed.json[0].received_utc.slice(0, 10);
  expect(await only('--from', day)).toHaveLength(8);
  expect(await only('--to', '2020-01-01')).toEqual([]);
  const first = listed.json.map(({ received_utc }) => received_utc).sort()[0];
  expect(await only('--to', first)).toEqual([]);
  expect(await only('--from', first)).toHaveLength(8);
}, 120_000);

test('replay: after a change of schema, the normal way, once; what fails again names the first', async () => {
  const first = await start(before);
  await post(first, [1, 2, 3].map((n) => `${record(n, { firmware: '7.1' })}\n`).join(''));
  await post(first, `${record(4, { firmware: 7 })}\n`);
  await first.engine.close();
  const refused = (await deadLetter(['list', first.lake, '--json'])).json;
  const originals = await readLake(first.lake, 'dead-letter/');

  const second = await start(after, first.folder);
  const filters = ['--code', 'field.unknown', '--to', second.http, '--reason', 'firmware is a field now'];
  const dry = await deadLetter(['replay', first.lake, ...filters, '--dry-run']);
  expect(dry).toMatchObject({ code: 0, err: '' });
  expect(dry.out.toString()).toContain('4 records would be sent, 0 not');
  expect(second.engine.status().acct.received).toBe(4);

  const run = await deadLetter(['replay', first.lake, ...filters, '--actor', 'kim@plant7', '--json']);
  expect({ code: run.code, err: run.err }).toEqual({ code: 1, err: '' });
  expect(run.json.map(({ result }) => result).sort()).toEqual([
    'accepted',
    'accepted',
    'accepted',
    'refused again',
  ]);
  // At once again: the audit stream may not be in the lake yet, but the engine knows.
  const atOnce = await deadLetter(['replay', first.lake, ...filters, '--json']);
  expect(atOnce.json.filter(({ earlier, result }) => earlier === false && result === 'accepted')).toEqual([]);
  expect(second.engine.status().acct).toMatchObject({ accepted: 3 });
  await second.engine.close();

  const accepted = (await readLines(first.lake, 'coldchain/')).map((line) => JSON.parse(line));
  expect(accepted.map(({ sensor_id }) => sensor_id).sort()).toEqual(['dead-0001', 'dead-0002', 'dead-0003']);
  for (const line of accepted) {
    const letter = refused.find(({ raw_b64 }) => Buffer.from(raw_b64, 'base64').includes(line.sensor_id));
    expect(line.received_utc).toBe(letter.received_utc);
  }
  const now = await readLake(first.lake, 'dead-letter/');
  for (const object of originals) expect(now).toContainEqual(object);
  const fresh = (await deadLetter(['list', first.lake, '--code', 'field.type', '--json'])).json;
  const origin = refused.find(({ raw_b64 }) => Buffer.from(raw_b64, 'base64').includes('dead-0004'));
  const [, root, seq] = /batch_([0-9a-f]{64})_(\d+)/.exec(origin.key) as RegExpExecArray;
  expect(fresh).toMatchObject([
    {
      raw_b64: origin.raw_b64,
      received_utc: origin.received_utc,
      schema: 'telemetry/2',
      source: {
        session: `replay:${root?.slice(0, 32)}_${seq}`,
        frame: origin.line,
        principal: 'anonymous',
        record: 0,
      },
    },
  ]);
  expect(fresh[0].rejected_utc > origin.rejected_utc).toBe(true);
  const events = (await readLines(first.lake, 'audit/'))
    .map((line) => JSON.parse(line))
    .filter(({ action }) => action === 'dead-letter.replay');
  expect(events.flatMap((event) => event.new.records).length).toBe(4 + (atOnce.json.length - 4));
  expect(events[0]).toMatchObject({
    actor: 'kim@plant7',
    authorised_by: 'anonymous',
    reason: 'firmware is a field now',
    target: refused[0].key,
  });

  const again = await start(after, first.folder);
  const to = ['--to', again.http, '--reason', 'once more'];
  const ok = refused.find(({ raw_b64 }) => Buffer.from(raw_b64, 'base64').includes('dead-0001'));
  const named = await deadLetter(['replay', first.lake, ok.short, ...to]);
  expect(named.code).toBe(2);
  expect(named.err).toMatch(/replayed at .* by kim@plant7, accepted then; --again sends it all the same/);
  const rest = await deadLetter(['replay', first.lake, '--code', 'field.unknown', ...to, '--json']);
  expect(rest.code).toBe(0);
  expect(new Set(rest.json.map(({ result }) => result))).toEqual(new Set(['not sent']));
  expect(again.engine.status().acct.accepted).toBe(3);
  const shown = (
    await deadLetter(['show', first.lake, ok.reference, origin.reference, fresh[0].reference, '--json'])
  ).json;
  const of = (reference: string) => shown.find((each) => each.reference === reference);
  expect(of(ok.reference).replays).toMatchObject([{ outcome: 'accepted', actor: 'kim@plant7' }]);
  expect(of(origin.reference).replays).toMatchObject([{ outcome: 'refused', code: 'field.type' }]);
  expect(of(origin.reference).refused_again).toContain(fresh[0].reference);
  expect(of(fresh[0].reference).replay_of).toBe(origin.reference);
  const insisted = await deadLetter(['replay', first.lake, ok.short, ...to, '--again']);
  expect(insisted).toMatchObject({ code: 0 });
  expect(again.engine.status().acct.accepted).toBe(4);
  await again.engine.close();
  await expectSound(first.lake);
}, 120_000);

test('replay: frames of an unknown schema, once the stream takes it', async () => {
  const first = await start(before);
  const frame = `${record(1, { firmware: '7.1' })}\n${record(2, { firmware: 7 })}\n`;
  const ahead = `${first.http}/v1/streams/coldchain/records?schema=telemetry/2`;
  await fetch(ahead, { method: 'POST', headers: { 'content-type': 'application/x-ndjson' }, body: frame });
  await first.engine.close();
  const [whole] = (await deadLetter(['list', first.lake, '--json'])).json;
  expect(whole).toMatchObject({ code: 'schema.unknown', schema: 'telemetry/2' });
  const both = { schemas: ['telemetry/1', 'telemetry/2'], cut };
  const second = await start({ ...after, streams: { coldchain: both } }, first.folder);
  const run = await deadLetter([
    'replay',
    first.lake,
    whole.short,
    '--to',
    second.http,
    '--reason',
    'r',
    '--json',
  ]);
  expect({ code: run.code, err: run.err }).toEqual({ code: 1, err: '' });
  expect(run.json).toMatchObject([{ accepted: 1, rejected: 1, errors: [{ record: 1, code: 'field.type' }] }]);
  await second.engine.close();
  const again = (await deadLetter(['list', first.lake, '--stream', 'coldchain', '--json'])).json;
  expect(again).toMatchObject([
    { code: 'field.type', schema: 'telemetry/2', source: { frame: 1, record: 1 } },
  ]);
  const shown = (await deadLetter(['show', first.lake, whole.short, again[0].short, '--json'])).json;
  expect(shown.find(({ code }) => code === 'schema.unknown').refused_again).toEqual([again[0].reference]);
  expect(shown.find(({ code }) => code === 'field.type').replay_of).toBe(whole.reference);
  await expectSound(first.lake);
}, 120_000);

test('replay: an answer that is lost doubles nothing', async () => {
  const first = await start(before);
  await post(first, [1, 2].map((n) => `${record(n, { firmware: '7.1' })}\n`).join(''));
  await first.engine.close();
  const second = await start(after, first.folder);
  let lost = 0;
  const proxy = createServer(async (request, response) => {
    const body: Buffer[] = [];
    for await (const piece of request) body.push(piece as Buffer);
    const answer = await fetch(`${second.http}${request.url}`, {
      method: request.method ?? 'GET',
      headers: { 'content-type': String(request.headers['content-type'] ?? '') },
      ...(body.length > 0 && { body: Buffer.concat(body) }),
    });
    const text = await answer.text();
    if (request.method === 'POST' && lost++ === 0) request.socket.destroy();
    else response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text);
  });
  servers.push(proxy);
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  const to = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const run = await deadLetter(['replay', first.lake, '--to', to, '--reason', 'lost', '--json']);
  expect({ code: run.code, err: run.err }).toEqual({ code: 0, err: '' });
  expect(run.json).toMatchObject([
    { result: 'accepted', earlier: true },
    { result: 'accepted', earlier: true },
  ]);
  expect(lost).toBe(2);
  expect(second.engine.status().acct).toMatchObject({ accepted: 2, rejected: 2, duplicate: 2, received: 6 });
  await second.engine.close();
  expect(await readLines(first.lake, 'coldchain/')).toHaveLength(2);
  await expectSound(first.lake);
}, 120_000);

test('replay: an engine that is killed on the way doubles and loses nothing', async () => {
  const folder = temporary();
  const data = join(folder, 'data');
  const lake = join(data, 'lake');
  const first = await startEngine(before, data);
  const N = 600;
  await post(first, Array.from({ length: N }, (_, n) => `${record(n, { firmware: '7' })}\n`).join(''));
  await first.engine.close();

  const file = join(folder, 'firn.json');
  writeFileSync(file, JSON.stringify({ ...after, journal: { minFreeBytes: 0 }, log: { level: 'warn' } }));
  const serve = async (port: number): Promise<{ child: ChildProcess; port: number }> => {
    const child = spawn(
      process.execPath,
      [MAIN, 'serve', '--config', file, '--data', data, '--port', String(port)],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    children.push(child);
    let out = '';
    for await (const piece of child.stdout?.setEncoding('utf8') ?? []) {
      out += piece;
      const found = /http:\/\/127\.0\.0\.1:(\d+)/.exec(out)?.[1];
      if (found !== undefined) {
        child.stdout?.resume();
        return { child, port: Number(found) };
      }
    }
    throw new Error(`no port in ${out}`);
  };
  const one = await serve(await freePort());
  let restarted: Promise<{ child: ChildProcess; port: number }> | null = null;
  const run = await deadLetter(
    ['replay', lake, '--to', `http://127.0.0.1:${one.port}`, '--reason', 'killed', '--json'],
    () => {
      if (restarted !== null) return;
      restarted = once(one.child, 'close').then(() => serve(one.port));
      one.child.kill('SIGKILL');
    },
  );
  expect({ code: run.code, err: run.err }).toEqual({ code: 0, err: '' });
  expect(run.json).toHaveLength(N);
  const two = await (restarted as unknown as Promise<{ child: ChildProcess }>);
  two.child.kill('SIGTERM');
  expect(await once(two.child, 'close')).toEqual([0, null]);
  const ids = (await readLines(lake, 'coldchain/')).map((line) => JSON.parse(line).sensor_id);
  expect(ids.length).toBe(N);
  expect(new Set(ids).size).toBe(N);
  await expectSound(lake);
}, 120_000);

test('replay: a token without the right is told so, and another engine’s lake is refused', async () => {
  const tokens = [
    { name: 'sensor', token: 'sensor-secret-000001', streams: ['*'] },
    { name: 'operator', token: TOKEN, streams: ['*'], replay: true },
  ];
  const first = await start(before);
  await post(first, `${record(1, { firmware: '7.1' })}\n`);
  await first.engine.close();
  const second = await start({ ...after, tokens }, first.folder);
  const sensor = join(first.folder, 'sensor.token');
  writeFileSync(sensor, 'sensor-secret-000001\n');
  const to = ['--to', second.http, '--reason', 'r'];
  const forbidden = await deadLetter(['replay', first.lake, ...to, '--token-file', sensor]);
  expect(forbidden).toMatchObject({ code: 2 });
  expect(forbidden.err).toContain('403 access.replay: This token may not replay');
  expect(forbidden.err).not.toContain('sensor-secret');
  expect((await deadLetter(['replay', first.lake, ...to])).code).toBe(0);
  await second.engine.close();

  const stranger = await start(after);
  const wrong = await deadLetter(['replay', first.lake, '--to', stranger.http, '--reason', 'r', '--again']);
  expect(wrong.code).toBe(2);
  expect(wrong.err).toContain('which does not write the lake');
}, 120_000);
