// One request below /epcis and its answer: at most one goes out, none where the client has gone, and each carries the
// version headers of EPCIS. The only place that writes answers of this interface.

import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { LedgerAway } from '../captures.ts';
import { type EpcisException, exceptionBody, exceptionType } from './exception.ts';
import { type Accepted, acceptOf } from './negotiate.ts';

type Header = readonly [string, string];

const STATUS_TEXT: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  204: 'No Content',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  426: 'Upgrade Required',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

const AWAY: EpcisException = {
  status: 503,
  code: 'ledger.away',
  detail: 'The ledger cannot be asked now: send the same request again after a moment.',
  headers: [['Retry-After', '5']],
};

export class Exchange {
  readonly res: HttpResponse;
  readonly accepted: Accepted;
  readonly path: string;
  /** HEAD: the answer goes out without its body. */
  readonly head: boolean;
  /** Headers of every answer. */
  readonly #standard: readonly Header[];
  /** True once it was answered or its client has gone: `res` is dead then. */
  over = false;
  /** Called when the client goes before it was answered. */
  onGone: (() => void) | null = null;

  constructor(res: HttpResponse, req: HttpRequest, standard: readonly Header[]) {
    this.res = res;
    this.#standard = standard;
    this.accepted = acceptOf(req.getHeader('accept'));
    this.path = req.getUrl();
    this.head = req.getMethod() === 'head';
    res.onAborted(() => {
      this.over = true;
      this.onGone?.();
    });
  }

  json(status: 200 | 202, value: unknown, headers: readonly Header[] = []): void {
    this.text(status, 'application/json', JSON.stringify(value), headers);
  }

  text(status: number, type: string, body: string, headers: readonly Header[] = [], close = false): void {
    if (this.over) return;
    this.over = true;
    const { res } = this;
    res.cork(() => {
      this.#begin(status, headers);
      res.writeHeader('Content-Type', type);
      if (!this.head) {
        res.end(body, close);
        return;
      }
      // Not by its argument: with a length reported, uWebSockets.js takes the answer for unfinished and ends the process.
      res.writeHeader('Content-Length', String(Buffer.byteLength(body)));
      res.endWithoutBody();
    });
  }

  /** An answer without a body. */
  empty(status: 201 | 202 | 204, headers: readonly Header[]): void {
    if (this.over) return;
    this.over = true;
    const { res } = this;
    res.cork(() => {
      this.#begin(status, headers);
      // A 204 has no length (RFC 9110 §8.6).
      if (status === 204) res.endWithoutBody();
      else res.end();
    });
  }

  /** `close` also ends the connection: for bodies too large to be read away. */
  refuse(e: EpcisException, close = false): void {
    const { json, xml, preferred } = this.accepted;
    const family = json || xml ? preferred : 'json';
    this.text(e.status, exceptionType(family), exceptionBody(e, family, this.path), e.headers, close);
  }

  /** Answers with what `work` gives. A ledger that is away is a 503, anything else that is thrown a bug. */
  later<T>(work: Promise<T>, onError: (error: unknown) => void, then: (value: T) => void): void {
    work.then(then).catch((error: unknown) => {
      if (error instanceof LedgerAway) {
        this.refuse(AWAY);
        return;
      }
      onError(error);
      this.refuse({ status: 500, code: 'engine.error', detail: 'The engine failed to answer: see its log.' });
    });
  }

  #begin(status: number, headers: readonly Header[]): void {
    const { res } = this;
    res.writeStatus(`${status} ${STATUS_TEXT[status] ?? 'Error'}`);
    res.writeHeader('Cache-Control', 'no-store');
    for (const [name, value] of this.#standard) res.writeHeader(name, value);
    for (const [name, value] of headers) res.writeHeader(name, value);
  }
}
