// A small S3 in this process (node:http, path style, 127.0.0.1), with faults to inject. It checks what S3 checks of a
// request (credential, hash of the body, clock) except the signature itself; a real server has its tests in test/radosgw.
//
//   const s3 = await startS3();                       s3.createBucket('lake', { objectLock: true });
//   process.env: s3.env                               { lake: 's3://lake/a', s3: { endpoint: s3.url } }
//   s3.faults.add({ kind: 'lost', method: 'PUT' });   await s3.down(); await s3.up();   await s3.close();

import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerTo, type Quirks, type S3Answer, type S3Request, tag, xml } from './s3-answers.ts';
import { type Fault, Faults } from './s3-faults.ts';
import { S3Refusal, StoredBucket } from './s3-store.ts';

export const ACCESS_KEY = 'firntest';
export const SECRET_KEY = 'a-secret-that-no-message-may-hold';
/** What the SDK's default chain reads. */
export const S3_ENV = {
  AWS_ACCESS_KEY_ID: ACCESS_KEY,
  AWS_SECRET_ACCESS_KEY: SECRET_KEY,
  AWS_REGION: 'us-east-1',
  AWS_EC2_METADATA_DISABLED: 'true',
};

const MAX_BODY_BYTES = 128 << 20;
const MAX_SKEW_MS = 15 * 60_000;

/** A request as it was answered; status 0 = not at all. */
export interface Told {
  readonly method: string;
  readonly key: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number;
}

export class S3Server {
  readonly faults = new Faults();
  readonly buckets: Map<string, StoredBucket> = new Map();
  /** Every request with a method, in order of their answers. */
  readonly requests: Told[] = [];
  readonly quirks: Quirks = {
    ignoresIfNoneMatch: false,
    ignoresIfMatch: false,
    wantsBareIfMatch: false,
    ignoresChecksums: false,
    ignoresContentMd5: false,
  };
  /** How far this server's clock is ahead of the machine's, ms. */
  skewMs = 0;
  /** Requests under way, and the most there were at once. */
  underWay = 0;
  mostUnderWay = 0;
  #server: Server | null = null;
  #port: number;

  /** @param port 0 = one that the system gives, which it may give to somebody else while the server is down */
  constructor(port = 0) {
    this.#port = port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  createBucket(name: string, options: { versioning?: boolean; objectLock?: boolean } = {}): StoredBucket {
    const bucket = new StoredBucket(name, options);
    this.buckets.set(name, bucket);
    return bucket;
  }

  /** Requests of a method whose key fits. */
  count(method: string, key: RegExp = /(?:)/): number {
    return this.requests.filter((told) => told.method === method && key.test(told.key)).length;
  }

