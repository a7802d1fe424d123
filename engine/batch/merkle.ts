// The Merkle tree of RFC 6962 §2.1 (= RFC 9162 §2.1): leaf = SHA256(0x00 ‖ data), node = SHA256(0x01 ‖ left ‖ right),
// split at the largest power of two below n, no leaf ever doubled. Batches and the log use the same tree; leaves lie in
// one flat buffer, 32 bytes each, so that a batch of a million records costs no object per record.
//
// The tree by levels is the tree by splits: pairing neighbours and carrying a last odd node up unchanged gives the same
// nodes, because every split leaves a perfect tree on the left. Whole trees are hashed by the native kernel where it is built.

import { hash } from 'node:crypto';
import { nativeKernels } from '../../workers/kernels.ts';
import { assert } from '../assert.ts';

export const HASH_BYTES = 32;

/** SHA-256 as raw bytes. The one-shot `hash` with a binary string as result costs a third of the one that makes a Buffer. */
export function sha256(data: Uint8Array): Uint8Array {
  return Buffer.from(hash('sha256', data, 'binary'), 'binary');
}

/** SHA-256 as 64 lower-case hex digits. */
export function sha256Hex(data: Uint8Array): string {
  return hash('sha256', data, 'hex');
}

const nodeInput = Buffer.alloc(1 + 2 * HASH_BYTES, 1);
let leafInput = Buffer.alloc(4096);

/** `SHA256(0x00 ‖ data)`: for a batch, `data` is the line without its LF; for the log it is the seal. */
export function leafHash(data: Uint8Array): Uint8Array {
  if (data.length >= leafInput.length) leafInput = Buffer.alloc(2 * data.length + 1);
  leafInput[0] = 0;
  leafInput.set(data, 1);
  return sha256(leafInput.subarray(0, data.length + 1));
}

/** `SHA256(0x01 ‖ left ‖ right)`. Both are 32 bytes. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  assert(left.length === HASH_BYTES && right.length === HASH_BYTES, 'nodes of the tree are 32 bytes');
  nodeInput.set(left, 1);
  nodeInput.set(right, 1 + HASH_BYTES);
  return sha256(nodeInput);
}

/** Copy of node `index` of a flat buffer of nodes. */
export function nodeAt(nodes: Uint8Array, index: number): Uint8Array {
  assert(index >= 0 && (index + 1) * HASH_BYTES <= nodes.length, 'the node lies in its buffer');
  return Uint8Array.prototype.slice.call(nodes, index * HASH_BYTES, (index + 1) * HASH_BYTES);
}

let scratch = Buffer.alloc(0);

/**
 * Root of the tree over `leaves` (32 × n bytes, leaf hashes; left as they are). n = 0 gives SHA-256 of nothing.
 * A scratch buffer of 16 × n bytes is kept for the next call.
 */
export function merkleRoot(leaves: Uint8Array): Uint8Array {
  assert(leaves.length % HASH_BYTES === 0, 'leaves are 32 bytes each');
  const n = leaves.length / HASH_BYTES;
  if (n === 0) return sha256(new Uint8Array(0));
  if (n === 1) return nodeAt(leaves, 0);
  const native = nativeKernels();
  if (native !== null) {
    const root = new Uint8Array(HASH_BYTES);
    native.merkleRoot(leaves, root);
    return root;
  }
  const needed = Math.ceil(n / 2) * HASH_BYTES;
  if (scratch.length < needed) scratch = Buffer.alloc(needed);
  let width = halve(leaves, n, scratch);
  while (width > 1) width = halve(scratch, width, scratch);
  return nodeAt(scratch, 0);
}

/** One level up: the parents of the `width` nodes of `from` into `into`, which may be `from` itself. */
function halve(from: Uint8Array, width: number, into: Buffer): number {
  const pairs = width >>> 1;
  for (let i = 0; i < pairs; i++) {
    nodeInput.set(from.subarray(2 * i * HASH_BYTES, 2 * (i + 1) * HASH_BYTES), 1);
    into.write(hash('sha256', nodeInput, 'binary'), i * HASH_BYTES, HASH_BYTES, 'binary');
  }
  if (width % 2 === 0) return pairs;
  into.set(from.subarray((width - 1) * HASH_BYTES, width * HASH_BYTES), pairs * HASH_BYTES);
  return pairs + 1;
}

function rangeRoot(leaves: Uint8Array, from: number, to: number): Uint8Array {
  return merkleRoot(leaves.subarray(from * HASH_BYTES, to * HASH_BYTES));
}

