// CPU time out of /proc: lines taken apart, and this process's own time seen from outside.

import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseStat, processMs, sharesBetween, systemTicks, threadTimes } from '../../bench/cpu.ts';

const hasProc = existsSync('/proc/self/stat');

describe('cpu', () => {
  test('cpu: a name with parentheses and spaces does not shift the fields', () => {
    const tail = `R 1 1 1 0 -1 4194304 100 0 0 0 123 45 0 0 20 0 1 0 ${'0 '.repeat(30)}`;
    expect(parseStat(`4711 (a (b) c) ${tail}`)).toEqual({
      thread: 4711,
      name: 'a (b) c',
      userMs: 1230,
      systemMs: 450,
    });
    expect(() => parseStat('nothing of the kind')).toThrow(/not a line of/);
  });

  test('cpu: shares are told by name, the busiest first, and a thread that is new counts whole', () => {
    const thread = (number: number, name: string, ms: number) => ({
      thread: number,
      name,
      userMs: ms,
      systemMs: 0,
      ms,
    });
    const before = [thread(1, 'node', 100), thread(2, 'worker', 50)];
    const after = [thread(1, 'node', 150), thread(2, 'worker', 450), thread(3, 'worker', 100)];
    expect(sharesBetween(before, after, 1000)).toEqual([
      { name: 'worker', threads: 2, ms: 500, share: 0.5 },
      { name: 'node', threads: 1, ms: 50, share: 0.05 },
    ]);
  });

  test('cpu: a process that is gone has no threads', () => {
    expect(threadTimes(2 ** 22 + 1)).toEqual([]);
    expect(processMs(2 ** 22 + 1)).toBeNull();
  });

  test.skipIf(!hasProc)('cpu: work of this thread shows in its own time (needs /proc)', () => {
    const main = () => threadTimes().find(({ thread }) => thread === process.pid)?.ms as number;
    const before = main();
    const until = process.cpuUsage().user + 150_000;
    while (process.cpuUsage().user < until);
    // The counter moves in steps of 10 ms where the kernel has no exact one.
    expect(main() - before).toBeGreaterThan(100);
    expect(processMs() as number).toBeGreaterThanOrEqual(100);
    const ticks = systemTicks();
    expect(ticks?.total).toBeGreaterThan(ticks?.idle as number);
  });
});
