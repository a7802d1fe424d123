// The files of a lake as a verifier sees them: single ones read whole and bounded, folders, and a walk over every name.
// Nothing is ever written. Implementations are named after the place.

import type { Listed } from './files.ts';

/** What lies directly in one folder: names, sorted. */
export interface Folder {
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

/** Keys are relative to the lake. They come from seals and are checked before they get here. */
export interface Lake {
  /** As it is told in messages. */
  readonly place: string;
  /** The folder that threads read objects from by themselves; null where objects are fetched. */
  readonly folder: string | null;
  /** Whether there is anything that could be a lake. */
  exists(): Promise<boolean>;
  /**
   * The whole file, or null when there is none.
   * @throws UnfitFile when it is longer than `maxBytes` or no regular file; VerifyError when it cannot be read.
   */
  readFile(key: string, maxBytes: number): Promise<Buffer | null>;
  /** Size of a regular file in bytes, or null when there is none. @throws as `readFile` */
  size(key: string): Promise<number | null>;
  /** When a file was modified last, Unix ms; null when there is none. */
  modifiedMs(key: string): Promise<number | null>;
  /** Empty when there is no such folder. */
  list(folder: string): Promise<Folder>;
  /** Every name below `folder` ('' = the lake) that is not a folder, also those that a delete marker hides. */
  walk(folder: string): AsyncIterable<Listed>;
  /** Why a name reads as if there were nothing although there is; null when there is nothing. */
  hidden(key: string): Promise<string | null>;
  /** After the walk: what could not be checked in this place. */
  notChecked(): readonly string[];
  /** After the objects: what a quick verification did not check of them. */
  notQuick(): string;
  close(): void;
}
