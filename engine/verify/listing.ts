// Every file in the lake that no seal and no log names. The listing proves nothing missing (that is the logs' part); it
// finds what is too many, what lies in the wrong place, and tiles of earlier sizes, which must be beginnings of today's.

import { hash } from 'node:crypto';
import { HASH_BYTES } from '../batch/merkle.ts';
import { levelWidth, parseTilePath, TILE_WIDTH, type TileName, tilePath } from '../seal/tiles.ts';
import { type Listed, UnfitFile } from './files.ts';
import type { KeySet } from './keyset.ts';
import type { Lake } from './lake.ts';
import type { Findings } from './report.ts';
import { isSizeName } from './trust.ts';

const SCHEMA_KEY = /^_schema\/[a-z][a-z0-9-]{0,62}\/[1-9][0-9]{0,5}\/([0-9a-f]{64})\.json$/;
const MAX_BYTES = 1 << 26;

export interface ListingInput {
  readonly lake: Lake;
  /** Logs and their sizes. */
  readonly sizes: ReadonlyMap<string, number>;
  /** Keys that some seal names. */
  readonly named: KeySet;
  /** Objects that are not at their key: last segment of the key → the key. */
  readonly missing: ReadonlyMap<string, string>;
  /** Tiles that were told to be altered: earlier ones are not compared with them. */
  readonly doubtedTiles: ReadonlySet<string>;
  /** True when seals could not be read: then a file without a seal may be theirs. */
  readonly broken: boolean;
  /** When the checkpoints were read, and the grace around it: seals of files written since then were not looked at. */
  readonly startMs: number;
  readonly graceMs: number;
  readonly findings: Findings;
}

/** @returns the number of files that no log names but that are younger than the grace. */
export async function checkListing(input: ListingInput, breathe: () => Promise<void>): Promise<number> {
  let young = 0;
  const from = input.startMs - input.graceMs;
  // A time in the future is no excuse: nobody knows when such a file was written.
  const to = Math.max(input.startMs, Date.now()) + input.graceMs;
  for await (const file of input.lake.walk('')) {
    await breathe();
    if (isProbe(file)) continue;
    if (file.versions?.hidden != null) {
      tellHidden(input, file.key, file.versions.hidden);
      continue;
    }
    if (await isKnown(input, file)) {
      const extra = file.versions?.extra ?? null;
      if (extra !== null && !isReplaced(file.key))
        input.findings.add('EXTRA_VERSION', null, file.key, null, extra);
      continue;
    }
    const name = file.key.slice(file.key.lastIndexOf('/') + 1);
    const home = input.missing.get(name);
    if (home !== undefined) {
      input.findings.replace('MISSING', home, 'MISPLACED', `the object of this name lies at ${file.key}`);
    } else if (file.regular && file.mtimeMs >= from && file.mtimeMs <= to) {
      young++;
    } else {
      const doubt = input.broken ? ' (some seals could not be read: it may be theirs)' : '';
      const reason = file.regular ? `no log names this file${doubt}` : 'neither a file nor a folder';
      input.findings.add('UNLOGGED', null, file.key, null, reason);
    }
  }
  return young;
}

/** What a start asks a store with, a word or nothing: it stays where the bucket locks every object by itself. */
function isProbe({ key, bytes }: Listed): boolean {
  return bytes <= 'other'.length && /^_tmp\/(quarantine-)?probe-[0-9a-f]{16}$/.test(key);
}

/** `checkpoint` and `policy` are written again and again; everything else of a log once. */
function isReplaced(key: string): boolean {
  return key.startsWith('_log/') && /\/(checkpoint|policy)$/.test(key);
}

const CHECKPOINT = /^_log\/.+\/checkpoint(s\/\d{20})?$/;

/**
 * A name under a delete marker. An object's has been told when its seal was looked at; earlier partial tiles, and what was
 * never named, may go. A checkpoint may not, and that of a log of which nothing else is left is the only trace of it.
 */
function tellHidden({ findings }: ListingInput, key: string, reason: string): void {
  if (findings.replace('MISSING', key, 'HIDDEN', reason)) return;
  const isLogFile = key.startsWith('_log/') && (CHECKPOINT.test(key) || findings.isAbout(key));
  if (isLogFile) findings.add('HIDDEN', null, key, null, reason);
}

/** Whether delete markers lie over the checkpoints of a log. */
export async function hidesLog(lake: Lake): Promise<boolean> {
  for await (const { key, versions } of lake.walk('_log'))
    if (versions?.hidden != null && CHECKPOINT.test(key)) return true;
  return false;
}

async function isKnown(input: ListingInput, { key }: Listed): Promise<boolean> {
  if (key.startsWith('_log/')) return isKnownLogFile(input, key);
  const schema = SCHEMA_KEY.exec(key);
  if (schema === null) return input.named.has(key);
  // A schema is known by its hash, also before the first seal that names it. Those that seals name are checked there.
  if (!input.named.has(key)) {
    const file = await content(input.lake, key);
    if (file === null || hash('sha256', file, 'hex') !== schema[1])
      input.findings.add('ALTERED', null, key, null, 'the schema does not hash to its name');
  }
  return true;
}

async function isKnownLogFile(input: ListingInput, key: string): Promise<boolean> {
  for (const [origin, size] of input.sizes) {
    const base = `_log/${origin}/`;
    if (!key.startsWith(base)) continue;
    const rest = key.slice(base.length);
    if (rest === 'checkpoint' || rest === 'policy') return true;
    if (rest.startsWith('checkpoints/')) return isSizeName(rest.slice('checkpoints/'.length));
    const tile = parseTilePath(rest);
    if (tile !== null) return isKnownTile(input, origin, size, tile);
  }
  return false;
}

/** The tiles of this size were compared with the tree; earlier partial ones are compared with those. */
async function isKnownTile(
  input: ListingInput,
  origin: string,
  size: number,
  tile: TileName,
): Promise<boolean> {
  const nodes = levelWidth(size, tile.level === 'entries' ? 0 : tile.level);
  const width = Math.min(TILE_WIDTH, nodes - tile.number * TILE_WIDTH);
  if (tile.width === width) return true;
  if (tile.width > width) return false;
  const key = `_log/${origin}/${tilePath(tile)}`;
  const today = `_log/${origin}/${tilePath({ ...tile, width })}`;
  if (input.doubtedTiles.has(today)) return true;
  const whole = await content(input.lake, today);
  // Without the tile of this size there is nothing to compare with; that it is missing has been told.
  if (whole === null) return true;
  const file = await content(input.lake, key);
  const bytes = tile.level === 'entries' ? bundleBytes(whole, tile.width) : tile.width * HASH_BYTES;
  if (file === null || Buffer.compare(file, whole.subarray(0, bytes)) !== 0) {
    input.findings.add(
      'ALTERED',
      origin,
      key,
      null,
      'a tile of an earlier size that is not the beginning of the one today',
    );
  }
  return true;
}

/** Bytes of the first `entries` entries of a bundle. */
function bundleBytes(bundle: Uint8Array, entries: number): number {
  let at = 0;
  for (let i = 0; i < entries && at + 2 <= bundle.length; i++)
    at += 2 + (((bundle[at] as number) << 8) | (bundle[at + 1] as number));
  return at;
}

async function content(lake: Lake, key: string): Promise<Buffer | null> {
  try {
    return await lake.readFile(key, MAX_BYTES);
  } catch (error) {
    if (error instanceof UnfitFile) return null;
    throw error;
  }
}
