// Builds the native codec beside its sources: node native/build.mjs. Plain JavaScript, Node's own modules only: setup
// runs it before firn itself is built. Exit 0 = built, 1 = not; then the last line says why, and firn runs all the same,
// with its portable codec. It touches nothing outside this folder, and needs no network where Node has its headers beside it.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const LOG = join(HERE, 'build', 'build.log');

function fail(why) {
  console.log(`native codec: not built: ${why}`);
  process.exit(1);
}

function works(command, args) {
  return spawnSync(command, args, { stdio: 'ignore', shell: process.platform === 'win32' }).status === 0;
}

/** node-gyp comes inside npm; npm tells the scripts it runs where it is. */
function findNodeGyp() {
  const prefix = dirname(dirname(process.execPath));
  const packages = [
    ...(process.env.npm_execpath?.endsWith('npm-cli.js') ? [dirname(dirname(process.env.npm_execpath))] : []),
    join(prefix, 'lib/node_modules/npm'),
    join(prefix, 'share/nodejs/npm'),
    join(dirname(process.execPath), 'node_modules/npm'),
    ...npmsOfPath(),
    ...npmRoot(),
  ];
  return packages.map((npm) => join(npm, 'node_modules/node-gyp/bin/node-gyp.js')).find(existsSync);
}

/** Where the commands `npm` of the PATH lie: also beside another Node than this one, for which npm names another root. */
function npmsOfPath() {
  const commands = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'npm'));
  return commands.filter(existsSync).map((command) => dirname(dirname(realpathSync(command))));
}

function npmRoot() {
  const options = { encoding: 'utf8', shell: process.platform === 'win32' };
  const { status, stdout } = spawnSync('npm', ['root', '--global'], options);
  return status === 0 ? [join(stdout.trim(), 'npm')] : [];
}

/**
 * The sources of libzstd, as a package brings them: its own install script and build are not needed.
 * Resolved as Node does, so that it may lie in the node_modules of whoever depends on firn. Null: the addon has no zstd.
 */
function findZstd() {
  try {
    const folder = join(
      dirname(createRequire(import.meta.url).resolve('zstd-napi/package.json')),
      'deps/zstd/lib',
    );
    if (existsSync(join(folder, 'zstd.h'))) return folder.replaceAll('\\', '/');
  } catch {
    // not installed
  }
  return null;
}

const compiler = process.env.CXX?.split(' ')[0] ?? 'c++';
if (process.platform !== 'win32') {
  if (!works(compiler, ['--version'])) {
    fail(`no C++ compiler: ${compiler} does not start; install g++ or clang++, or name one in CXX`);
  }
  if (!works('make', ['--version'])) fail('no make: install it, as the compiler is there');
  const pythons = ['python3', 'python', process.env.PYTHON ?? process.env.npm_config_python ?? 'python3'];
  if (!pythons.some((each) => works(each, ['--version']))) fail('no python3: install it, node-gyp needs it');
}
const nodeGyp = findNodeGyp();
if (nodeGyp === undefined) fail('no node-gyp: it comes with npm, so install npm');
const prefix = dirname(dirname(process.execPath));
const headers = existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : [];
const zstd = findZstd();
const options = [...headers, ...(zstd === null ? [] : [`--zstd_sources=${zstd}`])];
const { status, stdout, stderr } = spawnSync(process.execPath, [nodeGyp, 'rebuild', '-j', '2', ...options], {
  cwd: HERE,
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
});
mkdirSync(dirname(LOG), { recursive: true });
writeFileSync(LOG, `${stdout}\n${stderr}`);
if (status !== 0) fail(`see ${LOG}`);
if (zstd === null)
  console.log(
    'native codec: built without zstd: the package zstd-napi, whose sources it takes, is not installed; ' +
      'npm install --ignore-scripts brings it, then build again',
  );
