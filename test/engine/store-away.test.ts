// A running engine whose lake is away, refuses an object, or is another engine's: what its status, metrics and callers say.

import { cpSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createEngine, type Engine, FatalError } from '../../engine/engine.ts';
import type { RunningEngine } from '../../engine/running.ts';
import { adviceOn } from '../../engine/store-outage.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { startEngine } from '../support/engine.ts';

const STREAMS = { coldchain: { cut: { records: 1 } } };

const record = (n: number): string =>
  `{"sensor_id":"away-1","timestamp_utc":"2026-03-01T00:00:00.${String(n).padStart(3, '0')}Z","temperature_c":4,"zone_id":"Z"}`;

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await setTimeout(20);
}

async function metric(http: string, name: string): Promise<number> {
  const text = await (await fetch(`${http}/metrics`)).text();
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
}

test('engine: a lake that is away is told with its lag, which is zero again after it', async () => {
  const { engine, lake, http, remove } = await startEngine({ streams: STREAMS });
  try {
    const { seal } = engine.status();
    expect([seal.waiting, seal.quarantined]).toEqual([{ batches: 0, bytes: 0, seconds: 0 }, 0]);
    await engine.ingest('coldchain', record(1));
    await until(() => engine.status().seal.logSize === 1);
    renameSync(lake, `${lake}-away`);
    for (let n = 2; n < 5; n += 1) await engine.ingest('coldchain', record(n));
    await until(() => engine.status().seal.outage !== null && engine.status().seal.waiting.batches >= 3);
    await until(async () => (await metric(http, 'firn_sink_lag_seconds')) > 0);
    const { waiting, outage } = engine.status().seal;
    expect(outage).toMatch(/is its disk mounted/);
    expect(waiting.bytes).toBeGreaterThanOrEqual(3 * 8192);
    expect(waiting.seconds).toBeGreaterThan(0);
    expect(await metric(http, 'firn_sink_waiting_batches')).toBeGreaterThanOrEqual(3);
    expect(await metric(http, 'firn_sink_waiting_bytes')).toBeGreaterThanOrEqual(3 * 8192);
    renameSync(`${lake}-away`, lake);
    // A drain uses the store that is back.
    expect(await engine.close()).toBe(true);
    const after = engine.status().seal;
    expect([after.waiting, after.outage]).toEqual([{ batches: 0, bytes: 0, seconds: 0 }, null]);
    expect((await verifyLake({ lake })).findings).toEqual([]);
  } finally {
    await remove();
  }
});

test('engine: an object that the store refuses is counted, and an order sends it when the store takes it', async () => {
  const { engine, folder, lake, http, remove } = await startEngine({ streams: STREAMS });
  try {
    await engine.ingest('coldchain', record(1));
    await until(() => engine.status().seal.logSize === 1);
    // A file where the folder of that day should be: ENOTDIR, which is of this key alone.
    const day = join(lake, 'coldchain', 'year=2026', 'month=03', 'day=02');
    cpSync(join(folder, 'state', 'identity.json'), day);
    await engine.ingest('coldchain', record(2).replace('03-01', '03-02'));
    await engine.ingest('coldchain', record(3));
    await until(() => engine.status().seal.quarantined === 1 && engine.status().seal.logSize >= 3);
    expect(await metric(http, 'firn_quarantined_objects')).toBe(1);
    expect(readdirSync(join(folder, 'state', 'quarantine'))).toHaveLength(1);
    const running = engine as RunningEngine;
    expect(await running.resend()).toEqual({ sent: 0, left: 1 });
    rmSync(day);
    expect(await Promise.all([running.resend(), running.resend()])).toContainEqual({ sent: 1, left: 0 });
    await until(async () => (await metric(http, 'firn_quarantined_objects')) === 0);
    expect(await engine.close()).toBe(true);
    await expect(running.resend()).rejects.toThrow(/the engine has ended/);
    const { findings } = await verifyLake({ lake });
    expect(findings).toEqual([]);
  } finally {
    await remove();
  }
});

test('engine: the second engine on a copy of the data folder is fenced off and ends as a fault', async () => {
  const base = mkdtempSync(join(tmpdir(), 'firn-fence-'));
  const lake = join(base, 'lake');
  mkdirSync(lake);
  const faults: Error[] = [];
  const start = (data: string): Promise<Engine> =>
    createEngine({
      ...{ data: join(base, data), lake, listen: false, streams: STREAMS, log: { level: 'silent' } },
      journal: { minFreeBytes: 0 },
      onFatal: (error) => faults.push(error),
    });
  const engines: Engine[] = [];
  try {
    const before = await start('a');
    await before.ingest('coldchain', record(1));
    expect(await before.close()).toBe(true);
    cpSync(join(base, 'a'), join(base, 'b'), { recursive: true });
    const a = await start('a');
    const b = await start('b');
    engines.push(a, b);
    await a.ingest('coldchain', record(2));
    expect(await a.close()).toBe(true);
    await b.ingest('coldchain', record(3));
    await until(() => faults.length > 0 || b.status().seal.checkpointSize > 4);
    expect(faults[0]).toBeInstanceOf(FatalError);
    expect(faults[0]?.message).toMatch(
      /fenced off, nothing more is published: .*second engine has this name/,
    );
    expect((await verifyLake({ lake })).findings).toEqual([]);
  } finally {
    for (const engine of engines) await engine.close();
    rmSync(base, { recursive: true, force: true });
  }
});

test('engine: the advice on an outage tells space, rights, mount and disk apart', () => {
  expect(adviceOn('key in lake: ENOSPC: no space left on device, write')).toMatch(/make room/);
  expect(adviceOn('key in lake: EACCES: permission denied, open')).toMatch(/user that firn runs as/);
  expect(adviceOn('key in lake: EROFS: read-only file system')).toMatch(/for writing/);
  expect(adviceOn('key in lake: ESTALE: stale handle')).toMatch(/mounted/);
  expect(adviceOn('key in lake: EIO: i/o error, fsync')).toMatch(/disk/);
  expect(adviceOn('s3://b/k: AccessDenied: the credentials lack a permission')).toBe(
    'the error says what is wrong',
  );
});
