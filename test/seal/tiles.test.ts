// The published form of the log: names, bundles, and a tree that can be rebuilt from tiles alone.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HASH_BYTES, leafHash, merkleRoot } from '../../engine/batch/merkle.ts';
import {
  encodeBundle,
  newTiles,
  parseBundle,
  parseTilePath,
  TILE_WIDTH,
  TreeEdge,
  tilePath,
} from '../../engine/seal/tiles.ts';

const leaf = (i: number): Uint8Array => leafHash(Buffer.from(`seal ${i}`));

describe('tiles', () => {
  test.each([
    [{ level: 0, number: 0, width: 256 }, 'tile/0/000'],
    [{ level: 0, number: 999, width: 256 }, 'tile/0/999'],
    [{ level: 0, number: 1000, width: 256 }, 'tile/0/x001/000'],
    [{ level: 1, number: 1_234_067, width: 256 }, 'tile/1/x001/x234/067'],
    [{ level: 0, number: 1_234_067, width: 5 }, 'tile/0/x001/x234/067.p/5'],
    [{ level: 'entries', number: 67, width: 255 }, 'tile/entries/067.p/255'],
  ] as const)('tiles: %o is named as in the specification and read back', (name, path) => {
    expect(tilePath(name)).toBe(path);
    expect(parseTilePath(path)).toEqual(name);
  });

  test('tiles: a path that is not exactly one is none', () => {
    for (const bad of [
      'tile/0/0',
      'tile/0/0000',
      'tile/0/x000/001',
      'tile/0/001.p/0',
      'tile/0/001.p/256',
      'tile/0/001.p/05',
      'tile/00/001',
      'tile/64/001',
      'tile/0/001/002',
      'tile/0/x001',
      '/tile/0/001',
      'tile/0/001.p/5/',
      'checkpoint',
    ]) {
      expect(parseTilePath(bad), bad).toBeNull();
    }
  });

  test('tiles: names and numbers are one to one', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 40 }),
        fc.integer({ min: 1, max: 256 }),
        fc.nat(5),
        (number, width, level) => {
          expect(parseTilePath(tilePath({ level, number, width }))).toEqual({ level, number, width });
        },
      ),
    );
  });

  test('tiles: a bundle is its entries after their lengths, and only a whole one is read', () => {
    const entries = [Buffer.from('a'), Buffer.alloc(0x1234, 7), Buffer.alloc(0)];
    const bundle = encodeBundle(entries);
    expect(Buffer.from(bundle.subarray(0, 5)).toString('hex')).toBe('0001611234');
    expect(parseBundle(bundle, 3)?.map((entry) => Buffer.from(entry))).toEqual(entries);
    expect(parseBundle(bundle, 2)).toBeNull();
    expect(parseBundle(bundle.subarray(0, -1), 3)).toBeNull();
    expect(parseBundle(Buffer.concat([bundle, Buffer.of(0)]), 3)).toBeNull();
    expect(() => encodeBundle([Buffer.alloc(65_536)])).toThrow(/65,535/);
  });

  test('tiles: growth names each full tile once and the partial ones of the new size', () => {
    expect([...newTiles(0, 0)]).toEqual([]);
    expect([...newTiles(7, 7)]).toEqual([]);
    expect([...newTiles(0, 3)]).toEqual([{ level: 0, number: 0, width: 3 }]);
    expect([...newTiles(250, 513)]).toEqual([
      { level: 0, number: 0, width: 256 },
      { level: 0, number: 1, width: 256 },
      { level: 0, number: 2, width: 1 },
      { level: 1, number: 0, width: 2 },
    ]);
    expect([...newTiles(513, 514)]).toEqual([{ level: 0, number: 2, width: 2 }]);
    expect([...newTiles(65_535, 65_536)]).toEqual([
      { level: 0, number: 255, width: 256 },
      { level: 1, number: 0, width: 256 },
      { level: 2, number: 0, width: 1 },
    ]);
  });

  test('tiles: growing in steps leaves the tiles of every step, and all full ones, exactly', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 90_000 }), { minLength: 1, maxLength: 6 }), (steps) => {
        const seen = new Set<string>();
        let size = 0;
        for (const step of steps) {
          for (const tile of newTiles(size, size + step)) {
            const path = tilePath(tile);
            expect(seen.has(path), `${path} again`).toBe(false);
            seen.add(path);
          }
          size += step;
          for (let level = 0, width = size; width > 0; level++, width = Math.floor(width / 256)) {
            const number = Math.floor(width / 256);
            if (width % 256 > 0) expect(seen.has(tilePath({ level, number, width: width % 256 }))).toBe(true);
            if (number > 0) expect(seen.has(tilePath({ level, number: number - 1, width: 256 }))).toBe(true);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  test('tiles: the edge gives the root of every size that the log has had', () => {
    const count = 66_400;
    const leaves = new Uint8Array(count * HASH_BYTES);
    const edge = new TreeEdge();
    const rootAt = (size: number): Uint8Array =>
      edge.root(size, leaves.subarray((size - (size % TILE_WIDTH)) * HASH_BYTES, size * HASH_BYTES));
    for (let i = 0; i < count; i++) {
      leaves.set(leaf(i), i * HASH_BYTES);
      edge.push(leaves.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES));
    }
    expect(edge.size).toBe(count);
    const sizes = [
      0,
      1,
      2,
      3,
      255,
      256,
      257,
      511,
      512,
      768,
      1000,
      65_279,
      65_535,
      65_536,
      65_537,
      65_792,
      count,
    ];
    for (const size of sizes) {
      const whole = merkleRoot(leaves.subarray(0, size * HASH_BYTES));
      expect(Buffer.compare(rootAt(size), whole), `size ${size}`).toBe(0);
    }
    expect(
      Buffer.compare(edge.openLeaves, leaves.subarray((count - (count % TILE_WIDTH)) * HASH_BYTES)),
    ).toBe(0);
  });
});
