// One published log: entry bundles read in order, hashed, compared with the hash tiles and with every signed tree head.
// How many seals there must be is told by the checkpoint, never by a listing.
//
// Where bundle and hash tile disagree, the signed root decides which of them was changed; where neither gives the root,
// the log has two histories: FORK.

import { equalHashes, HASH_BYTES, leafHash, nodeAt } from '../batch/merkle.ts';
import {
  levelWidth,
  MAX_ENTRY_BYTES,
  parseBundle,
  parseTilePath,
  TILE_WIDTH,
  type TileName,
  tilePath,
} from '../seal/tiles.ts';
import { UnfitFile } from './files.ts';
import type { Lake } from './lake.ts';
import type { Findings } from './report.ts';
import { Tree } from './tree.ts';
import type { Head } from './trust.ts';

const MAX_BUNDLE_BYTES = TILE_WIDTH * (MAX_ENTRY_BYTES + 2);

/** One entry of the log. `doubtful`: its hash is not the one in the hash tile. Null bytes: it could not be read. */
export interface Entry {
  readonly index: number;
  readonly bytes: Uint8Array | null;
  readonly where: string;
  readonly doubtful: boolean;
}

interface TileFault {
  readonly name: TileName;
  readonly verdict: 'MISSING' | 'ALTERED';
}

/** Reads one log. `bundles()` must be run to its end, then `conclude()` says what became of the tree. */
export class LogReader {
  readonly #lake: Lake;
  readonly #origin: string;
  readonly #size: number;
  readonly #findings: Findings;
  readonly #heads: readonly Head[];
  readonly #sizes: ReadonlySet<number>;
  readonly #tree: Tree;
  #faults: TileFault[] = [];
  /** Tiles above level 0 that were computed and not compared yet. */
  readonly #computed: { name: TileName; hashes: Buffer }[] = [];
  readonly #disagreements: { number: number; width: number; index: number }[] = [];
  #broken = false;
  readonly #doubted: string[] = [];

  /** `size` = seals that the log must have; `heads` = the signed heads to compare, the newest last. */
  constructor(lake: Lake, origin: string, size: number, heads: readonly Head[], findings: Findings) {
    this.#lake = lake;
    this.#origin = origin;
    this.#size = size;
    this.#findings = findings;
    this.#heads = heads;
    this.#sizes = new Set([size, ...heads.map((head) => head.size)]);
    this.#tree = this.#newTree();
  }

  /** True when not every seal could be read: what they named looks unlogged. */
  get broken(): boolean {
    return this.#broken;
  }

  /** After `conclude`: keys of tiles that are not what they should be, or whose bundle is not. */
  get doubtedTiles(): readonly string[] {
    return this.#doubted;
  }

  /** The entries in order, a bundle at a time. */
  async *bundles(): AsyncGenerator<readonly Entry[]> {
    let highest: number | null = null;
    for (let number = 0; number * TILE_WIDTH < this.#size; number++) {
      const width = Math.min(TILE_WIDTH, this.#size - number * TILE_WIDTH);
      const first = number * TILE_WIDTH;
      const where = this.#key({ level: 'entries', number, width });
      const hashes = await this.#hashTile(number, width);
      const bundle = await this.#read(where, MAX_BUNDLE_BYTES);
      if (bundle === null) {
        this.#broken = true;
        // A checkpoint may speak of more tiles than there can ever be: what is missing to the end is one finding.
        highest ??= await this.#highestBundle();
        const last = number > highest ? this.#size - 1 : first + width - 1;
        this.#findings.add(
          'GAP',
          this.#origin,
          where,
          first,
          `the seals number ${first} to ${last} are missing`,
        );
        if (number > highest) return;
      }
      const entries = bundle === null ? null : parseBundle(bundle, width);
      if (bundle !== null && entries === null) {
        this.#broken = true;
        this.#doubted.push(where);
        this.#findings.add('ALTERED', this.#origin, where, first, `not a bundle of ${width} entries`);
      }
      const all = this.#tile(number, width, where, entries, hashes);
      await this.#compareTiles();
      yield all;
    }
    this.#tree.end();
    await this.#compareTiles();
  }

