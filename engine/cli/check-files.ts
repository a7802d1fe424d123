// The files of `firn check`: documents that can be read twice, and the directory of partners.

import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { OpenDocument } from '../epcis/check.ts';
import { readParty } from '../epcis/identifiers/gln.ts';
import type { Arguments } from './arguments.ts';

export interface Document {
  readonly bytes: number;
  readonly open: OpenDocument;
  close(): Promise<void>;
}

/** Opens a file, or with `-` the standard input: a pipe can be read once only, so it is put aside in a temporary file. */
export async function openDocument(name: string): Promise<Document> {
  if (name !== '-') return { ...(await ofFile(name)), close: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), 'firn-check-'));
  const close = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const path = join(folder, 'document');
    await pipeline(process.stdin, createWriteStream(path, { mode: 0o600 }));
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
