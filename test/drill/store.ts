// The store of the drill: where the engine's lake is, and how it is taken away and given back while the engine runs.
// Another store (an S3 endpoint in this process) is another implementation of the same four members.

import { renameSync } from 'node:fs';
import { join } from 'node:path';

export interface DrillStore {
  /** What the engine is given as `lake`. */
  readonly lake: string;
  down(): Promise<void>;
  up(): Promise<void>;
  /** A folder with what is in the lake, for `verify` and for reading lines. The store is up. */
  contents(): Promise<string>;
}

/** A directory lake whose folder is renamed away, as when its disk is unmounted. */
export function directoryStore(folder: string): DrillStore {
  const lake = join(folder, 'lake');
  return {
    lake,
    down: async () => renameSync(lake, `${lake}.away`),
    up: async () => renameSync(`${lake}.away`, lake),
    contents: async () => lake,
  };
}
