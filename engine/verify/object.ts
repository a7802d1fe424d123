// One object against its seal. Pure but for reading the file: the same call runs on the main thread or in a verifying
// worker, and its answer is plain data.

import { decompress, FrameError, readFrame } from '../../workers/compress.ts';
import { sha256Hex } from '../batch/merkle.ts';
import type { ObjectSeal } from '../batch/seal.ts';
import { MAX_OBJECT_BYTES, MIB } from '../limits.ts';
import { fileSize, readFile, UnfitFile } from './files.ts';
import { type AuditFacts, type LineFacts, LineFault, lineFacts } from './lines.ts';
import type { Finding } from './report.ts';

/** FORMAT.md §3: readers need no more memory than this for the window. */
const MAX_WINDOW_BYTES = 8 * MIB;
/** Lines of one object, uncompressed: far above what a cut allows, below what one buffer may be. */
const MAX_LINES_BYTES = 4 * MAX_OBJECT_BYTES;

/** One object to look at. `day` is the partition in its key. */
export interface ObjectJob {
  readonly origin: string;
  readonly index: number;
  readonly seal: ObjectSeal;
  readonly day: string;
  /** The seal may not be the one in the log: its hash is not in the hash tile. */
  readonly doubtful: boolean;
  readonly quick: boolean;
}

export interface ObjectResult extends AuditFacts {
  readonly problem: { readonly verdict: Finding['verdict']; readonly reason: string } | null;
  /** SHA-256 of the file as found; null when there is none or it was not read. */
  readonly sha256: string | null;
  readonly bytes: number;
}

/**
 * Checks one object: `body`, or, without it, the file in `folder`. Needs `initCompress()` first, unless `quick`.
 * @throws VerifyError when the file cannot be read.
 */
export function checkObject(folder: string | null, job: ObjectJob, body?: Uint8Array): ObjectResult {
  try {
    if (body !== undefined) return compare(body, job);
    if (folder === null) return missing();
    return job.quick ? measure(folder, job.seal) : read(folder, job);
  } catch (error) {
    if (error instanceof UnfitFile) return failed('ALTERED', error.message, null, 0);
    throw error;
  }
}

/** What came of an object that is not as its seal says. */
export function failed(
  verdict: Finding['verdict'],
  reason: string,
  sha256: string | null,
  bytes: number,
): ObjectResult {
  return { problem: { verdict, reason }, sha256, bytes, events: [], told: [] };
}

/** There is no object under the key. */
export function missing(): ObjectResult {
  return failed('MISSING', 'the seal names an object that is not there', null, 0);
}

function measure(lake: string, seal: ObjectSeal): ObjectResult {
  const bytes = fileSize(lake, seal.key);
  if (bytes === null) return missing();
  if (bytes !== seal.zstd_bytes)
    return failed('ALTERED', `${bytes} bytes, the seal says ${seal.zstd_bytes}`, null, bytes);
  return { problem: null, sha256: null, bytes, events: [], told: [] };
}

function read(folder: string, job: ObjectJob): ObjectResult {
  const file = readFile(folder, job.seal.key, MAX_OBJECT_BYTES);
  return file === null ? missing() : compare(file, job);
}

function compare(file: Uint8Array, { seal, day }: ObjectJob): ObjectResult {
  const sha256 = sha256Hex(file);
  const exact = sha256 === seal.zstd_sha256 && file.length === seal.zstd_bytes;
  let facts: LineFacts;
  try {
    if (readFrame(file).windowBytes > MAX_WINDOW_BYTES) throw new FrameError('the window is over 8 MiB');
    const content = decompress(file, MAX_LINES_BYTES);
    const body = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
    if (!exact && (body.length !== seal.ndjson_bytes || sha256Hex(body) !== seal.ndjson_sha256)) {
      return failed('ALTERED', 'the content is not what was sealed (ndjson_sha256)', sha256, file.length);
    }
    facts = lineFacts(body, seal.kind, seal.count, day);
    const wrong = disagreement(seal, facts, body.length);
    if (wrong !== null) return failed('ALTERED', wrong, sha256, file.length);
  } catch (error) {
    if (error instanceof LineFault)
      return failed(error.misplaced ? 'MISPLACED' : 'ALTERED', error.message, sha256, file.length);
    if (error instanceof FrameError) return failed('ALTERED', `zstd: ${error.message}`, sha256, file.length);
    throw error;
  }
  const { events, told } = facts;
  if (exact) return { problem: null, sha256, bytes: file.length, events, told };
  const reason = `other bytes (${file.length} instead of ${seal.zstd_bytes}) that hold exactly the sealed lines`;
  return { ...failed('RECOMPRESSED', reason, sha256, file.length), events, told };
}

/** What the seal says about lines that are not so; null when all of it holds. */
function disagreement(seal: ObjectSeal, facts: LineFacts, bytes: number): string | null {
  if (facts.ndjsonSha256 !== seal.ndjson_sha256 || bytes !== seal.ndjson_bytes)
    return 'ndjson_sha256 or ndjson_bytes differs';
  if (facts.root !== seal.root) return `the Merkle root of the lines is ${facts.root}`;
  if (facts.tsMin !== seal.ts_min) return `ts_min is ${facts.tsMin}, the seal says ${seal.ts_min}`;
  if (facts.tsMax !== seal.ts_max) return `ts_max is ${facts.tsMax}, the seal says ${seal.ts_max}`;
  if (facts.excursions !== seal.excursions)
    return `${facts.excursions} excursions, the seal says ${seal.excursions}`;
  return null;
}
