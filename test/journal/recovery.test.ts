import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FatalError } from '../../engine/errors.ts';
import { encodeHeader, RECORD_FLAG, RECORD_TYPE, recordBytes } from '../../engine/journal/record.ts';
import { type Recovered, recoverJournal } from '../../engine/journal/recovery.ts';
import { encodeSegmentHeader, listSegments, segmentPath } from '../../engine/journal/segments.ts';
import { JournalWriter } from '../../engine/journal/writer.ts';
import { faultyStorage } from '../support/faulty-storage.ts';
import {
  appendGroup,
  flipByte,
  plain,
  quickDisk,
  readGroups,
  someBytes,
  temporaryFolder,
} from '../support/journal-folder.ts';

const LARGE = { segmentBytes: 1 << 20 };

function recover(folder: string, from = 0): Recovered {
  return recoverJournal(quickDisk, folder, 'records', from);
}

/** A copy of a journal, so that every trial starts from the same files. */
function copyOf(folder: string): string {
  const copy = join(temporaryFolder(), 'journal');
  mkdirSync(copy);
  for (const name of readdirSync(folder)) copyFileSync(join(folder, name), join(copy, name));
  return copy;
}

function filesOf(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder).map((name) => [name, readFileSync(join(folder, name)).toString('hex')]),
  );
}

/** After a crash: the earlier groups are there, the writer goes on, and a second recovery has nothing to do. */
function goesOn(folder: string, groups: readonly (readonly Uint8Array[])[], end: number): void {
  const recovered = recover(folder);
  expect(recovered.end).toBe(end);
  expect(readGroups(folder, 0, end)).toEqual(plain(groups));
  const writer = new JournalWriter(quickDisk, folder, 'records', end, LARGE);
  const more = [someBytes(30, 99)];
  appendGroup(writer, more);
  writer.close();
  expect(recover(folder)).toMatchObject({ end: writer.position, truncatedBytes: 0 });
  expect(readGroups(folder, 0, writer.position)).toEqual(plain([...groups, more]));
}

/** Two groups on disk, and a last one of two records that a crash takes bytes from. */
function threeGroups(): { folder: string; earlier: Uint8Array[][]; last: number; end: number } {
  const folder = temporaryFolder();
  const writer = new JournalWriter(quickDisk, folder, 'records', 0, LARGE);
  const earlier = [[someBytes(21, 1)], [someBytes(8, 2), someBytes(3, 3)]];
  for (const group of earlier) appendGroup(writer, group);
  writer.sync();
  const last = appendGroup(writer, [someBytes(13, 4), someBytes(27, 5)]);
  writer.close();
  return { folder, earlier, last, end: writer.position };
}

test('recovery: a journal cut at any byte of its last group keeps exactly the earlier groups and goes on', () => {
  const { folder, earlier, last, end } = threeGroups();
  for (let cut = last; cut < end; cut++) {
    const copy = copyOf(folder);
    truncateSync(segmentPath(copy, 0), cut);
    goesOn(copy, earlier, last);
  }
});

test('recovery: a last group whose bytes are zeros from any byte on is cut off', () => {
  const { folder, earlier, last, end } = threeGroups();
  const whole = readFileSync(segmentPath(folder, 0));
  let trials = 0;
  for (let cut = last; cut < end; cut++) {
    if (whole.subarray(cut).every((byte) => byte === 0)) continue;
    const copy = copyOf(folder);
    writeFileSync(
      segmentPath(copy, 0),
      Buffer.concat([whole.subarray(0, cut), Buffer.alloc(end - cut + 4096)]),
    );
    goesOn(copy, earlier, last);
    trials++;
  }
  expect(trials).toBeGreaterThan(100);
});

test('recovery: a last group of which only a later part reached the disk is cut off', () => {
  const { folder, earlier, last } = threeGroups();
  const path = segmentPath(folder, 0);
  const whole = readFileSync(path);
  writeFileSync(path, Buffer.concat([whole.subarray(0, last), Buffer.alloc(64), whole.subarray(last + 64)]));
  goesOn(folder, earlier, last);
});

