// The shim of `shim.c`: built by the C compiler of the machine, asked for by the environment.

import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** From `dist/test/crash` as well: the source is not compiled into dist. */
const SOURCE = fileURLToPath(new URL('../../../test/crash/shim.c', import.meta.url));

export const SYSCALLS = [
  ...['create', 'write', 'fsync', 'fdatasync', 'rename', 'link', 'unlink', 'ftruncate', 'mkdir'],
] as const;

/** What is done to the call: the words of shim.c. */
export interface ShimFault {
  readonly kind: string;
  /** fnmatch pattern, `*` for slashes too. */
  readonly place: string;
  /** From 1. */
  readonly call: number;
  readonly way: string;
}

export interface TracedCall {
  readonly kind: string;
  readonly path: string;
}

/** Builds the shim in `folder`. @returns its path, or why there is none. */
export function buildShim(folder: string): { path: string } | { reason: string } {
  if (process.platform !== 'linux') return { reason: 'LD_PRELOAD needs Linux' };
  const path = join(folder, 'shim.so');
  const args = ['-O1', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', '-o', path, SOURCE, '-ldl'];
  const run = spawnSync('cc', args, { encoding: 'utf8' });
  if (run.error !== undefined) return { reason: 'no C compiler (cc) here' };
  if (run.status !== 0) throw new Error(`cc ${SOURCE}: ${run.stderr}`);
  return { path };
}

/** The environment of a process that runs under the shim; without `fault` it only traces. */
export function shimEnvironment(
  shim: string,
  root: string,
  trace: string,
  fault: ShimFault | null,
): Record<string, string> {
  rmSync(trace, { force: true });
  return {
    LD_PRELOAD: shim,
    FIRN_SHIM_ROOT: `${root}/`,
    FIRN_SHIM_TRACE: trace,
    ...(fault !== null && {
      FIRN_SHIM_KIND: fault.kind,
      FIRN_SHIM_PATH: fault.place,
      FIRN_SHIM_CALL: String(fault.call),
      FIRN_SHIM_WAY: fault.way,
    }),
  };
}

/** The calls of a trace, and the one that the fault met. */
export function readTrace(trace: string): { calls: TracedCall[]; fault: TracedCall | null } {
  const calls: TracedCall[] = [];
  let fault: TracedCall | null = null;
  for (const line of readFileSync(trace, 'utf8').split('\n').slice(0, -1)) {
    const marked = line.startsWith('! ');
    const text = marked ? line.slice(2) : line;
    const space = text.indexOf(' ');
    const call = { kind: text.slice(0, space), path: text.slice(space + 1) };
    calls.push(call);
    if (marked) fault = call;
  }
  return { calls, fault };
}
