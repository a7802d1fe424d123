// The sink of a lake, by its address: a directory, or a prefix of a bucket.

import { isS3, parseAddress } from '../s3/address.ts';
import type { S3Settings } from '../s3/client.ts';
import type { Retention } from '../s3/retention.ts';
import type { Storage } from '../storage.ts';
import { directorySink } from './directory.ts';
import type { Sink } from './sink.ts';

/** How a lake in S3 is reached and kept. Structured-cloneable. */
export interface S3LakeSettings extends S3Settings {
  readonly retention?: Retention | undefined;
}

/**
 * @param lake an absolute folder or `s3://bucket/prefix`
 * @throws ConfigError
 */
export async function openSink(lake: string, s3: S3LakeSettings | null, storage: Storage): Promise<Sink> {
  if (!isS3(lake)) return directorySink(storage, lake);
  // Only now: who has a directory does not load the SDK.
  const [{ openStore }, { s3Sink }] = await Promise.all([import('../s3/store.ts'), import('./s3.ts')]);
  return s3Sink(await openStore(parseAddress(lake), s3 ?? {}), s3?.retention ?? null);
}
