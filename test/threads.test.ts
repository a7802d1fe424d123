// Priorities of threads: those that give way have a lower one, and nobody else of the process has.

import { readdirSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { getPriority } from 'node:os';
import { afterEach, expect, test } from 'vitest';
import { Threads } from '../engine/threads.ts';

/** A task that tells which thread it runs in. */
const MODULE = `data:text/javascript,${encodeURIComponent(
  `import { readlinkSync } from 'node:fs';
   export const run = () => Number(readlinkSync('/proc/thread-self').split('/').at(-1));`,
)}`;

const open: Threads[] = [];
afterEach(async () => {
  for (const threads of open.splice(0)) await threads.close();
});

function threads(count: number, givesWay: boolean): Threads {
  const made = new Threads(
    count,
    (error) => {
      throw error;
    },
    givesWay,
  );
  open.push(made);
  return made;
}

/** Nice value by thread of this process. */
function niceness(): Map<number, number> {
  const found = new Map<number, number>();
  for (const tid of readdirSync('/proc/self/task')) {
    const line = readFileSync(`/proc/self/task/${tid}/stat`, 'latin1');
    found.set(Number(tid), Number(line.slice(line.lastIndexOf(')') + 2).split(' ')[16]));
  }
  return found;
}

test.skipIf(process.platform !== 'linux')(
  'threads that give way have a low priority; those beside them, and the pool of the disk, do not',
  async ({ skip }) => {
    const own = getPriority(process.pid);
    skip(own > 9, 'this process has a low priority itself');
    const behind = threads(1, true);
    const before = threads(1, false);
    const low = (await behind.run(MODULE, {})) as number;
    const again = (await behind.run(MODULE, {})) as number;
    const same = (await before.run(MODULE, {})) as number;
    await stat('.');
    const found = niceness();
    expect(again).toBe(low);
    expect(found.get(low)).toBe(own + 10);
    expect(found.get(same)).toBe(own);
    expect([...found.values()].filter((nice) => nice > own)).toEqual([own + 10]);
  },
);
