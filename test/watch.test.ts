// How full the journal is: to the byte, with everything that counts, and never by a disk that could not be asked.

import { expect, test } from 'vitest';
import { parseConfig } from '../engine/config.ts';
import { MIB } from '../engine/limits.ts';
import { createRing, POSITION, type Ring } from '../engine/ring/layout.ts';
import { diskStorage, type Storage } from '../engine/storage.ts';
import { JournalWatch } from '../engine/watch.ts';

const QUOTA = 64 * MIB;
const config = parseConfig({
  ring: { slabs: 8, slabBytes: 192 * 1024 },
  journal: { segmentBytes: 4 * MIB, quotaBytes: QUOTA, minFreeBytes: 10 * MIB },
});

function watched(freeBytes: () => number): { ring: Ring; watch: JournalWatch } {
  const ring = createRing(config.ring);
  const storage: Storage = { ...diskStorage, freeBytes };
  return { ring, watch: new JournalWatch(config, ring, storage) };
}

const roomy = (): number => 100 * MIB;

function put(ring: Ring, words: Partial<Record<keyof typeof POSITION, number>>): void {
  for (const [name, value] of Object.entries(words))
    ring.positions[POSITION[name as keyof typeof POSITION]] = BigInt(value);
}

test('journal watch: journal and outbox count together, and what the ring holds fits under the quota to the byte', () => {
  const { ring, watch } = watched(roomy);
  const reserve = ring.sizes.slabs * ring.sizes.outputBytes;
  const most = QUOTA - reserve;
  put(ring, { journalOldest: 7 * MIB, journalWritten: 8 * MIB, outboxBytes: most - MIB });
  expect([watch.usedBytes(), watch.fullBecause(), watch.full()]).toEqual([most, null, false]);
  expect(watch.occupancy()).toBe(most / QUOTA);
  put(ring, { outboxBytes: most - MIB + 1 });
  expect(watch.fullBecause()).toContain('journal.quotaBytes');
  put(ring, { outboxBytes: 0, journalWritten: 7 * MIB + most });
  expect(watch.full()).toBe(false);
  put(ring, { journalWritten: 7 * MIB + most + 1 });
  expect(watch.full()).toBe(true);
});

test('journal watch: a disk with less than minFreeBytes counts as full, one that cannot be asked too', () => {
  expect(watched(() => 10 * MIB).watch.full()).toBe(false);
  expect(watched(() => 10 * MIB - 1).watch.fullBecause()).toMatch(/has 9 MiB free, .*minFreeBytes.* 10 MiB/);
  const gone = watched(() => {
    throw Object.assign(new Error('no such device'), { code: 'ENODEV' });
  });
  expect(gone.watch.freeBytes()).toBe(0);
  expect(gone.watch.fullBecause()).toMatch(/cannot be looked at \(ENODEV\)/);
});
