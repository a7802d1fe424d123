// Counts what the two peers that check and hash records have on disk, and computes every hash again. What a kill left
// half-written at the end of a file is no record: nobody was told that it is.

import { createHash, hash } from 'node:crypto';
import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { MAX_OBJECT_BYTES } from '../../engine/limits.ts';
import { decompress, initCompress } from '../../workers/compress.ts';

export interface Stored {
  readonly files: number;
  readonly records: number;
}

const LENGTH_BYTES = 4;
const DIGEST_BYTES = 32;
const HEADER_BYTES = LENGTH_BYTES + DIGEST_BYTES;
/** A SHA-256 in hexadecimal. */
const HASH_CHARACTERS = 64;
const READ_BYTES = 1 << 20;
const LF = 0x0a;

function filesOf(folder: string, ending: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(ending));
  return names.sort().map((name) => join(folder, name));
}

/** Records in a block of the Node peer (node/batches.mjs). @throws Error when the block's hash is not that of its lines */
function countBlock(block: Buffer, where: string): number {
  const content = decompress(block.subarray(HEADER_BYTES), MAX_OBJECT_BYTES);
  const lines = Buffer.from(content.buffer, content.byteOffset, content.length).toString().split('\n');
  if (lines.pop() !== '') throw new Error(`${where}: the last line has no LF`);
  const all = createHash('sha256').update(lines.map((line) => hash('sha256', line)).join(''));
  if (!all.digest().equals(block.subarray(LENGTH_BYTES, HEADER_BYTES))) {
    throw new Error(`${where}: the hash of the batch is not that of its ${lines.length} lines`);
  }
  return lines.length;
}

/** The blocks of the Node peer's files: each frame decoded, its lines counted and hashed again. */
export async function countBatches(folder: string): Promise<Stored> {
  await initCompress();
  const files = filesOf(folder, '.batches');
  let records = 0;
  for (const file of files) {
    let rest: Buffer = Buffer.alloc(0);
    let at = 0;
    for await (const chunk of createReadStream(file, { highWaterMark: READ_BYTES })) {
      rest = Buffer.concat([rest, chunk as Buffer]);
      for (;;) {
        if (rest.length < HEADER_BYTES) break;
        const bytes = HEADER_BYTES + rest.readUInt32LE(0);
        if (rest.length < bytes) break;
        records += countBlock(rest.subarray(0, bytes), `${file}, block at byte ${at}`);
        rest = rest.subarray(bytes);
        at += bytes;
      }
    }
  }
  return { files: files.length, records };
}

/** The lines of a file without their LF; what is behind the last LF is a line too. */
async function* linesOf(file: string): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(file, { highWaterMark: READ_BYTES })) {
    const bytes = Buffer.concat([rest, chunk as Buffer]);
    let start = 0;
    for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, start)) {
      yield bytes.subarray(start, end);
      start = end + 1;
    }
    rest = bytes.subarray(start);
  }
  if (rest.length > 0) yield rest;
}

function isHashed(line: Buffer): boolean {
  return hash('sha256', line.subarray(HASH_CHARACTERS + 1)) === line.toString('latin1', 0, HASH_CHARACTERS);
}

/** The lines of the Python peer's files, `<SHA-256> <canonical JSON>`: counted, and each hashed again. */
export async function countHashedLines(folder: string): Promise<Stored> {
  const files = filesOf(folder, '.lines');
  let records = 0;
  for (const file of files) {
    let torn = false;
    for await (const line of linesOf(file)) {
      if (torn) throw new Error(`${file}: a line before the last does not have the hash it begins with`);
      if (isHashed(line)) records += 1;
      else torn = true;
    }
  }
  return { files: files.length, records };
}
