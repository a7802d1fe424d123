// Opening the stores, in the one order in which it can be done: lock, registry, snapshot, journal, identity. What it
// returns is everything the stages need; nothing runs yet. A start after a crash takes the same way as any other.

import { join } from 'node:path';
import { useKernels } from '../workers/kernels.ts';
import { type ChosenCodec, chooseCodec } from '../workers/load-codec.ts';
import { type Clock, monotonicMs, raiseWallMs, systemClock } from './clock.ts';
import type { CommitterData } from './commit/committer.ts';
import type { Config, StreamConfig } from './config.ts';
import { diskFault } from './disk-fault.ts';
import { ConfigError } from './errors.ts';
import { type Folders, openFolders } from './folders.ts';
import { Fold } from './journal/fold.ts';
import { GroupReader, JournalReader } from './journal/reader.ts';
import { type Recovered, recoverJournal } from './journal/recovery.ts';
import { listSegments } from './journal/segments.ts';
import { CHECKPOINT_EVERY_MS, HEARTBEAT_MS } from './limits.ts';
import { acquireLock, type Lock } from './lock.ts';
import { openRegistry, type Registry } from './registry.ts';
import { createRing, POSITION, type Ring } from './ring/layout.ts';
import { EPCIS_STREAM } from './schema/epcis-event.ts';
import type { StreamSpec, Table } from './schema/table.ts';
import { unknownSchemaStream } from './schema/unknown.ts';
import { type Identity, loadIdentity } from './seal/identity.ts';
import { oldestPosition } from './seal/partitions.ts';
import type { SealerData } from './seal/sealer.ts';
import { readSnapshot } from './seal/snapshot.ts';
import { diskStorage, type Storage } from './storage.ts';

/** Everything that was opened, recovered and ready to run. */
export interface Boot {
  readonly config: Config;
  readonly folders: Folders;
  readonly storage: Storage;
  readonly lock: Lock;
  readonly ring: Ring;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly specs: readonly StreamSpec[];
  readonly identity: Identity;
  /** Sessions, keys and accounts as the journal tells them. */
  readonly fold: Fold;
  readonly recovered: Recovered;
  /** Running time of this data folder over all runs, ms. */
  runningMs(): number;
  /** The codec that runs. */
  readonly codec: ChosenCodec;
  readonly committer: CommitterData;
  readonly sealer: SealerData;
}

/**
 * Opens the data folder of `config`.
 * @throws ConfigError when it cannot be used (another engine, a foreign key); FatalError when it is damaged.
 */
export function bootStores(
  config: Config,
  newOrigin: string | undefined,
  storage: Storage = diskStorage,
): Boot {
  const codec = chooseCodec(config.codec);
  // Who asks for the portable codec wants no compiled code of firn's at all, in no thread.
  useKernels(config.codec === 'portable' ? 'portable' : 'auto');
  const folders = foldersOf(storage, config);
  const lock = acquireLock(folders.state);
  try {
    return open(config, newOrigin, storage, folders, lock, codec);
  } catch (error) {
    lock.release();
    throw diskFault(error, config.data);
  }
}

function open(
  config: Config,
  newOrigin: string | undefined,
  storage: Storage,
  folders: Folders,
  lock: Lock,
  codec: ChosenCodec,
): Boot {
  // Anything that an identity must have been there for.
  const used =
    listSegments(storage, folders.records).length > 0 ||
    storage.stat(join(folders.state, 'snapshot')) !== null ||
    storage.list(folders.log).length > 0;
  const identity = loadIdentity(folders.state, folders.keys, config.engine, used, newOrigin, storage);
  const registry = openRegistry(storage, folders.state, config.streams, config.epcis !== false);
  const tableOf = (n: number): Table => registry.byNumber(n).table;
  const snapshot = readSnapshot(storage, folders.state, tableOf);
  const fold = snapshot?.fold ?? new Fold(tableOf);
  // Lines of open batches are read by their position when they are sealed: their checksums are looked at here.
  const open = oldestPosition(snapshot?.partitions ?? []);
  const recovered = recoverJournal(storage, folders.records, 'records', fold.position, open);
  readOn(fold, storage, folders.records, recovered.end);
  const ring = createRing(config.ring);
  Atomics.store(ring.positions, POSITION.journalDurable, BigInt(recovered.end));
  Atomics.store(ring.positions, POSITION.journalWritten, BigInt(recovered.end));
  Atomics.store(ring.positions, POSITION.journalOldest, BigInt(recovered.start));
  raiseWallMs(ring.positions, Math.max(recovered.wallMs, fold.wallMs));
  const runningBaseMs = Math.max(recovered.runningMs, fold.runningMs);
  const startMs = monotonicMs();
  return {
    config,
    folders,
    storage,
    lock,
    ring,
    clock: systemClock(ring.positions),
    registry,
    specs: config.streams.flatMap((stream) => specsOf(stream, config, registry)),
    identity,
    fold,
    recovered,
    codec,
    runningMs: () => runningBaseMs + monotonicMs() - startMs,
    committer: {
      journalFolder: folders.records,
      end: recovered.end,
      durable: recovered.end,
      segmentBytes: config.journal.segmentBytes,
      runningBaseMs,
      startMs,
      wallMs: Math.max(recovered.wallMs, fold.wallMs),
    },
    sealer: sealerData(config, folders, identity),
  };
}

function foldersOf(storage: Storage, config: Config): Folders {
  try {
    return openFolders(storage, config);
  } catch (error) {
    throw new ConfigError(
      `cannot use the data folder ${config.data} with the lake ${config.lake}: ${(error as Error).message}`,
    );
  }
}

/** Applies what the journal holds behind the snapshot. */
function readOn(fold: Fold, storage: Storage, folder: string, end: number): void {
  const reader = new JournalReader(storage, folder, 'records', fold.position);
  const groups = new GroupReader(reader);
  for (let group = groups.next(end); group !== null; group = groups.next(end)) fold.apply(group);
  reader.close();
}

/** One for each schema that the stream takes. */
function specsOf(spec: StreamConfig, config: Config, registry: Registry): StreamSpec[] {
  const { stream, unknownFields, zones } = spec;
  const { maxRecordsPerFrame } = config.limits;
  return registry
    .accepted(stream)
    .map(({ number, table }) => ({ number, stream, table, unknownFields, zones, maxRecordsPerFrame }));
}

function sealerData(config: Config, folders: Folders, identity: Identity): SealerData {
  return {
    folders: { ...folders, log: join(folders.log, identity.log) },
    lake: config.lake,
    s3: config.s3,
    engine: identity.engine,
    keyFolder: folders.keys,
    cuts: {
      ...Object.fromEntries(
        config.streams.flatMap(({ stream, cut }) => [
          [stream, cut],
          [unknownSchemaStream(stream), cut],
        ]),
      ),
      ...(config.epcis !== false && { [EPCIS_STREAM]: config.epcis.cut }),
    },
    checkpointEveryMs: CHECKPOINT_EVERY_MS,
    heartbeatMs: HEARTBEAT_MS,
    segmentBytes: config.journal.segmentBytes,
    quotaBytes: config.journal.quotaBytes,
    clock: config.clock,
  };
}
