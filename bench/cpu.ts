// CPU time of a process from outside, thread by thread, out of Linux's /proc: what each part of an engine or a peer costs,
// and whether the load generator was the limit. Nothing runs in the process that is looked at.

import { readdirSync, readFileSync } from 'node:fs';

/** Ticks per second of /proc/PID/stat: Linux's USER_HZ, 100 on every architecture that Node runs on. */
const TICK_MS = 1000 / 100;

/** CPU time of one thread since it began. */
export interface ThreadTime {
  readonly thread: number;
  readonly name: string;
  /** Milliseconds, in steps of 10. */
  readonly userMs: number;
  readonly systemMs: number;
  /** Milliseconds of both together: exact where the kernel keeps scheduler statistics, else `userMs + systemMs`. */
  readonly ms: number;
}

/** CPU time that one name of threads took over some time. `share` = of one core, 1 = all of it. */
export interface ThreadShare {
  readonly name: string;
  readonly threads: number;
  readonly ms: number;
  readonly share: number;
}

/**
 * Takes one line of /proc/PID/stat apart (proc(5)). The name stands in parentheses and may hold anything, parentheses and
 * spaces too, so fields are counted from the last one.
 * @throws Error when it is no such line.
 */
export function parseStat(line: string): Omit<ThreadTime, 'ms'> {
  const open = line.indexOf('(');
  const close = line.lastIndexOf(')');
  const fields = line.slice(close + 2).split(' ');
  const thread = Number.parseInt(line, 10);
  // Fields 14 and 15 of the line; the first one after the name is number 3.
  const user = Number(fields[11]);
  const system = Number(fields[12]);
  if (open < 0 || close < open || !Number.isInteger(thread) || Number.isNaN(user + system)) {
    throw new Error(`not a line of /proc/PID/stat: ${JSON.stringify(line.slice(0, 80))}`);
  }
  return {
    thread,
    name: line.slice(open + 1, close),
    userMs: user * TICK_MS,
    systemMs: system * TICK_MS,
  };
}

/** Threads of a process; empty when it is gone. A thread that ends meanwhile is left out. */
export function threadTimes(pid: number | 'self' = 'self'): ThreadTime[] {
  const folder = `/proc/${pid}/task`;
  return entries(folder).flatMap((task) => {
    const line = readText(`${folder}/${task}/stat`);
    if (line === null) return [];
    const times = parseStat(line);
    const onCpu = Number.parseInt(readText(`${folder}/${task}/schedstat`) ?? '', 10);
    return [{ ...times, ms: Number.isNaN(onCpu) ? times.userMs + times.systemMs : onCpu / 1e6 }];
  });
}

/** CPU milliseconds of a whole process so far, threads that have ended included; null when it is gone. */
export function processMs(pid: number | 'self' = 'self'): number | null {
  const line = readText(`/proc/${pid}/stat`);
  if (line === null) return null;
  const { userMs, systemMs } = parseStat(line);
  return userMs + systemMs;
}

/** What the threads of a process did between two looks `wallMs` apart, by name, the busiest first. */
export function sharesBetween(
  before: readonly ThreadTime[],
  after: readonly ThreadTime[],
  wallMs: number,
): ThreadShare[] {
  const started = new Map(before.map(({ thread, ms }) => [thread, ms]));
  const names = new Map<string, { threads: number; ms: number }>();
  for (const { thread, name, ms } of after) {
    const entry = names.get(name) ?? { threads: 0, ms: 0 };
    entry.threads += 1;
    entry.ms += ms - (started.get(thread) ?? 0);
    names.set(name, entry);
  }
  return [...names]
    .map(([name, { threads, ms }]) => ({ name, threads, ms, share: wallMs > 0 ? ms / wallMs : 0 }))
    .sort((a, b) => b.ms - a.ms);
}

/** Jiffies of all cores so far, and those of them that were idle; null where there is no /proc/stat. */
export function systemTicks(): { readonly total: number; readonly idle: number } | null {
  const line = readText('/proc/stat')?.split('\n')[0];
  if (line === undefined) return null;
  // user nice system idle iowait irq softirq steal; guest times are part of the first two.
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
  const [, , , idle = 0, wait = 0] = ticks;
  return { total: ticks.reduce((sum, each) => sum + each, 0), idle: idle + wait };
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
