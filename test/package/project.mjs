// Empty projects in a temporary folder outside of the checkout, and what is typed in them: npm, npx and node, in an
// environment that nothing of a surrounding npm reaches, with the PATH as it is or with one that has no compiler.

import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';

/** No install may hang: the longest is one whose scripts wait for a network that does not answer. */
const INSTALL_MS = 300_000;
const SERVE_MS = 30_000;
/** What npm ends with when neither its cache nor a registry has what it wants. */
const UNREACHABLE =
  /\b(ENOTCACHED|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT)\b/;
/** What Node, npm and npx need to start; a compiler is not among it. */
const BARE = ['npm', 'npx', 'env', 'sh'];

/** Everything below it belongs to this run; whoever imports this takes it away in the end. */
export const folder = realpathSync(mkdtempSync(join(tmpdir(), 'firn-package-')));

/** No variable of a surrounding npm, and no compiler but that of the PATH. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_|^(CC|CXX|PYTHON)$|^FIRN_/.test(name)),
);

/** Whether a command is to be found through PATH. */
export function has(command) {
  return pathOf(command) !== undefined;
}

function pathOf(command) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((each) => join(each, command)).find(existsSync);
}

/** Makes a PATH that has Node and npm and no compiler. */
export function barePath() {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, 'node'));
  for (const command of BARE.filter(has)) symlinkSync(pathOf(command), join(bin, command));
  return bin;
}

/** Runs a command; its exit code (null when it was stopped after `timeout` milliseconds) and its words. */
export function run(cwd, command, args, { path = process.env.PATH, timeout } = {}) {
  const env = { ...environment, PATH: path };
  const stdio = ['ignore', 'pipe', 'pipe'];
  const done = spawnSync(command, args, { cwd, env, stdio, timeout, encoding: 'utf8' });
  const stderr = `${done.stderr ?? ''}${done.error?.message ?? ''}`;
  return { status: done.status, stdout: done.stdout ?? '', stderr };
}

/** Runs the command `firn` of a project as its user would; `--no`: never one from a registry. */
export function firn(project, args, options) {
  return run(project, 'npx', ['--no', '--loglevel=error', '--', 'firn', ...args], options);
}

/** Packs a checkout into the folder. @returns the tarball's path. Throws an Error with npm's words. */
export function pack(root) {
  const packed = run(root, 'npm', ['pack', '--pack-destination', folder]);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (packed.status === 0 && tarball !== undefined) return join(folder, tarball);
  throw new Error(`npm pack: exit ${packed.status}\n${packed.stdout}${packed.stderr}`);
}

/**
 * Makes an empty project and installs the tarball into it: from npm's cache, and where that lacks something, from the
 * registry. `unreachable` is true when it failed because there is neither.
 */
export function install(name, tarball, flags, options = {}) {
  const project = join(folder, name);
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name, private: true, type: 'module' }));
  const args = ['install', ...flags, '--no-audit', '--no-fund', tarball];
  let done = run(project, 'npm', [...args, '--offline'], { ...options, timeout: INSTALL_MS });
  if (done.status !== 0) {
    const patience = ['--prefer-offline', '--fetch-retries=1', '--fetch-retry-mintimeout=1000'];
    done = run(project, 'npm', [...args, ...patience], { ...options, timeout: INSTALL_MS });
  }
  const unreachable = done.status !== 0 && UNREACHABLE.test(`${done.stdout}${done.stderr}`);
  return { project, done, unreachable };
}

/** Starts `firn serve` in a project, and stops it as soon as it has said something. @returns its first line and exit code */
export async function serve(project, path) {
  const main = join(project, 'node_modules/firn-engine/dist/engine/cli/main.js');
  const args = [main, 'serve', '--port', '0', '--data', 'data-serve'];
  const env = { ...environment, PATH: path };
  const child = spawn(process.execPath, args, { cwd: project, env, stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const limit = setTimeout(() => child.kill('SIGKILL'), SERVE_MS);
  let first = '';
  for await (const line of createInterface({ input: child.stdout })) {
    if (first === '') child.kill('SIGTERM');
    first ||= line;
  }
  const code = await ended;
  clearTimeout(limit);
  return { first, code };
}
