// Brings final seals into the lake, in the order that recovery relies on: schema documents, objects from the outbox, the
// local log (fsync), then tiles and checkpoint. Everything can be done again: a name that is there with the same bytes is
// done. Knows only seals that the seal journal holds; during an outage they wait there, and their objects in the outbox. A
// lake that was away at the start is opened first.

import { decodeSeal } from '../batch/seal.ts';
import { FatalError } from '../errors.ts';
import type { JournalFile } from '../journal/reader.ts';
import { MIB } from '../limits.ts';
import { type SinkFault, SinkOutage } from '../sink/sink.ts';
import { decodeFinal } from './cut.ts';
import type { SealLog } from './log.ts';
import { isOfStore, type ObjectSender, type Ready, type Resent } from './object-sender.ts';
import type { LakeOpening } from './opening.ts';
import { Outage } from './outage.ts';
import { bytesOnDisk, type Outbox } from './outbox.ts';
import type { PublishedLog } from './published-log.ts';
import type { Quarantine } from './quarantine.ts';

/** Objects under way at the same time, and their bytes. */
const MAX_OBJECTS = 16;
const MAX_BYTES = 32 * MIB;

/** Objects in quarantine are tried again this often, and at each start. */
const RESEND_EVERY_MS = 3_600_000;

/** A final seal in the seal journal: where its payload lies. */
export interface FinalSeal {
  readonly index: number;
  readonly payloadPosition: number;
  readonly payloadBytes: number;
  /** Position of the journal record. */
  readonly position: number;
  /** When its batch was cut, Unix ms. */
  readonly sealedMs: number;
}

/** What the publisher tells: a seal is in lake and log; a checkpoint is in the lake; the store is away, is back. */
export type PublisherMessage =
  | { readonly type: 'sealed'; readonly seal: string; readonly index: number }
  | { readonly type: 'checkpoint'; readonly size: number }
  | { readonly type: 'outage'; readonly message: string }
  | { readonly type: 'recovered' };

export interface PublisherOptions {
  readonly log: SealLog;
  readonly outbox: Outbox;
  readonly quarantine: Quarantine;
  readonly opening: LakeOpening;
  readonly sender: ObjectSender;
  readonly seals: JournalFile;
  readonly published: PublishedLog;
  readonly nowMs: () => number;
  readonly random: () => number;
  readonly post: (message: PublisherMessage) => void;
}

export class Publisher {
  readonly #options: PublisherOptions;
  readonly #outage: Outage;
  #queue: FinalSeal[] = [];
  #head = 0;
  #waitingBytes = 0;
  #resendMs: number;

