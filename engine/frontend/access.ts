// Who may come in: bearer tokens scoped to streams, the origins of web pages, and, without tokens, only this machine.
// Secrets are compared by digest, every digest each time, so the time taken says nothing about them. A request that says
// nothing and a request that lies get the same answer.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { Config, ListenConfig, TokenConfig } from '../config.ts';
import { ConfigError } from '../errors.ts';
import { isLoopback } from '../loopback.ts';
import { type Problem, problem } from './problem.ts';

/** Who sends: the name of a token, or `anonymous`. `streams` is null when every stream is open. */
export interface Principal {
  readonly name: string;
  /** May send dead letters, and what is in quarantine, once more. */
  readonly replay: boolean;
  readonly streams: ReadonlySet<string> | null;
  /** GLN-13 of the partner that the token is bound to; null = none. */
  readonly gln: string | null;
}

/** What access needs to know of a request; header values are '' when absent. */
export interface Credentials {
  readonly authorization: string;
  readonly protocols: string;
  readonly origin: string;
  readonly host: string;
}

export const ANONYMOUS: Principal = { name: 'anonymous', replay: true, streams: null, gln: null };

/** The subprotocol of the contract, and the one in which a browser carries its token. */
export const SUBPROTOCOL = 'firn.v1';
const BEARER_PREFIX = 'firn.bearer.';

/** The host of a Host header, without its port. */
function hostName(header: string): string {
  const match = /^(\[[^\]]*\]|[^:]*)(:\d*)?$/.exec(header.trim());
  return match?.[1] ?? header;
}

/** Refuses a configuration that would open the engine to a network without saying so. Throws ConfigError. */
export function checkListen(config: Pick<Config, 'listen' | 'tokens'>): void {
  const listen = config.listen;
  if (listen === false || isLoopback(listen.host)) return;
  if (config.tokens.length === 0) {
    throw new ConfigError(
      `listen.host "${listen.host}" is open to a network: configure "tokens", or listen on 127.0.0.1`,
    );
  }
  if (listen.tls === undefined && !listen.plaintext) {
    throw new ConfigError(
      `listen.host "${listen.host}" is open to a network: give "listen.tls" {cert, key}, or say "listen.plaintext": true when a proxy in front does TLS`,
    );
  }
}

/** The protocols that a client offers, in its order. */
export function offeredProtocols(header: string): string[] {
  // One name at most, as from nearly everybody: the path that makes least.
  if (!header.includes(',')) return header.trim() === '' ? [] : [header.trim()];
  return header
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function bearerOf(request: Credentials): string | null {
  const header = /^Bearer +(.+)$/i.exec(request.authorization);
  if (header?.[1] !== undefined) return header[1].trim();
  const offered = offeredProtocols(request.protocols).find((name) => name.startsWith(BEARER_PREFIX));
  return offered === undefined
    ? null
    : Buffer.from(offered.slice(BEARER_PREFIX.length), 'base64url').toString('utf8');
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}

export class Access {
  readonly #digests: readonly Buffer[];
  readonly #principals: readonly Principal[];
  readonly #origins: ReadonlySet<string>;
  /** The Host header that last named this machine: nearly every request has the same. */
  #localHost: string | null = null;

  constructor(tokens: readonly TokenConfig[], listen: Pick<ListenConfig, 'origins'>) {
    this.#digests = tokens.map((t) =>
      t.sha256 === undefined ? sha256(t.token ?? '') : Buffer.from(t.sha256, 'hex'),
    );
    this.#principals = tokens.map((t) => ({
      name: t.name,
      replay: t.replay,
      streams: t.streams.includes('*') ? null : new Set(t.streams),
      gln: t.gln ?? null,
    }));
    this.#origins = new Set(listen.origins);
  }

  get open(): boolean {
    return this.#digests.length === 0;
  }

  /** Who asks, or why not: 403 for a foreign origin or host, 401 for no or a wrong token. */
  identify(request: Credentials): Principal | Problem {
    if (request.origin !== '' && !this.#origins.has(request.origin)) {
      return problem(
        403,
        'access.origin',
        'Pages of this origin may not use the engine: add it to listen.origins.',
      );
    }
    if (this.open) {
      if (this.#isLocal(request.host)) return ANONYMOUS;
      return problem(
        403,
        'access.host',
        'Without tokens the engine answers to localhost only: use that name, or configure tokens.',
      );
    }
    const secret = bearerOf(request);
    const found = secret === null ? null : this.#match(secret);
    if (found !== null) return found;
    const detail =
      secret === null
        ? 'Send a token: Authorization: Bearer <token>, or the subprotocol firn.bearer.<base64url>.'
        : 'This token is not known here.';
    return problem(401, 'access.credential', detail, ['WWW-Authenticate', 'Bearer realm="firn"']);
  }

  #isLocal(host: string): boolean {
    if (host === this.#localHost) return true;
    if (!isLoopback(hostName(host))) return false;
    this.#localHost = host;
    return true;
  }

  #match(secret: string): Principal | null {
    const presented = sha256(secret);
    let found: Principal | null = null;
    for (let i = 0; i < this.#digests.length; i++) {
      const digest = this.#digests[i];
      if (digest !== undefined && timingSafeEqual(digest, presented)) found = this.#principals[i] ?? null;
    }
    return found;
  }
}
