// Every call to the disk that the journal makes fails once, in turn, in each way in which it can: not done, done but
// reported failed, torn in the middle. Whatever happened, the writer stops with FatalError, and after recovery the
// journal holds a prefix of what was written, with everything that a sync confirmed.

import { expect, test } from 'vitest';
import { FatalError } from '../../engine/errors.ts';
import { recoverJournal } from '../../engine/journal/recovery.ts';
import { JournalWriter } from '../../engine/journal/writer.ts';
import type { Storage } from '../../engine/storage.ts';
import { type Fault, faultyStorage } from '../support/faulty-storage.ts';
import {
  appendGroup,
  plain,
  quickDisk,
  readGroups,
  someBytes,
  temporaryFolder,
} from '../support/journal-folder.ts';

const OPTIONS = { segmentBytes: 600 };
const HOW: readonly Fault['how'][] = ['not done', 'done', 'torn'];

/** Groups of one to three chunks, some of them large enough to roll. */
const GROUPS = Array.from({ length: 12 }, (_, i) =>
  Array.from({ length: 1 + (i % 3) }, (_, j) => someBytes(30 + 45 * ((i + j) % 4), 3 * i + j)),
);

interface Outcome {
  readonly error: unknown;
  /** Groups handed to the writer, and groups that a sync confirmed. */
  readonly written: number;
  readonly confirmed: number;
}

function workload(storage: Storage, folder: string, done: number): Outcome {
  let written = done;
  let confirmed = done;
  try {
    const { end } = recoverJournal(storage, folder, 'records', 0);
    const writer = new JournalWriter(storage, folder, 'records', end, OPTIONS);
    for (; written < GROUPS.length; ) {
      written++;
      appendGroup(writer, GROUPS[written - 1] as Uint8Array[]);
      if (written % 2 === 0) {
        writer.sync();
        confirmed = written;
      }
    }
    writer.close();
    return { error: null, written, confirmed: written };
  } catch (error) {
    return { error, written, confirmed };
  }
}

/** How many whole groups the journal holds after a recovery; they must be the first ones that were written. */
function survivors(folder: string): number {
  const { end } = recoverJournal(quickDisk, folder, 'records', 0);
  const found = readGroups(folder, 0, end);
  expect(found).toEqual(plain(GROUPS.slice(0, found.length)));
  return found.length;
}

test.each(HOW)(
  'journal: each call to the disk fails, %s: what sync confirmed is there, and the writer goes on',
  (how) => {
    let call = 1;
    for (; ; call++) {
      const folder = temporaryFolder();
      const { storage, failed } = faultyStorage(quickDisk, { kind: 'any', call, how });
      const first = workload(storage, folder, 0);
      if (!failed()) {
        expect(first.error).toBeNull();
        break;
      }
      expect(first.error, `call ${call}`).toBeInstanceOf(FatalError);
      const kept = survivors(folder);
      expect(kept).toBeGreaterThanOrEqual(first.confirmed);
      expect(kept).toBeLessThanOrEqual(first.written);
      const second = workload(quickDisk, folder, kept);
      expect(second.error).toBeNull();
      expect(survivors(folder)).toBe(GROUPS.length);
    }
    expect(call).toBeGreaterThan(60);
  },
);

test.each(HOW)(
  'recovery: each call to the disk fails, %s: fatal, and the next recovery gives the same groups',
  (how) => {
    let call = 1;
    for (; ; call++) {
      const folder = temporaryFolder();
      const writer = new JournalWriter(quickDisk, folder, 'records', 0, OPTIONS);
      for (const group of GROUPS.slice(0, 5)) appendGroup(writer, group);
      writer.sync();
      // An open group over three segments: recovery has segments to remove and a file to cut.
      appendGroup(
        writer,
        Array.from({ length: 9 }, (_, i) => someBytes(150, i)),
        false,
      );
      writer.close();
      const { storage, failed } = faultyStorage(quickDisk, { kind: 'any', call, how });
      let error: unknown = null;
      try {
        recoverJournal(storage, folder, 'records', 0);
      } catch (thrown) {
        error = thrown;
      }
      expect(survivors(folder)).toBe(5);
      if (!failed()) {
        expect(error).toBeNull();
        break;
      }
      expect(error, `call ${call}`).toBeInstanceOf(FatalError);
    }
    expect(call).toBeGreaterThan(30);
  },
);

test('journal: a full disk is told with its name and file', () => {
  const folder = temporaryFolder();
  const fault: Fault = { kind: 'write', call: 3, how: 'torn', code: 'ENOSPC' };
  const { storage } = faultyStorage(quickDisk, fault);
  const { error } = workload(storage, folder, 0);
  expect(String(error)).toMatch(/could not be written \(ENOSPC\): .*\.firnj at position \d+/);
});
