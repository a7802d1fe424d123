// `/epcis/capture/ws`: who may upgrade, and the sessions that are open. The protocol is in ws-session.ts.

import type { HttpRequest, HttpResponse, us_socket_context_t, WebSocketBehavior } from 'uWebSockets.js';
import { offeredProtocols } from '../../frontend/access.ts';
import type { UwsApp } from '../../uws.ts';
import { type EpcisException, exceptionOf } from './exception.ts';
import { Exchange } from './exchange.ts';
import { type Parts, SCOPE } from './parts.ts';
import { CAPTURE_PROTOCOL, WS_PATH } from './ws-messages.ts';
import { CaptureSession, CREDIT_BYTES, type SocketData } from './ws-session.ts';

/** Hard bound on unread bytes: answers wait before it, so it only cuts off the answers to a flood of pings. */
const MAX_BACKPRESSURE = 512 * 1024;

/** Nothing is left for uWebSockets.js to copy (SocketData). */
const NO_DATA = {} as SocketData;

export class CaptureSockets {
  readonly #parts: Parts;
  readonly #open = new Set<CaptureSession>();
  /** The session whose socket opens within this very call of `upgrade`. */
  #opening: CaptureSession | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  addTo(app: UwsApp): void {
    app.ws<SocketData>(WS_PATH, this.#behavior());
    app.any(WS_PATH, (res, req) => {
      const exchange = new Exchange(res, req, this.#parts.standard);
      const get = req.getMethod() === 'get';
      const detail = get ? 'This is a WebSocket endpoint: open it with a WebSocket client.' : 'Use GET here.';
      const header = get ? (['Upgrade', 'websocket'] as const) : (['Allow', 'GET'] as const);
      exchange.refuse({ status: get ? 426 : 405, code: 'upgrade.required', detail, headers: [header] });
    });
  }

  tick(): void {
    const nowMs = this.#parts.gate.monotonicMs();
    for (const session of this.#open) session.tick(nowMs);
  }

  closeAll(): void {
    for (const session of [...this.#open]) session.restart();
  }

  #behavior(): WebSocketBehavior<SocketData> {
    const { gate } = this.#parts;
    return {
      // A frame over the credit reaches the handler, which closes 1008; beyond this uWebSockets.js cuts the line.
      maxPayloadLength: 2 * CREDIT_BYTES,
      idleTimeout: gate.idleSeconds,
      sendPingsAutomatically: true,
      maxBackpressure: MAX_BACKPRESSURE,
      upgrade: (res, req, context) => this.#upgrade(res, req, context),
      open: (ws) => {
        const session = this.#opening;
        this.#opening = null;
        if (session === null) throw new Error('a WebSocket opened outside of its upgrade');
        ws.getUserData().session = session;
        this.#open.add(session);
        session.open(ws);
      },
      message: (ws, message, binary) => ws.getUserData().session.message(message, binary),
      drain: (ws) => ws.getUserData().session.drained(),
      close: (ws) => {
        gate.onGone();
        const { session } = ws.getUserData();
        this.#open.delete(session);
        session.closed();
      },
    };
  }

  #upgrade(res: HttpResponse, req: HttpRequest, context: us_socket_context_t): void {
    const { gate } = this.#parts;
    const refuse = (why: EpcisException): void => {
      gate.counters.refused += 1;
      new Exchange(res, req, this.#parts.standard).refuse(why);
    };
    const version = req.getHeader('sec-websocket-version');
    if (version !== '' && version !== '13') {
      const headers = [['Sec-WebSocket-Version', '13']] as const;
      refuse({ status: 426, code: 'upgrade.version', detail: 'Use WebSocket version 13.', headers });
      return;
    }
    const from = gate.admission.admitTo(res, req, SCOPE);
    if ('status' in from) {
      refuse(exceptionOf(from));
      return;
    }
    const offered = offeredProtocols(req.getHeader('sec-websocket-protocol'));
    if (offered.length > 0 && !offered.includes(CAPTURE_PROTOCOL)) {
      const detail = `Offer the subprotocol ${CAPTURE_PROTOCOL}.`;
      refuse({ status: 400, code: 'upgrade.subprotocol', detail });
      return;
    }
    const { principal, quota } = from;
    const held = (): EpcisException | null => {
      const nowMs = gate.monotonicMs();
      const why = gate.admission.rate(quota, nowMs) ?? gate.admission.held(quota, nowMs);
      return why === null ? null : exceptionOf(why);
    };
    const refused = (records: number): void => gate.admission.refused(quota, records);
    const sender = { principal: principal.name, gln: principal.gln, held, refused };
    this.#opening = new CaptureSession(this.#parts, sender);
    // Calls `open` before it returns. No extension is passed on: messages are never compressed.
    const protocol = offered.length > 0 ? CAPTURE_PROTOCOL : '';
    res.upgrade(NO_DATA, req.getHeader('sec-websocket-key'), protocol, '', context);
  }
}
