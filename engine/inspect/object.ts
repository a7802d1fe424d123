// A batch object (`.ndjson.zst`), or a file of the outbox: the frame, the lines, the root that its name should carry.

import { basename } from 'node:path';
import { decompress, FrameError, type FrameHeader, initCompress, readFrame } from '../../workers/compress.ts';
import { HASH_BYTES, merkleRoot, sha256Hex } from '../batch/merkle.ts';
import { MAX_OBJECT_BYTES } from '../limits.ts';
import { CanonicalScan, NotCanonical } from '../verify/canonical.ts';
import { leavesOf } from '../verify/lines.ts';
import { type Inspection, shown } from './inspection.ts';

const MAX_LINES_BYTES = 4 * MAX_OBJECT_BYTES;
const FIRST_LINES = 3;
const LF = 0x0a;

/** Looks at a file that begins with the magic number of zstd. */
export async function inspectObject(path: string, file: Uint8Array): Promise<Inspection> {
  await initCompress();
  let header: FrameHeader;
  let body: Buffer;
  try {
    header = readFrame(file);
    const content = decompress(file, MAX_LINES_BYTES);
    body = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    return { kind: 'zstd file', fault: error.message, facts: { bytes: file.length }, rows: [] };
  }
  const count = linesIn(body);
  const leaves = leavesOf(body, count);
  const root = Buffer.from(merkleRoot(leaves)).toString('hex');
  const first = body
    .subarray(0, 1 << 20)
    .toString('utf8')
    .split('\n')
    .slice(0, Math.min(FIRST_LINES, count));
  const facts = {
    bytes: file.length,
    sha256: sha256Hex(file),
    contentBytes: header.contentBytes,
    windowBytes: header.windowBytes,
    checksum: header.checksum,
    lines: leaves.length / HASH_BYTES,
    ndjsonSha256: sha256Hex(body),
    root,
    first,
  };
  const named = /^batch_([0-9a-f]{64})_([0-9]+)\.ndjson\.zst$/.exec(basename(path));
  const fault =
    named !== null && named[1] !== root ? `the name says that the root is ${named[1]}` : lineFault(body);
  const sequence = named === null ? '' : `, sequence numbers from ${named[2]}`;
  return {
    kind: 'batch object',
    fault,
    facts: { ...facts, firstSeq: named?.[2] ?? null },
    rows: [
      ['file', `${file.length} bytes, SHA-256 ${facts.sha256}`],
      [
        'frame',
        `content ${header.contentBytes} bytes, window ${header.windowBytes} bytes, ${header.checksum ? 'with' : 'without'} checksum`,
      ],
      ['lines', `${count}${sequence}, SHA-256 ${facts.ndjsonSha256}`],
      ['root', root],
      ...first.map((line, i) => [`line ${i + 1}`, shown(line)] as const),
    ],
  };
}

function linesIn(body: Buffer): number {
  let lines = 0;
  for (let at = body.indexOf(LF); at >= 0; at = body.indexOf(LF, at + 1)) lines++;
  return lines;
}

/** The first line that is not a canonical JSON object, or null. */
function lineFault(body: Buffer): string | null {
  const scan = new CanonicalScan([]);
  let from = 0;
  for (let line = 1; from < body.length; line++) {
    const to = body.indexOf(LF, from);
    if (to < 0) return 'the last line has no line feed';
    try {
      scan.object(body, from, to);
    } catch (error) {
      if (!(error instanceof NotCanonical)) throw error;
      return `line ${line} is not canonical JSON: ${error.message}`;
    }
    from = to + 1;
  }
  return body.length === 0 ? 'there is no line' : null;
}
