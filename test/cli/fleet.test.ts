import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { run } from '../../engine/cli/fleet.ts';
import { Fleet, type FleetOptions, type FleetResult } from '../../engine/fleet/fleet.ts';
import { Sensor } from '../../engine/fleet/sensor.ts';
import { ScriptedServer } from '../client/scripted-server.ts';

let server: ScriptedServer;
let folder: string;

beforeEach(async () => {
  server = await new ScriptedServer().start();
  folder = mkdtempSync(join(tmpdir(), 'firn-fleet-'));
});

afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

function optionsOf(options: Partial<FleetOptions> = {}): FleetOptions {
  return {
    url: server.url,
    stream: 'coldchain',
    sensors: 4,
    rate: 100,
    recordsPerFrame: 2,
    seconds: 0.4,
    sessionPrefix: 't',
    seed: 7,
    trouble: { malformed: 0, late: 0, excursions: 0 },
    reconnects: 0,
    giveUpMs: 1000,
    drainMs: 2000,
    abortDrainMs: 100,
    ...options,
  };
}

/** Runs the command and gives what it printed. */
async function command(...argv: string[]): Promise<{ code: number; out: string }> {
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => lines.push(line) as never);
  try {
    return { code: await run(['--url', server.url, ...argv]), out: lines.join('\n') };
  } finally {
    log.mockRestore();
  }
}

function recordsOf(frames: string[]): Record<string, unknown>[] {
  return frames.flatMap((frame) =>
    frame.startsWith('[') ? JSON.parse(frame) : frame.split('\n').map((line) => JSON.parse(line)),
  );
}

test('fleet: it sends exactly rate × seconds readings, each sensor in its own session, and all are acked', async () => {
  const result = await new Fleet(optionsOf(), new AbortController().signal).run();
  expect(result).toMatchObject({
    sent: 160,
    acked: 160,
    sentFrames: 80,
    refused: 0,
    missing: 0,
    error: null,
    owedFrames: 0,
  });
  expect([...server.durable.keys()].sort()).toEqual(['t-00000', 't-00001', 't-00002', 't-00003']);
  for (const [session, frames] of server.durable) {
    const records = recordsOf(frames);
    expect(records).toHaveLength(40);
    expect(new Set(records.map((record) => record['timestamp_utc'])).size).toBe(40);
    expect(records.every((record) => record['sensor_id'] === session)).toBe(true);
    expect(records.every((record) => Math.abs((record['temperature_c'] as number) - 5) <= 3)).toBe(true);
  }
});

test('fleet: under reconnects nothing is lost or doubled and the counts stay exact', async () => {
  const signal = new AbortController().signal;
  const result = await new Fleet(optionsOf({ reconnects: 0.2, rate: 50, seconds: 1 }), signal).run();
  expect(result).toMatchObject({ sent: 200, acked: 200, missing: 0, error: null });
  expect(result.reconnects).toBeGreaterThan(5);
  const records = [...server.durable.values()].flatMap(recordsOf);
  const identities = new Set(records.map((record) => `${record['sensor_id']} ${record['timestamp_utc']}`));
  expect(records).toHaveLength(200);
  expect(identities.size).toBe(200);
});