test('recovery: every flipped byte is fatal where a later record proves that it was on disk, else cut off', () => {
  const folder = temporaryFolder();
  const writer = new JournalWriter(quickDisk, folder, 'records', 0, { segmentBytes: 290 });
  const starts: number[] = [];
  const groups = [29, 29, 21, 21, 21].map((length, seed) => [someBytes(length, seed)]);
  const add = (seed: number): number => starts.push(appendGroup(writer, groups[seed] as Uint8Array[]));
  add(0);
  add(1);
  writer.sync();
  // The third does not fit the first segment. Third and fourth each have their fsync; the last two share one.
  add(2);
  writer.sync();
  add(3);
  add(4);
  writer.close();
  const end = writer.position;
  const [, , third, fourth, fifth] = starts as [number, number, number, number, number];
  const second = third - 64;
  expect(listSegments(quickDisk, folder).map((segment) => segment.start)).toEqual([0, second]);
  for (let position = 0; position < end; position++) {
    const copy = copyOf(folder);
    const start = position < second ? 0 : second;
    flipByte(segmentPath(copy, start), position - start);
    expect(() => readGroups(copy, 0, end)).toThrow(FatalError);
    if (position < fourth) {
      const before = filesOf(copy);
      expect(() => recover(copy)).toThrow(/damaged at byte \d+.*nothing was changed/);
      expect(filesOf(copy)).toEqual(before);
    } else {
      const keep = position < fifth ? 3 : 4;
      goesOn(copy, groups.slice(0, keep), keep === 3 ? fourth : fifth);
    }
  }
});

test('recovery: what a client sent is not taken for a header that proves damage', () => {
  const folder = temporaryFolder();
  const writer = new JournalWriter(quickDisk, folder, 'records', 0, LARGE);
  appendGroup(writer, [someBytes(8, 1)]);
  writer.sync();
  // The payload begins with a whole header, made for the very place where it will lie, that claims all before it.
  const place = writer.position + recordBytes(0);
  const payload = someBytes(2 * recordBytes(0), 7);
  encodeHeader(new DataView(payload.buffer), {
    position: place,
    bytes: 0,
    type: RECORD_TYPE.slab,
    flags: RECORD_FLAG.first,
    unsynced: 0,
    wallMs: 0,
    runningMs: 0,
    payloadCrc: 0,
  });
  const position = appendGroup(writer, [payload]);
  writer.close();
  flipByte(segmentPath(folder, 0), writer.position - 1);
  goesOn(folder, [[someBytes(8, 1)]], position);
});

test('recovery: damage is proved over any distance', () => {
  const folder = temporaryFolder();
  const writer = new JournalWriter(quickDisk, folder, 'records', 0, { segmentBytes: 1 << 24 });
  const position = appendGroup(writer, [someBytes(2_500_001, 1)]);
  writer.sync();
  appendGroup(writer, [someBytes(8, 2)]);
  writer.close();
  const unharmed = copyOf(folder);
  flipByte(segmentPath(folder, 0), position + 5);
  expect(() => recover(folder)).toThrow(/damaged at byte 64/);
  expect(recover(unharmed).end).toBe(writer.position);
});

test('recovery: an empty folder, and one that is missing, is an empty journal', () => {
  const folder = join(temporaryFolder(), 'a', 'records');
  expect(recover(folder)).toEqual({ start: 0, end: 0, truncatedBytes: 0, wallMs: 0, runningMs: 0 });
  expect(existsSync(folder)).toBe(true);
  expect(() => recover(folder, 500)).toThrow(/does not reach back to position 500/);
});

