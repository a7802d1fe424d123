// Tells what a file is, by its first bytes and, for tiles, which have none of their own, by its path.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { resolve } from 'node:path';
import { MAX_OBJECT_BYTES } from '../limits.ts';
import { isS3 } from '../s3/address.ts';
import type { S3Settings } from '../s3/client.ts';
import { parseTilePath } from '../seal/tiles.ts';
import { readFile } from '../verify/files.ts';
import { openLake } from '../verify/open.ts';
import type { Inspection } from './inspection.ts';
import { inspectJournal } from './journal.ts';
import { inspectLocalLog } from './local-log.ts';
import {
  inspectBundle,
  inspectCheckpoint,
  inspectHashTile,
  inspectPolicy,
  inspectSeal,
  inspectSnapshot,
  type ReadNear,
} from './log-files.ts';
import { inspectObject } from './object.ts';

/** A snapshot may hold millions of sessions; everything else is far smaller. */
const MAX_BYTES = 8 * MAX_OBJECT_BYTES;
const MAX_POLICY_BYTES = 1 << 20;
const HEAD_BYTES = 4096;
const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** The file is none that firn writes, or cannot be read. */
export class UnknownFile extends Error {
  override readonly name = 'UnknownFile';
}

/** Looks at one file, or at one object of a bucket (`s3://BUCKET/KEY`). @throws UnknownFile */
export async function inspectFile(path: string, s3: S3Settings = {}): Promise<Inspection> {
  if (isS3(path)) return inspectStored(path, s3);
  const head = firstBytes(path);
  if (head.subarray(0, 8).equals(Buffer.from('FIRNJNL1'))) return inspectJournal(path);
  if (head.subarray(0, 8).equals(Buffer.from('FIRNLOG1'))) return inspectLocalLog(path);
  const file = readFile('', resolve(path), MAX_BYTES);
  if (file === null) throw new UnknownFile('no such file');
  const whole = resolve(path).replaceAll('\\', '/');
  return inspectBytes(whole, file, async (beside) => readFile('', beside, MAX_POLICY_BYTES));
}

async function inspectStored(url: string, s3: S3Settings): Promise<Inspection> {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]*)\/?(.*)$/.exec(url) ?? [];
  if (key === '') throw new UnknownFile('a bucket is no file: s3://BUCKET/KEY');
  const lake = await openLake({ lake: `s3://${bucket}`, s3 });
  try {
    const file = await lake.readFile(key, MAX_OBJECT_BYTES);
    if (file === null) throw new UnknownFile((await lake.hidden(key)) ?? 'no such object');
    return await inspectBytes(key, file, (beside) => lake.readFile(beside, MAX_POLICY_BYTES));
  } finally {
    lake.close();
  }
}

/** `read` gives a file near this one, or null. */
async function inspectBytes(path: string, file: Buffer, read: ReadNear): Promise<Inspection> {
  const head = file.subarray(0, HEAD_BYTES);
  if (head.subarray(0, 4).equals(ZSTD_MAGIC)) return inspectObject(path, file);
  const tile = /(?:^|\/)(tile\/.*)$/.exec(path)?.[1];
  const level = tile === undefined ? undefined : parseTilePath(tile)?.level;
  if (level === 'entries') return inspectBundle(file);
  if (level !== undefined) return inspectHashTile(file);
  const text = head.toString('utf8');
  if (text.startsWith('{')) {
    const line = text.split('\n')[0] as string;
    if (line.includes('"firn.batch/1"')) return inspectSeal(file);
    if (line.includes('"firn.snapshot/')) return inspectSnapshot(file);
  }
  if (text.includes('\n\n\u2014 ')) return inspectCheckpoint(path, file, read);
  if (/^(#|log )/.test(text) && /^quorum /m.test(text)) return inspectPolicy(file);
  throw new UnknownFile(
    'none of the files that firn writes (object, journal segment, local log, checkpoint, policy, seal, tile, snapshot)',
  );
}

function firstBytes(path: string): Buffer {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    throw new UnknownFile(
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : (error as Error).message,
    );
  }
  try {
    if (!fstatSync(descriptor).isFile()) throw new UnknownFile('not a file');
    const head = Buffer.alloc(HEAD_BYTES);
    return head.subarray(0, readSync(descriptor, head, 0, head.length, 0));
  } finally {
    closeSync(descriptor);
  }
}
