// Threads as the operating system knows them: which one this is, how much processor time one has used, and which go last.
// Only Linux tells (proc(5)) and has priorities of threads; elsewhere the answers are 0 and null, and nothing depends on them.

import { readFileSync, readlinkSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';

/** /proc counts in ticks of a hundredth of a second, whatever the kernel's own clock is (USER_HZ). */
const TICKS_PER_SECOND = 100;

/** The system's number of the calling thread, 0 where it is not known. */
export function osThread(): number {
  try {
    return Number(readlinkSync('/proc/thread-self').split('/').at(-1));
  } catch {
    return 0;
  }
}

/** Seconds of processor time that a thread of this process has used, user and system together; null when not known. */
export function threadCpuSeconds(tid: number): number | null {
  try {
    const stat = readFileSync(`/proc/self/task/${tid}/stat`, 'latin1');
    // The name, in parentheses, may hold anything; user and system time are the 12th and 13th word after it.
    const words = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(words[11]) + Number(words[12])) / TICKS_PER_SECOND;
  } catch {
    return null;
  }
}

/**
 * The calling thread gives way to those of the process that have the process's own priority, for good: going back would take
 * a privilege. Threads that it starts are like it.
 */
export function giveWay(): void {
  const tid = osThread();
  // 0 would be the whole process, or the thread that asks, as the system likes.
  if (tid === 0) return;
  const { PRIORITY_BELOW_NORMAL, PRIORITY_LOW } = constants.priority;
  try {
    setPriority(tid, Math.min(PRIORITY_LOW, getPriority(process.pid) + PRIORITY_BELOW_NORMAL));
  } catch {
    // It runs as the others do: slower answers, nothing else.
  }
}
