// Builds the load generator beside its sources: node bench/load/build.mjs [--sanitize]. Plain JavaScript, Node's own
// modules only. Does nothing when the program is newer than every source; of several at once, one compiles and the others
// wait for it. Exit 0 = it is there, 1 = not; then one line says why.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const sanitize = process.argv.includes('--sanitize');
const program = join(HERE, 'build', sanitize ? 'firn-load-sanitized' : 'firn-load');

function fail(why) {
  console.error(`load generator: not built: ${why}`);
  process.exit(1);
}

function changed(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Holds a folder of that name until the process ends. One that is older than any compilation was left by a crash. */
function lock(path) {
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    try {
      mkdirSync(path);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (Date.now() - changed(path) > 300_000) rmSync(path, { recursive: true, force: true });
      Atomics.wait(sleeper, 0, 0, 100);
    }
  }
  process.once('exit', () => rmSync(path, { recursive: true, force: true }));
}

const files = readdirSync(HERE).filter((name) => /\.(cc|h|mjs)$/.test(name));
const newest = Math.max(...files.map((name) => changed(join(HERE, name))));
const done = () => changed(program) > newest;
if (done()) process.exit(0);
if (process.platform !== 'linux') fail('it needs Linux (epoll)');

const [compiler, ...before] = (process.env.CXX ?? 'c++').split(' ').filter((word) => word !== '');
if (spawnSync(compiler, [...before, '--version'], { stdio: 'ignore' }).status !== 0) {
  fail(`no C++ compiler (${compiler}): on Debian and Ubuntu, apt install g++`);
}
const flags = sanitize
  ? ['-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-D_GLIBCXX_ASSERTIONS']
  : ['-O3'];
const warnings = ['-Wall', '-Wextra', '-Wconversion'];
const sources = files.filter((name) => name.endsWith('.cc'));
mkdirSync(dirname(program), { recursive: true });
lock(`${program}.lock`);
if (done()) process.exit(0);
// Beside the place and then into it: who runs it meanwhile has the old one or the new one whole.
const made = `${program}.${process.pid}`;
const args = [...before, '-std=c++20', ...flags, ...warnings, ...sources, '-o', made];
const { status, stderr } = spawnSync(compiler, args, { cwd: HERE, encoding: 'utf8' });
if (stderr !== '') process.stderr.write(stderr);
if (status !== 0) fail(`${compiler} ended with ${status}`);
renameSync(made, program);
