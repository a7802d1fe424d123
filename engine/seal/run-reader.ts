// Reads the runs of a batch back from the journal, in windows: runs that lie close together are one read. Windows bound the
// memory, gaps that are too wide are not read, and no read crosses a segment.

import type { JournalFile } from '../journal/reader.ts';
import { KIB, MIB } from '../limits.ts';
import type { Runs } from './runs.ts';

const WINDOW_BYTES = MIB;
/** Reading this much too much is cheaper than another call. */
const GAP_BYTES = 16 * KIB;

export class RunReader {
  readonly #file: JournalFile;
  #buffer: Buffer = Buffer.alloc(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #start = 0;
  #end = 0;

  constructor(file: JournalFile) {
    this.#file = file;
  }

  /** The window. Valid until the next `seek`. */
  get bytes(): Buffer {
    return this.#buffer;
  }

  get view(): DataView {
    return this.#view;
  }

  /** Forgets the window: positions of another batch may be in other files. */
  reset(): void {
    this.#start = 0;
    this.#end = 0;
  }

  /** Makes run number `run` readable, its frame entry included. @returns offset of that position in the window. */
  seek(runs: Runs, run: number): number {
    const from = runs.frame(run);
    const to = runs.position(run) + runs.span(run);
    if (from < this.#start || to > this.#end) this.#load(runs, run, from, to);
    return from - this.#start;
  }

  #load(runs: Runs, run: number, from: number, to: number): void {
    const segmentEnd = this.#file.segmentEnd(from, to);
    let end = to;
    for (let next = run + 1; next < runs.length; next++) {
      const nextEnd = runs.position(next) + runs.span(next);
      if (runs.frame(next) - end > GAP_BYTES || nextEnd - from > WINDOW_BYTES || nextEnd > segmentEnd) break;
      end = nextEnd;
    }
    const bytes = end - from;
    if (this.#buffer.length < bytes) {
      this.#buffer = Buffer.allocUnsafeSlow(Math.max(WINDOW_BYTES, bytes));
      this.#view = new DataView(this.#buffer.buffer);
    }
    this.reset();
    this.#file.read(from, this.#buffer.subarray(0, bytes));
    this.#start = from;
    this.#end = end;
  }
}
