import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { closest } from '../../engine/cli/arguments.ts';

const MAIN = join(import.meta.dirname, '../../dist/engine/cli/main.js');

function firn(...argv: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...argv], { encoding: 'utf8' });
  return { code: status, out: stdout, err: stderr };
}

test('firn: the command was built', () => {
  expect(existsSync(MAIN)).toBe(true);
  expect(readFileSync(MAIN, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
});

test('firn: --help shows commands and examples, and never npx', () => {
  const { code, out, err } = firn('--help');
  expect(code).toBe(0);
  expect(err).toBe('');
  for (const command of ['serve', 'demo', 'fleet', 'verify', 'inspect', 'bench']) {
    expect(out).toContain(`  ${command}`);
    const help = firn(command, '--help');
    expect(help.code, help.err).toBe(0);
    expect(help.out).toContain(`firn ${command}`);
    expect(help.out).not.toContain('npx');
  }
  expect(out).not.toContain('npx');
});

test('firn: --version is the version of the package', () => {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
  expect(firn('--version')).toMatchObject({
    code: 0,
    out: expect.stringMatching(
      new RegExp(`^${version}, codec (native|portable \\(.+\\)), zstd (native [0-9.]+|wasm)\n$`),
    ),
    err: '',
  });
});

test('firn: no command shows the help and exits 2', () => {
  const { code, out } = firn();
  expect(code).toBe(2);
  expect(out).toContain('usage: firn COMMAND');
});

test.each([
  [['serv'], 'firn: unknown command serv, did you mean serve?'],
  [['toString'], 'firn: unknown command toString'],
  [['serve', '--prot', '1'], 'firn serve: unknown option --prot, did you mean --port?'],
  [['serve', '--port', '70000'], 'firn serve: --port takes a whole number from 0 to 65535, not "70000"'],
  [['serve', '--port'], 'firn serve: '],
  [['serve', 'lake'], 'firn serve: takes no argument "lake"'],
  [['serve', '--config', '/nowhere/firn.json'], 'cannot read the configuration /nowhere/firn.json'],
])('firn: %j exits 2 with one line', (argv, message) => {
  const { code, out, err } = firn(...argv);
  expect(code).toBe(2);
  expect(out).toBe('');
  expect(err.startsWith(message), err).toBe(true);
  expect(err.trimEnd().split('\n')).toHaveLength(1);
});

test('firn: a reader that goes away early is no error', async () => {
  const child = spawn(process.execPath, [MAIN, 'fleet', '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let err = '';
  child.stderr.on('data', (bytes) => {
    err += bytes;
  });
  const [code] = await once(child, 'close');
  expect(err).toBe('');
  expect(code).toBe(0);
});

test('closest: finds a typing error and leaves strangers alone', () => {
  const words = ['serve', 'demo', 'fleet', 'verify', 'inspect'];
  expect(closest('verfy', words)).toBe('verify');
  expect(closest('fl', words)).toBe('fleet');
  expect(closest('banana', words)).toBeNull();
  expect(closest('', words)).toBeNull();
});
