// What can be done to the files of the log: entry bundles, tiles, checkpoints, policy, schemas. Nobody here has the key.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkpointText, parseCheckpoint } from '../../engine/seal/checkpoint.ts';
import { signNote, splitNote } from '../../engine/seal/note.ts';
import { policyText } from '../../engine/seal/policy.ts';
import { encodeBundle, parseBundle, parseTilePath, TILE_WIDTH, tilePath } from '../../engine/seal/tiles.ts';
import { testKey } from '../support/lake.ts';
import {
  below,
  between,
  draw,
  oneOf,
  type Position,
  type Random,
  type TamperClass,
  type Verdict,
} from './class.ts';
import { asOfSize, keptKey, signedHead } from './forge.ts';
import type { Pristine } from './pristine.ts';
import type { Scratch } from './scratch.ts';

/** For a log as it was at an earlier size: the objects of later seals are there and are not what the class is about. */
const NO_LISTING = { graceMs: 1e12 };

function tileOf(lake: Pristine, level: number | 'entries', number: number): string {
  const nodes = Math.floor(lake.seals.length / (level === 'entries' ? 1 : TILE_WIDTH ** level));
  const width = Math.min(TILE_WIDTH, nodes - number * TILE_WIDTH);
  return `_log/${lake.origin}/${tilePath({ level, number, width })}`;
}

/** Every bundle that the newest checkpoint speaks of. */
function bundles(lake: Pristine): number {
  return Math.ceil(lake.seals.length / TILE_WIDTH);
}

/** A class whose positions are made one at a time from the lake. */
function each(
  name: string,
  lakeName: TamperClass['lake'],
  verdicts: readonly Verdict[],
  also: TamperClass['also'],
  make: (lake: Pristine, random: Random) => Position | null,
): TamperClass {
  const positions: TamperClass['positions'] = (lake, random, wanted) =>
    draw(wanted, () => make(lake, random));
  return { name, lake: lakeName, verdicts, also: also ?? [], quick: true, positions };
}

/** Flips a bit in the bytes that `where` gives of one file. */
function bitOf(
  name: string,
  lakeName: TamperClass['lake'],
  verdicts: readonly Verdict[],
  also: TamperClass['also'],
  where: (lake: Pristine, random: Random) => { key: string; from: number; to: number; named?: string } | null,
): TamperClass {
  return each(name, lakeName, verdicts, also, (lake, random) => {
    const place = where(lake, random);
    if (place === null) return null;
    const bit = 8 * place.from + below(random, 8 * (place.to - place.from));
    const tamper = (scratch: Scratch): void => scratch.flip(place.key, bit);
    return { at: `${place.key}:${bit}`, key: place.named ?? place.key, tamper };
  });
}

/** Rewrites the bundle that holds seal `index` (or two, from `index` on). */
function bundled(
  name: string,
  change: (entries: Uint8Array[], i: number) => void,
  span: number,
): TamperClass {
  return each(name, 'long', ['ALTERED', 'GAP'], 'any', (lake, random) => {
    const index = below(random, lake.seals.length - span);
    const [number, i] = [Math.floor(index / TILE_WIDTH), index % TILE_WIDTH];
    if (i + span > TILE_WIDTH) return null;
    const key = tileOf(lake, 'entries', number);
    const tamper = (scratch: Scratch): void => {
      const bundle = scratch.read(key);
      const width = Math.min(TILE_WIDTH, lake.seals.length - number * TILE_WIDTH);
      const entries = [...(parseBundle(bundle, width) ?? [])];
      change(entries, i);
      // One by one: there may be more than a bundle can have.
      scratch.write(key, Buffer.concat(entries.map((entry) => encodeBundle([entry]))));
    };
    return { at: String(index), key, tamper };
  });
}

/** Seal bytes where the value of a top-level member lies. */
function memberAt(bytes: Uint8Array, name: string): [number, number] {
  const text = Buffer.from(bytes).toString('latin1');
  const from = text.indexOf(`"${name}":`) + name.length + 3;
  const value = JSON.stringify((JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>)[name]);
  return [from, from + Buffer.byteLength(value)];
}

