// Collects the garbage of an engine process before it is looked at, through the inspector that it was started with. What V8
// has not collected yet is no leak, and it lets a small heap grow for tens of minutes before it looks: resident memory
// would tell of its mood. Reached are the main thread and the threads whose event loop turns (sealing); codec and commit
// wait in the ring.

import { once } from 'node:events';
import { createServer } from 'node:net';
import WebSocket from 'ws';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly sessionId?: string };
}

/** What an engine is started with, so that its garbage can be collected: `NODE_OPTIONS` with a free port of 127.0.0.1. */
export async function inspected(): Promise<{ port: number; env: Readonly<Record<string, string>> }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return { port, env: { NODE_OPTIONS: `--inspect=127.0.0.1:${port}` } };
}

export class GarbageCollector {
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, () => void>();
  readonly #threads: string[] = [];
  #id = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (text) => this.#hear(JSON.parse(String(text)) as Message));
  }

  /** Connects to the inspector at `port`. */
  static async open(port: number): Promise<GarbageCollector> {
    const targets = await fetch(`http://127.0.0.1:${port}/json/list`);
    const [target] = (await targets.json()) as { webSocketDebuggerUrl: string }[];
    const socket = new WebSocket(target?.webSocketDebuggerUrl ?? '', { perMessageDeflate: false });
    await once(socket, 'open');
    const collector = new GarbageCollector(socket);
    await collector.#call('NodeWorker.enable', { waitForDebuggerOnStart: false });
    return collector;
  }

  /** Threads beside the main one that were reached. */
  get threads(): number {
    return this.#threads.length;
  }

  /** Resolves when the main thread's heap is collected; those of other threads are under way. */
  async collect(): Promise<void> {
    const message = JSON.stringify({ id: 1, method: 'HeapProfiler.collectGarbage' });
    for (const sessionId of this.#threads)
      await this.#call('NodeWorker.sendMessageToWorker', { sessionId, message });
    await this.#call('HeapProfiler.collectGarbage', {});
  }

  close(): void {
    this.#socket.close();
  }

  #call(method: string, params: object): Promise<void> {
    this.#id += 1;
    const id = this.#id;
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  #hear({ id, method, params }: Message): void {
    if (method === 'NodeWorker.attachedToWorker' && params?.sessionId !== undefined)
      this.#threads.push(params.sessionId);
    if (id === undefined) return;
    this.#answers.get(id)?.();
    this.#answers.delete(id);
  }
}
