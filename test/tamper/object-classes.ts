// What can be done to the objects of a lake by whoever can write there, the log left alone.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as zstd from '@bokuweb/zstd-wasm';
import { sha256Hex } from '../../engine/batch/merkle.ts';
import { objectKey } from '../../engine/batch/object-key.ts';
import { compress, decompress, readFrame } from '../../workers/compress.ts';
import { below, draw, oneOf, type Position, type Random, type TamperClass, type Verdict } from './class.ts';
import { skippableFrame, storedFrame } from './frames.ts';
import type { Pristine } from './pristine.ts';
import type { Scratch } from './scratch.ts';

type Sealed = Pristine['objects'][number];

/** A class that changes the file of one object; `change` gives its new bytes and where that was, or null. */
function changed(
  name: string,
  verdicts: readonly Verdict[],
  change: (
    file: Buffer,
    random: Random,
    object: Sealed,
    lake: Pristine,
  ) => { at: string | number; file: Uint8Array } | null,
  quick = false,
): TamperClass {
  return {
    name,
    lake: 'objects',
    verdicts,
    quick,
    positions: (lake, random, wanted) => {
      const read = reader(lake);
      return draw(wanted, () => {
        const object = oneOf(random, lake.objects);
        const { key } = object.seal;
        const made = change(read(key), random, object, lake);
        if (made === null) return null;
        const tamper = (scratch: Scratch): void => scratch.write(key, made.file);
        return { at: `${object.index}:${made.at}`, key, index: object.index, tamper };
      });
    },
  };
}

function reader(lake: Pristine): (key: string) => Buffer {
  return (key) => readFileSync(join(lake.folder, key));
}

/** Flips a bit between two byte offsets. */
function flipped(
  name: string,
  verdicts: readonly Verdict[],
  where: (file: Buffer) => [number, number],
): TamperClass {
  return changed(name, verdicts, (file, random) => {
    const [from, to] = where(file);
    const at = 8 * from + below(random, 8 * (to - from));
    const copy = Buffer.from(file);
    copy[at >> 3] = (copy[at >> 3] as number) ^ (1 << (at & 7));
    return { at, file: copy };
  });
}

/** Changes the lines of one object and compresses them as firn does. */
function rewritten(
  name: string,
  change: (lines: string[], random: Random) => string | null,
  quick = false,
): TamperClass {
  return changed(
    name,
    ['ALTERED'],
    (file, random) => {
      const body = Buffer.from(decompress(file, 1 << 24)).toString();
      const lines = body.split('\n').slice(0, -1);
      const at = change(lines, random);
      const text = lines.map((line) => `${line}\n`).join('');
      return at === null || text === body ? null : { at, file: compress(Buffer.from(text)) };
    },
    quick,
  );
}

const BLOCK_HEADER = 3;
const header = (file: Buffer): number => readFrame(file).headerBytes;

/** Recompression is told where the content is still the same; else the content is. */
const EITHER: readonly Verdict[] = ['ALTERED', 'RECOMPRESSED'];

