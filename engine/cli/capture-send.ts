// One document to a server's capture interface: streamed from its file, asked again while the server has no room, and its
// job followed to the end.

import { createReadStream } from 'node:fs';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pipeline } from 'node:stream';
import type { Finding } from '../epcis/model.ts';

/** Bodies longer than this are sent when the server has said that it wants them. */
const ASK_FIRST_BYTES = 1024 * 1024;
/** A server that knows nothing of Expect does not answer: it gets the body after this long. */
const ASK_FIRST_MS = 1_000;
const FIRST_POLL_MS = 50;
const LAST_POLL_MS = 2_000;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

export interface Server {
  /** Base address; `/epcis/capture` is put behind it. */
  readonly url: URL;
  readonly token: string | null;
}

export interface Document {
  /** As it is told; `-` = the standard input. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  readonly mediaType: string;
  readonly behaviour: 'rollback' | 'proceed';
}

/** A job as the server tells it. */
export interface Job {
  readonly captureID: string;
  readonly running: boolean;
  readonly success: boolean;
  readonly events: number;
  readonly accepted: number;
  readonly duplicate: number;
  readonly rejected: number;
  readonly errors: readonly Told[];
  readonly warnings: readonly Told[];
}

/** A finding as the server tells it. */
export interface Told {
  readonly code: string;
  readonly severity: Finding['severity'];
  readonly eventIndex: number | null;
  readonly pointer: string;
  readonly detail: string;
}

/** What was refused before it became a job. */
export interface Refusal {
  readonly status: number;
  readonly title?: string;
  readonly detail?: string;
  readonly errors?: readonly Told[];
}

export type Sent =
  | { readonly kind: 'job'; readonly job: Job; readonly replay: boolean }
  /** Durable; nobody waits for its end, or it took too long. */
  | { readonly kind: 'running'; readonly captureID: string; readonly replay: boolean }
  | { readonly kind: 'refused'; readonly problem: Refusal };

interface Answer {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly body: string;
}

/** The server cannot be reached, or is none: nothing is known of the document. */
export class NoServer extends Error {}

/**
 * Sends a document and waits for its job until `waitMs` have passed. `onBytes` hears how much was sent.
 * @throws NoServer
 */
export async function sendDocument(
  server: Server,
  document: Document,
  waitMs: number,
  onBytes: (bytes: number) => void,
): Promise<Sent> {
  const deadline = performance.now() + waitMs;
  let answer = await post(server, document, onBytes);
  while (answer.status === 503 || answer.status === 429) {
    const ms = 1000 * Math.min(60, Math.max(1, Number(answer.header('retry-after') ?? '1') || 1));
    if (performance.now() + ms > deadline) break;
    await pause(ms);
    // The same bytes are the same job, whatever became of the first attempt.
    answer = await post(server, document, onBytes);
  }
  const location = answer.header('location');
  if (answer.status !== 202 || location === undefined) return { kind: 'refused', problem: problemOf(answer) };
  const replay = answer.header('firn-replay') === 'true';
  return follow(server, new URL(location, server.url), replay, deadline);
}

async function follow(server: Server, at: URL, replay: boolean, deadline: number): Promise<Sent> {
  const captureID = at.pathname.split('/').at(-1) ?? '';
  // A token is for the server that was named, wherever it points to.
  if (at.origin !== server.url.origin) throw new NoServer(`the job is at another server, ${at.origin}`);
  for (let waitMs = FIRST_POLL_MS; ; waitMs = Math.min(LAST_POLL_MS, waitMs * 2)) {
    if (performance.now() >= deadline) return { kind: 'running', captureID, replay };
    const answer = await get(server, at).catch(() => null);
    if (answer === null) {
      // The document is safe: a server that is started again goes on with the job.
    } else if (answer.status === 200) {
      const job = parse<Job>(answer.body);
      if (job === null) throw new NoServer('the answer is no capture job');
      if (!job.running) return { kind: 'job', job, replay };
    } else if (answer.status !== 503 && answer.status !== 429) {
      throw new NoServer(`the job cannot be read: HTTP ${answer.status}`);
    }
    await pause(Math.max(1, Math.min(waitMs, deadline - performance.now())));
  }
}

function problemOf({ status, body }: Answer): Refusal {
  return { ...parse<Omit<Refusal, 'status'>>(body), status };
}

function parse<T>(text: string): T | null {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? (value as T) : null;
  } catch {
    return null;
  }
}

function headersOf({ token }: Server): Record<string, string> {
  const auth = token === null ? {} : { Authorization: `Bearer ${token}` };
  return { Accept: 'application/json', ...auth };
}

function open(url: URL, method: string, headers: Record<string, string | number>): ClientRequest {
  // A connection each: one that was kept may be closed at the very moment in which it is used again.
  return (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, { method, headers, agent: false });
}

function post(server: Server, document: Document, onBytes: (bytes: number) => void): Promise<Answer> {
  const { path, bytes, mediaType, behaviour } = document;
  const base = server.url.pathname.replace(/\/$/, '');
  const asks = bytes > ASK_FIRST_BYTES;
  const request = open(new URL(`${base}/epcis/capture`, server.url), 'POST', {
    ...headersOf(server),
    'Content-Type': mediaType,
    'Content-Length': bytes,
    'GS1-Capture-Error-Behaviour': behaviour,
    ...(asks && { Expect: '100-continue' }),
  });
  const answer = answerOf(request);
  let begun = false;
  const begin = (): void => {
    if (begun || request.destroyed) return;
    begun = true;
    const file = createReadStream(path, { highWaterMark: 256 * 1024 });
    let sent = 0;
    file.on('data', (piece) => {
      sent += piece.length;
      onBytes(sent);
    });
    // An error of the socket is the request's; one of the file has to end the request.
    pipeline(file, request, (error) => {
      if (error) request.destroy(error);
    });
  };
  if (!asks) {
    begin();
    return answer;
  }
  request.flushHeaders();
  request.once('continue', begin);
  const timer = setTimeout(begin, ASK_FIRST_MS);
  const done = (): void => {
    clearTimeout(timer);
    // Answered without the body: it is not wanted.
    if (!begun) request.destroy();
    begun = true;
  };
  answer.then(done, done);
  return answer;
}

function get(server: Server, url: URL): Promise<Answer> {
  const request = open(url, 'GET', headersOf(server));
  request.end();
  return answerOf(request);
}

function answerOf(request: ClientRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let answered = false;
    request.once('response', (response: IncomingMessage) => {
      answered = true;
      const pieces: Buffer[] = [];
      let length = 0;
      response.on('data', (piece: Buffer) => {
        length += piece.length;
        if (length > MAX_ANSWER_BYTES) request.destroy(new Error('the answer is too long'));
        else pieces.push(piece);
      });
      const end = (): void => {
        const header = (name: string): string | undefined => {
          const value = response.headers[name];
          return Array.isArray(value) ? value[0] : value;
        };
        resolve({ status: response.statusCode ?? 0, header, body: Buffer.concat(pieces).toString('utf8') });
      };
      response.once('end', end);
      // The server may close while the rest of a refused body is on its way: what came of the answer counts.
      response.once('error', end);
    });
    request.once('error', (error: NodeJS.ErrnoException) => {
      if (!answered) reject(new NoServer(error.code ?? error.message));
    });
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
