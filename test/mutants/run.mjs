// Does the campaign bite? Plants one bug at a time into a copy of the checkout and runs the tests that must catch it. A run
// that hangs counts as caught, and says so. Exit code 1 when a bug survives, when a text to replace is not there any more,
// or when the tests fail without any bug.
//
//   node test/mutants/run.mjs [--only NAME,NAME] [--list] [--json] [--seconds 120] [--jobs 1]

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
    jobs: { type: 'string', default: '1' },
  },
});
const say = (line) => (values.json ? undefined : console.log(line));

/** A copy of the files under version control; packages and compiled code are taken over. */
function copyCheckout(to) {
  mkdirSync(to);
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
  return to;
}

/** Runs a program of the checkout in a process group of its own, which is ended whole when it takes too long. */
async function node(cwd, args, seconds, env = {}) {
  const stdio = ['ignore', 'pipe', 'pipe'];
  const child = spawn(process.execPath, args, {
    cwd,
    detached: true,
    stdio,
    env: { ...process.env, ...env },
  });
  const told = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => {
      told[name] = (told[name] + text).slice(-20_000);
    });
  }
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    process.kill(-child.pid, 'SIGKILL');
  }, 1000 * seconds);
  const [status] = await once(child, 'close');
  clearTimeout(timer);
  return { status, late, ...told };
}

/** Compiles what has changed: threads and commands run from there. Types do not matter to a bug. */
async function compile(copy) {
  await node(copy, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'], 300);
}

/** What only the tests with these words in their names match. */
const patternOf = (only) => only?.replaceAll(/[^\w\s]/g, '.');

/** Runs test files, or `only` the tests of them that match it. @returns null when all pass, else the name of the first that does not. */
async function firstFailure(copy, tests, seconds, only) {
  if (tests.length === 0) return null;
  const report = join(copy, '.mutant.json');
  rmSync(report, { force: true });
  const options = [
    '--bail=1',
    '--maxWorkers=1',
    '--testTimeout=20000',
    '--reporter=json',
    `--outputFile=${report}`,
    ...(only === undefined ? [] : ['-t', only]),
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

/** Runs a campaign of `dist/test`. @returns null when it finds nothing, else the first fault. */
async function firstFault(copy, campaign, seconds) {
  const [program, ...args] = campaign;
  // What it keeps of a fault goes with the copy.
  const scratch = join(copy, '.scratch');
  mkdirSync(scratch, { recursive: true });
  const env = { TMPDIR: scratch };
  const { status, late, stdout, stderr } = await node(copy, [join('dist', program), ...args], seconds, env);
  rmSync(scratch, { recursive: true, force: true });
  if (late) return `(hangs: ended after ${seconds} s)`;
  // Without a C compiler there is no shim: nothing was looked at.
  if (status === 0) return null;
  const fault = /^FAULT (.*)$/m.exec(stdout)?.[1] ?? stderr;
  return `${program.replace(/\.js$/, '')}: ${fault.slice(0, 160)}`;
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

const plantedIn = (root, { file, edits }) => planted(readFileSync(join(root, file), 'utf8'), edits);

async function run(copy, mutant, seconds) {
  const { name, file, tests, only, campaign } = mutant;
  const path = join(copy, file);
  const original = readFileSync(path, 'utf8');
  const text = plantedIn(copy, mutant);
  if (text === null)
    return { name, outcome: 'STALE', by: `${file} does not hold the text exactly once`, seconds: 0 };
  const began = performance.now();
  try {
    writeFileSync(path, text);
    await compile(copy);
    const by =
      campaign === undefined
        ? await firstFailure(copy, tests, seconds, patternOf(only))
        : await firstFault(copy, campaign, 3 * seconds);
    const took = Math.round((performance.now() - began) / 100) / 10;
    return { name, outcome: by === null ? 'SURVIVED' : 'caught', by: by ?? '', seconds: took };
  } finally {
    writeFileSync(path, original);
  }
}

/** Test files, each with the tests of it that are wanted: a pattern, or undefined where all are. */
function wanted(chosen) {
  const files = new Map();
  for (const { tests, only } of chosen)
    for (const file of tests) files.set(file, [...(files.get(file) ?? []), patternOf(only)]);
  return [...files].map(([file, patterns]) => ({
    file,
    only: patterns.includes(undefined) ? undefined : [...new Set(patterns)].join('|'),
  }));
}

/** What fails in the checkout as it is, or null: campaigns one after the other, test files over all copies. */
async function soundness(copies, chosen, seconds) {
  const files = wanted(chosen);
  const failures = await Promise.all(
    copies.map(async (copy, job) => {
      const own = files.filter((_file, i) => i % copies.length === job);
      const whole = own.filter(({ only }) => only === undefined).map(({ file }) => file);
      let failure = await firstFailure(copy, whole, 20 * seconds);
      for (const { file, only } of own)
        if (only !== undefined) failure ??= await firstFailure(copy, [file], 20 * seconds, only);
      return failure;
    }),
  );
  for (const { campaign } of chosen)
    if (campaign !== undefined) failures.push(await firstFault(copies[0], campaign, 3 * seconds));
  say(`${files.length} test files looked at without any bug`);
  return failures.find((failure) => failure !== null) ?? null;
}

function tell({ outcome, name, seconds, by }) {
  say(`${outcome.padEnd(8)} ${name.padEnd(28)} ${String(seconds).padStart(6)} s  ${by}`);
}

const chosen = MUTANTS.filter(
  ({ name }) => values.only === undefined || values.only.split(',').includes(name),
);
if (values.list) {
  for (const each of chosen) {
    const stale = plantedIn(ROOT, each) === null;
    if (stale) process.exitCode = 1;
    console.log(`${stale ? 'STALE ' : ''}${each.name.padEnd(28)} ${each.what} (${each.file})`);
  }
} else {
  const folder = mkdtempSync(join(tmpdir(), 'firn-mutants-'));
  const results = [];
  try {
    if (chosen.length === 0) throw new Error('no such mutant');
    const first = copyCheckout(join(folder, '0'));
    await compile(first);
    const copies = [first];
    for (let job = 1; job < Number(values.jobs); job += 1) {
      const copy = copyCheckout(join(folder, String(job)));
      await compile(copy);
      copies.push(copy);
    }
    const sound = await soundness(copies, chosen, Number(values.seconds));
    if (sound !== null) throw new Error(`without any bug: ${sound}`);
    const left = [...chosen];
    await Promise.all(
      copies.map(async (copy) => {
        for (let next = left.shift(); next !== undefined; next = left.shift()) {
          const result = { ...(await run(copy, next, Number(values.seconds))), what: next.what };
          results.push(result);
          tell(result);
        }
      }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const missed = results.filter(({ outcome }) => outcome !== 'caught');
  if (values.json) console.log(JSON.stringify(results));
  say(`${results.length - missed.length} of ${results.length} caught`);
  for (const { outcome, name, what, by } of missed) say(`${outcome}: ${name}: ${what} ${by}`);
  process.exitCode = missed.length === 0 ? 0 : 1;
}
