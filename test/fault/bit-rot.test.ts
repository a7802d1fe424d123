// Every file of a data folder, damaged at every byte: one bit turned over, or the file cut off there. A start then ends in
// one of three ways: everything acknowledged is there exactly once; refused with the name of the file; or, in the very
// last fsync of the record journal, taken for a torn tail (ARCHITECTURE.md: the one hole that the journal alone cannot
// close). Never: a record lost or doubled in silence, a wrong one sealed, an error without a name.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConfigError, FatalError } from '../../engine/errors.ts';
import { directorySink } from '../../engine/sink/directory.ts';
import { type Sink, SinkOutage } from '../../engine/sink/sink.ts';
import { decompress } from '../../workers/compress.ts';
import { InlineEngine, type InlineOptions } from '../support/inline-engine.ts';
import { reading } from '../support/journal-feed.ts';
import { type MemoryDisk, memoryDisk } from '../support/memory-disk.ts';
import { HandClock } from '../support/seal-bed.ts';

const CONFIG = { streams: { coldchain: { cut: { records: 4 } } } };
const SEGMENT_BYTES = 1600;
/** Every so many bytes; FIRN_ROT_STEP=1 takes each of some 15,000, in five minutes or so. */
const STEP = Number(process.env['FIRN_ROT_STEP'] ?? 7);

/** Frames, each with its own two readings of two days; now and then something that is refused. */
const FRAMES = Array.from({ length: 11 }, (_, n) =>
  [
    reading(`2026-01-30T10:00:00.${String(n).padStart(3, '0')}Z`, n),
    reading(`2026-02-01T10:00:00.${String(n).padStart(3, '0')}Z`, n),
    ...(n % 4 === 1 ? [`{"refused":${n}}`] : []),
  ].join('\n'),
);

function awayWhile(down: () => boolean, inner: Sink): Sink {
  const guard = <T>(call: () => Promise<T>): Promise<T> =>
    down() ? Promise.reject(new SinkOutage('away')) : call();
  return {
    putNew: (...args) => guard(() => inner.putNew(...args)),
    replace: (...args) => guard(() => inner.replace(...args)),
    get: (...args) => guard(() => inner.get(...args)),
    remove: (...args) => guard(() => inner.remove(...args)),
    probe: () => guard(() => inner.probe()),
  };
}

/** The last moment of an engine that was killed: everything that a data folder can hold is there. */
interface Crashed {
  readonly data: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** What a start without any damage brings into the lake. */
  readonly lines: readonly string[];
}

async function crashed(data: string): Promise<Crashed> {
  // The lock's own files are made past the disk seam.
  mkdirSync(join(data, 'state'));
  const disk = memoryDisk();
  const clock = new HandClock();
  let down = false;
  const engine = await InlineEngine.open({
    ...{ data, storage: disk.storage, clock, segmentBytes: SEGMENT_BYTES, config: CONFIG },
    sink: awayWhile(() => down, directorySink(disk.storage, join(data, 'lake'))),
  });
  for (const [n, frame] of FRAMES.entries()) {
    engine.commit(frame);
    clock.pass(20);
    // Part in lake and log, covered by a snapshot; part in the outbox alone; the rest in the journal alone.
    if (n < 9) await engine.settle();
    if (n === 4) engine.sealer.snapshot();
    if (n === 5) down = true;
  }
  engine.kill();
  const files = disk.files();
  const whole = diskOf(files);
  const next = await InlineEngine.open(optionsOf(data, whole));
  expect(await next.drain()).toBe(true);
  next.kill();
  const lines = linesOf(whole);
  // 11 frames of two readings, three of them with a refused record.
  expect(lines).toHaveLength(25);
  return { data, files, lines };
}

function diskOf(files: ReadonlyMap<string, Uint8Array>): MemoryDisk {
  const disk = memoryDisk();
  for (const [path, bytes] of files) disk.put(path, bytes);
  return disk;
}

/** A start a minute later, with the store back. */
function optionsOf(data: string, { storage }: MemoryDisk): InlineOptions {
  const clock = new HandClock();
  clock.pass(60_000);
  return { data, storage, clock, segmentBytes: SEGMENT_BYTES, config: CONFIG };
}

type Kind = 'whole' | 'torn' | 'refused' | 'silent' | 'crashed';

/** How a start on a damaged folder ended. `told`: the error, or what is wrong with the lake. */
interface Ending {
  readonly kind: Kind;
  readonly told: string;
}

/** Every line of every batch of records in the lake, sorted. */
function linesOf(disk: MemoryDisk): string[] {
  return [...disk.files()]
    .filter(([path]) => path.endsWith('.ndjson.zst') && !path.includes('/audit/'))
    .flatMap(([, bytes]) =>
      Buffer.from(decompress(bytes, 1 << 20))
        .toString()
        .split('\n')
        .slice(0, -1),
    )
    .sort();
}

