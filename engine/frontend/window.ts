// How many unacknowledged frames a connection may have in flight. Always between 0 and the configured maximum; 0 only when
// ring or journal are all but full. Steps are powers of two, so that a wavering load does not send a message each time.

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

/** From here on the window shrinks, and from there on it is 0. */
const SHRINK_AT = 0.5;
const SHUT_AT = 0.95;

/** The window in frames for the given pressure: 0 … maxWindow. */
export function windowFor(maxWindow: number, pressure: Pressure): number {
  const fullest = Math.max(pressure.ring, pressure.journal);
  if (fullest >= SHUT_AT) return 0;
  const room = fullest <= SHRINK_AT ? 1 : (SHUT_AT - fullest) / (SHUT_AT - SHRINK_AT);
  const fair = pressure.ringBytes / (Math.max(1, pressure.active) * Math.max(1, pressure.frameBytes));
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

/** Weight of a new slab in the mean size of a frame. */
const WEIGHT = 0.1;

/** Keeps the window that connections are told now. */
export class WindowGauge {
  readonly #options: GaugeOptions;
  #frameBytes = 256;
  #active = 1;
  window: number;

  constructor(options: GaugeOptions) {
    this.#options = options;
    this.window = options.maxWindow;
    this.update();
  }

  /** A durable slab held `frames` frames in `bytes` bytes. */
  note(bytes: number, frames: number): void {
    if (frames > 0) this.#frameBytes += (bytes / frames - this.#frameBytes) * WEIGHT;
  }

  /** How many connections sent lately. */
  noteActive(connections: number): void {
    this.#active = connections;
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
      active: this.#active,
    });
  }
}
