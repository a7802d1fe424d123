// FirnClient: sends records to a firn engine so that each one is durable exactly once, over any number of lost
// connections. Frames are kept until the engine acknowledges them; after a reconnect the engine says which number it
// expects, and the client goes on from there. It never renumbers: where the numbers do not fit, it stops and keeps
// its frames. Works in Node 20 and later and in browsers.

import { type Deferred, deferred } from './deferred.ts';
import { ClientError } from './errors.ts';
import { type ClientEvents, type Listener, Listeners } from './events.ts';
import { FrameQueue } from './frames.ts';
import { Intake } from './intake.ts';
import { type Closed, Link } from './link.ts';
import type { Ack, Hello, Reject, Window } from './messages.ts';
import { type ClientOptions, type Pending, randomSession, type Settings, settingsOf } from './options.ts';
import { endpointOf, findOpener, protocolsOf } from './socket.ts';

export type { ClientErrorCode } from './errors.ts';
export type { ClientEvents } from './events.ts';
export type { Closed } from './link.ts';
export type { Hello, Reject, Window } from './messages.ts';
export type { ClientOptions, Pending, Timers } from './options.ts';
export type { SocketConstructor } from './socket.ts';
export { ClientError };

/** Where the records of one `send` lie: the frame and index of the first; the others follow in order. */
export interface Receipt {
  readonly frame: number;
  readonly record: number;
  readonly records: number;
}

export class FirnClient {
  /** The session's id. A later client that is given it goes on in the same numbering. */
  readonly session: string;
  readonly #settings: Settings;
  readonly #queue = new FrameQueue();
  readonly #intake: Intake;
  readonly #link: Link;
  readonly #listeners = new Listeners();
  #window = 0;
  #maxFrameBytes = 0;
  #error: ClientError | null = null;
  #connecting: Deferred | null = null;

