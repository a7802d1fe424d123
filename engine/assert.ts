// Programming errors. An assertion that fails is a bug in firn, never bad input: it stops the process.

/** Throws `Error('assertion: …')` when `condition` is false. For relations that the code itself guarantees. */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`assertion: ${what}`);
}
