// Unit tests of the kernels in native/, each a program of its own under AddressSanitizer and UndefinedBehaviorSanitizer:
// node native/test/run.mjs [--only name,…] [--jobs N] [--json]. Everything is built twice: with the processor's vectors,
// and without SSE2, so that the scalar twins of the kernels are run too. One line per program; exit 1 when one fails.
// Without a compiler that has the sanitizers it says so, with what to install, and exits 0 with the word "skipped".

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { Build, findCompiler, INSTALL, inParallel, kernels, NATIVE, run } from './toolchain.mjs';

const HERE = join(NATIVE, 'test');
const SANITIZERS = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
/** -U__SSE2__ takes the kernels' own vectors away; the compiler's go on being used. */
const VARIANTS = [
  { name: 'vectors', flags: [] },
  { name: 'scalar', flags: ['-U__SSE2__'] },
];
const ENVIRONMENT = {
  ...process.env,
  ASAN_OPTIONS: 'detect_stack_use_after_return=1:strict_string_checks=1',
  UBSAN_OPTIONS: 'print_stacktrace=1',
};

const { values } = parseArgs({
  options: { only: { type: 'string' }, jobs: { type: 'string' }, json: { type: 'boolean' } },
});
const jobs = Number(values.jobs ?? availableParallelism());
const names = readdirSync(HERE)
  .filter((name) => name.endsWith('.cc'))
  .map((name) => basename(name, '.cc'))
  .filter((name) => values.only === undefined || values.only.split(',').includes(name));

/** Builds and runs every program of one variant. @returns how many failed. */
async function runVariant(compiler, { name: variant, flags }) {
  const build = new Build(join(HERE, 'build', variant), compiler, [...SANITIZERS, ...flags], jobs);
  const shared = await build.compile(kernels());
  if (shared === null) return report(`native tests, ${variant}`, false);
  const results = await inParallel(names, jobs, async (name) => {
    const own = await build.compile([join(HERE, `${name}.cc`)]);
    const program = own && (await build.link(`${name}-test`, [...own, ...shared], SANITIZERS));
    if (!program) return report(`${name}, ${variant}: does not build`, false);
    const started = performance.now();
    const code = await run(program, [], { env: ENVIRONMENT, stdio: ['ignore', 'pipe', 'inherit'] });
    const ms = Math.round(performance.now() - started);
    return report(`${name}, ${variant}, ${ms} ms`, code === 0);
  });
  return results.reduce((sum, failed) => sum + failed, 0);
}

function report(what, passed) {
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${what}`);
  return passed ? 0 : 1;
}

async function main() {
  const asked = process.env.CXX?.split(' ')[0];
  const candidates = [...(asked === undefined ? [] : [asked]), 'clang++', 'clang++-14', 'g++', 'c++'];
  const compiler = findCompiler(candidates, SANITIZERS);
  if (compiler === null) {
    const reason = `no C++ compiler with sanitizers: ${INSTALL}`;
    console.log(`skipped: native unit tests (${reason})`);
    return { passed: 0, failed: 0, skipped: [{ name: 'native unit tests', reason }] };
  }
  const version = spawnSync(compiler, ['--version'], { encoding: 'utf8' }).stdout.split('\n')[0];
  console.log(`${compiler}: ${version}`);
  let failed = names.length === 0 ? report('no such test', false) : 0;
  for (const variant of VARIANTS) failed += await runVariant(compiler, variant);
  return { passed: failed === 0 ? 1 : 0, failed: failed === 0 ? 0 : 1, skipped: [] };
}

const counts = await main();
if (values.json) console.log(JSON.stringify(counts));
process.exitCode = counts.failed === 0 ? 0 : 1;
