// The lake of a campaign in the S3 of this process: a bucket for each folder, dropped with it, and a store that has
// trouble while the engine starts and works.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeBucket } from '../support/bucket-folder.ts';
import type { S3Server } from '../support/s3-server.ts';
import type { StoredBucket } from '../support/s3-store.ts';
import { type CrashLake, contentOf, findingsOf } from './lake.ts';
import type { StoreTrouble } from './store-trouble.ts';

const PREFIX = 'crash/';
/** Seconds of an attempt: an answer that stalls shall not hold up a round. */
const TIMEOUT_S = 2;

/** @param folder of the site: names the bucket, and gets the lake when that is to be kept */
export function s3Lake(s3: S3Server, trouble: StoreTrouble, folder: string): CrashLake {
  const name = `site-${s3.buckets.size}-${Date.now()}`;
  const bucket = s3.createBucket(name);
  const location = `s3://${name}/${PREFIX}`;
  const { url: endpoint } = s3;
  const judged = new Set<string>();
  return {
    location,
    s3: { endpoint, timeout: TIMEOUT_S },
    async content() {
      const copy = mkdtempSync(join(tmpdir(), 'firn-bucket-'));
      try {
        return await contentOf(
          writeBucket(bucket, PREFIX, copy, (key) => !judged.has(key)),
          judged,
        );
      } finally {
        rmSync(copy, { recursive: true });
      }
    },
    verify: () => findingsOf({ lake: location, s3: { endpoint } }),
    put: (withinMs) => objectPut(bucket, withinMs),
    unfinished: () => sinceCheckpoint(bucket),
    trouble: (phase) => trouble.begin(phase),
    keep: () => void writeBucket(bucket, PREFIX, join(folder, 'lake')),
    drop: () => void s3.buckets.delete(name),
  };
}

/** Told as soon as the store has the object: its answer is not heard yet. */
async function objectPut(bucket: StoredBucket, withinMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const seen = await new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), withinMs);
    bucket.onPut = (key) => {
      if (key.endsWith('.ndjson.zst')) resolve(true);
    };
  });
  clearTimeout(timer);
  bucket.onPut = () => undefined;
  return seen;
}

/** Objects that were put since the checkpoint was: it does not have them yet. */
function sinceCheckpoint(bucket: StoredBucket): number {
  const versions = bucket.list(PREFIX);
  const checkpoints = versions.filter(({ key }) => key.endsWith('/checkpoint'));
  const newestMs = Math.max(0, ...checkpoints.map(({ modified }) => modified.getTime()));
  return versions.filter(({ key, modified }) => key.endsWith('.ndjson.zst') && modified.getTime() > newestMs)
    .length;
}
