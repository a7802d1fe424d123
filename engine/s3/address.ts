// Where a lake in S3 lies: `s3://bucket/prefix`.

import { ConfigError } from '../errors.ts';

export interface S3Address {
  readonly bucket: string;
  /** Empty, or segments that end with `/`: what stands before every key of the lake. */
  readonly prefix: string;
}

/** S3's rule for names of general purpose buckets, without the dots that TLS does not get along with being refused. */
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const SEGMENT = /^[A-Za-z0-9._=-]{1,255}$/;
/** Keys of a lake are shorter than 600 characters, S3's are at most 1,024. */
const MAX_PREFIX = 400;

export function isS3(lake: string): boolean {
  return lake.startsWith('s3://');
}

/**
 * Reads `s3://bucket` or `s3://bucket/some/prefix`; a slash at the end is the same address.
 * @throws ConfigError
 */
export function parseAddress(url: string): S3Address {
  const [bucket = '', ...segments] = url.slice('s3://'.length).replace(/\/$/, '').split('/');
  if (!isS3(url) || !BUCKET.test(bucket) || bucket.includes('..')) {
    throw new ConfigError(
      `${url} does not name a bucket: s3://BUCKET/PREFIX, where BUCKET is 3 to 63 lower-case letters, digits, dots and dashes`,
    );
  }
  const bad = segments.find((part) => !SEGMENT.test(part) || part === '.' || part === '..');
  if (bad !== undefined)
    throw new ConfigError(
      `${url}: "${bad}" cannot be part of a prefix: letters, digits and . _ = - between single slashes`,
    );
  const prefix = segments.map((segment) => `${segment}/`).join('');
  if (prefix.length > MAX_PREFIX)
    throw new ConfigError(`${url}: the prefix is longer than ${MAX_PREFIX} characters`);
  return { bucket, prefix };
}

/**
 * Reads the URL of a store that is not Amazon's. `name` = where it was said, for the message.
 * @throws ConfigError, which never repeats what might be a password
 */
export function parseEndpoint(endpoint: string, name: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new ConfigError(`${name}: a URL such as https://minio.example:9000`);
  // The configuration is told in the audit trail, and the SDK would leave them out.
  if (url.username !== '' || url.password !== '')
    throw new ConfigError(
      `${name}: no credentials in the URL: the environment or the shared files hold them`,
    );
  if (url.search !== '' || url.hash !== '') throw new ConfigError(`${name}: no query and no fragment`);
  return url;
}

/** The address as an operator writes it; with `key` (relative to the prefix) that of an object. */
export function addressText({ bucket, prefix }: S3Address, key = ''): string {
  return `s3://${bucket}/${prefix}${key}`.replace(/\/$/, '');
}
