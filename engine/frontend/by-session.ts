// What is known of sessions, found by principal, stream and session id. The id itself is the key: joining the three into
// one string would keep 136 bytes more for every session, as pieces that are never made flat.

/** Separates principal and stream; no principal and no stream contains it. */
const SEPARATOR = '\n';

/** A map of (principal, stream, session). The session null is the one of HTTP and `ingest()`. */
export class BySession<T> {
  /** By principal and stream: there are few of both, so an empty inner map is kept. */
  readonly #scopes = new Map<string, Map<string | null, T>>();

  get(principal: string, stream: string, session: string | null): T | undefined {
    return this.#scopes.get(principal + SEPARATOR + stream)?.get(session);
  }

  set(principal: string, stream: string, session: string | null, value: T): void {
    const scope = principal + SEPARATOR + stream;
    let sessions = this.#scopes.get(scope);
    if (sessions === undefined) {
      sessions = new Map();
      this.#scopes.set(scope, sessions);
    }
    sessions.set(session, value);
  }

  delete(principal: string, stream: string, session: string | null): void {
    this.#scopes.get(principal + SEPARATOR + stream)?.delete(session);
  }
}
