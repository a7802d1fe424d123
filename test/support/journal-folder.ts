// Journals for tests: a folder that goes away with its test, groups written in one call, and the whole journal read back
// as plain arrays.

import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { GroupReader, JournalReader } from '../../engine/journal/reader.ts';
import { type JournalRecord, RECORD_FLAG, RECORD_TYPE } from '../../engine/journal/record.ts';
import type { JournalKind } from '../../engine/journal/segments.ts';
import type { JournalWriter } from '../../engine/journal/writer.ts';
import { diskStorage, type Storage } from '../../engine/storage.ts';

/** The real disk without its waits, for tests that recover hundreds of journals and lose no power. */
export const quickDisk: Storage = {
  ...diskStorage,
  datasync: () => {},
  sync: () => {},
  syncFolder: () => {},
};

/** A new folder below the system's temporary one, removed when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'firn-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** `length` bytes that differ from those of every other seed. */
export function someBytes(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (seed * 31 + i * 7 + 1) & 255);
}

/** Appends `chunks` as one group; without `whole` its LAST is missing. Returns the position of its first record. */
export function appendGroup(
  writer: JournalWriter,
  chunks: readonly Uint8Array[],
  whole = true,
  stampMs = 1000,
): number {
  let first = -1;
  chunks.forEach((chunk, i) => {
    const last = whole && i === chunks.length - 1;
    const flags = (i === 0 ? RECORD_FLAG.first : 0) | (last ? RECORD_FLAG.last : 0);
    const position = writer.append(RECORD_TYPE.slab, flags, stampMs, stampMs / 10, chunk);
    if (i === 0) first = position;
  });
  return first;
}

/** The payloads of all groups that end at or before `limit`. */
export function readGroups(
  folder: string,
  from: number,
  limit: number,
  kind: JournalKind = 'records',
): number[][][] {
  const reader = new JournalReader(quickDisk, folder, kind, from);
  const groups = new GroupReader(reader);
  const found: number[][][] = [];
  for (let group = groups.next(limit); group !== null; group = groups.next(limit)) {
    found.push(group.map((record: JournalRecord) => [...record.payload]));
  }
  reader.close();
  return found;
}

/** Chunks as `readGroups` gives them. */
export function plain(groups: readonly (readonly Uint8Array[])[]): number[][][] {
  return groups.map((group) => group.map((chunk) => [...chunk]));
}

/** Changes one byte of a file. */
export function flipByte(path: string, offset: number, mask = 0xff): void {
  const byte = (readFileSync(path)[offset] as number) ^ mask;
  const fd = openSync(path, 'r+');
  writeSync(fd, Uint8Array.of(byte), 0, 1, offset);
  closeSync(fd);
}
