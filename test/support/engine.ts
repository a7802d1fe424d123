// An engine in this process on a folder of its own, with cuts short enough for tests; and small ways to talk to it that
// use nothing of firn's client.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { createEngine, type Engine, type EngineOptions } from '../../engine/engine.ts';

export interface TestEngine {
  readonly engine: Engine;
  readonly folder: string;
  readonly lake: string;
  readonly http: string;
  readonly ws: string;
  /** Closes the engine (when it still runs) and removes the folder. */
  remove(): Promise<void>;
}

/** Starts an engine on port 0 below a new temporary folder, or on `folder` again. */
export async function startEngine(options: EngineOptions = {}, folder?: string): Promise<TestEngine> {
  const data = folder ?? mkdtempSync(join(tmpdir(), 'firn-engine-'));
  const engine = await createEngine({
    data,
    listen: { port: 0 },
    journal: { minFreeBytes: 0 },
    log: { level: 'silent' },
    ...options,
  });
  const http = engine.url ?? '';
  return {
    engine,
    folder: data,
    lake: join(data, 'lake'),
    http,
    ws: http.replace(/^http/, 'ws'),
    remove: async () => {
      await engine.close();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

export interface ServerMessage {
  readonly type: 'hello' | 'ack' | 'reject' | 'window';
  readonly [member: string]: unknown;
}

/** A bare endpoint: sends what it is told, keeps what it hears, waits for what you name. */
export class Endpoint {
  readonly socket: WebSocket;
  readonly heard: ServerMessage[] = [];
  /** Close code, once closed. */
  closed: Promise<number>;
  #wake: (() => void)[] = [];

  constructor(url: string, options: { protocols?: string[]; headers?: Record<string, string> } = {}) {
    this.socket = new WebSocket(url, options.protocols ?? [], {
      headers: options.headers ?? {},
      perMessageDeflate: false,
    });
    this.closed = new Promise((resolve) => {
      this.socket.once('close', (code) => {
        resolve(code);
        this.#ring();
      });
    });
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data: Buffer) => {
      this.heard.push(JSON.parse(data.toString('utf8')) as ServerMessage);
      this.#ring();
    });
  }

  /** The first message that `wanted` accepts, heard or to come. Fails when the connection closes before. */
  async until(wanted: (message: ServerMessage) => boolean): Promise<ServerMessage> {
    for (;;) {
      const found = this.heard.find(wanted);
      if (found !== undefined) return found;
      if (this.socket.readyState === WebSocket.CLOSED)
        throw new Error(`closed; heard ${JSON.stringify(this.heard)}`);
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  hello(): Promise<ServerMessage> {
    return this.until((message) => message.type === 'hello');
  }

  /** Waits until every frame below `next` is acknowledged. */
  acknowledged(next: number): Promise<ServerMessage> {
    return this.until((message) => message.type === 'ack' && Number(message['next']) >= next);
  }

  rejects(): ServerMessage[] {
    return this.heard.filter((message) => message.type === 'reject');
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }

  #ring(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }
}
