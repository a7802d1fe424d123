// How far the lake is behind the seal stage: what is sealed and not in the lake yet, and since when. All zero when the
// store keeps up. Read from the shared words, by the status and by the metrics.

import type { Clock } from './clock.ts';
import { POSITION } from './ring/layout.ts';

export interface SinkLag {
  /** Sealed batches (and heartbeats) that are not in the lake and the log yet. */
  readonly batches: number;
  /** What their objects take on disk. */
  readonly bytes: number;
  /** Age of the oldest of them. */
  readonly seconds: number;
}

export function sinkLag(positions: BigInt64Array, clock: Clock): SinkLag {
  const at = (position: number): number => Number(Atomics.load(positions, position));
  const sinceMs = at(POSITION.waitingSinceMs);
  return {
    batches: at(POSITION.waitingBatches),
    bytes: at(POSITION.waitingBytes),
    seconds: sinceMs === 0 ? 0 : Math.max(0, clock.wallMs() - sinceMs) / 1000,
  };
}

/** Objects in quarantine: their seals are in the log, they are not in the lake. */
export function quarantined(positions: BigInt64Array): number {
  return Number(Atomics.load(positions, POSITION.quarantined));
}