export const OBJECT_CLASSES: readonly TamperClass[] = [
  flipped('object: bit of the zstd magic', ['ALTERED'], () => [0, 4]),
  flipped('object: bit of the frame header descriptor', EITHER, () => [4, 5]),
  flipped('object: bit of the content size', EITHER, (file) => [5, header(file)]),
  flipped('object: bit of a block header', EITHER, (file) => [header(file), header(file) + BLOCK_HEADER]),
  flipped('object: bit of a block', EITHER, (file) => [header(file) + BLOCK_HEADER, file.length]),
  changed(
    'object: cut short',
    ['ALTERED'],
    (file, random) => {
      const at = below(random, file.length);
      return { at, file: file.subarray(0, at) };
    },
    true,
  ),
  changed(
    'object: bytes appended',
    ['ALTERED'],
    (file, random) => {
      const more = Buffer.from(Array.from({ length: 1 + below(random, 9) }, () => below(random, 256)));
      return { at: more.toString('hex'), file: Buffer.concat([file, more]) };
    },
    true,
  ),
  changed(
    'object: a skippable frame before or behind',
    ['ALTERED'],
    (file, random) => {
      const [skip, before] = [skippableFrame(below(random, 50)), random() < 0.5];
      return {
        at: `${before ? 'before' : 'behind'} ${skip.length}`,
        file: Buffer.concat(before ? [skip, file] : [file, skip]),
      };
    },
    true,
  ),
  changed(
    'object: a second frame behind',
    ['ALTERED'],
    (file, random, _object, lake) => {
      const other = oneOf(random, lake.objects);
      return { at: other.index, file: Buffer.concat([file, reader(lake)(other.seal.key)]) };
    },
    true,
  ),
  changed(
    'object: a frame without its content size',
    ['ALTERED'],
    (file) => {
      return { at: 'unsized', file: storedFrame(decompress(file, 1 << 24), false) };
    },
    true,
  ),
  changed('object: replaced by another object', ['ALTERED'], (_file, random, object, lake) => {
    const other = oneOf(random, lake.objects);
    return other === object ? null : { at: other.index, file: reader(lake)(other.seal.key) };
  }),
  changed('object: compressed again', ['RECOMPRESSED'], (file, random) => {
    const [content, level] = [decompress(file, 1 << 24), oneOf(random, [0, 2, 5, 9, 14, 19, 22])];
    const again = level === 0 ? storedFrame(content) : zstd.compress(content, level);
    return Buffer.compare(again, file) === 0 ? null : { at: `level ${level}`, file: again };
  }),
  rewritten('object: one character of one line', (lines, random) => {
    const n = below(random, lines.length);
    const line = lines[n] as string;
    const at = below(random, line.length);
    lines[n] = `${line.slice(0, at)}${line[at] === '7' ? '8' : '7'}${line.slice(at + 1)}`;
    return `${n}.${at}`;
  }),
  rewritten('object: two lines change places', (lines, random) => {
    const [a, b] = [below(random, lines.length), below(random, lines.length)];
    [lines[a], lines[b]] = [lines[b] as string, lines[a] as string];
    return `${Math.min(a, b)}.${Math.max(a, b)}`;
  }),
  rewritten('object: a line removed', (lines, random) => {
    const at = below(random, lines.length);
    lines.splice(at, 1);
    return String(at);
  }),
  rewritten('object: a line twice', (lines, random) => {
    const at = below(random, lines.length);
    lines.splice(at, 0, lines[at] as string);
    return String(at);
  }),
  rewritten('object: a line put in', (lines, random) => {
    const [at, value] = [below(random, lines.length + 1), below(random, 1000)];
    lines.splice(at, 0, (lines[0] as string).replace(/"temperature_c":[^,]+/, `"temperature_c":${value}`));
    return `${at} ${value}`;
  }),
  named('object: deleted', ['MISSING'], [], (scratch, { seal }) => {
    scratch.remove(seal.key);
    return seal.key;
  }),
  named('object: under another sequence number', ['MISSING'], ['UNLOGGED'], (scratch, { seal }) => {
    scratch.move(
      seal.key,
      seal.key.replace(/_(\d+)\./, (_all, n: string) => `_${Number(n) + 1}.`),
    );
    return seal.key;
  }),
  {
    name: 'object: moved to another day or stream',
    lake: 'objects',
    verdicts: ['MISPLACED'],
    quick: true,
    positions: (lake, random, wanted) =>
      draw(wanted, () => {
        const { index, seal } = oneOf(random, lake.objects);
        const to =
          random() < 0.5
            ? seal.key.replace(/day=\d\d/, `day=${String(1 + below(random, 27)).padStart(2, '0')}`)
            : seal.key.replace(/^.*\/year=/, `stream-${below(random, 100)}/year=`);
        if (to === seal.key) return null;
        return { at: to, key: seal.key, index, tamper: (scratch) => scratch.move(seal.key, to) };
      }),
  },
  {
    name: 'object: two under each other’s name',
    lake: 'objects',
    verdicts: ['MISPLACED'],
    quick: false,
    positions: (lake, random, wanted) =>
      draw(wanted, () => {
        const [one, other] = [oneOf(random, lake.objects), oneOf(random, lake.objects)];
        if (one === other) return null;
        const tamper = (scratch: Scratch): void => {
          const bytes = scratch.read(one.seal.key);
          scratch.write(one.seal.key, scratch.read(other.seal.key));
          scratch.write(other.seal.key, bytes);
        };
        return { at: `${one.index} ${other.index}`, key: one.seal.key, index: one.index, tamper };
      }),
  },
  put('object: added again under another name', (lake, random) => {
    const { key } = oneOf(random, lake.objects).seal;
    const to = key.replace(/_\d+\./, `_${100_000 + below(random, 1000)}.`);
    return { to, body: reader(lake)(key) };
  }),
  put('object: a foreign one added', (_lake, random) => {
    const line = `{"temperature_c":${below(random, 1_000_000)}}\n`;
    const root = sha256Hex(Buffer.from(line));
    const to = objectKey({ kind: 'records', stream: 'coldchain' }, '2026-01-30', root, '7');
    return { to, body: compress(Buffer.from(line)) };
  }),
  put('lake: a file of no format added', (_lake, random) => {
    const folder = oneOf(random, ['', 'audit/', '_log/', '_schema/telemetry/', '_other/', 'dead-letter/x/']);
    return { to: `${folder}file-${below(random, 1000)}.txt`, body: Buffer.from('x') };
  }),
];

/** A class that takes one object as a whole: every object is a position. */
function named(
  name: string,
  verdicts: readonly Verdict[],
  also: readonly Verdict[],
  tamper: (scratch: Scratch, object: Sealed) => string,
): TamperClass {
  return {
    name,
    lake: 'objects',
    verdicts,
    also,
    quick: true,
    positions: (lake, random, wanted) =>
      draw(wanted, (): Position => {
        const object = oneOf(random, lake.objects);
        const { key } = object.seal;
        return { at: key, key, index: object.index, tamper: (scratch) => void tamper(scratch, object) };
      }),
  };
}

/** A class that adds a file which no log names. */
function put(
  name: string,
  make: (lake: Pristine, random: Random) => { to: string; body: Uint8Array },
): TamperClass {
  return {
    name,
    lake: 'objects',
    verdicts: ['UNLOGGED'],
    quick: true,
    positions: (lake, random, wanted) =>
      draw(wanted, () => {
        const { to, body } = make(lake, random);
        return { at: to, key: to, tamper: (scratch) => scratch.write(to, body) };
      }),
  };
}
