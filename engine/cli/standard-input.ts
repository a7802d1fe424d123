// The standard input as a file: a pipe can be read once only, and a document is read twice, or sent again.

import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Arguments } from './arguments.ts';

/**
 * The documents that a command line names; `-` is the standard input.
 * @throws ConfigError for none, and for a standard input that would be read twice
 */
export function documentNames(args: Arguments): readonly string[] {
  if (args.operands.length === 0)
    throw args.fault('which document? Give one file or several, or - for the standard input');
  if (args.operands.filter((name) => name === '-').length > 1)
    throw args.fault('the standard input can be read once');
  return args.operands;
}

export interface InputFile {
  readonly path: string;
  /** Removes it. */
  close(): Promise<void>;
}

/** Puts the standard input aside, to its end, in a temporary file that only this user can read. */
export async function standardInput(): Promise<InputFile> {
  const folder = await mkdtemp(join(tmpdir(), 'firn-input-'));
  const close = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const path = join(folder, 'document');
    await pipeline(process.stdin, createWriteStream(path, { mode: 0o600 }));
    return { path, close };
  } catch (error) {
    await close();
    throw error;
  }
}
