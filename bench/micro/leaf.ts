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

/** A way to all leaves: `run` makes them, `leaves` reads what the last run left. */
interface Way {
  readonly name: string;
  readonly kind: Arm['kind'];
  run(): void;
  leaves(): Uint8Array;
}

export const leaf: Subject = {
  name: 'leaf',
  prepare(records) {
    const lines = makeTexts(records, 0).texts.map((text) => Buffer.from(text.padEnd(LINE_BYTES)));
    const native = loadNative();
    const ways = oneByOne(lines);
    if (native.addon !== null) {
      const { addon } = native;
      const body = Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')]));
      const leaves = Buffer.alloc(records * LEAF_BYTES);
      const run = (): void => {
        if (addon.hashLines(body, leaves) !== records) throw new Error('hashLines left lines out');
      };
      const name = 'hashLines, native: one call for all lines';
      ways.unshift({ name, kind: 'ours', run, leaves: () => leaves });
    }
    mustAgree(
      'leaves',
      ways.map(({ name, run, leaves }) => {
        run();
        return [name, Buffer.from(leaves())];
      }),
    );
    const arms = ways.map(({ name, kind, run }): Arm => ({ name, kind, run }));
    const missing = native.addon === null ? [`hashLines, native: ${native.reason}`] : [];
    const notes =
      native.addon === null
        ? []
        : [
            `hashLines finds and copies the lines itself, ${native.addon.shaInstructions ? 'four at a time with SHA instructions' : 'without SHA instructions, which this processor lacks'}; verify uses it, the native codec hashes the same way`,
          ];
    const title = `leaf: SHA-256 of ${LINE_BYTES + 1} bytes`;
    return {
      comparisons: [{ key: 'leaf', title, unit: 'record', units: records, clock: 'cpu', arms, notes }],
      missing,
    };
  },
};

/** A call for each line; the digest goes before it, as in an entry. */
function oneByOne(lines: readonly Buffer[]): Way[] {
  const out = new Uint8Array(new SharedArrayBuffer(lines.length * STRIDE));
  for (const [i, line] of lines.entries()) out.set(line, i * STRIDE + LEAF_BYTES + 1);
  const message = (i: number): Uint8Array => out.subarray(i * STRIDE + LEAF_BYTES, (i + 1) * STRIDE);
  const ways: [string, Arm['kind'], (i: number) => void][] = [
    [
      'hashLeaf, portable codec',
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
  return ways.map(([name, kind, way]) => ({
    name,
    kind,
    run: () => {
      for (let i = 0; i < lines.length; i++) way(i);
    },
    leaves: () => {
      const found = lines.map((_, i) => out.slice(i * STRIDE, i * STRIDE + LEAF_BYTES));
      // The next way must not be taken for right because of what this one left.
      for (let i = 0; i < lines.length; i++) out.fill(0, i * STRIDE, i * STRIDE + LEAF_BYTES);
      return Buffer.concat(found);
    },
  }));
}
