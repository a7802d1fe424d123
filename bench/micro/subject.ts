// What a micro bench is: a subject gives comparisons, a comparison has arms that do the same work. A subject checks that
// before it hands them over, so an arm that answers otherwise is an error and never a fast arm.

export interface Arm {
  readonly name: string;
  /** `ours`, somebody else's (`peer`), or a bound that nothing can beat, such as the copy alone. */
  readonly kind: 'ours' | 'peer' | 'bound';
  /** All of the comparison's units once. Whatever it returns is thrown away. */
  run(): unknown;
}

export interface Comparison {
  /** Name in JSON, unique among all. */
  readonly key: string;
  readonly title: string;
  /** What one unit of work is, and how many a call does. */
  readonly unit: 'record' | 'frame' | 'KiB' | 'sync';
  readonly units: number;
  /** CPU time of the process, or wall time where the work is mostly waiting. */
  readonly clock: 'cpu' | 'wall';
  /** The first one is the measure of all others, and runs twice. */
  readonly arms: readonly Arm[];
  /** What must be known to read the figures, as sentences. */
  readonly notes: readonly string[];
}

/** Comparisons that are ready to be measured, and how to get rid of what they hold. */
export interface Prepared {
  readonly comparisons: readonly Comparison[];
  /** Sentences about what is missing here, such as a package that is not installed. */
  readonly missing?: readonly string[];
  close?(): void;
}

export interface Subject {
  readonly name: string;
  /**
   * Makes the work and compares what the arms answer.
   * @param records how many records the work is made of; a test asks for few
   */
  prepare(records: number): Prepared | Promise<Prepared>;
}

/**
 * Throws unless all answers are the same bytes.
 * @throws Error naming the first arm that differs, and where
 */
export function mustAgree(
  what: string,
  answers: readonly (readonly [arm: string, bytes: Uint8Array])[],
): void {
  const [first, ...others] = answers;
  if (first === undefined || first[1].length === 0) throw new Error(`${what}: there is nothing to compare`);
  for (const [arm, bytes] of others) {
    if (Buffer.compare(first[1], bytes) === 0) continue;
    const at = first[1].findIndex((byte, i) => bytes[i] !== byte);
    const show = (from: Uint8Array): string =>
      JSON.stringify(Buffer.from(from.subarray(Math.max(0, at - 60), at + 60)).toString());
    throw new Error(
      `${what}: ${arm} differs from ${first[0]} at byte ${at}:\n${show(first[1])}\n${show(bytes)}`,
    );
  }
}
