// What an answer of S3 means for firn, judged by its error code; its status only where there is no code that says more (an
// answer to HEAD has none). An *outage* is of the place: credentials, permission, clock, bucket, region, throttling, server,
// network; it ends without anything being wrong with the object. A *fault* is of this one object.
// Codes: Amazon S3 API Reference, "Error responses"; more of them from ceph and MinIO.

/** What firn does about it. */
export type S3Judgement = 'outage' | 'fault';

/** A request that S3 did not do, after the attempts that made sense. Its message never holds a credential. */
export class S3Error extends Error {
  override readonly name = 'S3Error';
  readonly judgement: S3Judgement;
  /** S3's error code, a network error's code, or `HTTP 503`. */
  readonly code: string;
  /** The same request may well work a moment later. */
  readonly transient: boolean;
  /** What the store asked to be spared for, ms; 0 where it said nothing. */
  readonly retryAfterMs: number;

  constructor(
    message: string,
    told: { judgement: S3Judgement; code: string; transient: boolean; retryAfterMs?: number },
    cause?: unknown,
  ) {
    super(message, { cause });
    this.judgement = told.judgement;
    this.code = told.code;
    this.transient = told.transient;
    this.retryAfterMs = told.retryAfterMs ?? 0;
  }
}

interface Meaning {
  readonly judgement: S3Judgement;
  readonly transient: boolean;
  /** What to do; S3's own words are not repeated then. */
  readonly words?: string;
}

const KEYS = 'check the credentials that the default chain finds (environment, shared files, role)';
const RIGHTS = 'the credentials lack a permission on this bucket or prefix';
const CLOCK = 'the clock of this machine is wrong: check its time synchronisation';
const REGION = 'the bucket is in another region: set s3.region';

const outage = (transient: boolean, words?: string): Meaning => ({
  judgement: 'outage',
  transient,
  ...(words !== undefined && { words }),
});
const fault = (transient: boolean): Meaning => ({ judgement: 'fault', transient });

const MEANINGS: Readonly<Record<string, Meaning>> = {
  CredentialsProviderError: outage(false, `there are no credentials: ${KEYS}`),
  TokenProviderError: outage(false, `there is no valid token: ${KEYS}`),
  InvalidAccessKeyId: outage(false, `the access key is not known there: ${KEYS}`),
  SignatureDoesNotMatch: outage(false, `the secret key does not fit the access key: ${KEYS}`),
  InvalidSecurity: outage(false, KEYS),
  InvalidToken: outage(false, `the session token is not valid: ${KEYS}`),
  // The chain fetches a new one.
  ExpiredToken: outage(true, `the session token has expired: ${KEYS}`),
  TokenRefreshRequired: outage(true, `the session token has expired: ${KEYS}`),
  AccessDenied: outage(false, RIGHTS),
  AllAccessDisabled: outage(false, RIGHTS),
  AccountProblem: outage(false, 'there is a problem with the account'),
  // The SDK takes the server's time from the answer.
  RequestTimeTooSkewed: outage(true, CLOCK),
  NoSuchBucket: outage(false, 'there is no such bucket'),
  InvalidBucketName: outage(false, 'there cannot be such a bucket'),
  PermanentRedirect: outage(false, REGION),
  TemporaryRedirect: outage(true, 'the bucket is being moved'),
  AuthorizationHeaderMalformed: outage(false, REGION),
  IllegalLocationConstraintException: outage(false, REGION),
  QuotaExceeded: outage(false, 'the quota of the bucket or user is used up'),
  SlowDown: outage(true, 'the store asks for fewer requests'),
  SlowDownRead: outage(true, 'the store asks for fewer requests'),
  SlowDownWrite: outage(true, 'the store asks for fewer requests'),
  Throttling: outage(true, 'the store asks for fewer requests'),
  RequestLimitExceeded: outage(true, 'the store asks for fewer requests'),
  ServiceUnavailable: outage(true, 'the store is not available'),
  InternalError: outage(true, 'the store has an internal error'),
  RequestTimeout: outage(true, 'the store waited too long for the request'),
  TimeoutError: outage(true, 'no answer in time (s3.timeout)'),
  IncompleteBody: outage(true, 'the request arrived cut short'),
  OperationAborted: outage(true, 'another operation on the bucket is under way'),
  ConditionalRequestConflict: outage(true, 'another writer has the same key under way'),
  NotImplemented: outage(false, 'the store does not have this operation'),
  // What reached the store was not what was sent, or not what we say it is.
  BadDigest: fault(true),
  XAmzContentChecksumMismatch: fault(true),
  XAmzContentSHA256Mismatch: fault(true),
};

/** Statuses that, without a known code, are about the request itself. */
const FAULT_STATUSES: ReadonlySet<number> = new Set([400, 411, 413, 414, 415, 416, 422]);
/** Names that the SDK gives to errors whose code it does not know. */
const NO_CODE = /^(Error|Unknown|UnknownError|S3ServiceException|AbortError|\d+)$/;
const MAX_WORDS = 200;

interface SdkError {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

/** S3's code, the network's code, or the status of an answer without one. */
export function codeOf(error: unknown): string {
  const { name, code, $metadata } = error as SdkError;
  const status = $metadata?.httpStatusCode;
  if (typeof name === 'string' && !NO_CODE.test(name)) {
    // Errors of the network keep their own name and say what happened in `code`.
    if (status !== undefined || MEANINGS[name] !== undefined) return name;
  }
  if (typeof code === 'string' && status === undefined) return code;
  return status === undefined ? String(name ?? 'Error') : `HTTP ${status}`;
}

export function statusOf(error: unknown): number | null {
  return (error as SdkError).$metadata?.httpStatusCode ?? null;
}

/**
 * Judges what the SDK threw.
 * @param what the operation and its object, for the message
 * @param redact takes secrets out of words that are not ours
 */
export function judge(
  error: unknown,
  what: string,
  nowMs: number,
  redact: (text: string) => string,
): S3Error {
  const code = codeOf(error);
  const status = statusOf(error);
  const { judgement, transient, words } = MEANINGS[code] ?? byStatus(status);
  const told = words ?? redact(String((error as SdkError).message ?? '')).replaceAll(/\s+/g, ' ');
  const shown = status === null || code === `HTTP ${status}` ? code : `${code}, HTTP ${status}`;
  return new S3Error(
    `${what}: ${told.slice(0, MAX_WORDS)} (${shown})`,
    { judgement, code, transient, retryAfterMs: retryAfterMs(error, nowMs) },
    undefined,
  );
}

function byStatus(status: number | null): Meaning {
  // No answer at all: the network.
  if (status === null) return outage(true);
  if (FAULT_STATUSES.has(status)) return fault(false);
  if (status === 401 || status === 403) return outage(false, RIGHTS);
  if (status === 301 || status === 307) return outage(false, REGION);
  return outage(status === 408 || status === 409 || status === 429 || status >= 500);
}

/** `Retry-After` as RFC 9110 §10.2.3 has it, seconds or a date, in ms; 0 where there is none. */
export function retryAfterMs(error: unknown, nowMs: number): number {
  const value = (error as SdkError).$response?.headers?.['retry-after'];
  if (value === undefined) return 0;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? 0 : Math.max(0, date - nowMs);
}
