// What a WebSocket of captures has to tell its client: sent at once while the client reads, kept in order while it does
// not. Bounded by the captures that a client may have unfinished.

import type { WebSocket } from 'uWebSockets.js';
import { MAX_UNREAD_BYTES, MAX_UNREAD_MS } from '../../limits.ts';

export class Outbox<T> {
  readonly #ws: WebSocket<T>;
  #waiting: string[] = [];
  #unreadSinceMs = 0;

  constructor(ws: WebSocket<T>) {
    this.#ws = ws;
  }

  send(message: Record<string, unknown>): void {
    const text = JSON.stringify(message);
    if (this.#waiting.length > 0 || this.#ws.getBufferedAmount() >= MAX_UNREAD_BYTES)
      this.#waiting.push(text);
    else this.#ws.send(text);
  }

  /** The client has read. */
  drained(): void {
    const ws = this.#ws;
    while (this.#waiting.length > 0 && ws.getBufferedAmount() < MAX_UNREAD_BYTES)
      ws.send(this.#waiting.shift() as string);
    if (ws.getBufferedAmount() === 0) this.#unreadSinceMs = 0;
  }

  /** True when something has been left unread for too long. */
  stale(nowMs: number): boolean {
    if (this.#ws.getBufferedAmount() === 0) {
      this.#unreadSinceMs = 0;
      return false;
    }
    if (this.#unreadSinceMs === 0) this.#unreadSinceMs = nowMs;
    return nowMs - this.#unreadSinceMs >= MAX_UNREAD_MS;
  }
}
