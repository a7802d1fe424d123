// The root of a batch's Merkle tree (RFC 6962) from its leaves.

import { createHash } from 'node:crypto';
import { HASH_BYTES, merkleRoot } from '../../engine/batch/merkle.ts';
import { loadNative } from '../../workers/native.ts';
import { idiomaticRoot } from './idiomatic.ts';
import { type Arm, mustAgree, type Subject } from './subject.ts';
import { withKernels } from './with-kernels.ts';

export const tree: Subject = {
  name: 'tree',
  prepare(records) {
    const leaves = Buffer.concat(
      Array.from({ length: records }, (_, i) => createHash('sha256').update(`leaf ${i}`).digest()),
    );
    const apart = Array.from({ length: records }, (_, i) =>
      leaves.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES),
    );
    const native = loadNative();
    const ways: [string, Arm['kind'], () => Uint8Array][] = [
      ['merkleRoot, native (four at a time)', 'ours', () => merkleRoot(leaves)],
      [
        'merkleRoot, portable (flat buffer, crypto.hash)',
        'ours',
        () => withKernels('portable', () => merkleRoot(leaves)),
      ],
      ['an array of Buffers, createHash', 'peer', () => idiomaticRoot(apart)],
    ];
    if (native.addon === null) ways.shift();
    mustAgree(
      'roots',
      ways.map(([name, , root]) => [name, root()]),
    );
    const arms = ways.map(([name, kind, run]): Arm => ({ name, kind, run }));
    const title = `tree: root over ${records} leaves, per leaf`;
    return {
      comparisons: [{ key: 'tree', title, unit: 'record', units: records, clock: 'cpu', arms, notes: [] }],
      missing: native.addon === null ? [`merkleRoot, native: ${native.reason}`] : [],
    };
  },
};
