// A version that the engine does not know, and `kill -9`: what was acknowledged is kept once, and a retry is answered as the
// first time, though the engine that is started again knows the version.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { TELEMETRY_1 } from '../../engine/schema/telemetry.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { Endpoint } from '../support/engine.ts';
import { readLines } from '../support/read-lake.ts';

const MAIN = fileURLToPath(new URL('../../dist/engine/cli/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'firn-versions-'));
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** `firn serve` with these schemas of the stream; `stop` waits until the process is gone. */
async function serve(
  schemas: string[],
): Promise<{ url: string; stop(signal: NodeJS.Signals): Promise<void> }> {
  const file = join(folder, 'firn.json');
  const configuration = {
    data: join(folder, 'data'),
    listen: { port: 0 },
    schemas: { 'telemetry/2': { fields: TELEMETRY_1.fields } },
    streams: { coldchain: { schemas } },
    journal: { minFreeBytes: 0 },
    log: { level: 'silent' },
  };
  writeFileSync(file, JSON.stringify(configuration));
  const child = spawn(process.execPath, [MAIN, 'serve', '--config', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  let text = '';
  for await (const chunk of child.stdout) {
    text += chunk;
    if (/listening on (\S+?),/.test(text)) break;
  }
  const url = /listening on (\S+?),/.exec(text)?.[1] ?? '';
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };
  return { url, stop };
}

const record = (n: number): string =>
  `{"sensor_id":"kill-${n}","timestamp_utc":"2026-06-01T00:00:0${n}Z","temperature_c":4,"zone_id":"A"}`;

test('schema versions: frames of unknown schema, and the reply to their key, outlive kill -9 as they were', async () => {
  const first = await serve(['telemetry/1']);
  const post = async (url: string) => {
    const reply = await fetch(`${url}/v1/streams/coldchain/records?schema=telemetry/2`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson', 'idempotency-key': 'k' },
      body: `${record(8)}\n${record(9)}\n`,
    });
    return { text: await reply.text(), replayed: reply.headers.get('idempotent-replayed') };
  };
  const query = '/v1/streams/coldchain/ws?session=probe&schema=telemetry/2';
  const probe = new Endpoint(`${first.url.replace(/^http/, 'ws')}${query}`);
  await probe.hello();
  for (let n = 0; n < 3; n += 1) probe.socket.send(record(n));
  await probe.acknowledged(3);
  const answer = await post(first.url);
  expect(answer.text).toContain('it takes telemetry/1"');
  await first.stop('SIGKILL');

  const second = await serve(['telemetry/2', 'telemetry/1']);
  expect(await post(second.url)).toEqual({ text: answer.text, replayed: 'true' });
  const again = new Endpoint(`${second.url.replace(/^http/, 'ws')}${query}`);
  expect(await again.hello()).toMatchObject({ next: 3 });
  again.socket.send(record(3));
  await again.acknowledged(4);
  expect(again.rejects()).toEqual([]);
  await again.close();
  await second.stop('SIGTERM');

  const lake = join(folder, 'data', 'lake');
  const kept = (await readLines(lake, 'dead-letter/')).map((line) => JSON.parse(line));
  expect(kept.map(({ raw_b64 }) => Buffer.from(raw_b64, 'base64').toString()).sort()).toEqual([
    record(0),
    record(1),
    record(2),
    `${record(8)}\n${record(9)}\n`,
  ]);
  for (const { detail } of kept)
    expect(detail).toBe('telemetry/2 is not a schema of this stream: it takes telemetry/1');
  expect(await readLines(lake, 'coldchain/')).toHaveLength(1);
  expect((await verifyLake({ lake })).findings).toEqual([]);
});
