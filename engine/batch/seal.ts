// The seal: one JCS object that names a batch, its bytes, its root and its place in the log (FORMAT.md §4), or, as a
// heartbeat, only that the engine was alive. One value has one encoding: `decodeSeal` accepts what `encodeSeal` writes and
// nothing else.

import { canonicalise } from '../../workers/canonicalise.ts';
import { assert } from '../assert.ts';
import { MAX_SEAL_BYTES } from '../limits.ts';
import { parseObjectKey } from './object-key.ts';

export const FORMAT = 'firn.batch/1';

/** `prev` of the first seal of a log. */
export const NO_PREV: string = '0'.repeat(64);

/** Cumulative over the life of the log, in records; decimal strings. received = accepted + rejected + duplicate. */
export interface SealAcct {
  readonly accepted: string;
  readonly duplicate: string;
  readonly received: string;
  readonly rejected: string;
}

/** How far the engine's clock may be off; null where nobody measures it (`system`). */
export interface SealClock {
  readonly bound_ms: number | null;
  readonly offset_ms: number | null;
  readonly source: string;
}

interface SealCommon {
  readonly acct: SealAcct;
  readonly clock: SealClock;
  readonly engine: string;
  readonly format: typeof FORMAT;
  /** SHA-256 of the previous seal's bytes in this log, hex. */
  readonly prev: string;
  readonly sealed_utc: string;
}

/** Seal of one object in the lake. Hashes are lower-case hex, sequence numbers decimal strings. */
export interface ObjectSeal extends SealCommon {
  readonly kind: 'records' | 'dead-letter' | 'audit';
  readonly count: number;
  readonly excursions: number;
  readonly first_seq: string;
  readonly last_seq: string;
  readonly key: string;
  readonly ndjson_bytes: number;
  readonly ndjson_sha256: string;
  readonly root: string;
  readonly schema: string;
  readonly schema_sha256: string;
  readonly ts_max: string;
  readonly ts_min: string;
  readonly zstd_bytes: number;
  readonly zstd_sha256: string;
}

/** Seal without an object: the engine was idle and says so. */
export interface HeartbeatSeal extends SealCommon {
  readonly kind: 'heartbeat';
  readonly count: 0;
}

export type Seal = ObjectSeal | HeartbeatSeal;

/** These bytes are not a seal. The message says which member is wrong. */
export class SealError extends Error {
  override readonly name = 'SealError';
}

type Rule = (value: unknown) => boolean;

const isDecimal: Rule = (value) => typeof value === 'string' && /^(0|[1-9][0-9]{0,18})$/.test(value);
const isHash: Rule = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const isCount: Rule = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isText: Rule = (value) => typeof value === 'string' && value !== '';
const isMilliseconds: Rule = (value) => value === null || Number.isFinite(value);
const isUtc: Rule = (value) =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value);
const isTimestamp: Rule = (value) =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|\+00:00)$/.test(value);
const isObjectKind: Rule = (value) => value === 'records' || value === 'dead-letter' || value === 'audit';

const ACCT: Record<keyof SealAcct, Rule> = {
  accepted: isDecimal,
  duplicate: isDecimal,
  received: isDecimal,
  rejected: isDecimal,
};
const CLOCK: Record<keyof SealClock, Rule> = {
  bound_ms: isMilliseconds,
  offset_ms: isMilliseconds,
  source: isText,
};
const COMMON: Record<keyof SealCommon, Rule> = {
  acct: (value) => misfit(value, ACCT) === null,
  clock: (value) => misfit(value, CLOCK) === null,
  engine: isText,
  format: (value) => value === FORMAT,
  prev: isHash,
  sealed_utc: isUtc,
};
const HEARTBEAT: Record<keyof HeartbeatSeal, Rule> = {
  ...COMMON,
  count: (value) => value === 0,
  kind: (value) => value === 'heartbeat',
};
const OBJECT: Record<keyof ObjectSeal, Rule> = {
  ...COMMON,
  count: (value) => isCount(value) && value !== 0,
  excursions: isCount,
  first_seq: isDecimal,
  key: isText,
  kind: isObjectKind,
  last_seq: isDecimal,
  ndjson_bytes: isCount,
  ndjson_sha256: isHash,
  root: isHash,
  schema: isText,
  schema_sha256: isHash,
  ts_max: isTimestamp,
  ts_min: isTimestamp,
  zstd_bytes: isCount,
  zstd_sha256: isHash,
};

/** The first member that is missing, too many or of the wrong shape; null when `value` fits. */
function misfit(value: unknown, rules: Readonly<Record<string, Rule>>): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return '(not an object)';
  const members = value as Record<string, unknown>;
  for (const [name, rule] of Object.entries(rules)) {
    if (!Object.hasOwn(members, name) || !rule(members[name])) return name;
  }
  return Object.keys(members).find((name) => !Object.hasOwn(rules, name)) ?? null;
}

function sealMisfit(value: unknown): string | null {
  const heartbeat = (value as { kind?: unknown } | null)?.kind === 'heartbeat';
  return misfit(value, heartbeat ? HEARTBEAT : OBJECT);
}

/**
 * The bytes of a seal: at most 2 KiB of object metadata, also as base64url. That its members agree with each other (count
 * with the sequence numbers, the key with root and kind, the account with itself) is the caller's promise: asserted.
 */
export function encodeSeal(seal: Seal): Uint8Array {
  const wrong = sealMisfit(seal);
  assert(wrong === null, `a seal's members are those of FORMAT.md §4: ${wrong}`);
  const { accepted, duplicate, received, rejected } = seal.acct;
  assert(
    BigInt(received) === BigInt(accepted) + BigInt(rejected) + BigInt(duplicate),
    'received = accepted + rejected + duplicate',
  );
  if (seal.kind !== 'heartbeat') assertAgrees(seal);
  const bytes = Buffer.from(canonicalise(seal), 'utf8');
  assert(metadataBytes(bytes.length) <= MAX_SEAL_BYTES, 'a seal fits the metadata of an object');
  return bytes;
}

/** Bytes of object metadata that a seal of `bytes` bytes takes: base64url and the two names (FORMAT.md §3). */
export function metadataBytes(bytes: number): number {
  return Math.ceil((bytes * 4) / 3) + 'firn1'.length + 'firn-seal'.length;
}

function assertAgrees(seal: ObjectSeal): void {
  const first = BigInt(seal.first_seq);
  assert(
    first >= 1n && BigInt(seal.last_seq) - first + 1n === BigInt(seal.count),
    'sequence numbers make the count',
  );
  assert(seal.excursions <= seal.count, 'excursions are among the records');
  const key = parseObjectKey(seal.key);
  assert(key !== null && key.cls.kind === seal.kind, 'the key is of the kind of the seal');
  assert(
    key.root === seal.root && key.firstSeq === seal.first_seq,
    'the key names root and first sequence number',
  );
}

/**
 * Reads a seal strictly: UTF-8, exactly the members of its kind, their types, and JCS (encoding it again gives the same
 * bytes). Relations between members are left to `verify`, which has a verdict for each.
 * @throws SealError
 */
export function decodeSeal(bytes: Uint8Array): Seal {
  let value: unknown;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch {
    throw new SealError('a seal is JSON in UTF-8');
  }
  const wrong = sealMisfit(value);
  if (wrong !== null) throw new SealError(`a seal's member is missing, unknown or wrong: ${wrong}`);
  if (canonicalise(value) !== text) throw new SealError('a seal is in canonical form (RFC 8785)');
  return value as Seal;
}
