// What the sink has set aside in an engine's data folder: sealed objects that the store would not take, named by their place
// in the log. The engine's own log says what each of them is. Looks only, also while the engine runs.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { decodeSeal } from '../batch/seal.ts';
import { utc } from '../clock.ts';
import { recoverLogFile } from '../seal/log-file.ts';
import { diskStorage } from '../storage.ts';
import { VerifyError } from '../verify/files.ts';

const NAME = /^([0-9]{20})\.zst$/;

/** One object in quarantine. `key`, `kind` and `records` are null when the log does not say (yet). */
export interface Quarantined {
  readonly index: number;
  readonly bytes: number;
  /** When it was set aside. */
  readonly sinceUtc: string;
  readonly key: string | null;
  readonly kind: string | null;
  readonly records: number | null;
}

/** The data folder that a lake belongs to when it lies in one, or null. */
export function dataFolderOf(lake: string): string | null {
  const folder = resolve(lake);
  const data = dirname(folder);
  return basename(folder) === 'lake' && existsSync(join(data, 'state')) ? data : null;
}

/** Everything in quarantine, in order of the log. @throws VerifyError when this is no engine's data folder */
export function listQuarantine(data: string): readonly Quarantined[] {
  if (!existsSync(join(data, 'state')))
    throw new VerifyError(`${data} is no data folder of an engine: there is no folder state in it`);
  const folder = join(data, 'state', 'quarantine');
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).flatMap((name) => {
    const index = NAME.exec(name)?.[1];
    // A file that is gone by now was sent meanwhile.
    const stat = statSync(join(folder, name), { throwIfNoEntry: false });
    return index === undefined || stat === undefined ? [] : [{ index: Number(index), stat }];
  });
  const seals = files.length === 0 ? new Map() : sealsAt(data, new Set(files.map(({ index }) => index)));
  return files
    .sort((a, b) => a.index - b.index)
    .map(({ index, stat }) => ({
      index,
      bytes: stat.size,
      sinceUtc: utc(stat.mtimeMs),
      ...(seals.get(index) ?? { key: null, kind: null, records: null }),
    }));
}

/** The seals at these places of the newest local log. */
function sealsAt(
  data: string,
  wanted: ReadonlySet<number>,
): Map<number, Pick<Quarantined, 'key' | 'kind' | 'records'>> {
  const found = new Map<number, Pick<Quarantined, 'key' | 'kind' | 'records'>>();
  const logs = join(data, 'state', 'log');
  const newest = existsSync(logs)
    ? readdirSync(logs)
        .sort((a, b) => Number(a) - Number(b))
        .at(-1)
    : undefined;
  const path = join(logs, newest ?? '', 'seals.firnl');
  if (newest === undefined || !existsSync(path)) return found;
  const descriptor = diskStorage.open(path);
  let index = 0;
  try {
    // The engine may be writing: a torn tail stays as it is.
    const storage = { ...diskStorage, truncate: () => {}, sync: () => {} };
    recoverLogFile(storage, descriptor, path, (bytes) => {
      const at = index++;
      if (!wanted.has(at)) return;
      const seal = decodeSeal(bytes);
      if (seal.kind !== 'heartbeat') found.set(at, { key: seal.key, kind: seal.kind, records: seal.count });
    });
  } finally {
    diskStorage.close(descriptor);
  }
  return found;
}
