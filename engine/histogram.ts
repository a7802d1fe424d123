// A histogram of durations in fixed memory: 16 buckets to each doubling, so a quantile is at most 1/16 too high, from one
// millionth of a second to half an hour. Recording allocates nothing.

const UNITS_PER_MS = 1024;
const MAX_UNITS = 0x7fffffff;
const BUCKETS = 28 * 16;

function bucketOf(units: number): number {
  if (units < 16) return units;
  const exponent = 31 - Math.clz32(units);
  return (exponent - 3) * 16 + ((units >>> (exponent - 4)) & 15);
}

/** Smallest number of units that lies above the bucket. */
function upperEdge(bucket: number): number {
  if (bucket < 16) return bucket + 1;
  const exponent = (bucket >>> 4) + 3;
  return (16 + (bucket & 15) + 1) * 2 ** (exponent - 4);
}

export class Histogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #count = 0;
  #max = 0;

  /** Counts one duration in milliseconds; a negative one counts as 0. */
  record(ms: number): void {
    const units = ms > 0 ? Math.min(MAX_UNITS, Math.floor(ms * UNITS_PER_MS)) : 0;
    const bucket = bucketOf(units);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count += 1;
    if (ms > this.#max) this.#max = ms;
  }

  get count(): number {
    return this.#count;
  }

  /** Longest duration recorded, exactly, in milliseconds. */
  get max(): number {
    return this.#max;
  }

  get p50(): number {
    return this.quantile(0.5);
  }

  get p99(): number {
    return this.quantile(0.99);
  }

  /** Milliseconds that the share `q` (0–1) of the durations does not exceed, never above `max`; 0 when nothing was recorded. */
  quantile(q: number): number {
    const wanted = Math.max(1, Math.ceil(q * this.#count));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket] ?? 0;
      if (seen >= wanted) return Math.min(this.#max, upperEdge(bucket) / UNITS_PER_MS);
    }
    return 0;
  }

  reset(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#max = 0;
  }
}