/** Largest power of two below n (n ≥ 2): where a tree of n leaves splits. */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/**
 * RFC 9162 §2.1.3.1: the nodes that prove leaf `index` (from 0) in the tree over `leaves`, nearest the leaf first.
 */
export function inclusionProof(leaves: Uint8Array, index: number): Uint8Array[] {
  let from = 0;
  let to = leaves.length / HASH_BYTES;
  assert(Number.isInteger(index) && index >= 0 && index < to, 'the leaf is in the tree');
  const proof: Uint8Array[] = [];
  while (to - from > 1) {
    const middle = from + split(to - from);
    if (index < middle) {
      proof.push(rangeRoot(leaves, middle, to));
      to = middle;
    } else {
      proof.push(rangeRoot(leaves, from, middle));
      from = middle;
    }
  }
  return proof.reverse();
}

/**
 * RFC 9162 §2.1.3.2: whether `proof` shows that the leaf hash `leaf` is number `index` of the tree of `size` leaves with
 * root `root`. Anything that is not a proof (lengths, ranges, numbers past 2^53) is false, never an error.
 */
export function verifyInclusion(
  root: Uint8Array,
  size: number,
  index: number,
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!Number.isSafeInteger(size) || !Number.isSafeInteger(index) || index < 0 || index >= size) return false;
  if (![root, leaf, ...proof].every((node) => node.length === HASH_BYTES)) return false;
  let first = index;
  let last = size - 1;
  let node = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (first % 2 === 1 || first === last) {
      node = nodeHash(sibling, node);
      while (first % 2 === 0 && first !== 0) [first, last] = [first / 2, Math.floor(last / 2)];
    } else {
      node = nodeHash(node, sibling);
    }
    first = Math.floor(first / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && equalHashes(node, root);
}

/**
 * RFC 9162 §2.1.4.1: the nodes that prove that the tree over the first `oldSize` leaves is a prefix of the tree over all
 * of them. Empty when `oldSize` is 0 or the whole size.
 */
export function consistencyProof(leaves: Uint8Array, oldSize: number): Uint8Array[] {
  let from = 0;
  let to = leaves.length / HASH_BYTES;
  assert(Number.isInteger(oldSize) && oldSize >= 0 && oldSize <= to, 'the old tree is no larger');
  if (oldSize === 0 || oldSize === to) return [];
  const proof: Uint8Array[] = [];
  while (oldSize !== to) {
    const middle = from + split(to - from);
    if (oldSize <= middle) {
      proof.push(rangeRoot(leaves, middle, to));
      to = middle;
    } else {
      proof.push(rangeRoot(leaves, from, middle));
      from = middle;
    }
  }
  // `from` is 0 when the old tree is itself a node of the new one: then the verifier has that root already.
  if (from !== 0) proof.push(rangeRoot(leaves, from, to));
  return proof.reverse();
}

/**
 * RFC 9162 §2.1.4.2: whether `proof` shows that the tree (`newSize`, `newRoot`) only adds to (`oldSize`, `oldRoot`).
 * Every tree adds to the empty one. Anything that is not a proof is false, never an error.
 */
export function verifyConsistency(
  oldSize: number,
  oldRoot: Uint8Array,
  newSize: number,
  newRoot: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!Number.isSafeInteger(oldSize) || !Number.isSafeInteger(newSize) || oldSize < 0 || oldSize > newSize)
    return false;
  if (![oldRoot, newRoot, ...proof].every((node) => node.length === HASH_BYTES)) return false;
  if (oldSize === newSize) return proof.length === 0 && equalHashes(oldRoot, newRoot);
  if (oldSize === 0) return proof.length === 0 && equalHashes(oldRoot, merkleRoot(new Uint8Array(0)));
  let first = oldSize - 1;
  let last = newSize - 1;
  while (first % 2 === 1) [first, last] = [(first - 1) / 2, Math.floor(last / 2)];
  const [start, ...rest] = first === 0 ? [oldRoot, ...proof] : proof;
  if (start === undefined) return false;
  let oldNode = start;
  let newNode = start;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (first % 2 === 1 || first === last) {
      oldNode = nodeHash(sibling, oldNode);
      newNode = nodeHash(sibling, newNode);
      while (first % 2 === 0 && first !== 0) [first, last] = [first / 2, Math.floor(last / 2)];
    } else {
      newNode = nodeHash(newNode, sibling);
    }
    first = Math.floor(first / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && equalHashes(oldNode, oldRoot) && equalHashes(newNode, newRoot);
}

/** Whether two hashes are the same 32 bytes. They are public: no constant time is needed. */
export function equalHashes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === HASH_BYTES && b.length === HASH_BYTES && Buffer.compare(a, b) === 0;
}
