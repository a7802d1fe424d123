// What a caller may ask of a verification.

import type { KernelChoice } from '../../workers/kernels.ts';

/** Progress, in seals of all logs; `bytes` = compressed bytes of objects looked at. */
export interface VerifyProgress {
  readonly done: number;
  readonly total: number;
  readonly bytes: number;
}

export interface VerifyOptions {
  /** The lake's folder. */
  readonly lake: string;
  /** Only existence and size of objects; lines are not read. */
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
  readonly onProgress?: (progress: VerifyProgress) => void;
  readonly signal?: AbortSignal;
}

export const DEFAULT_GRACE_MS = 900_000;