  #tile(
    number: number,
    width: number,
    where: string,
    entries: readonly Uint8Array[] | null,
    hashes: Uint8Array | null,
  ): Entry[] {
    const all: Entry[] = [];
    let told = false;
    for (let i = 0; i < width; i++) {
      const bytes = entries?.[i] ?? null;
      const published = hashes === null ? null : nodeAt(hashes, i);
      const own = bytes === null ? published : leafHash(bytes);
      const doubtful = own !== null && published !== null && !equalHashes(own, published);
      const index = number * TILE_WIDTH + i;
      if (doubtful && !told) this.#disagreements.push({ number, width, index });
      told ||= doubtful;
      // A hole in the leaves ends the tree: no root beyond it can be computed.
      if (own !== null && this.#tree.size === index) this.#tree.push(own);
      all.push({ index, bytes, where, doubtful });
    }
    return all;
  }

  /**
   * Compares tree, tiles and heads. @returns whether the root of all `size` seals was computed and is that of the newest
   * head, signed.
   */
  async conclude(): Promise<boolean> {
    const newest = this.#heads.at(-1);
    let tree = this.#tree;
    let bundlesChanged = false;
    if (
      newest !== undefined &&
      tree.agrees(newest.size, newest.root) === false &&
      this.#disagreements.length > 0
    ) {
      const faults = this.#faults;
      const published = await this.#publishedTree();
      bundlesChanged = published.agrees(newest.size, newest.root) === true;
      if (bundlesChanged) tree = published;
      else this.#faults = faults;
    }
    for (const { number, width, index } of this.#disagreements) {
      this.#doubted.push(this.#key({ level: bundlesChanged ? 'entries' : 0, number, width }));
      const level = bundlesChanged ? 'entries' : 0;
      const reason = bundlesChanged
        ? `seal ${index} is not the one in the log`
        : `the hash of seal ${index} differs`;
      this.#findings.add('ALTERED', this.#origin, this.#key({ level, number, width }), index, reason);
    }
    for (const { name, verdict } of this.#faults) {
      this.#doubted.push(this.#key(name));
      const reason =
        verdict === 'MISSING' ? 'the hash tile does not exist' : 'the hash tile is not that of the seals';
      this.#findings.add(verdict, this.#origin, this.#key(name), null, reason);
    }
    for (const head of this.#heads) {
      if (tree.agrees(head.size, head.root) !== false || !head.signed) continue;
      this.#findings.add(
        'FORK',
        this.#origin,
        head.key,
        null,
        `another history: the first ${head.size} seals in the lake do not give the signed root`,
      );
    }
    return (
      newest?.signed === true && newest.size === this.#size && tree.agrees(newest.size, newest.root) === true
    );
  }

  /**
   * Partial tiles of the sizes of `kept`, checkpoints in `checkpoints/`: each exists for as long as there is no full one in its place.
   * What is in them is compared where files are listed.
   */
  async keptTiles(kept: readonly Head[]): Promise<void> {
    const told = new Set<string>();
    for (const head of kept) {
      if (!head.signed || head.size >= this.#size) continue;
      for (const name of openTiles(head.size, this.#size)) {
        const key = this.#key(name);
        const reason = told.has(key) ? null : await absence(this.#lake, key);
        told.add(key);
        if (reason !== null)
          this.#findings.add('MISSING', this.#origin, key, null, `${reason}: ${head.key} is of this size`);
      }
    }
  }

  /** The tree that the published leaf hashes give, bundles left aside. */
  async #publishedTree(): Promise<Tree> {
    this.#faults = [];
    const tree = this.#newTree();
    for (let number = 0; number * TILE_WIDTH < this.#size; number++) {
      const width = Math.min(TILE_WIDTH, this.#size - number * TILE_WIDTH);
      const hashes = await this.#hashTile(number, width);
      if (hashes === null) return tree;
      for (let i = 0; i < width; i++) tree.push(nodeAt(hashes, i));
      await this.#compareTiles();
    }
    tree.end();
    await this.#compareTiles();
    return tree;
  }

  #newTree(): Tree {
    return new Tree(this.#sizes, (name, hashes) =>
      this.#computed.push({ name, hashes: Buffer.from(hashes) }),
    );
  }

  /** Compares the tiles that the tree has given since the last call, one in 256 seals, with those in the lake. */
  async #compareTiles(): Promise<void> {
    for (const { name, hashes } of this.#computed.splice(0)) {
      const file = await this.#read(this.#key(name), TILE_WIDTH * HASH_BYTES);
      if (file === null) this.#faults.push({ name, verdict: 'MISSING' });
      else if (Buffer.compare(file, hashes) !== 0) this.#faults.push({ name, verdict: 'ALTERED' });
    }
  }

  async #hashTile(number: number, width: number): Promise<Uint8Array | null> {
    const name = { level: 0, number, width };
    const file = await this.#read(this.#key(name), TILE_WIDTH * HASH_BYTES);
    if (file !== null && file.length === width * HASH_BYTES) return file;
    this.#faults.push({ name, verdict: file === null ? 'MISSING' : 'ALTERED' });
    return null;
  }

  #key(name: TileName): string {
    return `_log/${this.#origin}/${tilePath(name)}`;
  }

  /** A file that cannot be what it should be reads as one that holds nothing. */
  async #read(key: string, maxBytes: number): Promise<Buffer | null> {
    try {
      return await this.#lake.readFile(key, maxBytes);
    } catch (error) {
      if (error instanceof UnfitFile) return Buffer.alloc(0);
      throw error;
    }
  }

  async #highestBundle(): Promise<number> {
    let highest = -1;
    const base = `_log/${this.#origin}/`;
    for await (const { key, versions } of this.#lake.walk(`${base}tile/entries`)) {
      if (versions?.hidden != null) continue;
      highest = Math.max(highest, parseTilePath(key.slice(base.length))?.number ?? -1);
    }
    return highest;
  }
}

/** The partial tiles of a log of `size` seals that are neither full nor the newest of their place at size `now`. */
function* openTiles(size: number, now: number): Generator<TileName> {
  for (let level = 0; levelWidth(size, level) > 0; level++) {
    const nodes = levelWidth(size, level);
    const number = Math.floor(nodes / TILE_WIDTH);
    const today = levelWidth(now, level);
    const width = nodes % TILE_WIDTH;
    if (width === 0 || today === nodes || today >= (number + 1) * TILE_WIDTH) continue;
    yield { level, number, width };
    if (level === 0) yield { level: 'entries', number, width };
  }
}

async function absence(lake: Lake, key: string): Promise<string | null> {
  try {
    return (await lake.size(key)) === null ? 'the tile does not exist' : null;
  } catch (error) {
    if (error instanceof UnfitFile) return 'the tile is not a file';
    throw error;
  }
}
