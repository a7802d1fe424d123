// The journal on a disk that loses power at any moment, and loses whatever was not fsynced: bytes, lengths, names, each
// for itself. What sync confirmed is there afterwards, in order, with nothing between; what was not may be there.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GroupReader, JournalReader } from '../../engine/journal/reader.ts';
import { recoverJournal } from '../../engine/journal/recovery.ts';
import { JournalWriter } from '../../engine/journal/writer.ts';
import type { Storage } from '../../engine/storage.ts';
import { seeded } from '../crash/random.ts';
import { type Fault, faultyStorage } from '../support/faulty-storage.ts';
import { appendGroup, someBytes } from '../support/journal-folder.ts';
import { memoryDisk } from '../support/memory-disk.ts';

const FOLDER = '/journal';

/** First byte of each payload of each group. */
function groupsOf(storage: Storage, end: number): number[][] {
  const groups = new GroupReader(new JournalReader(storage, FOLDER, 'records', 0));
  const found: number[][] = [];
  for (let group = groups.next(end); group !== null; group = groups.next(end)) {
    found.push(group.map((record) => record.payload[0] ?? -1));
  }
  return found;
}

/** What a run does between two losses of power: groups by the lengths of their chunks, and which of them are synced. */
const run = fc.record({
  groups: fc.array(
    fc.record({
      lengths: fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 6 }),
      sync: fc.boolean(),
    }),
    { maxLength: 8 },
  ),
  /** The call to the disk at which the machine stops, if the run comes that far. */
  stop: fc.option(fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 60 }))),
  seed: fc.nat(),
  /** False: only the process dies. */
  power: fc.boolean(),
  /** Recoveries that stop at this call to the disk, each with a loss of power, before one that is left alone. */
  recoveries: fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 2 }),
});

test('journal: what sync confirmed survives every loss of power, at whatever call, and recovery never calls it damage', () => {
  fc.assert(
    fc.property(
      fc.array(run, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 150, max: 700 }),
      (runs, segmentBytes) => {
        const disk = memoryDisk();
        disk.storage.mkdir(FOLDER);
        let seed = 0;
        /** Groups that are there for certain, then those that may be. */
        let certain: number[][] = [];
        for (const { groups, stop, seed: luck, power, recoveries } of runs) {
          const possible = [...certain];
          const fault: Fault | null = stop === null ? null : { kind: 'change', call: stop, how: 'not done' };
          const { storage, failed } = faultyStorage(disk.storage, fault);
          try {
            const { end } = recoverJournal(storage, FOLDER, 'records', 0);
            const found = groupsOf(disk.storage, end);
            expect(found).toEqual(certain);
            const writer = new JournalWriter(storage, FOLDER, 'records', end, { segmentBytes });
            for (const { lengths, sync } of groups) {
              const chunks = lengths.map((length) => someBytes(length, seed++));
              possible.push(chunks.map((chunk) => chunk[0] as number));
              appendGroup(writer, chunks);
              if (!sync) continue;
              writer.sync();
              certain = [...possible];
            }
          } catch (error) {
            // The injected stop, or what the test itself found.
            if (!failed()) throw error;
          }
          const chance = seeded(luck);
          if (power) disk.lose(chance);
          for (const call of recoveries) {
            const broken = faultyStorage(disk.storage, { kind: 'change', call, how: 'not done' });
            try {
              recoverJournal(broken.storage, FOLDER, 'records', 0);
            } catch (error) {
              if (!broken.failed()) throw error;
            }
            disk.lose(chance);
          }
          const { end } = recoverJournal(disk.storage, FOLDER, 'records', 0);
          const found = groupsOf(disk.storage, end);
          expect(found.length).toBeGreaterThanOrEqual(certain.length);
          expect(found).toEqual(possible.slice(0, found.length));
          // What a recovery has kept is there for good.
          certain = found;
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('recovery: makes the name of a segment safe whose maker died before it could', () => {
  const disk = memoryDisk();
  disk.storage.mkdir(FOLDER);
  const { storage } = faultyStorage(disk.storage, { kind: 'syncFolder', call: 1, how: 'not done' });
  const dead = new JournalWriter(storage, FOLDER, 'records', 0, { segmentBytes: 4096 });
  expect(() => appendGroup(dead, [someBytes(8, 1)])).toThrow();
  const { end } = recoverJournal(disk.storage, FOLDER, 'records', 0);
  const writer = new JournalWriter(disk.storage, FOLDER, 'records', end, { segmentBytes: 4096 });
  appendGroup(writer, [someBytes(8, 2)]);
  writer.sync();
  // All that is not safe is lost.
  disk.lose(() => 0.999);
  expect(recoverJournal(disk.storage, FOLDER, 'records', 0).end).toBe(writer.durable);
});
