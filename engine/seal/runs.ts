// Where the records of an open batch lie in the journal: a run is one or more consecutive entries of one partition in one
// journal record, kept as numbers in columns that grow by doubling. No object per record, no line in memory.

import { FatalError } from '../errors.ts';

const FIRST_CAPACITY = 16;

/** Columns of runs, in file order. Positions are journal positions of entry headers. */
export class Runs {
  #position: Float64Array = new Float64Array(FIRST_CAPACITY);
  #span: Uint32Array = new Uint32Array(FIRST_CAPACITY);
  #count: Uint32Array = new Uint32Array(FIRST_CAPACITY);
  // Only dead letters need where they came from: the frame entry before the run, and when the journal took the record.
  #back: Uint32Array | null;
  #wallMs: Float64Array | null;
  #length = 0;

  /** @param sourced true keeps `back` and `wallMs` of each run (dead letters). */
  constructor(sourced: boolean) {
    this.#back = sourced ? new Uint32Array(FIRST_CAPACITY) : null;
    this.#wallMs = sourced ? new Float64Array(FIRST_CAPACITY) : null;
  }

  get length(): number {
    return this.#length;
  }

  /**
   * Begins a run with one entry.
   * @param position journal position of the entry; `bytes` its length.
   * @param frame position of its frame entry, in the same journal record; `wallMs` that record's time.
   */
  push(position: number, bytes: number, frame: number, wallMs: number): void {
    if (this.#length === this.#position.length) this.#grow();
    const at = this.#length++;
    this.#position[at] = position;
    this.#span[at] = bytes;
    this.#count[at] = 1;
    if (this.#back !== null) this.#back[at] = position - frame;
    if (this.#wallMs !== null) this.#wallMs[at] = wallMs;
  }

  /** One more entry for the newest run: it ends at journal position `end`. */
  extend(end: number): void {
    const at = this.#length - 1;
    this.#span[at] = end - this.position(at);
    this.#count[at] = this.count(at) + 1;
  }

  position(run: number): number {
    return this.#position[run] as number;
  }

  /** Bytes from the run's first entry to the end of its last: entries of other partitions may lie between. */
  span(run: number): number {
    return this.#span[run] as number;
  }

  count(run: number): number {
    return this.#count[run] as number;
  }

  /** Journal position of the frame entry that the run's first entry belongs to; the run itself where not kept. */
  frame(run: number): number {
    return this.position(run) - (this.#back?.[run] ?? 0);
  }

  /** Unix ms at which the journal took the run; 0 where not kept. */
  wallMs(run: number): number {
    return this.#wallMs?.[run] ?? 0;
  }

  /** The columns as base64 (little-endian), for the snapshot. */
  dump(): string[] {
    const columns: (Float64Array | Uint32Array | null)[] = [
      this.#position,
      this.#span,
      this.#count,
      this.#back,
      this.#wallMs,
    ];
    return columns
      .filter((column) => column !== null)
      .map((column) => {
        const used = column.subarray(0, this.#length);
        return Buffer.from(used.buffer, used.byteOffset, used.byteLength).toString('base64');
      });
  }

  /** Reads what `dump` wrote. Throws FatalError when the columns do not fit together. */
  static load(columns: readonly string[], sourced: boolean): Runs {
    const runs = new Runs(sourced);
    const bytes = columns.map((column) => Buffer.from(column, 'base64'));
    const [position, span, count, back, wallMs] = bytes;
    const length = (position?.length ?? -8) / 8;
    const fits =
      bytes.length === (sourced ? 5 : 3) &&
      bytes.every((b, i) => b.length === length * (i === 0 || i === 4 ? 8 : 4));
    if (!fits || position === undefined || span === undefined || count === undefined) {
      throw new FatalError('snapshot: the runs of an open batch are damaged');
    }
    runs.#length = length;
    runs.#position = new Float64Array(copyOf(position));
    runs.#span = new Uint32Array(copyOf(span));
    runs.#count = new Uint32Array(copyOf(count));
    if (back !== undefined) runs.#back = new Uint32Array(copyOf(back));
    if (wallMs !== undefined) runs.#wallMs = new Float64Array(copyOf(wallMs));
    return runs;
  }

  #grow(): void {
    const capacity = Math.max(FIRST_CAPACITY, 2 * this.#length);
    this.#position = widen(new Float64Array(capacity), this.#position);
    this.#span = widen(new Uint32Array(capacity), this.#span);
    this.#count = widen(new Uint32Array(capacity), this.#count);
    if (this.#back !== null) this.#back = widen(new Uint32Array(capacity), this.#back);
    if (this.#wallMs !== null) this.#wallMs = widen(new Float64Array(capacity), this.#wallMs);
  }
}

function widen<T extends Float64Array | Uint32Array>(into: T, from: T): T {
  into.set(from);
  return into;
}

/** An ArrayBuffer of its own: a Buffer's may be shared and not aligned. */
function copyOf(bytes: Buffer): ArrayBuffer {
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
}
