// The lines of one object of the lake, after a look at whether they are the lines that its name says: a record is never
// shown or sent again from an object that was changed.

import { decompress, FrameError, initCompress } from '../../workers/compress.ts';
import { merkleRoot } from '../batch/merkle.ts';
import { parseObjectKey } from '../batch/object-key.ts';
import { MAX_OBJECT_BYTES } from '../limits.ts';
import { UnfitFile, VerifyError } from '../verify/files.ts';
import { leavesOf } from '../verify/lines.ts';
import type { LetterLake } from './lake.ts';

const MAX_LINES_BYTES = 4 * MAX_OBJECT_BYTES;
const LF = 0x0a;

/** @returns the lines without LF. @throws VerifyError when the object is not there or not what its name says */
export async function objectLines(lake: LetterLake, key: string): Promise<readonly Buffer[]> {
  await initCompress();
  let body: Buffer;
  try {
    const file = await lake.read(key);
    if (file === null) throw new VerifyError(`${key} is not in ${lake.where}`);
    const content = decompress(file, MAX_LINES_BYTES);
    body = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  } catch (error) {
    if (error instanceof FrameError || error instanceof UnfitFile) throw altered(key, error.message);
    throw error;
  }
  const lines: Buffer[] = [];
  for (let from = 0, to = body.indexOf(LF); to >= 0; from = to + 1, to = body.indexOf(LF, from))
    lines.push(body.subarray(from, to));
  // The lines are read before the hashes are: leavesOf borrows the byte before each and puts it back.
  const root = Buffer.from(merkleRoot(leavesOf(body, lines.length))).toString('hex');
  if (root !== parseObjectKey(key)?.root) throw altered(key, `the Merkle root of its lines is ${root}`);
  return lines;
}

function altered(key: string, why: string): VerifyError {
  return new VerifyError(`${key} was changed (${why}): firn verify tells what else was`);
}

/** Objects of a folder with `year=/month=/day=` below it, in order of day and then of sequence numbers. */
export async function* objectsByDay(
  lake: LetterLake,
  folder: string,
  fromDay: string,
  toDay: string,
): AsyncGenerator<string> {
  for (const year of await lake.folders(folder)) {
    for (const month of await lake.folders(`${folder}/${year}`)) {
      for (const day of await lake.folders(`${folder}/${year}/${month}`)) {
        const name = [year, month, day].map((part) => part.slice(part.indexOf('=') + 1)).join('-');
        if (name < fromDay || name > toDay) continue;
        const path = `${folder}/${year}/${month}/${day}`;
        const keys = (await lake.objects(path)).map((object) => `${path}/${object}`);
        const parsed = keys.flatMap((key) => {
          const firstSeq = parseObjectKey(key)?.firstSeq;
          return firstSeq === undefined ? [] : [{ key, firstSeq: BigInt(firstSeq) }];
        });
        parsed.sort((a, b) => (a.firstSeq < b.firstSeq ? -1 : a.firstSeq > b.firstSeq ? 1 : 0));
        for (const { key } of parsed) yield key;
      }
    }
  }
}
