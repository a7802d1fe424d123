// The lake as the reader of dead letters sees it: names below a folder, and whole objects. The one place that knows where a
// lake is; everything else asks through the interface.

import { join, resolve } from 'node:path';
import { MAX_OBJECT_BYTES } from '../limits.ts';
import { isFolder, names, readFile, VerifyError } from '../verify/files.ts';

export interface LetterLake {
  /** What messages call it. */
  readonly where: string;
  /** Names of the folders in `folder` (a key, '' = the lake itself), sorted. */
  folders(folder: string): Promise<readonly string[]>;
  /** Names of the objects in `folder`, sorted. */
  objects(folder: string): Promise<readonly string[]>;
  /** A whole object, or null when there is none. */
  read(key: string): Promise<Buffer | null>;
}

/** Opens the lake in a folder. @throws VerifyError when there is none. */
export function openLake(lake: string): LetterLake {
  if (/^[a-z0-9]+:\/\//.test(lake))
    throw new VerifyError(`only lakes in a folder can be read so far, not ${lake}`);
  const root = resolve(lake);
  if (!isFolder(join(root, '_log')))
    throw new VerifyError(`${lake} is not a lake: there is no folder _log in it`);
  return {
    where: root,
    folders: async (folder) => names(root, folder, true),
    objects: async (folder) => names(root, folder, false),
    read: async (key) => readFile(root, key, MAX_OBJECT_BYTES),
  };
}
