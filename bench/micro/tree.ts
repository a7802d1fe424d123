// The root of a batch's Merkle tree (RFC 6962) from its leaves.

import { createHash } from 'node:crypto';
import { merkleRoot } from '../../engine/batch/merkle.ts';
import { idiomaticRoot } from './idiomatic.ts';
import { type Arm, mustAgree, type Subject } from './subject.ts';

const HASH_BYTES = 32;

export const tree: Subject = {
  name: 'tree',
  prepare(records) {
    const leaves = Buffer.concat(
      Array.from({ length: records }, (_, i) => createHash('sha256').update(`leaf ${i}`).digest()),
    );
    const apart = Array.from({ length: records }, (_, i) =>
      leaves.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES),
    );
    const arms: Arm[] = [
      { name: 'merkleRoot (flat buffer, crypto.hash)', kind: 'ours', run: () => merkleRoot(leaves) },
      { name: 'an array of Buffers, createHash', kind: 'peer', run: () => idiomaticRoot(apart) },
    ];
    mustAgree(
      'roots',
      arms.map(({ name, run }) => [name, run() as Uint8Array]),
    );
    const title = `tree: root over ${records} leaves, per leaf`;
    return {
      comparisons: [{ key: 'tree', title, unit: 'record', units: records, clock: 'cpu', arms, notes: [] }],
    };
  },
};
