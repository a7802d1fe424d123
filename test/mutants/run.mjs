// Does the campaign bite? Plants one bug at a time into a copy of the checkout and runs the tests that must catch it. A run
// that hangs counts as caught, and says so. Exit code 1 when a bug survives, when a text to replace is not there any more,
// or when the tests fail without any bug.
//
//   node test/mutants/run.mjs [--only NAME,NAME] [--list] [--json] [--seconds 120]

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { MUTANTS } from './mutants.mjs';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    list: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '120' },
  },
});
const say = (line) => (values.json ? undefined : console.log(line));

/** A copy of the files under version control; packages and compiled code are taken over. */
function copyCheckout(to) {
  const listed = spawnSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: ROOT, encoding: 'utf8' });
  if (listed.status !== 0) throw new Error(`git ls-files: ${listed.stderr}`);
  for (const name of listed.stdout
    .split('\n')
    .filter((each) => each !== '' && existsSync(join(ROOT, each)))) {
    mkdirSync(dirname(join(to, name)), { recursive: true });
    cpSync(join(ROOT, name), join(to, name));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(to, 'node_modules'));
  for (const folder of ['dist', 'native/build'])
    if (existsSync(join(ROOT, folder))) cpSync(join(ROOT, folder), join(to, folder), { recursive: true });
  // Some tests ask git which files there are.
  spawnSync('sh', ['-c', 'git init -q && git add -A'], { cwd: to });
}

/** Runs a program of the checkout in a process group of its own, which is ended whole when it takes too long. */
async function node(cwd, args, seconds) {
  const child = spawn(process.execPath, args, { cwd, detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr = (stderr + text).slice(-2000);
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    process.kill(-child.pid, 'SIGKILL');
  }, 1000 * seconds);
  const [status] = await once(child, 'exit');
  clearTimeout(timer);
  return { status, late, stderr };
}

/** Compiles what has changed: threads and commands run from there. Types do not matter to a bug. */
async function compile(copy) {
  await node(copy, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'], 300);
}

/** Runs test files. @returns null when all pass, else the name of the first test that does not. */
async function firstFailure(copy, tests, seconds) {
  const report = join(copy, '.mutant.json');
  rmSync(report, { force: true });
  const options = [
    '--bail=1',
    '--maxWorkers=1',
    '--testTimeout=30000',
    '--reporter=json',
    `--outputFile=${report}`,
  ];
  const { status, late, stderr } = await node(
    copy,
    ['node_modules/vitest/vitest.mjs', 'run', ...options, ...tests],
    seconds,
  );
  if (late) return `(hangs: ended after ${seconds} s)`;
  if (status === 0) return null;
  const { testResults = [] } = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : {};
  const failed = testResults
    .flatMap((file) => file.assertionResults)
    .find((test) => test.status === 'failed');
  const broken = testResults.find((file) => file.status === 'failed');
  return failed?.fullName ?? broken?.message.split('\n')[0] ?? `(exit ${status}) ${stderr.slice(0, 200)}`;
}

/** The file with the bug in it; null when a text is not there exactly once. */
function planted(text, edits) {
  let changed = text;
  for (const { find, put } of edits) {
    if (changed.split(find).length !== 2) return null;
    changed = changed.replace(find, () => put);
  }
  return changed;
}

async function run(copy, { name, file, edits, tests }, seconds) {
  const path = join(copy, file);
  const original = readFileSync(path, 'utf8');
  const text = planted(original, edits);
  if (text === null)
    return { name, outcome: 'STALE', by: `${file} does not hold the text exactly once`, seconds: 0 };
  const began = performance.now();
  try {
    writeFileSync(path, text);
    await compile(copy);
    const by = await firstFailure(copy, tests, seconds);
    const took = Math.round((performance.now() - began) / 100) / 10;
    return { name, outcome: by === null ? 'SURVIVED' : 'caught', by: by ?? '', seconds: took };
  } finally {
    writeFileSync(path, original);
  }
}

const chosen = MUTANTS.filter(
  ({ name }) => values.only === undefined || values.only.split(',').includes(name),
);
if (values.list) {
  for (const { name, what, file } of chosen) console.log(`${name.padEnd(26)} ${what} (${file})`);
} else {
  const copy = mkdtempSync(join(tmpdir(), 'firn-mutants-'));
  const results = [];
  try {
    copyCheckout(copy);
    await compile(copy);
    const tests = [...new Set(chosen.flatMap((each) => each.tests))];
    const sound =
      chosen.length === 0 ? 'no such mutant' : await firstFailure(copy, tests, 20 * Number(values.seconds));
    if (sound !== null) throw new Error(`without any bug: ${sound}`);
    say(`${tests.length} test files pass without any bug`);
    for (const each of chosen) {
      const result = await run(copy, each, Number(values.seconds));
      results.push({ ...result, what: each.what });
      say(
        `${result.outcome.padEnd(8)} ${result.name.padEnd(26)} ${String(result.seconds).padStart(6)} s  ${result.by}`,
      );
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
  const left = results.filter(({ outcome }) => outcome !== 'caught');
  if (values.json) console.log(JSON.stringify(results));
  say(`${results.length - left.length} of ${results.length} caught`);
  for (const { outcome, name, what, by } of left) say(`${outcome}: ${name}: ${what} ${by}`);
  process.exitCode = left.length === 0 ? 0 : 1;
}
