// Real readings, the whole way: the hourly temperatures of the npm package vega-datasets, as records, sent by the fleet
// command through the socket, read back from the lake by DuckDB, equal.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEngine, type TestEngine } from '../support/engine.ts';

const MAIN = fileURLToPath(new URL('../../dist/engine/cli/main.js', import.meta.url));
const dataset = join(
  createRequire(import.meta.url).resolve('vega-datasets'),
  '../../data/seattle-weather-hourly-normals.csv',
);

interface Reading {
  readonly timestamp: string;
  readonly temperature: number;
}

function readings(): Reading[] {
  const [header = '', ...rows] = readFileSync(dataset, 'utf8').trim().split(/\r?\n/);
  const columns = header.split(',');
  const date = columns.indexOf('date');
  const temperature = columns.indexOf('temperature');
  return rows.map((row) => {
    const cells = row.split(',');
    return { timestamp: `${cells[date]}Z`, temperature: Number(cells[temperature]) };
  });
}

let firn: TestEngine;
beforeAll(async () => {
  firn = await startEngine();
});
afterAll(() => firn.remove());

test('real data: every hourly reading comes back from the lake as it was sent, under its own day', async () => {
  const sent = readings();
  expect(sent.length).toBe(8759);
  const file = join(firn.folder, 'readings.ndjson');
  const lines = sent.map((reading) =>
    JSON.stringify({
      sensor_id: 'seattle-normals',
      timestamp_utc: reading.timestamp,
      temperature_c: reading.temperature,
      zone_id: 'OUTDOOR',
    }),
  );
  writeFileSync(file, `${lines.join('\n')}\n`);
  const fleet = spawn(
    process.execPath,
    [MAIN, 'fleet', '--url', firn.http, '--from', file, '--records-per-frame', '50'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const [code] = await once(fleet, 'exit');
  expect(code).toBe(0);
  await firn.engine.close();

  const duck = await (await DuckDBInstance.create()).connect();
  const lake = `read_ndjson('${firn.lake}/coldchain/**/*.ndjson.zst', hive_partitioning=true,
    columns={sensor_id:'VARCHAR', timestamp_utc:'VARCHAR', temperature_c:'DOUBLE', zone_id:'VARCHAR'})`;
  const rows = (
    await duck.runAndReadAll(
      `SELECT timestamp_utc, temperature_c FROM ${lake} ORDER BY timestamp_utc, temperature_c`,
    )
  ).getRowsJson();
  const wanted = sent
    .map((reading) => [reading.timestamp, reading.temperature] as const)
    .sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] - b[1]));
  expect(rows).toEqual(wanted);
  const misplaced = await duck.runAndReadAll(
    `SELECT count(*) FROM ${lake} WHERE timestamp_utc[1:10] <> printf('%04d-%02d-%02d', year::INT, month::INT, day::INT)`,
  );
  expect(misplaced.getRowsJson()).toEqual([['0']]);
});
