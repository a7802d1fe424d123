import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // They need a server: `npm run test:services`.
    exclude: ['test/radosgw/**'],
    pool: 'forks',
    // Tests wait for disks, sockets and other processes more than they compute: one file less than there are processors, as
    // is the default, leaves half of a small machine idle.
    maxWorkers: availableParallelism(),
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
