// What `npm test` runs after setup: build with types, lint, all vitest suites, the unit tests and half a minute of each fuzz
// target of the native codec, a short crash run and a shorter one on S3, a few faults in system calls, short outage drills,
// the S3 sink on a real server where one is installed, the package in empty projects, and the README's commands in a fresh
// clone. Each step that is not a suite counts as one test, each fuzz target too. What was skipped and what failed is told by
// name at the end, where it is still read in a log of which only the end is kept. The last line is always
// `N passed, N failed`, with `, N skipped` where so.
//
//   node test/run.mjs [--only build,lint,unit,native,fuzz,crash,drill,services,package,newcomer,guard]

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { programs } from './postgres/start.mjs';
import { missingPackages } from './radosgw/start.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const CRASH = join(ROOT, 'dist/test/crash/run.js');
const CAPTURES = join(ROOT, 'dist/test/crash/captures.js');
const SYSCALLS = join(ROOT, 'dist/test/crash/syscalls.js');
const CRASH_ROUNDS = '5';
const CRASH_S3_ROUNDS = '2';
const CAPTURES_ROUNDS = '2';
const SYSCALL_ROWS = '12';
const DRILL = join(ROOT, 'dist/test/drill/outage.js');
const DRILL_SECONDS = '6';
const FUZZ_SECONDS = '30';

const total = { passed: 0, failed: [], skipped: [] };

/** Runs one program of the checkout in this terminal; its exit code, 1 when a signal ended it. */
function node(args, env = {}) {
  const options = { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...env } };
  return spawnSync(process.execPath, args, options).status ?? 1;
}

function step(name, args) {
  console.log(`\n== ${name}`);
  const status = node(args);
  if (status === 0) total.passed += 1;
  else total.failed.push({ name, reason: `exit ${status}` });
}

function readCounts(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

/** Adds what a run of tests counted. A run that failed without saying which test did counts as a failed one itself. */
function add(name, status, counts) {
  total.passed += counts?.passed ?? 0;
  total.skipped.push(...(counts?.skipped ?? []));
  const failed = counts?.failed ?? [];
  const errors = counts?.errors ?? [];
  total.failed.push(...failed, ...errors.map((reason) => ({ name, reason })));
  const empty = counts === null || counts.passed + failed.length + (counts.skipped ?? []).length === 0;
  if ((status !== 0 || empty) && failed.length + errors.length === 0)
    total.failed.push({ name, reason: empty ? `exit ${status}, no test has run` : `exit ${status}` });
}

function unit(folder) {
  console.log('\n== unit, model and fault tests (vitest)');
  const file = join(folder, 'vitest.json');
  const reporters = ['--reporter=default', '--reporter=./test/reporter.mjs'];
  const status = node(['node_modules/vitest/vitest.mjs', 'run', ...reporters], { FIRN_TEST_COUNTS: file });
  add('vitest', status, readCounts(file));
}

/** Runs a script that prints `{"passed":n,"failed":n}` as one of its lines. */
async function script(name, args) {
  console.log(`\n== ${name}`);
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  let counts = null;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('{"passed":')) counts = JSON.parse(line);
    else console.log(line);
  }
  // It printed which; here they are as many as it counted.
  if (counts !== null)
    counts.failed = Array.from({ length: counts.failed }, () => ({ name, reason: 'see above' }));
  if (child.exitCode === null) await once(child, 'exit');
  add(name, child.exitCode ?? 1, counts);
}

/** The tests against a real S3 server, where its packages are installed. */
async function services() {
  const name = 'a real S3 server (radosgw)';
  const missing = missingPackages();
  if (missing.length === 0) await script(name, ['test/radosgw/run.mjs', '--json']);
  else total.skipped.push({ name, reason: `apt-get install --no-install-recommends ${missing.join(' ')}` });
}