test('fleet: the ledger names every record sent and every acknowledgement, and agrees with the server', async () => {
  const ledger = join(folder, 'ledger');
  const trouble = { malformed: 0.3, late: 0.3, excursions: 0.3 };
  const result = await new Fleet(optionsOf({ ledger, trouble }), new AbortController().signal).run();
  const lines = readFileSync(ledger, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const sent = lines.filter((line) => line.event === 'sent');
  expect(sent.reduce((sum, line) => sum + line.records, 0)).toBe(result.sent);
  let refused = 0;
  for (const { session, frame, sensor_id, times } of sent) {
    const body = server.framesOf(session)[frame] as string;
    for (const time of times) {
      if (time === null) refused += 1;
      else expect(body).toContain(`"sensor_id":"${sensor_id}","timestamp_utc":"${time}"`);
    }
  }
  expect(refused).toBe(result.refused);
  expect(refused).toBeGreaterThan(10);
  for (const [session, frames] of server.durable) {
    const acked = lines.filter((line) => line.event === 'acked' && line.session === session);
    expect(Math.max(...acked.map((line) => line.next))).toBe(frames.length);
  }
});

test('fleet: an abort stops the sending, waits only so long, and tells what is missing', async () => {
  server.script.onFrame = () => 'keep';
  const abort = new AbortController();
  const running = new Fleet(optionsOf({ seconds: 3600 }), abort.signal);
  const ended = running.run();
  await vi.waitFor(() => expect(running.progress().sent).toBeGreaterThan(10), {
    interval: 5,
    timeout: 10_000,
  });
  abort.abort();
  const result = await ended;
  expect(result.acked).toBe(0);
  expect(result.missing).toBe(result.sent);
  expect(result.missingSessions).toBe(4);
});

test('fleet: the same seed gives the same temperatures, another seed others', () => {
  const trouble = { malformed: 0, late: 0.1, excursions: 0.1 };
  const walk = (seed: number): unknown[] =>
    recordsOf([new Sensor('s-0001', 3, seed, trouble).frame(50, Date.UTC(2026, 0, 1), 1000).body]);
  expect(walk(1)).toEqual(walk(1));
  expect(walk(1)).not.toEqual(walk(2));
  const out = walk(1).filter((record) => ((record as { temperature_c: number }).temperature_c ?? 0) > 8);
  expect(out.length).toBeGreaterThan(0);
});

test('fleet: a spoilt reading never spoils its neighbours, a cut array counts as one refused record', () => {
  let cut = 0;
  for (let seed = 0; seed < 80; seed += 1) {
    const sensor = new Sensor('s-0001', seed, seed, { malformed: 0.5, late: 0, excursions: 0 });
    const { body, times, records, refused } = sensor.frame(20, Date.UTC(2026, 0, 1), 1000);
    expect(times).toHaveLength(records);
    expect(times.filter((time) => time === null)).toHaveLength(refused);
    if (records === 1) {
      expect(() => JSON.parse(body)).toThrow();
      expect(refused).toBe(1);
      cut += 1;
      continue;
    }
    // In an array every element is JSON; as lines each record keeps its line.
    if (body.startsWith('[')) expect(JSON.parse(body)).toHaveLength(20);
    else expect(body.split('\n')).toHaveLength(20);
    for (const time of times) if (time !== null) expect(body).toContain(time);
  }
  expect(cut).toBeGreaterThan(2);
  expect(cut).toBeLessThan(18);
});

test('fleet: --from sends the lines of a file in order and once', async () => {
  const file = join(folder, 'readings.ndjson');
  const lines = Array.from({ length: 250 }, (_, i) => `{"n":${i}}`);
  writeFileSync(file, `${lines.slice(0, 9).join('\n')}\n\n  \r\n${lines.slice(9).join('\r\n')}`);
  const { code, out } = await command(
    '--from',
    file,
    '--records-per-frame',
    '7',
    '--reconnects',
    '0.1',
    '--schema',
    'count/1',
    '--json',
  );
  const result = JSON.parse(out) as FleetResult;
  expect(code).toBe(0);
  expect(result).toMatchObject({ sent: 250, acked: 250, sensors: 1 });
  for (const { request } of server.connections) expect(request.url).toContain('&schema=count%2F1');
  const [frames] = [...server.durable.values()];
  expect(recordsOf(frames ?? [])).toEqual(lines.map((line) => JSON.parse(line)));
});

test('fleet: the command counts in words and exits 0 when everything was acked', async () => {
  const { code, out } = await command('--sensors', '2', '--rate', '50', '--seconds', '0.2');
  expect(code).toBe(0);
  expect(out).toMatch(/^sent {4}20 records in 20 frames from 2 sensors in \d/);
  expect(out).toMatch(/^acked {3}20 records/m);
});

test('fleet: the command exits 1 and says why when the engine refuses the stream', async () => {
  server.script.refuse = () => 404;
  const { code, out } = await command('--sensors', '2', '--seconds', '0.1');
  expect(code).toBe(1);
  expect(out).toContain('the engine has no such stream (404)');
});

test('fleet: the command exits 1 and counts what is missing when acknowledgements never come', async () => {
  server.script.onFrame = () => 'keep';
  const { code, out } = await command('--sensors', '2', '--rate', '20', '--seconds', '0.2', '--drain', '0.1');
  expect(code).toBe(1);
  expect(out).toContain('missing 8 records of 2 sessions');
});

test.each([
  [['--sensors', 'many'], '--sensors takes a whole number from 1 to 99999, not "many"'],
  [['--malformed', '2'], '--malformed takes a number from 0 to 1, not "2"'],
  [['--sensor', '2'], 'unknown option --sensor, did you mean --sensors?'],
  [['--from', '/nowhere/at/all'], 'cannot read /nowhere/at/all'],
  [['--url', 'localhost'], '--url takes ws://HOST:PORT, not localhost'],
])('fleet: %j is refused with a word', async (argv, message) => {
  await expect(run(argv)).rejects.toThrow(message);
});