test('recovery: tells the oldest segment, the end and the largest stamps from a position on', () => {
  const folder = temporaryFolder();
  const writer = new JournalWriter(quickDisk, folder, 'records', 0, { segmentBytes: 200 });
  appendGroup(writer, [someBytes(40, 1)], true, 9000);
  const position = writer.position;
  appendGroup(writer, [someBytes(40, 2)], true, 5000);
  appendGroup(writer, [someBytes(40, 3)], true, 7000);
  writer.close();
  expect(recover(folder)).toEqual({
    start: 0,
    end: writer.position,
    truncatedBytes: 0,
    wallMs: 9000,
    runningMs: 900,
  });
  expect(recover(folder, position)).toMatchObject({ start: 0, wallMs: 7000, runningMs: 700 });
});

test('recovery: a group without an end is cut off, over segments too, and an abandoned one is not', () => {
  const folder = temporaryFolder();
  const writer = new JournalWriter(quickDisk, folder, 'records', 0, { segmentBytes: 250 });
  const whole = [someBytes(20, 2), someBytes(20, 3)];
  appendGroup(writer, [someBytes(20, 1)], false);
  appendGroup(writer, whole);
  const end = writer.position;
  appendGroup(writer, [someBytes(60, 4), someBytes(60, 5), someBytes(60, 6), someBytes(60, 7)], false);
  writer.sync();
  writer.close();
  expect(listSegments(quickDisk, folder).length).toBeGreaterThan(3);
  const total = writer.position;
  expect(recover(folder)).toMatchObject({ end, truncatedBytes: total - end });
  expect(readGroups(folder, 0, end)).toEqual(plain([whole]));
  goesOn(folder, [whole], end);
});

test('recovery: a new last segment without its whole header is removed, whatever part of it is there', () => {
  const folder = temporaryFolder();
  const writer = new JournalWriter(quickDisk, folder, 'records', 0, LARGE);
  const groups = [[someBytes(20, 1)]];
  appendGroup(writer, groups[0] as Uint8Array[]);
  writer.close();
  const end = writer.position;
  const header = encodeSegmentHeader('records', end);
  for (let bytes = 0; bytes <= 64; bytes++) {
    for (const tail of [Buffer.alloc(0), Buffer.alloc(64 - bytes)]) {
      const copy = copyOf(folder);
      writeFileSync(segmentPath(copy, end), Buffer.concat([header.subarray(0, bytes), tail]));
      // A whole header is a segment that its first record has not reached: it stays.
      const born =
        bytes === 64 || (bytes > 60 && tail.length > 0 && header.subarray(bytes).every((b) => b === 0));
      goesOn(copy, groups, born ? end + 64 : end);
    }
  }
});

test('recovery: a segment that was begun proves that the one before is whole', () => {
  const folder = temporaryFolder();
  const writer = new JournalWriter(quickDisk, folder, 'records', 0, LARGE);
  appendGroup(writer, [someBytes(20, 1)]);
  appendGroup(writer, [someBytes(20, 2)]);
  writer.close();
  writeFileSync(segmentPath(folder, writer.position), Buffer.alloc(10));
  flipByte(segmentPath(folder, 0), writer.position - 20);
  const before = filesOf(folder);
  for (let again = 0; again < 2; again++) expect(() => recover(folder)).toThrow(FatalError);
  expect(filesOf(folder)).toEqual(before);
});

/** Three segments of one group each. */
function threeSegments(): { folder: string; starts: number[]; end: number } {
  const folder = temporaryFolder();
  const writer = new JournalWriter(quickDisk, folder, 'records', 0, { segmentBytes: 150 });
  for (let seed = 1; seed <= 3; seed++) appendGroup(writer, [someBytes(40, seed)]);
  writer.close();
  return { folder, starts: listSegments(quickDisk, folder).map((s) => s.start), end: writer.position };
}

test('recovery: a missing segment is fatal unless a snapshot covers it', () => {
  const { folder, starts, end } = threeSegments();
  const [, second, third] = starts as [number, number, number];
  const gap = copyOf(folder);
  rmSync(segmentPath(gap, second));
  expect(() => recover(gap)).toThrow(new RegExp(`the next segment begins at position ${third} instead`));
  expect(recover(gap, third)).toMatchObject({ start: 0, end });
  const beginning = copyOf(folder);
  rmSync(segmentPath(beginning, 0));
  expect(() => recover(beginning)).toThrow(/does not reach back to position 0/);
  expect(recover(beginning, second)).toMatchObject({ start: second, end });
  const ending = copyOf(folder);
  rmSync(segmentPath(ending, third));
  expect(() => recover(ending, end)).toThrow(/ends before a position that a snapshot covers/);
});

