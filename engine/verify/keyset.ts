// The set of object keys that some log names: 16 bytes a key (a cut SHA-256), open addressing, so that ten million seals
// take a few hundred megabytes and no object each. 128 bits: nobody finds a second key with the same digest.

import { hash } from 'node:crypto';

const WORDS = 4;

/** Grows by doubling; a slot whose four words are 0 is empty (a digest of all zeros does not happen). */
export class KeySet {
  #slots: Uint32Array = new Uint32Array(1024 * WORDS);
  #size = 0;
  readonly #digest: Buffer = Buffer.alloc(32);
  readonly #words: Uint32Array = new Uint32Array(this.#digest.buffer, this.#digest.byteOffset, 8);

  get size(): number {
    return this.#size;
  }

  add(key: string): void {
    if (2 * (this.#size + 1) > this.#slots.length / WORDS) this.#grow();
    this.#load(key);
    if (place(this.#slots, this.#words)) this.#size++;
  }

  has(key: string): boolean {
    this.#load(key);
    return find(this.#slots, this.#words) < 0;
  }

  #load(key: string): void {
    this.#digest.write(hash('sha256', key, 'binary'), 'latin1');
  }

  #grow(): void {
    const bigger = new Uint32Array(2 * this.#slots.length);
    for (let at = 0; at < this.#slots.length; at += WORDS) {
      const words = this.#slots.subarray(at, at + WORDS);
      if (words.some((word) => word !== 0)) place(bigger, words);
    }
    this.#slots = bigger;
  }
}

/** The free slot for `words` (its word index), or −1 when the words are there. */
function find(slots: Uint32Array, words: Uint32Array): number {
  const mask = slots.length / WORDS - 1;
  for (let slot = (words[0] as number) & mask; ; slot = (slot + 1) & mask) {
    const at = slot * WORDS;
    let same = true;
    let empty = true;
    for (let i = 0; i < WORDS; i++) {
      if (slots[at + i] !== words[i]) same = false;
      if (slots[at + i] !== 0) empty = false;
    }
    if (same) return -1;
    if (empty) return at;
  }
}

function place(slots: Uint32Array, words: Uint32Array): boolean {
  const at = find(slots, words);
  if (at < 0) return false;
  for (let i = 0; i < WORDS; i++) slots[at + i] = words[i] as number;
  return true;
}
