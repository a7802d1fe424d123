import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { crc32c } from '../../engine/crc32c.ts';
import { FatalError } from '../../engine/errors.ts';
import { decodeHeader, RECORD_FLAG, RECORD_TYPE, recordBytes } from '../../engine/journal/record.ts';
import { recoverJournal } from '../../engine/journal/recovery.ts';
import { segmentPath } from '../../engine/journal/segments.ts';
import { JournalWriter } from '../../engine/journal/writer.ts';
import { diskStorage } from '../../engine/storage.ts';
import { faultyStorage } from '../support/faulty-storage.ts';
import { appendGroup, plain, readGroups, someBytes, temporaryFolder } from '../support/journal-folder.ts';

const WHOLE = RECORD_FLAG.first | RECORD_FLAG.last;
const LARGE = { segmentBytes: 1 << 20 };

test('writer: the bytes on disk are those of the documented format', () => {
  const folder = temporaryFolder();
  const writer = new JournalWriter(diskStorage, folder, 'records', 0, LARGE);
  const position = writer.append(RECORD_TYPE.slab, WHOLE, 1_700_000_000_123, 45.5, Uint8Array.of(1, 2, 3));
  writer.close();
  const file = readFileSync(segmentPath(folder, 0));
  expect(position).toBe(64);
  expect(file.length).toBe(64 + 48 + 8);
  expect(file.toString('latin1', 0, 8)).toBe('FIRNJNL1');
  expect([file.readUInt32LE(8), file.readUInt32LE(12), file.readBigUInt64LE(16)]).toEqual([1, 1, 0n]);
  expect(file.subarray(24, 60).every((byte) => byte === 0)).toBe(true);
  expect(file.readUInt32LE(60)).toBe(crc32c(file, 0, 60));
  expect([file.readUInt32LE(64), file.readUInt32LE(68), file.readDoubleLE(72)]).toEqual([0x464a5231, 3, 64]);
  expect([file.readDoubleLE(80), file.readDoubleLE(88)]).toEqual([1_700_000_000_123, 45.5]);
  expect([file.readUInt16LE(96), file.readUInt16LE(98), file.readUInt32LE(100)]).toEqual([1, 3, 0]);
  expect(file.readUInt32LE(104)).toBe(crc32c(Uint8Array.of(1, 2, 3)));
  expect(file.readUInt32LE(108)).toBe(crc32c(file, 64, 108));
  expect([...file.subarray(112)]).toEqual([1, 2, 3, 0, 0, 0, 0, 0]);
});

test('writer: rolls before the record that would pass the size; a larger record has a segment of its own', () => {
  const folder = temporaryFolder();
  const writer = new JournalWriter(diskStorage, folder, 'records', 0, { segmentBytes: 400 });
  const sizes = [100, 100, 100, 1000, 8, 8];
  const groups = sizes.map((size, i) => [someBytes(size, i)]);
  const positions = groups.map((group) => appendGroup(writer, group));
  writer.sync();
  const record = recordBytes(100);
  // 64 + 2 records fill the first segment to 368; the third would pass 400, the large one passes any.
  const second = 64 + 2 * record;
  const third = second + 64 + record;
  const fourth = third + 64 + recordBytes(1000);
  expect(positions).toEqual([
    64,
    64 + record,
    second + 64,
    third + 64,
    fourth + 64,
    fourth + 64 + recordBytes(8),
  ]);
  expect(readdirSync(folder).sort()).toEqual(
    [0, second, third, fourth].map((start) => `${String(start).padStart(20, '0')}.firnj`),
  );
  expect(readGroups(folder, 0, writer.durable)).toEqual(plain(groups));
  writer.close();
});

