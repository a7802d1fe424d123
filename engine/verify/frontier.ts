// The right edge of a growing Merkle tree: one hash per complete subtree, so the root at any size costs no memory of the
// leaves (RFC 6962 §2.1; the "compact range").

import { nodeHash, sha256 } from '../batch/merkle.ts';

export class Frontier {
  readonly #edge: Uint8Array[] = [];
  #size = 0;

  /** Leaves pushed so far. */
  get size(): number {
    return this.#size;
  }

  /** Adds one leaf hash of 32 bytes (kept: the caller does not write it again). */
  push(leaf: Uint8Array): void {
    let node = leaf;
    for (let n = this.#size; n % 2 === 1; n = (n - 1) / 2)
      node = nodeHash(this.#edge.pop() as Uint8Array, node);
    this.#edge.push(node);
    this.#size++;
  }

  /** Root over all leaves so far; SHA-256 of nothing while there are none. */
  root(): Uint8Array {
    const [last, ...rest] = this.#edge.toReversed();
    return last === undefined
      ? sha256(new Uint8Array(0))
      : rest.reduce((right, left) => nodeHash(left, right), last);
  }
}
