// The lake that the demo leaves, judged by three that share nothing with each other: firn verify, one file of Python's
// standard library, and DuckDB by hive partition.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyLake } from '../../engine/verify/verify.ts';

const MAIN = fileURLToPath(new URL('../../dist/engine/cli/main.js', import.meta.url));
const VERIFIER = fileURLToPath(new URL('../independent/verify.py', import.meta.url));
const hasPython = spawnSync('python3', ['--version']).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'firn-demo-'));
const lake = join(folder, 'data', 'lake');

interface Seal {
  readonly kind: string;
  readonly key: string;
  readonly count: number;
}

/** The seals in the lake's entry bundles, by the C2SP layout alone: 256 a full bundle, partial ones under `.p/`. */
function seals(): Seal[] {
  const log = spawnSync('find', [join(lake, '_log'), '-path', '*tile/entries*', '-type', 'f'], {
    encoding: 'utf8',
  });
  const files = log.stdout.trim().split('\n');
  const width = (file: string) => Number(/\.p\/(\d+)$/.exec(file)?.[1] ?? 256);
  const bundle = (file: string) => file.replace(/\.p\/\d+$/, '');
  const largest = new Map<string, string>();
  for (const file of files) {
    const known = largest.get(bundle(file));
    if (known === undefined || width(file) > width(known)) largest.set(bundle(file), file);
  }
  return [...largest.values()].flatMap((file) => {
    const bytes = readFileSync(file);
    const found: Seal[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = bytes.readUInt16BE(at);
      found.push(JSON.parse(bytes.toString('utf8', at + 2, at + 2 + length)));
      at += 2 + length;
    }
    return found;
  });
}

describe('the demo lake', () => {
  let output = '';

  beforeAll(async () => {
    const args = [
      'demo',
      '--seconds',
      '6',
      '--sensors',
      '200',
      '--port',
      '0',
      '--data',
      join(folder, 'data'),
    ];
    const demo = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    demo.stdout.on('data', (chunk) => {
      output += chunk;
    });
    demo.stderr.on('data', (chunk) => {
      output += chunk;
    });
    const [code] = await once(demo, 'exit');
    expect(code, output).toBe(0);
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('the demo prints a report and three next steps', () => {
    expect(output).toMatch(/SOUND|sound/);
    for (const step of ['curl', 'ws://', 'duckdb']) expect(output).toContain(step);
  });

  test('firn verify finds nothing', async () => {
    expect((await verifyLake({ lake })).findings).toEqual([]);
  });

  test('a verifier that shares nothing with the engine agrees', ({ skip }) => {
    if (!hasPython) skip('python3 is not installed');
    const run = spawnSync('python3', [VERIFIER, lake], { encoding: 'utf8' });
    expect(run.status, run.stdout + run.stderr).toBe(0);
  });

  test('DuckDB counts by hive partition what the seals say, and no row lies under a wrong day', async () => {
    const duck = await (await DuckDBInstance.create()).connect();
    const rows = `read_ndjson('${lake}/coldchain/**/*.ndjson.zst', hive_partitioning=true, filename=true,
      columns={sensor_id:'VARCHAR', timestamp_utc:'VARCHAR'})`;
    const counted = await duck.runAndReadAll(`SELECT filename, count(*)::INT FROM ${rows} GROUP BY filename`);
    const byKey = Object.fromEntries(
      counted.getRows().map(([name, n]) => [String(name).slice(lake.length + 1), n]),
    );
    const sealed = Object.fromEntries(
      seals()
        .filter((seal) => seal.kind === 'records')
        .map((seal) => [seal.key, seal.count]),
    );
    expect(Object.keys(sealed).length).toBeGreaterThan(1);
    expect(byKey).toEqual(sealed);
    const wrong = await duck.runAndReadAll(
      `SELECT count(*)::INT FROM ${rows} WHERE timestamp_utc[1:10] <> printf('%04d-%02d-%02d', year::INT, month::INT, day::INT)`,
    );
    expect(wrong.getRows()).toEqual([[0]]);
  });
});
