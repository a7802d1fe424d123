// Verification of a lake: every log below `_log/`, every object that a seal names, every file that none
// names. Shares formats with the engine and nothing else, writes nothing, and holds a few objects in memory at a time.

import { availableParallelism } from 'node:os';
import { useKernels } from '../../workers/kernels.ts';
import { type NoteKey, splitNote } from '../seal/note.ts';
import { trustOf } from './basis.ts';
import type { Chain } from './chain.ts';
import { type Checker, type OnResult, startChecker } from './checker.ts';
import { FETCH_BYTES, FetchingChecker } from './fetching.ts';
import { VerifyError } from './files.ts';
import type { Lake } from './lake.ts';
import { checkListing, hidesLog } from './listing.ts';
import { Locks } from './locks.ts';
import type { ObjectJob, ObjectResult } from './object.ts';
import { Objects } from './objects.ts';
import { openLake } from './open.ts';
import { DEFAULT_GRACE_MS, type VerifyOptions } from './options.ts';
import { checkOrigin, findOrigins } from './origin.ts';
import { Findings, type OriginReport, type Report } from './report.ts';
import { S3Lake } from './s3.ts';
import { type Head, lakePolicy, openCheckpoint, ownFile, ownPolicy } from './trust.ts';

const MAX_THREADS = 8;
/** Longest stretch without a turn of the event loop (signals, progress). */
const BREATH_MS = 50;

interface Kept {
  readonly bytes: Uint8Array;
  readonly file: string;
  readonly origin: string;
}

/**
 * Verifies a lake. @throws VerifyError when that is not possible (no log, unreadable files, a bad `--policy`); the
 * signal's reason when aborted.
 */
export async function verifyLake(options: VerifyOptions): Promise<Report> {
  const lake = await openLake(options);
  try {
    return await verifyIn(lake, options);
  } finally {
    lake.close();
  }
}

async function verifyIn(lake: Lake, options: VerifyOptions): Promise<Report> {
  const startedUtc = new Date().toISOString();
  useKernels(options.kernels ?? 'auto');
  const startMs = options.nowMs ?? Date.now();
  const graceMs = options.graceMs ?? DEFAULT_GRACE_MS;
  const began = performance.now();
  const quick = options.quick === true;
  const trusted = options.policy === undefined ? null : ownPolicy(options.policy);
  const kept = options.since === undefined ? null : ownCheckpoint(options.since);
  const origins = await findOrigins(lake);
  // Without a log there is nothing to verify; who knows of one by a policy or checkpoint of his own learns that it is gone.
  const known = trusted !== null || kept !== null;
  if (origins.length === 0 && (!(await lake.exists()) || !(known || (await hidesLog(lake)))))
    throw new VerifyError(`${options.lake} holds no log (nothing below _log/): is it a lake?`);
  const findings = new Findings();
  missingLogs(origins, trusted, kept, findings);
  const objects = new Objects(lake, findings);
  const locks = locksOf(lake, options, findings);
  const sizes = new Map<string, number>();
  const { reports, since, broken, doubtedTiles } = await checkLogs({
    options,
    lake,
    quick,
    origins,
    trusted,
    kept,
    findings,
    objects,
    locks,
    sizes,
    isYoung: (mtimeMs) => mtimeMs >= startMs - graceMs,
  });
  objects.exchanged();
  const locked = (await locks?.end()) ?? { lock: 'none', expired: 0, notChecked: [] };
  const young = await checkListing(
    {
      lake,
      sizes,
      named: objects.named,
      missing: objects.missing,
      broken,
      doubtedTiles,
      startMs,
      graceMs,
      findings,
    },
    breathing(options, () => {}),
  );
  // Neither sound nor unsound: the engine has just been started, or died before its first checkpoint.
  const begun = reports.find((report) => report.begun);
  if (begun === undefined && origins.length > 0 && findings.total === 0)
    throw new VerifyError(
      `${options.lake}: ${origins.join(', ')} has published nothing yet: try again later`,
    );
  return {
    format: 'firn.verify/1',
    lake: options.lake,
    mode: quick ? 'quick' : 'full',
    sound: findings.total === 0,
    startedUtc,
    seconds: Math.round(performance.now() - began) / 1000,
    origins: reports,
    verdicts: findings.counts,
    objects: objects.count,
    records: objects.records,
    bytes: objects.bytes,
    young,
    findings: findings.sorted(),
    trust: trustOf({
      lake,
      quick,
      policy: trusted !== null,
      origins,
      since: kept === null || since === null ? null : { origin: kept.origin, size: since.size },
      locks: locked,
    }),
  };
}

