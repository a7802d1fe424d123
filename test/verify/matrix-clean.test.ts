// No false alarm: 200 runs over lakes to which nothing was done but what people do to lakes. Copied, archived and
// unpacked, touched, looked at while the engine works, with files that are still too young to be sealed.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Sealer } from '../../engine/seal/sealer.ts';
import type { VerifyOptions } from '../../engine/verify/options.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { initCompress } from '../../workers/compress.ts';
import { seeded } from '../crash/random.ts';
import { HASTY_STORAGE, reading } from '../support/journal-feed.ts';
import { KERNELS } from '../support/kernels.ts';
import { ENGINE, SealBed, settle } from '../support/seal-bed.ts';
import { below, oneOf, type Random } from '../tamper/class.ts';

const RUNS = Number(process.env['FIRN_CLEAN_RUNS'] ?? 200);
const SEED = Number(process.env['FIRN_MATRIX_SEED'] ?? 1);
const LAKES = 8;
const HOUR_S = 3600;

const top = mkdtempSync(join(tmpdir(), 'firn-clean-'));
afterAll(() => rmSync(top, { recursive: true, force: true }));

let runs = 0;

async function expectSound(options: VerifyOptions, what: string): Promise<void> {
  runs++;
  const { findings, sound } = await verifyLake(options);
  expect(findings, what).toEqual([]);
  expect(sound, what).toBe(true);
}

/** A lake of its own for every seed; verified now and then while the engine works on it. */
async function grow(folder: string, random: Random): Promise<SealBed> {
  const cut = { age: 10, lateAge: 10, records: 1 + below(random, 30) };
  const every = {
    checkpointEveryMs: 1000 * oneOf(random, [1, 30, 600]),
    heartbeatMs: 1000 * oneOf(random, [30, 300]),
  };
  const bed = new SealBed(folder, { cut, sealer: every });
  // As an engine does: the first thing in the journal after an opening.
  const open = async (): Promise<Sealer> => {
    bed.feed.audit({ action: 'start', at_utc: new Date(bed.clock.wall).toISOString() }, bed.clock.wall);
    return bed.open(HASTY_STORAGE);
  };
  let sealer = await open();
  let published = false;
  for (let round = 0; round < 12 + below(random, 12); round++) {
    const lines = Array.from({ length: 1 + below(random, 40) }, () => {
      const day = `2026-01-${10 + below(random, 5)}`;
      return random() < 0.1
        ? 'rubbish'
        : reading(`${day}T10:00:0${below(random, 10)}Z`, below(random, 100) / 4);
    });
    bed.feed.frame(lines.join('\n'), bed.clock.wall);
    bed.clock.pass(1000 * below(random, 40));
    // In the middle of the work: with files that no checkpoint knows yet.
    for (let steps = below(random, 6); steps > 0; steps--) await sealer.step();
    published ||= bed.ofType('checkpoint').length > 0;
    if (published && random() < 0.5) await expectSound({ lake: bed.lake, threads: 0 }, 'at work');
    await settle(sealer);
    if (random() < 0.1) {
      await bed.drain(sealer);
      sealer.close();
      sealer = await open();
    }
  }
  await bed.drain(sealer);
  sealer.close();
  return bed;
}

/** What is done with a lake. @returns where it lies afterwards, and options. */
const HANDLINGS: Readonly<
  Record<string, (lake: string, to: string, random: Random) => Partial<VerifyOptions>>
> = {
  'as it is': () => ({}),
  'copied with its times': (lake, to) => {
    execFileSync('cp', ['-a', lake, to]);
    return { lake: to };
  },
  'copied without its times': (lake, to) => {
    cpSync(lake, to, { recursive: true });
    return { lake: to };
  },
  'archived and unpacked': (lake, to) => {
    mkdirSync(to);
    execFileSync('sh', ['-c', 'tar -C "$1" -cf - . | tar -C "$2" -xf -', 'sh', lake, to]);
    return { lake: to };
  },
  'touched, in the past and in the future': (lake, to, random) => {
    cpSync(lake, to, { recursive: true });
    for (const entry of readdirSync(to, { recursive: true, withFileTypes: true })) {
      const then = Date.now() / 1000 + (random() - 0.5) * 1000 * HOUR_S;
      utimesSync(join(entry.parentPath, entry.name), then, then);
    }
    return { lake: to };
  },
  'with files too young to be sealed': (lake, to) => {
    cpSync(lake, to, { recursive: true });
    writeFileSync(join(to, 'coldchain', '.tmp-77'), 'half of it');
    writeFileSync(join(to, `_log/${ENGINE}`, 'tile', '.tmp-78'), '');
    return { lake: to, graceMs: 60_000, nowMs: Date.now() };
  },
  'by one who kept the checkpoint': (lake) => ({ since: join(lake, `_log/${ENGINE}/checkpoint`) }),
  'by one who kept an old checkpoint': (lake) => {
    const folder = join(lake, `_log/${ENGINE}/checkpoints`);
    return { since: join(folder, readdirSync(folder).sort()[0] as string) };
  },
  'by one who kept the policy': (lake) => ({ policy: join(lake, `_log/${ENGINE}/policy`) }),
};

test(`verify: no finding in ${RUNS} runs over sound lakes`, async () => {
  await initCompress();
  const random = seeded(SEED);
  const beds: SealBed[] = [];
  for (let n = 0; n < LAKES; n++) beds.push(await grow(mkdtempSync(join(top, 'lake-')), random));
  const handlings = Object.entries(HANDLINGS);
  for (let n = 0; runs < RUNS; n++) {
    const [what, handle] = handlings[n % handlings.length] as (typeof handlings)[number];
    const { lake } = beds[below(random, LAKES)] as SealBed;
    const to = join(top, `copy-${n}`);
    const options: VerifyOptions = {
      ...{ lake, graceMs: 0, nowMs: Date.now() + 10_000, quick: random() < 0.3 },
      // Starting a thread takes longer than verifying a lake of this size.
      ...{ threads: n % 40 === 0 ? 2 : 0, kernels: oneOf(random, KERNELS) },
      ...handle(lake, to, random),
    };
    await expectSound(options, what);
    rmSync(to, { recursive: true, force: true });
  }
  for (const bed of beds) bed.close();
  expect(runs).toBeGreaterThanOrEqual(RUNS);
}, 240_000);
