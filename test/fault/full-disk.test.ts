// Real disks that are full or read-only: small tmpfs mounts below a temporary folder, the engine as a process. Needs Linux
// and the right to mount (root); elsewhere the tests are skipped, and their names say so.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { verifyLake } from '../../engine/verify/verify.ts';
import { Endpoint } from '../support/engine.ts';
import { readLines } from '../support/read-lake.ts';

const MAIN = fileURLToPath(new URL('../../dist/engine/cli/main.js', import.meta.url));
const MIB = 1024 * 1024;

function tryMount(folder: string, size: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const canMount = ((): boolean => {
  const folder = mkdtempSync(join(tmpdir(), 'firn-mount-'));
  try {
    if (!tryMount(folder, '1m')) return false;
    execFileSync('umount', [folder]);
    return true;
  } finally {
    rmSync(folder, { recursive: true });
  }
})();

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'firn-full-'));
  cleanup.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A folder of its own file system, of `size`. */
function disk(size: string): string {
  const folder = join(temporary(), 'disk');
  mkdirSync(folder);
  expect(tryMount(folder, size)).toBe(true);
  cleanup.push(() => execFileSync('umount', ['-l', folder]));
  return folder;
}

function remount(folder: string, mode: 'ro' | 'rw'): void {
  execFileSync('mount', ['-o', `remount,${mode}`, folder]);
}

/** Fills the file system of `folder` up to `leave` bytes. @returns what makes the room again. */
function fill(folder: string, leave: number): () => void {
  const path = join(folder, 'filler');
  const { bavail, bsize } = statfsSync(folder);
  writeFileSync(path, Buffer.alloc(Math.max(0, bavail * bsize - leave)));
  return () => rmSync(path);
}

interface Served {
  readonly child: ChildProcess;
  readonly url: string;
  readonly log: () => string;
  readonly ended: Promise<number | null>;
}

/** Starts `firn serve`; resolves when it listens or has ended (then `url` is empty). */
async function serve(data: string, lake: string, minFreeBytes = 0): Promise<Served> {
  const file = join(temporary(), 'firn.json');
  const config = {
    ...{ data, lake, listen: { port: 0 }, drain: 20, workers: 1 },
    ring: { slabs: 4, slabBytes: 65_536 },
    limits: { maxFrameBytes: 32_768 },
    streams: { coldchain: { cut: { records: 500, age: 0.2, lateAge: 0.2 } } },
    journal: { segmentBytes: 4 * MIB, quotaBytes: 64 * MIB, minFreeBytes },
  };
  writeFileSync(file, JSON.stringify(config));
  const child = spawn(process.execPath, [MAIN, 'serve', '--config', file]);
  const ended = once(child, 'close').then(([code]) => code as number | null);
  cleanup.push(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  let out = '';
  const listening = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (/listening on \S+,/.test(out)) resolve();
    });
  });
  await Promise.race([listening, ended]);
  return { child, url: /listening on (\S+),/.exec(out)?.[1] ?? '', log: () => log, ended };
}

async function stop({ child, ended }: Served): Promise<number | null> {
  child.kill('SIGTERM');
  return ended;
}

let count = 0;

/** Posts one frame of 100 records. @returns the status and what the frame held; 0 = no answer. */
async function post(url: string): Promise<{ status: number; sent: string[] }> {
  const sent = Array.from({ length: 100 }, () => {
    count += 1;
    return `2026-06-01T00:00:00.${String(count).padStart(9, '0')}Z`;
  });
  const body = sent
    .map((time) => `{"sensor_id":"full-1","timestamp_utc":"${time}","temperature_c":5,"zone_id":"Z"}\n`)
    .join('');
  const headers = { 'content-type': 'application/x-ndjson' };
  const status = await fetch(`${url}/v1/streams/coldchain/records`, { method: 'POST', headers, body }).then(
    (reply) => reply.arrayBuffer().then(() => reply.status),
    () => 0,
  );
  return { status, sent };
}

const statusOf = async (url: string): Promise<number> => (await fetch(url)).status;

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await delay(50);
}

/** Everything acknowledged lies in the lake once; what was not may be there, once. */
async function isExact(lake: string, acknowledged: readonly string[]): Promise<void> {
  const found = (await readLines(lake, 'coldchain/')).map((line) => JSON.parse(line).timestamp_utc as string);
  expect(new Set(found).size).toBe(found.length);
  const there = new Set(found);
  expect(acknowledged.filter((time) => !there.has(time))).toEqual([]);
  expect((await verifyLake({ lake })).findings).toEqual([]);
}

const NEEDS = '(needs Linux and root, to mount a tmpfs)';

