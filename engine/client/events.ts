// What a client tells its listeners.

import type { Closed } from './link.ts';
import type { Hello, Reject } from './messages.ts';

/** What listeners hear. */
export interface ClientEvents {
  /** A connection is up: the engine's `hello`. */
  open: Hello;
  /** Every frame below this number is durable. */
  ack: number;
  /** A refused record: it is in the engine's dead letter. Not repeated after a resume. */
  reject: Reject;
  /** Frames that may be in flight from now on. */
  window: number;
  /** A connection ended, or an attempt failed; `resumeInMs` null = for good. */
  close: Closed;
}

export type Listener<K extends keyof ClientEvents> = (event: ClientEvents[K]) => void;

/** The listeners of one client, called in the order in which they came. */
export class Listeners {
  readonly #of = new Map<keyof ClientEvents, Set<(event: never) => void>>();

  /** Returns how to stop hearing. */
  add<K extends keyof ClientEvents>(event: K, listener: Listener<K>): () => void {
    const listeners = this.#of.get(event) ?? new Set();
    this.#of.set(event, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  tell<K extends keyof ClientEvents>(event: K, value: ClientEvents[K]): void {
    for (const listener of this.#of.get(event) ?? []) (listener as Listener<K>)(value);
  }
}
