// `firn bench` finds parts of the suite, hands on options and exit codes, and says what is missing before anything runs.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { runBench, spec } from '../../engine/cli/bench.ts';
import { ConfigError } from '../../engine/errors.ts';

const ROOT = join(import.meta.dirname, '../..');
const MAIN = join(ROOT, 'dist/engine/cli/main.js');
const PARTS = ['micro', 'engine', 'peers', 'guard', 'allocation'];

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A package whose programs append their name and options to `ran`, and end with `code`. */
function makePackage(
  codes: Readonly<Record<string, number>>,
  { tinybench = true, loadCode = 0 } = {},
): string {
  const root = mkdtempSync(join(tmpdir(), 'firn-cli-bench-'));
  folders.push(root);
  const program = (name: string, code: number): string =>
    `require('node:fs').appendFileSync(${JSON.stringify(join(root, 'ran'))}, ${JSON.stringify(name)} + JSON.stringify(process.argv.slice(2)) + '\\n'); process.exit(${code});`;
  const files: Record<string, string> = {
    'package.json': '{"devDependencies":{"tinybench":"6.2.3"}}',
    'bench/load/build.mjs': `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url); ${program('load', loadCode)}`,
  };
  for (const [name, code] of Object.entries(codes))
    files[join('dist/bench', name, 'main.js')] = program(name, code);
  if (tinybench) files['node_modules/tinybench/index.js'] = '';
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

function ran(root: string): string[] {
  return existsSync(join(root, 'ran')) ? readFileSync(join(root, 'ran'), 'utf8').trim().split('\n') : [];
}

async function faultOf(argv: string[], root: string): Promise<string> {
  const error = await runBench(argv, root).then(
    (code) => `ended with ${code}`,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(ConfigError);
  return (error as ConfigError).message;
}

describe('firn bench', () => {
  test('runs the parts that are named, in order, with the options as they stand', async () => {
    const root = makePackage({ micro: 0, allocation: 0 });
    expect(await runBench(['allocation', 'micro', '--only', 'ring', '--json'], root)).toBe(0);
    expect(ran(root)).toEqual(['allocation["--only","ring","--json"]', 'micro["--only","ring","--json"]']);
  });

  test('without a part runs the whole suite', async () => {
    const root = makePackage({ '': 0, micro: 0 });
    expect(await runBench(['--seconds', '1'], root)).toBe(0);
    expect(ran(root)).toEqual(['load[]', '["--seconds","1"]']);
  });

  test('gives the exit code of the first part that fails, and runs none after it', async () => {
    const root = makePackage({ micro: 0, guard: 7, allocation: 0 });
    expect(await runBench(['micro', 'guard', 'allocation'], root)).toBe(7);
    expect(ran(root)).toEqual(['load[]', 'micro[]', 'guard[]']);
  });

  test('builds the load generator for parts that drive servers, and stops where that fails', async () => {
    const root = makePackage({ engine: 0 }, { loadCode: 1 });
    expect(await faultOf(['engine'], root)).toContain('the load generator is not built');
    expect(ran(root)).toEqual(['load[]']);
    rmSync(join(root, 'bench'), { recursive: true });
    expect(await faultOf(['engine'], root)).toContain(join(root, 'bench/load/build.mjs'));
  });

  test('says which package a part needs, before any part has run', async () => {
    const root = makePackage({ allocation: 0, micro: 0 }, { tinybench: false });
    expect(await faultOf(['allocation', 'micro'], root)).toContain('npm install tinybench@6.2.3');
    expect(ran(root)).toEqual([]);
    expect(await runBench(['allocation'], root)).toBe(0);
  });

  test('says that the suite is not there, or a part of it, and how to get it', async () => {
    const root = makePackage({});
    expect(await faultOf([], root)).toContain('npm run setup');
    mkdirSync(join(root, 'dist/bench'), { recursive: true });
    expect(await faultOf(['micro'], root)).toContain('this firn has no micro');
    expect(await faultOf(['--seconds', '1'], root)).toContain('this firn has no whole suite');
  });

  test('takes no part for another', async () => {
    const root = makePackage({ micro: 0 });
    expect(await faultOf(['mikro'], root)).toContain('there is no part mikro, did you mean micro?');
    expect(await faultOf(['toString'], root)).toContain('there is no part toString');
    expect(ran(root)).toEqual([]);
  });

  test('hands --help of a part to the part, and shows its own without one', async () => {
    const root = makePackage({ micro: 0 }, { tinybench: false });
    expect(await runBench(['micro', '--help'], root)).toBe(0);
    expect(ran(root)).toEqual(['micro["--help"]']);
    const { status, stdout } = spawnSync(process.execPath, [MAIN, 'bench', '--help'], { encoding: 'utf8' });
    expect(status).toBe(0);
    for (const part of PARTS) expect(stdout).toContain(`  ${part}`);
    for (const example of spec.examples) expect(stdout).toContain(example);
  });

  test('the built suite: a part runs through the command, and its bad options are its own exit code', () => {
    const bench = (...argv: string[]): ReturnType<typeof spawnSync> =>
      spawnSync(process.execPath, [MAIN, 'bench', ...argv], { encoding: 'utf8' });
    const help = bench('micro', '--help');
    expect([help.status, help.stdout]).toEqual([0, expect.stringContaining('--only')]);
    expect(bench('micro', '--only', 'nothing')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('there is no such one'),
    });
  });

  test('ends the part when it is told to end', async () => {
    const root = makePackage({});
    const program = join(root, 'dist/bench/allocation/main.js');
    mkdirSync(dirname(program), { recursive: true });
    writeFileSync(program, `console.log(process.pid); setInterval(() => {}, 1000);`);
    const script = `import { runBench } from ${JSON.stringify(join(ROOT, 'dist/engine/cli/bench.js'))}; process.exit(await runBench(['allocation'], ${JSON.stringify(root)}));`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const closed = once(child, 'close');
    const [pid] = await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect((await closed)[0]).toBe(143);
    expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH');
  });

  test('the package brings all that the suite is run from', () => {
    const args = ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error'];
    const { status, stdout, stderr } = spawnSync('npm', args, { cwd: ROOT, encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
    const packed = new Set(files.map(({ path }) => path));
    const tracked = spawnSync('git', ['ls-files', '-co', '--exclude-standard', 'bench'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    const wanted = tracked.stdout
      .trim()
      .split('\n')
      .filter((name) => existsSync(join(ROOT, name)) && !/(^|\/)(\.gitignore|RESULTS\.md)$|\.svg$/.test(name))
      .map((name) => (name.endsWith('.ts') ? `dist/${name.slice(0, -3)}.js` : name));
    expect(wanted.length).toBeGreaterThan(50);
    expect(wanted.filter((name) => !packed.has(name))).toEqual([]);
    expect([...packed].filter((name) => /^bench\/(peers\/node_modules|load\/build)\//.test(name))).toEqual(
      [],
    );
  });
});
