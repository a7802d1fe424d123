// The store of the drill: where the engine's lake is, and how it is taken away and given back while the engine runs.

import { renameSync } from 'node:fs';
import { join } from 'node:path';

export interface DrillStore {
  /** What the engine is given, and `verify`. */
  readonly place: { readonly lake: string; readonly s3?: { readonly endpoint: string } };
  /** The store and its trouble, in a few words. */
  readonly words: string;
  down(): Promise<void>;
  up(): Promise<void>;
  /** A folder with what is in the lake, for reading lines. The store is up. */
  contents(): Promise<string>;
  close(): Promise<void>;
}

/** A directory lake whose folder is renamed away, as when its disk is unmounted. */
export function directoryStore(folder: string): DrillStore {
  const lake = join(folder, 'lake');
  return {
    place: { lake },
    words: 'a directory, away',
    down: async () => renameSync(lake, `${lake}.away`),
    up: async () => renameSync(`${lake}.away`, lake),
    contents: async () => lake,
    close: async () => undefined,
  };
}
