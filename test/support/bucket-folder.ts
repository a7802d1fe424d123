// The objects of a bucket of the in-process S3 as files of a folder, for what reads lakes in folders.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { StoredBucket } from './s3-store.ts';

/** Writes every current object below `prefix` whose key (relative to it) is `wanted`. @returns `folder` */
export function writeBucket(
  bucket: StoredBucket,
  prefix: string,
  folder: string,
  wanted: (key: string) => boolean = () => true,
): string {
  mkdirSync(folder, { recursive: true });
  for (const { key, body } of bucket.list(prefix)) {
    const name = key.slice(prefix.length);
    if (!wanted(name)) continue;
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), body);
  }
  return folder;
}
