// An engine process seen from outside: what Linux tells of it in /proc, and the files that it keeps.

import { readdirSync, readFileSync } from 'node:fs';
import type { CurveName } from './limits.ts';

export interface Sample extends Readonly<Record<CurveName, number>> {
  /** Seconds since the soak began. */
  readonly seconds: number;
  /** Records that were acknowledged so far. */
  readonly acknowledged: number;
  readonly outage: boolean;
}

export function sampleProcess(
  pid: number,
  data: string,
  temporary: string,
): Readonly<Record<CurveName, number>> {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1] ?? Number.NaN);
  return {
    rss: field('VmRSS') * 1024,
    threads: field('Threads'),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    dataFiles: filesBelow(data),
    temporaryFiles: filesBelow(temporary),
  };
}

/** 0 where there is no such folder: a lake that is out. */
function filesBelow(folder: string): number {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
      .length;
  } catch {
    return 0;
  }
}