interface LogsInput {
  readonly options: VerifyOptions;
  readonly lake: Lake;
  readonly quick: boolean;
  readonly origins: readonly string[];
  readonly trusted: readonly NoteKey[] | null;
  readonly kept: Kept | null;
  readonly findings: Findings;
  readonly objects: Objects;
  /** Null where nothing can be locked. */
  readonly locks: Locks | null;
  readonly sizes: Map<string, number>;
  /** Whether a file of this time may belong to an engine that has just been started. */
  readonly isYoung: (mtimeMs: number) => boolean;
}

interface CheckedLogs {
  readonly reports: OriginReport[];
  readonly since: Head | null;
  readonly broken: boolean;
  readonly doubtedTiles: ReadonlySet<string>;
}

async function checkLogs(input: LogsInput): Promise<CheckedLogs> {
  const { options, lake, quick, trusted, kept, findings, objects, locks, sizes } = input;
  const reports: OriginReport[] = [];
  const chains = new Map<string, Chain>();
  let since: Head | null = null;
  let broken = false;
  const doubtedTiles = new Set<string>();
  let done = 0;
  const breathe = breathing(options, () => {
    const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    options.onProgress?.({ done, total, bytes: objects.bytes });
  });
  const onResult = (job: ObjectJob, result: ObjectResult): void => {
    objects.take(job, result);
    if (job.seal.kind !== 'audit') return;
    chains.get(job.origin)?.audit(job.index, result.events);
    locks?.told(job.origin, result.told);
  };
  const threads = quick ? 0 : (options.threads ?? Math.min(availableParallelism(), MAX_THREADS));
  const checker = await checkerFor(lake, threads, options, onResult, locks);
  try {
    for (const origin of input.origins) {
      const keys =
        trusted?.filter((key) => key.name === origin) ?? (await lakePolicy(lake, origin, findings));
      const own =
        kept?.origin === origin ? openCheckpoint(kept.bytes, kept.file, origin, keys, findings) : null;
      since ??= own;
      const checked = await checkOrigin({
        lake,
        origin,
        keys,
        since: own,
        quick,
        findings,
        // A log that the auditor knows of has begun.
        mayBegin: (mtimeMs) => trusted === null && own === null && input.isYoung(mtimeMs),
        onSize: (size) => sizes.set(origin, size),
        onSeal: () => {
          done++;
          return breathe();
        },
        onObject: async (job) => {
          await objects.name(origin, job.index, job.seal);
          await checker.submit(job);
          if (locks?.isFull(origin) !== true) return;
          await checker.drain();
          await locks.settle(origin);
        },
        drain: () => checker.drain(),
        onChain: (chain) => chains.set(origin, chain),
      });
      reports.push(checked.report);
      broken ||= checked.broken;
      for (const key of checked.doubtedTiles) doubtedTiles.add(key);
    }
  } finally {
    await checker.close();
  }
  return { reports, since, broken, doubtedTiles };
}

function locksOf(lake: Lake, { lockDays, quick }: VerifyOptions, findings: Findings): Locks | null {
  if (!(lake instanceof S3Lake)) return null;
  const locks = new Locks(findings, lockDays ?? null, quick === true, (key) => lake.mayReadRetention(key));
  lake.onFile = (key, info) => locks.file(key, info);
  return locks;
}

function checkerFor(
  lake: Lake,
  threads: number,
  { kernels = 'auto', fetchBytes = FETCH_BYTES }: VerifyOptions,
  onResult: OnResult,
  locks: Locks | null,
): Promise<Checker> {
  const start = (results: OnResult): Promise<Checker> => startChecker(lake.folder, threads, kernels, results);
  if (!(lake instanceof S3Lake)) return start(onResult);
  return FetchingChecker.start(lake, fetchBytes, onResult, (job, info) => locks?.object(job, info), start);
}

/** Lets the event loop turn now and then, and stops when asked to. */
function breathing(options: VerifyOptions, onBreath: () => void): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < BREATH_MS) return;
    onBreath();
    await new Promise((wake) => setImmediate(wake));
    options.signal?.throwIfAborted();
    last = performance.now();
  };
}

/** The auditor's own checkpoint, not opened yet: its first line says of which log it is. @throws VerifyError */
function ownCheckpoint(file: string): Kept {
  const bytes = ownFile(file, 'checkpoint');
  try {
    return { bytes, file, origin: splitNote(bytes).text.split('\n')[0] ?? '' };
  } catch (error) {
    throw new VerifyError(`checkpoint ${file}: ${(error as Error).message}`);
  }
}

/** Logs that the auditor knows of and that the lake has not. */
function missingLogs(
  origins: readonly string[],
  trusted: readonly NoteKey[] | null,
  kept: Kept | null,
  findings: Findings,
): void {
  for (const name of new Set((trusted ?? []).map((key) => key.name))) {
    if (origins.includes(name)) continue;
    findings.add('MISSING', name, `_log/${name}`, null, 'the policy names a log that is not in the lake');
  }
  if (kept === null || origins.includes(kept.origin)) return;
  findings.add('ROLLBACK', kept.origin, kept.file, null, 'the lake has no log of this name any more');
}
