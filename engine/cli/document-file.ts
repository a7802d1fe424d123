// The documents that a command line names, as files: a pipe can be read once only, and a document is read twice, or sent again.

import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
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

export interface DocumentFile {
  readonly path: string;
  readonly bytes: number;
  /** Removes what was made of it. */
  close(): Promise<void>;
}

/**
 * The file of a name. The standard input, and whatever else is no file on a disk, is put aside to its end, in a temporary
 * file that only this user can read.
 * @throws what the system says, and an error like it for a folder
 */
export async function documentFile(name: string): Promise<DocumentFile> {
  const found = name === '-' ? null : await stat(name);
  if (found?.isDirectory() === true)
    throw Object.assign(new Error('it is a folder: name the files in it'), {
      code: 'EISDIR',
      syscall: 'read',
    });
  if (found?.isFile() === true) return { path: name, bytes: found.size, close: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), 'firn-input-'));
  const close = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const path = join(folder, 'document');
    const source = found === null ? process.stdin : createReadStream(name);
    await pipeline(source, createWriteStream(path, { mode: 0o600 }));
    return { path, bytes: (await stat(path)).size, close };
  } catch (error) {
    await close();
    throw error;
  }
}
