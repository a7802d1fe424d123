// The files of `firn check`: documents that can be read twice, and the directory of partners.

import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { gln13 } from '../config-epcis.ts';
import type { OpenDocument } from '../epcis/check.ts';
import { readParty } from '../epcis/identifiers/gln.ts';
import type { Arguments } from './arguments.ts';
import { documentFile } from './document-file.ts';

export interface Document {
  readonly bytes: number;
  readonly open: OpenDocument;
  close(): Promise<void>;
}

/** Opens a file, or with `-` the standard input. */
export async function openDocument(name: string): Promise<Document> {
  const { path, bytes, close } = await documentFile(name);
  return { bytes, close, open: () => createReadStream(path, { highWaterMark: 256 * 1024 }) };
}

/**
 * The GLN-13 of a party as a person writes it: 13 digits, an sgln or pgln URN, a Digital Link.
 * @throws ConfigError for what is none, with `what` before it
 */
export function glnGiven(sent: string, what: string, args: Arguments): string {
  const { gln, fault } = readParty(sent);
  if (gln !== '') return gln;
  const digits = gln13.safeParse(sent.trim()).error?.issues[0]?.message;
  const why = /^\d*$/.test(sent.trim()) ? digits : fault?.detail;
  throw args.fault(`${what} a GLN, not ${JSON.stringify(sent)}: ${why}`);
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
  if (!Array.isArray(value))
    throw args.fault(`--partners ${path}: not a JSON array, such as [{ "gln": "9521234000013" }]`);
  const glns = new Set<string>();
  for (const [i, each] of value.entries()) {
    const sent: unknown = (each as { gln?: unknown } | null)?.gln;
    if (typeof sent !== 'string') throw args.fault(`--partners ${path}: entry ${i} has no text as gln`);
    glns.add(glnGiven(sent, `--partners ${path}: entry ${i} needs`, args));
  }
  return glns;
}
