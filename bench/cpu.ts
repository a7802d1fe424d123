// How busy the machine is, out of Linux's /proc: whether a figure speaks of a server or of a machine that was full. What a
// server's own threads take is counted by the load generator, over exactly its measured interval.

import { readFileSync } from 'node:fs';

/** Jiffies of all cores so far, and those of them that were idle; null where there is no /proc/stat. */
export function systemTicks(): { readonly total: number; readonly idle: number } | null {
  let line: string;
  try {
    line = readFileSync('/proc/stat', 'utf8').split('\n')[0] as string;
  } catch {
    return null;
  }
  // user nice system idle iowait irq softirq steal; guest times are part of the first two.
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
  const [, , , idle = 0, wait = 0] = ticks;
  return { total: ticks.reduce((sum, each) => sum + each, 0), idle: idle + wait };
}
