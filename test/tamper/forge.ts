// A log written anew, as one who holds the engine's key could: seals chained, tiles and checkpoints right in themselves.

import { leafHash, merkleRoot, sha256Hex } from '../../engine/batch/merkle.ts';
import { NO_PREV, type Seal } from '../../engine/batch/seal.ts';
import { checkpointText } from '../../engine/seal/checkpoint.ts';
import type { SigningKey } from '../../engine/seal/key.ts';
import { signNote } from '../../engine/seal/note.ts';
import { encodeBundle, newTiles, TILE_WIDTH, tilePath } from '../../engine/seal/tiles.ts';
import { canonicalise } from '../../workers/canonicalise.ts';
import type { Pristine } from './pristine.ts';
import type { Scratch } from './scratch.ts';

/** Any JSON object in place of a seal. */
export type Loose = Readonly<Record<string, unknown>>;

/** Bytes of the seals, each with the hash of the one before as `prev`. */
export function chained(seals: readonly (Seal | Loose)[]): Uint8Array[] {
  let prev = NO_PREV;
  return seals.map((seal) => {
    const bytes = Buffer.from(canonicalise({ ...seal, prev }));
    prev = sha256Hex(bytes);
    return bytes;
  });
}

/** The signed tree head of the first `size` of these seals. */
export function signedHead(
  seals: readonly Uint8Array[],
  size: number,
  origin: string,
  key: SigningKey,
): string {
  const root = merkleRoot(Buffer.concat(seals.slice(0, size).map(leafHash)));
  return signNote(checkpointText(origin, size, root), origin, key);
}

export interface Publication {
  readonly key?: SigningKey;
  /** Which checkpoints stay in `checkpoints/`; their tiles are published too. Default: none. */
  readonly kept?: readonly number[];
}

/** Puts the log of `seals` in the place of the one in the lake; the kept checkpoints are the genuine ones. */
export function publishLog(
  scratch: Scratch,
  lake: Pristine,
  seals: readonly Uint8Array[],
  { key = lake.key, kept = [] }: Publication = {},
): void {
  const base = `_log/${lake.origin}/`;
  const stays = new Set(kept.map((size) => keptKey(lake, size)));
  for (const file of lake.files) {
    if (file.startsWith(base) && file !== `${base}policy` && !stays.has(file)) scratch.remove(file);
  }
  const leaves = Buffer.concat(seals.map(leafHash));
  let published = 0;
  for (const size of new Set([...kept.filter((each) => each < seals.length), seals.length])) {
    for (const { level, number, width } of newTiles(published, size)) {
      const span = TILE_WIDTH ** level * 32;
      const hashes = Array.from({ length: width }, (_, i) => {
        const from = (number * TILE_WIDTH + i) * span;
        return merkleRoot(leaves.subarray(from, from + span));
      });
      scratch.write(base + tilePath({ level, number, width }), Buffer.concat(hashes));
      if (level !== 0) continue;
      const entries = seals.slice(number * TILE_WIDTH, number * TILE_WIDTH + width);
      scratch.write(base + tilePath({ level: 'entries', number, width }), encodeBundle(entries));
    }
    published = size;
  }
  scratch.write(`${base}checkpoint`, signedHead(seals, seals.length, lake.origin, key));
}

/** The lake's log as it was when it had `size` seals: nothing is wrong with it. */
export function asOfSize(scratch: Scratch, lake: Pristine, size: number): void {
  const kept = lake.kept.filter((each) => each <= size);
  publishLog(
    scratch,
    lake,
    lake.seals.slice(0, size).map(({ bytes }) => bytes),
    { kept },
  );
}

export function keptKey(lake: Pristine, size: number): string {
  return `_log/${lake.origin}/checkpoints/${String(size).padStart(20, '0')}`;
}