/** Offset of seal `index` in its bundle. */
function entryAt(lake: Pristine, index: number): number {
  const first = index - (index % TILE_WIDTH);
  return lake.seals.slice(first, index).reduce((sum, { bytes }) => sum + 2 + bytes.length, 0);
}

/** Byte offsets of a part of a checkpoint: three lines of text, a blank one, one signature line. */
function checkpointPart(note: Uint8Array, origin: string, part: Part): [from: number, to: number] {
  const lines = Buffer.from(note).toString('latin1').split('\n');
  const start = (line: number): number =>
    lines.slice(0, line).reduce((sum, text) => sum + text.length + 1, 0);
  const line = (n: number): [number, number] => [start(n), start(n) + (lines[n] as string).length];
  if (part === 'origin') return line(0);
  if (part === 'size') return line(1);
  if (part === 'root') return line(2);
  const [from, to] = line(4);
  const name = from + Buffer.byteLength('\u2014 ');
  if (part === 'dash') return [from, name];
  if (part === 'key name') return [name, name + origin.length];
  const encoded = name + origin.length + 1;
  // 4 bytes of key id, then 64 of signature: characters 0–4 of the base64 are the id's alone, from 6 on the signature's.
  return part === 'key id' ? [encoded, encoded + 5] : [encoded + 6, to];
}

type Part = 'origin' | 'size' | 'root' | 'dash' | 'key name' | 'key id' | 'signature';

const FAULTY: readonly Verdict[] = ['ALTERED', 'BAD_SIGNATURE', 'UNKNOWN_KEY', 'MISPLACED'];
const PARTS: readonly Part[] = ['origin', 'size', 'root', 'dash', 'key name', 'key id', 'signature'];

/** Members of a seal by what they are. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  'account or clock': ['acct', 'clock'],
  'a hash': ['ndjson_sha256', 'prev', 'root', 'schema_sha256', 'zstd_sha256'],
  'a name': ['engine', 'format', 'key', 'kind', 'schema'],
  'a number': ['count', 'excursions', 'first_seq', 'last_seq', 'ndjson_bytes', 'zstd_bytes'],
  'a time': ['sealed_utc', 'ts_max', 'ts_min'],
};

const checkpointKey = (lake: Pristine): string => `_log/${lake.origin}/checkpoint`;

/** Re-signs the checkpoint with a key of one’s own; `asIf` = under the key id of the real one. */
function resigned(scratch: Scratch, lake: Pristine, name: string, asIf: boolean): void {
  const { text } = splitNote(scratch.read(checkpointKey(lake)));
  const { origin, size, root } = parseCheckpoint(text);
  const own = testKey(name);
  const key = asIf ? { publicKey: lake.key.publicKey, sign: own.sign } : own;
  scratch.write(checkpointKey(lake), signNote(checkpointText(origin, size, root), origin, key));
}

