// The load generator against real servers: what it says was sent and acknowledged is what the server counted.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LoadOptions, runLoad } from '../../bench/load.ts';
import { type Connection, ScriptedServer } from '../client/scripted-server.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { generatorMissing, type RecordsFile, recordsFile, runToFault, workload } from '../support/load.ts';

const BARE = fileURLToPath(new URL('../../dist/bench/bare-server.js', import.meta.url));

describe.skipIf(generatorMissing !== null)('load generator (skipped without a C++ compiler)', () => {
  let records: RecordsFile;
  beforeAll(() => {
    records = recordsFile();
  });
  afterAll(() => records.remove());

  describe('against the engine', () => {
    let served: TestEngine;
    let port = 0;
    beforeAll(async () => {
      // A slab for every frame that may be in flight: the ring is not full, however slow the disk is.
      served = await startEngine({
        ring: { slabs: 1024, slabBytes: 65_536 },
        limits: { maxFrameBytes: 16_384 },
      });
      port = Number(new URL(served.http).port);
    });
    afterAll(() => served.remove());

    test('every frame is sent once and acknowledged once, by both counts', async () => {
      const before = served.engine.status();
      const report = await runLoad({
        port,
        records: records.path,
        frames: 5000,
        connections: 50,
        recordsPerFrame: 3,
        burst: 4,
        window: 16,
        pid: process.pid,
      });
      const after = served.engine.status();
      expect(report.total).toMatchObject({
        frames_sent: 5000,
        frames_acked: 5000,
        records_sent: 15_000,
        records_acked: 15_000,
      });
      expect(after.frontend.frames - before.frontend.frames).toBe(5000);
      expect(after.acct.received - before.acct.received).toBe(15_000);
      expect(after.acct.rejected - before.acct.rejected).toBe(report.total.rejects_told);
      expect(report.total.rejects_told).toBeGreaterThan(0);
      expect(report).toMatchObject({ frames_acked: 5000, connections_open: 50, bursts_unsent: 0 });
      expect(report.errors).toEqual({ connections_closed: 0, frames_unacked: 0, first: '', codes: {} });
      expect(report.latency.count).toBe(5000);
      const told = report.latency.histogram.buckets.reduce((sum, [, count]) => sum + count, 0);
      expect(told).toBe(5000);
      expect(report.server[0]?.threads.length).toBeGreaterThan(2);
      expect(report.server[0]?.rss_kib).toBeGreaterThan(10_000);
    });

    test('the payload counted is the payload sent, also where the records go round', async () => {
      const count = workload.records.length;
      const frames = 3 * count + 10;
      const report = await runLoad({
        port,
        records: records.path,
        frames,
        connections: 1,
        burst: 8,
        window: 32,
      });
      const some = workload.records.slice(0, 10).reduce((sum, record) => sum + record.length, 0);
      expect(report.total.payload_bytes_acked).toBe(3 * workload.bytes + some);
      expect(report.total.rejects_told).toBeGreaterThanOrEqual(3 * workload.invalid);
    });

    test('a session of its own is resumed where it was', async () => {
      const run = { port, records: records.path, connections: 3, frames: 30, sessionPrefix: 'again-' };
      expect((await runLoad(run)).total.frames_acked).toBe(30);
      expect((await runLoad(run)).total.frames_acked).toBe(30);
    });

    test('idle connections are held and send nothing', async () => {
      const before = served.engine.status().frontend.frames;
      const report = await runLoad({ port, connections: 100, idle: 0.3, warmup: 0 });
      expect(report).toMatchObject({ connections_open: 100, frames_sent: 0, frames_acked: 0 });
      expect(report.interval_s).toBeGreaterThanOrEqual(0.3);
      expect(served.engine.status().frontend.frames).toBe(before);
    });

    test('a stream that is not there is told with the status', async () => {
      const error = await runToFault({
        port,
        records: records.path,
        frames: 1,
        path: '/v1/streams/nowhere/ws',
      });
      expect(error).toMatchObject({ exitCode: 1, report: null });
      expect(error.message).toMatch(/refused the upgrade: HTTP\/1\.1 404/);
    });
  });

  test('an open loop offers its rate, from several addresses, and counts each frame that was due', async () => {
    const addresses = new Set<string | undefined>();
    const onOpen = ({ request }: Connection): unknown => addresses.add(request.socket.remoteAddress);
    const server = await new ScriptedServer({ window: 64, onOpen }).start();
    try {
      const report = await runLoad({
        port: Number(new URL(server.url).port),
        records: records.path,
        connections: 20,
        rate: 2000,
        burst: 2,
        seconds: 1,
        warmup: 0.2,
        sources: 3,
      });
      expect(report.latency.count).toBeGreaterThanOrEqual(1998);
      expect(report.latency.count).toBeLessThanOrEqual(2100);
      expect(report.generator.late.count).toBeGreaterThanOrEqual(999);
      expect(report.total.frames_acked).toBe(report.total.frames_sent);
      expect(report.latency.p50_ms).toBeGreaterThan(0);
      expect([...addresses].sort()).toEqual(['127.0.0.1', '127.0.0.2', '127.0.0.3']);
    } finally {
      await server.stop();
    }
  });

  test('an open loop does not forgive a pause: every burst that it delayed counts from when it was due', async () => {
    let paused = false;
    const server = await new ScriptedServer({
      window: 4,
      onFrame: () => {
        // The event loop stands still for 300 ms, once: nothing is read and nothing acknowledged.
        for (const end = performance.now() + (paused ? 0 : 300); performance.now() < end; );
        paused = true;
        return 'ack';
      },
    }).start();
    try {
      const port = Number(new URL(server.url).port);
      const run = { port, records: records.path, connections: 1, rate: 500, seconds: 0.6, warmup: 0 };
      const report = await runLoad(run);
      // 150 of the 300 frames fell due in the pause: a quarter of all waited 150 ms or longer, though 4 could be sent.
      expect(report.latency.count).toBeGreaterThanOrEqual(299);
      const long = report.latency.histogram.buckets.filter(([highest]) => highest > 150e6);
      expect(long.reduce((sum, [, count]) => sum + count, 0)).toBeGreaterThan(50);
      expect(report.latency.max_ms).toBeGreaterThan(250);
    } finally {
      await server.stop();
    }
  });

  test('against a server that discards: each frame is read once, and what is left over is asked for', async () => {
    const server: ChildProcess = spawn(process.execPath, [BARE], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    server.stdout?.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    try {
      while (!out.includes('ready')) await once(server.stdout as NonNullable<typeof server.stdout>, 'data');
      const options = { protocol: 'discard', path: '/', connections: 30, burst: 7 } as const;
      const port = Number(/ready (\d+)/.exec(out)?.[1]);
      const report = await runLoad({ ...options, port, records: records.path, frames: 20_001 });
      expect(report.total).toMatchObject({ frames_sent: 20_001, frames_acked: 20_001 });
      expect(report.latency.count).toBe(0);
    } finally {
      server.kill('SIGTERM');
      await once(server, 'close');
    }
    expect(out).toContain('frames 20001');
  });

  test.each([
    [{ port: 1, records: '/dev/null', rate: -1 }, /--rate -1: wanted a number above 0/],
    [{ port: [] }, /--port : wanted a whole number/],
    [{ port: 1 }, /--records is needed/],
    [{ port: 1, records: 'x', protocol: 'discard', rate: 5 }, /discard is closed loop only/],
    [{ port: 1, records: 'x', connections: 900_000 }, /more open files than the limit/],
    [{ port: 1, idle: 1, host: 'nowhere' }, /--host nowhere: wanted an IPv4 address/],
    [{ port: 1, idle: 1, cpu: 1023 }, /--cpu 1023: Invalid argument/],
  ] as const satisfies readonly (readonly [LoadOptions, RegExp])[])(
    'bad options are told, with exit code 2: %j',
    async (told, message) => {
      const options: LoadOptions = told;
      const error = await runToFault(
        options.records === 'x' ? { ...options, records: records.path } : options,
      );
      expect(error.message).toMatch(message);
      expect(error.exitCode).toBe(2);
    },
  );

  test('no record, no process to watch, no server: told, with exit code 1', async () => {
    const told = async (options: Parameters<typeof runToFault>[0], message: RegExp): Promise<void> => {
      const error = await runToFault(options);
      expect(error.message).toMatch(message);
      expect(error.exitCode).toBe(1);
    };
    await told({ port: 1, records: '/dev/null' }, /no record in \/dev\/null/);
    await told({ port: 1, records: '/does/not/exist' }, /cannot read the records .*No such file/);
    await told({ port: 1, idle: 1, pid: 2 ** 30 }, /no process 1073741824 to watch/);
    await told({ port: 1, idle: 1 }, /could not be connected: Connection refused/);
  });
});
