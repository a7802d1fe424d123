// The seal stage: reads the record journal, groups records into batches, and leaves each batch sealed in lake and log.
// Driven by two calls that never wait for each other: `seal` (synchronous: fold, cut, build, finalise) and `publish`
// (the store). Order of writes, which is the order of recovery (FORMAT.md §5):
//
//   cuts → seal journal, one fsync        objects → outbox, fsync of files and folder
//   seals → seal journal, one fsync       objects → lake, seals → log, fsync        tiles → checkpoint
//   snapshot, fsync → segments, outbox files and spool files may go
//
// Always holds: the fold stands at the end of a group; all cuts that wait were made at that position; seals are final in
// order of index. Whatever throws leaves the rest to the next start, which replays the same cuts.

import { sha256Hex } from '../batch/merkle.ts';
import { encodeSeal } from '../batch/seal.ts';
import type { CutConfig } from '../config.ts';
import type { AuditEntry } from '../journal/entry.ts';
import { RECORD_FLAG, RECORD_HEADER_BYTES, RECORD_TYPE } from '../journal/record.ts';
import { MIB } from '../limits.ts';
import { POSITION } from '../ring/layout.ts';
import type { S3LakeSettings } from '../sink/open.ts';
import { encodeCut, encodeFinal } from './cut.ts';
import type { PendingCut } from './cutter.ts';
import type { Resent } from './object-sender.ts';
import type { SealerParts } from './parts.ts';
import type { PublisherMessage } from './publisher.ts';
import type { Needed } from './retention.ts';
import { type SealState, writeSnapshot } from './snapshot.ts';

/** Journal bytes folded in one call: the thread looks at its messages after each. */
const STEP_BYTES = 4 * MIB;
/** Cuts that share the fsyncs of their steps. */
const MAX_BATCH = 64;
const WHOLE_GROUP = RECORD_FLAG.first | RECORD_FLAG.last;

/** What the sealer's thread is started with. Structured-cloneable. */
export interface SealerData {
  readonly folders: {
    readonly records: string;
    readonly seals: string;
    readonly state: string;
    readonly outbox: string;
    /** Bodies of captures, and lines that came of them. */
    readonly spool: string;
    /** Folder of this log: `state/log/<n>`. */
    readonly log: string;
  };
  /** The lake's folder, or its `s3://bucket/prefix`. */
  readonly lake: string;
  /** How a lake in S3 is reached and kept; null for a folder. */
  readonly s3: S3LakeSettings | null;
  /** Name of the log. */
  readonly engine: string;
  readonly keyFolder: string;
  /** Cut limits of each configured stream. */
  readonly cuts: Readonly<Record<string, CutConfig>>;
  readonly checkpointEveryMs: number;
  readonly heartbeatMs: number;
  readonly segmentBytes: number;
  readonly quotaBytes: number;
  readonly clock: 'system' | 'chrony';
}

/**
 * `drain`: everything journaled is to be sealed and published within `withinMs`; sent when nothing more will be journaled.
 * `resend`: what lies in quarantine is to be tried again at once; answered by `resent`.
 */
export type ToSealer =
  | { readonly type: 'drain'; readonly withinMs: number }
  | { readonly type: 'resend' }
  | { readonly type: 'close' };

/** `ready`: recovered and running; the lake is open, or its outage was told. */
export type SealerMessage =
  | PublisherMessage
  | { readonly type: 'ready' }
  | { readonly type: 'audit'; readonly event: AuditEntry }
  | { readonly type: 'drained'; readonly published: boolean }
  | ({ readonly type: 'resent' } & Resent);

export class Sealer {
  readonly #parts: SealerParts;
  #prev: string;
  #sealedAtMs: number;
  #caughtUp = false;
  #drainBy: number | null = null;
  #drained = false;
  #resend = false;

