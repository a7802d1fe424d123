import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { diskStorage, ensureFolder, errorCode, readWhole, replaceFile } from '../engine/storage.ts';
import { faultyStorage } from './support/faulty-storage.ts';
import { someBytes, temporaryFolder } from './support/journal-folder.ts';

/** The errno name of what `call` throws. */
function codeOf(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return errorCode(error);
  }
}

test('storage: create never takes a file that is there, and nobody else may read it', () => {
  const path = join(temporaryFolder(), 'a');
  const fd = diskStorage.create(path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(codeOf(() => diskStorage.create(path))).toBe('EEXIST');
  diskStorage.close(fd);
});

test('storage: writes parts at an offset, shared memory included, and reads up to the end of the file', () => {
  const path = join(temporaryFolder(), 'a');
  const fd = diskStorage.create(path);
  const shared = new Uint8Array(new SharedArrayBuffer(10)).fill(7);
  diskStorage.write(fd, [someBytes(3, 1), new Uint8Array(0), shared.subarray(2, 6)], 5);
  expect(diskStorage.size(fd)).toBe(12);
  const into = new Uint8Array(20);
  expect(diskStorage.read(fd, into, 4)).toBe(8);
  expect([...into.subarray(0, 8)]).toEqual([0, ...someBytes(3, 1), 7, 7, 7, 7]);
  expect(diskStorage.read(fd, into, 12)).toBe(0);
  diskStorage.truncate(fd, 6);
  expect(diskStorage.size(fd)).toBe(6);
  diskStorage.close(fd);
  expect(() => diskStorage.write(fd, [shared], 0)).toThrow();
});

test('storage: link never replaces, rename does, and what is missing has its own answers', () => {
  const folder = temporaryFolder();
  const [a, b, c] = ['a', 'b', 'c'].map((name) => join(folder, name)) as [string, string, string];
  writeFileSync(a, 'one');
  writeFileSync(b, 'two');
  expect(codeOf(() => diskStorage.link(a, b))).toBe('EEXIST');
  diskStorage.link(a, c);
  diskStorage.rename(a, b);
  expect([readFileSync(b, 'utf8'), readFileSync(c, 'utf8')]).toEqual(['one', 'one']);
  expect(diskStorage.list(folder)).toEqual(['b', 'c']);
  expect(diskStorage.stat(a)).toBeNull();
  expect(diskStorage.stat(folder)).toMatchObject({ folder: true });
  expect(diskStorage.stat(b)).toMatchObject({ folder: false, bytes: 3 });
  expect(readWhole(diskStorage, a)).toBeNull();
  expect(codeOf(() => diskStorage.open(a))).toBe('ENOENT');
  expect(codeOf(() => diskStorage.list(join(folder, 'no')))).toBe('ENOENT');
  expect(diskStorage.freeBytes(folder)).toBeGreaterThan(0);
});

test('storage: a failed replacement leaves the old file or the new one, and the next one goes through', () => {
  const [old, fresh] = [someBytes(50, 1), someBytes(70, 2)];
  for (const how of ['not done', 'done', 'torn'] as const) {
    let failures = 0;
    for (let call = 1; ; call++) {
      const folder = temporaryFolder();
      const path = join(folder, 'state');
      replaceFile(diskStorage, path, [old]);
      const { storage, failed } = faultyStorage(diskStorage, { kind: 'change', call, how });
      const threw = codeOf(() => replaceFile(storage, path, [fresh.subarray(0, 20), fresh.subarray(20)]));
      const found = [...(readWhole(diskStorage, path) ?? [])];
      if (!failed()) {
        expect(found).toEqual([...fresh]);
        break;
      }
      failures++;
      expect(threw).toBe('EIO');
      expect([[...old], [...fresh]]).toContainEqual(found);
      replaceFile(diskStorage, path, [fresh]);
      expect([...(readWhole(diskStorage, path) ?? [])]).toEqual([...fresh]);
      expect(diskStorage.list(folder)).toEqual(['state']);
    }
    // create, write, sync, rename, syncFolder
    expect(failures).toBe(5);
  }
});

test('storage: folders are made down to the last one, each name synced in its parent', () => {
  const root = temporaryFolder();
  const { storage, trace } = faultyStorage(diskStorage, null);
  ensureFolder(storage, join(root, 'a', 'b'));
  const changes = trace.filter((call) => call.kind === 'mkdir' || call.kind === 'syncFolder');
  expect(changes).toEqual([
    { kind: 'mkdir', on: join(root, 'a') },
    { kind: 'syncFolder', on: root },
    { kind: 'mkdir', on: join(root, 'a', 'b') },
    { kind: 'syncFolder', on: join(root, 'a') },
  ]);
  expect(statSync(join(root, 'a', 'b')).mode & 0o777).toBe(0o700);
  ensureFolder(storage, join(root, 'a', 'b'));
  writeFileSync(join(root, 'file'), '');
  expect(codeOf(() => ensureFolder(storage, join(root, 'file', 'x')))).toBe('ENOTDIR');
});

test('storage: a failed call on an open file says which file and which operation', () => {
  const path = join(temporaryFolder(), 'seals.firnl');
  writeFileSync(path, 'x');
  const fd = diskStorage.open(path);
  // The file is open for reading only.
  expect(() => diskStorage.write(fd, [someBytes(1, 1)], 0)).toThrow(
    `EBADF: bad file descriptor, write '${path}'`,
  );
  expect(() => diskStorage.truncate(fd, 0)).toThrow(`ftruncate '${path}'`);
  diskStorage.close(fd);
  const full = diskStorage.openWrite('/dev/full');
  expect(codeOf(() => diskStorage.write(full, [someBytes(1, 1)], 0))).toBe('ENOSPC');
  expect(() => diskStorage.write(full, [someBytes(1, 1)], 0)).toThrow("write '/dev/full'");
  diskStorage.close(full);
  // The number may be another file's by now: nothing is said about what is not known.
  expect(() => diskStorage.sync(full)).toThrow(/^EBADF: bad file descriptor, fsync$/);
});
