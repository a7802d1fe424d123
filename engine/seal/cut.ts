// A cut: what is journaled before anything of a batch is written, so that a replay after a crash makes the same bytes. It
// names the partition, how many records it takes from its front (a cut takes a partition whole) and everything in the
// seal that is not computed from the records. The account is the fold's at that moment and is never computed again.

import { canonicalise } from '../../workers/canonicalise.ts';
import type { SealAcct, SealClock } from '../batch/seal.ts';
import { FatalError } from '../errors.ts';
import { PARTITION_KIND, type PartitionKind } from './partitions.ts';

const VERSION = 1;

/** Counters are plain numbers: exact up to 2^53. */
export interface Cut {
  /** Index of the seal in the log. */
  readonly index: number;
  readonly kind: 'records' | 'dead-letter' | 'audit' | 'heartbeat';
  /** Number in the registry; 0 for audit and heartbeat. */
  readonly stream: number;
  /** Days since 1970-01-01; 0 for a heartbeat. */
  readonly day: number;
  /** Sequence number of the first record in its class; 0 for a heartbeat. */
  readonly firstSeq: number;
  readonly count: number;
  /** End of the record journal as folded when the cut was made: the end of a group. */
  readonly position: number;
  readonly sealedMs: number;
  readonly clock: SealClock;
  readonly acct: SealAcct;
}

const KINDS = {
  records: PARTITION_KIND.records,
  'dead-letter': PARTITION_KIND.deadLetter,
  audit: PARTITION_KIND.audit,
} as const;

/** Kind of the partition that a cut takes; null for a heartbeat. */
export function partitionKind(cut: Cut): PartitionKind | null {
  return cut.kind === 'heartbeat' ? null : KINDS[cut.kind];
}

/** Kind of the cut that takes a partition. */
export function cutKind(kind: PartitionKind): 'records' | 'dead-letter' | 'audit' {
  if (kind === PARTITION_KIND.records) return 'records';
  return kind === PARTITION_KIND.deadLetter ? 'dead-letter' : 'audit';
}

/** The payload of a cut's journal record (JCS). */
export function encodeCut(cut: Cut): Uint8Array {
  return Buffer.from(canonicalise({ version: VERSION, ...cut }), 'utf8');
}

/** Reads the payload of a cut's journal record. Throws FatalError when it is none that this version writes. */
export function decodeCut(payload: Uint8Array): Cut {
  const value = JSON.parse(Buffer.from(payload).toString('utf8')) as Cut & { version: number };
  const { version, ...cut } = value;
  if (version !== VERSION)
    throw new FatalError(`seal journal: a cut of version ${version}, this firn reads ${VERSION}`);
  return cut;
}

/** The payload of a seal's journal record: the seal is kept character for character, with its index in the log. */
export function encodeFinal(index: number, seal: Uint8Array): Uint8Array {
  return Buffer.from(JSON.stringify({ index, seal: Buffer.from(seal).toString('utf8') }), 'utf8');
}

/** Reads what `encodeFinal` wrote. */
export function decodeFinal(payload: Uint8Array): { index: number; seal: Uint8Array } {
  const { index, seal } = JSON.parse(Buffer.from(payload).toString('utf8')) as {
    index: number;
    seal: string;
  };
  return { index, seal: Buffer.from(seal, 'utf8') };
}
