// The options that say how a lake in S3 is reached, for every command that reads a lake.

import { isS3 } from '../s3/address.ts';
import type { S3Settings } from '../s3/client.ts';
import type { Arguments, Flag } from './arguments.ts';

export const s3Flags: Readonly<Record<string, Flag>> = {
  endpoint: { value: 'URL', help: 's3: a store that is not Amazon’s (also AWS_ENDPOINT_URL)' },
  region: { value: 'NAME', help: 's3: region of the bucket (also AWS_REGION)' },
  'path-style': { help: 's3: bucket in the path, not in the host name (on with an endpoint of your own)' },
};

/**
 * The settings of a command line for `lake`.
 * @throws ConfigError when the lake is neither a folder nor in S3, or options for S3 come with a folder
 */
export function s3Settings(args: Arguments, lake: string): S3Settings {
  if (/^[a-z0-9]+:\/\//.test(lake) && !isS3(lake))
    throw args.fault(`expected a path or s3://BUCKET/PREFIX, not ${lake}`);
  const misplaced = ['endpoint', 'region'].find((name) => args.text(name) !== undefined);
  if (!isS3(lake) && (misplaced !== undefined || args.switch('path-style')))
    throw args.fault(`--${misplaced ?? 'path-style'} is for lakes in S3, and ${lake} is a path`);
  const endpoint = args.text('endpoint');
  if (endpoint !== undefined && !/^https?:\/\/[^/]/.test(endpoint))
    throw args.fault(
      `--endpoint takes a URL such as https://minio.example:9000, not ${JSON.stringify(endpoint)}`,
    );
  return {
    endpoint,
    region: args.text('region'),
    ...(args.switch('path-style') && { forcePathStyle: true }),
  };
}
