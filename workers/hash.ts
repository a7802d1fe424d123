// The leaf of a record in its batch's Merkle tree (RFC 6962 §2.1).

import { hash } from 'node:crypto';

const LEAF_BYTES = 32;

/**
 * Writes SHA-256 of the bytes [start, end), which begin with the 0x00 of a leaf, at `at` of the same bytes.
 * The digest comes as a string of bytes: of all the shapes that node:crypto has to give, that one costs least.
 */
export function hashLeaf(bytes: Uint8Array, start: number, end: number, at: number): void {
  const digest = hash('sha256', bytes.subarray(start, end), 'binary');
  for (let i = 0; i < LEAF_BYTES; i++) bytes[at + i] = digest.charCodeAt(i);
}
