// Sound lakes to tamper with, made by the real seal stage: many small objects, many kept checkpoints, or a long log.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { decodeSeal, type ObjectSeal, type Seal } from '../../engine/batch/seal.ts';
import type { SigningKey } from '../../engine/seal/key.ts';
import type { Sealer } from '../../engine/seal/sealer.ts';
import { HASTY_STORAGE, reading } from '../support/journal-feed.ts';
import { type BedOptions, ENGINE, NOON, SealBed, settle } from '../support/seal-bed.ts';

/** One seal of the log, as decoded and as its bytes. */
export interface Sealed {
  readonly index: number;
  readonly seal: Seal;
  readonly bytes: Uint8Array;
}

/** A lake that nothing was done to, and what its engine knew. */
export interface Pristine {
  readonly folder: string;
  readonly origin: string;
  readonly key: SigningKey;
  readonly seals: readonly Sealed[];
  /** Seals that name an object. */
  readonly objects: readonly { readonly index: number; readonly seal: ObjectSeal }[];
  /** Keys of all files, sorted. */
  readonly files: readonly string[];
  /** Sizes of the checkpoints in `checkpoints/`, ascending. */
  readonly kept: readonly number[];
}

const SECOND = 1000;
const HOUR = 3_600_000;
const CUT = { age: 10, lateAge: 10 };
const STREAMS = { coldchain: { cut: CUT }, freezer: { cut: CUT } };

async function make(
  folder: string,
  options: BedOptions['sealer'],
  run: (bed: SealBed, sealer: Sealer, reopen: () => Promise<Sealer>) => Promise<Sealer>,
): Promise<Pristine> {
  const bed = new SealBed(folder, { cut: CUT, streams: STREAMS, sealer: options ?? {} });
  try {
    const second = { no: 2, principal: 'fleet', stream: 'freezer', session: 'truck-2', named: false };
    bed.feed.source(second, NOON);
    audit(bed, 'start');
    const sealer = await run(bed, await bed.open(HASTY_STORAGE), () => bed.open(HASTY_STORAGE));
    if (!(await bed.drain(sealer))) throw new Error('the lake was not published');
    sealer.close();
    return pristine(bed);
  } finally {
    bed.close();
  }
}

function pristine(bed: SealBed): Pristine {
  const seals = bed.ofType('sealed').map(({ seal }, index) => {
    const bytes = Buffer.from(seal);
    return { index, bytes, seal: decodeSeal(bytes) };
  });
  const files = readdirSync(bed.lake, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(bed.lake.length + 1))
    .sort();
  const kept = files.filter((key) => key.startsWith(`_log/${ENGINE}/checkpoints/`));
  return {
    folder: bed.lake,
    origin: ENGINE,
    key: bed.key,
    seals,
    objects: seals.flatMap(({ index, seal }) => (seal.kind === 'heartbeat' ? [] : [{ index, seal }])),
    files,
    kept: kept.map((key) => Number(key.slice(-20))),
  };
}

function audit(bed: SealBed, action: string): void {
  bed.feed.audit({ action, at_utc: new Date(bed.clock.wall).toISOString() }, bed.clock.wall);
}

/** One frame: readings of one day, the last an excursion, and perhaps a line that is refused. */
function feed(bed: SealBed, round: number, source: 1 | 2, refused: boolean): void {
  const day = `2026-01-${28 + (round % 4)}`;
  const lines = [0, 1, 2, 3].map((n) =>
    reading(`${day}T10:${String(round % 60).padStart(2, '0')}:0${n}.${n}5Z`, round / 4 + n, {
      compliance_state: n === 3 ? 'excursion' : 'within_spec',
      sensor_id: `sensor-${source}-${n}`,
    }),
  );
  if (refused) lines.push(`{"sensor_id":${round}}`);
  bed.feed.frame(lines.join('\n'), bed.clock.wall, source, source);
}

/** Waits out the age of what is open, so that everything fed so far is sealed. */
async function cutAll(bed: SealBed, sealer: Sealer): Promise<void> {
  await settle(sealer);
  bed.clock.pass(11 * SECOND);
  await settle(sealer);
}

/**
 * 60 and more objects of two streams, four days, dead letters and audit, some heartbeats, a stop and a start halfway, a
 * stop at the end; few checkpoints.
 */
export function objectsLake(folder: string): Promise<Pristine> {
  const options = { checkpointEveryMs: HOUR, heartbeatMs: 2 * HOUR };
  return make(folder, options, async (bed, first, reopen) => {
    let sealer = first;
    for (let round = 0; round < 25; round++) {
      feed(bed, round, 1, round % 3 === 0);
      if (round % 2 === 0) feed(bed, round, 2, round % 8 === 0);
      if (round % 3 === 1) audit(bed, 'config.change');
      await cutAll(bed, sealer);
      if (round % 8 === 5) {
        bed.clock.pass(3 * HOUR);
        await settle(sealer);
      }
      if (round !== 14) continue;
      await bed.drain(sealer);
      sealer.close();
      sealer = await reopen();
      audit(bed, 'start');
    }
    return sealer;
  });
}

/** A log of one partial tile and a checkpoint kept at each of 60 sizes; few objects. */
export function logLake(folder: string): Promise<Pristine> {
  return make(folder, { checkpointEveryMs: SECOND, heartbeatMs: HOUR }, async (bed, sealer) => {
    for (let round = 0; round < 60; round++) {
      if (round % 12 === 5) feed(bed, round, 1, round % 24 === 5);
      await cutAll(bed, sealer);
      bed.clock.pass(HOUR);
      await settle(sealer);
    }
    return sealer;
  });
}

/** A log of more than 600 seals: two full tiles, a partial one, one of level 1, and a few objects in each. */
export function longLake(folder: string): Promise<Pristine> {
  return make(folder, { checkpointEveryMs: 60 * SECOND, heartbeatMs: SECOND }, async (bed, sealer) => {
    for (let round = 0; round < 12; round++) {
      feed(bed, round, 1, round % 4 === 0);
      await cutAll(bed, sealer);
      for (let beat = 0; beat < 50; beat++) {
        bed.clock.pass(SECOND);
        await settle(sealer);
      }
      if (round % 3 === 2) bed.clock.pass(HOUR);
    }
    return sealer;
  });
}
