// What of the peers is installed here: programs asked for their version, and this folder in the checkout.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `bench/peers` of the checkout: what is not TypeScript lies there, also when this runs from `dist`. */
export const PEERS_FOLDER = findFolder();

const ASK_MS = 10_000;

function findFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const found = join(folder, 'bench', 'peers');
    if (existsSync(join(found, 'package.json'))) return found;
    if (folder === dirname(folder))
      throw new Error('bench/peers is not above this file: run it in a checkout');
  }
}

/** This process's environment, and Debian's servers on the PATH: they lie in sbin, which users do not have there. */
export function withSbin(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin` };
}

/**
 * What a program prints when it is asked, null where it is not installed or fails.
 * @param codes exit codes that are no failure
 */
export function ask(command: string, args: readonly string[], codes: readonly number[] = [0]): string | null {
  const options = { encoding: 'utf8', env: withSbin(), timeout: ASK_MS } as const;
  const { status, stdout, error } = spawnSync(command, args, options);
  return error === undefined && status !== null && codes.includes(status) ? stdout.trim() : null;
}