export const LOG_CLASSES: readonly TamperClass[] = [
  ...Object.entries(MEMBERS).map(([what, members]) =>
    each(`seal: bit of ${what}`, 'objects', ['ALTERED'], 'any', (lake, random) => {
      const { index, seal, bytes } = oneOf(random, lake.seals);
      const member = oneOf(random, members);
      if (!(member in seal)) return null;
      const [from, to] = memberAt(bytes, member);
      const key = tileOf(lake, 'entries', 0);
      const bit = 8 * (entryAt(lake, index) + 2) + 8 * from + below(random, 8 * (to - from));
      return { at: `${index}:${bit}`, key, index, tamper: (scratch) => scratch.flip(key, bit) };
    }),
  ),
  bitOf('bundle: bit of a length', 'long', ['ALTERED', 'GAP'], 'any', (lake, random) => {
    const { index } = oneOf(random, lake.seals);
    const key = tileOf(lake, 'entries', Math.floor(index / TILE_WIDTH));
    const from = entryAt(lake, index);
    return { key, from, to: from + 2 };
  }),
  bundled('bundle: a seal taken out', (entries, i) => void entries.splice(i, 1), 1),
  bundled('bundle: two consecutive seals taken out', (entries, i) => void entries.splice(i, 2), 2),
  bundled(
    'bundle: a seal twice',
    (entries, i) => void entries.splice(i, 1, ...entries.slice(i, i + 1), ...entries.slice(i, i + 1)),
    1,
  ),
  bundled(
    'bundle: two neighbours change places',
    (entries, i) => void entries.splice(i, 2, ...entries.slice(i, i + 2).reverse()),
    2,
  ),
  each('bundle: deleted', 'log', ['GAP'], 'any', (lake, random) => {
    const size = between(random, lake.kept[0] as number, lake.seals.length);
    const key = `_log/${lake.origin}/${tilePath({ level: 'entries', number: 0, width: size })}`;
    const tamper = (scratch: Scratch): void => {
      asOfSize(scratch, lake, size);
      scratch.remove(key);
      scratch.ask(NO_LISTING);
    };
    return { at: String(size), key, index: 0, tamper };
  }),
  bitOf('tile: bit of a full one', 'long', ['ALTERED'], ['MISSING'], (lake, random) => {
    return { key: tileOf(lake, 0, below(random, bundles(lake) - 1)), from: 0, to: TILE_WIDTH * 32 };
  }),
  bitOf('tile: bit of the newest partial one', 'long', ['ALTERED'], [], (lake) => {
    return { key: tileOf(lake, 0, bundles(lake) - 1), from: 0, to: 32 * (lake.seals.length % TILE_WIDTH) };
  }),
  bitOf('tile: bit of one of level 1', 'long', ['ALTERED'], [], (lake) => {
    return { key: tileOf(lake, 1, 0), from: 0, to: 32 * Math.floor(lake.seals.length / TILE_WIDTH) };
  }),
  bitOf('tile: bit of an earlier partial one', 'long', ['ALTERED'], [], (lake, random) => {
    return earlier(lake, oneOf(random, [0, 1]), random);
  }),
  bitOf('bundle: bit of an earlier partial one', 'long', ['ALTERED'], [], (lake, random) => {
    return earlier(lake, 'entries', random);
  }),
  each('tile: cut short or longer', 'long', ['ALTERED'], ['MISSING'], (lake, random) => {
    const key = tileOf(lake, 0, below(random, bundles(lake)));
    const bytes = between(random, 1, 200);
    const longer = random() < 0.5;
    const tamper = (scratch: Scratch): void => {
      const tile = scratch.read(key);
      scratch.write(key, longer ? Buffer.concat([tile, Buffer.alloc(bytes)]) : tile.subarray(0, -bytes));
    };
    return { at: `${key} ${longer} ${bytes}`, key, tamper };
  }),
  ...(['0', '1'] as const).map((level) =>
    each(`tile: one of level ${level} deleted`, 'long', ['MISSING'], [], (lake, random) => {
      const size = between(random, TILE_WIDTH + 1, lake.seals.length);
      const nodes = Math.floor(size / TILE_WIDTH ** Number(level));
      const number = Math.floor((nodes - 1) / TILE_WIDTH);
      const name = { level: Number(level), number, width: nodes - number * TILE_WIDTH };
      const key = `_log/${lake.origin}/${tilePath(name)}`;
      const tamper = (scratch: Scratch): void => {
        asOfSize(scratch, lake, size);
        scratch.remove(key);
        scratch.ask(NO_LISTING);
      };
      return { at: `${size}`, key, tamper };
    }),
  ),
  each('tile: one of a kept size deleted', 'log', ['MISSING'], [], (lake, random) => {
    const width = oneOf(random, lake.kept.slice(0, -1));
    const key = `_log/${lake.origin}/${tilePath({ level: oneOf(random, [0, 'entries']), number: 0, width })}`;
    return { at: key, key, tamper: (scratch) => scratch.remove(key) };
  }),
  each('tile: one of more hashes than there are added', 'long', ['UNLOGGED'], [], (lake, random) => {
    const [number, width] = [bundles(lake) - 1 + below(random, 3), between(random, 1, TILE_WIDTH)];
    if (number * TILE_WIDTH + width <= lake.seals.length) return null;
    const key = `_log/${lake.origin}/${tilePath({ level: oneOf(random, [0, 'entries']), number, width })}`;
    return { at: key, key, tamper: (scratch) => scratch.write(key, Buffer.alloc(32 * width)) };
  }),
  ...PARTS.map((part) =>
    each(`checkpoint: bit of its ${part}`, 'objects', FAULTY, 'any', (lake, random) => {
      // Some parts are short: the log as it was at one of many sizes, so that there are places enough.
      const size = between(random, lake.kept[0] as number, lake.seals.length + 1);
      const genuine = lake.seals.map(({ bytes }) => bytes);
      const note = Buffer.from(signedHead(genuine, size, lake.origin, lake.key));
      const [from, to] = checkpointPart(note, lake.origin, part);
      const bit = 8 * from + below(random, 8 * (to - from));
      const tamper = (scratch: Scratch): void => {
        asOfSize(scratch, lake, size);
        scratch.flip(checkpointKey(lake), bit);
        scratch.ask(NO_LISTING);
      };
      return { at: `${size}:${bit}`, key: checkpointKey(lake), tamper };
    }),
  ),
  each('checkpoint: a line more', 'objects', ['ALTERED', 'BAD_SIGNATURE'], [], (lake, random) => {
    const key = checkpointKey(lake);
    const [line, text] = [below(random, 4), `extension-${below(random, 1000)}`];
    const tamper = (scratch: Scratch): void => {
      const lines = scratch.read(key).toString().split('\n');
      scratch.write(key, lines.toSpliced(line, 0, text).join('\n'));
    };
    return { at: `${line} ${text}`, key, tamper };
  }),
  each('checkpoint: cut short', 'log', ['ALTERED', 'BAD_SIGNATURE', 'UNKNOWN_KEY'], [], (lake, random) => {
    const key = checkpointKey(lake);
    const bytes = readFileSync(join(lake.folder, key));
    const at = below(random, bytes.length);
    return { at: String(at), key, tamper: (scratch) => scratch.write(key, bytes.subarray(0, at)) };
  }),
  each('checkpoint: deleted', 'log', ['MISSING'], ['UNLOGGED'], (lake, random) => {
    const size = between(random, lake.kept[0] as number, lake.seals.length);
    const tamper = (scratch: Scratch): void => {
      asOfSize(scratch, lake, size);
      scratch.remove(checkpointKey(lake));
      scratch.ask(NO_LISTING);
    };
    return { at: String(size), key: checkpointKey(lake), tamper };
  }),
  ...[false, true].map((asIf) =>
    each(
      `checkpoint: signed by another key${asIf ? ' under the id of the real one' : ''}`,
      'objects',
      [asIf ? 'BAD_SIGNATURE' : 'UNKNOWN_KEY'],
      [],
      (lake, random) => {
        const name = `stranger ${below(random, 100_000)}`;
        return {
          at: name,
          key: checkpointKey(lake),
          tamper: (scratch) => resigned(scratch, lake, name, asIf),
        };
      },
    ),
  ),
  each(
    'checkpoint: an old one beside the newer copies',
    'log',
    ['ROLLBACK'],
    ['UNLOGGED'],
    (lake, random) => {
      const size = oneOf(random, lake.kept.slice(0, -1));
      const tamper = (scratch: Scratch): void => {
        scratch.write(checkpointKey(lake), scratch.read(keptKey(lake, size)));
        scratch.ask(NO_LISTING);
      };
      return { at: String(size), key: checkpointKey(lake), tamper };
    },
  ),
  each('checkpoint: an old one, to an auditor who kept a newer', 'log', ['ROLLBACK'], [], (lake, random) => {
    const size = oneOf(random, lake.kept.slice(0, -1));
    const tamper = (scratch: Scratch): void => {
      const since = scratch.beside('since', scratch.read(checkpointKey(lake)));
      asOfSize(scratch, lake, size);
      scratch.ask({ since, ...NO_LISTING });
    };
    return { at: String(size), key: checkpointKey(lake), tamper };
  }),
  each('kept checkpoint: a bit', 'log', FAULTY, [], (lake, random) => {
    const key = keptKey(lake, oneOf(random, lake.kept));
    const note = readFileSync(join(lake.folder, key));
    const [from, to] = checkpointPart(note, lake.origin, oneOf(random, PARTS));
    const bit = 8 * from + below(random, 8 * (to - from));
    return { at: `${key}:${bit}`, key, tamper: (scratch) => scratch.flip(key, bit) };
  }),
  each('kept checkpoint: under another size', 'log', ['MISPLACED'], [], (lake, random) => {
    const [from, size] = [oneOf(random, lake.kept.slice(0, -1)), between(random, 1, lake.seals.length)];
    if (lake.kept.includes(size)) return null;
    const key = keptKey(lake, size);
    return { at: `${from} ${size}`, key, tamper: (scratch) => scratch.move(keptKey(lake, from), key) };
  }),
  bitOf(
    'policy: a bit',
    'objects',
    ['ALTERED', 'UNKNOWN_KEY', 'BAD_SIGNATURE'],
    ['ALTERED', 'UNKNOWN_KEY', 'BAD_SIGNATURE'],
    (lake) => {
      const key = `_log/${lake.origin}/policy`;
      return { key, from: 0, to: readFileSync(join(lake.folder, key)).length };
    },
  ),
  each(
    'policy: another key, and the checkpoint signed by it, to an auditor with the policy',
    'objects',
    ['UNKNOWN_KEY'],
    [],
    (lake, random) => {
      const name = `usurper ${below(random, 100_000)}`;
      const tamper = (scratch: Scratch): void => {
        const key = `_log/${lake.origin}/policy`;
        const policy = scratch.beside('policy', scratch.read(key));
        scratch.write(key, policyText([{ name: lake.origin, publicKey: testKey(name).publicKey }]));
        resigned(scratch, lake, name, false);
        scratch.ask({ policy });
      };
      return { at: name, key: checkpointKey(lake), tamper };
    },
  ),
  bitOf('schema: a bit', 'objects', ['ALTERED'], [], (lake, random) => {
    const key = oneOf(random, schemas(lake));
    return { key, from: 0, to: readFileSync(join(lake.folder, key)).length };
  }),
  each('schema: deleted', 'objects', ['MISSING'], [], (lake, random) => {
    const key = oneOf(random, schemas(lake));
    const sha256 = key.slice(-69, -5);
    const index = lake.objects.find(({ seal }) => seal.schema_sha256 === sha256)?.index ?? 0;
    const size = between(random, Math.max(index + 1, lake.kept[0] as number), lake.seals.length);
    const tamper = (scratch: Scratch): void => {
      asOfSize(scratch, lake, size);
      scratch.remove(key);
      scratch.ask(NO_LISTING);
    };
    return { at: `${key} ${size}`, key, index, tamper };
  }),
];

function schemas(lake: Pristine): string[] {
  const sealed = new Set(lake.objects.map(({ seal }) => `_schema/${seal.schema}/${seal.schema_sha256}.json`));
  return lake.files.filter((key) => sealed.has(key));
}

/** A tile of an earlier size: a place of it in which it must be the beginning of the one today. */
function earlier(
  lake: Pristine,
  level: number | 'entries',
  random: Random,
): { key: string; from: number; to: number } | null {
  const base = `_log/${lake.origin}/`;
  const old = lake.files.filter((key) => {
    const tile = key.startsWith(base) ? parseTilePath(key.slice(base.length)) : null;
    return tile !== null && tile.level === level && key !== tileOf(lake, level, tile.number);
  });
  if (old.length === 0) return null;
  const key = oneOf(random, old);
  return { key, from: 0, to: readFileSync(join(lake.folder, key)).length };
}
