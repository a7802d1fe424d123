// The promise itself: whichever byte of a lake changes, `firn verify` has a finding. One bit in every file, at the ends
// and in between.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { walk } from '../../engine/verify/files.ts';
import { verifyBoth } from '../support/kernels.ts';
import { soundLake } from '../support/lake.ts';

const top = mkdtempSync(join(tmpdir(), 'firn-any-byte-'));
afterAll(() => rmSync(top, { recursive: true, force: true }));

test('verify: a flipped bit anywhere in a lake is a finding', async () => {
  const lake = await soundLake(join(top, 'lake'));
  const files = [...walk(lake.folder, '')].map(({ key }) => key);
  expect(files.length).toBeGreaterThan(20);
  const unseen: string[] = [];
  let flips = 0;
  for (const key of files) {
    const bytes = lake.read(key);
    const places = new Set([
      0,
      1,
      Math.floor(bytes.length / 3),
      Math.floor(bytes.length / 2),
      bytes.length - 2,
      bytes.length - 1,
    ]);
    for (const at of places) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] as number) ^ (1 << (flips % 8));
      lake.write(key, changed);
      flips++;
      if ((await verifyBoth({ lake: lake.folder, graceMs: 0 })).sound) unseen.push(`${key} at ${at}`);
    }
    lake.write(key, bytes);
  }
  expect(unseen).toEqual([]);
  expect((await verifyBoth({ lake: lake.folder, graceMs: 0 })).sound).toBe(true);
});

test('verify: a file that is deleted from a lake is a finding, but for what newer files replace', async () => {
  const lake = await soundLake(join(top, 'deleted'));
  const unseen: string[] = [];
  for (const { key } of [...walk(lake.folder, '')]) {
    const bytes = lake.read(key);
    lake.remove(key);
    if ((await verifyBoth({ lake: lake.folder, graceMs: 0 })).sound)
      unseen.push(key.replace(`_log/${lake.origin}/`, ''));
    lake.write(key, bytes);
  }
  // Size 6 was published and not kept, so nothing speaks of its tiles; a kept checkpoint that nobody else holds leaves no
  // trace either.
  expect(unseen.sort()).toEqual(
    [
      'checkpoints/00000000000000000003',
      'checkpoints/00000000000000000010',
      ...['0', 'entries'].map((level) => `tile/${level}/000.p/6`),
    ].sort(),
  );
});
