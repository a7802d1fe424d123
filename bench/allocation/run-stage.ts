// Runs a stage in a child process and reads what it counted.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../root.ts';
import type { Counted } from './child.ts';

const CHILD = join(ROOT, 'dist/bench/allocation/child.js');
/** MiB: so that nothing is collected within a window, whatever a stage makes. */
const YOUNG_MIB = 256;
const TIMEOUT_MS = 300_000;

/**
 * @param frames at least so many go through after the warm-up
 * @throws Error with the child's words when it fails
 */
export function runStage(stage: string, frames: number, mode: 'bytes' | 'collections'): Counted {
  const young =
    mode === 'bytes' ? [`--min-semi-space-size=${YOUNG_MIB}`, `--max-semi-space-size=${YOUNG_MIB}`] : [];
  const { status, stdout, stderr, error } = spawnSync(
    process.execPath,
    [...young, CHILD, stage, String(frames), mode],
    { encoding: 'utf8', timeout: TIMEOUT_MS },
  );
  if (status !== 0) {
    throw new Error(
      `allocation stage ${stage} failed (${error?.message ?? `exit ${status}`}): ${stderr.slice(-2000)}`,
    );
  }
  return JSON.parse(stdout) as Counted;
}
