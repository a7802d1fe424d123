// How much each curve of the soak may grow from its second quarter to its last.

import type { Limit } from './flat.ts';

const MIB = 1024 * 1024;

export const LIMITS = {
  /** Resident memory in bytes. */
  rss: { share: 0.05, amount: 8 * MIB },
  /** Open descriptors: connections come and go, so that their number is noisy. */
  descriptors: { share: 0.05, amount: 4 },
  threads: { share: 0, amount: 1 },
  /** Files below the data folder: segments and outbox rise and fall between checkpoints. */
  dataFiles: { share: 0.1, amount: 8 },
  /** Files in the lake's `_tmp`. */
  temporaryFiles: { share: 0, amount: 1 },
} as const satisfies Readonly<Record<string, Limit>>;

export type CurveName = keyof typeof LIMITS;
