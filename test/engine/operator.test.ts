// What an operator meets: a lake that goes away, a configuration with a slip in it, a start that cannot be, a terminal
// that is closed. The commands run as built, the way they are started in earnest.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, expect, test } from 'vitest';
import { createEngine } from '../../engine/engine.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { readLines } from '../support/read-lake.ts';

const MAIN = fileURLToPath(new URL('../../dist/engine/cli/main.js', import.meta.url));

const folders: string[] = [];
const engines: TestEngine[] = [];
afterEach(async () => {
  for (const each of engines.splice(0)) await each.remove();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'firn-operator-'));
  folders.push(folder);
  return folder;
}

/** `firn serve` on a configuration file with this text; for starts that end by themselves. */
function serve(
  text: string,
  ...argv: string[]
): { code: number | null; err: string; file: string; data: string } {
  const folder = temporary();
  const file = join(folder, 'firn.json');
  const data = join(folder, 'data');
  writeFileSync(file, text);
  const command = [MAIN, 'serve', '--config', file, '--data', data, '--port', '0', ...argv];
  const { status, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8', timeout: 20_000 });
  return { code: status, err: stderr.trimEnd(), file, data };
}

const record = (n: number): object => ({
  sensor_id: 'night-0001',
  timestamp_utc: `2026-06-01T00:00:00.${String(n).padStart(9, '0')}Z`,
  temperature_c: 5,
  zone_id: 'ZONE-A',
});

/** Looks again until `what` holds. */
async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 20));
}

test('a lake that goes away is an outage: records are taken, and sealed when it is back', async () => {
  const served = await startEngine({ streams: { coldchain: { cut: { age: 0.1, lateAge: 0.1 } } } });
  engines.push(served);
  await served.engine.ingest('coldchain', [record(0)]);
  await until(() => served.engine.status().seal.batches > 0);
  renameSync(served.lake, `${served.lake}.away`);
  await served.engine.ingest('coldchain', [record(1)]);
  await until(() => served.engine.status().seal.outage !== null);
  // Longer than the second between two looks at the disk.
  const since = Date.now();
  await until(() => Date.now() - since > 1500);
  expect((await fetch(`${served.http}/readyz`)).status).toBe(200);
  expect(await served.engine.ingest('coldchain', [record(2)])).toMatchObject({ accepted: 1 });
  renameSync(`${served.lake}.away`, served.lake);
  expect(await served.engine.close()).toBe(true);
  expect(await readLines(served.lake, 'coldchain/')).toHaveLength(3);
  expect((await verifyLake({ lake: served.lake })).findings).toEqual([]);
}, 60_000);

test.each([
  ['[]', 'Invalid input: expected object, received array'],
  ['null', 'Invalid input: expected object, received null'],
  ['{"listen": 7}', 'listen: Invalid input: expected object, received number'],
  ['{"listen": {"tls": null}}', 'listen.tls: Invalid input: expected object, received null'],
  ['{"listen": {"tls": {"cert": "a.pem"}}}', 'listen.tls.key: Invalid input: expected string'],
  ['{"listen": {"port": "9400"}}', 'listen.port: Invalid input: expected number, received string'],
  ['{"listen": {"host": "0.0.0.0"}}', 'listen.host "0.0.0.0" is open to a network'],
  [
    '{"listen": {"tls": {"cert": "/nowhere/c.pem", "key": "k"}}}',
    'listen.tls.cert: cannot read /nowhere/c.pem',
  ],
  ['{"streams": {"Cold": {}}}', 'streams.Cold: a stream is called by 1 to 63 lower-case letters'],
  [
    '{"limits": {"maxFrameBytes": 1000000}}',
    'ring and limits do not fit together: a frame and its key fit one slab: limits.maxFrameBytes is at most 253856',
  ],
  [
    '{"ring": {"slabs": 65536}, "journal": {"quotaBytes": 1e14}}',
    'ring and limits do not fit together: the ring (ring.slabs',
  ],
  [
    '{"tokens": [{"name": "a", "token": "0123456789abcdef", "streams": ["*"]}, {"name": "b", "token": "0123456789abcdef", "streams": ["*"]}]}',
    'tokens: a and b have the same secret',
  ],
])('serve: %s in the configuration: exit 2, one line with the file and the member', (text, message) => {
  const { code, err, file, data } = serve(text);
  expect(err.split('\n')).toHaveLength(1);
  expect(err).toContain(`${file}: ${message}`);
  expect(err).not.toContain('0123456789abcdef');
  expect(code).toBe(2);
  expect(existsSync(join(data, 'state', 'lock'))).toBe(false);
});

