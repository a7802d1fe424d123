// An engine that is started while its store is away: with a history it takes frames, without one it says why it does not.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type EngineOptions, FatalError } from '../../engine/engine.ts';
import { Endpoint, startEngine, type TestEngine } from '../support/engine.ts';
import { checkLake } from '../support/s3-lake.ts';
import { S3_ENV, type S3Server, startS3 } from '../support/s3-server.ts';

const MAIN = fileURLToPath(new URL('../../dist/engine/cli/main.js', import.meta.url));
const LAKE = 's3://lake/plant7';

let s3: S3Server;
const cleanup: (() => unknown)[] = [];

beforeEach(async () => {
  for (const [name, value] of Object.entries(S3_ENV)) vi.stubEnv(name, value);
  s3 = await startS3();
  s3.createBucket('lake', { versioning: true });
});

afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
  await s3.close();
  vi.unstubAllEnvs();
});

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'firn-start-away-'));
  cleanup.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function start(data: string, options: EngineOptions = {}): Promise<TestEngine> {
  const served = await startEngine(
    {
      ...{ lake: LAKE, s3: { endpoint: s3.url, timeout: 5 }, drain: 20 },
      streams: { coldchain: { cut: { age: 0.1, lateAge: 0.1 } } },
      ...options,
    },
    data,
  );
  cleanup.push(() => served.engine.close());
  return served;
}

const record = (n: number): string =>
  `{"sensor_id":"away-${n}","timestamp_utc":"2026-03-01T00:00:00Z","temperature_c":4,"zone_id":"Z"}`;
const sensors = (lines: readonly string[]): string[] =>
  lines.map((line) => JSON.parse(line).sensor_id).sort();
const expected = (count: number): string[] => Array.from({ length: count }, (_, n) => `away-${n}`).sort();

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await setTimeout(20);
}

async function post(http: string, n: number): Promise<number> {
  const { status } = await fetch(`${http}/v1/streams/coldchain/records`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: record(n),
  });
  return status;
}

async function metric(http: string, name: string): Promise<number> {
  const text = await (await fetch(`${http}/metrics`)).text();
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
}

test('engine: started while its store is away it is ready and acknowledges; when the store is back all is there once', async () => {
  const data = temporary();
  const first = await start(data);
  await first.engine.ingest('coldchain', record(0));
  expect(await first.engine.close()).toBe(true);
  await s3.down();

  const { engine, http, ws } = await start(data);
  expect((await fetch(`${http}/readyz`)).status).toBe(200);
  expect(engine.status().seal.outage).toMatch(/ECONNREFUSED/);
  expect(await post(http, 1)).toBe(202);
  const endpoint = new Endpoint(`${ws}/v1/streams/coldchain/ws`);
  await endpoint.hello();
  endpoint.socket.send(record(2));
  await endpoint.acknowledged(1);
  await endpoint.close();
  await until(() => engine.status().seal.waiting.batches >= 2);
  expect(await metric(http, 'firn_sink_waiting_batches')).toBeGreaterThanOrEqual(2);
  await until(async () => (await metric(http, 'firn_sink_lag_seconds')) > 0);
  const told = (await (await fetch(`${http}/v1/status`)).json()) as { seal: { outage: string } };
  expect(told.seal.outage).toMatch(/ECONNREFUSED/);

  await s3.up();
  await until(() => engine.status().seal.outage === null && engine.status().seal.waiting.batches === 0);
  expect(await metric(http, 'firn_sink_lag_seconds')).toBe(0);
  expect(await engine.close()).toBe(true);
  const { lines, objects } = await checkLake(s3.url, 'lake', 'plant7/');
  expect(sensors(lines)).toEqual(expected(3));
  // A `store.probe` of each of the two runs: the second one's came long after its start event.
  const { decompress, initCompress } = await import('../../workers/compress.ts');
  await initCompress();
  const actions = [...objects]
    .filter(([key]) => key.startsWith('audit/'))
    .flatMap(([, { bytes }]) =>
      Buffer.from(decompress(bytes, 1 << 20))
        .toString()
        .trim()
        .split('\n'),
    )
    .map((line) => JSON.parse(line).action as string);
  expect(actions.filter((action) => action === 'store.probe')).toHaveLength(2);
  expect(actions).not.toContain('lake.lost');
}, 120_000);

