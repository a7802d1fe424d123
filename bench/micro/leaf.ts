// The leaf of a line: SHA-256 of 0x00 and about 200 bytes, four blocks, by every way there is.

import { createHash, hash } from 'node:crypto';
import { hashLeaf } from '../../workers/hash.ts';
import { loadNative } from '../../workers/native.ts';
import { type Arm, mustAgree, type Subject } from './subject.ts';
import { makeTexts } from './texts.ts';

const LEAF_BYTES = 32;
const LINE_BYTES = 208;
/** Leaf, 0x00, line: as in an entry. */
const STRIDE = LEAF_BYTES + 1 + LINE_BYTES;

export const leaf: Subject = {
  name: 'leaf',
  prepare(records) {
    const out = new Uint8Array(new SharedArrayBuffer(records * STRIDE));
    for (const [i, text] of makeTexts(records, 0).texts.entries()) {
      out.set(Buffer.from(text.padEnd(LINE_BYTES)), i * STRIDE + LEAF_BYTES + 1);
    }
    const message = (i: number): Uint8Array => out.subarray(i * STRIDE + LEAF_BYTES, (i + 1) * STRIDE);
    const ways: [string, Arm['kind'], (i: number) => void][] = [
      [
        'hashLeaf (portable codec)',
        'ours',
        (i) => hashLeaf(out, i * STRIDE + LEAF_BYTES, (i + 1) * STRIDE, i * STRIDE),
      ],
      ['crypto.hash, Buffer', 'peer', (i) => out.set(hash('sha256', message(i), 'buffer'), i * STRIDE)],
      ['createHash', 'peer', (i) => out.set(createHash('sha256').update(message(i)).digest(), i * STRIDE)],
    ];
    const { addon } = loadNative();
    if (addon !== null) {
      ways.push([
        'native, portable C++ (no SHA instructions)',
        'ours',
        (i) => addon.hash(message(i), out.subarray(i * STRIDE, i * STRIDE + LEAF_BYTES)),
      ]);
    }
    const leaves = (way: (i: number) => void): Uint8Array => {
      for (let i = 0; i < records; i++) out.fill(0, i * STRIDE, i * STRIDE + LEAF_BYTES);
      for (let i = 0; i < records; i++) way(i);
      return Buffer.concat(
        Array.from({ length: records }, (_, i) => out.slice(i * STRIDE, i * STRIDE + LEAF_BYTES)),
      );
    };
    mustAgree(
      'leaves',
      ways.map(([name, , way]) => [name, leaves(way)]),
    );
    const arms = ways.map(
      ([name, kind, way]): Arm => ({
        name,
        kind,
        run: () => {
          for (let i = 0; i < records; i++) way(i);
        },
      }),
    );
    const notes = [
      'four at a time with SHA instructions happens inside the native codec, without a call for each: see codec',
    ];
    const title = `leaf: SHA-256 of ${LINE_BYTES + 1} bytes, digest in its place`;
    return {
      comparisons: [{ key: 'leaf', title, unit: 'record', units: records, clock: 'cpu', arms, notes }],
    };
  },
};
