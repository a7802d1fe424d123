// Runs the tests of this folder, which start a PostgreSQL server of their own.
// Exit: 0 all passed, 1 not, 3 there is no server here (it says what to install).
//
//   node test/postgres/run.mjs [--json]     --json: the counts as one line, for test/run.mjs

import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startVitest } from 'vitest/node';
import { MISSING, programs } from './start.mjs';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const NO_SERVER = 3;

async function main() {
  if (programs() === null) {
    console.error(`the tests with a real database need ${MISSING}`);
    return NO_SERVER;
  }
  const vitest = await startVitest('test', [], {
    root: ROOT,
    config: false,
    include: ['test/postgres/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 120_000,
    watch: false,
  });
  const tests = vitest.state.getTestModules().flatMap((module) => [...module.children.allTests()]);
  const count = (state) => tests.filter((each) => each.result().state === state).length;
  const errors = vitest.state.getUnhandledErrors().length;
  await vitest.close();
  const counts = {
    passed: count('passed'),
    failed: tests.length - count('passed') - count('skipped') + errors,
  };
  if (process.argv.includes('--json')) console.log(JSON.stringify(counts));
  return counts.failed === 0 && counts.passed > 0 ? 0 : 1;
}

process.exit(
  await main().catch((error) => {
    console.error(error.message);
    return 1;
  }),
);
