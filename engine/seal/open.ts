// Starts the seal stage on its folders, the same way after a clean stop as after a crash, and after a comparison with the
// lake: what the lake lost is put again, and a lake that knows more than this state is refused. Where devices have been
// served before, a store that is away does not keep the stage from starting: its lake is opened later (opening.ts).

import { type AuditDetails, auditEntry } from '../audit.ts';
import { classKey } from '../batch/object-key.ts';
import type { SealAcct, SealClock } from '../batch/seal.ts';
import type { Clock } from '../clock.ts';
import type { CutConfig } from '../config.ts';
import type { Acct } from '../journal/fold.ts';
import { GroupReader, JournalFile, JournalReader } from '../journal/reader.ts';
import { JournalWriter } from '../journal/writer.ts';
import { EPCIS_CUT } from '../limits.ts';
import type { Registry } from '../registry.ts';
import { POSITION } from '../ring/layout.ts';
import { EPCIS_STREAM } from '../schema/epcis-event.ts';
import type { Sink } from '../sink/sink.ts';
import { ensureFolder, type Storage } from '../storage.ts';
import { Builder } from './builder.ts';
import { Cutter } from './cutter.ts';
import { Intake } from './intake.ts';
import type { SigningKey } from './key.ts';
import { SealLog } from './log.ts';
import { ObjectSender } from './object-sender.ts';
import { attempt, type Fillers, LakeOpening, type LakeOpeningOptions } from './opening.ts';
import { Outbox } from './outbox.ts';
import {
  DEFAULT_CUT,
  NO_STREAM,
  PARTITION_KIND,
  PARTITION_LIMITS,
  type PartitionKind,
  type PartitionLimits,
  Partitions,
} from './partitions.ts';
import { PublishedLog } from './published-log.ts';
import { Publisher } from './publisher.ts';
import { Quarantine } from './quarantine.ts';
import { Refusals } from './refusals.ts';
import { readSeals, replay, type SealJournal, startState } from './replay.ts';
import { Retention } from './retention.ts';
import { Sealer, type SealerData, type SealerMessage } from './sealer.ts';
import type { Snapshot } from './snapshot.ts';
import { SpoolFiles } from './spool-files.ts';
import { SpoolReader } from './spool-reader.ts';

const DAY_MS = 86_400_000;

/** Everything that a sealer works with. In its thread most of it is made from `SealerData`; tests give their own. */
export interface SealerOptions
  extends Pick<
    SealerData,
    | 'folders'
    | 'lake'
    | 'engine'
    | 'cuts'
    | 'checkpointEveryMs'
    | 'heartbeatMs'
    | 'segmentBytes'
    | 'quotaBytes'
  > {
  readonly storage: Storage;
  readonly sink: Sink;
  readonly registry: Registry;
  readonly key: SigningKey;
  readonly clock: Clock;
  /** What seals say about the clock. */
  readonly quality: () => SealClock;
  readonly compress: (bytes: Uint8Array) => Uint8Array;
  readonly random: () => number;
  /** Words of `POSITION`; `journalDurable` and `journalWritten` are set. */
  readonly positions: BigInt64Array;
  readonly post: (message: SealerMessage) => void;
  readonly limits?: PartitionLimits;
}

/**
 * Opens the stage and recovers.
 * @throws ConfigError when lake and log do not fit together or the store cannot be a lake; FatalError when stored state
 *   is damaged; SinkOutage, SinkFault when the store cannot be used and the data folder has no history.
 */
export async function openSealer(options: SealerOptions): Promise<Sealer> {
  const { storage, folders, sink, engine, key, post, clock } = options;
  for (const folder of [folders.outbox, folders.spool]) ensureFolder(storage, folder, 0o700);
  const log = SealLog.open(storage, folders.log);
  const audit = (action: string, target: string, details: AuditDetails): void =>
    post({ type: 'audit', event: auditEntry(clock, action, target, details) });
  const opening = new LakeOpening({ sink, engine, key, log, lake: options.lake, audit });
  // Nothing is journaled before a lake was opened: without a history its address and rights may just be wrong.
  const needed = Atomics.load(options.positions, POSITION.journalDurable) === 0n;
  const away = await attempt(opening.meet(), needed);
  const { sealer, publisher, fillers } = recover(options, log, opening, audit);
  const failed = away ?? (await attempt(opening.open(fillers), needed));
  if (failed !== null) publisher.away(failed);
  return sealer;
}