/** A source tree without git (an unpacked archive) has nothing to clone. */
async function newcomer() {
  if (existsSync(join(ROOT, '.git')))
    return script("the README's commands in a fresh clone", ['test/newcomer.mjs']);
  total.skipped.push({ name: "the README's commands in a fresh clone", reason: 'not a git checkout' });
}

/** Ratios against their floors. It needs the load generator, which needs a compiler. */
function guard() {
  const name = 'bench guard';
  const options = { cwd: ROOT, encoding: 'utf8' };
  const built = spawnSync(process.execPath, ['bench/load/build.mjs'], options);
  if (built.status !== 0) {
    total.skipped.push({ name, reason: `${built.stdout}${built.stderr}`.trim() });
    return;
  }
  step(name, ['dist/bench/guard/main.js']);
}

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const only = values.only?.split(',') ?? [
  'build',
  'lint',
  'unit',
  'native',
  'fuzz',
  'crash',
  'drill',
  'services',
  'package',
  'newcomer',
  'guard',
];
const folder = mkdtempSync(join(tmpdir(), 'firn-test-'));
try {
  if (only.includes('build'))
    step('build and types (tsc)', ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json']);
  if (only.includes('lint')) step('lint (biome)', ['node_modules/@biomejs/biome/bin/biome', 'ci', '.']);
  // The packages of the peers, for their tests and the guard; what cannot be installed is skipped there with a word.
  if (only.includes('unit') || only.includes('guard')) {
    spawnSync(process.execPath, ['bench/peers/install.mjs'], { cwd: ROOT, stdio: 'ignore' });
  }
  if (only.includes('unit')) unit(folder);
  if (only.includes('native')) {
    await script('native unit tests under the sanitizers', ['native/test/run.mjs', '--json']);
  }
  if (only.includes('fuzz')) {
    const args = ['native/fuzz/run.mjs', '--seconds', FUZZ_SECONDS, '--jobs', '2', '--json'];
    await script(`fuzz targets, ${FUZZ_SECONDS} s each`, args);
  }
  if (only.includes('crash')) {
    await script(`crash run, ${CRASH_ROUNDS} rounds`, [CRASH, '--rounds', CRASH_ROUNDS, '--json']);
    const onS3 = ['--rounds', CRASH_S3_ROUNDS, '--store', 's3', '--json'];
    await script(`crash run on s3, ${CRASH_S3_ROUNDS} rounds`, [CRASH, ...onS3]);
    const captures = [CAPTURES, '--rounds', CAPTURES_ROUNDS, '--json'];
    await script(`crash run of captures, ${CAPTURES_ROUNDS} rounds`, captures);
    if (programs() !== null) await script('the same on PostgreSQL', [...captures, '--postgres']);
    await script(`syscall faults, ${SYSCALL_ROWS} rows`, [SYSCALLS, '--most', SYSCALL_ROWS, '--json']);
  }
  if (only.includes('drill')) {
    for (const store of ['directory', 's3']) {
      const args = [DRILL, '--seconds', DRILL_SECONDS, '--store', store, '--json'];
      await script(`outage drill on ${store}, ${DRILL_SECONDS} s`, args);
    }
  }
  if (only.includes('services')) await services();
  if (only.includes('package')) await script('the package in empty projects', ['test/package.mjs']);
  if (only.includes('newcomer')) await newcomer();
  // Last: nothing else runs while it measures.
  if (only.includes('guard')) guard();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

console.log('');
// A test that is skipped by a condition says in its name when.
for (const { name, reason } of total.skipped)
  console.log(`skipped: ${name}${reason === null ? '' : ` (${reason})`}`);
for (const { name, reason } of total.failed) console.log(`failed: ${name} (${reason})`);
const skipped = total.skipped.length === 0 ? '' : `, ${total.skipped.length} skipped`;
console.log(`${total.passed} passed, ${total.failed.length} failed${skipped}`);
process.exitCode = total.failed.length === 0 ? 0 : 1;
