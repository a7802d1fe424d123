// What somebody takes away or puts in: the lake under a running engine, for ever; the key, or one that is not the log's,
// before a start by the command line. Told with a word, never replaced silently.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { loadKey } from '../../engine/seal/key.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { readLines } from '../support/read-lake.ts';

const MAIN = fileURLToPath(new URL('../../dist/engine/cli/main.js', import.meta.url));

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function engineOn(folder?: string): Promise<TestEngine> {
  const data = folder ?? mkdtempSync(join(tmpdir(), 'firn-lost-'));
  if (folder === undefined) folders.push(data);
  return startEngine({ drain: 2, streams: { coldchain: { cut: { age: 0.1, lateAge: 0.1 } } } }, data);
}

const record = (n: number): object => ({
  sensor_id: 'lost-0001',
  timestamp_utc: `2026-06-01T00:00:00.${String(n).padStart(9, '0')}Z`,
  temperature_c: 5,
  zone_id: 'ZONE-A',
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}

test('lost: a lake that is deleted under a running engine is an outage; the next start tells what is gone and goes on', async () => {
  const first = await engineOn();
  await first.engine.ingest('coldchain', [record(0)]);
  await until(() => first.engine.status().seal.batches > 0);
  // In one step: a folder that is emptied while the sealer writes into it cannot be removed.
  renameSync(first.lake, `${first.lake}-gone`);
  expect(await first.engine.ingest('coldchain', [record(1)])).toMatchObject({ accepted: 1 });
  await until(() => first.engine.status().seal.outage !== null);
  // Never made anew by an engine that runs: it may be a disk that is not mounted.
  expect(existsSync(first.lake)).toBe(false);
  expect(await first.engine.close()).toBe(false);

  const second = await engineOn(first.folder);
  expect(await second.engine.ingest('coldchain', [record(2)])).toMatchObject({ accepted: 1 });
  expect(await second.engine.close()).toBe(true);
  const events = (await readLines(second.lake, 'audit/')).map((line) => JSON.parse(line));
  expect(events.find(({ action }) => action === 'lake.lost')).toMatchObject({ new: { seals: 0 } });
  const found = (await readLines(second.lake, 'coldchain/')).map((line) => JSON.parse(line).timestamp_utc);
  expect(found.sort()).toEqual(
    expect.arrayContaining([record(1), record(2)].map((each) => Object(each).timestamp_utc)),
  );
  // What had left the outbox before is named, and nothing else is wrong.
  const { findings } = await verifyLake({ lake: second.lake });
  for (const { verdict } of findings) expect(verdict).toBe('MISSING');
}, 60_000);

test.each([
  [
    'is missing',
    (path: string) => rmSync(path),
    /log\.key is missing while its log exists: put the key back/,
  ],
  ['is of another log', (path: string) => foreign(path), /log\.key is not the key of "localhost\/firn-/],
  ['is no key', (path: string) => writeFileSync(path, 'rubbish'), /log\.key is not an Ed25519 private key/],
])('serve: a key that %s: exit 2, one line, and no new key is made', async (_, change, message) => {
  const engine = await engineOn();
  await engine.engine.ingest('coldchain', [record(0)]);
  await engine.engine.close();
  const path = join(engine.folder, 'keys', 'log.key');
  const own = readFileSync(path);
  change(path);
  const changed = existsSync(path) ? readFileSync(path) : null;
  const argv = [MAIN, 'serve', '--data', engine.folder, '--port', '0'];
  const { status, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8', timeout: 30_000 });
  expect(status).toBe(2);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(stderr).toMatch(message);
  expect(existsSync(path) ? readFileSync(path) : null).toEqual(changed);
  expect(existsSync(join(engine.folder, 'state', 'lock'))).toBe(false);
  // With its own key it goes on.
  writeFileSync(path, own, { mode: 0o600 });
  const again = await engineOn(engine.folder);
  expect(await again.engine.close()).toBe(true);
  expect((await verifyLake({ lake: again.lake })).findings).toEqual([]);
});

function foreign(path: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'firn-key-'));
  folders.push(folder);
  loadKey(folder, true);
  writeFileSync(path, readFileSync(join(folder, 'log.key')));
}
