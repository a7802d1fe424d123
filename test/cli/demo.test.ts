import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const MAIN = join(import.meta.dirname, '../../dist/engine/cli/main.js');

let folder: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'firn-demo-'));
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface Run {
  readonly child: ChildProcess;
  /** The first match in what it printed so far, as soon as there is one. */
  seen(pattern: RegExp): Promise<RegExpExecArray>;
  readonly ended: Promise<{ code: number | null; out: string; err: string }>;
}

function firn(...argv: string[]): Run {
  const child = spawn(process.execPath, [MAIN, ...argv], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let out = '';
  let err = '';
  child.stderr.on('data', (bytes) => {
    err += bytes;
  });
  const printed = (): Promise<unknown> => Promise.race([once(child.stdout, 'data'), once(child, 'close')]);
  child.stdout.on('data', (bytes) => {
    out += bytes;
  });
  const ended = once(child, 'close').then(([code]) => ({ code, out, err }));
  const seen = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const match = pattern.exec(out);
      if (match !== null) return match;
      if (child.exitCode !== null) throw new Error(`ended without ${pattern}: ${out}${err}`);
      await printed();
    }
  };
  return { child, seen, ended };
}

test('demo: every record that the fleet was told about is in a sound lake, and the exit is 0', async () => {
  const { code, out, err } = await firn(
    'demo',
    '--seconds',
    '3',
    '--sensors',
    '60',
    '--rate',
    '10',
    '--port',
    '0',
    '--json',
  ).ended;
  expect(err).toBe('');
  const { fleet, agrees, published, verify } = JSON.parse(out);
  expect({ agrees, published, sound: verify.sound, missing: fleet.missing }).toEqual({
    agrees: true,
    published: true,
    sound: true,
    missing: 0,
  });
  expect(fleet.sent).toBeGreaterThan(1500);
  expect(fleet.accepted + fleet.refused).toBe(fleet.acked);
  expect(code).toBe(0);
});

test('demo: Ctrl-C drains, verifies and shows three next steps', async () => {
  const demo = firn('demo', '--sensors', '20', '--rate', '10', '--port', '0');
  await demo.seen(/[1-9]\d* records\/s/);
  demo.child.kill('SIGINT');
  const { code, out } = await demo.ended;
  expect(out).toContain('SOUND: no finding');
  expect(out).toContain('and exactly these are in the lake');
  for (const step of ['curl -sS http://127.0.0.1:', 'node -e "import(', 'duckdb -c "SELECT'])
    expect(out).toContain(step);
  expect(code).toBe(0);
});

test('serve: it names its endpoint, keeps the port to itself, and SIGTERM drains and exits 0', async () => {
  const first = firn('serve', '--port', '0');
  const [, port] = await first.seen(/listening on http:\/\/127\.0\.0\.1:(\d+), codec (?:native|portable)/);
  await first.seen(/^data .*firn-data, lake .*firn-data\/lake$/m);
  const second = await firn('serve', '--port', String(port), '--data', 'other').ended;
  expect(second.code).toBe(2);
  expect(second.err).toContain(`port ${port} is in use`);
  first.child.kill('SIGTERM');
  const { code, out } = await first.ended;
  expect(out).toContain('drained: everything acknowledged is in the lake');
  expect(code).toBe(0);
});
