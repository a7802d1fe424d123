// A front end on a real port with the stand-in pipeline behind it, and clients to talk to it.

import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import WebSocket, { type ClientOptions } from 'ws';
import { type Clock, systemClock } from '../../engine/clock.ts';
import { type Config, type ConfigInput, parseConfig } from '../../engine/config.ts';
import { Frontend, type FrontendOptions } from '../../engine/frontend/frontend.ts';
import { Fold } from '../../engine/journal/fold.ts';
import { createLog } from '../../engine/log.ts';
import { openRegistry } from '../../engine/registry.ts';
import { createRing, type Ring } from '../../engine/ring/layout.ts';
import { memoryDisk } from './memory-disk.ts';
import { Pipeline } from './pipeline.ts';

/** A clock that only the test moves. */
export class FakeClock implements Clock {
  wall = 1_780_000_000_000;
  monotonic = 1_000;
  wallMs(): number {
    return this.wall;
  }
  monotonicMs(): number {
    return this.monotonic;
  }
  advance(ms: number): void {
    this.wall += ms;
    this.monotonic += ms;
  }
}

export interface FrontSetup {
  config?: ConfigInput;
  clock?: Clock;
  runningMs?: () => number;
  /** What an earlier run left: its pipeline is recovered from. */
  before?: Pipeline;
  status?: () => unknown;
  captures?: FrontendOptions['captures'];
  tickMs?: number;
  /** False: ingest() only. */
  listen?: boolean;
}

export interface Front {
  readonly config: Config;
  readonly frontend: Frontend;
  readonly pipeline: Pipeline;
  readonly ring: Ring;
  readonly port: number;
  /** The test sets these. */
  readonly journal: { isFull: boolean; share: number };
  close(): void;
}

const open: Front[] = [];

/** Starts a front end on a free port of 127.0.0.1. `closeFronts` ends it. */
export async function startFront(setup: FrontSetup = {}): Promise<Front> {
  const config = parseConfig({
    ...setup.config,
    listen: { port: 0, ...(setup.config?.listen as object | undefined) },
    ring: { slabs: 32, slabBytes: 192 * 1024, ...setup.config?.ring },
    workers: 1,
  });
  const ring = createRing(config.ring);
  const registry = openRegistry(memoryDisk().storage, '/', config.streams);
  const fold = new Fold((number) => registry.byNumber(number).table);
  setup.before?.recover(fold);
  const journal = { isFull: false, share: 0 };
  const runningMs = setup.runningMs ?? (() => 0);
  const options: FrontendOptions = {
    config,
    ring,
    registry,
    fold,
    clock: setup.clock ?? systemClock(ring.positions),
    runningMs,
    journal: { full: () => journal.isFull, occupancy: () => journal.share },
    log: createLog('silent'),
    tickMs: setup.tickMs ?? 10,
    ...(setup.status === undefined ? {} : { status: setup.status }),
    ...(setup.captures === undefined ? {} : { captures: setup.captures }),
  };
  const frontend = new Frontend(options);
  const { maxRecordsPerFrame } = config.limits;
  const specs = config.streams.flatMap(({ stream, unknownFields, zones }) =>
    registry
      .accepted(stream)
      .map(({ number, table }) => ({ number, stream, table, unknownFields, zones, maxRecordsPerFrame })),
  );
  const pipeline = new Pipeline(ring, specs, () => frontend.onNotice());
  pipeline.runningMs = runningMs;
  const port = setup.listen === false ? 0 : await frontend.listen();
  const front: Front = {
    config,
    frontend,
    pipeline,
    ring,
    port,
    journal,
    close: () => {
      pipeline.stop();
      frontend.close();
    },
  };
  open.push(front);
  return front;
}

/** Ends every front end and client that a test has started. */
export function closeFronts(): void {
  for (const client of clients.splice(0)) client.ws.terminate();
  for (const front of open.splice(0)) front.close();
}

const clients: Client[] = [];

// biome-ignore lint/suspicious/noExplicitAny: messages of several shapes
type Message = any;

