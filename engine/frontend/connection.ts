// What the front end keeps for one WebSocket connection: plain fields, written in place, nothing made per frame. A
// connection outlives its socket until every frame that it sent is durable.

import type { WebSocket } from 'uWebSockets.js';
import type { Quota } from './refusals.ts';
import type { SessionRow } from './sessions.ts';
import type { StreamInfo } from './stream-schemas.ts';

/** Close codes of the contract (RFC 6455 §7.4, 4000–4999 private). */
export const CLOSE = { restart: 1012, policy: 1008, tooLarge: 1009, busy: 1013, taken: 4001 } as const;

/**
 * The object that uWebSockets.js makes for a socket, as we see it. The member is set when the socket opens: what is passed
 * to `upgrade` would be copied into it name by name, which leaves 370 bytes of garbage for each socket.
 */
export interface UserData {
  connection: Connection;
}

export interface Connection {
  /** Null before it is open and after it is closed: nothing is sent then. */
  ws: WebSocket<UserData> | null;
  /** Its place in the slot table, as in the headers of its frames. */
  slot: number;
  readonly principal: string;
  readonly stream: StreamInfo;
  readonly session: string;
  readonly named: boolean;
  readonly quota: Quota;
  /** Null until the session has sent its first frame; until then `claimed` says that a place is kept for it. */
  row: SessionRow | null;
  claimed: boolean;
  /** True from `hello` on; frames that come before are a breach of the protocol. */
  ready: boolean;
  /** Not 0: nothing is taken any more, and the socket closes with this code once all that was taken is acknowledged. */
  leaving: number;
  /** Next frame number to give, one past the last durable frame, and what the client was told. received ≥ durable ≥ acked. */
  received: number;
  durable: number;
  acked: number;
  /** Window told last, and the largest ever told here. */
  announced: number;
  largest: number;
  /** True while it waits to be settled at the end of a walk over durable slabs. */
  touched: boolean;
  /** True when it has sent a frame since the last tick. */
  active: boolean;
  /** Since when there are unread bytes and none was read, monotonic ms; 0 = everything is read. */
  unreadSinceMs: number;
  /** Rejects that wait to be sent, and their length together. */
  outbox: string[];
  outboxBytes: number;
  /** Refused records that were not told because the client does not read, and the newest frame they were in. */
  dropped: number;
  droppedFrame: number;
  /** The connection that has taken over the session and waits for this one's frames to be durable. */
  heir: Connection | null;
}

/** A connection that is about to be opened. */
export function newConnection(
  about: Pick<Connection, 'principal' | 'stream' | 'session' | 'named' | 'quota'>,
): Connection {
  return {
    ws: null,
    slot: -1,
    principal: about.principal,
    stream: about.stream,
    session: about.session,
    named: about.named,
    quota: about.quota,
    row: null,
    claimed: false,
    ready: false,
    leaving: 0,
    received: 0,
    durable: 0,
    acked: 0,
    announced: 0,
    largest: 0,
    touched: false,
    active: false,
    unreadSinceMs: 0,
    outbox: [],
    outboxBytes: 0,
    dropped: 0,
    droppedFrame: 0,
    heir: null,
  };
}