  constructor(options: PublisherOptions) {
    const { nowMs, random, post } = options;
    this.#options = options;
    this.#resendMs = nowMs() + RESEND_EVERY_MS;
    this.#outage = new Outage({
      nowMs,
      random,
      onOutage: (message) => post({ type: 'outage', message }),
      onRecovered: () => post({ type: 'recovered' }),
    });
  }

  /** Seals that wait. */
  get waiting(): number {
    return this.#queue.length - this.#head;
  }

  /** What their objects take in the outbox. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** The oldest seal that waits. */
  get oldest(): FinalSeal | null {
    return this.#queue[this.#head] ?? null;
  }

  /** Monotonic ms before which `step` does nothing; 0 = now. */
  get retryMs(): number {
    return this.#outage.retryMs;
  }

  /** Adds a final seal, in order of index. */
  push(final: FinalSeal): void {
    this.#queue.push(final);
    this.#waitingBytes += this.#options.outbox.bytesOf(final.index);
  }

  /** An operator's order: one attempt for each object in quarantine, also in an outage, which it may end. */
  async resend(): Promise<Resent> {
    const { sender, quarantine } = this.#options;
    const before = sender.resent;
    await this.#attempt(async () => {
      await this.#resend();
      return sender.resent > before;
    });
    return { sent: sender.resent - before, left: quarantine.count };
  }

  /**
   * One round: a few objects with their seals into lake and log, and the checkpoint when it is due. An outage ends the
   * round; the next ones wait their time. @returns true when something was done.
   */
  async step(): Promise<boolean> {
    if (this.#options.nowMs() < this.#outage.retryMs) return false;
    return this.#attempt(async () => {
      const sealed = await this.#seals();
      if (this.#options.nowMs() >= this.#resendMs) await this.#resend();
      const due = this.#options.published.due;
      if (due) await this.#checkpoint(false);
      return sealed || due;
    });
  }

  /** The start has gone on without the lake: an outage, which ends with the opening. */
  away(error: SinkOutage | SinkFault): void {
    this.#outage.failed(error.message, error instanceof SinkOutage ? error.retryAfterMs : 0);
  }

  /** The time for what is left is short: a drain. */
  hurry(): void {
    this.#outage.hurry();
  }

  /** The checkpoint of a drain, kept for ever. @returns false during an outage. */
  async finish(): Promise<boolean> {
    if (this.#options.nowMs() < this.#outage.retryMs) return false;
    return this.#attempt(async () => {
      if (this.#options.log.size > 0) await this.#checkpoint(true);
      return true;
    });
  }

  async #attempt(round: () => Promise<boolean>): Promise<boolean> {
    const { opening, sender, published } = this.#options;
    try {
      const opens = !opening.opened;
      if (opens) await opening.openLate({ sender, published });
      const done = (await round()) || opens;
      if (done) this.#outage.worked();
      return done;
    } catch (error) {
      // What the store refuses holds up the log as an outage does, until it is known to be that one object's fault.
      if (!isOfStore(error)) throw error;
      this.away(error);
      return false;
    }
  }

  async #resend(): Promise<void> {
    await this.#options.sender.resend();
    this.#resendMs = this.#options.nowMs() + RESEND_EVERY_MS;
  }

  async #seals(): Promise<boolean> {
    const { sender } = this.#options;
    const round = this.#round();
    if (round.length === 0) return false;
    // All are waited for, so that none is under way when the round is over.
    const results = await Promise.allSettled(round.map((ready) => sender.put(ready)));
    for (const result of results) {
      if (result.status === 'rejected' && !isOfStore(result.reason)) throw result.reason;
    }
    // In order of index: what is behind a failure waits with it.
    const parked = new Map<Ready, SinkFault>();
    let failure: unknown = null;
    let done = 0;
    for (const [i, result] of results.entries()) {
      const ready = round[i] as Ready;
      const fault = result.status === 'fulfilled' ? result.value : null;
      failure = result.status === 'rejected' ? result.reason : await sender.judge(ready, fault);
      if (failure !== null) break;
      if (fault !== null) parked.set(ready, fault);
      done += 1;
    }
    this.#append(round.slice(0, done), parked);
    if (failure !== null) throw failure;
    return true;
  }

  /** The local log, and everybody who is to hear of it. */
  #append(round: readonly Ready[], parked: ReadonlyMap<Ready, SinkFault>): void {
    const { log, post, sender } = this.#options;
    log.append(round.map(({ bytes }) => bytes));
    this.#head += round.length;
    if (this.#head === this.#queue.length || this.#head > 4096) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    for (const { bytes, index, object } of round) {
      if (object !== null) this.#waitingBytes -= bytesOnDisk(object.length);
      post({ type: 'sealed', seal: Buffer.from(bytes).toString('utf8'), index });
    }
    for (const [ready, fault] of parked) sender.tellParked(ready, fault);
  }

  /** The next seals, with their objects read from the outbox: during an outage only one, to try. */
  #round(): Ready[] {
    const round: Ready[] = [];
    let objectBytes = 0;
    const most = this.#outage.open ? 1 : MAX_OBJECTS;
    for (
      let at = this.#head;
      at < this.#queue.length && round.length < most && objectBytes < MAX_BYTES;
      at++
    ) {
      const ready = this.#ready(this.#queue[at] as FinalSeal);
      objectBytes += ready.object?.length ?? 0;
      round.push(ready);
    }
    return round;
  }

  #ready(final: FinalSeal): Ready {
    const payload = new Uint8Array(final.payloadBytes);
    this.#options.seals.read(final.payloadPosition, payload);
    const { index, seal: bytes } = decodeFinal(payload);
    if (index !== final.index)
      throw new FatalError(`seal journal: seal ${index} where seal ${final.index} should be`);
    const seal = decodeSeal(bytes);
    return {
      index,
      bytes,
      seal,
      object: seal.kind === 'heartbeat' ? null : this.#options.outbox.read(index, seal.zstd_sha256),
    };
  }

  async #checkpoint(keep: boolean): Promise<void> {
    const { published, post } = this.#options;
    await published.publish(keep);
    post({ type: 'checkpoint', size: published.size });
  }
}
