// Opens a lake by its address: a folder, or a prefix of a bucket.

import { resolve } from 'node:path';
import { isS3 } from '../s3/address.ts';
import type { S3Settings } from '../s3/client.ts';
import { directoryLake } from './files.ts';
import type { Lake } from './lake.ts';
import { openS3Lake } from './s3.ts';

export interface LakeOptions {
  /** The lake's folder, or `s3://BUCKET/PREFIX`. */
  readonly lake: string;
  /** How to reach S3; credentials come from the SDK's default chain. */
  readonly s3?: S3Settings;
  readonly signal?: AbortSignal;
}

/** @throws ConfigError when the address is none, or no region is told anywhere */
export async function openLake({ lake, s3 = {}, signal }: LakeOptions): Promise<Lake> {
  return isS3(lake) ? await openS3Lake(lake, s3, signal) : directoryLake(resolve(lake));
}
