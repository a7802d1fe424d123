// Fuzzes the kernels in native/ with libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer:
//
//   node native/fuzz/run.mjs [--seconds N] [--target NAME,…] [--jobs N] [--json]
//
// N seconds (60) for each target, `jobs` targets (1) at a time. What it finds worth keeping stays in native/fuzz/finds for
// the next run. Exit 1 when an input breaks something: then its file and the command that shows it again are printed.
// Without clang's fuzzer it says so, with what to install, and exits 0 with the word "skipped".

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { Build, findCompiler, INSTALL, inParallel, kernels, NATIVE } from '../test/toolchain.mjs';
import { TARGETS, writeSeeds } from './seeds.mjs';

const HERE = join(NATIVE, 'fuzz');
const BUILD = join(HERE, 'build');
const SANITIZERS = ['-fsanitize=fuzzer,address,undefined', '-fno-sanitize-recover=all'];
const COMPILE = ['-O2', '-fsanitize=fuzzer-no-link,address,undefined', '-fno-sanitize-recover=all'];
const PROBE =
  '#include <cstddef>\nextern "C" int LLVMFuzzerTestOneInput(const unsigned char*, size_t) { return 0; }\n';
const MAX_INPUT_BYTES = 4096;
const MAX_INPUT_SECONDS = 20;
/** Freed areas are kept back for a while, to see who uses them: a few MB do for inputs this small, and are much quicker. */
const ENVIRONMENT = { ...process.env, ASAN_OPTIONS: 'quarantine_size_mb=16' };

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    target: { type: 'string' },
    jobs: { type: 'string', default: '1' },
    json: { type: 'boolean' },
  },
});

async function buildTargets(compiler, targets) {
  const build = new Build(BUILD, compiler, COMPILE, Number(values.jobs));
  const shared = await build.compile(kernels());
  if (shared === null) return null;
  const programs = await inParallel(targets, Number(values.jobs), async (target) => {
    const own = await build.compile([join(HERE, `${target}.cc`)]);
    return own && build.link(`fuzz-${target}`, [...own, ...shared], SANITIZERS);
  });
  return programs.every(Boolean) ? programs : null;
}

/** Runs one target for its time. @returns true when nothing broke. */
async function fuzz(target, program) {
  const finds = join(HERE, 'finds', target);
  const broken = join(HERE, 'finds', `${target}-broken`);
  const seeds = join(BUILD, `seeds-${target}`);
  for (const folder of [finds, broken]) mkdirSync(folder, { recursive: true });
  writeSeeds(target, seeds);
  const before = new Set(readdirSync(broken));
  const args = [
    `-max_total_time=${values.seconds}`,
    `-max_len=${MAX_INPUT_BYTES}`,
    `-timeout=${MAX_INPUT_SECONDS}`,
    `-dict=${join(HERE, 'json.dict')}`,
    `-artifact_prefix=${broken}/`,
    '-print_final_stats=1',
    finds,
    seeds,
  ];
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: ENVIRONMENT });
  const ended = once(child, 'exit');
  const found = { executions: 0, coverage: '?', features: '?' };
  const last = [];
  for await (const line of createInterface({ input: child.stderr })) {
    const seen = /cov: (\d+) ft: (\d+)/.exec(line);
    if (seen !== null) [, found.coverage, found.features] = seen;
    found.executions = Number(/^stat::number_of_executed_units:\s*(\d+)/.exec(line)?.[1] ?? found.executions);
    if (seen === null) last.push(line);
    if (last.length > 60) last.shift();
  }
  const [code] = await ended;
  const kept = readdirSync(finds).length;
  console.log(
    `${code === 0 ? 'ok    ' : 'BROKEN'} ${target}: ${found.executions} executions in ${values.seconds} s, ` +
      `${found.coverage} edges, ${found.features} features, ${kept} inputs kept`,
  );
  if (code === 0) return true;
  console.log(last.join('\n'));
  for (const name of readdirSync(broken).filter((each) => !before.has(each))) {
    const path = relative(process.cwd(), join(broken, name));
    console.log(
      `${target}: the input is ${path}; to see it again: ${relative(process.cwd(), program)} ${path}`,
    );
  }
  return false;
}

async function main() {
  const asked = process.env.CXX?.split(' ')[0];
  const candidates = [...(asked === undefined ? [] : [asked]), 'clang++', 'clang++-14'];
  const compiler = findCompiler(candidates, SANITIZERS, PROBE);
  if (compiler === null) {
    const reason = `no clang++ with libFuzzer: ${INSTALL}`;
    console.log(`skipped: fuzzing of the native codec (${reason})`);
    return { passed: 0, failed: 0, skipped: [{ name: 'fuzzing of the native codec', reason }] };
  }
  const targets = values.target?.split(',') ?? TARGETS;
  const unknown = targets.filter((target) => !TARGETS.includes(target));
  if (unknown.length > 0 || !(Number(values.seconds) > 0)) {
    console.log(`fuzz: --seconds is above 0, and --target one of ${TARGETS.join(', ')}`);
    return { passed: 0, failed: 1, skipped: [] };
  }
  const programs = await buildTargets(compiler, targets);
  if (programs === null) {
    console.log('BROKEN the targets do not build');
    return { passed: 0, failed: targets.length, skipped: [] };
  }
  const results = await inParallel(targets, Number(values.jobs), (target) =>
    fuzz(target, programs[targets.indexOf(target)]),
  );
  const passed = results.filter(Boolean).length;
  return { passed, failed: results.length - passed, skipped: [] };
}

const counts = await main();
if (values.json) console.log(JSON.stringify(counts));
process.exitCode = counts.failed === 0 ? 0 : 1;
