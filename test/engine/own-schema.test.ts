// A second stream with a schema of its own, from a configuration file, through `firn serve`: nothing is hard-coded for
// telemetry. Beside it zone limits, unknown fields, tokens, and an orderly stop by SIGTERM.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyLake } from '../../engine/verify/verify.ts';
import { readLake, readLines } from '../support/read-lake.ts';

const MAIN = fileURLToPath(new URL('../../dist/engine/cli/main.js', import.meta.url));
const TOKEN = 'a-token-for-tests-only';
const folder = mkdtempSync(join(tmpdir(), 'firn-schema-'));
const lake = join(folder, 'data', 'lake');

const configuration = {
  data: join(folder, 'data'),
  listen: { port: 0 },
  tokens: [
    { name: 'press', token: TOKEN, streams: ['vibration'] },
    { name: 'all', token: `${TOKEN}-2`, streams: ['*'] },
  ],
  streams: {
    coldchain: { zones: { by: 'zone_id', field: 'temperature_c', limits: { 'ZONE-A': { min: 2, max: 8 } } } },
    vibration: { schema: 'vibration/1', unknownFields: 'ignore' },
  },
  schemas: {
    'vibration/1': {
      fields: [
        { name: 'timestamp_utc', type: 'timestamp', required: true },
        {
          name: 'machine',
          type: 'string',
          required: true,
          minLength: 1,
          maxLength: 8,
          characters: 'a-z0-9-',
        },
        { name: 'rms_mm_s', type: 'number', required: true, min: 0, max: 1000 },
        { name: 'revolutions', type: 'integer' },
        { name: 'alarm', type: 'boolean', default: false },
      ],
    },
  },
  journal: { minFreeBytes: 0 },
  log: { level: 'warn' },
};

let url = '';
let stop: () => Promise<number | null>;

beforeAll(async () => {
  const file = join(folder, 'firn.json');
  writeFileSync(file, JSON.stringify(configuration));
  const child = spawn(process.execPath, [MAIN, 'serve', '--config', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  stop = async () => {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
    return child.exitCode;
  };
  let text = '';
  for await (const chunk of child.stdout) {
    text += chunk;
    url = /listening on (\S+?),/.exec(text)?.[1] ?? '';
    if (url !== '') break;
  }
});
afterAll(async () => {
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

async function post(
  stream: string,
  body: string,
  token = TOKEN,
): Promise<{ status: number; json: Record<string, unknown> }> {
  const reply = await fetch(`${url}/v1/streams/${stream}/records`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson', authorization: `Bearer ${token}` },
    body,
  });
  return { status: reply.status, json: (await reply.json()) as Record<string, unknown> };
}

test('own schema: fields, defaults, ignored unknown fields and refusals follow the table', async () => {
  const lines = [
    '{"rms_mm_s":1.50,"machine":"press-1","timestamp_utc":"2026-05-01T10:00:00Z","operator":{"name":"dropped"}}',
    '{"rms_mm_s":-0.1,"machine":"press-1","timestamp_utc":"2026-05-01T10:00:00Z"}',
    '{"rms_mm_s":1,"machine":"Press","timestamp_utc":"2026-05-01T10:00:00Z"}',
    '{"rms_mm_s":1,"machine":"press-1","timestamp_utc":"2026-05-01T10:00:00Z","revolutions":1.5}',
    '{"rms_mm_s":1e2,"machine":"press-2","timestamp_utc":"2026-05-01T10:00:01+00:00","revolutions":5.0,"alarm":true}',
  ];
  const { status, json } = await post('vibration', lines.join('\n'));
  expect(status).toBe(202);
  expect(json).toMatchObject({
    accepted: 2,
    rejected: 3,
    errors: [
      { record: 1, code: 'field.range' },
      { record: 2, code: 'field.pattern' },
      { record: 3, code: 'field.type' },
    ],
  });
});

test('own schema: a token is good for its streams only', async () => {
  expect((await post('coldchain', '', TOKEN)).status).toBe(403);
  expect((await post('coldchain', '', 'an-unknown-token-here')).status).toBe(401);
});

test('zones: readings outside the limits are excursions, whatever the sensor says', async () => {
  const reading = (temperature: number, zone: string) =>
    `{"sensor_id":"zone-test","timestamp_utc":"2026-05-01T10:00:0${temperature % 10}Z","temperature_c":${temperature},"zone_id":"${zone}","compliance_state":"within_spec"}`;
  const body = [reading(5, 'ZONE-A'), reading(9, 'ZONE-A'), reading(19, 'ZONE-B')].join('\n');
  expect((await post('coldchain', body, `${TOKEN}-2`)).json).toMatchObject({ accepted: 3 });
});

test('afterwards the lake holds exactly these lines, and verify finds nothing', async () => {
  expect(await stop()).toBe(0);
  const vibration = (await readLines(lake, 'vibration/')).map((line) =>
    line.replace(/"received_utc":"[^"]*"/, '"received_utc":"…"'),
  );
  expect(vibration).toEqual([
    '{"alarm":false,"machine":"press-1","received_utc":"…","rms_mm_s":1.5,"timestamp_utc":"2026-05-01T10:00:00Z"}',
    '{"alarm":true,"machine":"press-2","received_utc":"…","revolutions":5,"rms_mm_s":100,"timestamp_utc":"2026-05-01T10:00:01+00:00"}',
  ]);
  const states = (await readLines(lake, 'coldchain/')).map((line) => JSON.parse(line));
  expect(states.map((line) => [line.temperature_c, line.compliance_state, line.evaluated_state])).toEqual([
    [5, 'within_spec', 'within_spec'],
    [9, 'within_spec', 'excursion'],
    [19, 'within_spec', undefined],
  ]);
  const principals = (await readLines(lake, 'dead-letter/vibration/')).map(
    (line) => JSON.parse(line).source.principal,
  );
  expect(principals).toEqual(['press', 'press', 'press']);
  const report = await verifyLake({ lake });
  expect(report.findings).toEqual([]);
  expect((await readLake(lake, 'coldchain/year=2026/month=05/day=01/')).length).toBe(1);
});
