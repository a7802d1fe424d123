// Reads the lines of a lake folder the plain way: list the files, decompress each, split at LF. Knows the names of
// FORMAT.md §1 and nothing of the engine; decompression by the `zstd` program where it is installed.

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decompress, initCompress } from '../../workers/compress.ts';

/** One object of the lake: its key (relative, `/`), and its lines without LF. */
export interface LakeObject {
  readonly key: string;
  readonly lines: readonly string[];
}

const hasZstd = spawnSync('zstd', ['--version']).status === 0;

/** Every object below `lake` whose key begins with `prefix` and is `wanted`, in order of key, one in memory at a time. */
export async function* eachObject(
  lake: string,
  prefix: string,
  wanted: (key: string) => boolean = () => true,
): AsyncGenerator<LakeObject> {
  if (!hasZstd) await initCompress();
  const names = readdirSync(lake, { recursive: true, encoding: 'utf8' }).map((name) =>
    name.replaceAll('\\', '/'),
  );
  const keys = names.filter(
    (name) => name.startsWith(prefix) && name.endsWith('.ndjson.zst') && wanted(name),
  );
  for (const key of keys.sort()) {
    yield { key, lines: contentOf(join(lake, key)).toString('utf8').split('\n').slice(0, -1) };
  }
}

/** The same, all at once. */
export async function readLake(lake: string, prefix: string): Promise<LakeObject[]> {
  const objects: LakeObject[] = [];
  for await (const object of eachObject(lake, prefix)) objects.push(object);
  return objects;
}

/** All lines below `prefix`, in order of key. */
export async function readLines(lake: string, prefix: string): Promise<string[]> {
  return (await readLake(lake, prefix)).flatMap((object) => object.lines);
}

function contentOf(path: string): Buffer {
  if (!hasZstd) return Buffer.from(decompress(readFileSync(path), 64 << 20));
  const run = spawnSync('zstd', ['-dcq', path], { maxBuffer: 1 << 30 });
  if (run.status !== 0) throw new Error(`zstd cannot read ${path}: ${run.stderr.toString()}`);
  return run.stdout;
}
