// The whole path over a disk that fails once: every call of every kind that a start, commits, seals, a snapshot and a drain
// make below the data folder, each once as not done and once as done but reported failed, writes also torn. A row ends the
// process as the table below says; every other time all that was not synced goes with it. Then a start on a healthy disk
// brings every acknowledged record into the lake exactly once. The lake's own calls: test/sink and seal*.test.ts. The lock's: test/lock.test.ts, past this seam.
//
// FIRN_FAULT_TABLE=1 prints the table of outcomes.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ConfigError, FatalError } from '../../engine/errors.ts';
import { directorySink } from '../../engine/sink/directory.ts';
import type { Report } from '../../engine/verify/report.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { decompress } from '../../workers/compress.ts';
import { seeded } from '../crash/random.ts';
import { CHANGING_CALLS, type Fault, faultyStorage, type StorageCall } from '../support/faulty-storage.ts';
import { InlineEngine, type InlineOptions } from '../support/inline-engine.ts';
import { reading } from '../support/journal-feed.ts';
import { type MemoryDisk, memoryDisk } from '../support/memory-disk.ts';
import { HandClock } from '../support/seal-bed.ts';

/** `unnamed`: an error that is none of the engine's own. */
type Outcome = 'fatal' | 'refused' | 'progress' | 'unnamed';
type Stage = 'first start' | 'commit' | 'seal' | 'snapshot' | 'drain' | 'restart';

/**
 * What a failed call may come to, and the kinds of calls that there must be at least. A start is refused where what the
 * operator named cannot be used (folders, key, identity). Nothing on the way of a record is survived: the next start knows.
 * Only a look at the lake's folder is, at a restart: a lake that is away is waited out.
 */
const EXPECTED: Readonly<Record<Stage, { may: readonly Outcome[]; calls: readonly StorageCall[] }>> = {
  'first start': {
    may: ['refused', 'fatal'],
    calls: [
      'mkdir',
      'create',
      'write',
      'sync',
      'close',
      'rename',
      'syncFolder',
      'stat',
      'list',
      'open',
      'read',
    ],
  },
  commit: { may: ['fatal'], calls: ['create', 'write', 'sync', 'datasync', 'syncFolder', 'close'] },
  seal: {
    may: ['fatal'],
    calls: ['create', 'write', 'sync', 'datasync', 'syncFolder', 'close', 'open', 'read', 'unlink', 'size'],
  },
  snapshot: { may: ['fatal'], calls: ['create', 'write', 'sync', 'close', 'rename', 'syncFolder', 'list'] },
  restart: {
    may: ['refused', 'fatal'],
    calls: ['stat', 'list', 'open', 'openWrite', 'read', 'write', 'sync'],
  },
  drain: { may: ['fatal'], calls: ['create', 'write', 'sync', 'datasync', 'rename', 'unlink', 'read'] },
};

const data = mkdtempSync(join(tmpdir(), 'firn-every-call-'));
mkdirSync(join(data, 'state'));
afterAll(() => rmSync(data, { recursive: true }));

const FRAMES = Array.from({ length: 8 }, (_, n) =>
  [
    reading(`2026-01-30T10:00:00.${String(n).padStart(3, '0')}Z`, n),
    reading(`2026-02-01T10:00:00.${String(n).padStart(3, '0')}Z`, n),
    ...(n % 4 === 1 ? [`{"refused":${n}}`] : []),
  ].join('\n'),
);

/** A disk, what the client knows, and the stage that is at work. */
interface Run {
  readonly disk: MemoryDisk;
  readonly clock: HandClock;
  stage: Stage;
  sent: number;
  acknowledged: number;
}

function newRun(): Run {
  return { disk: memoryDisk(), clock: new HandClock(), stage: 'first start', sent: 0, acknowledged: 0 };
}

function open(run: Run, storage: InlineOptions['storage']): Promise<InlineEngine> {
  const sink = directorySink(run.disk.storage, join(data, 'lake'));
  const config = { streams: { coldchain: { cut: { records: 4 } } } };
  return InlineEngine.open({ data, storage, clock: run.clock, sink, config, segmentBytes: 1000 });
}

/** Sends what the engine does not have yet, up to `end`. */
function send(run: Run, engine: InlineEngine, end: number): void {
  for (run.sent = Math.max(run.sent, engine.next); engine.next < end; ) {
    run.sent = engine.next + 1;
    engine.commit(FRAMES[engine.next] as string);
    run.acknowledged = engine.next;
  }
}

/** The life of a data folder: a start, work, a snapshot, a crash, another start, the rest of the work, a drain. */
async function life(run: Run, storage: InlineOptions['storage']): Promise<void> {
  let engine: InlineEngine | null = null;
  try {
    run.stage = 'first start';
    engine = await open(run, storage);
    for (const end of [2, 4, 6]) {
      run.stage = 'commit';
      send(run, engine, end);
      run.stage = 'seal';
      await engine.settle();
      run.clock.pass(20_000);
      run.stage = 'snapshot';
      if (end === 4) engine.sealer.snapshot();
    }
    run.stage = 'commit';
    send(run, engine, 7);
    engine.kill();
    engine = null;
    run.stage = 'restart';
    engine = await open(run, storage);
    run.stage = 'commit';
    send(run, engine, FRAMES.length);
    run.stage = 'drain';
    if (!(await engine.drain())) throw new Error('the drain did not end');
  } finally {
    engine?.kill();
  }
}

