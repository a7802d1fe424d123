// Whom to believe: the keys of each log, from the auditor's policy or, for want of one, from the lake itself; and the
// signed checkpoints opened with them. A checkpoint that cannot be trusted is a finding, and is still used for its size,
// so that as much as possible is looked at.

import { type Checkpoint, parseCheckpoint } from '../seal/checkpoint.ts';
import { NoteError, type NoteKey, openNote, splitNote } from '../seal/note.ts';
import { parsePolicy, policyText } from '../seal/policy.ts';
import { readFile, UnfitFile, VerifyError } from './files.ts';
import type { Lake } from './lake.ts';
import type { Findings } from './report.ts';

const MAX_NOTE_BYTES = 1 << 20;

/** A tree head as read: `signed` when a trusted key signed it. `key` = where it was read. */
export interface Head {
  readonly key: string;
  readonly size: number;
  readonly root: Uint8Array;
  readonly signed: boolean;
}

/** A file that must be readable text of the auditor's (`--policy`, `--since`). @throws VerifyError */
export function ownFile(path: string, what: string): Buffer {
  try {
    const bytes = readFile('', path, MAX_NOTE_BYTES);
    if (bytes !== null) return bytes;
  } catch (error) {
    throw new VerifyError(`${what} ${path}: ${(error as Error).message}`);
  }
  throw new VerifyError(`${what} ${path}: no such file`);
}

/** The auditor's own policy. @throws VerifyError when it is none, or asks for witnesses, which firn does not evaluate yet. */
export function ownPolicy(path: string): readonly NoteKey[] {
  try {
    const policy = parsePolicy(ownFile(path, 'policy').toString('utf8'));
    if (policy.quorum !== 'none')
      throw new VerifyError(
        `policy ${path}: asks for witnesses (quorum ${policy.quorum}), which are not evaluated: no verdict`,
      );
    return policy.logs;
  } catch (error) {
    if (error instanceof NoteError) throw new VerifyError(`policy ${path}: ${error.message}`);
    throw error;
  }
}

/** The keys that the lake itself names for a log. A policy that firn would not have written is ALTERED. */
export async function lakePolicy(
  lake: Lake,
  origin: string,
  findings: Findings,
): Promise<readonly NoteKey[]> {
  const key = `_log/${origin}/policy`;
  const add = (verdict: 'MISSING' | 'ALTERED', reason: string): readonly NoteKey[] => {
    findings.add(verdict, origin, key, null, reason);
    return [];
  };
  try {
    const bytes = await lake.readFile(key, MAX_NOTE_BYTES);
    if (bytes === null) return add('MISSING', 'the log has no policy, so the lake names no key for it');
    const policy = parsePolicy(bytes.toString('utf8'));
    const plain = policy.witnesses.length === 0 && policy.groups.length === 0;
    if (plain && policyText(policy.logs) !== bytes.toString('utf8'))
      add('ALTERED', 'the policy is not as firn writes it');
    return policy.logs.filter((log) => log.name === origin);
  } catch (error) {
    if (error instanceof NoteError || error instanceof UnfitFile) return add('ALTERED', error.message);
    throw error;
  }
}

/** Opens one checkpoint; whatever is wrong with it is a finding. Null when it is not a checkpoint at all. */
export function openCheckpoint(
  bytes: Uint8Array,
  key: string,
  origin: string,
  keys: readonly NoteKey[],
  findings: Findings,
): Head | null {
  const add = (verdict: 'ALTERED' | 'MISPLACED' | 'BAD_SIGNATURE' | 'UNKNOWN_KEY', reason: string): void =>
    findings.add(verdict, origin, key, null, reason);
  let checkpoint: Checkpoint;
  try {
    checkpoint = parseCheckpoint(splitNote(bytes).text);
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    add('ALTERED', `not a checkpoint: ${error.message}`);
    return null;
  }
  let signed = true;
  if (checkpoint.origin !== origin) {
    add('MISPLACED', `the checkpoint is of the log ${checkpoint.origin}`);
    signed = false;
  }
  try {
    openNote(bytes, keys);
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    add(error.code === 'bad-signature' ? 'BAD_SIGNATURE' : 'UNKNOWN_KEY', error.message);
    signed = false;
  }
  return { key, size: checkpoint.size, root: checkpoint.root, signed };
}

/** Every checkpoint in `checkpoints/`, by size. A name that is not the size in it is MISPLACED. */
export async function keptCheckpoints(
  lake: Lake,
  origin: string,
  keys: readonly NoteKey[],
  findings: Findings,
): Promise<Head[]> {
  const heads: Head[] = [];
  const folder = `_log/${origin}/checkpoints`;
  for (const name of (await lake.list(folder)).files) {
    // Any other name is nobody's: the listing says so.
    if (!isSizeName(name)) continue;
    const key = `${folder}/${name}`;
    const head = await readCheckpoint(lake, key, origin, keys, findings);
    if (head === null) continue;
    if (name === String(head.size).padStart(20, '0')) heads.push(head);
    else
      findings.add(
        'MISPLACED',
        origin,
        key,
        null,
        `the checkpoint is of size ${head.size}, not that of its name`,
      );
  }
  return heads.sort((a, b) => a.size - b.size);
}

/** Whether a name in `checkpoints/` is a size of 20 digits. */
export function isSizeName(name: string): boolean {
  return /^\d{20}$/.test(name);
}

/** The checkpoint under `key`, or null when it is missing or unreadable (then a finding says so, but for `absent: 'fine'`). */
export async function readCheckpoint(
  lake: Lake,
  key: string,
  origin: string,
  keys: readonly NoteKey[],
  findings: Findings,
): Promise<Head | null> {
  try {
    const bytes = await lake.readFile(key, MAX_NOTE_BYTES);
    if (bytes === null) {
      findings.add('MISSING', origin, key, null, 'the log has no checkpoint here');
      return null;
    }
    return openCheckpoint(bytes, key, origin, keys, findings);
  } catch (error) {
    if (!(error instanceof UnfitFile)) throw error;
    findings.add('ALTERED', origin, key, null, error.message);
    return null;
  }
}
