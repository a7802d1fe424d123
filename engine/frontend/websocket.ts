// The WebSocket contract (DESIGN: WebSocket): who may upgrade, and what becomes of each message. The handler of a message
// checks a few fields and copies the frame into the ring; nothing is parsed and nothing is made per frame.

import type {
  HttpRequest,
  HttpResponse,
  us_socket_context_t,
  WebSocket,
  WebSocketBehavior,
} from 'uWebSockets.js';
import { KIB } from '../limits.ts';
import { REPLAY_SESSION } from '../reference.ts';
import { FRAME_KIND, FRAME_MODE, frameBytes } from '../ring/frame.ts';
import { offeredProtocols, SUBPROTOCOL } from './access.ts';
import type { Acks } from './acks.ts';
import type { Admission } from './admission.ts';
import { CLOSE, type Connection, newConnection, type UserData } from './connection.ts';
import type { Connections } from './connections.ts';
import type { Counters } from './counters.ts';
import { controlPayload, type Intake } from './intake.ts';
import { answerProblem, attempt, busy, type Problem, problem } from './problem.ts';
import { queryValue } from './query.ts';
import { newSessionId } from './session-id.ts';
import type { SessionTable } from './sessions.ts';
import { modeIn, payloadIn } from './stream-schemas.ts';
import type { WindowGauge } from './window.ts';

const SESSION_ID = /^[A-Za-z0-9._:-]{1,64}$/;

/** Hard bound on unread bytes: above what acks ever leave unread, so it only cuts off the answers to a flood of pings. */
const MAX_BACKPRESSURE = 256 * KIB;

export interface WebSocketOptions {
  readonly admission: Admission;
  readonly connections: Connections;
  readonly sessions: SessionTable;
  readonly intake: Intake;
  readonly acks: Acks;
  readonly gauge: WindowGauge;
  readonly counters: Counters;
  readonly runningMs: () => number;
  readonly maxFrameBytes: number;
  /** Seconds of silence before a ping and then the end. */
  readonly idleSeconds: number;
  /** A socket that was upgraded is gone: the listener counts sockets. */
  readonly onGone: () => void;
  /** A handler threw: a bug, told to the log. */
  readonly onError: (error: unknown) => void;
}

/** Nothing is left for uWebSockets.js to copy (UserData). */
const NO_DATA = {} as UserData;

/** What is decided at the upgrade. */
interface Upgrade {
  readonly connection: Connection;
  readonly protocol: string;
}

export class WebSockets {
  readonly #options: WebSocketOptions;
  /** The connection whose socket opens within this very call of `upgrade`. */
  #opening: Connection | null = null;

  constructor(options: WebSocketOptions) {
    this.#options = options;
  }

  behavior(): WebSocketBehavior<UserData> {
    const { maxFrameBytes, idleSeconds, connections, onGone, onError } = this.#options;
    return {
      // A frame up to twice the limit reaches the handler, which closes 1009; beyond that uWebSockets.js cuts the line.
      maxPayloadLength: 2 * maxFrameBytes,
      idleTimeout: idleSeconds,
      sendPingsAutomatically: true,
      maxBackpressure: MAX_BACKPRESSURE,
      upgrade: (res, req, context) => attempt(res, onError, () => this.#upgrade(res, req, context)),
      open: (ws) => {
        const c = this.#opening;
        this.#opening = null;
        if (c === null) throw new Error('a WebSocket opened outside of its upgrade');
        ws.getUserData().connection = c;
        c.ws = ws;
        connections.join(c);
      },
      message: (ws, message) => this.#message(ws.getUserData().connection, ws, message),
      drain: (ws) => this.#drained(ws.getUserData().connection, ws),
      close: (ws) => {
        onGone();
        connections.leave(ws.getUserData().connection);
      },
    };
  }

  #upgrade(res: HttpResponse, req: HttpRequest, context: us_socket_context_t): void {
    const decided = this.#decide(res, req);
    if ('status' in decided) {
      this.#options.counters.refused += 1;
      answerProblem(res, decided);
      return;
    }
    const { connection, protocol } = decided;
    this.#opening = connection;
    // Calls `open` before it returns. No extension is passed on: messages are never compressed.
    res.upgrade(NO_DATA, req.getHeader('sec-websocket-key'), protocol, '', context);
  }

