// The token of a command that talks to an engine: from a file or from FIRN_TOKEN, never from the command line, which
// everybody on the machine can read.

import { readFileSync } from 'node:fs';
import type { Arguments } from './arguments.ts';

/** Null = none was given. @throws ConfigError when the file of `--token-file` cannot be read */
export function tokenOf(args: Arguments): string | null {
  const file = args.text('token-file');
  if (file === undefined) return process.env['FIRN_TOKEN']?.trim() || null;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw args.fault(`cannot read the token: ${(error as Error).message}`);
  }
}
