// Cuts judged events into what one transaction of the ledger takes. Events alone are no bound (one file of 1.1 MB has 28
// events and 14,997 rows), so rows, bytes of canonical text and time are counted too.

import type { JudgedEvent } from '../epcis/judged.ts';
import { MIB } from '../limits.ts';

export interface ChunkLimits {
  readonly events: number;
  readonly rows: number;
  /** Characters of canonical text. */
  readonly bytes: number;
  readonly ms: number;
}

const CHUNK_LIMITS: ChunkLimits = { events: 1000, rows: 50_000, bytes: 8 * MIB, ms: 5000 };

export class Chunker {
  readonly #limits: ChunkLimits;
  readonly #nowMs: () => number;
  #open: JudgedEvent[] = [];
  #rows = 0;
  #bytes = 0;
  #sinceMs = 0;
  /** Chunks that are full, oldest first. Whoever sends them takes them from here. */
  readonly full: (readonly JudgedEvent[])[] = [];

  constructor(nowMs: () => number, limits: ChunkLimits = CHUNK_LIMITS) {
    this.#nowMs = nowMs;
    this.#limits = limits;
  }

  /** Adds one event; a single event that is over a limit is a chunk of its own. */
  push(event: JudgedEvent): void {
    const { events, rows, bytes } = this.#limits;
    const moreRows = event.canonical?.rows.length ?? 0;
    const moreBytes = event.canonical?.json.length ?? 0;
    const over = this.#rows + moreRows > rows || this.#bytes + moreBytes > bytes;
    // Cut only when another one follows: the last chunk of a document has events, if the document has any.
    if (this.#open.length >= events || (this.#open.length > 0 && over)) this.#cut();
    if (this.#open.length === 0) this.#sinceMs = this.#nowMs();
    this.#open.push(event);
    this.#rows += moreRows;
    this.#bytes += moreBytes;
  }

  /** Cuts what has been open for too long, but for its last event. */
  tick(): void {
    if (this.#open.length < 2 || this.#nowMs() - this.#sinceMs < this.#limits.ms) return;
    const last = this.#open.pop() as JudgedEvent;
    this.#cut();
    this.push(last);
  }

  /** The last chunk: empty only where there was no event at all. Everything in `full` goes before it. */
  end(): readonly JudgedEvent[] {
    const last = this.#open;
    this.#open = [];
    return last;
  }

  #cut(): void {
    this.full.push(this.#open);
    this.#open = [];
    this.#rows = 0;
    this.#bytes = 0;
  }
}
