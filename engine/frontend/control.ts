// Control frames of captures on their way into the ring: bounded, so that verdicts of a large document never take the room
// that frames of devices need, and told when they are durable. Nothing waits here: who is refused tries again when one of
// its own has become durable, or a little later.

import { FRAME_HEADER_BYTES, type FRAME_KIND, frameBytes } from '../ring/frame.ts';
import { controlPayload, type Intake } from './intake.ts';
import type { Requests } from './requests.ts';

/** The part of the ring that these frames may have. */
const SHARE = 1 / 4;

export type CaptureKind = (typeof FRAME_KIND)['capture' | 'verdict' | 'captured' | 'forget'];

export interface ControlsOptions {
  readonly intake: Pick<Intake, 'journalFull' | 'tryRoom' | 'control'>;
  readonly requests: Pick<Requests, 'add'>;
  readonly slabs: number;
  readonly slabBytes: number;
}

export class Controls {
  readonly #options: ControlsOptions;
  readonly #mostBytes: number;
  #bytes = 0;
  #frames = 0;

  constructor(options: ControlsOptions) {
    this.#options = options;
    this.#mostBytes = Math.max(options.slabBytes, options.slabs * options.slabBytes * SHARE);
  }

  /** Frames on their way. */
  get frames(): number {
    return this.#frames;
  }

  /**
   * Puts one entry into the ring. `onDurable` is called once, when its fsync is done; entries become durable in the order
   * in which they were put.
   * @returns false when there is no room, in the ring or in the journal: nothing was taken.
   * @throws RangeError for an entry that no slab holds
   */
  put(kind: CaptureKind, value: object, onDurable: () => void): boolean {
    const { intake, requests, slabBytes } = this.#options;
    const payload = controlPayload(value);
    const bytes = frameBytes(payload.length);
    if (bytes > slabBytes)
      throw new RangeError(
        `an entry of ${payload.length} bytes: a slab holds ${slabBytes - FRAME_HEADER_BYTES}`,
      );
    if (this.#bytes > 0 && this.#bytes + bytes > this.#mostBytes) return false;
    if (intake.journalFull || !intake.tryRoom(bytes)) return false;
    this.#bytes += bytes;
    this.#frames += 1;
    const slot = requests.add(() => {
      this.#bytes -= bytes;
      this.#frames -= 1;
      onDurable();
    });
    intake.control(kind, payload, slot);
    return true;
  }
}
