// The front end: sockets on one side, the ring on the other. This file is its life cycle: listen, take, stop taking,
// flush, close. Nothing here runs per frame.

import { ConfigError } from '../errors.ts';
import type { AuditEntry } from '../journal/entry.ts';
import type { IngestResult } from '../reply.ts';
import { CONTROL } from '../ring/layout.ts';
import { checkListen } from './access.ts';
import { CLOSE } from './connection.ts';
import type { CaptureKind } from './control.ts';
import type { FrontendStatus } from './counters.ts';
import { Posts } from './http.ts';
import { type Listener, startListener } from './listener.ts';
import { frontendMetrics } from './metrics.ts';
import { createParts, type FrontendOptions, type Parts } from './parts.ts';
import { Replays } from './replay.ts';
import { Resends } from './resend.ts';
import { addRoutes } from './routes.ts';
import { lookAtConnections } from './tick.ts';
import { WebSockets } from './websocket.ts';

export type { FrontendStatus } from './counters.ts';
export type { FrontendOptions } from './parts.ts';

const TICK_MS = 1000;

export class Frontend {
  readonly #options: FrontendOptions;
  readonly #parts: Parts;
  readonly #timer: NodeJS.Timeout;
  #listener: Listener | null = null;
  #flushed: (() => void)[] = [];

  constructor(options: FrontendOptions) {
    this.#options = options;
    this.#parts = createParts(options, () => this.#turn());
    this.#timer = setInterval(() => this.#tick(), options.tickMs ?? TICK_MS);
    this.#timer.unref();
  }

  /**
   * Opens the port of the configuration.
   * @returns the port, also where the configuration says 0. @throws ConfigError when it cannot be had.
   */
  async listen(): Promise<number> {
    const { config, log, ring, clock, resend, captures } = this.#options;
    const { listen } = config;
    if (listen === false) throw new ConfigError('"listen" is false: this engine has no port');
    checkListen(config);
    const parts = this.#parts;
    const { admission } = parts;
    const count = (difference: number): void => {
      admission.sockets += difference;
    };
    const onError = (error: unknown): void => log.error({ err: error }, 'a request handler failed');
    const sockets = { idleSeconds: listen.idle, onGone: () => count(-1), onError };
    const registry = frontendMetrics(() => this.status(), ring.positions, clock);
    this.#options.addMetrics?.(registry);
    const routes = {
      admission,
      posts: new Posts(parts),
      replays: new Replays(parts),
      resends: resend === undefined ? null : new Resends({ ...parts, resend, onError }),
      webSockets: new WebSockets({ ...parts, ...sockets }),
      captures: captures ?? null,
      gate: { ...parts, ...sockets, monotonicMs: () => parts.intake.monotonicMs() },
      notReady: () => this.#notReady(),
      status: this.#options.status ?? (() => this.status()),
      metrics: async () => ({ type: registry.contentType, text: await registry.metrics() }),
      onError,
    };
    this.#listener = await startListener(listen, (app) => addRoutes(app, routes), count);
    return this.#listener.port;
  }

  /**
   * Takes one frame for `stream` (NDJSON or a JSON array). Resolves when it is durable.
   * @throws TypeError for an unknown stream or what is no name of a schema, RangeError over maxFrameBytes, EngineBusy without room in bounded time.
   */
  ingest(stream: string, body: Uint8Array, schema?: string): Promise<IngestResult> {
    return this.#parts.calls.ingest(stream, body, schema);
  }

  /** Sends one audit event to the journal. */
  audit(event: AuditEntry): void {
    this.#parts.events.audit(event);
    this.#parts.events.flush();
  }

  /**
   * Sends one entry of a capture to the journal; `onDurable` when its fsync is done.
   * @returns false when there is no room for it now. @throws RangeError for an entry that no slab holds
   */
  put(kind: CaptureKind, entry: object, onDurable: () => void): boolean {
    return this.#parts.controls.put(kind, entry, onDurable);
  }

  /** Records of captures that became durable. */
  count({ accepted, duplicate, rejected }: { accepted: number; duplicate: number; rejected: number }): void {
    const { counters } = this.#parts;
    counters.accepted += accepted;
    counters.duplicate += duplicate;
    counters.rejected += rejected;
  }

  /** Commit says that slabs may have become durable. */
  onNotice(): void {
    // Cleared before the walk: what becomes durable after it rings again.
    Atomics.store(this.#options.ring.control, CONTROL.noticeFlag, 0);
    this.#parts.acks.walk();
    this.#parts.intake.poke();
    this.#turn();
  }

  /** Begins a shutdown: nothing new is taken; what was taken is still answered. */
  stopAccepting(): void {
    this.#parts.admission.draining = true;
    this.#parts.calls.close();
  }

  /** Resolves when everything that was taken, audit events included, is durable and answered. */
  flushed(): Promise<void> {
    return new Promise((resolve) => {
      this.#flushed.push(resolve);
      this.#parts.intake.wake();
    });
  }

  /** Closes every WebSocket with 1012 (restart). */
  closeConnections(): void {
    this.#parts.connections.visitOpen((_c, ws) => ws.end(CLOSE.restart, 'the engine restarts'));
    this.#options.captures?.closeConnections();
  }

  /** Ends listening and every connection, and closes the ring: workers and committer end when it is empty. */
  close(): void {
    clearInterval(this.#timer);
    this.#parts.admission.draining = true;
    this.#parts.calls.abandon();
    this.#listener?.close();
    this.#listener = null;
    this.#parts.producer.close();
  }

  status(): FrontendStatus {
    const { counters, latency, connections, sessions, keys, requests, intake, gauge } = this.#parts;
    const { accepted, rejected, duplicate, refused } = counters;
    const { p50, p99, max, count } = latency;
    return {
      connections: connections.open,
      sessions: sessions.size,
      keys: keys.size,
      requests: requests.count,
      received: accepted + rejected + duplicate,
      accepted,
      rejected,
      duplicate,
      frames: intake.frames,
      bytes: intake.bytes,
      refused,
      ackMs: { p50, p99, max, count },
      window: gauge.window,
      ring: gauge.ring,
      journal: this.#options.journal.occupancy(),
      accepting: this.#notReady() === null,
    };
  }

  #notReady(): string | null {
    if (this.#parts.admission.draining) return 'the engine is shutting down';
    const { journal } = this.#options;
    if (journal.full()) return journal.fullBecause?.() ?? 'the journal is full';
    if (this.#parts.intake.ringFull) return 'the ring is full';
    return null;
  }

  /** At the end of a turn of the event loop in which something happened, and after each notice. */
  #turn(): void {
    const { events, calls, intake } = this.#parts;
    events.flush();
    calls.pump();
    if (this.#flushed.length === 0 || !intake.empty || events.waiting > 0 || calls.waiting > 0) return;
    for (const resolve of this.#flushed.splice(0)) resolve();
  }

  #tick(): void {
    const { intake, acks, quotas, events, sessions, keys, connections, gauge, counters } = this.#parts;
    const nowMs = intake.monotonicMs();
    acks.walk();
    lookAtConnections(connections, gauge, counters, nowMs);
    this.#options.captures?.tick();
    quotas.sweep(nowMs);
    events.sweep(sessions, keys, this.#options.runningMs());
    this.#turn();
  }
}
