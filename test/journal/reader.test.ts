import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FatalError } from '../../engine/errors.ts';
import { GroupReader, JournalFile, JournalReader } from '../../engine/journal/reader.ts';
import { RECORD_TYPE, recordBytes } from '../../engine/journal/record.ts';
import { dropSegments, listSegments, segmentPath } from '../../engine/journal/segments.ts';
import { JournalWriter } from '../../engine/journal/writer.ts';
import { diskStorage } from '../../engine/storage.ts';
import { faultyStorage } from '../support/faulty-storage.ts';
import { appendGroup, plain, readGroups, someBytes, temporaryFolder } from '../support/journal-folder.ts';

test('reader: gives what was written, with its place, and stops at the limit', () => {
  const folder = temporaryFolder();
  const writer = new JournalWriter(diskStorage, folder, 'records', 0, { segmentBytes: 1000 });
  const reader = new JournalReader(diskStorage, folder, 'records', 0);
  expect(reader.next(0)).toBeNull();
  const first = appendGroup(writer, [someBytes(5, 1)], true, 1234);
  const limit = writer.position;
  appendGroup(writer, [someBytes(5, 2)]);
  const record = reader.next(limit);
  expect(record).toMatchObject({
    position: first,
    end: limit,
    type: RECORD_TYPE.slab,
    flags: 3,
    wallMs: 1234,
    runningMs: 123.4,
    payloadPosition: first + 48,
  });
  expect([...(record?.payload ?? [])]).toEqual([...someBytes(5, 1)]);
  expect(reader.next(limit)).toBeNull();
  expect(reader.next(writer.position)?.position).toBe(limit);
  reader.close();
  writer.close();
});

test('reader: a group is given only when its end is before the limit, whatever segments it lies in', () => {
  const folder = temporaryFolder();
  const writer = new JournalWriter(diskStorage, folder, 'records', 0, { segmentBytes: 300 });
  const groups = new GroupReader(new JournalReader(diskStorage, folder, 'records', 0));
  const large = Array.from({ length: 6 }, (_, i) => someBytes(90, i));
  appendGroup(writer, [someBytes(8, 50)]);
  const before = writer.position;
  appendGroup(writer, large);
  expect(groups.next(writer.position)?.length).toBe(1);
  expect(groups.position).toBe(before);
  for (const limit of [before, before + recordBytes(90), writer.position - 64 - 2 * recordBytes(90)]) {
    expect(groups.next(limit)).toBeNull();
    expect(groups.position).toBe(before);
  }
  const group = groups.next(writer.position);
  expect(group?.map((record) => [...record.payload])).toEqual(large.map((chunk) => [...chunk]));
  expect(groups.position).toBe(writer.position);
  writer.close();
});

test('reader: a group that another one abandons is never given', () => {
  const folder = temporaryFolder();
  const writer = new JournalWriter(diskStorage, folder, 'records', 0, { segmentBytes: 400 });
  appendGroup(writer, [someBytes(50, 1), someBytes(60, 2)], false);
  appendGroup(writer, [someBytes(70, 3)], false);
  const whole = [[someBytes(80, 4), someBytes(9, 5), someBytes(90, 6)], [someBytes(3, 7)]];
  for (const group of whole) appendGroup(writer, group);
  writer.close();
  expect(readGroups(folder, 0, writer.position)).toEqual(plain(whole));
});

test('reader: starts at any group, at the end of the journal, and at the end of a segment', () => {
  const folder = temporaryFolder();
  const writer = new JournalWriter(diskStorage, folder, 'records', 0, { segmentBytes: 250 });
  const groups: Uint8Array[][] = [];
  const ends = [0];
  for (let seed = 0; seed < 8; seed++) {
    groups.push([someBytes(40, seed)]);
    appendGroup(writer, groups[seed] as Uint8Array[]);
    ends.push(writer.position);
  }
  writer.sync();
  for (const [i, from] of ends.entries()) {
    expect(readGroups(folder, from, writer.position)).toEqual(plain(groups.slice(i)));
  }
  const atEnd = new JournalReader(diskStorage, folder, 'records', writer.position);
  const limit = writer.position;
  expect(atEnd.next(limit)).toBeNull();
  const next = appendGroup(writer, [someBytes(240, 9)]);
  expect(next).toBe(limit + 64);
  expect(atEnd.next(writer.position)?.position).toBe(next);
  atEnd.close();
  writer.close();
});

