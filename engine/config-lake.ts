// The part of the configuration that says where sealed batches go: a folder, or a bucket of S3 with what belongs to it.
// Credentials are no part of it: the SDK's default chain finds them.

import { resolve } from 'node:path';
import { z } from 'zod';
import { ConfigError } from './errors.ts';
import { isS3, parseAddress, parseEndpoint } from './s3/address.ts';

const MAX_DAYS = 36_500;
const days = z.number().int().min(1).max(MAX_DAYS);

/** What `iUnderstand` must say: nobody types that by mistake, and it names the number that cannot be taken back. */
export function complianceWords(count: number): string {
  return `nobody can delete these objects for ${count} days`;
}

/**
 * Object Lock of sealed objects, schemas, full tiles and kept checkpoints, each from its own upload on; the bucket must
 * have Object Lock. Under `governance` who has a special permission may shorten it. Under `compliance` nobody can, the
 * owner of the account included.
 */
const retentionSchema = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('governance'), days }),
  z
    .strictObject({ mode: z.literal('compliance'), days, iUnderstand: z.string().optional() })
    .refine(({ days: count, iUnderstand }) => iUnderstand === complianceWords(count), {
      path: ['iUnderstand'],
      error: (issue) =>
        `compliance mode cannot be undone: say "iUnderstand": "${complianceWords((issue.input as { days: number }).days)}"`,
    }),
]);

export const s3Schema = z.strictObject({
  /** URL of a store that is not Amazon's, such as `https://minio.example:9000`. */
  endpoint: z.string().optional(),
  /** Default: AWS_REGION or the shared configuration files; `us-east-1` with an endpoint. */
  region: z
    .string()
    .regex(/^[a-z0-9-]{2,40}$/, 'a region is a word such as eu-central-1')
    .optional(),
  /** Bucket in the path of the URL, not in its host name. Default: true with an endpoint that is not Amazon's. */
  forcePathStyle: z.boolean().optional(),
  /** Requests under way at once. */
  concurrency: z.number().int().min(1).max(64).default(8),
  /** Seconds that one attempt of a request may take, its body included. */
  timeout: z.number().min(1).max(600).default(60),
  retention: retentionSchema.optional(),
});

export type S3Config = z.output<typeof s3Schema>;

/**
 * The lake as it is used: an absolute folder, or `s3://bucket/prefix`.
 * @throws ConfigError
 */
export function lakeOf(lake: string, s3: S3Config | undefined, where: string): string {
  if (!isS3(lake)) {
    if (s3 !== undefined)
      throw new ConfigError(
        `${where}: s3: the lake ${lake} is a folder, to which none of this applies: remove "s3", or name a lake s3://BUCKET/PREFIX`,
      );
    return resolve(lake);
  }
  try {
    parseAddress(lake);
    if (s3?.endpoint !== undefined) parseEndpoint(s3.endpoint, 's3.endpoint');
  } catch (error) {
    throw new ConfigError(`${where}: ${(error as Error).message}`);
  }
  return lake.replace(/\/$/, '');
}
