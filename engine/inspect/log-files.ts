// The small files around a log: checkpoint, policy, seal, tiles, snapshot.

import { posix } from 'node:path';
import { HASH_BYTES, sha256Hex } from '../batch/merkle.ts';
import { decodeSeal, SealError } from '../batch/seal.ts';
import { parseCheckpoint } from '../seal/checkpoint.ts';
import { NoteError, openNote, splitNote, vkey } from '../seal/note.ts';
import { type Policy, parsePolicy } from '../seal/policy.ts';
import { TILE_WIDTH } from '../seal/tiles.ts';
import { type Inspection, shown } from './inspection.ts';

/** Reads a file near the one that is looked at; null when there is none. */
export type ReadNear = (path: string) => Promise<Buffer | null>;

/** A signed checkpoint. Its signatures are checked with the policy beside it, where there is one. */
export async function inspectCheckpoint(path: string, file: Uint8Array, read: ReadNear): Promise<Inspection> {
  try {
    const { text, signatures } = splitNote(file);
    const { origin, size, root, extensions } = parseCheckpoint(text);
    const policy = await policyNear(path, read);
    const verdict =
      policy === null ? 'not checked: no policy lies beside it' : signatureVerdict(file, policy);
    const base64 = Buffer.from(root).toString('base64');
    const signed = signatures.map(({ name, keyId }) => ({ name, keyId }));
    return {
      kind: 'checkpoint',
      fault: verdict.startsWith('FAILS') ? verdict : null,
      facts: {
        origin,
        size,
        root: base64,
        rootHex: Buffer.from(root).toString('hex'),
        extensions,
        signatures: signed,
        verdict,
      },
      rows: [
        ['origin', origin],
        ['size', `${size} seals`],
        ['root', base64],
        ...signed.map(({ name, keyId }) => ['signature', `${name}, key id ${keyId}`] as const),
        ['verdict', verdict],
      ],
    };
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    return { kind: 'signed note', fault: error.message, facts: {}, rows: [] };
  }
}

async function policyNear(path: string, read: ReadNear): Promise<Policy | null> {
  const folder = posix.dirname(path);
  for (const near of [folder, posix.dirname(folder)]) {
    const bytes = await read(posix.join(near, 'policy'));
    if (bytes !== null) return parsePolicy(bytes.toString('utf8'));
  }
  return null;
}

function signatureVerdict(file: Uint8Array, policy: Policy): string {
  try {
    const { verified } = openNote(file, policy.logs);
    return `verifies with ${verified.map((key) => vkey(key.name, key.publicKey)).join(', ')} from the policy beside it`;
  } catch (error) {
    if (error instanceof NoteError) return `FAILS: ${error.message}`;
    throw error;
  }
}

export function inspectPolicy(file: Uint8Array): Inspection {
  try {
    const { logs, witnesses, quorum } = parsePolicy(Buffer.from(file).toString('utf8'));
    const keys = logs.map((log) => vkey(log.name, log.publicKey));
    return {
      kind: 'policy',
      fault: null,
      facts: { logs: keys, witnesses: witnesses.length, quorum },
      rows: [...keys.map((key) => ['log', key] as const), ['quorum', quorum]],
    };
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    return { kind: 'policy', fault: error.message, facts: {}, rows: [] };
  }
}

export function inspectSeal(file: Uint8Array): Inspection {
  const trimmed = Buffer.from(file.at(-1) === 0x0a ? file.subarray(0, -1) : file);
  try {
    const seal = decodeSeal(trimmed);
    const rows = Object.entries(seal).map(
      ([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)] as const,
    );
    return { kind: 'seal', fault: null, facts: { ...seal, sha256: sha256Hex(trimmed) }, rows };
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    return { kind: 'seal', fault: error.message, facts: {}, rows: [] };
  }
}

/** An entry bundle: each entry after its length. */
export function inspectBundle(file: Uint8Array): Inspection {
  const entries: string[] = [];
  let at = 0;
  while (at + 2 <= file.length) {
    const end = at + 2 + (((file[at] as number) << 8) | (file[at + 1] as number));
    if (end > file.length) break;
    entries.push(Buffer.from(file.subarray(at + 2, end)).toString('utf8'));
    at = end;
  }
  const whole = at === file.length && entries.length <= TILE_WIDTH;
  return {
    kind: 'entry bundle',
    fault: whole ? null : `${file.length - at} bytes after entry ${entries.length} are not entries`,
    facts: { entries: entries.length, seals: entries },
    rows: [
      ['entries', String(entries.length)],
      ...entries.map((entry, i) => [`entry ${i}`, shown(entry)] as const),
    ],
  };
}

export function inspectHashTile(file: Uint8Array): Inspection {
  const hashes = Math.floor(file.length / HASH_BYTES);
  const list = Array.from({ length: hashes }, (_, i) =>
    Buffer.from(file.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)).toString('hex'),
  );
  const whole = file.length % HASH_BYTES === 0 && hashes >= 1 && hashes <= TILE_WIDTH;
  return {
    kind: 'hash tile',
    fault: whole ? null : `${file.length} bytes are not 1 to ${TILE_WIDTH} hashes of ${HASH_BYTES}`,
    facts: { hashes: list },
    rows: [['hashes', String(hashes)], ...list.map((hash, i) => [`hash ${i}`, hash] as const)],
  };
}

/** The engine's snapshot: JSON lines, the last of them the SHA-256 of everything before it. */
export function inspectSnapshot(file: Uint8Array): Inspection {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const body = bytes.subarray(0, Math.max(0, bytes.length - 65));
  const trailer = bytes.subarray(body.length).toString('latin1').trimEnd();
  const head = bytes.subarray(0, bytes.indexOf(0x0a)).toString('utf8');
  const holds = trailer === sha256Hex(body);
  return {
    kind: 'snapshot',
    fault: holds ? null : 'the checksum in the last line does not hold',
    facts: { bytes: bytes.length, head: parsed(head) },
    rows: [
      ['snapshot', `${bytes.length} bytes, checksum ${holds ? 'holds' : 'FAILS'}`],
      ['head', shown(head)],
    ],
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
