// The records of the workload one behind the other in shared memory, as they lie in a slab, and as strings: for the
// comparisons of single steps. The refused ones are among them, but for comparisons that need a value of each.

import { makeWorkload } from '../workload.ts';

export interface Texts {
  readonly texts: readonly string[];
  /** Shared memory, and where record i lies in it: [bounds[2i], bounds[2i + 1]). */
  readonly bytes: Buffer;
  readonly bounds: Int32Array;
  readonly invalid: number;
}

/** @param invalidPer10k of 10,000 records, how many are refused; default as in the workload */
export function makeTexts(records: number, invalidPer10k?: number): Texts {
  const options = invalidPer10k === undefined ? {} : { invalidPer10k };
  const { records: texts, bytes: size, invalid } = makeWorkload({ count: records, ...options });
  const bytes = Buffer.from(new SharedArrayBuffer(size));
  const bounds = new Int32Array(2 * texts.length);
  let at = 0;
  for (const [i, text] of texts.entries()) {
    bounds[2 * i] = at;
    at += bytes.write(text, at, 'latin1');
    bounds[2 * i + 1] = at;
  }
  return { texts, bytes, bounds, invalid };
}
