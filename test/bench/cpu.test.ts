// How busy the machine is, out of /proc.

import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { systemTicks } from '../../bench/cpu.ts';

describe('cpu', () => {
  test.skipIf(!existsSync('/proc/stat'))('cpu: work shows as ticks that are not idle (needs /proc)', () => {
    const busy = (): number => {
      const ticks = systemTicks();
      expect(ticks?.total).toBeGreaterThan(ticks?.idle as number);
      return (ticks?.total as number) - (ticks?.idle as number);
    };
    const before = busy();
    const until = process.cpuUsage().user + 150_000;
    while (process.cpuUsage().user < until);
    // 150 ms are 15 ticks.
    expect(busy() - before).toBeGreaterThanOrEqual(10);
  });
});