test('reader: a missing segment, and a limit that no record ends at, are fatal', () => {
  const folder = temporaryFolder();
  const writer = new JournalWriter(diskStorage, folder, 'records', 0, { segmentBytes: 100 });
  appendGroup(writer, [someBytes(40, 1)]);
  appendGroup(writer, [someBytes(40, 2)]);
  writer.close();
  expect(() => readGroups(folder, 0, writer.position - 8)).toThrow(/crosses the durable position/);
  expect(() => readGroups(folder, 0, writer.position + 8)).toThrow(/the segment is missing/);
  const second = listSegments(diskStorage, folder)[1]?.start as number;
  diskStorage.unlink(segmentPath(folder, 0));
  expect(() => readGroups(folder, 0, writer.position)).toThrow(FatalError);
  expect(readGroups(folder, second, writer.position)).toEqual(plain([[someBytes(40, 2)]]));
});

test('journal file: reads any bytes of any segment, also of segments that came later', () => {
  const folder = temporaryFolder();
  const writer = new JournalWriter(diskStorage, folder, 'records', 0, { segmentBytes: 200 });
  const { storage, trace } = faultyStorage(diskStorage, null);
  const file = new JournalFile(storage, folder);
  const places: { position: number; payload: Uint8Array }[] = [];
  const check = (): void => {
    for (const { position, payload } of places) {
      const into = new Uint8Array(payload.length - 10);
      file.read(position + 48 + 5, into);
      expect([...into]).toEqual([...payload.subarray(5, payload.length - 5)]);
    }
  };
  for (let seed = 0; seed < 6; seed++) {
    const payload = someBytes(60, seed);
    places.push({ position: appendGroup(writer, [payload]), payload });
    check();
  }
  writer.close();
  const segments = listSegments(diskStorage, folder);
  expect(segments.length).toBe(6);
  expect(trace.filter((call) => call.kind === 'open').length).toBe(6);
  expect(() => file.read(writer.position - 4, new Uint8Array(8))).toThrow(/the file ends early/);
  const oldest = (segments[4] as { start: number }).start;
  file.forget(oldest);
  expect(trace.filter((call) => call.kind === 'close').length).toBe(4);
  expect(dropSegments(diskStorage, folder, oldest)).toBe(oldest);
  expect(() => file.read(64, new Uint8Array(8))).toThrow(FatalError);
  file.close();
  expect(trace.filter((call) => call.kind === 'close').length).toBe(6);
});

test('segments: only what lies wholly before a position is dropped, oldest first, never the newest', () => {
  const folder = temporaryFolder();
  const writer = new JournalWriter(diskStorage, folder, 'records', 0, { segmentBytes: 150 });
  for (let seed = 0; seed < 4; seed++) appendGroup(writer, [someBytes(60, seed)]);
  writer.close();
  const starts = listSegments(diskStorage, folder).map((segment) => segment.start);
  const [, second, third, fourth] = starts as [number, number, number, number];
  expect(dropSegments(diskStorage, folder, second - 1)).toBe(0);
  const { storage, trace } = faultyStorage(diskStorage, null);
  expect(dropSegments(storage, folder, third + 70)).toBe(third);
  const changes = trace.filter((call) => call.kind === 'unlink' || call.kind === 'syncFolder');
  expect(changes.map((call) => call.on)).toEqual([
    segmentPath(folder, 0),
    segmentPath(folder, second),
    folder,
  ]);
  expect(dropSegments(diskStorage, folder, Number.MAX_SAFE_INTEGER)).toBe(fourth);
  expect(existsSync(segmentPath(folder, fourth))).toBe(true);
  const failing = faultyStorage(diskStorage, { kind: 'list', call: 1, how: 'not done' });
  expect(() => dropSegments(failing.storage, folder, 1)).toThrow(FatalError);
});