test('engine: stopped again before its store is back it says that not all is published; the next one publishes', async () => {
  const data = temporary();
  expect(await (await start(data)).engine.close()).toBe(true);
  await s3.down();
  const away = await start(data, { drain: 1 });
  expect(await post(away.http, 0)).toBe(202);
  expect(await away.engine.close()).toBe(false);
  await s3.up();
  expect(await (await start(data)).engine.close()).toBe(true);
  expect(sensors((await checkLake(s3.url, 'lake', 'plant7/')).lines)).toEqual(expected(1));
}, 120_000);

/** `firn serve` on `data`; resolves when it listens. */
async function serve(data: string): Promise<{ child: ChildProcess; http: string }> {
  const flags = ['--data', data, '--lake', LAKE, '--port', '0'];
  const child = spawn(process.execPath, [MAIN, 'serve', ...flags], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, AWS_ENDPOINT_URL_S3: s3.url },
  });
  cleanup.push(() => child.kill('SIGKILL'));
  let out = '';
  child.stdout.on('data', (text: Buffer) => {
    out += text;
  });
  await until(() => / listening on .*\n/.test(out) || child.exitCode !== null);
  return { child, http: / listening on ([^\s,]+)/.exec(out)?.[1] ?? '' };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const ended = once(child, 'exit');
  child.kill(signal);
  return (await ended)[0] as number | null;
}

test('engine: killed again and again while its store is away, it loses nothing and sends nothing twice', async () => {
  const data = temporary();
  const first = await serve(data);
  expect(await post(first.http, 0)).toBe(202);
  await end(first.child, 'SIGKILL');
  await s3.down();
  for (let n = 1; n < 4; n += 1) {
    const { child, http } = await serve(data);
    expect(await post(http, n)).toBe(202);
    await end(child, 'SIGKILL');
  }
  const last = await serve(data);
  expect(await post(last.http, 4)).toBe(202);
  await s3.up();
  expect(await end(last.child, 'SIGTERM')).toBe(0);
  expect(sensors((await checkLake(s3.url, 'lake', 'plant7/')).lines)).toEqual(expected(5));
}, 120_000);

test('engine: a store that comes back with a log that is ahead ends it as a fault; the next start is refused', async () => {
  const [data, copy] = [temporary(), temporary()];
  const first = await start(data);
  await first.engine.ingest('coldchain', record(0));
  expect(await first.engine.close()).toBe(true);
  cpSync(data, copy, { recursive: true });
  const ahead = await start(data);
  await ahead.engine.ingest('coldchain', record(1));
  expect(await ahead.engine.close()).toBe(true);
  await s3.down();
  const faults: Error[] = [];
  const stale = await start(copy, { onFatal: (error) => faults.push(error) });
  expect(await post(stale.http, 2)).toBe(202);
  expect(faults).toEqual([]);
  await s3.up();
  await until(() => faults.length > 0);
  expect(faults[0]).toBeInstanceOf(FatalError);
  expect(faults[0]?.message).toMatch(/^fenced off, nothing more is published: .*older than the lake/);
  await stale.engine.close();
  await expect(start(copy)).rejects.toMatchObject({
    name: 'ConfigError',
    message: expect.stringMatching(/older than the lake/),
  });
  expect(sensors((await checkLake(s3.url, 'lake', 'plant7/')).lines)).toEqual(expected(2));
}, 120_000);

test('engine: the first start of a data folder is refused while the store is away, and the one after that too', async () => {
  const data = temporary();
  await s3.down();
  for (let i = 0; i < 2; i += 1) {
    await expect(start(data)).rejects.toMatchObject({
      name: 'ConfigError',
      message: expect.stringMatching(
        /^the lake cannot be used: .*ECONNREFUSED.*Put that right, then start again$/,
      ),
    });
  }
  await s3.up();
  expect(await (await start(data)).engine.close()).toBe(true);
}, 120_000);
