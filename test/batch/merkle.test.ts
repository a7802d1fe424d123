// The tree against a naive, recursive reading of the RFC, against the public inclusion vectors, and against itself with
// every proof bent.

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  consistencyProof,
  equalHashes,
  HASH_BYTES,
  inclusionProof,
  leafHash,
  merkleRoot,
  nodeAt,
  nodeHash,
  verifyConsistency,
  verifyInclusion,
} from '../../engine/batch/merkle.ts';
import { KERNELS, withKernels } from '../support/kernels.ts';

const VECTORS = join(import.meta.dirname, '../../../shared/vectors/merkle/inclusion');

function sha(...parts: Uint8Array[]): Buffer {
  return createHash('sha256').update(Buffer.concat(parts)).digest();
}

/** RFC 6962 §2.1, word for word: MTH over hashed leaves. */
function naiveRoot(leaves: readonly Uint8Array[]): Buffer {
  if (leaves.length === 0) return sha();
  if (leaves.length === 1) return Buffer.from(leaves[0] as Uint8Array);
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return sha(Buffer.of(1), naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k)));
}

/** RFC 6962 §2.1.1: PATH(m, D[n]). */
function naivePath(m: number, leaves: readonly Uint8Array[]): Buffer[] {
  if (leaves.length <= 1) return [];
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return m < k
    ? [...naivePath(m, leaves.slice(0, k)), naiveRoot(leaves.slice(k))]
    : [...naivePath(m - k, leaves.slice(k)), naiveRoot(leaves.slice(0, k))];
}

/** RFC 6962 §2.1.2: SUBPROOF(m, D[n], b). */
function naiveSubproof(m: number, leaves: readonly Uint8Array[], whole: boolean): Buffer[] {
  if (m === leaves.length) return whole ? [] : [naiveRoot(leaves)];
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return m <= k
    ? [...naiveSubproof(m, leaves.slice(0, k), whole), naiveRoot(leaves.slice(k))]
    : [...naiveSubproof(m - k, leaves.slice(k), false), naiveRoot(leaves.slice(0, k))];
}

function makeLeaves(n: number): Uint8Array[] {
  return Array.from({ length: n }, (_, i) => leafHash(Buffer.from(`record ${i}`)));
}

const flat = (leaves: readonly Uint8Array[]): Uint8Array => Buffer.concat(leaves);
const text = (hashes: readonly Uint8Array[]): string[] =>
  hashes.map((hash) => Buffer.from(hash).toString('hex'));