function recover(
  options: SealerOptions,
  log: SealLog,
  opening: LakeOpening,
  audit: LakeOpeningOptions['audit'],
): { sealer: Sealer; publisher: Publisher; fillers: Fillers } {
  const { storage, folders, registry, engine, key, clock, positions, segmentBytes, post } = options;
  const nowMs = (): number => clock.monotonicMs();
  const start = startState(storage, folders, engine, log, (stream) => registry.byNumber(stream).table);
  const { fold, base, keptHour } = start.snapshot;
  const journal = readSeals(storage, folders.seals, start, log);
  const { cutter, sealedMs } = openCutter(options, start.snapshot, journal);
  const journaledBelow = cutter.nextIndex;
  const intake = new Intake(cutter, {
    stream: registry.captures?.number ?? null,
    captures: fold.captures,
  });
  const reader = new JournalReader(storage, folders.records, 'records', fold.position);
  const groups = new GroupReader(reader);
  replay(fold, groups, cutter, intake, Number(Atomics.load(positions, POSITION.journalDurable)));

  const records = new JournalFile(storage, folders.records);
  const seals = new JournalFile(storage, folders.seals);
  const spool = new SpoolReader(storage, folders.spool);
  const outbox = new Outbox(storage, folders.outbox);
  const quarantine = new Quarantine(storage, folders.state, outbox, log.size);
  outbox.dropFrom(journal.finalBelow);
  const writer = new JournalWriter(storage, folders.seals, 'seals', start.sealsEnd, { segmentBytes });
  const published = new PublishedLog({
    ...{ sink: options.sink, log, engine, key, nowMs, keptHour },
    wallMs: () => clock.wallMs(),
    checkpointEveryMs: options.checkpointEveryMs,
    checkpointSize: opening.lakeSize,
  });
  const sender = new ObjectSender({
    ...{ log, outbox, quarantine, registry, published, audit },
    refusals: new Refusals(options.sink),
  });
  const publisher = new Publisher({
    ...{ log, outbox, quarantine, opening, sender, seals, published, nowMs, post },
    random: options.random,
  });
  for (const final of journal.waiting) publisher.push(final);
  const sealer = new Sealer({
    ...{ storage, stateFolder: folders.state, engine, base, fold, groups, cutter, intake, outbox, writer },
    ...{
      publisher,
      published,
      quarantine,
      log,
      positions,
      nowMs,
      sealedMs,
      journaledBelow,
      post,
      prev: journal.prev,
    },
    builder: new Builder({ engine, registry, records, fold, spool, compress: options.compress }),
    spoolFiles:
      registry.captures === null
        ? null
        : new SpoolFiles({ storage, folder: folders.spool, captures: fold.captures, nowMs }),
    retention: new Retention({
      ...{
        storage,
        recordsFolder: folders.records,
        sealsFolder: folders.seals,
        records,
        seals,
        outbox,
        nowMs,
      },
      ...{ segmentBytes, quotaBytes: options.quotaBytes },
      ...{ oldestRecords: start.oldestRecords, oldestSeals: start.oldestSeals },
    }),
    heartbeatMs: options.heartbeatMs,
    close: () => {
      for (const open of [reader, records, seals, spool, writer, log]) open.close();
    },
  });
  return { sealer, publisher, fillers: { sender, published } };
}

/** The cutter as the snapshot left it, with the cuts of the seal journal to be filled again. */
function openCutter(
  options: SealerOptions,
  snapshot: Snapshot,
  journal: SealJournal,
): { cutter: Cutter; sealedMs: () => number } {
  const { clock, registry } = options;
  const { fold, base, nextIndex, nextSeq } = snapshot;
  const nowMs = (): number => clock.monotonicMs();
  const today = (): number => Math.floor(clock.wallMs() / DAY_MS);
  // The clock never runs backwards in one run; over a restart the newest cut says how far it was.
  let sealedMs = journal.cuts.reduce((newest, cut) => Math.max(newest, cut.sealedMs), snapshot.sealedMs);
  const partitions = new Partitions(options.limits ?? PARTITION_LIMITS, (stream) => cutOf(options, stream));
  for (const batch of snapshot.partitions) partitions.restore(batch, nowMs(), today());
  const cutter = new Cutter({
    partitions,
    classOf: (kind, stream) => classOf(registry, kind, stream),
    stamp: () => {
      sealedMs = Math.max(sealedMs, clock.wallMs());
      return { position: fold.position, sealedMs, clock: options.quality(), acct: acctOf(fold.acct, base) };
    },
    position: () => fold.position,
    ...{ nowMs, today, nextIndex, nextSeq },
  });
  cutter.replay(journal.cuts, journal.finalBelow);
  return { cutter, sealedMs: () => sealedMs };
}

function cutOf({ registry, cuts }: SealerOptions, stream: number): CutConfig {
  if (stream === NO_STREAM) return DEFAULT_CUT;
  const name = registry.byNumber(stream).stream;
  return cuts[name] ?? (name === EPCIS_STREAM ? EPCIS_CUT : DEFAULT_CUT);
}

function classOf(registry: Registry, kind: PartitionKind, stream: number): string {
  if (kind === PARTITION_KIND.audit) return classKey({ kind: 'audit' });
  const name = registry.byNumber(stream).stream;
  return classKey({ kind: kind === PARTITION_KIND.records ? 'records' : 'dead-letter', stream: name });
}

/** Records since the log began, as seals say it. */
function acctOf(now: Acct, base: Acct): SealAcct {
  return {
    accepted: String(now.accepted - base.accepted),
    duplicate: String(now.duplicate - base.duplicate),
    received: String(now.received - base.received),
    rejected: String(now.rejected - base.rejected),
  };
}
