// Installs what the peers and bench:micro need from npm, by the lock file of this folder, and says what else is missing and
// how to get it.
// Plain JavaScript, Node's own modules only. It touches nothing outside this folder.
//
//   node bench/peers/install.mjs           the packages
//   node bench/peers/install.mjs --nats    also the NATS server of Debian 13, unpacked into .cache/: for a Debian or Ubuntu
//                                          whose own is older than 2.10

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HERE = dirname(fileURLToPath(import.meta.url));
const CACHE = join(HERE, '.cache');
const ALL_PEERS = join(HERE, '..', '..', 'dist', 'bench', 'peers', 'all.js');
const SIMDJSON = join(HERE, 'node_modules', 'simdjson', 'build', 'Release', 'simdjson.node');
const DEBIAN_RELEASE = 'trixie';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

function fail(message) {
  console.error(`install: ${message}`);
  process.exit(1);
}

function run(command, args, options = {}) {
  const done = spawnSync(command, args, {
    cwd: HERE,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    ...options,
  });
  if (done.error !== undefined) fail(`${command} cannot be run (${done.error.message})`);
  if (done.status !== 0) fail(`${command} failed, see above`);
  return done.stdout;
}

/** The command line of npm: as it was started, where it starts this. */
function npm(...args) {
  const cli = process.env.npm_execpath;
  return cli?.endsWith('npm-cli.js') ? [process.execPath, [cli, ...args]] : ['npm', args];
}

function installPackages() {
  console.log('install: packages of bench/peers (npm install)');
  // As in setup: with --no-save the lock pins versions and integrity and is not rewritten. No install script runs here.
  const flags = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  run(...npm('install', '--prefix', HERE, ...flags), { shell: process.platform === 'win32' });
}

/**
 * Runs the one install script that matters: it compiles npm simdjson, an arm of bench:micro. Unbuilt, that package hands
 * out JSON.parse under its own name, so the bench leaves it out then. Where it cannot be compiled the rest is of use.
 */
function buildSimdjson() {
  if (existsSync(SIMDJSON)) return;
  console.log('install: compiling npm simdjson (npm rebuild)');
  // node-gyp need not fetch the headers that lie beside Node.
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, 'include/node/node_api.h')) ? { npm_config_nodedir: prefix } : {};
  const flags = ['--ignore-scripts=false', '--loglevel=error', '--foreground-scripts=false'];
  const [command, args] = npm('rebuild', '--prefix', HERE, ...flags, 'simdjson');
  const env = { ...process.env, ...headers };
  const shell = process.platform === 'win32';
  const { status } = spawnSync(command, args, { cwd: HERE, stdio: 'ignore', env, shell });
  if (status === 0 && existsSync(SIMDJSON)) return;
  console.log(
    'install: npm simdjson is not built, bench:micro leaves it out: it needs a C++ compiler, make and python3;\n' +
      '    npm --prefix bench/peers rebuild simdjson     shows why',
  );
}

/** The mirror of Debian that this machine's apt uses. */
function mirror() {
  const targets = run('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages']);
  const found = targets.split('\n').find((uri) => /\/debian\/?$/.test(uri));
  return found ?? fail('apt knows no mirror of Debian here: install nats-server 2.10 or later on the PATH');
}

/** Takes one package of a newer Debian without installing it: apt works in a folder of its own. */
function fetchNats() {
  if (!existsSync(KEYRING)) fail(`${KEYRING} is missing: install the package debian-archive-keyring`);
  console.log(`install: nats-server of Debian ${DEBIAN_RELEASE} into bench/peers/.cache`);
  const apt = join(CACHE, 'apt');
  rmSync(apt, { recursive: true, force: true });
  for (const folder of ['lists/partial', 'cache/archives/partial', 'sources', 'package']) {
    mkdirSync(join(apt, folder), { recursive: true });
  }
  const source = ['Types: deb', `URIs: ${mirror()}`, `Suites: ${DEBIAN_RELEASE}`, 'Components: main'];
  writeFileSync(
    join(apt, 'sources', 'newer.sources'),
    `${[...source, `Signed-By: ${KEYRING}`].join('\n')}\n`,
  );
  const settings = {
    'Dir::Etc::sourcelist': '/dev/null',
    'Dir::Etc::sourceparts': join(apt, 'sources'),
    'Dir::State::lists': join(apt, 'lists'),
    'Dir::Cache': join(apt, 'cache'),
    // As root apt would download as another user, who may not look into this folder.
    'APT::Sandbox::User': 'root',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  run('apt-get', [...options, '-qq', 'update']);
  run('apt-get', [...options, '-qq', 'download', 'nats-server'], { cwd: apt });
  const [archive] = readdirSync(apt).filter((name) => name.endsWith('.deb'));
  if (archive === undefined) fail('apt-get download left no package');
  run('dpkg-deb', ['-x', join(apt, archive), join(apt, 'package')]);
  renameSync(join(apt, 'package', 'usr', 'sbin', 'nats-server'), join(CACHE, 'nats-server'));
  rmSync(apt, { recursive: true });
}

async function report() {
  if (!existsSync(ALL_PEERS)) {
    console.log('install: firn is not built yet: `npm run setup`, and this again, tells which peers can run');
    return;
  }
  const { PEERS } = await import(ALL_PEERS);
  for (const peer of PEERS) {
    const found = peer.available();
    if (found.ok) console.log(`${peer.name}: ${found.version}`);
    else console.log(`${peer.name}: missing: ${found.why}\n    ${found.install}`);
  }
}

const { values } = parseArgs({ options: { nats: { type: 'boolean', default: false } } });
installPackages();
buildSimdjson();
if (values.nats) fetchNats();
await report();
