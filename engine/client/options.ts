// What a caller can say to FirnClient, with every default in one place. Sizes in bytes, times in milliseconds.

import type { SocketConstructor } from './socket.ts';

/** Frames that are not acknowledged yet: give it to a new client as `resume` and it goes on where this one stopped. */
export interface Pending {
  readonly session: string;
  /** Number of the first of `frames`; null when the session was never opened (then there are no frames). */
  readonly next: number | null;
  readonly frames: readonly Uint8Array[];
}

/** Time, injectable for tests. `now` is monotonic. */
export interface Timers {
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(handle: unknown): void;
  now(): number;
}

export interface ClientOptions {
  /** `ws://host:port` (also wss, http, https), or the whole endpoint `ws://host:port/v1/streams/NAME/ws`. */
  readonly url: string;
  /** Stream; default `coldchain`. Not used when `url` is the whole endpoint. */
  readonly stream?: string;
  /** Schema of the records, `telemetry/2`; default the stream's own. What the engine does not know goes to a dead letter. */
  readonly schema?: string;
  /** `^[A-Za-z0-9._:-]{1,64}$`; default 128 random bits. One client at a time may use it. */
  readonly session?: string;
  /** Bearer token. Travels as a subprotocol, never in the URL. */
  readonly token?: string;
  /** Records that make a frame full; default 256. */
  readonly recordsPerFrame?: number;
  /** Upper bound of a frame; default (and never more than) what the engine says in `hello`. */
  readonly maxFrameBytes?: number;
  /** How long a record may wait for company before its frame leaves; default 5, 0 = end of the current turn. */
  readonly lingerMs?: number;
  /** Bytes not acknowledged at which `send` waits; default 8 MiB. At most one frame more is held. */
  readonly maxPendingBytes?: number;
  /** Frames not acknowledged at which `send` waits; default 4096. */
  readonly maxPendingFrames?: number;
  /** Calls that may wait for room; one more is refused with `client.busy`. Default 10,000. */
  readonly maxWaiting?: number;
  /** First and largest bound of the pause before a reconnect; the pause is random between 0 and the bound. */
  readonly backoffMs?: number;
  readonly maxBackoffMs?: number;
  /** How long to try without reaching the engine; default for ever. */
  readonly giveUpMs?: number;
  /** Silence of the engine, while it owes an answer, after which the connection counts as dead; default 60,000. */
  readonly silenceMs?: number;
  /** What an earlier client of this session left in its `pending`. */
  readonly resume?: Pending;
  /** WebSocket class; default the platform's, or package `ws` where the platform has none (Node 20). */
  readonly webSocket?: SocketConstructor;
  readonly random?: () => number;
  readonly timers?: Timers;
}

/** Options with every default filled in. */
export interface Settings {
  readonly recordsPerFrame: number;
  readonly maxFrameBytes: number;
  readonly lingerMs: number;
  readonly maxPendingBytes: number;
  readonly maxPendingFrames: number;
  readonly maxWaiting: number;
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  readonly giveUpMs: number;
  readonly silenceMs: number;
  readonly random: () => number;
  readonly timers: Timers;
}

const platformTimers: Timers = {
  setTimeout: (run, ms) => globalThis.setTimeout(run, ms),
  clearTimeout: (handle) => globalThis.clearTimeout(handle as ReturnType<typeof setTimeout>),
  now: () => performance.now(),
};

function number(name: string, value: number | undefined, fallback: number, least: number): number {
  const chosen = value ?? fallback;
  if (!(chosen >= least)) throw new RangeError(`${name} is a number of at least ${least}`);
  return chosen;
}

/** Checks the options. Throws RangeError with the name of the option that cannot be. */
export function settingsOf(options: ClientOptions): Settings {
  return {
    recordsPerFrame: number('recordsPerFrame', options.recordsPerFrame, 256, 1),
    maxFrameBytes: number('maxFrameBytes', options.maxFrameBytes, Number.POSITIVE_INFINITY, 2),
    lingerMs: number('lingerMs', options.lingerMs, 5, 0),
    maxPendingBytes: number('maxPendingBytes', options.maxPendingBytes, 8 * 1024 * 1024, 1),
    maxPendingFrames: number('maxPendingFrames', options.maxPendingFrames, 4096, 1),
    maxWaiting: number('maxWaiting', options.maxWaiting, 10_000, 1),
    backoffMs: number('backoffMs', options.backoffMs, 200, 0),
    maxBackoffMs: number('maxBackoffMs', options.maxBackoffMs, 15_000, 0),
    giveUpMs: number('giveUpMs', options.giveUpMs, Number.POSITIVE_INFINITY, 0),
    silenceMs: number('silenceMs', options.silenceMs, 60_000, 1),
    random: options.random ?? Math.random,
    timers: options.timers ?? platformTimers,
  };
}

/** A session id of 128 random bits, as 32 hex digits. */
export function randomSession(): string {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
