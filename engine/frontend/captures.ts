// What the front end and the capture stage know of each other: the front end lends its gate, the stage adds its routes.

import type { UwsApp } from '../uws.ts';
import type { Admission } from './admission.ts';
import type { Counters } from './counters.ts';

/** What every route goes through. */
export interface Gate {
  readonly admission: Admission;
  readonly counters: Counters;
  readonly monotonicMs: () => number;
  /** Seconds of silence before a WebSocket is pinged and then closed. */
  readonly idleSeconds: number;
  /** A socket that was upgraded is gone: the listener counts sockets. */
  readonly onGone: () => void;
  /** A handler threw: a bug, told to the log. */
  readonly onError: (error: unknown) => void;
}

/** The routes below `/epcis`. */
export interface CaptureRoutes {
  addTo(app: UwsApp, gate: Gate): void;
  /** About once a second: who does not read. */
  tick(): void;
  /** Closes every WebSocket with 1012. */
  closeConnections(): void;
}
