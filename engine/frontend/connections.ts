// All connections, and who has which session. A session has one holder: the connection whose frames are taken, or were
// taken and are not all durable yet. A new connection of the session closes the holder and waits; it says `hello` when
// everything the holder sent is durable, so `next` is exact.

import type { WebSocket } from 'uWebSockets.js';
import { BySession } from './by-session.ts';
import { CLOSE, type Connection, type UserData } from './connection.ts';
import type { SessionRow, SessionTable } from './sessions.ts';
import type { WindowGauge } from './window.ts';

export interface ConnectionsOptions {
  readonly sessions: SessionTable;
  readonly gauge: WindowGauge;
  readonly runningMs: () => number;
  readonly maxFrameBytes: number;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  /** By slot; null = free. */
  readonly #slots: (Connection | null)[] = [];
  readonly #free: number[] = [];
  readonly #holders = new BySession<Connection>();
  #open = 0;
  /** Connections that were told a window of 0. */
  readonly #asleep = new Set<Connection>();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** Connections whose socket is open. */
  get open(): number {
    return this.#open;
  }

  /** Visits each connection whose socket is open. `visit` may close it, or others. */
  visitOpen(visit: (c: Connection, ws: WebSocket<UserData>) => void): void {
    // By index: an iterator would make an object for each of them, every second.
    for (let slot = 0; slot < this.#slots.length; slot++) {
      const c = this.bySlot(slot);
      if (c !== null && c.ws !== null) visit(c, c.ws);
    }
  }

  bySlot(slot: number): Connection | null {
    return this.#slots[slot] ?? null;
  }

  /** Keeps a place for the connection's session unless it has one. @returns false when the table is full. */
  admit(c: Connection): boolean {
    if (this.#holder(c) !== undefined || this.#row(c) !== undefined) return true;
    c.claimed = this.#options.sessions.claim(c.principal);
    return c.claimed;
  }

  /** The socket is open (`c.ws` is set): takes the session over, and says hello as soon as that is right. */
  join(c: Connection): void {
    c.slot = this.#free.pop() ?? this.#slots.length;
    this.#slots[c.slot] = c;
    this.#open += 1;
    c.quota.connections += 1;
    const holder = this.#holder(c);
    if (holder === undefined) {
      this.#begin(c);
      return;
    }
    const before = holder.heir;
    holder.heir = c;
    before?.ws?.end(CLOSE.taken, 'another connection has taken this session over');
    holder.ws?.end(CLOSE.taken, 'another connection has taken this session over');
  }

  /** The socket is closed; frames under way still count. */
  leave(c: Connection): void {
    c.ws = null;
    c.outbox = [];
    c.outboxBytes = 0;
    this.#open -= 1;
    this.#asleep.delete(c);
    c.quota.connections -= 1;
    const holder = this.#holder(c);
    if (holder === c) {
      if (c.durable === c.received) this.settled(c);
      return;
    }
    this.#freeSlot(c);
    if (holder?.heir === c) holder.heir = null;
  }

  /** Everything that the holder of a session sent is durable and told. */
  settled(c: Connection): void {
    if (c.ws !== null) {
      if (c.leaving !== 0) c.ws.end(c.leaving);
      return;
    }
    if (c.slot === -1) return;
    const { sessions, runningMs } = this.#options;
    this.#freeSlot(c);
    this.#holders.delete(c.principal, c.stream.name, c.session);
    const heir = c.heir;
    c.heir = null;
    if (heir !== null) {
      heir.claimed = c.claimed;
      this.#begin(heir);
    } else {
      if (c.claimed) sessions.unclaim(c.principal);
      if (c.row !== null) sessions.left(c.row, runningMs());
    }
    c.claimed = false;
  }

  /** Closes the connection with `code` when all that was taken is acknowledged; until then nothing more is taken. */
  dismiss(c: Connection, code: number): void {
    c.leaving = code;
    if (c.durable === c.received) this.settled(c);
  }

  /** Tells at most `most` connections that were told a window of 0 that they may send again. */
  wake(most: number): void {
    const frames = this.#options.gauge.window;
    if (frames === 0 || this.#asleep.size === 0) return;
    let left = most;
    for (const c of this.#asleep) {
      if (left-- === 0) return;
      this.#asleep.delete(c);
      if (c.ws !== null && c.announced === 0) c.ws.send(this.windowMessage(c, frames));
    }
  }

  /** The text that announces a window; notes that it was told. */
  windowMessage(c: Connection, frames: number): string {
    this.#announce(c, frames);
    return `{"type":"window","frames":${frames}}`;
  }

  #announce(c: Connection, frames: number): void {
    c.announced = frames;
    if (frames > c.largest) c.largest = frames;
    if (frames === 0) this.#asleep.add(c);
  }

  /** Who has the session of `c`. */
  #holder(c: Connection): Connection | undefined {
    return this.#holders.get(c.principal, c.stream.name, c.session);
  }

  #row(c: Connection): SessionRow | undefined {
    return this.#options.sessions.find(c.principal, c.stream.name, c.session);
  }

  #freeSlot(c: Connection): void {
    this.#slots[c.slot] = null;
    this.#free.push(c.slot);
    c.slot = -1;
  }

  #begin(c: Connection): void {
    const { sessions, gauge, maxFrameBytes } = this.#options;
    this.#holders.set(c.principal, c.stream.name, c.session, c);
    const row = this.#row(c) ?? null;
    c.row = row;
    if (row !== null) {
      sessions.joined(row);
      c.received = row.next;
      c.durable = row.next;
      c.acked = row.next;
      // The row may have appeared while the connection waited with a place kept for it.
      if (c.claimed) sessions.unclaim(c.principal);
      c.claimed = false;
    }
    const { session, received: next } = c;
    c.active = true;
    gauge.noteSender();
    this.#announce(c, gauge.first(this.#open));
    c.ready = true;
    // Nothing in a session id needs an escape, and JSON.stringify leaves 300 bytes more to the collector.
    const told = `"next":${next},"window":${c.announced},"maxFrameBytes":${maxFrameBytes}`;
    c.ws?.send(`{"type":"hello","session":"${session}",${told}}`);
  }
}
