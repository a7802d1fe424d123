// How many unacknowledged frames a connection may have in flight. Always between 0 and the configured maximum; 0 only when
// ring or journal are all but full. Steps are powers of two, so that a wavering load does not send a message each time.

import { KIB } from '../limits.ts';

/** What the window is made of. Shares are 0–1. */
export interface Pressure {
  /** Slabs in flight / slabs of the ring. */
  readonly ring: number;
  /** Journal bytes / quota. */
  readonly journal: number;
  /** Input bytes of the whole ring. */
  readonly ringBytes: number;
  /** Mean bytes that a frame takes in a slab. */
  readonly frameBytes: number;
  /** Connections that sent lately. */
  readonly active: number;
}

/**
 * All windows together may bring in this share of the ring. Not all of it: frames leave room at the end of their slabs, and
 * a full ring makes the front end wait and then refuse.
 */
const FAIR_SHARE = 0.5;
/** From here on the window shrinks, and from there on it is 0. */
const SHRINK_AT = 0.5;
const SHUT_AT = 0.95;

/** The window in frames for the given pressure: 0 … maxWindow. */
export function windowFor(maxWindow: number, pressure: Pressure): number {
  const fullest = Math.max(pressure.ring, pressure.journal);
  if (fullest >= SHUT_AT) return 0;
  const room = fullest <= SHRINK_AT ? 1 : (SHUT_AT - fullest) / (SHUT_AT - SHRINK_AT);
  const fair =
    (FAIR_SHARE * pressure.ringBytes) / (Math.max(1, pressure.active) * Math.max(1, pressure.frameBytes));
  const frames = Math.floor(Math.min(maxWindow * room, fair));
  if (frames >= maxWindow) return maxWindow;
  return frames <= 1 ? 1 : 2 ** (31 - Math.clz32(frames));
}

export interface GaugeOptions {
  readonly maxWindow: number;
  readonly slabs: number;
  readonly slabBytes: number;
  /** Slabs published and not released. */
  readonly inFlight: () => number;
  /** 0–1, of the journal's quota. */
  readonly journal: () => number;
}

/** Least weight of a new slab in the mean size of a frame; the first slabs weigh as in a plain mean. */
const WEIGHT = 0.1;

/**
 * All first windows together may bring in at most this share of the ring, in frames of at least this size: who has just
 * connected has not shown yet what it sends, and the next window comes with its first acknowledgement.
 */
const START_SHARE = 1 / 4;
const START_FRAME_BYTES = 16 * KIB;

/** Keeps the window that connections are told now. */
export class WindowGauge {
  readonly #options: GaugeOptions;
  #frameBytes = 256;
  #slabs = 0;
  /** Connections that sent between the two last ticks, and since the last one. */
  #active = 1;
  #sending = 0;
  window: number;

  constructor(options: GaugeOptions) {
    this.#options = options;
    this.window = options.maxWindow;
    this.update();
  }

  /** A durable slab held `frames` frames in `bytes` bytes. */
  note(bytes: number, frames: number): void {
    if (frames === 0) return;
    this.#slabs += 1;
    this.#frameBytes += (bytes / frames - this.#frameBytes) * Math.max(WEIGHT, 1 / this.#slabs);
  }

  /** A connection opens, or sends for the first time since the last tick. It counts at once: many may begin together. */
  noteSender(): void {
    this.#sending += 1;
  }

  /** A tick is over; every connection that sends will be noted anew. */
  tick(): void {
    this.#active = this.#sending;
    this.#sending = 0;
  }

  /** The window of a connection that says hello as one of `open`. */
  first(open: number): number {
    const { slabs, slabBytes } = this.#options;
    const share = slabs * slabBytes * START_SHARE;
    const frames = Math.max(1, share / (Math.max(1, open) * Math.max(this.#frameBytes, START_FRAME_BYTES)));
    return Math.min(this.window, 2 ** Math.floor(Math.log2(frames)));
  }

  /** Slabs in flight / slabs of the ring. */
  get ring(): number {
    return this.#options.inFlight() / this.#options.slabs;
  }

  /** Reckons the window anew. */
  update(): void {
    const { maxWindow, slabs, slabBytes, journal } = this.#options;
    this.window = windowFor(maxWindow, {
      ring: this.ring,
      journal: journal(),
      ringBytes: slabs * slabBytes,
      frameBytes: this.#frameBytes,
      active: Math.max(this.#active, this.#sending),
    });
  }
}
