// The way into the ring: room, time of arrival, and when the open slab is handed to the workers. One immediate at a time
// ends a turn of the event loop: it publishes when a worker would otherwise idle. No timers, so a lone frame waits for
// nothing and a flood fills its slabs. When the ring is full the thread waits here, bounded, and only while commit moves.

import type { Clock } from '../clock.ts';
import { MAX_RING_WAIT_MS } from '../limits.ts';
import { FRAME_KIND, FRAME_MODE, frameBytes } from '../ring/frame.ts';
import type { RingProducer } from '../ring/producer.ts';

/** What intake asks of the ring; RingProducer is the one implementation outside of tests. */
export type Producer = Pick<
  RingProducer,
  'reserve' | 'append' | 'publish' | 'workerIdle' | 'inFlight' | 'openFrames' | 'waitDurable'
>;

/** Slot of frames that nobody waits for. */
export const NO_SLOT = 0xffffffff;

/**
 * With so many slabs in flight the disk is what everybody waits for: another slab with a frame or two would not be answered
 * sooner, and a slow fsync would fill the ring with them. The notice of the next fsync ends the wait.
 */
const MAX_EAGER = 8;
/** Turns in a row that look for an idle worker before the next notice is waited for instead. */
const MAX_LOOKS = 64;

export interface IntakeOptions {
  readonly producer: Producer;
  readonly clock: Clock;
  /** True while the journal takes nothing more. Asked once a turn. */
  readonly journalFull: () => boolean;
  /** Walks durable slabs, so that they can be filled again. */
  readonly drain: () => void;
  /** Called at the end of each turn in which something happened, before the open slab is looked at. */
  readonly onTurn: () => void;
}

export class Intake {
  readonly #producer: Producer;
  readonly #clock: Clock;
  readonly #journalFull: () => boolean;
  readonly #drain: () => void;
  readonly #onTurn: () => void;
  #scheduled = false;
  #looks = 0;
  #waitMs = MAX_RING_WAIT_MS;
  /** Of this turn of the event loop; a turn is known by the immediate that ends it. */
  #fresh = false;
  #wallMs = 0;
  #monotonicMs = 0;
  #full = false;
  #refused = false;
  /** Bytes and frames since the start, with headers and padding. */
  bytes = 0;
  frames = 0;

  constructor(options: IntakeOptions) {
    this.#producer = options.producer;
    this.#clock = options.clock;
    this.#journalFull = options.journalFull;
    this.#drain = options.drain;
    this.#onTurn = options.onTurn;
  }

  /** Wall time of this turn of the event loop, Unix ms. */
  wallMs(): number {
    if (!this.#fresh) this.#look();
    return this.#wallMs;
  }

  /** Monotonic time of this turn of the event loop, ms. */
  monotonicMs(): number {
    if (!this.#fresh) this.#look();
    return this.#monotonicMs;
  }

  get journalFull(): boolean {
    if (!this.#fresh) this.#look();
    return this.#full;
  }

  /** True from a frame that found no room in the ring until one finds some, or commit moves. */
  get ringFull(): boolean {
    return this.#refused;
  }

  /**
   * Room for frames that together take `bytes` in one slab. Waits at most MAX_RING_WAIT_MS in a turn of the event loop,
   * and not at all when commit does not move. Connections may be closed meanwhile: look at yours again.
   * @returns false when there is none: refuse at once.
   */
  room(bytes: number): boolean {
    if (this.journalFull) return false;
    this.#refused = !this.#producer.reserve(bytes) && !this.#waitFor(bytes);
    return !this.#refused;
  }

  #waitFor(bytes: number): boolean {
    this.#drain();
    while (!this.#producer.reserve(bytes)) {
      if (this.#waitMs <= 0) return false;
      const startMs = this.#clock.monotonicMs();
      const moved = this.#producer.waitDurable(this.#waitMs);
      this.#waitMs = moved ? this.#waitMs - Math.max(0.01, this.#clock.monotonicMs() - startMs) : 0;
      this.#fresh = false;
      this.#schedule();
      if (moved) this.#drain();
    }
    return true;
  }

  /** Room without waiting and whatever the journal says: for control frames, which are small and come from the engine. */
  tryRoom(bytes: number): boolean {
    return this.#producer.reserve(bytes);
  }

  /** Puts a data frame into room that was made. `receivedMs`: when it first came in, where that was not now. */
  data(
    mode: number,
    stream: number,
    source: number,
    frame: number,
    slot: number,
    payload: ArrayBuffer | Uint8Array,
    receivedMs: number = this.wallMs(),
  ): void {
    this.#producer.append(FRAME_KIND.data, mode, stream, source, frame, receivedMs, slot, payload);
    this.bytes += frameBytes(payload.byteLength);
    this.frames += 1;
    this.#schedule();
  }

  /** Puts a control frame into room that was made. */
  control(kind: number, payload: Uint8Array, slot: number = NO_SLOT): void {
    this.#producer.append(kind, FRAME_MODE.auto, 0, 0, 0, this.wallMs(), slot, payload);
    this.#schedule();
  }

  /** Looks again for an idle worker and for room: a notice has come, so there may be either. */
  poke(): void {
    this.#refused = false;
    this.#looks = 0;
    if (this.#producer.openFrames > 0) this.#schedule();
  }

  /** Makes sure that `onTurn` is called. */
  wake(): void {
    this.#schedule();
  }

  /** True when every frame that was put in is durable and released. */
  get empty(): boolean {
    return this.#producer.openFrames === 0 && this.#producer.inFlight === 0;
  }

  /** Slabs published and not released. */
  get inFlight(): number {
    return this.#producer.inFlight;
  }

  #look(): void {
    this.#fresh = true;
    this.#wallMs = this.#clock.wallMs();
    this.#monotonicMs = this.#clock.monotonicMs();
    this.#full = this.#journalFull();
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#endTurn);
  }

  readonly #endTurn = (): void => {
    this.#waitMs = MAX_RING_WAIT_MS;
    // Still of this turn: what it asks for the time of, or puts in, schedules no further turn.
    this.#onTurn();
    this.#scheduled = false;
    this.#fresh = false;
    if (this.#producer.openFrames === 0) return;
    const { inFlight } = this.#producer;
    if (inFlight >= MAX_EAGER) return;
    if (inFlight === 0 || this.#producer.workerIdle()) {
      this.#looks = 0;
      this.#producer.publish();
      return;
    }
    // All workers are busy, so a notice will come; until then a few more turns look, and then the loop may sleep.
    this.#looks += 1;
    if (this.#looks < MAX_LOOKS) this.#schedule();
  };
}

/** The JSON of a control frame as bytes. */
export function controlPayload(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value), 'utf8');
}
