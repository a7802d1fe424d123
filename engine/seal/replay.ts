// What a start goes on from: the snapshot, then what the seal journal holds behind it: cuts that have taken their records,
// cuts that still need a seal, seals that are not in the log. The record journal is then read until every cut has its
// records again; what follows is normal work.

import { sha256Hex } from '../batch/merkle.ts';
import { decodeSeal, NO_PREV } from '../batch/seal.ts';
import { FatalError } from '../errors.ts';
import { Fold } from '../journal/fold.ts';
import { type GroupReader, JournalReader } from '../journal/reader.ts';
import { RECORD_TYPE } from '../journal/record.ts';
import { recoverJournal } from '../journal/recovery.ts';
import { listSegments } from '../journal/segments.ts';
import type { Table } from '../schema/table.ts';
import type { Storage } from '../storage.ts';
import { type Cut, decodeCut, decodeFinal } from './cut.ts';
import type { Cutter } from './cutter.ts';
import type { Intake } from './intake.ts';
import type { SealLog } from './log.ts';
import { PARTITION_KIND } from './partitions.ts';
import type { FinalSeal } from './publisher.ts';
import { readSnapshot, type Snapshot, writeSnapshot } from './snapshot.ts';

/** Where the stores are. */
export interface StateFolders {
  readonly records: string;
  readonly seals: string;
  readonly state: string;
}

/** The state to go on from, and the journals as they were found. */
export interface StartState {
  readonly snapshot: Snapshot;
  readonly oldestRecords: number;
  readonly oldestSeals: number;
  readonly sealsEnd: number;
}

/** What the seal journal says beyond the snapshot. */
export interface SealJournal {
  readonly cuts: readonly Cut[];
  /** Final seals that are not in the log, in order. */
  readonly waiting: readonly FinalSeal[];
  /** Index below which all seals are final, and SHA-256 of the last of them. */
  readonly finalBelow: number;
  readonly prev: string;
}

/**
 * Recovers the seal journal and reads the snapshot. The first start, and the first under a new log name, write one before
 * anything else: so its absence is always a loss.
 * @throws FatalError when state is missing or damaged.
 */
export function startState(
  storage: Storage,
  folders: StateFolders,
  engine: string,
  log: SealLog,
  tableOf: (stream: number) => Table,
): StartState {
  const loaded = readSnapshot(storage, folders.state, tableOf);
  const { start, end } = recoverJournal(storage, folders.seals, 'seals', loaded?.sealsPosition ?? 0);
  const oldestRecords = listSegments(storage, folders.records)[0]?.start ?? 0;
  if (loaded === null && (oldestRecords > 0 || end > 0 || log.size > 0)) {
    throw new FatalError(
      'the snapshot state/snapshot is missing while journal or log exist: restore the whole data folder from a backup',
    );
  }
  let snapshot = loaded ?? newLog(engine, new Fold(tableOf), NO_RECORDS, end);
  if (snapshot.engine !== engine) snapshot = underNewName(snapshot, engine, end);
  if (log.size < snapshot.logSize) {
    throw new FatalError(
      `the log has ${log.size} seals, the snapshot knows of ${snapshot.logSize}: they are not of the same state`,
    );
  }
  if (snapshot !== loaded)
    writeSnapshot(storage, folders.state, snapshot.fold, snapshot, snapshot.partitions);
  return { snapshot, oldestRecords, oldestSeals: start, sealsEnd: end };
}

const NO_RECORDS = { accepted: 0, duplicate: 0, received: 0, rejected: 0 } as const;

function newLog(engine: string, fold: Fold, base: Snapshot['base'], sealsPosition: number): Snapshot {
  return {
    ...{ engine, base, sealsPosition, nextIndex: 0, prev: NO_PREV, logSize: 0, sealedMs: 0, keptHour: -1 },
    nextSeq: new Map(),
    fold,
    partitions: [],
  };
}

/**
 * The same state under a new log name (`--new-origin`): an empty log, sequences from 1, and an account that begins with
 * the records that are not sealed yet. Cuts made after the snapshot belong to the old log and are made again in the new
 * one: records may be doubled over both, never lost. Those of the snapshot are in the old log, or the name had not changed.
 */
function underNewName(snapshot: Snapshot, engine: string, sealsEnd: number): Snapshot {
  const open = { records: 0, letters: 0 };
  for (const { kind, count } of snapshot.partitions) {
    if (kind === PARTITION_KIND.records) open.records += count;
    if (kind === PARTITION_KIND.deadLetter) open.letters += count;
  }
  const { acct } = snapshot.fold;
  const accepted = acct.accepted - open.records;
  const rejected = acct.rejected - open.letters;
  const base = {
    accepted,
    duplicate: acct.duplicate,
    received: accepted + rejected + acct.duplicate,
    rejected,
  };
  const { sealedMs, partitions } = snapshot;
  return { ...newLog(engine, snapshot.fold, base, sealsEnd), sealedMs, partitions };
}

/** Reads the record journal until every cut of the seal journal has its records. */
export function replay(fold: Fold, groups: GroupReader, cutter: Cutter, intake: Intake, limit: number): void {
  while (cutter.replaying) {
    const group = groups.next(limit);
    if (group === null) {
      cutter.assertReplayed(fold.position);
      return;
    }
    fold.apply(group);
    cutter.folded(fold.position);
    intake.take(group);
  }
}

/** Reads the seal journal from the snapshot on. */
export function readSeals(
  storage: Storage,
  folder: string,
  { snapshot, sealsEnd }: StartState,
  log: SealLog,
): SealJournal {
  const { nextIndex } = snapshot;
  const reader = new JournalReader(storage, folder, 'seals', snapshot.sealsPosition);
  const cuts: Cut[] = [];
  const waiting: FinalSeal[] = [];
  let finalBelow = nextIndex;
  let { prev } = snapshot;
  for (let record = reader.next(sealsEnd); record !== null; record = reader.next(sealsEnd)) {
    if (record.type === RECORD_TYPE.cut) {
      const cut = decodeCut(record.payload);
      if (cut.index >= nextIndex) cuts.push(cut);
      continue;
    }
    const { index, seal } = decodeFinal(record.payload);
    if (index >= finalBelow) {
      if (index > finalBelow || decodeSeal(seal).prev !== prev)
        throw new FatalError(`seal journal: seal ${index} does not follow the one before it`);
      finalBelow = index + 1;
      prev = sha256Hex(seal);
    }
    if (index < log.size) continue;
    if (index !== log.size + waiting.length)
      throw new FatalError(`seal journal: seal ${index} where seal ${log.size + waiting.length} should be`);
    const { position, payloadPosition, payload, wallMs } = record;
    waiting.push({
      ...{ index, position, payloadPosition },
      payloadBytes: payload.length,
      sealedMs: wallMs,
    });
  }
  reader.close();
  if (finalBelow < log.size) {
    throw new FatalError(
      `the log has ${log.size} seals, the seal journal knows of ${finalBelow}: they are not of the same state`,
    );
  }
  return { cuts, waiting, finalBelow, prev };
}