test('recovery: what open batches still need before the snapshot is checked, from its segment on, groups over segments too', () => {
  const folder = temporaryFolder();
  const writer = new JournalWriter(quickDisk, folder, 'records', 0, { segmentBytes: 320 });
  appendGroup(writer, [someBytes(60, 1), someBytes(60, 2), someBytes(60, 3)]);
  const needed = appendGroup(writer, [someBytes(20, 4)]);
  writer.sync();
  const covered = writer.position;
  writer.close();
  const starts = listSegments(quickDisk, folder).map((segment) => segment.start);
  const within = starts.findLast((start) => start <= needed) as number;
  // The segment begins within the first group.
  expect(starts.length).toBeGreaterThan(1);
  expect(needed).toBeGreaterThan(within + 64);
  expect(recoverJournal(quickDisk, folder, 'records', covered, needed)).toMatchObject({
    start: 0,
    end: covered,
  });
  for (let position = within; position < covered; position++) {
    const copy = copyOf(folder);
    flipByte(segmentPath(copy, within), position - within);
    const before = filesOf(copy);
    expect(() => recoverJournal(quickDisk, copy, 'records', covered, needed), `${position}`).toThrow(
      /damaged at byte/,
    );
    expect(filesOf(copy)).toEqual(before);
    truncateSync(segmentPath(copy, within), position - within);
    expect(() => recoverJournal(quickDisk, copy, 'records', covered, needed)).toThrow(/damaged at byte/);
  }
  const gap = copyOf(folder);
  rmSync(segmentPath(gap, within));
  expect(() => recoverJournal(quickDisk, gap, 'records', covered, needed)).toThrow(FatalError);
});

test('recovery: a segment under a wrong name, of another journal or another format is fatal', () => {
  const { folder, starts } = threeSegments();
  const third = starts[2] as number;
  expect(() => recoverJournal(quickDisk, folder, 'seals', 0)).toThrow(/no segment of the seals journal/);
  const renamed = copyOf(folder);
  renameSync(segmentPath(renamed, third), segmentPath(renamed, third + 8));
  expect(() => recover(renamed)).toThrow(FatalError);
  const other = copyOf(folder);
  renameSync(segmentPath(other, 0), segmentPath(other, third + 1_000_000));
  expect(() => recover(other, third)).toThrow(FatalError);
});

test('recovery: a record without a group is fatal', () => {
  const folder = temporaryFolder();
  const writer = new JournalWriter(quickDisk, folder, 'records', 0, LARGE);
  writer.append(RECORD_TYPE.slab, RECORD_FLAG.last, 1, 1, someBytes(8, 1));
  writer.close();
  expect(() => recover(folder)).toThrow(/a record belongs to no group/);
});

test('recovery: bytes that no fsync is known to cover are written again before the fsync that covers them', () => {
  const { folder, last, end } = threeGroups();
  const rewritten: { offset: number; bytes: number }[] = [];
  const observed = {
    ...quickDisk,
    write: (fd: number, parts: readonly Uint8Array[], offset: number) => {
      rewritten.push({ offset, bytes: parts.reduce((sum, part) => sum + part.length, 0) });
      quickDisk.write(fd, parts, offset);
    },
  };
  const { storage, trace } = faultyStorage(observed, null);
  const before = readFileSync(segmentPath(folder, 0));
  recoverJournal(storage, folder, 'records', 0);
  expect(rewritten).toEqual([{ offset: last, bytes: end - last }]);
  expect(trace.slice(-4).map((call) => call.kind)).toEqual(['write', 'sync', 'syncFolder', 'close']);
  expect(readFileSync(segmentPath(folder, 0)).equals(before)).toBe(true);
});
