// The local log: what was appended is there after any crash, whole seals only, and what is published from it adds up.

import {
  closeSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { leafHash, merkleRoot, sha256Hex } from '../../engine/batch/merkle.ts';
import { NO_PREV } from '../../engine/batch/seal.ts';
import { FatalError } from '../../engine/errors.ts';
import { LOG_FILE, SealLog } from '../../engine/seal/log.ts';
import { encodeRecords, FILE_HEADER_BYTES, recordBytes } from '../../engine/seal/log-file.ts';
import { parseBundle, parseTilePath } from '../../engine/seal/tiles.ts';
import { diskStorage, type Storage } from '../../engine/storage.ts';
import { faultyStorage } from '../support/faulty-storage.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'firn-log-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const path = (): string => join(folder, LOG_FILE);

/** `count` chained seals; only `prev` matters to the log. */
function chain(count: number, from: string = NO_PREV, note = ''): Uint8Array[] {
  let prev = from;
  return Array.from({ length: count }, (_, n) => {
    const seal = Buffer.from(`{"n":${n},"note":"${note}","prev":"${prev}"}`);
    prev = sha256Hex(seal);
    return seal;
  });
}

const rootOf = (seals: readonly Uint8Array[]): string =>
  Buffer.from(merkleRoot(Buffer.concat(seals.map(leafHash)))).toString('hex');
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const texts = (seals: Iterable<Uint8Array>): string[] =>
  [...seals].map((seal) => Buffer.from(seal).toString());

/** The real disk without its waits: these tests are about bytes, the traced ones about syncs. */
const quickStorage: Storage = { ...diskStorage, sync: () => {}, syncFolder: () => {}, datasync: () => {} };

function opened<T>(use: (log: SealLog) => T): T {
  const log = SealLog.open(quickStorage, folder);
  try {
    return use(log);
  } finally {
    log.close();
  }
}

/** Seals as the log holds them, appended in groups of the given sizes. */
function written(...groups: number[]): Uint8Array[] {
  const seals = chain(groups.reduce((sum, size) => sum + size, 0));
  opened((log) => {
    let at = 0;
    for (const size of groups) {
      log.append(seals.slice(at, at + size));
      at += size;
    }
  });
  return seals;
}

describe('seal log', () => {
  test('seal log: an empty log has size 0, the empty root and 64 zeros to chain to', () => {
    opened((log) => {
      expect([log.size, log.prev]).toEqual([0, NO_PREV]);
      expect(hex(log.root())).toBe(rootOf([]));
      expect([...log.tileFiles(0, 0)]).toEqual([]);
    });
    expect(statSync(path()).mode & 0o777).toBe(0o600);
  });

  test('seal log: what was appended is there when it is opened again', () => {
    const seals = written(1, 3, 2);
    opened((log) => {
      expect(log.size).toBe(6);
      expect(log.prev).toBe(sha256Hex(seals[5] as Uint8Array));
      expect(texts(log.entries(0, 6))).toEqual(texts(seals));
      expect(texts(log.entries(2, 4))).toEqual(texts(seals.slice(2, 4)));
      expect(texts(log.entries(6, 6))).toEqual([]);
      for (let size = 0; size <= 6; size++) expect(hex(log.root(size))).toBe(rootOf(seals.slice(0, size)));
      expect(log.truncatedBytes).toBe(0);
    });
  });

  test('seal log: an append is one write and one fdatasync', () => {
    const { storage, trace } = faultyStorage(diskStorage, null);
    const log = SealLog.open(storage, folder);
    trace.length = 0;
    log.append(chain(5));
    expect(trace.map(({ kind }) => kind)).toEqual(['write', 'datasync']);
    log.close();
  });

  test('seal log: a seal that does not follow the one before it is refused and changes nothing', () => {
    const seals = written(2);
    opened((log) => {
      const [next, after] = chain(2, log.prev);
      for (const wrong of [[after], [next, next], chain(1), [Buffer.from('{}')]]) {
        expect(() => log.append(wrong as Uint8Array[])).toThrow(/assertion/);
      }
      log.append([next as Uint8Array]);
      expect(log.size).toBe(3);
    });
    opened((log) => expect(texts(log.entries(0, 2))).toEqual(texts(seals)));
  });

  test('seal log: cut at every byte of its last append it keeps whole seals, all earlier ones, and goes on', () => {
    const seals = written(2, 3);
    const whole = readFileSync(path());
    const durable =
      FILE_HEADER_BYTES + recordBytes(seals[0]?.length ?? 0) + recordBytes(seals[1]?.length ?? 0);
    for (let cut = durable; cut < whole.length; cut++) {
      writeFileSync(path(), whole.subarray(0, cut));
      opened((log) => {
        expect(log.size).toBeGreaterThanOrEqual(2);
        expect(log.size).toBeLessThan(5);
        expect(texts(log.entries(0, log.size))).toEqual(texts(seals.slice(0, log.size)));
        expect(log.truncatedBytes).toBe(cut - statSync(path()).size);
        log.append(seals.slice(log.size));
      });
      expect(
        Buffer.compare(
          opened((log) => log.root()),
          merkleRoot(Buffer.concat(seals.map(leafHash))),
        ),
      ).toBe(0);
    }
  });

  test('seal log: an append of which any part never reached the disk is cut where the hole begins', () => {
    const seals = written(2, 3);
    const whole = readFileSync(path());
    const durable = FILE_HEADER_BYTES + 2 * recordBytes(seals[0]?.length ?? 0);
    for (let hole = durable; hole < whole.length; hole += 8) {
      // Blocks of one write may reach the disk in any order: the file has its full length, a part is zeros.
      for (const length of [8, whole.length - hole]) {
        const torn = Buffer.from(whole);
        torn.fill(0, hole, hole + length);
        if (torn.equals(whole)) continue;
        writeFileSync(path(), torn);
        opened((log) => {
          expect(log.size).toBeGreaterThanOrEqual(2);
          expect(texts(log.entries(0, log.size))).toEqual(texts(seals.slice(0, log.size)));
        });
      }
    }
  });

  test('seal log: a changed bit before the last append is fatal and nothing is cut', () => {
    const seals = written(2, 1);
    const whole = readFileSync(path());
    const records = [0, 1].map((i) => FILE_HEADER_BYTES + i * recordBytes(seals[0]?.length ?? 0));
    const covered = [...Array(FILE_HEADER_BYTES).keys()];
    for (const start of records)
      for (let i = 0; i < 32 + (seals[0]?.length ?? 0); i++) covered.push(start + i);
    for (const at of covered) {
      const bent = Buffer.from(whole);
      bent[at] = (bent[at] as number) ^ (1 << (at & 7));
      writeFileSync(path(), bent);
      expect(() => opened(() => {}), `byte ${at}`).toThrow(FatalError);
      expect(readFileSync(path()).equals(bent)).toBe(true);
    }
  });

  test('seal log: a file that lost seals in the middle is fatal', () => {
    const seals = written(1, 1, 1);
    const whole = readFileSync(path());
    const record = recordBytes(seals[0]?.length ?? 0);
    writeFileSync(
      path(),
      Buffer.concat([
        whole.subarray(0, FILE_HEADER_BYTES + record),
        whole.subarray(FILE_HEADER_BYTES + 2 * record),
      ]),
    );
    expect(() => opened(() => {})).toThrow(FatalError);
    truncateSync(path(), 3);
    expect(() => opened(() => {})).toThrow(FatalError);
  });

  test('seal log: a file of whole records that are not one chain is fatal', () => {
    written(1);
    const [first, , third] = chain(3);
    const end = statSync(path()).size;
    const stray = encodeRecords([third as Uint8Array], end, 1);
    writeFileSync(path(), Buffer.concat([readFileSync(path()), stray]));
    expect(() => opened(() => {})).toThrow(/does not follow/);
    truncateSync(path(), end);
    expect(opened((log) => log.prev)).toBe(sha256Hex(first as Uint8Array));
  });

  test('seal log: a seal that changes on disk while the log is open is fatal when it is read', () => {
    written(3);
    opened((log) => {
      const bent = readFileSync(path());
      bent[FILE_HEADER_BYTES + 40] = 0x20;
      writeFileSync(path(), bent);
      expect(() => [...log.entries(0, 1)]).toThrow(FatalError);
    });
  });

  test('seal log: a disk that fails makes the append fatal, and the next open finds a whole prefix', () => {
    for (const kind of ['write', 'datasync'] as const) {
      for (const how of ['not done', 'done', 'torn'] as const) {
        rmSync(path(), { force: true });
        const seals = written(2);
        const next = chain(3, sha256Hex(seals[1] as Uint8Array), how);
        const { storage, failed } = faultyStorage(diskStorage, { kind, call: 1, how });
        const log = SealLog.open(storage, folder);
        expect(() => log.append(next)).toThrow(FatalError);
        expect(failed()).toBe(true);
        log.close();
        const all = texts([...seals, ...next]);
        opened((again) => {
          expect(again.size).toBeGreaterThanOrEqual(2);
          expect(texts(again.entries(0, again.size))).toEqual(all.slice(0, again.size));
        });
      }
    }
  });

  test('seal log: each call that creates it may fail, and the next open makes or finds it', () => {
    const { storage, trace } = faultyStorage(diskStorage, null);
    SealLog.open(storage, join(folder, 'count')).close();
    const calls = trace.filter(({ kind }) => kind !== 'close').length;
    for (let call = 1; call <= calls; call++) {
      for (const how of ['not done', 'done'] as const) {
        const place = join(folder, `${how}${call}`);
        const faulty = faultyStorage(diskStorage, { kind: 'any', call, how });
        expect(() => SealLog.open(faulty.storage, place)).toThrow(/EIO/);
        const log = SealLog.open(diskStorage, place);
        expect(log.size).toBe(0);
        log.close();
      }
    }
  });

  test('seal log: the published files rebuild every seal and every root', () => {
    const seals = written(255, 2, 300, 1);
    const sizes = [0, 1, 255, 256, 258, 512, 557, 558];
    opened((log) => {
      const files = new Map<string, Uint8Array>();
      for (const [i, size] of sizes.entries()) {
        for (const { key, body } of log.tileFiles(sizes[i - 1] ?? 0, size)) {
          expect(files.has(key), key).toBe(false);
          files.set(key, body);
        }
        expect(hex(log.root(size))).toBe(rootOf(seals.slice(0, size)));
        const width = size % 256;
        expect(width === 0 || [...files.keys()].some((key) => key.endsWith(`.p/${width}`))).toBe(true);
      }
      for (const [key, body] of files) {
        const tile = parseTilePath(key);
        if (tile === null) throw new Error(`not a tile: ${key}`);
        const start = tile.number * 256;
        if (tile.level === 'entries') {
          expect(texts(parseBundle(body, tile.width) ?? [])).toEqual(
            texts(seals.slice(start, start + tile.width)),
          );
        } else if (tile.level === 0) {
          expect(hex(body)).toBe(
            seals
              .slice(start, start + tile.width)
              .map((seal) => hex(leafHash(seal)))
              .join(''),
          );
        } else {
          const nodes = Array.from({ length: tile.width }, (_, i) =>
            rootOf(seals.slice((start + i) * 256, (start + i + 1) * 256)),
          );
          expect(hex(body)).toBe(nodes.join(''));
        }
      }
      expect([...files.keys()].filter((key) => !key.includes('.p/')).sort()).toEqual([
        'tile/0/000',
        'tile/0/001',
        'tile/entries/000',
        'tile/entries/001',
      ]);
      expect(files.has('tile/1/000.p/2')).toBe(true);
    });
  });

  test('seal log: published in steps or at once, files of one name have the same bytes', () => {
    written(300, 300);
    opened((log) => {
      const list = (from: number, to: number) =>
        [...log.tileFiles(from, to)].map(({ key, body }) => `${key} ${sha256Hex(body)}`);
      const steps = new Set([...list(0, 300), ...list(300, 599), ...list(599, 600)]);
      const once = list(0, 600);
      expect(once).toHaveLength(7);
      expect(once.filter((file) => !steps.has(file))).toEqual([]);
    });
  });

  test('seal log: a long log is opened through windows, whatever lies across their borders', () => {
    const seals = chain(90, NO_PREV, 'x'.repeat(60_000));
    opened((log) => log.append(seals));
    expect(statSync(path()).size).toBeGreaterThan(5 << 20);
    opened((log) => {
      expect(log.size).toBe(90);
      expect(hex(log.root())).toBe(rootOf(seals));
    });
    const whole = readFileSync(path());
    const bent = Buffer.from(whole);
    bent[100] = (bent[100] as number) ^ 1;
    writeFileSync(path(), bent);
    // All of it was one append: nothing behind the bad record says that it was ever durable, so it is a torn tail.
    opened((log) => expect(log.size).toBe(0));
    writeFileSync(path(), whole);
    opened((log) => log.append(chain(1, log.prev)));
    const grown = readFileSync(path());
    grown[100] = (grown[100] as number) ^ 1;
    writeFileSync(path(), grown);
    expect(() => opened(() => {})).toThrow(FatalError);
  });

  test('seal log: a descriptor is given back when opening fails', () => {
    written(1, 1);
    const bent = readFileSync(path());
    bent[FILE_HEADER_BYTES + 40] = 0x20;
    writeFileSync(path(), bent);
    const next = openSync(path(), 'r');
    closeSync(next);
    expect(() => opened(() => {})).toThrow(FatalError);
    const after = openSync(path(), 'r');
    expect(after).toBe(next);
    expect(fstatSync(after).isFile()).toBe(true);
    closeSync(after);
  });
});
