// The proof of one record: its line, the path from its leaf to the batch's root, the seal, the path from the seal to the
// log's root, the signed checkpoint. Made from the lake alone and then checked again from what it says, as a stranger would.

import { decompress, FrameError, initCompress } from '../../workers/compress.ts';
import { inclusionProof, leafHash, verifyInclusion } from '../batch/merkle.ts';
import { decodeSeal, type ObjectSeal, SealError } from '../batch/seal.ts';
import { MAX_OBJECT_BYTES } from '../limits.ts';
import { parseCheckpoint } from '../seal/checkpoint.ts';
import { NoteError, type NoteKey, openNote, vkey } from '../seal/note.ts';
import { VerifyError } from './files.ts';
import type { Lake } from './lake.ts';
import { leavesOf } from './lines.ts';
import { LogReader } from './log.ts';
import { type LakeOptions, openLake } from './open.ts';
import { findOrigins } from './origin.ts';
import { Findings } from './report.ts';
import { lakePolicy, ownPolicy, readCheckpoint } from './trust.ts';

/** Hashes are lower-case hex; a path is nearest the leaf first (RFC 9162 §2.1.3). */
export interface RecordProof {
  readonly format: 'firn.record-proof/1';
  readonly key: string;
  /** Number of the line in its object, from 1. */
  readonly line: number;
  readonly sequence: string;
  readonly record: string;
  readonly batch: {
    readonly leaf: string;
    readonly index: number;
    readonly size: number;
    readonly path: readonly string[];
    readonly root: string;
  };
  readonly seal: {
    readonly text: string;
    readonly leaf: string;
    readonly index: number;
    readonly size: number;
    readonly path: readonly string[];
    readonly root: string;
  };
  /** The whole signed note. */
  readonly checkpoint: string;
  readonly keys: readonly string[];
  readonly keysFrom: 'policy' | 'lake';
}

/** What checking a proof again gives; it holds when every step does. */
export interface ProofCheck {
  readonly holds: boolean;
  readonly steps: readonly { readonly what: string; readonly holds: boolean }[];
}

