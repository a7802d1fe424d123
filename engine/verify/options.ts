// What a caller may ask of a verification.

import type { KernelChoice } from '../../workers/kernels.ts';
import type { LakeOptions } from './open.ts';

/** Progress, in seals of all logs; `bytes` = compressed bytes of objects looked at. */
export interface VerifyProgress {
  readonly done: number;
  readonly total: number;
  readonly bytes: number;
}

export interface VerifyOptions extends LakeOptions {
  /** Objects by existence and size, in S3 also by what the store says of them; they are not read. */
  readonly quick?: boolean;
  /** File with a checkpoint that the auditor kept. */
  readonly since?: string;
  /** File with the policy to trust instead of the lake's. */
  readonly policy?: string;
  /** A file without a seal is a finding when it is older than this. Default 15 min. */
  readonly graceMs?: number;
  /** Threads for objects; default: one per core, at most 8. 0 = the caller's thread. */
  readonly threads?: number;
  /** `portable`: nothing of the addon takes part. Default: native code does what is much work, where it is built. */
  readonly kernels?: KernelChoice;
  /** The present, Unix ms: what the grace is counted from. */
  readonly nowMs?: number;
  /** Days that every object of a lake in S3 must be locked for, in place of what the engine told; 0 = none needs to be. */
  readonly lockDays?: number;
  /** Bytes of fetched objects in memory at once; default 128 MiB. One object may always come, however long. */
  readonly fetchBytes?: number;
  readonly onProgress?: (progress: VerifyProgress) => void;
}

export const DEFAULT_GRACE_MS = 900_000;
