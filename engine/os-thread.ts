// Threads as the operating system knows them: which one this is, and how much processor time one has used. Only Linux tells
// (proc(5)); elsewhere the answers are 0 and null, and nothing depends on them.

import { readFileSync, readlinkSync } from 'node:fs';

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