/** What is in the lake: of a record its time and value, of a dead letter its bytes. */
function identities({ disk }: Run): string[] {
  return [...disk.files()]
    .filter(([path]) => path.endsWith('.ndjson.zst') && !path.includes('/audit/'))
    .flatMap(([, bytes]) =>
      Buffer.from(decompress(bytes, 1 << 20))
        .toString()
        .split('\n')
        .slice(0, -1),
    )
    .map((line) => JSON.parse(line))
    .map((record) => record.raw_b64 ?? `${record.timestamp_utc} ${record.temperature_c}`)
    .sort();
}

function outcomeOf(error: unknown): Outcome {
  if (error === null) return 'progress';
  if (error instanceof FatalError) return 'fatal';
  return error instanceof ConfigError ? 'refused' : 'unnamed';
}

/** What only looks has nothing that could be done; a read that gives less than there is breaks the seam's own promise. */
function howsOf(kind: StorageCall): readonly Fault['how'][] {
  if (kind === 'write') return ['not done', 'done', 'torn'];
  return kind === 'close' || CHANGING_CALLS.includes(kind) ? ['not done', 'done'] : ['not done'];
}

test('disk: every call fails once in every way; what was acknowledged is in the lake exactly once after the next start', async () => {
  const calls: { kind: StorageCall; stage: Stage; on: string | number }[] = [];
  const whole = newRun();
  const traced = faultyStorage(whole.disk.storage, null, ({ kind, on }) =>
    calls.push({ kind, stage: whole.stage, on }),
  );
  await life(whole, traced.storage);
  const expected = identities(whole);
  expect(expected).toHaveLength(18);
  for (const [stage, { calls: least }] of Object.entries(EXPECTED)) {
    const made = new Set(calls.filter((call) => call.stage === stage).map(({ kind }) => kind));
    expect([...made], stage).toEqual(expect.arrayContaining([...least]));
  }
  const table = new Map<string, number>();
  for (const [i, { kind, stage, on }] of calls.entries()) {
    for (const how of howsOf(kind)) {
      const ofLake = stage === 'restart' && on === join(data, 'lake');
      const outcome = await row(i, how, `${stage}, ${kind} ${how} (call ${i + 1})`, expected, ofLake);
      const line = `${stage.padEnd(12)}${kind.padEnd(11)}${how.padEnd(9)}${outcome}`;
      table.set(line, (table.get(line) ?? 0) + 1);
    }
  }
  expect(table.size).toBeGreaterThan(90);
  if (process.env['FIRN_FAULT_TABLE'] !== undefined)
    for (const [line, count] of [...table].sort()) console.log(`${line} × ${count}`);
}, 600_000);

/** One row: call `i` fails as `how` says, the process ends, the next one makes it good. @returns how it ended. */
async function row(
  i: number,
  how: Fault['how'],
  what: string,
  expected: readonly string[],
  ofLake: boolean,
): Promise<Outcome> {
  const run = newRun();
  const faulty = faultyStorage(run.disk.storage, { kind: 'every', call: i + 1, how });
  const error = await life(run, faulty.storage).then(
    () => null,
    (cause: unknown) => cause,
  );
  expect(faulty.failed(), what).toBe(true);
  const outcome = outcomeOf(error);
  const may = ofLake ? ['progress'] : EXPECTED[run.stage].may;
  expect(may, `${what}: ${String(error)}`).toContain(outcome);
  if (i % 2 === 0) run.disk.lose(seeded(i));
  const next = await open(run, run.disk.storage).catch((cause: unknown) => {
    throw new Error(`${what}: the next start: ${String(cause)}`, { cause });
  });
  expect(next.next, what).toBeGreaterThanOrEqual(run.acknowledged);
  expect(next.next, what).toBeLessThanOrEqual(run.sent);
  send(run, next, FRAMES.length);
  expect(await next.drain(), what).toBe(true);
  next.kill();
  expect(identities(run), what).toEqual(expected);
  if (i % 41 === 0) expect((await verdict(run)).findings, what).toEqual([]);
  return outcome;
}

/** What `verify` says of the lake, put into a real folder. */
async function verdict({ disk }: Run): Promise<Report> {
  const copy = mkdtempSync(join(tmpdir(), 'firn-every-call-'));
  for (const [path, bytes] of disk.files()) {
    if (!path.startsWith(join(data, 'lake'))) continue;
    const target = join(copy, path.slice(data.length));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, bytes);
  }
  try {
    return await verifyLake({ lake: join(copy, 'lake') });
  } finally {
    rmSync(copy, { recursive: true });
  }
}
