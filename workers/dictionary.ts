// A fixed set of texts (field names, enum values, zones) that is asked with bytes: the answer is the text's number, and
// no string is made on the way.

const SEED = 0x811c9dc5;
const PRIME = 0x01000193;
const ABSENT = -1;

/** FNV-1a of the bytes [start, end). */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = SEED;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), PRIME);
  return hash;
}

/** Open addressing, at most a quarter full: whoever asks for texts that are not there pays a few comparisons at most. */
export class Dictionary {
  readonly #texts: readonly Uint8Array[];
  readonly #slots: Int32Array;
  readonly #mask: number;

  /** Numbers are the positions in `texts`, which are different from each other. */
  constructor(texts: readonly string[]) {
    this.#texts = texts.map((text) => new TextEncoder().encode(text));
    let slots = 8;
    while (slots < texts.length * 4) slots *= 2;
    this.#slots = new Int32Array(slots).fill(ABSENT);
    this.#mask = slots - 1;
    for (const [number, text] of this.#texts.entries()) {
      let slot = hashOf(text, 0, text.length) & this.#mask;
      while (this.#slots[slot] !== ABSENT) slot = (slot + 1) & this.#mask;
      this.#slots[slot] = number;
    }
  }

  /** Number of the text that is exactly the bytes [start, end); -1 when there is none. */
  find(bytes: Uint8Array, start: number, end: number): number {
    let slot = hashOf(bytes, start, end) & this.#mask;
    for (;;) {
      const number = this.#slots[slot] as number;
      if (number === ABSENT || equals(this.#texts[number] as Uint8Array, bytes, start, end)) return number;
      slot = (slot + 1) & this.#mask;
    }
  }
}

function equals(text: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== bytes[start + i]) return false;
  }
  return true;
}
