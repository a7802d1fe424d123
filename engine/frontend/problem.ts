// What a refused request is answered with: RFC 9457 problem details with a `code` for programs and a sentence for people
// that says what to do. Also the only place that writes whole HTTP answers.

import type { HttpResponse } from 'uWebSockets.js';

/** A refusal as a value. `headers` are extra header lines as [name, value]. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly headers: readonly (readonly [string, string])[];
}

const STATUS_TEXT: Readonly<Record<number, string>> = {
  200: 'OK',
  202: 'Accepted',
  204: 'No Content',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  426: 'Upgrade Required',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

export function problem(
  status: number,
  code: string,
  detail: string,
  ...headers: readonly (readonly [string, string])[]
): Problem {
  return { status, code, detail, headers };
}

/** A 503 that tells when to come back, in whole seconds. */
export function busy(code: string, detail: string, retryAfterSeconds = 1): Problem {
  return problem(503, code, detail, ['Retry-After', String(retryAfterSeconds)]);
}

/** The JSON of a problem, `application/problem+json`. */
export function problemBody(p: Problem): string {
  return JSON.stringify({
    type: 'about:blank',
    title: STATUS_TEXT[p.status] ?? 'Error',
    status: p.status,
    code: p.code,
    detail: p.detail,
  });
}

/** Writes a whole answer. The response must be alive; it is corked here, so any place may call this. */
export function answer(
  res: HttpResponse,
  status: number,
  contentType: string,
  body: string,
  headers: readonly (readonly [string, string])[] = [],
  options: { head?: boolean; close?: boolean } = {},
): void {
  res.cork(() => {
    res.writeStatus(`${status} ${STATUS_TEXT[status] ?? 'Error'}`);
    res.writeHeader('Content-Type', contentType);
    res.writeHeader('Cache-Control', 'no-store');
    for (const [name, value] of headers) res.writeHeader(name, value);
    if (options.head === true) {
      // Not by its argument: with a length reported, uWebSockets.js takes the answer for unfinished and ends the process.
      res.writeHeader('Content-Length', String(Buffer.byteLength(body)));
      res.endWithoutBody();
    } else res.end(body, options.close ?? false);
  });
}

/** Answers with a problem. `close` also ends the connection: for bodies too large to be read away. */
export function answerProblem(
  res: HttpResponse,
  p: Problem,
  options: { head?: boolean; close?: boolean } = {},
): void {
  answer(res, p.status, 'application/problem+json', problemBody(p), p.headers, options);
}

/** Runs a request handler. One that throws has answered nothing, and uWebSockets.js would end the process for it. */
export function attempt(res: HttpResponse, onError: (error: unknown) => void, handler: () => void): void {
  try {
    handler();
  } catch (error) {
    onError(error);
    answerProblem(
      res,
      problem(500, 'engine.error', 'The engine failed to handle this request: see its log.'),
    );
  }
}