test('writer: a new segment is on disk, name included, before its first record; the old one is synced first', () => {
  const folder = temporaryFolder();
  const { storage, trace } = faultyStorage(diskStorage, null);
  const writer = new JournalWriter(storage, folder, 'records', 0, { segmentBytes: 350 });
  const kinds = (): string[] => trace.splice(0).map((call) => call.kind);
  kinds();
  appendGroup(writer, [someBytes(100, 1)]);
  expect(kinds()).toEqual(['create', 'write', 'sync', 'syncFolder', 'write']);
  writer.sync();
  expect(kinds()).toEqual(['datasync']);
  appendGroup(writer, [someBytes(60, 2)]);
  expect(kinds()).toEqual(['write']);
  appendGroup(writer, [someBytes(200, 3)]);
  expect(kinds()).toEqual(['datasync', 'close', 'create', 'write', 'sync', 'syncFolder', 'write']);
  writer.close();
  expect(kinds()).toEqual(['datasync', 'close']);
});

test('writer: each header says how much before it was not synced when it was written', () => {
  const folder = temporaryFolder();
  const writer = new JournalWriter(diskStorage, folder, 'records', 0, LARGE);
  const positions = [appendGroup(writer, [someBytes(8, 1)]), appendGroup(writer, [someBytes(8, 2)])];
  writer.sync();
  positions.push(appendGroup(writer, [someBytes(8, 3)]), appendGroup(writer, [someBytes(8, 4)]));
  const file = readFileSync(segmentPath(folder, 0));
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const unsynced = positions.map((position) => decodeHeader(view, position, position)?.unsynced);
  expect(unsynced).toEqual([0, recordBytes(8), 0, recordBytes(8)]);
  writer.close();
});

test('writer: takes payloads on shared memory, of any length, without a copy of its own', () => {
  const folder = temporaryFolder();
  const writer = new JournalWriter(diskStorage, folder, 'seals', 0, LARGE);
  const shared = new Uint8Array(new SharedArrayBuffer(64)).map((_, i) => i);
  const groups = Array.from({ length: 17 }, (_, length) => [shared.subarray(3, 3 + length)]);
  for (const group of groups) appendGroup(writer, group);
  writer.close();
  expect(readGroups(folder, 0, writer.position, 'seals')).toEqual(plain(groups));
});

test('writer: a payload that does not fit the checksum it came with is found by the reader', () => {
  const folder = temporaryFolder();
  const writer = new JournalWriter(diskStorage, folder, 'records', 0, LARGE);
  writer.append(RECORD_TYPE.slab, WHOLE, 1, 1, someBytes(8, 1), crc32c(someBytes(8, 2)));
  writer.close();
  expect(() => readGroups(folder, 0, writer.durable)).toThrow(
    /damaged at byte 64: a record fails its checksum/,
  );
});

test('writer: goes on where recovery says, and refuses a journal that was not recovered', () => {
  const folder = temporaryFolder();
  const writer = new JournalWriter(diskStorage, folder, 'records', 0, LARGE);
  appendGroup(writer, [someBytes(20, 1)]);
  const { position } = writer;
  appendGroup(writer, [someBytes(20, 2)], false);
  writer.close();
  expect(() => new JournalWriter(diskStorage, folder, 'records', position, LARGE)).toThrow(FatalError);
  expect(recoverJournal(diskStorage, folder, 'records', 0).end).toBe(position);
  const again = new JournalWriter(diskStorage, folder, 'records', position, LARGE);
  expect([again.position, again.durable]).toEqual([position, position]);
  expect(appendGroup(again, [someBytes(20, 3)])).toBe(position);
  again.close();
});

test('writer: after a failed fsync it takes nothing more and never says that anything became durable', () => {
  const folder = temporaryFolder();
  const { storage } = faultyStorage(diskStorage, { kind: 'datasync', call: 1, how: 'not done' });
  const writer = new JournalWriter(storage, folder, 'records', 0, LARGE);
  appendGroup(writer, [someBytes(20, 1)]);
  const { durable } = writer;
  expect(() => writer.sync()).toThrow(FatalError);
  expect(() => writer.sync()).toThrow(/could not be synced to disk \(EIO\).*0\.firnj.*restart recovers/);
  expect(() => appendGroup(writer, [someBytes(20, 2)])).toThrow(FatalError);
  expect(writer.durable).toBe(durable);
  writer.close();
});
