// Moments told by files: something appears or grows in a folder.

import { type FSWatcher, watch } from 'node:fs';

export interface FolderWatch {
  /** Resolves with true as soon as a name that matches has changed since the watch began, with false after `withinMs`. */
  seen(withinMs: number): Promise<boolean>;
}

/** Watches the entries of an existing folder from now on. Ask `seen` once; it ends the watch. */
export function watchFolder(folder: string, matches: (name: string) => boolean): FolderWatch {
  let hit = false;
  let tell = (_hit: boolean): void => {};
  const watcher: FSWatcher = watch(folder, (_event, name) => {
    if (name === null || !matches(name)) return;
    hit = true;
    tell(true);
  });
  return {
    seen: async (withinMs) => {
      let timer: NodeJS.Timeout | undefined;
      const found =
        hit ||
        (await new Promise<boolean>((resolve) => {
          tell = resolve;
          timer = setTimeout(() => resolve(false), withinMs);
        }));
      clearTimeout(timer);
      watcher.close();
      return found;
    },
  };
}
