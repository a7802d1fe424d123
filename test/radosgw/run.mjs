// Starts radosgw in a temporary folder, runs the tests of this folder against it, and takes it down again.
// Exit: 0 all passed, 1 not, 3 packages are missing (it says which).
//
//   node test/radosgw/run.mjs [--json]     --json: the counts as one line, for test/run.mjs

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startVitest } from 'vitest/node';
import { environment, MISSING, missingPackages, start, stop } from './start.mjs';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** Below the ports that the system hands out: a client that waits for the server could meet itself there. */
const [FIRST_PORT, PORTS] = [20_000, 5_000];

function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** The first of two free ports in a row. */
async function freePort() {
  for (;;) {
    const port = FIRST_PORT + 2 * Math.floor((Math.random() * PORTS) / 2);
    if ((await isFree(port)) && (await isFree(port + 1))) return port;
  }
}

async function runTests() {
  const vitest = await startVitest('test', [], {
    root: ROOT,
    config: false,
    include: ['test/radosgw/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    watch: false,
  });
  const tests = vitest.state.getTestModules().flatMap((module) => [...module.children.allTests()]);
  const count = (state) => tests.filter((each) => each.result().state === state).length;
  const errors = vitest.state.getUnhandledErrors().length;
  await vitest.close();
  return { passed: count('passed'), failed: tests.length - count('passed') - count('skipped') + errors };
}

async function main() {
  const missing = missingPackages();
  if (missing.length > 0) {
    console.error(`the tests with a real S3 server need radosgw, and this is missing here:`);
    console.error(`  apt-get install --no-install-recommends ${missing.join(' ')}`);
    return MISSING;
  }
  const dir = mkdtempSync(join(tmpdir(), 'firn-radosgw-'));
  const end = (signal) => stop(dir).then(() => process.exit(signal === 'SIGINT' ? 130 : 143));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, end);
  try {
    const port = await freePort();
    await start(dir, port);
    Object.assign(process.env, environment(port));
    const counts = await runTests();
    if (process.argv.includes('--json')) console.log(JSON.stringify(counts));
    return counts.failed === 0 && counts.passed > 0 ? 0 : 1;
  } finally {
    await stop(dir);
    rmSync(dir, { recursive: true, force: true });
  }
}

process.exit(
  await main().catch((error) => {
    console.error(error.message);
    return 1;
  }),
);