  /** Listens (again), on the port of the first time. */
  async up(): Promise<void> {
    const server = createServer((request, response) => {
      void this.#serve(request, response);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Cuts every connection and refuses new ones. */
  async down(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  close(): Promise<void> {
    return this.down();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.underWay += 1;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    let released = false;
    // Before the last byte of an answer leaves: with that, the client may come with its next request.
    const release = (): void => {
      if (!released) this.underWay -= 1;
      released = true;
    };
    response.once('close', release);
    try {
      const read = await readRequest(request);
      const fault = this.faults.next(read.method, read.key, read.query);
      const status = await this.#reply(read, fault, response, release);
      const { method, key, query, headers } = read;
      this.requests.push({ method, key, query: String(query), headers, status });
    } catch {
      // The client went away.
      response.destroy();
    }
  }

  async #reply(
    request: S3Request,
    fault: Fault | null,
    response: ServerResponse,
    release: () => void,
  ): Promise<number> {
    if (fault?.kind === 'cut') {
      response.destroy();
      return 0;
    }
    const answer = fault?.kind === 'status' ? inPlace(fault) : this.#answer(request);
    if (fault?.kind === 'lost') {
      response.destroy();
      return 0;
    }
    const bodyless = request.method === 'HEAD' || answer.status === 204 || answer.status === 304;
    const length = answer.status === 204 ? {} : { 'content-length': String(answer.body.length) };
    const date = new Date(Date.now() + this.skewMs).toUTCString();
    response.writeHead(answer.status, { date, 'x-amz-request-id': 'TEST', ...answer.headers, ...length });
    await send(response, bodyless ? Buffer.alloc(0) : answer.body, fault, release);
    return answer.status;
  }

  #answer(request: S3Request): S3Answer {
    try {
      this.#check(request);
      return answerTo(request, this.buckets, this.quirks, new Date(Date.now() + this.skewMs));
    } catch (error) {
      if (!(error instanceof S3Refusal)) throw error;
      return refused(error.status, error.code, error.message);
    }
  }

  #check({ headers, body }: S3Request): void {
    const { authorization = '' } = headers;
    if (!authorization.startsWith('AWS4-HMAC-SHA256 ')) throw new S3Refusal(403, 'AccessDenied');
    if (!authorization.includes(`Credential=${ACCESS_KEY}/`)) throw new S3Refusal(403, 'InvalidAccessKeyId');
    const [, y, m, d, h, min, s] =
      /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(headers['x-amz-date'] ?? '') ?? [];
    const sent = Date.UTC(Number(y), Number(m) - 1, Number(d), Number(h), Number(min), Number(s));
    if (!(Math.abs(sent - Date.now() - this.skewMs) <= MAX_SKEW_MS))
      throw new S3Refusal(403, 'RequestTimeTooSkewed');
    const hash = headers['x-amz-content-sha256'] ?? '';
    if (hash.startsWith('STREAMING-')) throw new S3Refusal(501, 'NotImplemented', 'aws-chunked bodies');
    if (hash !== 'UNSIGNED-PAYLOAD' && hash !== createHash('sha256').update(body).digest('hex'))
      throw new S3Refusal(400, 'XAmzContentSHA256Mismatch');
  }
}

export async function startS3(port = 0): Promise<S3Server> {
  const server = new S3Server(port);
  await server.up();
  return server;
}

async function readRequest(request: IncomingMessage): Promise<S3Request> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const [bucket = '', ...rest] = url.pathname.slice(1).split('/');
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > MAX_BODY_BYTES) throw new Error('the body is too long for this server');
    chunks.push(chunk as Buffer);
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name] = String(value);
  const key = decodeURIComponent(rest.join('/'));
  // The SDK names its operation in `x-id`; S3 does not look at it.
  url.searchParams.delete('x-id');
  const method = request.method ?? 'GET';
  return { method, bucket, key, query: url.searchParams, headers, body: Buffer.concat(chunks) };
}

function refused(status: number, code: string, message: string): S3Answer {
  const error = xml('Error', tag('Code', code) + tag('Message', message) + tag('RequestId', 'TEST'));
  const body = Buffer.from(error.body.toString().replace(/ xmlns="[^"]*"/, ''));
  return { status, headers: error.headers, body };
}

function inPlace(fault: Extract<Fault, { kind: 'status' }>): S3Answer {
  const { status, code, headers = {}, body } = fault;
  if (body !== undefined) return { status, headers, body: Buffer.from(body) };
  if (code === undefined) return { status, headers, body: Buffer.alloc(0) };
  const answer = refused(status, code, `injected: ${code}`);
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

/** Ends the response with `body`, spoiled as the fault says. */
async function send(
  response: ServerResponse,
  body: Buffer,
  fault: Fault | null,
  release: () => void,
): Promise<void> {
  const half = body.subarray(0, body.length >> 1);
  switch (fault?.kind) {
    case 'stall':
      response.write(half.length === 0 ? body : half);
      return;
    case 'torn':
      response.write(half, () => response.destroy());
      return;
    case 'trickle': {
      const step = Math.max(1, Math.ceil(body.length / fault.pieces));
      for (let at = 0; at < body.length && !response.destroyed; at += step) {
        if (at + step >= body.length) release();
        response.write(body.subarray(at, at + step));
        await sleep(fault.everyMs);
      }
      response.end();
      return;
    }
    case 'wrong': {
      const other = Buffer.from(body);
      other[other.length >> 1] = (other[other.length >> 1] ?? 0) ^ 1;
      release();
      response.end(other);
      return;
    }
    default:
      release();
      response.end(body);
  }
}