  #decide(res: HttpResponse, req: HttpRequest): Upgrade | Problem {
    const { admission, connections, intake } = this.#options;
    const version = req.getHeader('sec-websocket-version');
    if (version !== '' && version !== '13') {
      return problem(426, 'upgrade.version', 'Use WebSocket version 13.', ['Sec-WebSocket-Version', '13']);
    }
    const sender = admission.admit(res, req, req.getParameter(0) ?? '');
    if ('status' in sender) return sender;
    const protocols = offeredProtocols(req.getHeader('sec-websocket-protocol'));
    if (
      protocols.length > 0 &&
      !protocols.includes(SUBPROTOCOL) &&
      protocols.some((p) => p.startsWith('firn.'))
    ) {
      // A browser fails a connection that echoes none of its protocols, and the token is never echoed.
      return problem(400, 'upgrade.subprotocol', `Offer ${SUBPROTOCOL} beside the token's subprotocol.`);
    }
    const asked = queryValue(req, 'session');
    if (asked !== undefined && !SESSION_ID.test(asked)) {
      return problem(400, 'session.id', 'A session id is 1 to 64 of the characters A-Z a-z 0-9 . _ : -');
    }
    // It says which dead letter a replayed record comes from: no client may say that of its own.
    if (asked?.startsWith(REPLAY_SESSION) === true)
      return problem(
        400,
        'session.id',
        `Session ids that begin with ${REPLAY_SESSION} are the engine's own.`,
      );
    const held = admission.held(sender.quota, intake.monotonicMs());
    if (held !== null) return held;
    const { principal, stream, quota } = sender;
    const session = asked ?? newSessionId();
    const named = asked === undefined;
    const connection = newConnection({ principal: principal.name, stream, session, named, quota });
    if (!connections.admit(connection)) {
      return busy(
        'session.table',
        'The table of sessions is full for this credential: resume a session, or try later.',
        60,
      );
    }
    return { connection, protocol: protocols.includes(SUBPROTOCOL) ? SUBPROTOCOL : '' };
  }

  #message(c: Connection, ws: WebSocket<UserData>, message: ArrayBuffer): void {
    if (c.leaving !== 0) return;
    const { intake, admission, connections, gauge, maxFrameBytes } = this.#options;
    const bytes = message.byteLength;
    if (bytes > maxFrameBytes) {
      this.#refuse(ws, CLOSE.tooLarge, `a frame is at most ${maxFrameBytes} bytes`);
      return;
    }
    if (!c.ready) {
      this.#refuse(ws, CLOSE.policy, 'frames are sent after hello');
      return;
    }
    if (admission.draining) {
      this.#options.counters.refused += 1;
      connections.dismiss(c, CLOSE.restart);
      return;
    }
    if (c.received - c.durable >= 2 * c.largest) {
      this.#refuse(ws, CLOSE.busy, 'more than twice the window is unacknowledged');
      return;
    }
    if (c.quota.heldUntilMs > intake.monotonicMs()) {
      this.#refuse(ws, CLOSE.policy, 'too many refused records in this minute');
      return;
    }
    const payload = payloadIn(c.stream, message);
    const room = frameBytes(payload.byteLength);
    const taken = c.row === null ? this.#first(c, room) : intake.room(room);
    // While room was waited for, answers went out, and one of them may have closed this connection.
    if (c.ws === null) return;
    if (!taken || c.row === null) {
      this.#refuse(ws, CLOSE.busy, 'no room: try again later');
      return;
    }
    const mode = modeIn(c.stream, FRAME_MODE.auto);
    intake.data(mode, c.stream.number, c.row.no, c.received, c.slot, payload);
    c.received += 1;
    if (!c.active) {
      c.active = true;
      gauge.noteSender();
    }
  }

  /** Room for the first frame of a session, and its row: the source entry goes directly before the frame. */
  #first(c: Connection, room: number): boolean {
    const { intake, sessions, runningMs } = this.#options;
    const { principal, stream, session, named } = c;
    const source = controlPayload({
      no: sessions.nextSource,
      principal,
      stream: stream.name,
      session,
      named,
    });
    if (!intake.room(frameBytes(source.length) + room) || c.ws === null) return false;
    c.row = sessions.adopt(principal, stream.name, session, named, runningMs());
    c.claimed = false;
    intake.control(FRAME_KIND.source, source);
    return true;
  }

  #refuse(ws: WebSocket<UserData>, code: number, reason: string): void {
    this.#options.counters.refused += 1;
    ws.end(code, reason);
  }

  #drained(c: Connection, ws: WebSocket<UserData>): void {
    c.unreadSinceMs = ws.getBufferedAmount() === 0 ? 0 : this.#options.intake.monotonicMs();
    this.#options.acks.tell(c);
  }
}
