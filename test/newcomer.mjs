// A newcomer: a fresh clone in a temporary folder, then the README's own commands and snippets, nothing else. Prints one
// line for each and `{"passed":n,"failed":n}` at the end. Run by `npm test`, after the other suites.

import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), 'firn-newcomer-'));
const clone = join(folder, 'firn');
const counts = { passed: 0, failed: 0 };

// No variable of a surrounding npm may change what the clone's own npm does.
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')));

function run(command) {
  return spawnSync(command, {
    cwd: clone,
    shell: true,
    encoding: 'utf8',
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Runs a command as a newcomer would type it; counts it, shows its words when it fails. */
function type(command, { expectText } = {}) {
  const { status, stdout, stderr } = run(command);
  const passed = status === 0 && (expectText === undefined || stdout.includes(expectText));
  counts[passed ? 'passed' : 'failed'] += 1;
  console.log(`${passed ? 'ok' : 'FAILED'}: ${command}`);
  if (!passed) console.log(`exit ${status}\n${stdout.slice(-3000)}\n${stderr.slice(-3000)}`);
}

/** The code blocks of a language in the README, in order. */
function blocks(language) {
  const readme = readFileSync(join(clone, 'README.md'), 'utf8');
  return [...readme.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    (match) => match[1],
  );
}

/** The three lines of "EPCIS and DSCSA", in order, while an engine runs. A job takes a moment, so its line may be asked again. */
async function captureAsTold() {
  const lines = blocks('sh')
    .find((block) => block.includes('/epcis/capture'))
    .trim()
    .split('\n');
  const engine = spawn('npm', ['run', 'firn', '--', 'serve'], {
    cwd: clone,
    env,
    detached: true,
    stdio: 'ignore',
  });
  try {
    await until(async () => !(await portFree(9400)));
    type(lines[0], { expectText: '202 Accepted' });
    await until(() => run(lines[1]).stdout.includes('"running":false'));
    type(lines[1], { expectText: '"success":true' });
    type(lines[2], { expectText: '"lot":"LOT-7"' });
  } finally {
    // npm passes a signal on to some of its children only: the whole group.
    if (engine.exitCode === null) process.kill(-engine.pid, 'SIGTERM');
    await until(() => portFree(9400));
  }
  // In good order: what was captured is sealed, and the ledger can be made again.
  await until(() => run('npm run firn -- ledger rebuild').status === 0);
  type('npm run firn -- check examples/dscsa.xml', { expectText: 'accepted, 7 events' });
  type('npm run firn -- verify firn-data/lake', { expectText: 'SOUND' });
}

/** Waits at most a minute. */
async function until(done) {
  for (let tries = 0; tries < 240; tries++) {
    if (await done()) return;
    await setTimeout(250);
  }
  throw new Error(`not within a minute: ${done}`);
}

function portFree(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', () => resolve(true));
  });
}

try {
  const cloned = spawnSync('git', ['clone', '--quiet', ROOT, clone], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (cloned.status !== 0) throw new Error(`git clone: ${cloned.stderr}`);
  // A change that is not committed yet is tried too: what git would take along is laid over the clone.
  const changed = spawnSync('git', ['ls-files', '-mo', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  }).stdout;
  for (const name of changed.split('\n')) {
    if (name !== '' && existsSync(join(ROOT, name)))
      cpSync(join(ROOT, name), join(clone, name), { recursive: true });
  }
  if (!(await portFree(9400)))
    throw new Error('port 9400 is in use: the README says 9400, so nothing can be tried');

  type('npm start -- --seconds 5', { expectText: 'duckdb' });
  type('npm run firn -- verify firn-data/lake');
  if (spawnSync('python3', ['--version']).status === 0)
    type('python3 test/independent/verify.py firn-data/lake');
  type('npm run firn -- --help', { expectText: 'serve' });
  await captureAsTold();
  const [library, client] = blocks('js');
  writeFileSync(join(clone, 'library.mjs'), library);
  type('node library.mjs');
  // The client's snippet wants an engine: the library's, with the client's lines in its middle.
  const [first, ...rest] = library.split('await engine.close()');
  const both = `${first}\n{\n${client.replace(/^import (.*) from (.*);.*$/m, 'const $1 = await import($2);')}\n}\nawait engine.close()${rest.join('')}`;
  writeFileSync(join(clone, 'client.mjs'), both);
  type('node client.mjs');
  const [configuration] = blocks('json').slice(-1);
  writeFileSync(join(clone, 'firn.json'), configuration.replace(/<64 hex[^>]*>/, '0'.repeat(64)));
  const check = [
    "import { readConfigFile } from './dist/engine/config-file.js';",
    "import { parseConfig } from './dist/engine/config.js';",
    "parseConfig(readConfigFile('firn.json'), 'firn.json');",
  ];
  writeFileSync(join(clone, 'configuration.mjs'), check.join('\n'));
  type('node configuration.mjs');
} catch (error) {
  counts.failed += 1;
  console.log(`FAILED: ${error.message}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(JSON.stringify(counts));
process.exitCode = counts.failed === 0 ? 0 : 1;
