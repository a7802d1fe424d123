// A small `firn.v1` server on package `ws` that keeps frames in memory and misbehaves as a test tells it to.

import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

export interface Connection {
  readonly socket: WebSocket;
  readonly session: string;
  readonly request: IncomingMessage;
  /** Counts from 0 over the life of the server. */
  readonly index: number;
  say(message: object): void;
}

/** `ack` = keep and acknowledge; `keep` = durable, but the answer is lost; `lose` = never arrived. */
export type Fate = 'ack' | 'keep' | 'lose';

export interface Script {
  window?: number;
  maxFrameBytes?: number;
  /** HTTP status that refuses the upgrade; null = accept. */
  refuse?(index: number): number | null;
  /** The `next` to announce; `durable` is the honest one. */
  next?(durable: number, index: number): number;
  /** False = the connection opens and nothing is said. */
  hello?(index: number): boolean;
  onOpen?(connection: Connection): void;
  onFrame?(connection: Connection, frame: Buffer, number: number): Fate;
}

export class ScriptedServer {
  readonly script: Script;
  readonly durable: Map<string, string[]> = new Map();
  readonly connections: Connection[] = [];
  /** Bytes after which the raw connection is cut, one for each connection in turn. */
  readonly cuts: number[] = [];
  /** The most frames that were unacknowledged at once, over all connections. */
  deepest: number = 0;
  #server: WebSocketServer | null = null;
  #refused = 0;

  constructor(script: Script = {}) {
    this.script = script;
  }

  get url(): string {
    const address = this.#server?.address() as AddressInfo | undefined;
    return `ws://127.0.0.1:${address?.port}`;
  }

  framesOf(session: string): string[] {
    return this.durable.get(session) ?? [];
  }

  async start(): Promise<this> {
    const server = new WebSocketServer({
      host: '127.0.0.1',
      port: 0,
      perMessageDeflate: false,
      handleProtocols: (protocols) => (protocols.has('firn.v1') ? 'firn.v1' : false),
      verifyClient: (_info, done) => {
        const status = this.script.refuse?.(this.connections.length + this.#refused) ?? null;
        if (status !== null) this.#refused += 1;
        done(status === null, status ?? undefined);
      },
    });
    this.#server = server;
    server.on('connection', (socket, request) => this.#onConnection(socket, request));
    await new Promise<void>((resolve) => server.once('listening', resolve));
    return this;
  }

  async stop(): Promise<void> {
    for (const client of this.#server?.clients ?? []) client.terminate();
    await new Promise<void>((resolve) => this.#server?.close(() => resolve()));
  }

  #onConnection(socket: WebSocket, request: IncomingMessage): void {
    const session = new URL(request.url ?? '', 'ws://x').searchParams.get('session') ?? '';
    const kept = this.durable.get(session) ?? [];
    this.durable.set(session, kept);
    const index = this.connections.length;
    const say = (message: object): void => socket.send(JSON.stringify(message));
    const connection = { socket, session, request, index, say };
    this.connections.push(connection);
    socket.on('error', () => {});
    this.#armCut(request);
    let number = this.script.next?.(kept.length, index) ?? kept.length;
    let acked = number;
    let broken = false;
    socket.on('message', (data) => {
      if (broken) return;
      const frame = data as Buffer;
      const fate = this.script.onFrame?.(connection, frame, number) ?? 'ack';
      this.deepest = Math.max(this.deepest, number + 1 - acked);
      // What comes after a lost frame on the same connection must not take its number.
      broken = fate === 'lose';
      if (broken) return;
      if (number === kept.length) kept.push(frame.toString());
      number += 1;
      if (fate === 'ack') {
        acked = number;
        say({ type: 'ack', next: number });
      }
    });
    const { window = 8, maxFrameBytes = 65_536 } = this.script;
    if (this.script.hello?.(index) ?? true)
      say({ type: 'hello', session, next: number, window, maxFrameBytes });
    this.script.onOpen?.(connection);
  }

  #armCut(request: IncomingMessage): void {
    let left = this.cuts.shift() ?? Number.POSITIVE_INFINITY;
    request.socket.on('data', (bytes) => {
      left -= bytes.length;
      if (left <= 0) request.socket.destroy();
    });
  }
}
