import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

let root: string;

/** Stand-ins for npm and tsc: they leave what the real ones leave, and a line in `steps`. */
const NPM = `const fs = require('node:fs');
if (fs.existsSync('npm-fails')) process.exit(1);
fs.appendFileSync('steps', 'npm ' + process.argv.slice(2, 4).join(' ') + '\\n');
fs.mkdirSync('node_modules/typescript/bin', { recursive: true });
fs.copyFileSync('tsc.cjs', 'node_modules/typescript/bin/tsc');
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
fs.writeFileSync('node_modules/.package-lock.json', '{}');`;
const TSC = `const fs = require('node:fs');
if (fs.existsSync('tsc-fails')) process.exit(2);
fs.appendFileSync('steps', 'tsc\\n');
fs.mkdirSync('dist/engine/cli', { recursive: true });
fs.writeFileSync('dist/engine/cli/main.js', '');`;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'firn-setup-'));
  mkdirSync(join(root, 'engine/cli'), { recursive: true });
  cpSync(join(import.meta.dirname, '../../engine/cli/setup.mjs'), join(root, 'engine/cli/setup.mjs'));
  const files = {
    'npm-cli.js': NPM,
    'tsc.cjs': TSC,
    'package-lock.json': '{"a":1}',
    'tsconfig.json': '{}',
    'engine/a.ts': '',
    'engine/cli/main.ts': '',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function setup(): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [join(root, 'engine/cli/setup.mjs')], {
    env: { ...process.env, npm_execpath: join(root, 'npm-cli.js') },
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (bytes) => {
    out += bytes;
  });
  child.stderr.on('data', (bytes) => {
    err += bytes;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}

function steps(): string[] {
  return existsSync(join(root, 'steps'))
    ? readFileSync(join(root, 'steps'), 'utf8').trimEnd().split('\n')
    : [];
}

/** Gives a file a time in the future, as an edit would. */
function touch(name: string): void {
  const later = new Date(Date.now() + 60_000);
  utimesSync(join(root, name), later, later);
}

test('setup: a fresh checkout is installed and built, and then there is nothing to do or to say', async () => {
  expect(await setup()).toEqual({
    code: 0,
    out: 'setup: installing packages (npm install)\nsetup: building (tsc)\n',
    err: '',
  });
  expect(steps()).toEqual(['npm install --no-save', 'tsc']);
  expect(await setup()).toEqual({ code: 0, out: '', err: '' });
  expect(steps()).toHaveLength(2);
});

test('setup: a changed, a new and a removed source are each built once', async () => {
  await setup();
  touch('engine/a.ts');
  expect((await setup()).out).toBe('setup: building (tsc)\n');
  utimesSync(join(root, 'engine/a.ts'), 0, 0);
  writeFileSync(join(root, 'engine/b.ts'), '');
  utimesSync(join(root, 'engine/b.ts'), 0, 0);
  await setup();
  rmSync(join(root, 'engine/b.ts'));
  await setup();
  await setup();
  expect(steps()).toEqual(['npm install --no-save', 'tsc', 'tsc', 'tsc', 'tsc']);
});

test('setup: what was compiled from a source that is gone goes with the next build, nothing else does', async () => {
  await setup();
  const compiled = ['a', 'gone', 'gone.test'].flatMap((name) =>
    ['.js', '.js.map', '.d.ts'].map((kind) => `dist/engine/${name}${kind}`),
  );
  for (const name of [...compiled, 'dist/engine/words.txt']) writeFileSync(join(root, name), '');
  touch('engine/a.ts');
  expect((await setup()).code).toBe(0);
  const left = ['a.d.ts', 'a.js', 'a.js.map', 'cli', 'words.txt'];
  expect(readdirSync(join(root, 'dist/engine')).sort()).toEqual(left);
});

test('setup: a lock file that was only touched installs nothing, a changed one does', async () => {
  await setup();
  touch('package-lock.json');
  await setup();
  expect(steps().filter((step) => step.startsWith('npm'))).toHaveLength(1);
  writeFileSync(join(root, 'package-lock.json'), '{"a":2}');
  touch('package-lock.json');
  await setup();
  expect(steps().filter((step) => step.startsWith('npm'))).toHaveLength(2);
});

test('setup: of two at once one works and the other waits', async () => {
  const both = await Promise.all([setup(), setup()]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expect(steps()).toEqual(['npm install --no-save', 'tsc']);
});

test('setup: the lock of a process that is gone is taken over', async () => {
  const gone = spawn(process.execPath, ['-e', '']);
  await new Promise((resolve) => gone.on('close', resolve));
  mkdirSync(join(root, 'dist'));
  writeFileSync(join(root, 'dist/.setup-lock'), String(gone.pid));
  const { code } = await setup();
  expect(code).toBe(0);
  expect(existsSync(join(root, 'dist/.setup-lock'))).toBe(false);
});

test('setup: a failed install says what to do offline, a failed build is done again, no lock is left', async () => {
  writeFileSync(join(root, 'npm-fails'), '');
  const failed = await setup();
  expect(failed.code).toBe(1);
  expect(failed.err).toContain('Without a network');
  rmSync(join(root, 'npm-fails'));
  writeFileSync(join(root, 'tsc-fails'), '');
  expect((await setup()).code).toBe(1);
  rmSync(join(root, 'tsc-fails'));
  expect((await setup()).code).toBe(0);
  expect(steps()).toEqual(['npm install --no-save', 'tsc']);
  expect(existsSync(join(root, 'dist/.setup-lock'))).toBe(false);
});

test('setup: the native codec is tried once for each state of its sources, and a failure fails nothing', async () => {
  mkdirSync(join(root, 'native'));
  const script = `require('node:fs').appendFileSync('steps', 'native\\n'); console.log('why not'); process.exit(1);`;
  writeFileSync(
    join(root, 'native/build.mjs'),
    `import { createRequire } from 'node:module';
const require = createRequire(import.meta.url); ${script}`,
  );
  writeFileSync(join(root, 'native/a.cc'), '');
  const first = await setup();
  expect(first.code).toBe(0);
  expect(first.out).toContain('setup: building the native codec\nwhy not\n');
  expect(await setup()).toEqual({ code: 0, out: '', err: '' });
  // The sources of libzstd came: the addon can have it now.
  mkdirSync(join(root, 'node_modules/zstd-napi'));
  await setup();
  await setup();
  expect(steps().filter((step) => step === 'native')).toHaveLength(2);
  touch('native/a.cc');
  await setup();
  expect(steps().filter((step) => step === 'native')).toHaveLength(3);
});
