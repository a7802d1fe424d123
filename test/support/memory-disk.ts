// A disk in memory that loses power: it keeps apart what a program sees (the page cache) and what would be there after a
// power loss, by the letter of fsync: bytes and length of a file are safe after its datasync or sync, names after the
// syncFolder of their folder. `lose` gives the disk as it comes back: everything safe, and of the rest whatever the
// given chance picks, file by file and name by name.

import { basename, dirname, join } from 'node:path';
import type { Storage } from '../../engine/storage.ts';

interface Inode {
  /** What programs see. */
  bytes: Uint8Array;
  /** What is safe. */
  safe: Uint8Array;
}

interface Folder {
  readonly names: Map<string, Inode>;
  safe: Map<string, Inode>;
}

export interface MemoryDisk {
  readonly storage: Storage;
  /** Every file by its path, as programs see it. The bytes are the disk's own. */
  files(): Map<string, Uint8Array>;
  /** Puts a file there, in the place of what had its name: durably, as if it had always been so. */
  put(path: string, bytes: Uint8Array): void;
  /** Descriptors that are open. */
  readonly opened: number;
  /** Power loss; `chance` gives numbers in [0, 1). Descriptors are gone, too. */
  lose(chance: () => number): void;
}

function failure(code: string, path: string | number): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

/** A disk whose folders exist as soon as they are named. */
export function memoryDisk(): MemoryDisk {
  const folders = new Map<string, Folder>();
  const open = new Map<number, Inode>();
  let nextFd = 3;

  function folder(path: string): Folder {
    let found = folders.get(path);
    if (found === undefined) {
      found = { names: new Map(), safe: new Map() };
      folders.set(path, found);
    }
    return found;
  }
  const names = (path: string): Map<string, Inode> => folder(dirname(path)).names;
  function inode(path: string): Inode {
    const found = names(path).get(basename(path));
    if (found === undefined) throw failure('ENOENT', path);
    return found;
  }
  function file(fd: number): Inode {
    const found = open.get(fd);
    if (found === undefined) throw failure('EBADF', fd);
    return found;
  }
  function opened(node: Inode): number {
    open.set(nextFd, node);
    return nextFd++;
  }
  function add(path: string, node: Inode): void {
    if (names(path).has(basename(path))) throw failure('EEXIST', path);
    names(path).set(basename(path), node);
  }
  function safe(fd: number): void {
    const node = file(fd);
    node.safe = node.bytes.slice();
  }

  const storage: Storage = {
    create: (path) => {
      const node = { bytes: new Uint8Array(0), safe: new Uint8Array(0) };
      add(path, node);
      return opened(node);
    },
    open: (path) => opened(inode(path)),
    openWrite: (path) => opened(inode(path)),
    close: (fd) => {
      file(fd);
      open.delete(fd);
    },
    read: (fd, into, offset) => {
      const part = file(fd).bytes.subarray(offset, offset + into.length);
      into.set(part);
      return part.length;
    },
    write: (fd, parts, offset) => {
      const node = file(fd);
      const added = Buffer.concat(parts);
      const bytes = new Uint8Array(Math.max(node.bytes.length, offset + added.length));
      bytes.set(node.bytes);
      bytes.set(added, offset);
      node.bytes = bytes;
    },
    truncate: (fd, bytes) => {
      file(fd).bytes = file(fd).bytes.slice(0, bytes);
    },
    datasync: safe,
    sync: safe,
    syncFolder: (path) => {
      folder(path).safe = new Map(folder(path).names);
    },
    size: (fd) => file(fd).bytes.length,
    stat: (path) => {
      const node = names(path).get(basename(path));
      if (node !== undefined) return { bytes: node.bytes.length, folder: false, modifiedMs: 0 };
      return folders.has(path) ? { bytes: 0, folder: true, modifiedMs: 0 } : null;
    },
    list: (path) => [...folder(path).names.keys()].sort(),
    rename: (from, to) => {
      names(to).set(basename(to), inode(from));
      names(from).delete(basename(from));
    },
    link: (from, to) => add(to, inode(from)),
    unlink: (path) => {
      inode(path);
      names(path).delete(basename(path));
    },
    mkdir: (path) => {
      folder(path);
    },
    freeBytes: () => Number.MAX_SAFE_INTEGER,
  };

  return {
    storage,
    lose: (chance) => lose(folders, open, chance),
    files: () =>
      new Map(
        [...folders].flatMap(([path, { names }]) =>
          [...names].map(([name, { bytes }]): [string, Uint8Array] => [join(path, name), bytes]),
        ),
      ),
    put: (path, bytes) => {
      const node = { bytes: bytes.slice(), safe: bytes.slice() };
      names(path).set(basename(path), node);
      folder(dirname(path)).safe.set(basename(path), node);
    },
    get opened() {
      return open.size;
    },
  };
}

function lose(folders: Map<string, Folder>, open: Map<number, Inode>, chance: () => number): void {
  open.clear();
  for (const folder of folders.values()) {
    const all = new Set([...folder.names.keys(), ...folder.safe.keys()]);
    for (const name of all) {
      const node = chance() < 0.5 ? folder.names.get(name) : folder.safe.get(name);
      if (node === undefined) folder.names.delete(name);
      else folder.names.set(name, node);
    }
    folder.safe = new Map(folder.names);
    for (const node of folder.names.values()) {
      node.bytes = afterLoss(node, chance);
      node.safe = node.bytes.slice();
    }
  }
}

/** Blocks of 64 bytes reached the disk or not, each for itself; the length is the old one, the new one, or between. */
function afterLoss(node: Inode, chance: () => number): Uint8Array {
  const pick = chance();
  const { bytes, safe } = node;
  if (pick < 0.2) return safe.slice();
  if (pick < 0.4) return bytes.slice();
  const length =
    chance() < 0.5 ? bytes.length : Math.round(safe.length + (bytes.length - safe.length) * chance());
  const result = new Uint8Array(length);
  for (let at = 0; at < length; at += 64) {
    const from = chance() < 0.5 ? bytes : safe;
    result.set(from.subarray(at, Math.min(at + 64, length)), at);
  }
  return result;
}
