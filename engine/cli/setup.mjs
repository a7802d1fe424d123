// Makes a checkout ready to run: installs when the installed packages are not those of package-lock.json, builds when the
// built files are not those of the sources. Says nothing when there is nothing to do, one line per step otherwise. Plain
// JavaScript, Node's own modules only: it runs before anything is installed. It touches nothing outside the checkout, and
// two at once are safe: the second waits for the first.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const MODULES = join(ROOT, 'node_modules');
const DIST = join(ROOT, 'dist');
const LOCK = join(DIST, '.setup-lock');
const INSTALLED = join(MODULES, '.firn-installed');
const BUILT = join(DIST, '.built');
const NATIVE = join(ROOT, 'native');
const NATIVE_TRIED = join(NATIVE, 'build', '.tried');
const NODE_LEAST = [20, 19];
const SOURCE_FOLDERS = ['engine', 'workers', 'bench', 'test'];
const POLL_MS = 200;

function fail(message) {
  console.error(message);
  process.exit(1);
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [leastMajor, leastMinor] = NODE_LEAST;
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return;
  fail(`firn needs Node ${NODE_LEAST.join('.')} or later; this is Node ${process.versions.node}`);
}

/** Milliseconds of the last change; 0 when there is no such file. */
function changed(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** What is installed belongs to this lock file. Its content decides where its time does not: a checkout touches it. */
function lockHash() {
  return createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex');
}

function mustInstall() {
  const marker = join(MODULES, '.package-lock.json');
  if (!existsSync(marker)) return true;
  if (changed(marker) >= changed(join(ROOT, 'package-lock.json'))) return false;
  return !existsSync(INSTALLED) || readFileSync(INSTALLED, 'utf8') !== lockHash();
}

function install() {
  console.log('setup: installing packages (npm install)');
  // npm tells the scripts it runs where it is itself; a shell finds it where firn was not started by npm.
  const npm = process.env.npm_execpath;
  // `npm ci` refuses a lock that does not name the optional packages of every platform, which a registry mirror may not
  // have; with --no-save the lock still pins versions and integrity, and is not rewritten.
  // No package needs its install script: of zstd-napi only the sources are used.
  const flags = ['--include=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const args = ['install', '--no-save', ...flags];
  const options = { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] };
  const { status } = npm?.endsWith('npm-cli.js')
    ? spawnSync(process.execPath, [npm, ...args], options)
    : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' });
  if (status !== 0) {
    fail(
      'setup: npm install failed, see above. Without a network: run it in a copy of this checkout on a machine that has\n' +
        'one (same system, same Node version) and copy its node_modules here, or fill npm’s cache there and run\n' +
        '`npm install --no-save --offline` here.',
    );
  }
  writeFileSync(INSTALLED, lockHash());
}

/** Time of the newest source, and the list of all: a file that came or went counts as a change. */
function sources() {
  const names = ['tsconfig.json', 'package-lock.json'];
  for (const folder of SOURCE_FOLDERS) {
    if (!existsSync(join(ROOT, folder))) continue;
    for (const entry of readdirSync(join(ROOT, folder), { recursive: true })) {
      // The peers of the bench have packages of their own, with types in them.
      if (entry.endsWith('.ts') && !entry.includes('node_modules')) names.push(join(folder, entry));
    }
  }
  names.sort();
  return { list: names.join('\n'), newest: Math.max(...names.map((name) => changed(join(ROOT, name)))) };
}

function mustBuild() {
  if (!existsSync(BUILT) || !existsSync(join(DIST, 'engine/cli/main.js'))) return true;
  const { list, newest } = sources();
  return newest > changed(BUILT) || readFileSync(BUILT, 'utf8') !== list;
}

/** Takes away what was compiled from sources that are gone: it would run, and be packed, for ever. */
function sweep() {
  for (const folder of SOURCE_FOLDERS.filter((each) => existsSync(join(DIST, each)))) {
    for (const entry of readdirSync(join(DIST, folder), { recursive: true })) {
      const source = entry.replace(/\.(js|js\.map|d\.ts)$/, '.ts');
      if (source !== entry && !existsSync(join(ROOT, folder, source))) rmSync(join(DIST, folder, entry));
    }
  }
}

function build() {
  console.log('setup: building (tsc)');
  // The mark bears the time before the build: what changes meanwhile is newer than it.
  const began = new Date();
  const { list } = sources();
  const tsc = join(MODULES, 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.json'], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  if (status !== 0) fail('setup: the build failed, see above');
  sweep();
  writeFileSync(BUILT, list);
  utimesSync(BUILT, began, began);
}

/** The native codec's sources, as above, and whether those of libzstd are installed; null in a checkout without them. */
function nativeSources() {
  if (!existsSync(join(NATIVE, 'build.mjs'))) return null;
  const names = readdirSync(NATIVE).filter((name) => /\.(cc?|h|gyp|mjs)$/.test(name));
  names.sort();
  const zstd = existsSync(join(MODULES, 'zstd-napi')) ? ['zstd'] : [];
  return {
    list: [...names, ...zstd].join('\n'),
    newest: Math.max(...names.map((name) => changed(join(NATIVE, name)))),
  };
}

/** Once for each state of the sources: what could not be built is not tried again at every start. */
function mustBuildNative() {
  const found = nativeSources();
  if (found === null) return false;
  if (!existsSync(NATIVE_TRIED)) return true;
  return found.newest > changed(NATIVE_TRIED) || readFileSync(NATIVE_TRIED, 'utf8') !== found.list;
}

/** Builds the native codec. Where that cannot be done the script says why in a line, and firn runs without it. */
function buildNative() {
  console.log('setup: building the native codec');
  const began = new Date();
  const { list } = nativeSources();
  spawnSync(process.execPath, [join(NATIVE, 'build.mjs')], { cwd: ROOT, stdio: 'inherit' });
  mkdirSync(dirname(NATIVE_TRIED), { recursive: true });
  writeFileSync(NATIVE_TRIED, list);
  utimesSync(NATIVE_TRIED, began, began);
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Takes away the lock of a process that is gone. Renaming lets exactly one of several do it. */
function breakLock(holder) {
  const aside = `${LOCK}.${process.pid}`;
  try {
    renameSync(LOCK, aside);
    // Between the look and the rename the lock may have become another's: then it goes back.
    if (readFileSync(aside, 'utf8') !== holder) linkSync(aside, LOCK);
  } catch {
    // another process was first
  }
  rmSync(aside, { force: true });
}

function tryLock() {
  const mine = `${LOCK}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    // A link appears with its content, so nobody ever reads a lock without a holder.
    linkSync(mine, LOCK);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(mine, { force: true });
  }
}

function sleep(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Runs `steps` while no other setup of this checkout runs. */
function alone(steps) {
  mkdirSync(DIST, { recursive: true });
  for (let told = false; !tryLock(); ) {
    let holder = '';
    try {
      holder = readFileSync(LOCK, 'utf8');
    } catch {
      continue;
    }
    if (!alive(Number(holder))) {
      breakLock(holder);
      continue;
    }
    if (!told) console.log(`setup: waiting for another setup (process ${holder})`);
    told = true;
    sleep(POLL_MS);
  }
  const release = () => rmSync(LOCK, { force: true });
  process.once('exit', release);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
  steps();
  process.removeListener('exit', release);
  release();
}

checkNode();
if (mustInstall() || mustBuild() || mustBuildNative()) {
  alone(() => {
    if (mustInstall()) install();
    if (mustBuild()) build();
    if (mustBuildNative()) buildNative();
  });
}
