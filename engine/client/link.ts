// The connection of a session over its life: open, wait for `hello`, pass messages on, notice that it died, pause,
// open again. It knows nothing of frames and numbers. At most one socket is alive, and after a socket is given up none
// of its late events is heard.

import { Backoff } from './backoff.ts';
import { ClientError, errorOfClose, errorOfStatus } from './errors.ts';
import { type Ack, decodeMessage, type Hello, type Reject, type Window } from './messages.ts';
import type { Settings, Timers } from './options.ts';
import type { Opener, SocketLike } from './socket.ts';

/** How a connection ended. */
export interface Closed {
  /** WebSocket close code; 1006 where the connection just went. */
  readonly code: number;
  readonly reason: string;
  /** HTTP status that refused the upgrade, where the platform tells it. */
  readonly status: number | null;
  /** When the next attempt begins, in milliseconds; null = not resumed. */
  readonly resumeInMs: number | null;
  /** Why it is not resumed; null when it is, or when the caller closed. */
  readonly error: ClientError | null;
}

/** What the link tells its owner. `onHello` and `onMessage` may throw a ClientError: that ends the session. */
export interface LinkOwner {
  onHello(hello: Hello): void;
  onMessage(message: Ack | Reject | Window): void;
  onClosed(closed: Closed): void;
  /** True while the engine owes an answer. */
  owed(): boolean;
}

/** How long a closing handshake may take before the socket is cut. */
const CLOSE_MS = 1000;

export class Link {
  readonly #url: string;
  readonly #protocols: string[];
  readonly #opener: Opener | Promise<Opener>;
  readonly #settings: Settings;
  readonly #timers: Timers;
  readonly #owner: LinkOwner;
  readonly #backoff: Backoff;
  #socket: SocketLike | null = null;
  #ready = false;
  #started = false;
  #ended = false;
  #retry: unknown = null;
  #watch: unknown = null;
  /** Since when the engine has been silent although it owes something. */
  #silentSince = 0;
  /** Since when there has been no connection that got a `hello`. */
  #downSince = 0;
  #upSince = 0;

  constructor(
    url: string,
    protocols: string[],
    opener: Opener | Promise<Opener>,
    settings: Settings,
    owner: LinkOwner,
  ) {
    this.#url = url;
    this.#protocols = protocols;
    this.#opener = opener;
    this.#settings = settings;
    this.#timers = settings.timers;
    this.#owner = owner;
    this.#backoff = new Backoff(settings.backoffMs, settings.maxBackoffMs, settings.random);
  }

  /** True between `hello` and the end of a connection. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Begins to connect; more calls change nothing. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#downSince = this.#timers.now();
    void this.#connect();
  }

  /** Sends a frame on the ready connection. `first`: nothing else is in flight, so the silence is counted from now. */
  send(frame: Uint8Array, first: boolean): void {
    if (first) this.#silentSince = this.#timers.now();
    this.#socket?.send(frame);
  }

  /** Something became durable: the next pause is short again. */
  progress(): void {
    this.#backoff.reset();
  }

  /** Gives the connection up, as if the network had, and resumes. */
  drop(reason: string): void {
    if (this.#socket === null) return;
    this.#forget(this.#socket);
    this.#lost(1006, reason, null);
  }

  /** Closes for good. Resolves when the closing handshake is over, or after one second. */
  async end(code: number): Promise<void> {
    this.#ended = true;
    this.#clearTimers();
    const socket = this.#socket;
    if (socket === null) return;
    this.#ready = false;
    this.#socket = null;
    await new Promise<void>((resolve) => {
      const cut = this.#timers.setTimeout(() => {
        socket.terminate?.();
        resolve();
      }, CLOSE_MS);
      socket.onmessage = null;
      socket.onopen = null;
      socket.onclose = () => {
        this.#timers.clearTimeout(cut);
        resolve();
      };
      socket.close(code);
    });
    this.#owner.onClosed({ code, reason: '', status: null, resumeInMs: null, error: null });
  }

  async #connect(): Promise<void> {
    let opening: ReturnType<Opener>;
    try {
      const opener = this.#opener instanceof Promise ? await this.#opener : this.#opener;
      if (this.#ended) return;
      opening = opener(this.#url, this.#protocols);
    } catch (error) {
      this.#lost(
        1006,
        '',
        null,
        new ClientError('client.protocol', `no WebSocket: ${(error as Error).message}`),
      );
      return;
    }
    const { socket } = opening;
    this.#socket = socket;
    this.#silentSince = this.#timers.now();
    this.#watchFor(this.#settings.silenceMs);
    socket.onerror = () => {};
    socket.onmessage = (event) => this.#hear(socket, event.data);
    socket.onclose = (event) => {
      if (this.#socket !== socket) return;
      this.#forget(socket);
      this.#lost(event.code, event.reason, opening.status());
    };
  }

  #hear(socket: SocketLike, data: unknown): void {
    if (this.#socket !== socket) return;
    this.#silentSince = this.#timers.now();
    try {
      const message = decodeMessage(data);
      if (message === null) return;
      if (message === undefined)
        throw new ClientError('client.protocol', 'the engine sent what is not firn.v1');
      if ((message.type === 'hello') === this.#ready) {
        throw new ClientError('client.protocol', `the engine sent ${message.type} out of turn`);
      }
      if (message.type === 'hello') {
        this.#ready = true;
        this.#upSince = this.#timers.now();
        this.#owner.onHello(message);
      } else {
        this.#owner.onMessage(message);
      }
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      this.#forget(socket);
      this.#lost(1000, error.message, null, error);
    }
  }

  /** No event of this socket is heard any more, and it goes. */
  #forget(socket: SocketLike): void {
    if (this.#ready) {
      this.#downSince = this.#timers.now();
      if (this.#downSince - this.#upSince > this.#settings.maxBackoffMs) this.#backoff.reset();
    }
    this.#socket = null;
    this.#ready = false;
    socket.onmessage = null;
    socket.onclose = null;
    if (socket.terminate !== undefined) socket.terminate();
    else socket.close();
  }

  #lost(code: number, reason: string, status: number | null, given?: ClientError): void {
    this.#clearTimers();
    let error = given ?? errorOfClose(code, reason) ?? (status === null ? null : errorOfStatus(status));
    if (error === null && this.#timers.now() - this.#downSince >= this.#settings.giveUpMs) {
      const last = status === null ? `${code} ${reason}`.trim() : `HTTP ${status}`;
      error = new ClientError(
        'client.unreachable',
        `no connection for ${this.#settings.giveUpMs} ms (last: ${last})`,
      );
    }
    if (error !== null) this.#ended = true;
    const resumeInMs = error === null ? this.#backoff.next() : null;
    if (resumeInMs !== null) {
      this.#retry = this.#timers.setTimeout(() => {
        this.#retry = null;
        void this.#connect();
      }, resumeInMs);
    }
    this.#owner.onClosed({ code, reason, status, resumeInMs, error });
  }

  #watchFor(ms: number): void {
    this.#watch = this.#timers.setTimeout(() => {
      if (!this.#ready || this.#owner.owed()) {
        const left = this.#silentSince + this.#settings.silenceMs - this.#timers.now();
        if (left <= 0) this.drop('the engine is silent');
        else this.#watchFor(left);
      } else {
        this.#watchFor(this.#settings.silenceMs);
      }
    }, ms);
  }

  #clearTimers(): void {
    if (this.#retry !== null) this.#timers.clearTimeout(this.#retry);
    if (this.#watch !== null) this.#timers.clearTimeout(this.#watch);
    this.#retry = null;
    this.#watch = null;
  }
}