test('serve: a lake that cannot be written at the start: exit 2, one line, no lock left', () => {
  const lake = join(temporary(), 'lake');
  mkdirSync(lake);
  // A file in the place of the folder for unfinished objects: not even root can write there.
  writeFileSync(join(lake, '_tmp'), '');
  const { code, err, data } = serve('{"log": {"level": "error"}}', '--lake', lake);
  expect(err.split('\n')).toHaveLength(1);
  expect(err).toMatch(/^the lake cannot be used: .*ENOTDIR.*Mount it or make it writable, then start again$/);
  expect(code).toBe(2);
  expect(existsSync(join(data, 'state', 'lock'))).toBe(false);
});

test('serve: tells its memory part by part; a byte order mark is no fault; SIGHUP stops in good order', async () => {
  const folder = temporary();
  const file = join(folder, 'firn.json');
  writeFileSync(
    file,
    `\ufeff${JSON.stringify({ data: folder, listen: { port: 0 }, log: { level: 'error' } })}`,
  );
  const child: ChildProcess = spawn(process.execPath, [MAIN, 'serve', '--config', file]);
  let out = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    if (/^memory .*\n/m.test(out) && !out.includes('draining')) child.kill('SIGHUP');
  });
  const [code] = await once(child, 'close');
  expect(out).toMatch(
    /^memory now \d+ MiB, at most [\d.]+ GiB with every limit reached: Idempotency-Keys 9\.5 GiB, connections 5\.9 GiB, sessions 1\.1 GiB, captures \d+ MiB, Node \d+ MiB, sealing 126 MiB, ring 104 MiB$/m,
  );
  expect(out).toContain('drained: everything acknowledged is in the lake');
  expect(code).toBe(0);
}, 30_000);

test('an engine in a program: odd calls are answered, and nothing waits for ever', async () => {
  const served = await startEngine({ listen: false });
  engines.push(served);
  const { engine } = served;
  for (const odd of [5, null, { a: 1 }])
    await expect(engine.ingest('coldchain', odd as unknown as string)).rejects.toThrow(
      'ingest takes text, bytes or an array of objects',
    );
  const seals = engine.seals();
  const both = Promise.all([seals.next(), seals.next()]);
  await engine.ingest('coldchain', [record(0)]);
  expect(await Promise.all([engine.close(), engine.close()])).toEqual([true, true]);
  for (const { done } of await both) expect(done).toBe(false);
  expect(await engine.seals().next()).toEqual({ value: undefined, done: true });
  await expect(engine.ingest('coldchain', [record(1)])).rejects.toThrow('shutting down');
  await expect(createEngine({ data: '' })).rejects.toThrow('options: data: name a folder');
});

test('an engine in a program: opening and closing again and again keeps nothing of the closed ones', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const cycle = async () => {
    const engine = await startEngine();
    await engine.engine.ingest('coldchain', '{}\n');
    await engine.remove();
  };
  await cycle();
  const held: number[] = [];
  for (let n = 0; n < 4; n += 1) {
    await cycle();
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    held.push(process.memoryUsage().arrayBuffers);
  }
  // One ring is 104 MiB: kept ones would add that much each time.
  expect((held[3] as number) - (held[0] as number)).toBeLessThan(60 << 20);
});

test.runIf(process.platform === 'linux')('the status tells what each thread costs (Linux only)', async () => {
  const served = await startEngine({ workers: 2 });
  engines.push(served);
  const before = served.engine.status().threads;
  expect(before.map(({ name }) => name)).toEqual(['frontend', 'worker 0', 'worker 1', 'commit', 'seal']);
  expect(new Set(before.map(({ tid }) => tid)).size).toBe(5);
  // Which worker takes a slab is chance; one of them, and the front end, must have worked for these.
  const spent = (): number =>
    served.engine.status().threads.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
  const first = spent();
  while (spent() < first + 0.05) await served.engine.ingest('coldchain', [record(0), record(1)]);
});
