// Under load that the engine cannot take at once: memory stays bounded, nothing is lost, nothing is dropped silently.
// The engine runs in a process of its own, so that its memory can be told from ours.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { FirnClient } from '../../engine/client/client.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { Endpoint } from '../support/engine.ts';
import { readLake } from '../support/read-lake.ts';

const MAIN = fileURLToPath(new URL('../../dist/engine/cli/main.js', import.meta.url));

interface Served {
  readonly url: string;
  readonly port: number;
  readonly lake: string;
  rssMiB(): number;
  stop(): Promise<number | null>;
  readonly folder: string;
}

const running: Served[] = [];
afterEach(async () => {
  for (const served of running.splice(0)) {
    await served.stop();
    rmSync(served.folder, { recursive: true, force: true });
  }
});

async function serve(configuration: object = {}): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), 'firn-load-'));
  const file = join(folder, 'firn.json');
  const data = join(folder, 'data');
  writeFileSync(
    file,
    JSON.stringify({
      data,
      listen: { port: 0 },
      journal: { minFreeBytes: 0 },
      log: { level: 'error' },
      ...configuration,
    }),
  );
  const child = spawn(process.execPath, [MAIN, 'serve', '--config', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  for await (const chunk of child.stdout) {
    text += chunk;
    if (text.includes('listening on')) break;
  }
  const url = /listening on (\S+?),/.exec(text)?.[1] ?? '';
  const served: Served = {
    url,
    port: Number(new URL(url).port),
    lake: join(data, 'lake'),
    folder,
    rssMiB: () =>
      Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024,
    stop: async () => {
      if (child.exitCode !== null) return child.exitCode;
      child.kill('SIGTERM');
      await once(child, 'exit');
      return child.exitCode;
    },
  };
  running.push(served);
  return served;
}

test('load: 2,000,000 records offered at once: memory bounded, every record in the lake once', async () => {
  const TOTAL = 2_000_000;
  const PER_FRAME = 500;
  const ENDPOINTS = 20;
  const served = await serve({ ring: { slabs: 32 }, limits: { maxFrameBytes: 100_000 } });
  let peakMiB = 0;
  const watch = setInterval(() => {
    peakMiB = Math.max(peakMiB, served.rssMiB());
  }, 100);
  let counter = 0;
  await Promise.all(
    Array.from({ length: ENDPOINTS }, async (_, endpoint) => {
      const client = new FirnClient({
        url: served.url.replace('http', 'ws'),
        stream: 'coldchain',
        maxPendingBytes: 16 << 20,
      });
      await client.connect();
      const open: Promise<unknown>[] = [];
      for (let frame = 0; frame < TOTAL / PER_FRAME / ENDPOINTS; frame += 1) {
        let lines = '';
        for (let n = 0; n < PER_FRAME; n += 1) {
          counter += 1;
          lines += `{"sensor_id":"burst-${endpoint + 10}","timestamp_utc":"2026-06-01T00:00:00.${String(counter).padStart(9, '0')}Z","temperature_c":5,"zone_id":"Z"}\n`;
        }
        open.push(client.sendFrame(lines));
        if (open.length % 64 === 0) await open[open.length - 32];
      }
      await Promise.all(open);
      await client.close();
    }),
  );
  clearInterval(watch);
  expect(await served.stop()).toBe(0);
  const report = await verifyLake({ lake: served.lake });
  expect(report.findings).toEqual([]);
  const seen = new Uint8Array(TOTAL + 1);
  for (const { lines } of await readLake(served.lake, 'coldchain/')) {
    for (const line of lines) {
      const n = Number(/00:00:00\.(\d{9})Z/.exec(line)?.[1]);
      seen[n] = (seen[n] ?? 0) + 1;
    }
  }
  expect(seen.subarray(1).every((times) => times === 1)).toBe(true);
  // Ring of 32 slabs (26 MiB), seal of one batch, four V8 isolates: far below what 300 MB of frames would take.
  expect(peakMiB).toBeLessThan(450);
  expect(peakMiB).toBeGreaterThan(50);
}, 300_000);

test('load: 10,000 connections that say nothing disturb nobody', async () => {
  const served = await serve();
  const silent: Socket[] = [];
  for (let n = 0; n < 10_000; n += 500) {
    const some = Array.from({ length: 500 }, () =>
      connect(served.port, '127.0.0.1').on('error', () => undefined),
    );
    await Promise.all(some.map((socket) => once(socket, 'connect')));
    silent.push(...some);
  }
  const endpoint = new Endpoint(`${served.url.replace('http', 'ws')}/v1/streams/coldchain/ws`);
  await endpoint.hello();
  endpoint.socket.send(
    '{"sensor_id":"quiet-1","timestamp_utc":"2026-06-01T00:00:00Z","temperature_c":5,"zone_id":"Z"}',
  );
  await endpoint.acknowledged(1);
  expect((await fetch(`${served.url}/healthz`)).status).toBe(200);
  await endpoint.close();
  for (const socket of silent) socket.destroy();
  expect(await served.stop()).toBe(0);
}, 120_000);

test('load: records of 3,000 interleaved days: bounded memory, at most one object a day', async () => {
  const DAYS = 3000;
  const PER_DAY = 20;
  // 3,000 batches are a lot of syncs for a slow disk; what is not out in time would come at the next start.
  const served = await serve({ drain: 150 });
  const client = new FirnClient({ url: served.url.replace('http', 'ws'), stream: 'coldchain' });
  await client.connect();
  for (let n = 0; n < PER_DAY; n += 1) {
    let lines = '';
    for (let day = 0; day < DAYS; day += 1) {
      const date = new Date(Date.UTC(2015, 0, 1 + day)).toISOString().slice(0, 10);
      lines += `{"sensor_id":"late-0001","timestamp_utc":"${date}T00:00:${String(n).padStart(2, '0')}Z","temperature_c":5,"zone_id":"Z"}\n`;
      if (day % 500 === 499) {
        await client.sendFrame(lines);
        lines = '';
      }
    }
  }
  await client.close();
  expect(served.rssMiB()).toBeLessThan(400);
  expect(await served.stop()).toBe(0);
  const objects = await readLake(served.lake, 'coldchain/');
  expect(objects).toHaveLength(DAYS);
  expect(objects.every(({ lines }) => lines.length === PER_DAY)).toBe(true);
  expect((await verifyLake({ lake: served.lake })).findings).toEqual([]);
}, 240_000);
