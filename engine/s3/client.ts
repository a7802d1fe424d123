// Opens the SDK's client, the one place where it is set up. The SDK is loaded only here and only when a lake is in S3.
// Its own retries are off: they live in calls.ts. Checksums are the ones that firn gives (FORMAT.md §3), no other is added.

import type * as Sdk from '@aws-sdk/client-s3';
import { ConfigError } from '../errors.ts';
import { parseEndpoint } from './address.ts';

/** Where and how; everything else, credentials above all, comes from the SDK's default chain. Structured-cloneable. */
export interface S3Settings {
  /** URL of a store that is not Amazon's; default: `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`. */
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  /** Bucket in the path, not in the host name; default: with an endpoint that is not Amazon's. */
  readonly forcePathStyle?: boolean | undefined;
  /** Requests under way at once; default 8. */
  readonly concurrency?: number | undefined;
  /** Seconds that one attempt may take, its body included; default 60. */
  readonly timeout?: number | undefined;
}

export interface OpenClient {
  readonly sdk: typeof Sdk;
  readonly client: Sdk.S3Client;
}

const CONNECT_MS = 5_000;
/** Where there is an endpoint nobody asks for the region, but a signature has one. */
const ANY_REGION = 'us-east-1';

/** @throws ConfigError when the endpoint is none, or no region is told anywhere */
export async function openClient(settings: S3Settings): Promise<OpenClient> {
  // The pinned SDK runs on this Node; its notice about later ones would stand between the lines of the log.
  // biome-ignore lint/style/noProcessEnv: the SDK has no other switch for it
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const sdk = await import('@aws-sdk/client-s3');
  const { region } = settings;
  // The SDK reads the endpoint there too, but not that its host names no bucket.
  // biome-ignore lint/style/noProcessEnv: the names are the SDK's
  const { AWS_ENDPOINT_URL_S3: ofS3, AWS_ENDPOINT_URL: ofAll } = process.env;
  const endpoint = settings.endpoint ?? (ofS3 || ofAll || undefined);
  const from =
    settings.endpoint !== undefined ? 'the endpoint' : ofS3 ? 'AWS_ENDPOINT_URL_S3' : 'AWS_ENDPOINT_URL';
  const amazon =
    endpoint === undefined || /\.amazonaws\.com(\.cn)?$/.test(parseEndpoint(endpoint, from).hostname);
  const options = (given: string | undefined): Sdk.S3ClientConfig => ({
    ...(endpoint !== undefined && { endpoint }),
    ...(given !== undefined && { region: given }),
    forcePathStyle: settings.forcePathStyle ?? !amazon,
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // It would cost a round trip and the connection, to save a body that is hardly ever refused.
    expectContinueHeader: false,
    requestHandler: { connectionTimeout: CONNECT_MS },
  });
  const client = new sdk.S3Client(options(region));
  if (region !== undefined) return { sdk, client };
  try {
    await client.config.region();
    return { sdk, client };
  } catch {
    client.destroy();
    if (amazon)
      throw new ConfigError(
        'no region is known for the bucket: set s3.region in the configuration, or AWS_REGION',
      );
    return { sdk, client: new sdk.S3Client(options(ANY_REGION)) };
  }
}
