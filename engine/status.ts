// The engine in numbers, at one moment: behind `engine.status()`, `/v1/status`, the live line and the metrics. Read from
// the shared words and the front end's counters; nothing here is kept.

import type { Boot } from './boot.ts';
import type { EpcisStatus } from './capture-part.ts';
import type { FrontendStatus } from './frontend/frontend.ts';
import type { Acct } from './journal/fold.ts';
import { quarantined, type SinkLag, sinkLag } from './lag.ts';
import { type MemoryParts, memoryParts, memorySum } from './memory.ts';
import { osThread, threadCpuSeconds } from './os-thread.ts';
import { CONTROL, POSITION, type Ring } from './ring/layout.ts';
import type { JournalWatch } from './watch.ts';

export interface EngineStatus {
  readonly engine: string;
  readonly url: string | null;
  readonly codec: string;
  /** Why it is the portable codec although nobody asked for it; null otherwise. */
  readonly codecNote: string | null;
  readonly data: string;
  readonly lake: string;
  /** Records over the life of the data folder: received = accepted + rejected + duplicate. */
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
    /** What is sealed and not in the lake yet. */
    readonly waiting: SinkLag;
    /** Objects that the store refuses for their own sake: their seals are in the log, they are not in the lake. */
    readonly quarantined: number;
    /** What the store answers while it cannot be written, or null. */
    readonly outage: string | null;
  };
  /** EPCIS captures and the ledger; null where none are taken. */
  readonly epcis: EpcisStatus | null;
  /** Codec workers, and how often one was replaced. */
  readonly workers: { readonly count: number; readonly restarts: number };
  /** Processor time of each thread since it began, in seconds: which one is the limit. Empty where the system does not tell. */
  readonly threads: readonly ThreadStatus[];
  readonly memory: {
    /** The most by configuration: the sum of `parts`. */
    readonly bound: number;
    readonly parts: MemoryParts;
    readonly rss: number;
  };
}

export interface ThreadStatus {
  /** `frontend`, `worker 0` …, `commit` or `seal`. */
  readonly name: string;
  /** The system's number of the thread. */
  readonly tid: number;
  readonly cpuSeconds: number;
}

/** What the engine keeps that no store tells. */
export interface Live {
  readonly url: string | null;
  readonly batches: number;
  readonly outage: string | null;
  readonly restarts: number;
  readonly epcis: EpcisStatus | null;
}

export function statusOf(
  boot: Boot,
  base: Acct,
  frontend: FrontendStatus,
  watch: JournalWatch,
  live: Live,
): EngineStatus {
  const { config, ring } = boot;
  const parts = memoryParts(config);
  const at = (position: number): number => Number(Atomics.load(ring.positions, position));
  return {
    engine: boot.identity.engine,
    url: live.url,
    codec: boot.codec.name,
    codecNote: boot.codec.note,
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
      waiting: sinkLag(ring.positions, boot.clock),
      quarantined: quarantined(ring.positions),
      outage: live.outage,
    },
    epcis: live.epcis,
    workers: { count: config.workers, restarts: live.restarts },
    threads: threadsOf(ring, config.workers),
    memory: { bound: memorySum(parts), parts, rss: process.memoryUsage.rss() },
  };
}

function threadsOf({ control }: Ring, workers: number): ThreadStatus[] {
  const tids: [name: string, tid: number][] = [['frontend', osThread()]];
  for (let w = 0; w < workers; w++) tids.push([`worker ${w}`, Atomics.load(control, CONTROL.workerTid + w)]);
  tids.push(['commit', Atomics.load(control, CONTROL.commitTid)]);
  tids.push(['seal', Atomics.load(control, CONTROL.sealTid)]);
  return tids.flatMap(([name, tid]) => {
    const cpuSeconds = tid === 0 ? null : threadCpuSeconds(tid);
    return cpuSeconds === null ? [] : [{ name, tid, cpuSeconds }];
  });
}
