// One stage in a process of its own, so that no other work's garbage is in its heap: `node child.js STAGE FRAMES MODE`.
// Prints one line of JSON (Counted). In mode `bytes` the heap is so large that nothing is collected while frames go
// through: it then only grows, by exactly what was made. In mode `collections` the heap is Node's usual one and its
// collections are counted.

import { getHeapStatistics } from 'node:v8';
import { median } from '../stat.ts';
import { Collections, collectGarbage } from './collections.ts';
import type { Running } from './stage.ts';
import { STAGES } from './stages.ts';

/** What one run of a stage gave. */
export interface Counted {
  readonly stage: string;
  readonly frames: number;
  /** Heap bytes per frame, and the median of windows of WINDOW_FRAMES; null when something was collected meanwhile. */
  readonly bytesPerFrame: number | null;
  readonly medianBytesPerFrame: number | null;
  /** Collections that nobody asked for: of the young generation, and of the whole heap. */
  readonly scavenges: number;
  readonly fullCollections: number;
}

/** Of the frames, this share goes through beforehand: the compiler must be done before anything counts. */
const WARM_UP = 0.25;
const WINDOW_FRAMES = 20_000;
/** Between two windows, when so much has been made, it is collected: a window never fills the young generation. */
const COLLECT_BYTES = 32 * 1024 * 1024;

/** Puts at least `frames` frames through. @returns how many. */
async function put(running: Running, frames: number): Promise<number> {
  const steps = Math.max(1, Math.ceil(frames / running.frames));
  await new Promise<void>((resolve, reject) => {
    let left = steps;
    const next = (): void => {
      try {
        // A stage may be done before its call returns; then this loop goes on, and the stack does not grow.
        for (let inside = true; inside && left > 0; ) {
          left -= 1;
          inside = false;
          let returned = false;
          running.step(() => {
            if (returned) next();
            else inside = true;
          });
          returned = true;
          if (!inside) return;
        }
        resolve();
      } catch (error) {
        reject(error);
      }
    };
    next();
  });
  return steps * running.frames;
}

async function count(running: Running, frames: number, bytes: boolean): Promise<Omit<Counted, 'stage'>> {
  await put(running, frames * WARM_UP);
  collectGarbage();
  const collections = new Collections();
  const perFrame: number[] = [];
  let done = 0;
  let made = 0;
  let start = getHeapStatistics().used_heap_size;
  while (done < frames) {
    const before = getHeapStatistics().used_heap_size;
    const through = await put(running, Math.min(WINDOW_FRAMES, frames - done));
    const after = getHeapStatistics().used_heap_size;
    perFrame.push((after - before) / through);
    made += after - before;
    done += through;
    if (!bytes || after - start < COLLECT_BYTES) continue;
    collectGarbage();
    start = getHeapStatistics().used_heap_size;
  }
  await collections.settle();
  const { scavenges, full: fullCollections } = collections;
  const undisturbed = bytes && scavenges + fullCollections === 0;
  return {
    frames: done,
    bytesPerFrame: undisturbed ? made / done : null,
    medianBytesPerFrame: undisturbed ? median(perFrame) : null,
    scavenges,
    fullCollections,
  };
}

const [name, frames, mode] = process.argv.slice(2);
const stage = STAGES.find((each) => each.name === name);
if (stage === undefined || !(Number(frames) > 0) || (mode !== 'bytes' && mode !== 'collections')) {
  throw new Error('usage: child.js STAGE FRAMES bytes|collections');
}
const running = await stage.prepare();
const counted: Counted = { stage: stage.name, ...(await count(running, Number(frames), mode === 'bytes')) };
running.close?.();
process.stdout.write(`${JSON.stringify(counted)}\n`);
