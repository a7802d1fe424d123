// A disk that forgets what was not synced: `lose` leaves of each file the bytes before its newest sync, takes away names
// that no sync of their folder covers, and undoes such renames. Knows appends, new files, renames and removals, which is
// all that the engine does to its own files. Removals stay: forgetting one would only leave more.

import { existsSync, readFileSync, renameSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { diskStorage, type Storage } from '../../engine/storage.ts';

interface Unsynced {
  readonly path: string;
  undo(): void;
}

export interface LossyStorage {
  readonly storage: Storage;
  /** The power fails now. */
  lose(): void;
}

/** Wraps the real disk, without its waits. */
export function lossyStorage(): LossyStorage {
  const paths = new Map<number, string>();
  /** Bytes of each file that are on disk; files not named here are there whole. */
  const synced = new Map<string, number>();
  let names: Unsynced[] = [];

  const opened = (path: string, fd: number): number => {
    paths.set(fd, path);
    return fd;
  };
  const sync = (fd: number): void => {
    const path = paths.get(fd);
    if (path !== undefined) synced.set(path, diskStorage.size(fd));
  };
  const storage: Storage = {
    ...diskStorage,
    create: (path, mode) => {
      const fd = opened(path, diskStorage.create(path, mode));
      synced.set(path, 0);
      names.push({ path, undo: () => existsSync(path) && unlinkSync(path) });
      return fd;
    },
    openWrite: (path) => {
      const fd = opened(path, diskStorage.openWrite(path));
      if (!synced.has(path)) synced.set(path, diskStorage.size(fd));
      return fd;
    },
    sync,
    datasync: sync,
    syncFolder: (folder) => {
      names = names.filter(({ path }) => dirname(path) !== folder);
    },
    rename: (from, to) => {
      const before = existsSync(to) ? readFileSync(to) : null;
      diskStorage.rename(from, to);
      for (const [fd, path] of paths) if (path === from) paths.set(fd, to);
      synced.set(to, synced.get(from) ?? diskStorage.stat(to)?.bytes ?? 0);
      synced.delete(from);
      names = names.filter(({ path }) => path !== from);
      names.push({
        path: to,
        undo: () => {
          renameSync(to, from);
          if (before !== null) writeFileSync(to, before);
        },
      });
    },
    unlink: (path) => {
      diskStorage.unlink(path);
      synced.delete(path);
      names = names.filter((name) => name.path !== path);
    },
  };
  const lose = (): void => {
    for (const [path, bytes] of synced)
      if (existsSync(path)) truncateSync(path, Math.min(bytes, readFileSync(path).length));
    for (const { undo } of names.reverse()) undo();
    names = [];
    synced.clear();
  };
  return { storage, lose };
}
