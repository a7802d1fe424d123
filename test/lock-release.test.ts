// A disk that fails while the lock is given back, at the very end of a run.

import * as fs from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { acquireLock } from '../engine/lock.ts';
import { temporaryFolder } from './support/journal-folder.ts';

const disk = vi.hoisted(() => ({ fails: false }));

vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  return {
    ...real,
    unlinkSync: (path: string) => {
      if (disk.fails) throw Object.assign(new Error('EIO: injected, unlink'), { code: 'EIO' });
      real.unlinkSync(path);
    },
  };
});

test('lock: one that cannot be removed does not spoil an orderly end, and says whose it was', () => {
  const folder = temporaryFolder();
  const lock = acquireLock(folder);
  disk.fails = true;
  lock.release();
  disk.fails = false;
  const { pid } = JSON.parse(fs.readFileSync(join(folder, 'lock'), 'utf8'));
  expect(pid).toBe(process.pid);
});