  constructor(parts: SealerParts) {
    this.#parts = parts;
    this.#prev = parts.prev;
    this.#sealedAtMs = parts.nowMs();
    this.#tellPositions();
  }

  /** Seals everything that the journal holds, then publishes it, within `withinMs`; tells `drained` when it ends. */
  beginDrain(withinMs: number): void {
    if (this.#drainBy !== null) return;
    this.#drainBy = this.#parts.nowMs() + withinMs;
    this.#parts.publisher.hurry();
  }

  /** Every object in quarantine is to be tried again at once; tells `resent` when that is done. */
  resend(): void {
    this.#resend = true;
  }

  get drained(): boolean {
    return this.#drained;
  }

  /** One round of reading and one batch of cuts. @returns true when there is more to do at once. */
  seal(): boolean {
    const { cutter } = this.#parts;
    if (cutter.pending === 0) {
      this.#caughtUp = this.#read();
      if (cutter.pending === 0) this.#cutByTime();
    }
    const sealed = this.#finish(cutter.take(MAX_BATCH));
    if (cutter.pending === 0 && this.#parts.nowMs() >= this.#parts.retention.nextMs) this.#retain();
    this.#tellPositions();
    return sealed || !this.#caughtUp;
  }

  /** One round with the store. @returns true when something was done. */
  async publish(): Promise<boolean> {
    const { publisher, post } = this.#parts;
    const published = await publisher.step();
    if (this.#resend) {
      this.#resend = false;
      post({ type: 'resent', ...(await publisher.resend()) });
    }
    const settled = await this.#settleDrain();
    this.#tellPositions();
    return published || settled;
  }

  /** Both, one after the other: for tests, which need no threads. */
  async step(): Promise<boolean> {
    const sealed = this.seal();
    return (await this.publish()) || sealed;
  }

  /** Writes the snapshot and lets go of what it stands for. No cut may wait. */
  snapshot(): void {
    const { storage, stateFolder, fold, cutter, published, log, retention, spoolFiles, nowMs } = this.#parts;
    const beganMs = nowMs();
    const needed = this.#needed();
    const state: SealState = {
      engine: this.#parts.engine,
      base: this.#parts.base,
      sealsPosition: needed.seals,
      nextIndex: cutter.nextIndex,
      prev: this.#prev,
      logSize: log.size,
      sealedMs: this.#parts.sealedMs(),
      keptHour: published.keptHour,
      nextSeq: cutter.nextSeq,
    };
    writeSnapshot(storage, stateFolder, fold, state, cutter.partitions.values());
    retention.drop(needed, beganMs);
    spoolFiles?.drop(needed.records);
  }

  close(): void {
    this.#parts.close();
  }

  /** Folds what is durable, up to the first cut. @returns true when everything durable is read. */
  #read(): boolean {
    const { fold, groups, cutter, intake, positions } = this.#parts;
    const limit = Number(Atomics.load(positions, POSITION.journalDurable));
    for (let bytes = 0; bytes < STEP_BYTES && cutter.pending === 0; ) {
      const group = groups.next(limit);
      if (group === null) return true;
      fold.apply(group);
      intake.take(group);
      for (const { payload } of group) bytes += payload.length;
    }
    return false;
  }

  #cutByTime(): void {
    const { cutter, nowMs, heartbeatMs } = this.#parts;
    if (this.#drainBy !== null && this.#caughtUp) cutter.cutAll();
    else cutter.cutDue();
    const idle = cutter.pending === 0 && this.#drainBy === null;
    if (idle && nowMs() - this.#sealedAtMs >= heartbeatMs) cutter.heartbeat();
  }

  /** The durable steps of a batch of cuts. */
  #finish(batch: readonly PendingCut[]): boolean {
    if (batch.length === 0) return false;
    const { writer, fold, builder, outbox, publisher, nowMs, journaledBelow } = this.#parts;
    for (const { cut } of batch) {
      if (cut.index >= journaledBelow) {
        writer.append(RECORD_TYPE.cut, WHOLE_GROUP, cut.sealedMs, fold.runningMs, encodeCut(cut));
      }
    }
    writer.sync();
    const seals: Uint8Array[] = [];
    for (const pending of batch) {
      const { seal, object } = builder.build(pending, this.#prev);
      const bytes = encodeSeal(seal);
      this.#prev = sha256Hex(bytes);
      seals.push(bytes);
      if (object !== null) outbox.write(pending.cut.index, object);
    }
    outbox.sync();
    const finals = batch.map(({ cut }, i) => {
      const payload = encodeFinal(cut.index, seals[i] as Uint8Array);
      const position = writer.append(RECORD_TYPE.seal, WHOLE_GROUP, cut.sealedMs, fold.runningMs, payload);
      return {
        index: cut.index,
        position,
        payloadPosition: position + RECORD_HEADER_BYTES,
        payloadBytes: payload.length,
        sealedMs: cut.sealedMs,
      };
    });
    writer.sync();
    for (const final of finals) publisher.push(final);
    this.#sealedAtMs = nowMs();
    return true;
  }

  async #settleDrain(): Promise<boolean> {
    if (this.#drainBy === null || this.#drained) return false;
    const { cutter, publisher, quarantine, nowMs, post } = this.#parts;
    const sealed = this.#caughtUp && cutter.pending === 0 && cutter.partitions.size === 0;
    const published = sealed && publisher.waiting === 0 && (await publisher.finish());
    if (!published && nowMs() < this.#drainBy) return false;
    this.#drained = true;
    if (cutter.pending === 0) this.snapshot();
    // Everything is in the log, but not all of it in the lake.
    post({ type: 'drained', published: published && quarantine.count === 0 });
    return true;
  }

  #needed(): Needed {
    const { fold, cutter, publisher, published, writer, log } = this.#parts;
    return {
      records: Math.min(fold.position, cutter.partitions.oldestPosition()),
      seals: publisher.oldest?.position ?? writer.position,
      outbox: Math.min(log.size, published.size),
    };
  }

  #retain(): void {
    const { retention, publisher, positions, spoolFiles } = this.#parts;
    const written = Number(Atomics.load(positions, POSITION.journalWritten));
    const used = written - retention.oldestRecords + this.#bytesOnDisk();
    // A snapshot with everything published stands for itself: only a filling disk does not wait for that moment.
    if (publisher.waiting > 0 && used < retention.pressureBytes) {
      if (spoolFiles?.pressing(this.#needed().records) !== true) return;
    }
    const needed = this.#needed();
    const due = retention.due(needed, used);
    if (due || spoolFiles?.due(needed.records) === true) this.snapshot();
  }

  /** What counts towards the quota beside the record journal. */
  #bytesOnDisk(): number {
    const { outbox, quarantine, writer, retention } = this.#parts;
    return outbox.bytes + quarantine.bytes + writer.position - retention.oldestSeals;
  }

  #tellPositions(): void {
    const { positions, fold, retention, log, publisher, published, quarantine, cutter } = this.#parts;
    const tell = (word: number, value: number): void => {
      Atomics.store(positions, word, BigInt(value));
    };
    tell(POSITION.sealPosition, fold.position);
    tell(POSITION.journalOldest, retention.oldestRecords);
    tell(POSITION.outboxBytes, this.#bytesOnDisk());
    tell(POSITION.logSize, log.size);
    tell(POSITION.checkpointSize, published.size);
    tell(POSITION.openRecords, cutter.partitions.records);
    tell(POSITION.openPartitions, cutter.partitions.size);
    tell(POSITION.waitingBatches, publisher.waiting);
    tell(POSITION.waitingBytes, publisher.waitingBytes);
    tell(POSITION.waitingSinceMs, publisher.oldest?.sealedMs ?? 0);
    tell(POSITION.quarantined, quarantine.count);
  }
}
