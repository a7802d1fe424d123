// One acknowledgement to one partner: a POST whose GS1-Signature is the HMAC-SHA256 of the exact body, in hex, under the
// shared secret's UTF-8 bytes. No redirect is followed, and nothing of the answer but its status is used.

import { createHmac } from 'node:crypto';
import { ConfigError } from '../errors.ts';
import { isLoopback } from '../loopback.ts';
import { version } from '../version.ts';

/** Longest wait for the status of the answer, where nobody says. */
const POST_TIMEOUT_MS = 10_000;

export interface WebhookTarget {
  /** GLN-13 of the partner. */
  readonly gln: string;
  readonly url: string;
  readonly secret: string;
  /** True: plain HTTP to other machines is meant. */
  readonly allowPlaintext?: boolean;
  readonly timeoutMs?: number;
}

/** How an attempt ended. `why` holds no secret and no address. */
export type Posted =
  | { readonly ok: true }
  | { readonly ok: false; readonly why: string; readonly retryAfterMs: number };

/** Posts a body; replaced in tests. */
export type Post = (target: WebhookTarget, body: string, seq: string, signal: AbortSignal) => Promise<Posted>;

/** The value of GS1-Signature. */
export function signatureOf(secret: string, body: string): string {
  return createHmac('sha256', secret).update(body, 'utf8').digest('hex');
}

/** Refuses addresses that would tell acknowledgements to anybody on the way. @throws ConfigError */
export function checkTarget({ gln, url, allowPlaintext }: WebhookTarget): void {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new ConfigError(`the webhook of partner ${gln} is no URL`);
  }
  if (parsed.username !== '' || parsed.password !== '')
    throw new ConfigError(
      `the webhook of partner ${gln} has a password in its URL: the secret signs, leave it out`,
    );
  if (parsed.protocol === 'https:') return;
  if (parsed.protocol === 'http:' && (allowPlaintext === true || isLoopback(parsed.hostname))) return;
  throw new ConfigError(
    `the webhook of partner ${gln} is not https: use https, or say that plain HTTP is meant`,
  );
}

/** The real one. */
export const postAck: Post = async ({ url, secret, timeoutMs = POST_TIMEOUT_MS }, body, seq, signal) => {
  // A timer of its own: in Node 20 a signal of AbortSignal.any and AbortSignal.timeout can be collected before it fires.
  const end = new AbortController();
  const stop = (): void => end.abort(signal.reason);
  const timer = setTimeout(() => end.abort(new DOMException('no answer in time', 'TimeoutError')), timeoutMs);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    const response = await fetch(url, {
      method: 'POST',
      body,
      redirect: 'manual',
      headers: {
        'Content-Type': 'application/json',
        'GS1-Signature': signatureOf(secret, body),
        'Firn-Ack-Seq': seq,
        'User-Agent': `firn/${version()}`,
      },
      signal: end.signal,
    });
    // Whatever it says, and however long that is, is not read.
    await response.body?.cancel();
    if (response.status >= 200 && response.status < 300) return { ok: true };
    return {
      ok: false,
      why: `HTTP ${response.status}`,
      retryAfterMs: retryAfterMs(response.headers.get('retry-after')),
    };
  } catch (error) {
    return { ok: false, why: reasonOf(error), retryAfterMs: 0 };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
};

/** Retry-After in seconds or as a date; 0 for none. */
function retryAfterMs(header: string | null): number {
  if (header === null) return 0;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? 0 : Math.max(0, ms);
}

/** The errno or name of a failure: messages of fetch may hold the address. */
function reasonOf(error: unknown): string {
  const { name, cause } = error as { name?: string; cause?: { code?: unknown } };
  return typeof cause?.code === 'string' ? cause.code : (name ?? 'error');
}
