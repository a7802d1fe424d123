// A progress bar on stderr, on a terminal only: nothing is written anywhere else, so output can be piped and logged.

import { liveLine } from './live-line.ts';
import { count, mebibytes } from './words.ts';

const DRAW_EVERY_MS = 100;
const BAR = 24;

export interface ProgressBar {
  /** `done` of `total` things; `bytes` so far. Draws at most ten times a second. */
  update(done: number, total: number, bytes: number): void;
  /** Ends the bar's line, if there is one. */
  end(): void;
}

/** A bar that counts `things`. */
export function progressBar(
  things: string,
  stream: NodeJS.WriteStream = process.stderr,
  now: () => number = () => performance.now(),
): ProgressBar {
  if (stream.isTTY !== true) return { update: () => {}, end: () => {} };
  const line = liveLine(stream);
  const began = now();
  let drawn = Number.NEGATIVE_INFINITY;
  return {
    update: (done, total, bytes) => {
      const at = now();
      if (at - drawn < DRAW_EVERY_MS) return;
      drawn = at;
      line.show(barText(things, done, total, bytes, at - began));
    },
    end: () => line.end(),
  };
}

/** One state of the bar, e.g. `[████░░] 40 %  4 of 10 seals  12 MiB  30 s left`. */
export function barText(
  things: string,
  done: number,
  total: number,
  bytes: number,
  elapsedMs: number,
): string {
  const part = total === 0 ? 0 : Math.min(1, done / total);
  const full = Math.round(part * BAR);
  const left = done === 0 ? '' : `  ${duration(((total - done) * elapsedMs) / done)} left`;
  const bar = `[${'█'.repeat(full)}${'░'.repeat(BAR - full)}] ${Math.floor(part * 100)} %`;
  return `${bar}  ${count(done)} of ${count(total)} ${things}  ${mebibytes(bytes)}${left}`;
}

function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.ceil(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
