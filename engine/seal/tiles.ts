// C2SP tlog-tiles (c2sp.org/tlog-tiles): the log's tree in files of 256 hashes. Tile (L, N) holds the roots of the perfect
// trees over 256^L leaves number 256·N … 256·N + W − 1; entry bundle N holds the 256 leaves themselves. A tile of fewer
// than 256 is partial, has its width in its name and never changes.

import { assert } from '../assert.ts';
import { HASH_BYTES, merkleRoot, nodeHash } from '../batch/merkle.ts';

export const TILE_WIDTH = 256;
export const MAX_ENTRY_BYTES = 0xffff;

/** Which tile: level 0–5 or the entries themselves, number, width 1–256 (256 = full). */
export interface TileName {
  readonly level: number | 'entries';
  readonly number: number;
  readonly width: number;
}

/** Path of a tile below `_log/<engine>/`: `tile/0/x001/x234/067`, `tile/entries/000.p/5`. */
export function tilePath({ level, number, width }: TileName): string {
  assert(
    Number.isSafeInteger(number) && number >= 0 && width >= 1 && width <= TILE_WIDTH,
    'a tile has a number and a width',
  );
  const groups: string[] = [];
  let rest = number;
  do {
    groups.unshift(String(rest % 1000).padStart(3, '0'));
    rest = Math.floor(rest / 1000);
  } while (rest > 0);
  const path = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/');
  return `tile/${level}/${path}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

/** The tile that a path names, or null when it is not exactly what `tilePath` writes. */
export function parseTilePath(path: string): TileName | null {
  const match =
    /^tile\/(entries|[0-9]|[1-5][0-9]|6[0-3])\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/.exec(path);
  if (match === null) return null;
  const [, level = '', groups = '', width] = match;
  const name: TileName = {
    level: level === 'entries' ? level : Number(level),
    number: Number(groups.replace(/[x/]/g, '')),
    width: width === undefined ? TILE_WIDTH : Number(width),
  };
  if (!Number.isSafeInteger(name.number) || name.width > TILE_WIDTH) return null;
  return tilePath(name) === path ? name : null;
}

/** Nodes of level `level` (perfect trees of 256^level leaves) in a log of `size` leaves. */
export function levelWidth(size: number, level: number): number {
  return Math.floor(size / TILE_WIDTH ** level);
}

/**
 * The hash tiles that a log has at size `to` and had not at size `from`, level by level: the ones completed since, and
 * the partial one where it has changed. The entry bundles are those of level 0.
 */
export function* newTiles(
  from: number,
  to: number,
): Generator<{ level: number; number: number; width: number }> {
  assert(from >= 0 && from <= to, 'a log only grows');
  for (let level = 0; levelWidth(to, level) > 0; level++) {
    const before = levelWidth(from, level);
    const now = levelWidth(to, level);
    if (before === now) continue;
    const full = Math.floor(now / TILE_WIDTH);
    for (let number = Math.floor(before / TILE_WIDTH); number < full; number++)
      yield { level, number, width: TILE_WIDTH };
    if (now % TILE_WIDTH > 0) yield { level, number: full, width: now % TILE_WIDTH };
  }
}

/** An entry bundle: each entry after its length (uint16, big-endian). */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  assert(entries.length <= TILE_WIDTH, 'a bundle holds at most 256 entries');
  const parts: Uint8Array[] = [];
  for (const entry of entries) {
    assert(entry.length <= MAX_ENTRY_BYTES, 'an entry is at most 65,535 bytes');
    parts.push(Buffer.of(entry.length >>> 8, entry.length & 255), entry);
  }
  return Buffer.concat(parts);
}

/** The entries of a bundle of `width`, or null when it does not hold exactly that many. */
export function parseBundle(bundle: Uint8Array, width: number): Uint8Array[] | null {
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at + 2 <= bundle.length) {
    const end = at + 2 + (((bundle[at] as number) << 8) | (bundle[at + 1] as number));
    if (end > bundle.length) return null;
    entries.push(bundle.subarray(at + 2, end));
    at = end;
  }
  return at === bundle.length && entries.length === width ? entries : null;
}

/**
 * The tree above its leaves, kept as tiles: all nodes of levels 1 and up (32 bytes for every 256 leaves) and the leaves
 * of the newest, incomplete tile. Append only.
 */
export class TreeEdge {
  #size = 0;
  /** Leaf hashes of the tile under way. */
  readonly #leaves = new Uint8Array(TILE_WIDTH * HASH_BYTES);
  /** `#levels[l - 1]` = all nodes of level l so far; grows by doubling. */
  readonly #levels: Uint8Array[] = [];

  get size(): number {
    return this.#size;
  }

  push(leaf: Uint8Array): void {
    assert(leaf.length === HASH_BYTES, 'a leaf is 32 bytes');
    this.#leaves.set(leaf, (this.#size % TILE_WIDTH) * HASH_BYTES);
    this.#size += 1;
    if (this.#size % TILE_WIDTH === 0) this.#lift(merkleRoot(this.#leaves), 1);
  }

  /** Puts the root of a tile that is complete now into the level above, and so on upwards. */
  #lift(root: Uint8Array, level: number): void {
    const count = levelWidth(this.#size, level);
    let nodes = this.#levels[level - 1] ?? new Uint8Array(TILE_WIDTH * HASH_BYTES);
    if (nodes.length < count * HASH_BYTES) {
      const larger = new Uint8Array(2 * nodes.length);
      larger.set(nodes);
      nodes = larger;
    }
    nodes.set(root, (count - 1) * HASH_BYTES);
    this.#levels[level - 1] = nodes;
    if (count % TILE_WIDTH === 0) {
      this.#lift(
        merkleRoot(nodes.subarray((count - TILE_WIDTH) * HASH_BYTES, count * HASH_BYTES)),
        level + 1,
      );
    }
  }

  /** Leaf hashes of the tile under way: valid until the next push. */
  get openLeaves(): Uint8Array {
    return this.#leaves.subarray(0, (this.#size % TILE_WIDTH) * HASH_BYTES);
  }

  /** Nodes `from` … `to` − 1 of level 1 or above: valid until the next push. */
  nodes(level: number, from: number, to: number): Uint8Array {
    assert(level >= 1 && from <= to && to <= levelWidth(this.#size, level), 'these nodes are in the tree');
    return (this.#levels[level - 1] ?? new Uint8Array(0)).subarray(from * HASH_BYTES, to * HASH_BYTES);
  }

  /**
   * Root of the tree over the first `size` leaves; `leaves` = the hashes of the last `size % 256` of them. At most 255
   * nodes of each level go in.
   */
  root(size: number, leaves: Uint8Array): Uint8Array {
    assert(
      size <= this.#size && leaves.length === (size % TILE_WIDTH) * HASH_BYTES,
      'the tree was this large',
    );
    let right: Uint8Array | null = leaves.length > 0 ? merkleRoot(leaves) : null;
    for (let level = 1; levelWidth(size, level) > 0; level++) {
      const count = levelWidth(size, level);
      right = joinLevel(this.nodes(level, count - (count % TILE_WIDTH), count), right);
    }
    return right ?? merkleRoot(new Uint8Array(0));
  }
}

/**
 * The root over `nodes` (at most 255, all perfect and of one height) followed by a smaller tree `right`: the perfect
 * trees that the nodes make, largest first, are joined from the right, as the split of RFC 6962 does.
 */
function joinLevel(nodes: Uint8Array, right: Uint8Array | null): Uint8Array | null {
  let end = nodes.length / HASH_BYTES;
  let root = right;
  for (let width = 1; end > 0; width *= 2) {
    if ((end & width) === 0) continue;
    const perfect = merkleRoot(nodes.subarray((end - width) * HASH_BYTES, end * HASH_BYTES));
    root = root === null ? perfect : nodeHash(perfect, root);
    end -= width;
  }
  return root;
}
