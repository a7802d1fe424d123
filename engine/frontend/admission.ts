// What every request for a stream goes through before anything of it is kept, in one order for WebSocket and HTTP: the
// engine takes requests, there is a socket to spare, origin, host, credential, stream, scope, schema, rate.

import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import type { Access, Principal } from './access.ts';
import { busy, type Problem, problem } from './problem.ts';
import { queryValue } from './query.ts';
import type { Quota, Quotas } from './refusals.ts';
import type { StreamInfo, StreamSchemas } from './stream-schemas.ts';

/** A request that may go on. */
export interface Sender extends Admitted {
  readonly stream: StreamInfo;
}

/** A request whose credential has the scope. */
export interface Admitted {
  readonly principal: Principal;
  readonly quota: Quota;
}

/** Reads addresses: a Buffer for each would be one more object to collect. */
const TEXT = new TextDecoder();

export interface AdmissionOptions {
  readonly access: Access;
  readonly quotas: Quotas;
  readonly streams: ReadonlyMap<string, StreamSchemas>;
  readonly maxConnections: number;
  readonly monotonicMs: () => number;
  readonly wallMs: () => number;
}

export class Admission {
  readonly #options: AdmissionOptions;
  /** True from the beginning of a shutdown on: nothing new is taken. */
  draining = false;
  /** Sockets that are open, of all kinds. Written by the listener. */
  sockets = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Who asks, or why the answer is no. `res` is only asked for the address. */
  identify(req: HttpRequest): Principal | Problem {
    return this.#options.access.identify({
      authorization: req.getHeader('authorization'),
      protocols: req.getHeader('sec-websocket-protocol'),
      origin: req.getHeader('origin'),
      host: req.getHeader('host'),
    });
  }

  /** Lets a request for a stream in, or says why not. */
  admit(res: HttpResponse, req: HttpRequest, stream: string): Sender | Problem {
    const { streams } = this.#options;
    const principal = this.#enter(req);
    if ('status' in principal) return principal;
    const schemas = streams.get(stream);
    if (schemas === undefined)
      return problem(404, 'stream.unknown', 'There is no stream of this name in the configuration.');
    const scope = scopeFault(principal, stream);
    if (scope !== null) return scope;
    const info = schemas.choose(queryValue(req, 'schema'));
    if (info === null) {
      return problem(
        400,
        'schema.name',
        'A schema is called name/version, such as telemetry/1: ask for one as ?schema=telemetry/1, or leave it out.',
      );
    }
    return { principal, stream: info, quota: this.#quotaOf(res, principal) };
  }

  /** Lets a request in that is for no configured stream but has a scope of its own, such as `epcis`. */
  admitTo(res: HttpResponse, req: HttpRequest, scope: string): Admitted | Problem {
    const principal = this.#enter(req);
    if ('status' in principal) return principal;
    const fault = scopeFault(principal, scope);
    return fault ?? { principal, quota: this.#quotaOf(res, principal) };
  }

  /** True where there are no credentials: whoever is on this machine may do everything. */
  get open(): boolean {
    return this.#options.access.open;
  }

  /** 429 while the sender is held off for its refused records, else null. */
  held(quota: Quota, nowMs: number): Problem | null {
    const seconds = this.#options.quotas.heldSeconds(quota, nowMs);
    if (seconds === 0) return null;
    const detail =
      'Too many records of this sender were refused in this minute: look at the codes before sending more.';
    return problem(429, 'rate.refused', detail, ['Retry-After', String(seconds)]);
  }

  /** Counts records of the sender that were refused, once they are durable. */
  refused(quota: Quota, records: number): void {
    const { quotas, monotonicMs, wallMs } = this.#options;
    quotas.refused(quota, records, monotonicMs(), wallMs());
  }

  /** 429 when the sender's requests come too fast, else null. */
  rate(quota: Quota, nowMs: number): Problem | null {
    const seconds = this.#options.quotas.request(quota, nowMs);
    if (seconds === 0) return null;
    const detail = 'Requests come faster than limits.requestsPerSecond: put more records into each.';
    return problem(429, 'rate.requests', detail, ['Retry-After', String(seconds)]);
  }

  /** Everything that comes before the question what the request is for. */
  #enter(req: HttpRequest): Principal | Problem {
    if (this.draining)
      return busy('engine.draining', 'The engine is shutting down: connect again in a moment.', 5);
    if (this.sockets > this.#options.maxConnections) {
      return busy(
        'engine.connections',
        'All connections are taken: try again later, or raise listen.maxConnections.',
        5,
      );
    }
    return this.identify(req);
  }

  #quotaOf(res: HttpResponse, principal: Principal): Quota {
    const { access, quotas, monotonicMs } = this.#options;
    const who = access.open ? TEXT.decode(res.getRemoteAddressAsText()) : principal.name;
    return quotas.of(who, monotonicMs());
  }
}

function scopeFault(principal: Principal, scope: string): Problem | null {
  if (principal.streams === null || principal.streams.has(scope)) return null;
  return problem(
    403,
    'access.scope',
    'This token is not for this stream: add the stream to it, or use another token.',
  );
}