test.runIf(canMount)(
  `full disk: the journal's, without a reserve: fatal, exit 70, the next start has everything acknowledged ${NEEDS}`,
  async () => {
    const root = disk('24m');
    const data = join(root, 'data');
    const lake = join(temporary(), 'lake');
    const first = await serve(data, lake);
    const makeRoom = fill(root, 256 * 1024);
    const acknowledged: string[] = [];
    for (;;) {
      const { status, sent } = await post(first.url);
      if (status !== 202) break;
      acknowledged.push(...sent);
    }
    expect(await first.ended).toBe(70);
    expect(first.log()).toMatch(/ENOSPC/);
    expect(acknowledged.length).toBeGreaterThan(0);
    makeRoom();
    const second = await serve(data, lake);
    const { status, sent } = await post(second.url);
    expect(status).toBe(202);
    expect(await stop(second)).toBe(0);
    await isExact(lake, [...acknowledged, ...sent]);
  },
  60_000,
);

test.runIf(canMount)(
  `full disk: under journal.minFreeBytes nothing is taken, also at the start, and it goes on by itself ${NEEDS}`,
  async () => {
    const root = disk('40m');
    const data = join(root, 'data');
    const lake = join(temporary(), 'lake');
    let makeRoom = fill(root, 8 * MIB);
    const served = await serve(data, lake, 16 * MIB);
    expect((await post(served.url)).status).toBe(503);
    expect(await statusOf(`${served.url}/healthz`)).toBe(200);
    expect(await statusOf(`${served.url}/readyz`)).toBe(503);
    makeRoom();
    await until(async () => (await statusOf(`${served.url}/readyz`)) === 200);
    const one = await post(served.url);
    expect(one.status).toBe(202);
    const endpoint = new Endpoint(`${served.url.replace('http', 'ws')}/v1/streams/coldchain/ws`);
    await endpoint.hello();
    makeRoom = fill(root, 8 * MIB);
    await until(async () => (await statusOf(`${served.url}/readyz`)) === 503);
    endpoint.socket.send('{}');
    expect(await endpoint.closed).toBe(1013);
    expect((await post(served.url)).status).toBe(503);
    expect(await statusOf(`${served.url}/healthz`)).toBe(200);
    makeRoom();
    await until(async () => (await statusOf(`${served.url}/readyz`)) === 200);
    const two = await post(served.url);
    expect(two.status).toBe(202);
    expect(await stop(served)).toBe(0);
    await isExact(lake, [...one.sent, ...two.sent]);
  },
  60_000,
);

test.runIf(canMount)(
  `full disk: the lake's is an outage: acknowledgements go on, and all of it is in the lake when there is room ${NEEDS}`,
  async () => {
    const root = disk('16m');
    const lake = join(root, 'lake');
    const served = await serve(join(temporary(), 'data'), lake);
    const one = await post(served.url);
    await until(() => readLines(lake, 'coldchain/').then((lines) => lines.length === 100));
    const makeRoom = fill(root, 0);
    const two = await post(served.url);
    await until(() => served.log().includes('the lake cannot be written'));
    expect(served.log()).toMatch(/ENOSPC/);
    const three = await post(served.url);
    expect([one.status, two.status, three.status]).toEqual([202, 202, 202]);
    expect(await statusOf(`${served.url}/readyz`)).toBe(200);
    makeRoom();
    expect(await stop(served)).toBe(0);
    await isExact(lake, [...one.sent, ...two.sent, ...three.sent]);
  },
  60_000,
);

test.runIf(canMount)(
  `read-only: a lake that becomes so is an outage, also for the next start; a first start on one and on such data is refused with a word ${NEEDS}`,
  async () => {
    const root = disk('16m');
    const lake = join(root, 'lake');
    const data = join(temporary(), 'data');
    const served = await serve(data, lake);
    remount(root, 'ro');
    const one = await post(served.url);
    expect(one.status).toBe(202);
    await until(() => served.log().includes('the lake cannot be written'));
    expect(served.log()).toMatch(/EROFS/);
    remount(root, 'rw');
    expect(await stop(served)).toBe(0);
    await isExact(lake, one.sent);
    remount(root, 'ro');
    const patient = await serve(data, lake);
    await until(() => patient.log().includes('the lake cannot be written'));
    expect(patient.log()).toMatch(/EROFS/);
    const two = await post(patient.url);
    expect(two.status).toBe(202);
    remount(root, 'rw');
    expect(await stop(patient)).toBe(0);
    await isExact(lake, [...one.sent, ...two.sent]);
    remount(root, 'ro');
    const refused = await serve(join(temporary(), 'data'), lake);
    expect([refused.url, await refused.ended]).toEqual(['', 2]);
    expect(refused.log()).toMatch(/the lake cannot be used: .*EROFS/);
    const other = disk('4m');
    remount(other, 'ro');
    const readOnly = await serve(join(other, 'data'), join(temporary(), 'lake'));
    expect([readOnly.url, await readOnly.ended]).toEqual(['', 2]);
    expect(readOnly.log()).toMatch(/EROFS/);
  },
  60_000,
);