export interface RecordOptions extends LakeOptions {
  /** Key of the object, relative to the lake. */
  readonly key: string;
  /** Line number, from 1. */
  readonly line: number;
  readonly policy?: string;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const MAX_NOTE_BYTES = 1 << 20;
const MAX_LINES_BYTES = 4 * MAX_OBJECT_BYTES;

/**
 * Makes the proof of one record. @throws VerifyError when there is none to make: no log names the object, there is no
 * such line, or files are missing.
 */
export async function proveRecord(options: RecordOptions): Promise<RecordProof> {
  await initCompress();
  const lake = await openLake(options);
  try {
    return await proveIn(lake, options);
  } finally {
    lake.close();
  }
}

async function proveIn(lake: Lake, options: RecordOptions): Promise<RecordProof> {
  const trusted = options.policy === undefined ? null : ownPolicy(options.policy);
  for (const origin of await findOrigins(lake)) {
    const keys =
      trusted?.filter((key) => key.name === origin) ?? (await lakePolicy(lake, origin, new Findings()));
    const found = await findSeal(lake, origin, keys, options.key);
    if (found === null) continue;
    const note = (await lake.readFile(`_log/${origin}/checkpoint`, MAX_NOTE_BYTES))?.toString('utf8') ?? '';
    const { record, leaf, path } = await linePath(lake, found.seal, options.line);
    return {
      format: 'firn.record-proof/1',
      key: options.key,
      line: options.line,
      sequence: String(BigInt(found.seal.first_seq) + BigInt(options.line - 1)),
      record,
      batch: {
        leaf: hex(leaf),
        index: options.line - 1,
        size: found.seal.count,
        path: path.map(hex),
        root: found.seal.root,
      },
      seal: {
        text: Buffer.from(found.bytes).toString('utf8'),
        leaf: hex(leafHash(found.bytes)),
        index: found.index,
        size: found.size,
        path: inclusionProof(found.leaves, found.index).map(hex),
        root: hex(found.root),
      },
      checkpoint: note,
      keys: keys.map((key) => vkey(key.name, key.publicKey)),
      keysFrom: trusted === null ? 'lake' : 'policy',
    };
  }
  throw new VerifyError(`no log in ${options.lake} names ${options.key}`);
}

interface FoundSeal {
  readonly seal: ObjectSeal;
  readonly bytes: Uint8Array;
  readonly index: number;
  readonly leaves: Uint8Array;
  readonly size: number;
  readonly root: Uint8Array;
}

/** The seal that names `key`, with all leaves of its log up to the checkpoint. */
async function findSeal(
  lake: Lake,
  origin: string,
  keys: readonly NoteKey[],
  key: string,
): Promise<FoundSeal | null> {
  const findings = new Findings();
  const head = await readCheckpoint(lake, `_log/${origin}/checkpoint`, origin, keys, findings);
  if (head === null) return null;
  const leaves: Uint8Array[] = [];
  let found: { seal: ObjectSeal; bytes: Uint8Array; index: number } | null = null;
  for await (const entries of new LogReader(lake, origin, head.size, [head], findings).bundles()) {
    for (const { index, bytes } of entries) {
      if (bytes === null)
        throw new VerifyError(`seal ${index} of ${origin} cannot be read: no proof can be made`);
      leaves.push(leafHash(bytes));
      if (found !== null || !Buffer.from(bytes).includes(key)) continue;
      const seal = sealOf(bytes);
      if (seal?.key === key) found = { seal, bytes, index };
    }
  }
  return found === null
    ? null
    : { ...found, leaves: Buffer.concat(leaves), size: head.size, root: head.root };
}

function sealOf(bytes: Uint8Array): ObjectSeal | null {
  try {
    const seal = decodeSeal(bytes);
    return seal.kind === 'heartbeat' ? null : seal;
  } catch (error) {
    if (error instanceof SealError) return null;
    throw error;
  }
}

async function linePath(
  lake: Lake,
  seal: ObjectSeal,
  line: number,
): Promise<{ record: string; leaf: Uint8Array; path: Uint8Array[] }> {
  if (line < 1 || line > seal.count)
    throw new VerifyError(`${seal.key} has the lines 1 to ${seal.count}, not ${line}`);
  const file = await lake.readFile(seal.key, MAX_OBJECT_BYTES);
  if (file === null) throw new VerifyError(`${seal.key} is not there`);
  try {
    const content = decompress(file, MAX_LINES_BYTES);
    const body = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
    const leaves = leavesOf(body, seal.count);
    const record = body.toString('utf8').split('\n')[line - 1];
    if (leaves.length !== seal.count * 32 || record === undefined)
      throw new VerifyError(`${seal.key} has not the ${seal.count} lines of its seal`);
    return { record, leaf: leafHash(Buffer.from(record)), path: inclusionProof(leaves, line - 1) };
  } catch (error) {
    if (error instanceof FrameError) throw new VerifyError(`${seal.key}: ${error.message}`);
    throw error;
  }
}

/** Checks a proof from its own contents and `keys` alone. Nothing is read. */
export function checkProof(proof: RecordProof, keys: readonly NoteKey[]): ProofCheck {
  const bytes = (text: string): Uint8Array => Buffer.from(text, 'hex');
  const { batch, seal } = proof;
  const own = sealOf(Buffer.from(seal.text));
  const included = (
    { root, size, index, path }: RecordProof['batch'] | RecordProof['seal'],
    data: string,
  ): boolean => verifyInclusion(bytes(root), size, index, leafHash(Buffer.from(data)), path.map(bytes));
  const number = own === null ? null : BigInt(own.first_seq) + BigInt(batch.index);
  const steps = [
    {
      what: `the record is leaf ${batch.index} of the ${batch.size} under the batch's root`,
      holds: included(batch, proof.record),
    },
    {
      what: 'the seal names this object, root, count and sequence number',
      holds:
        own?.key === proof.key &&
        own.root === batch.root &&
        own.count === batch.size &&
        String(number) === proof.sequence,
    },
    {
      what: `the seal is leaf ${seal.index} of the ${seal.size} under the log's root`,
      holds: included(seal, seal.text),
    },
    { what: 'a trusted key signed that root in the checkpoint', holds: isSigned(proof, keys) },
  ];
  return { holds: steps.every((step) => step.holds), steps };
}

function isSigned({ checkpoint, seal }: RecordProof, keys: readonly NoteKey[]): boolean {
  try {
    const { size, root } = parseCheckpoint(openNote(checkpoint, keys).text);
    return size === seal.size && hex(root) === seal.root;
  } catch (error) {
    if (error instanceof NoteError) return false;
    throw error;
  }
}
