// Where things lie below the data folder. Created with least privilege: what is in there is nobody else's business. The
// lake is there to be read: it is made as the umask says; one in S3 is no folder.

import { join } from 'node:path';
import type { Config } from './config.ts';
import { isS3 } from './s3/address.ts';
import { ensureFolder, type Storage } from './storage.ts';

export interface Folders {
  readonly records: string;
  readonly seals: string;
  readonly keys: string;
  readonly state: string;
  readonly outbox: string;
  readonly log: string;
  /** Bodies of captures, and lines that came of them, until they are sealed. */
  readonly spool: string;
}

/** Names the folders of a configuration and makes those that are missing. */
export function openFolders(storage: Storage, config: Pick<Config, 'data' | 'lake'>): Folders {
  const { data } = config;
  const folders: Folders = {
    records: join(data, 'journal', 'records'),
    seals: join(data, 'journal', 'seals'),
    keys: join(data, 'keys'),
    state: join(data, 'state'),
    outbox: join(data, 'state', 'outbox'),
    log: join(data, 'state', 'log'),
    spool: join(data, 'spool'),
  };
  for (const folder of Object.values(folders)) ensureFolder(storage, folder, 0o700);
  if (!isS3(config.lake)) ensureLake(storage, config.lake, folders.records);
  return folders;
}

/** A lake on a sick or unmounted disk is waited out by the seal stage, where there is a history to take frames for. */
function ensureLake(storage: Storage, lake: string, records: string): void {
  try {
    ensureFolder(storage, lake, 0o777);
  } catch (error) {
    if (storage.list(records).length === 0) throw error;
  }
}
