// What is known of sessions, found by principal, stream and session id. The id itself is the key: joining the three into
// one string would keep 136 bytes more for every session, as pieces that are never made flat.

/** A map of (principal, stream, session). The session null is the one of HTTP and `ingest()`. */
export class BySession<T> {
  /** By principal, then by stream: there are few of both, so empty inner maps are kept. */
  readonly #principals = new Map<string, Map<string, Map<string | null, T>>>();

  get(principal: string, stream: string, session: string | null): T | undefined {
    return this.#principals.get(principal)?.get(stream)?.get(session);
  }

  set(principal: string, stream: string, session: string | null, value: T): void {
    let streams = this.#principals.get(principal);
    if (streams === undefined) {
      streams = new Map();
      this.#principals.set(principal, streams);
    }
    let sessions = streams.get(stream);
    if (sessions === undefined) {
      sessions = new Map();
      streams.set(stream, sessions);
    }
    sessions.set(session, value);
  }

  delete(principal: string, stream: string, session: string | null): void {
    this.#principals.get(principal)?.get(stream)?.delete(session);
  }
}
