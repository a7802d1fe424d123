// A lake in the S3 of this process, which is the store's and not the engine's: the engine reaches it over a socket.

import { join } from 'node:path';
import { freePort } from '../crash/site.ts';
import { writeBucket } from '../support/bucket-folder.ts';
import { S3_ENV, startS3 } from '../support/s3-server.ts';
import type { DrillStore } from './store.ts';

/** `refuse`: connections are cut and refused. `slow-down`: everything is answered 503 SlowDown with a Retry-After. */
export const TROUBLES = ['refuse', 'slow-down'] as const;
export type Trouble = (typeof TROUBLES)[number];

const BUCKET = 'drill';
const PREFIX = 'lake/';
const SLOW_DOWN = {
  kind: 'status',
  status: 503,
  code: 'SlowDown',
  headers: { 'retry-after': '1' },
  times: Number.POSITIVE_INFINITY,
} as const;

/** Credentials go into the environment of this process, which the engine inherits and `verify` reads. */
export async function s3Store(folder: string, trouble: Trouble): Promise<DrillStore> {
  Object.assign(process.env, S3_ENV);
  const s3 = await startS3(await freePort());
  const bucket = s3.createBucket(BUCKET);
  const refuses = trouble === 'refuse';
  return {
    place: { lake: `s3://${BUCKET}/${PREFIX}`, s3: { endpoint: s3.url } },
    words: refuses ? 'S3, refusing connections' : 'S3, answering 503 SlowDown',
    down: async () => (refuses ? s3.down() : s3.faults.add(SLOW_DOWN)),
    up: async () => (refuses ? s3.up() : s3.faults.clear()),
    contents: async () => writeBucket(bucket, PREFIX, join(folder, 'lake')),
    close: () => s3.close(),
  };
}