/** Starts on the files, drains, and judges what came of it. */
async function start({ data, lines }: Crashed, files: ReadonlyMap<string, Uint8Array>): Promise<Ending> {
  const disk = diskOf(files);
  try {
    const engine = await InlineEngine.open(optionsOf(data, disk));
    try {
      if (!(await engine.drain())) return { kind: 'silent', told: 'a drain that never ended' };
    } finally {
      engine.kill();
    }
  } catch (error) {
    const named = error instanceof ConfigError || error instanceof FatalError;
    return { kind: named ? 'refused' : 'crashed', told: String(named ? error : (error as Error).stack) };
  }
  let found: string[];
  try {
    found = linesOf(disk);
  } catch (error) {
    return { kind: 'silent', told: `the lake cannot be read: ${String(error)}` };
  }
  if (isDeepStrictEqual(found, lines)) return { kind: 'whole', told: '' };
  const wrong = found.filter((line, i) => !lines.includes(line) || found.indexOf(line) !== i);
  if (wrong.length > 0) return { kind: 'silent', told: `sealed: ${wrong.join(' ')}` };
  return { kind: 'torn', told: `${lines.length - found.length} lines are not in the lake` };
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] as number) ^ (1 << (at % 8));
  return copy;
}

let state: Crashed;
beforeAll(async () => {
  state = await crashed(mkdtempSync(join(tmpdir(), 'firn-rot-')));
});
afterAll(() => rmSync(state.data, { recursive: true }));

/** Starts on each damage of each file below `below`; what may come of it is `may`. @returns how often each came. */
async function sweep(below: string, may: readonly Kind[]): Promise<Record<Kind, number>> {
  const counts: Record<Kind, number> = { whole: 0, torn: 0, refused: 0, silent: 0, crashed: 0 };
  const files = [...state.files].filter(([path]) => path.startsWith(join(state.data, below)));
  const newest = files.at(-1)?.[0];
  for (const [path, bytes] of files) {
    for (let at = path.length % STEP; at < bytes.length; at += STEP) {
      for (const broken of [flipped(bytes, at), bytes.slice(0, at)]) {
        const { kind, told } = await start(state, new Map(state.files).set(path, broken));
        const what = `${path}, ${broken.length < bytes.length ? 'cut off' : 'flipped'} at ${at}: ${kind} ${told}`;
        expect(may, what).toContain(kind);
        if (kind === 'refused') expect(told.includes(path) || /the local log/.test(told), what).toBe(true);
        // Of the newest frame, which its own fsync made durable, and of nothing else.
        if (kind === 'torn') expect([path, told], what).toEqual([newest, '2 lines are not in the lake']);
        counts[kind] += 1;
      }
    }
  }
  return counts;
}

test.each<[what: string, below: string, may: readonly Kind[]]>([
  // A seal journal that ends early is made again from the record journal.
  ['the seal journal', 'journal/seals', ['refused', 'whole']],
  // White space is no damage: the line break at the end of these files, those of the PEM.
  ['the snapshot', 'state/snapshot', ['refused', 'whole']],
  ['the identity', 'state/identity.json', ['refused', 'whole']],
  ['the registry of streams', 'state/streams.json', ['refused', 'whole']],
  ["the log's key", 'keys', ['refused', 'whole']],
  ['objects in the outbox', 'state/outbox', ['refused']],
  // The lake has the checkpoint of what is cut off here, so that even a torn tail is refused. Padding says nothing.
  ['the local log', 'state/log', ['refused', 'whole']],
])(
  'bit rot: %s, damaged at any byte: refused by name, or nothing is lost',
  async (_, below, may) => {
    const counts = await sweep(below, may);
    expect(counts.refused).toBeGreaterThan(20 / STEP);
    for (const kind of may.filter((each) => each !== 'whole')) expect(counts[kind]).toBeGreaterThan(0);
  },
  600_000,
);

test('bit rot: the record journal, damaged at any byte: refused by name; in its very last fsync it looks like a torn tail', async () => {
  const counts = await sweep('journal/records', ['refused', 'torn']);
  expect(counts.refused).toBeGreaterThan(5000 / STEP);
  // Bits of the one record behind the segment's header, and cuts anywhere in the newest segment.
  const bytes = [...state.files].findLast(([path]) => path.includes('/records/'))?.[1].length as number;
  expect(counts.torn).toBeGreaterThan((2 * bytes - 64) / STEP - 4);
  expect(counts.torn).toBeLessThan((2 * bytes - 64) / STEP + 4);
}, 600_000);
