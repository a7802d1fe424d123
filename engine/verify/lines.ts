// The lines of one object: split, hashed, and looked at. One pass over the bytes; no object per record. What they are is
// returned as facts; comparing the facts with a seal is object.ts.

import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import { nativeKernels } from '../../workers/kernels.ts';
import { HASH_BYTES, leafHash, merkleRoot, sha256Hex } from '../batch/merkle.ts';
import { CanonicalScan, NotCanonical } from './canonical.ts';
import { compareInstants, isInstant } from './instant.ts';
import { type ToldRetention, toldBy } from './retention.ts';

export type ObjectKind = 'records' | 'dead-letter' | 'audit';

/** What is wrong inside an object. `misplaced`: the line is sound but belongs to another day. */
export class LineFault extends Error {
  override readonly name = 'LineFault';
  readonly misplaced: boolean;
  constructor(message: string, misplaced = false) {
    super(message);
    this.misplaced = misplaced;
  }
}

/** What an audit batch tells a verifier: the actions `start` and `stop`, and retention, each in order. */
export interface AuditFacts {
  readonly events: readonly string[];
  readonly told: readonly ToldRetention[];
}

/** Facts about a body of lines. */
export interface LineFacts extends AuditFacts {
  readonly ndjsonSha256: string;
  readonly root: string;
  readonly count: number;
  readonly tsMin: string;
  readonly tsMax: string;
  readonly excursions: number;
}

const LF = 0x0a;
/** `YYYY-MM-DDT` */
const DAY_BYTES = 11;
const EXCURSION = Buffer.from('"excursion"');
const TIME_MEMBER = { records: 'timestamp_utc', 'dead-letter': 'received_utc', audit: 'at_utc' } as const;
const DEAD_LETTER = ['code', 'detail', 'path', 'raw_b64', 'received_utc', 'rejected_utc', 'schema', 'source'];
const DEAD_LETTER_SOURCE = ['frame', 'principal', 'record', 'session'];
const AUDIT = ['action', 'actor', 'at_utc', 'authorised_by', 'new', 'old', 'reason', 'target'];

const recordScan = new CanonicalScan([
  'timestamp_utc',
  'received_utc',
  'compliance_state',
  'evaluated_state',
]);
const ownScan = {
  'dead-letter': new CanonicalScan([TIME_MEMBER['dead-letter']]),
  audit: new CanonicalScan([TIME_MEMBER.audit]),
};

/** Where each line lies, without its LF. */
function* linesOf(body: Buffer): Generator<readonly [from: number, to: number]> {
  let from = 0;
  for (;;) {
    const to = body.indexOf(LF, from);
    if (to < 0) return;
    yield [from, to];
    from = to + 1;
  }
}

/** Leaf hashes of the `count` lines of `body`. The byte before each line lends its place to the prefix and is put back. */
export function leavesOf(body: Buffer, count: number): Buffer {
  const leaves = Buffer.allocUnsafeSlow(count * HASH_BYTES);
  const native = nativeKernels();
  if (native !== null) return leaves.subarray(0, native.hashLines(body, leaves) * HASH_BYTES);
  let at = 0;
  for (const [from, to] of linesOf(body)) {
    if (at === leaves.length) break;
    if (from === 0) leaves.set(leafHash(body.subarray(0, to)), at);
    else {
      body[from - 1] = 0;
      leaves.write(hash('sha256', body.subarray(from - 1, to), 'binary'), at, HASH_BYTES, 'latin1');
      body[from - 1] = LF;
    }
    at += HASH_BYTES;
  }
  return leaves.subarray(0, at);
}

/**
 * How far a body has been looked at: where the next line begins, lines before it, excursions among them, and where the
 * first of the earliest and of the latest times lie (−1: none yet). Twin of LineWalk in native/lines.h.
 */
const WALK = { at: 0, lines: 1, excursions: 2, min: 3, max: 4, words: 5 } as const;

/**
 * Facts about the lines of `body`, expected to be `count` lines of `kind` that all lie in `day` (`YYYY-MM-DD`).
 * @throws LineFault when the body is not such lines.
 */
export function lineFacts(body: Buffer, kind: ObjectKind, count: number, day: string): LineFacts {
  const ndjsonSha256 = sha256Hex(body);
  if (body.length === 0 || body[body.length - 1] !== LF)
    throw new LineFault('the last line has no line feed');
  if (!isUtf8(body)) throw new LineFault('the lines are not UTF-8');
  const prefix = Buffer.from(`${day}T`);
  const audit: { events: string[]; told: ToldRetention[] } = { events: [], told: [] };
  const walk = new Float64Array(WALK.words).fill(-1, WALK.min);
  const words = new Uint8Array(walk.buffer);
  const native = kind === 'records' && prefix.length === DAY_BYTES ? nativeKernels() : null;
  for (;;) {
    // Native code passes lines that are beyond doubt and stops at any other: the verdict on that one is given here.
    native?.checkLines(body, prefix, words);
    const from = walk[WALK.at] as number;
    if (from === body.length) break;
    const to = body.indexOf(LF, from);
    checkLine(body, from, to, kind, prefix, walk, audit);
    walk[WALK.at] = to + 1;
  }
  const lines = walk[WALK.lines] as number;
  if (lines !== count) throw new LineFault(`${lines} lines, the seal says ${count}`);
  const root = Buffer.from(merkleRoot(leavesOf(body, lines))).toString('hex');
  return {
    ndjsonSha256,
    root,
    count: lines,
    tsMin: quotedAt(body, walk[WALK.min] as number),
    tsMax: quotedAt(body, walk[WALK.max] as number),
    excursions: walk[WALK.excursions] as number,
    ...audit,
  };
}

