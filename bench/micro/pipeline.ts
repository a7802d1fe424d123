// The seam of the whole-codec comparisons: everything from frames in slabs to the root of the batch's tree. What an
// implementation leaves behind can be read, so that all of them can be compared byte for byte before one is timed.

import type { Slabs } from './slabs.ts';
import type { Arm } from './subject.ts';

/** What a run left behind. Views, valid until the next run. */
export interface Outcome {
  readonly accepted: number;
  readonly refused: number;
  /** Leaf hashes of the accepted records, 32 bytes each. */
  readonly leaves: Uint8Array;
  /** Root of the tree over all of them (RFC 6962); empty where the pipeline was made without a tree. */
  readonly root: Uint8Array;
}

export interface Pipeline {
  readonly name: string;
  readonly kind: Arm['kind'];
  /** Parses, validates, writes canonical lines, hashes leaves and makes the root. */
  run(slabs: Slabs): Outcome;
  /** The lines of one run, each with its LF: for the comparison, never timed. */
  lines(slabs: Slabs): Uint8Array;
}