/** A WebSocket whose messages wait until somebody asks for them. */
export class Client {
  readonly ws: WebSocket;
  readonly seen: Message[] = [];
  readonly opened: Promise<void>;
  readonly closed: Promise<{ code: number; reason: string }>;
  /** HTTP status where the upgrade was refused. */
  readonly refused: Promise<{ status: number; headers: IncomingHttpHeaders; body: string }>;
  #next = 0;
  #wake: (() => void) | null = null;
  #ended = false;

  constructor(url: string, protocols: string[] = [], options: ClientOptions = {}) {
    this.ws = new WebSocket(url, protocols, options);
    clients.push(this);
    this.ws.on('error', () => {});
    this.ws.on('message', (data) => {
      this.seen.push(JSON.parse(String(data)));
      this.#wake?.();
    });
    this.opened = new Promise((resolve) => this.ws.once('open', () => resolve()));
    this.closed = new Promise((resolve) =>
      this.ws.once('close', (code, reason) => {
        this.#ended = true;
        this.#wake?.();
        resolve({ code, reason: String(reason) });
      }),
    );
    this.refused = new Promise((resolve) =>
      this.ws.once('unexpected-response', (_request, response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (piece) => {
          body += piece;
        });
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
          this.ws.terminate();
        });
      }),
    );
  }

  /** The next message, in order. */
  async next(): Promise<Message> {
    while (this.#next >= this.seen.length) {
      if (this.#ended) throw new Error(`closed after ${this.seen.length} messages`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.seen[this.#next++];
  }

  /** The next message of that type; others before it are skipped. */
  async nextOf(type: string): Promise<Message> {
    for (;;) {
      const message = await this.next();
      if (message.type === type) return message;
    }
  }

  /** Waits for the ack of everything below `next`. */
  async acked(next: number): Promise<void> {
    for (;;) if ((await this.nextOf('ack')).next >= next) return;
  }

  send(frame: string | Uint8Array): void {
    this.ws.send(frame);
  }
}

export function connectTo(
  front: Front,
  query = '',
  protocols: string[] = [],
  options: ClientOptions = {},
): Client {
  return new Client(`ws://127.0.0.1:${front.port}/v1/streams/coldchain/ws${query}`, protocols, options);
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: bodies of several shapes
  readonly json: any;
}

/** One HTTP request over its own connection. */
export function call(
  front: Front,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string | Uint8Array } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body } = options;
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const request = httpRequest(
      { host: '127.0.0.1', port: front.port, path, method, headers: { ...length, ...headers }, agent: false },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (piece) => {
          text += piece;
        });
        response.on('end', () => {
          const isJson = /json/.test(response.headers['content-type'] ?? '') && text !== '';
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            json: isJson ? JSON.parse(text) : null,
          });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

/** POSTs records as NDJSON unless the headers say otherwise. */
export function post(
  front: Front,
  body: string | Uint8Array,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return call(front, '/v1/streams/coldchain/records', {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson', ...headers },
    body,
  });
}

/** A bare TCP connection, and everything that came back on it. */
export function rawSocket(front: Front): { socket: Socket; received: () => string; ended: Promise<void> } {
  const socket = connect(front.port, '127.0.0.1');
  let text = '';
  socket.on('data', (piece) => {
    text += String(piece);
  });
  socket.on('error', () => {});
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return { socket, received: () => text, ended };
}

/** Waits until `true`, looking after every turn of the event loop; fails after five seconds. */
export async function until(condition: () => boolean, what = 'condition'): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

let serial = 0;

/** A good record, different each time. */
export function record(change: Record<string, unknown> = {}): string {
  serial += 1;
  return JSON.stringify({
    sensor_id: `sensor-${serial}`,
    timestamp_utc: '2026-01-31T23:59:58Z',
    temperature_c: 4.5,
    zone_id: 'COLD-1',
    ...change,
  });
}

/** `count` good records as lines. */
export function lines(count: number): string {
  return Array.from({ length: count }, () => `${record()}\n`).join('');
}
