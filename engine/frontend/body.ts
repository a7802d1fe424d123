// HTTP bodies under way: counted by what has really arrived, so that a thousand half-sent requests cost what they sent and
// all together never more than MAX_BODIES_BYTES.

import { MAX_BODIES_BYTES } from '../limits.ts';

/** What all bodies under way hold together. */
export class BodyBudget {
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** False when it does not fit any more. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > MAX_BODIES_BYTES) return false;
    this.#bytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }
}

/** One body. After `drop` it holds nothing and takes nothing. */
export class Body {
  readonly #budget: BodyBudget;
  readonly #maxBytes: number;
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  constructor(budget: BodyBudget, maxBytes: number) {
    this.#budget = budget;
    this.#maxBytes = maxBytes;
  }

  /** Keeps a copy of a piece that is not the last. */
  add(chunk: ArrayBuffer): 'kept' | 'too-large' | 'no-room' {
    const bytes = chunk.byteLength;
    if (this.#bytes + bytes > this.#maxBytes) return 'too-large';
    if (!this.#budget.take(bytes)) return 'no-room';
    this.#bytes += bytes;
    if (bytes > 0) this.#chunks.push(new Uint8Array(chunk.slice(0)));
    return 'kept';
  }

  /** The whole body with its last piece; where that is all of it, without a copy: valid until the handler returns. */
  whole(last: ArrayBuffer): Uint8Array | 'too-large' {
    if (this.#bytes + last.byteLength > this.#maxBytes) return 'too-large';
    if (this.#chunks.length === 0) return new Uint8Array(last);
    return Buffer.concat([...this.#chunks, new Uint8Array(last)]);
  }

  /** Lets go of everything. */
  drop(): void {
    this.#budget.give(this.#bytes);
    this.#chunks = [];
    this.#bytes = 0;
  }
}
