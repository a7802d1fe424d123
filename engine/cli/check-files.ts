// The files of `firn check`: documents that can be read twice, and the directory of partners.

import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { OpenDocument } from '../epcis/check.ts';
import { readParty } from '../epcis/identifiers/gln.ts';
import type { Arguments } from './arguments.ts';
import { standardInput } from './standard-input.ts';

export interface Document {
  readonly bytes: number;
  readonly open: OpenDocument;
  close(): Promise<void>;
}

/** Opens a file, or with `-` the standard input. */
export async function openDocument(name: string): Promise<Document> {
  if (name !== '-') return { ...(await ofFile(name)), close: async () => {} };
  const { path, close } = await standardInput();
  try {
    return { ...(await ofFile(path)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function ofFile(path: string): Promise<Omit<Document, 'close'>> {
  const { size } = await stat(path);
  return { bytes: size, open: () => createReadStream(path, { highWaterMark: 256 * 1024 }) };
}

/**
 * Reads a directory of partners: a JSON array of objects with `gln`.
 * @throws ConfigError where it is no such file
 */
export async function readDirectory(path: string, args: Arguments): Promise<ReadonlySet<string>> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw args.fault(`--partners ${path}: ${(error as Error).message}`);
  }
  if (!Array.isArray(value)) throw args.fault(`--partners ${path}: not a JSON array`);
  const glns = new Set<string>();
  for (const [i, each] of value.entries()) {
    const sent: unknown = (each as { gln?: unknown } | null)?.gln;
    const { gln } = readParty(typeof sent === 'string' ? sent : '');
    if (gln === '') throw args.fault(`--partners ${path}: entry ${i} has no GLN of 13 digits as gln`);
    glns.add(gln);
  }
  return glns;
}