  /** Nothing is connected yet. Throws RangeError or TypeError for an option that cannot be. */
  constructor(options: ClientOptions) {
    this.#settings = settingsOf(options);
    this.session = options.session ?? options.resume?.session ?? randomSession();
    const { resume } = options;
    if (resume !== undefined && resume.next !== null) {
      if (resume.session !== this.session) throw new TypeError('resume belongs to another session');
      this.#queue.restore(resume.next, resume.frames);
    }
    this.#intake = new Intake(this.#queue, this.#settings, () => this.#transmit());
    this.#link = new Link(
      endpointOf(options.url, options.stream ?? 'coldchain', this.session, options.schema),
      protocolsOf(options.token),
      findOpener(options.webSocket),
      this.#settings,
      {
        onHello: (hello) => this.#onHello(hello),
        onMessage: (message) => this.#onMessage(message),
        onClosed: (closed) => this.#onClosed(closed),
        owed: () => this.#queue.inFlight > 0,
      },
    );
  }

  /** Why the client stopped for good; null while it works. */
  get error(): ClientError | null {
    return this.#error;
  }

  /** True between a `hello` and the end of its connection. */
  get connected(): boolean {
    return this.#link.ready;
  }

  /** Frames that are not acknowledged. Records that no frame took yet are not in it: their `send` is rejected. */
  get pending(): Pending {
    const next = this.#queue.opened ? this.#queue.first : null;
    return { session: this.session, next, frames: this.#queue.held() };
  }

  /** Frames and bytes that wait for their acknowledgement. */
  get pendingFrames(): number {
    return this.#queue.count;
  }

  get pendingBytes(): number {
    return this.#queue.bytes;
  }

  /** True when a `send` or `sendFrame` would be taken at once. */
  get room(): boolean {
    return this.#error === null && this.#intake.room;
  }

  /** Number of the next frame handed over with `sendFrame`; null while it is not known (`room` is false). */
  get nextFrame(): number | null {
    return this.room ? this.#intake.nextFrame : null;
  }

  /**
   * Connects; resolves with the first `hello`, rejects only when the client stops (see `error`). A network that is
   * down is waited for, up to `giveUpMs`.
   */
  connect(): Promise<void> {
    if (this.#error !== null) return Promise.reject(this.#error);
    if (this.#link.ready) return Promise.resolve();
    this.#connecting ??= deferred();
    this.#link.start();
    return this.#connecting.promise;
  }

  /**
   * Sends one record or several: objects, or strings that are one line of JSON each. They share frames with other
   * sends. Resolves when all of them are durable; a refused record is durable too, in the dead letter (`onReject`).
   * Waits while `maxPendingBytes` or `maxPendingFrames` are in use: await it, or `ready()`, to go at the engine's pace.
   * @throws ClientError `client.not-a-record`, `client.frame-too-large` (records before the one at fault were taken,
   * it and later ones were not), `client.busy`, or why the client stopped
   */
  send(records: object | string | readonly (object | string)[]): Promise<Receipt> {
    const list: readonly unknown[] = Array.isArray(records) ? records : [records];
    return new Promise<Receipt>((resolve, reject) => {
      let place = { frame: this.#queue.end, record: 0 };
      this.#add({
        kind: 'records',
        records: list,
        at: 0,
        onFirst: (frame, record) => {
          place = { frame, record };
        },
        resolve: () => resolve({ ...place, records: list.length }),
        reject,
      });
    });
  }

  /**
   * Sends a whole frame as it is: lines of JSON or one JSON array; text goes as its UTF-8. Resolves with the frame's
   * number when it is durable. The bytes are the client's until then: do not change them.
   * @throws ClientError as `send`
   */
  sendFrame(frame: Uint8Array | string): Promise<number> {
    const bytes = typeof frame === 'string' ? new TextEncoder().encode(frame) : frame;
    return new Promise<number>((resolve, reject) => {
      let number = 0;
      this.#add({
        kind: 'frame',
        bytes,
        onNumber: (n) => {
          number = n;
        },
        resolve: () => resolve(number),
        reject,
      });
    });
  }

  /** Resolves when all calls before it are frames and there is room for another. */
  ready(): Promise<void> {
    return new Promise((resolve, reject) => this.#add({ kind: 'room', resolve, reject }));
  }

  /** Sends what waits for company and resolves when everything sent before this call is durable. */
  flush(): Promise<void> {
    return new Promise((resolve, reject) => this.#add({ kind: 'flush', resolve, reject }));
  }

  /** Flushes, then closes with 1000. Rejects with the reason when the client stopped before all was durable. */
  async close(): Promise<void> {
    const nothingHeld = this.#queue.count === 0 && this.#intake.idle;
    if (this.#error !== null) {
      if (nothingHeld || this.#error.code === 'client.closed') return;
      throw this.#error;
    }
    if (!nothingHeld) await this.flush();
    await this.stop();
  }

  /** Closes at once, without waiting for acknowledgements. What was not acknowledged stays in `pending`. */
  async stop(): Promise<void> {
    if (this.#error !== null) return;
    this.#fail(new ClientError('client.closed', 'the client was closed'));
    await this.#link.end(1000);
  }

  /** Drops the connection and resumes on a new one, for instance after a change of network. */
  reconnect(): void {
    this.#link.drop('the caller asked for a new connection');
  }

  /** Hears of refused records. Returns how to stop hearing. */
  onReject(listener: (reject: Reject) => void): () => void {
    return this.on('reject', listener);
  }

  /** Hears of an event. Returns how to stop hearing. */
  on<K extends keyof ClientEvents>(event: K, listener: Listener<K>): () => void {
    return this.#listeners.add(event, listener);
  }

  #add(call: Parameters<Intake['add']>[0]): void {
    if (this.#error !== null) {
      call.reject(this.#error);
      return;
    }
    this.#intake.add(call);
    this.#advance();
  }

  /** Makes frames where the engine's limits are known, and sends what the window allows. */
  #advance(): void {
    if (this.#queue.opened && this.#maxFrameBytes > 0) this.#intake.pump(this.#maxFrameBytes);
    this.#transmit();
  }

  #transmit(): void {
    while (this.#link.ready && this.#queue.inFlight < this.#window) {
      const first = this.#queue.inFlight === 0;
      const frame = this.#queue.take();
      if (frame === null) return;
      this.#link.send(frame, first);
    }
  }

  #onHello(hello: Hello): void {
    if (hello.session !== this.session) {
      throw new ClientError('client.protocol', 'the engine opened another session than the one asked for');
    }
    this.#maxFrameBytes = Math.min(hello.maxFrameBytes, this.#settings.maxFrameBytes);
    if (this.#queue.largest() > hello.maxFrameBytes) {
      throw new ClientError(
        'client.frame-too-large',
        `the engine now takes only ${hello.maxFrameBytes} bytes a frame`,
      );
    }
    const { first, opened } = this.#queue;
    if (!this.#queue.resume(hello.next)) {
      throw new ClientError(
        'client.session-lost',
        `the engine expects frame ${hello.next}, which this session cannot be at`,
      );
    }
    this.#window = hello.window;
    this.#connecting?.resolve();
    this.#connecting = null;
    const moved = opened && this.#queue.first > first;
    if (moved) this.#link.progress();
    this.#listeners.tell('open', hello);
    if (moved) this.#listeners.tell('ack', this.#queue.first);
    this.#advance();
  }

  #onMessage(message: Ack | Reject | Window): void {
    switch (message.type) {
      case 'ack':
        if (message.next > this.#queue.sent) {
          throw new ClientError(
            'client.session-lost',
            `the engine acknowledges frame ${message.next}, which was not sent`,
          );
        }
        if (message.next > this.#queue.first) {
          this.#queue.ack(message.next);
          this.#link.progress();
          this.#listeners.tell('ack', message.next);
          this.#advance();
        }
        break;
      case 'reject':
        this.#listeners.tell('reject', message);
        break;
      case 'window':
        this.#window = message.frames;
        this.#listeners.tell('window', message.frames);
        this.#transmit();
        break;
    }
  }

  #onClosed(closed: Closed): void {
    if (closed.error !== null) this.#fail(closed.error);
    this.#listeners.tell('close', closed);
  }

  #fail(error: ClientError): void {
    this.#error = error;
    this.#connecting?.reject(error);
    this.#connecting = null;
    this.#intake.fail(error);
    this.#queue.fail(error);
  }
}
