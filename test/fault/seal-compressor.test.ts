// The seal stage dies at every call that changes the disk, and the next start has another compressor, as when the addon was
// built in between: what was final is sent as it was made, what was not is made again, and the lake is sound either way.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { sha256Hex } from '../../engine/batch/merkle.ts';
import { MIB } from '../../engine/limits.ts';
import { directorySink } from '../../engine/sink/directory.ts';
import type { Storage } from '../../engine/storage.ts';
import { compress, decompress, initCompress } from '../../workers/compress.ts';
import { CHANGING_CALLS, faultyStorage } from '../support/faulty-storage.ts';
import { HASTY_STORAGE, reading } from '../support/journal-feed.ts';
import { temporaryFolder } from '../support/journal-folder.ts';
import { verifyBoth } from '../support/kernels.ts';
import { filesOf, NOON, SealBed, settle } from '../support/seal-bed.ts';

type Compressor = (bytes: Uint8Array) => Uint8Array;

/** A sound frame that no compressor makes: one raw block (RFC 8878 §3.1.1.2), with the content size in 4 bytes. */
function storeRaw(bytes: Uint8Array): Uint8Array {
  const head = Buffer.alloc(12);
  head.writeUInt32LE(0xfd2fb528, 0);
  head.writeUInt8(0xa0, 4);
  head.writeUInt32LE(bytes.length, 5);
  head.writeUIntLE((bytes.length << 3) | 1, 9, 3);
  return Buffer.concat([head, bytes]);
}

/** A stage whose compressor can be changed between two starts. */
function bedWith(compressor: { now: Compressor }): SealBed {
  const bed = new SealBed(temporaryFolder(), {
    cut: { records: 4 },
    sealer: { compress: (bytes) => compressor.now(bytes) },
  });
  for (let i = 0; i < 3; i++) {
    const lines = [
      reading('2026-01-30T10:00:00Z', i),
      reading('2026-02-01T10:00:00Z', i),
      reading('2026-02-01T11:00:00Z', i),
    ];
    bed.feed.frame([...lines, 'rubbish'].join('\n'), NOON + i);
  }
  bed.feed.audit({ action: 'stop', at_utc: '2026-02-01T12:00:01.000Z' }, NOON + 1000);
  return bed;
}

async function runToEnd(bed: SealBed, storage: Storage): Promise<void> {
  const sealer = await bed.open(storage, directorySink(HASTY_STORAGE, bed.lake));
  await settle(sealer);
  sealer.beginDrain(60_000);
  await settle(sealer);
  sealer.close();
}

/** Content by key, and how each object was packed. */
function objectsOf(lake: string): { contents: Map<string, string>; raw: number; packed: number } {
  const contents = new Map<string, string>();
  let raw = 0;
  for (const key of filesOf(lake, '.ndjson.zst').keys()) {
    const frame = readFileSync(join(lake, key));
    const content = decompress(frame, MIB);
    contents.set(key, sha256Hex(content));
    if (frame.equals(storeRaw(content))) raw++;
  }
  return { contents, raw, packed: contents.size - raw };
}

beforeAll(initCompress);

test('seal: after a crash anywhere another compressor goes on, and the lake is sound with the same lines', async () => {
  const whole = bedWith({ now: storeRaw });
  const { storage, trace } = faultyStorage(HASTY_STORAGE, null);
  await runToEnd(whole, storage);
  whole.close();
  const wanted = objectsOf(whole.lake);
  expect(wanted).toMatchObject({ packed: 0, raw: 5 });
  const calls = trace.filter(({ kind }) => CHANGING_CALLS.includes(kind)).length;
  const mixes = new Set<string>();
  for (let call = 1; call <= calls; call++) {
    for (const how of ['done', 'not done'] as const) {
      const compressor = { now: storeRaw as Compressor };
      const bed = bedWith(compressor);
      const faulty = faultyStorage(HASTY_STORAGE, { kind: 'change', call, how });
      await expect(runToEnd(bed, faulty.storage), `call ${call}, ${how}`).rejects.toThrow();
      expect(faulty.failed()).toBe(true);
      compressor.now = compress;
      await runToEnd(bed, HASTY_STORAGE);
      bed.close();
      const found = objectsOf(bed.lake);
      expect([call, how, ...found.contents]).toEqual([call, how, ...wanted.contents]);
      expect((await verifyBoth({ lake: bed.lake, graceMs: 0 })).findings, `call ${call}, ${how}`).toEqual([]);
      mixes.add(`${found.raw} raw, ${found.packed} packed`);
    }
  }
  // Deaths before anything was final, after some were, and after all were.
  expect([...mixes]).toEqual(expect.arrayContaining(['0 raw, 5 packed', '5 raw, 0 packed']));
});

test('seal: an object whose seal is final is sent as it was made, whatever compresses now', async () => {
  const compressor = { now: storeRaw as Compressor };
  const bed = bedWith(compressor);
  const sealer = await bed.open(HASTY_STORAGE, directorySink(HASTY_STORAGE, bed.lake));
  // Cuts, builds and makes final; nothing is published.
  while (sealer.seal());
  const made = filesOf(join(bed.folder, 'state/outbox'), '.zst');
  expect(made.size).toBeGreaterThan(0);
  expect(objectsOf(bed.lake).contents.size).toBe(0);
  sealer.close();
  compressor.now = () => {
    throw new Error('a final object was compressed again');
  };
  const next = await bed.open(HASTY_STORAGE, directorySink(HASTY_STORAGE, bed.lake));
  await settle(next);
  const sent = filesOf(bed.lake, '.ndjson.zst');
  expect([...sent.values()].sort()).toEqual([...made.values()].sort());
  compressor.now = compress;
  next.beginDrain(60_000);
  await settle(next);
  next.close();
  bed.close();
  expect((await verifyBoth({ lake: bed.lake, graceMs: 0 })).findings).toEqual([]);
});