/** Looks at the line `body[from .. to)` and counts it in. @throws LineFault */
function checkLine(
  body: Buffer,
  from: number,
  to: number,
  kind: ObjectKind,
  prefix: Buffer,
  walk: Float64Array,
  audit: { events: string[]; told: ToldRetention[] },
): void {
  const scan = kind === 'records' ? recordScan : ownScan[kind];
  const line = (walk[WALK.lines] as number) + 1;
  walk[WALK.lines] = line;
  try {
    scan.object(body, from, to);
  } catch (error) {
    if (!(error instanceof NotCanonical)) throw error;
    throw new LineFault(`line ${line}: not canonical JSON: ${error.message} (byte ${error.at - from})`);
  }
  const at = (scan.starts[0] as number) + 1;
  if (at === 0 || !isQuotedInstant(body, scan, 0))
    throw new LineFault(`line ${line}: ${TIME_MEMBER[kind]} is not a UTC time stamp`);
  if (!startsWith(body, at, prefix))
    throw new LineFault(`line ${line} is of ${body.toString('latin1', at, at + 10)}`, true);
  const min = walk[WALK.min] as number;
  const max = walk[WALK.max] as number;
  if (min < 0 || compareInstants(body, at, min) < 0) walk[WALK.min] = at;
  if (max < 0 || compareInstants(body, at, max) > 0) walk[WALK.max] = at;
  if (kind !== 'records') {
    checkOwnLine(kind, body, from, to, line, audit);
    return;
  }
  if (!isOwnTime(body, scan, 1)) throw new LineFault(`line ${line}: received_utc is not a time of firn`);
  if (isExcursion(body, scan, 2) || isExcursion(body, scan, 3))
    walk[WALK.excursions] = (walk[WALK.excursions] as number) + 1;
}

function startsWith(body: Buffer, at: number, prefix: Buffer): boolean {
  for (let i = 0; i < prefix.length; i++) if (body[at + i] !== prefix[i]) return false;
  return true;
}

function isQuotedInstant(body: Buffer, scan: CanonicalScan, member: number): boolean {
  const from = scan.starts[member] as number;
  return body[from] === 0x22 && isInstant(body, from + 1, (scan.ends[member] as number) - 1);
}

/** firn's own times are `YYYY-MM-DDTHH:MM:SS.mmmZ`. */
function isOwnTime(body: Buffer, scan: CanonicalScan, member: number): boolean {
  const from = scan.starts[member] as number;
  return (
    from >= 0 &&
    (scan.ends[member] as number) - from === 26 &&
    body[from + 24] === 0x5a &&
    isQuotedInstant(body, scan, member)
  );
}

function isExcursion(body: Buffer, scan: CanonicalScan, member: number): boolean {
  const from = scan.starts[member] as number;
  return (
    from >= 0 &&
    (scan.ends[member] as number) - from === EXCURSION.length &&
    startsWith(body, from, EXCURSION)
  );
}

function quotedAt(body: Buffer, at: number): string {
  return body.toString('latin1', at, body.indexOf(0x22, at));
}

/** Dead letter and audit lines are rare: they are parsed. The scan has already found them canonical. */
function checkOwnLine(
  kind: 'dead-letter' | 'audit',
  body: Buffer,
  from: number,
  to: number,
  line: number,
  audit: { events: string[]; told: ToldRetention[] },
): void {
  const value = JSON.parse(body.toString('utf8', from, to)) as Record<string, unknown>;
  if (kind === 'audit') {
    const action = value['action'];
    if (!hasExactly(value, AUDIT) || typeof action !== 'string')
      throw new LineFault(`line ${line}: not an audit event`);
    if (action === 'start' || action === 'stop') audit.events.push(action);
    if (action === 'store.probe') audit.told.push(toldBy(value));
    return;
  }
  const raw = value['raw_b64'];
  if (
    !hasExactly(value, DEAD_LETTER) ||
    !hasExactly(value['source'], DEAD_LETTER_SOURCE) ||
    typeof value['code'] !== 'string'
  ) {
    throw new LineFault(`line ${line}: not a dead letter`);
  }
  if (typeof raw !== 'string' || Buffer.from(raw, 'base64').toString('base64') !== raw) {
    throw new LineFault(`line ${line}: raw_b64 is not base64`);
  }
}

/** Members of a canonical object come sorted, so comparing the lists is enough. */
function hasExactly(value: unknown, members: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const found = Object.keys(value);
  return found.length === members.length && found.every((name, i) => name === members[i]);
}
