// The seal stage with captures dies at every call that changes the disk, once before the call was done and once after, and
// after the power was lost: the lake is that of a run without faults, and no file of the spool went too early.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FatalError } from '../../engine/errors.ts';
import { directorySink } from '../../engine/sink/directory.ts';
import type { Storage } from '../../engine/storage.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { TestCapture } from '../support/captures.ts';
import { CHANGING_CALLS, type Fault, faultyStorage } from '../support/faulty-storage.ts';
import { HASTY_STORAGE, reading } from '../support/journal-feed.ts';
import { temporaryFolder } from '../support/journal-folder.ts';
import { lossyStorage } from '../support/power-loss.ts';
import { filesOf, NOON, SealBed, settle } from '../support/seal-bed.ts';

const OPTIONS = {
  captures: true,
  cut: { records: 2 },
  segmentBytes: 4096,
  sealer: { cuts: { epcis: { records: 2, bytes: 1 << 20, age: 5, lateAge: 60 } } },
};

function feedAll(bed: SealBed): void {
  const at = (number: number): TestCapture =>
    new TestCapture(join(bed.folder, 'spool'), number, NOON + number, (frames) =>
      bed.feed.group(frames, NOON + number),
    );
  at(1).whole([{ at: NOON }, 'refused', { at: NOON + 1 }, { at: NOON - 86_400_000 }]);
  bed.feed.frame([reading('2026-02-01T10:00:00Z', 1), 'rubbish'].join('\n'), NOON);
  const second = at(2);
  second.begin();
  second.judge(0, [{ at: NOON + 2 }, 'duplicate', 'refused']);
  at(3).whole(['refused', 'refused', { at: NOON + 3 }]);
  second.end(3);
  bed.feed.audit({ action: 'stop', at_utc: '2026-02-01T12:00:01.000Z' }, NOON + 1000);
}

async function runToEnd(bed: SealBed, storage: Storage): Promise<void> {
  const sealer = await bed.open(storage, directorySink(HASTY_STORAGE, bed.lake));
  await settle(sealer);
  bed.clock.pass(500);
  sealer.snapshot();
  sealer.beginDrain(60_000);
  await settle(sealer);
  sealer.close();
}

const isInjected = (error: unknown): boolean => error instanceof FatalError || /injected/.test(String(error));

async function reference(): Promise<{ objects: Map<string, string>; calls: number }> {
  const bed = new SealBed(temporaryFolder(), OPTIONS);
  feedAll(bed);
  const { storage, trace } = faultyStorage(HASTY_STORAGE, null);
  await runToEnd(bed, storage);
  bed.close();
  expect(trace.filter(({ kind, on }) => kind === 'unlink' && String(on).includes('/spool/')).length).toBe(6);
  return {
    objects: filesOf(bed.lake, '.ndjson.zst'),
    calls: trace.filter(({ kind }) => CHANGING_CALLS.includes(kind)).length,
  };
}

test.each(['not done', 'done'] as const)(
  'captures: a change of the disk that is %s and reported as failed; the lake is the same, the spool is empty',
  async (how) => {
    const { objects, calls } = await reference();
    expect(objects.size).toBe(8);
    for (let call = 1; call <= calls; call++) {
      const fault: Fault = { kind: 'change', call, how };
      const bed = new SealBed(temporaryFolder(), OPTIONS);
      feedAll(bed);
      const faulty = faultyStorage(HASTY_STORAGE, fault);
      await runToEnd(bed, faulty.storage).catch((error: unknown) => {
        if (!isInjected(error)) throw error;
      });
      expect(faulty.failed()).toBe(true);
      await runToEnd(bed, HASTY_STORAGE);
      bed.close();
      expect(filesOf(bed.lake, '.ndjson.zst'), `call ${call}`).toEqual(objects);
      expect(readdirSync(join(bed.folder, 'spool')), `call ${call}`).toEqual([]);
    }
  },
  120_000,
);

test('captures: power that is lost at any change of the disk; the lake is the same', async () => {
  const { objects, calls } = await reference();
  for (let call = 1; call <= calls; call++) {
    const bed = new SealBed(temporaryFolder(), OPTIONS);
    feedAll(bed);
    const disk = lossyStorage();
    const faulty = faultyStorage(disk.storage, { kind: 'change', call, how: 'not done' });
    await runToEnd(bed, faulty.storage).catch((error: unknown) => {
      if (!isInjected(error)) throw error;
    });
    disk.lose();
    await runToEnd(bed, HASTY_STORAGE);
    bed.close();
    expect(filesOf(bed.lake, '.ndjson.zst'), `call ${call}`).toEqual(objects);
    if (call % 10 === 0)
      expect((await verifyLake({ lake: bed.lake, graceMs: 0 })).findings, `call ${call}`).toEqual([]);
  }
}, 120_000);
