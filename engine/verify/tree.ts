// The tree of a log, computed again from its leaves as they stream by: the roots at the sizes that checkpoints speak of,
// and every hash tile above level 0. Memory: one tile per level.

import { equalHashes, HASH_BYTES, merkleRoot } from '../batch/merkle.ts';
import { TILE_WIDTH, type TileName } from '../seal/tiles.ts';
import { Frontier } from './frontier.ts';

/** One tile as computed; `hashes` is valid during the call only. */
export type OnTile = (name: TileName & { level: number }, hashes: Uint8Array) => void;

interface Level {
  readonly hashes: Buffer;
  count: number;
  number: number;
}

export class Tree {
  readonly #frontier = new Frontier();
  readonly #levels: Level[] = [];
  readonly #sizes: ReadonlySet<number>;
  readonly #roots = new Map<number, Uint8Array>();
  readonly #onTile: OnTile;

  /** `sizes`: those whose roots are wanted. `onTile` gets every tile of level 1 and up, the partial ones at `end`. */
  constructor(sizes: ReadonlySet<number>, onTile: OnTile) {
    this.#sizes = sizes;
    this.#onTile = onTile;
    this.#note();
  }

  get size(): number {
    return this.#frontier.size;
  }

  push(leaf: Uint8Array): void {
    this.#frontier.push(leaf);
    this.#lift(leaf, 0);
    this.#note();
  }

  end(): void {
    for (const [level, { hashes, count, number }] of this.#levels.entries()) {
      if (level > 0 && count > 0)
        this.#onTile({ level, number, width: count }, hashes.subarray(0, count * HASH_BYTES));
    }
  }

  /** Whether the root at `size` is `root`; null when the tree never had that size. */
  agrees(size: number, root: Uint8Array): boolean | null {
    const own = this.#roots.get(size);
    return own === undefined ? null : equalHashes(own, root);
  }

  #note(): void {
    if (this.#sizes.has(this.size)) this.#roots.set(this.size, this.#frontier.root());
  }

  #lift(hash: Uint8Array, level: number): void {
    this.#levels[level] ??= { hashes: Buffer.alloc(TILE_WIDTH * HASH_BYTES), count: 0, number: 0 };
    const tile = this.#levels[level];
    tile.hashes.set(hash, tile.count * HASH_BYTES);
    if (++tile.count < TILE_WIDTH) return;
    if (level > 0) this.#onTile({ level, number: tile.number, width: TILE_WIDTH }, tile.hashes);
    tile.count = 0;
    tile.number++;
    this.#lift(merkleRoot(tile.hashes), level + 1);
  }
}
