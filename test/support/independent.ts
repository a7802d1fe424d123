// Runs test/independent/verify.py, the verifier that shares nothing with the engine.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../independent/verify.py', import.meta.url)).replace(
  '/dist/test/',
  '/test/',
);

/** What `verify.py --json` prints. */
export interface IndependentReport {
  readonly sound: boolean;
  readonly contents: boolean;
  readonly objects: number;
  readonly records: number;
  readonly findings: readonly { verdict: string; key: string; index: number | null; reason: string }[];
}

/** Whether python3 and zstd are there: without them a test of agreement says that it skips. */
export const independentRuns: boolean = ['python3', 'zstd'].every(
  (program) => spawnSync(program, ['--version']).status === 0,
);

/** Exit code and report. `report` is null when it could not run. */
export function independent(
  lake: string,
  ...options: string[]
): { code: number | null; report: IndependentReport | null; stderr: string } {
  const { status, stdout, stderr } = spawnSync('python3', ['-B', SCRIPT, lake, '--json', ...options], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: 60_000,
  });
  return { code: status, report: stdout === '' ? null : (JSON.parse(stdout) as IndependentReport), stderr };
}
