// The engine in numbers, at one moment: behind `engine.status()`, `/v1/status`, the live line and the metrics. Read from
// the shared words and the front end's counters; nothing here is kept.

import type { Boot } from './boot.ts';
import type { FrontendStatus } from './frontend/frontend.ts';
import type { Acct } from './journal/fold.ts';
import { MAX_BODIES_BYTES, MAX_OPEN_POSITIONS, MIB } from './limits.ts';
import { POSITION } from './ring/layout.ts';
import type { JournalWatch } from './watch.ts';

export interface EngineStatus {
  readonly engine: string;
  readonly url: string | null;
  readonly codec: string;
  readonly data: string;
  readonly lake: string;
  /** Records over the life of the log: received = accepted + rejected + duplicate. */
  readonly acct: Acct;
  readonly frontend: FrontendStatus;
  readonly ring: { readonly slabs: number; readonly bytes: number; readonly occupancy: number };
  readonly journal: {
    readonly bytes: number;
    readonly quotaBytes: number;
    readonly occupancy: number;
    readonly freeBytes: number;
    /** Bytes that are durable and that the seal stage has not read yet. */
    readonly lagBytes: number;
    /** Why nothing is taken at the moment, or null. */
    readonly full: string | null;
  };
  readonly seal: {
    /** Batches sealed since the start. */
    readonly batches: number;
    readonly logSize: number;
    readonly checkpointSize: number;
    readonly openRecords: number;
    readonly openPartitions: number;
    readonly outboxBytes: number;
    /** What the store answers while it cannot be written, or null. */
    readonly outage: string | null;
  };
  /** Codec workers, and how often one was replaced. */
  readonly workers: { readonly count: number; readonly restarts: number };
  readonly memory: { readonly bound: number; readonly rss: number };
}

/** What the engine keeps that no store tells. */
export interface Live {
  readonly url: string | null;
  readonly batches: number;
  readonly outage: string | null;
  readonly restarts: number;
}

export function statusOf(
  boot: Boot,
  base: Acct,
  frontend: FrontendStatus,
  watch: JournalWatch,
  live: Live,
): EngineStatus {
  const { config, ring } = boot;
  const at = (position: number): number => Number(Atomics.load(ring.positions, position));
  return {
    engine: boot.identity.engine,
    url: live.url,
    codec: config.codec,
    data: config.data,
    lake: config.lake,
    acct: {
      accepted: base.accepted + frontend.accepted,
      duplicate: base.duplicate + frontend.duplicate,
      received: base.received + frontend.received,
      rejected: base.rejected + frontend.rejected,
    },
    frontend,
    ring: { slabs: ring.sizes.slabs, bytes: ring.data.byteLength, occupancy: frontend.ring },
    journal: {
      bytes: watch.usedBytes(),
      quotaBytes: config.journal.quotaBytes,
      occupancy: watch.occupancy(),
      freeBytes: watch.freeBytes(),
      lagBytes: at(POSITION.journalDurable) - at(POSITION.sealPosition),
      full: watch.fullBecause(),
    },
    seal: {
      batches: live.batches,
      logSize: at(POSITION.logSize),
      checkpointSize: at(POSITION.checkpointSize),
      openRecords: at(POSITION.openRecords),
      openPartitions: at(POSITION.openPartitions),
      outboxBytes: at(POSITION.outboxBytes),
      outage: live.outage,
    },
    workers: { count: config.workers, restarts: live.restarts },
    memory: { bound: memoryBound(boot), rss: process.memoryUsage.rss() },
  };
}

/** Bytes of a session or key row with its share of the maps around it, in both threads that hold the tables; measured. */
const ROW_BYTES = 1000;
const CONNECTION_BYTES = 2048;
/** Node itself with one isolate a thread. */
const ISOLATE_BYTES = 40 * MIB;

/** The most that memory can grow to by configuration, whatever clients, disk or store do: the sum that `serve` prints. */
export function memoryBound({ config, ring }: Boot): number {
  const { limits } = config;
  const connections = config.listen === false ? 0 : config.listen.maxConnections;
  const tables = (limits.maxSessions + limits.maxIdempotencyKeys) * ROW_BYTES;
  const halfSent = connections * (2 * limits.maxFrameBytes + CONNECTION_BYTES);
  const largestCut = Math.max(...config.streams.map(({ cut }) => cut.bytes));
  return (
    ring.data.byteLength +
    tables +
    halfSent +
    MAX_BODIES_BYTES +
    MAX_OPEN_POSITIONS * 16 +
    4 * largestCut +
    (config.workers + 3) * ISOLATE_BYTES
  );
}