describe.each(KERNELS)('merkle (kernels: %s)', (kernels) => {
  withKernels(kernels);
  test('merkle: leaf and node are SHA-256 with their prefix', () => {
    expect(leafHash(Buffer.from('x'))).toEqual(sha(Buffer.of(0), Buffer.from('x')));
    expect(leafHash(Buffer.alloc(100_000, 7))).toEqual(sha(Buffer.of(0), Buffer.alloc(100_000, 7)));
    const [a, b] = [sha(Buffer.from('a')), sha(Buffer.from('b'))];
    expect(nodeHash(a, b)).toEqual(sha(Buffer.of(1), a, b));
  });

  test('merkle: the empty tree is SHA-256 of nothing and a tree of one is its leaf', () => {
    expect(Buffer.from(merkleRoot(new Uint8Array(0))).toString('hex')).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
    const [leaf] = makeLeaves(1);
    expect(text([merkleRoot(leaf as Uint8Array)])).toEqual(text([leaf as Uint8Array]));
  });

  test('merkle: every size to 300 has the root of the RFC and leaves its input alone', () => {
    const leaves = makeLeaves(300);
    const all = flat(leaves);
    const before = Buffer.from(all);
    for (let n = 0; n <= leaves.length; n++) {
      expect(text([merkleRoot(all.subarray(0, n * HASH_BYTES))])).toEqual(
        text([naiveRoot(leaves.slice(0, n))]),
      );
    }
    expect(Buffer.compare(before, all)).toBe(0);
  });

  test('merkle: a root does not depend on what was computed before it', () => {
    const small = flat(makeLeaves(3));
    const first = merkleRoot(small);
    merkleRoot(flat(makeLeaves(1000)));
    expect(merkleRoot(small)).toEqual(first);
  });

  test('merkle: inclusion proofs are those of the RFC and verify', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 130 }), fc.nat(), (n, pick) => {
        const leaves = makeLeaves(n);
        const index = pick % n;
        const proof = inclusionProof(flat(leaves), index);
        expect(text(proof)).toEqual(text(naivePath(index, leaves)));
        return verifyInclusion(merkleRoot(flat(leaves)), n, index, leaves[index] as Uint8Array, proof);
      }),
      { numRuns: 150 },
    );
  });

  test('merkle: an inclusion proof with any one part changed does not verify', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), fc.nat(255), fc.nat(7), (n, pick, byte, bit) => {
        const leaves = makeLeaves(n);
        const root = merkleRoot(flat(leaves));
        const index = pick % n;
        const leaf = leaves[index] as Uint8Array;
        const proof = inclusionProof(flat(leaves), index);
        const bend = (hash: Uint8Array): Uint8Array => {
          const bent = new Uint8Array(hash);
          bent[byte % HASH_BYTES] = (bent[byte % HASH_BYTES] as number) ^ (1 << bit);
          return bent;
        };
        expect(verifyInclusion(bend(root), n, index, leaf, proof)).toBe(false);
        expect(verifyInclusion(root, n, index, bend(leaf), proof)).toBe(false);
        proof.forEach((node, i) => {
          expect(verifyInclusion(root, n, index, leaf, proof.with(i, bend(node)))).toBe(false);
        });
        expect(verifyInclusion(root, n, index, leaf, [...proof, root])).toBe(false);
        if (proof.length > 0) expect(verifyInclusion(root, n, index, leaf, proof.slice(1))).toBe(false);
        for (let other = 0; other < n; other++) {
          if (other !== index) expect(verifyInclusion(root, n, other, leaf, proof)).toBe(false);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('merkle: consistency proofs are those of the RFC and verify', () => {
    const leaves = makeLeaves(70);
    const all = flat(leaves);
    for (let n = 1; n <= leaves.length; n++) {
      const now = all.subarray(0, n * HASH_BYTES);
      for (let m = 1; m <= n; m++) {
        const proof = consistencyProof(now, m);
        expect(text(proof)).toEqual(text(naiveSubproof(m, leaves.slice(0, n), true)));
        expect(
          verifyConsistency(m, merkleRoot(all.subarray(0, m * HASH_BYTES)), n, merkleRoot(now), proof),
        ).toBe(true);
      }
    }
  });

  test('merkle: a rewritten past has no consistency proof', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 60 }), fc.nat(), fc.nat(), (n, pickOld, pickLeaf) => {
        const old = 1 + (pickOld % (n - 1));
        const leaves = makeLeaves(n);
        const oldRoot = merkleRoot(flat(leaves.slice(0, old)));
        const forked = leaves.with(pickLeaf % old, leafHash(Buffer.from('another')));
        const root = merkleRoot(flat(forked));
        expect(verifyConsistency(old, oldRoot, n, root, consistencyProof(flat(forked), old))).toBe(false);
        expect(verifyConsistency(old, oldRoot, n, root, consistencyProof(flat(leaves), old))).toBe(false);
      }),
      { numRuns: 100 },
    );
  });

  test('merkle: numbers that no tree has are refused without an error', () => {
    const root = merkleRoot(new Uint8Array(0));
    for (const [size, index] of [
      [0, 0],
      [1, 1],
      [1, -1],
      [2 ** 64, 0],
      [Number.NaN, 0],
      [1.5, 0],
    ] as const) {
      expect(verifyInclusion(root, size, index, root, [])).toBe(false);
    }
    expect(verifyConsistency(2, root, 1, root, [])).toBe(false);
    expect(verifyConsistency(-1, root, 1, root, [])).toBe(false);
    expect(verifyConsistency(1, root, 1, root, [root])).toBe(false);
    expect(verifyConsistency(0, root, 5, nodeHash(root, root), [])).toBe(true);
    expect(verifyConsistency(0, nodeHash(root, root), 5, root, [])).toBe(false);
  });

  test('merkle: nodes are copies and hashes of another length are never equal', () => {
    const leaves = flat(makeLeaves(2));
    const node = nodeAt(leaves, 1);
    leaves[32] = (leaves[32] as number) ^ 1;
    expect(equalHashes(node, leaves.subarray(32))).toBe(false);
    expect(equalHashes(new Uint8Array(0), new Uint8Array(0))).toBe(false);
  });
});

interface Vector {
  readonly leafIdx: number;
  readonly treeSize: number;
  readonly root: string | null;
  readonly leafHash: string | null;
  readonly proof: readonly string[] | null;
  readonly wantErr: boolean;
}

const decode = (base64: string | null): Uint8Array => Buffer.from(base64 ?? '', 'base64');

// The vectors are not part of the project: where the folder is absent this says so and skips.
describe.skipIf(!existsSync(VECTORS))(
  'merkle: public inclusion vectors (skipped where ../shared/vectors is absent)',
  () => {
    test('merkle: all of them are judged as they should be', () => {
      const files = readdirSync(VECTORS, { recursive: true, encoding: 'utf8' }).filter((name) =>
        name.endsWith('.json'),
      );
      expect(files.length).toBeGreaterThan(0);
      for (const name of files) {
        const vector = JSON.parse(readFileSync(join(VECTORS, name), 'utf8')) as Vector;
        const sound = verifyInclusion(
          decode(vector.root),
          vector.treeSize,
          vector.leafIdx,
          decode(vector.leafHash),
          (vector.proof ?? []).map(decode),
        );
        expect([name, sound]).toEqual([name, !vector.wantErr]);
      }
    });
  },
);
