// The end of the committer or the sealer is the end of the engine: told once, nothing acknowledged after it, and the next
// start recovers everything that was.

import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createEngine, type Engine } from '../../engine/engine.ts';
import { MIB } from '../../engine/limits.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { startEngine } from '../support/engine.ts';
import { readLines } from '../support/read-lake.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const SMALL = {
  journal: { minFreeBytes: 0, segmentBytes: 4 * MIB },
  streams: { coldchain: { cut: { age: 0.2 } } },
};

const timeOf = (n: number): string => `2026-06-01T00:00:00.${String(n).padStart(9, '0')}Z`;
const record = (n: number): object => ({
  sensor_id: 'thread-0001',
  timestamp_utc: timeOf(n),
  temperature_c: 5,
  zone_id: 'ZONE-A',
});

/** Ingests until the engine says no. @returns how many records were acknowledged. */
async function fill(engine: Engine): Promise<number> {
  for (let n = 0; ; n += 1000) {
    const records = Array.from({ length: 1000 }, (_, i) => record(n + i));
    try {
      await engine.ingest('coldchain', records);
    } catch {
      return n;
    }
  }
}

async function expectRecovery(folder: string, acknowledged: number): Promise<void> {
  const again = await startEngine({ ...SMALL, listen: false }, folder);
  expect(await again.engine.close()).toBe(true);
  const found = new Set(
    (await readLines(again.lake, 'coldchain/')).map((line) => JSON.parse(line).timestamp_utc),
  );
  const missing = Array.from({ length: acknowledged }, (_, n) => timeOf(n)).filter(
    (time) => !found.has(time),
  );
  expect(missing).toEqual([]);
  expect((await verifyLake({ lake: again.lake })).findings).toEqual([]);
}

test.each([
  ['committer', 'journal/records'],
  ['sealer', 'state/outbox'],
])(
  'a %s that cannot write is told once; what was acknowledged is there after the next start',
  async (_, inside) => {
    const folder = mkdtempSync(join(tmpdir(), 'firn-threads-'));
    folders.push(folder);
    const faults: Error[] = [];
    let heard = (): void => {};
    const fault = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const engine = await createEngine({
      ...SMALL,
      data: folder,
      listen: false,
      log: { level: 'silent' },
      onFatal: (error) => {
        faults.push(error);
        heard();
      },
    });
    // A file in the place of the folder: the next segment cannot be made, whoever we are.
    renameSync(join(folder, inside), join(folder, 'aside'));
    writeFileSync(join(folder, inside), '');
    const acknowledged = await fill(engine);
    await fault;
    await expect(engine.ingest('coldchain', [record(0)])).rejects.toThrow();
    expect(await engine.close()).toBe(false);
    expect(faults.map(({ name }) => name)).toEqual(['FatalError']);

    rmSync(join(folder, inside));
    renameSync(join(folder, 'aside'), join(folder, inside));
    await expectRecovery(folder, acknowledged);
  },
  60_000,
);
