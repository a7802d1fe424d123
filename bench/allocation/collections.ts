// Garbage collections of this process: asked for, and counted.

import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What a `gc` entry says beside its times; the types leave it out. */
interface Detail {
  readonly kind: number;
  readonly flags: number;
}

let collect: ((options?: { type: 'minor' }) => void) | null = null;

/** Collects the whole heap now, or the young generation alone; no flag is needed on the command line. */
export function collectGarbage(which: 'all' | 'young' = 'all'): void {
  if (collect === null) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as typeof collect;
  }
  if (which === 'all') collect?.();
  else collect?.({ type: 'minor' });
}

/** Counts collections that nobody asked for, from when it is made on. */
export class Collections {
  /** Of the young generation. */
  scavenges = 0;
  /** Of the whole heap. */
  full = 0;
  readonly #observer = new PerformanceObserver((list) => this.#add(list.getEntries()));

  constructor() {
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  /** Waits until all collections so far are told: Node does that in a later turn of the event loop. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    this.#add(this.#observer.takeRecords());
  }

  #add(entries: readonly PerformanceEntry[]): void {
    for (const entry of entries) {
      const { kind, flags } = (entry as unknown as { detail: Detail }).detail;
      if ((flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) !== 0) continue;
      if (kind === constants.NODE_PERFORMANCE_GC_MINOR) this.scavenges += 1;
      else if (kind === constants.NODE_PERFORMANCE_GC_MAJOR) this.full += 1;
    }
  }
}
