// The lake as the reader of dead letters sees it: names below a folder, and whole objects, wherever the lake is.

import { MAX_OBJECT_BYTES } from '../limits.ts';
import { VerifyError } from '../verify/files.ts';
import { type LakeOptions, openLake as openAny } from '../verify/open.ts';

export interface LetterLake {
  /** What messages call it. */
  readonly where: string;
  /** Names of the folders in `folder` (a key, '' = the lake itself), sorted. */
  folders(folder: string): Promise<readonly string[]>;
  /** Names of the objects in `folder`, sorted. */
  objects(folder: string): Promise<readonly string[]>;
  /** A whole object, or null when there is none. */
  read(key: string): Promise<Buffer | null>;
  close(): void;
}

/** Opens the lake in a folder or in S3. @throws VerifyError when there is none. */
export async function openLake(options: LakeOptions): Promise<LetterLake> {
  const lake = await openAny(options);
  const { folders } = await lake.list('');
  if (!folders.includes('_log')) {
    lake.close();
    throw new VerifyError(`${options.lake} is not a lake: there is no folder _log in it`);
  }
  return {
    where: lake.place,
    folders: async (folder) => (await lake.list(folder)).folders,
    objects: async (folder) => (await lake.list(folder)).files,
    read: (key) => lake.readFile(key, MAX_OBJECT_BYTES),
    close: () => lake.close(),
  };
}
