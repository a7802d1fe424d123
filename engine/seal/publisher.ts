// Brings final seals into the lake, in the order that recovery relies on: schema documents, objects from the outbox, the
// local log (fsync), then tiles and checkpoint. Everything can be done again: a name that is there with the same bytes is
// done. Knows only seals that the seal journal holds; during an outage they wait there, and their objects in the outbox.

import { decodeSeal, type Seal } from '../batch/seal.ts';
import { FatalError } from '../errors.ts';
import type { JournalFile } from '../journal/reader.ts';
import { MIB } from '../limits.ts';
import type { Registry } from '../registry.ts';
import { SinkFault, SinkOutage } from '../sink/sink.ts';
import { decodeFinal } from './cut.ts';
import { schemaFile } from './lake-files.ts';
import type { SealLog } from './log.ts';
import { Outage } from './outage.ts';
import type { Outbox } from './outbox.ts';
import type { PublishedLog } from './published-log.ts';

/** Objects under way at the same time, and their bytes. */
const MAX_OBJECTS = 16;
const MAX_BYTES = 32 * MIB;

/** A final seal in the seal journal: where its payload lies. */
export interface FinalSeal {
  readonly index: number;
  readonly payloadPosition: number;
  readonly payloadBytes: number;
  /** Position of the journal record. */
  readonly position: number;
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
  readonly seals: JournalFile;
  readonly registry: Registry;
  readonly published: PublishedLog;
  readonly nowMs: () => number;
  readonly random: () => number;
  readonly post: (message: PublisherMessage) => void;
}

interface Ready {
  readonly final: FinalSeal;
  readonly bytes: Uint8Array;
  readonly seal: Seal;
  readonly object: Uint8Array | null;
}

export class Publisher {
  readonly #options: PublisherOptions;
  readonly #outage: Outage;
  readonly #schemas = new Set<string>();
  #queue: FinalSeal[] = [];
  #head = 0;

  constructor(options: PublisherOptions) {
    const { nowMs, random, post } = options;
    this.#options = options;
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
  }

  /** Puts again what the lake lost: objects of logged seals from `from` on, as far as the outbox has them. */
  async republish(from: number): Promise<void> {
    const { log, outbox } = this.#options;
    let index = from;
    for (const bytes of log.entries(from, log.size)) {
      if (outbox.has(index)) await this.#put({ bytes, seal: decodeSeal(bytes), object: outbox.read(index) });
      index += 1;
    }
  }

  /**
   * One round: a few objects with their seals into lake and log, and the checkpoint when it is due. An outage ends the
   * round; the next ones wait their time. @returns true when something was done.
   */
  async step(): Promise<boolean> {
    if (this.#options.nowMs() < this.#outage.retryMs) return false;
    return this.#attempt(async () => {
      const sealed = await this.#seals();
      const due = this.#options.published.due;
      if (due) await this.#checkpoint(false);
      return sealed || due;
    });
  }

  /** The time for what is left is short: a drain. */
  hurry(): void {
    this.#outage.hurry();
  }

  /** The checkpoint of a drain, kept for ever. @returns false during an outage. */
  async finish(): Promise<boolean> {
    if (this.#options.log.size === 0) return true;
    if (this.#options.nowMs() < this.#outage.retryMs) return false;
    return this.#attempt(async () => {
      await this.#checkpoint(true);
      return true;
    });
  }

  async #attempt(round: () => Promise<boolean>): Promise<boolean> {
    try {
      const done = await round();
      if (done) this.#outage.worked();
      return done;
    } catch (error) {
      // A store that refuses one object holds up the log as an outage does: nothing is passed over silently.
      if (!(error instanceof SinkOutage) && !(error instanceof SinkFault)) throw error;
      this.#outage.failed(error.message, error instanceof SinkOutage ? error.retryAfterMs : 0);
      return false;
    }
  }

  async #seals(): Promise<boolean> {
    const round = this.#round();
    if (round.length === 0) return false;
    // All are waited for, so that none is under way when the round is over.
    const results = await Promise.allSettled(round.map((ready) => this.#put(ready)));
    const failed = results
      .filter((result) => result.status === 'rejected')
      .map((result) => result.reason as unknown);
    if (failed.length > 0) throw failed.find((reason) => reason instanceof FatalError) ?? failed[0];
    this.#options.log.append(round.map(({ bytes }) => bytes));
    this.#head += round.length;
    if (this.#head === this.#queue.length || this.#head > 4096) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    for (const { final, bytes } of round) {
      this.#options.post({ type: 'sealed', seal: Buffer.from(bytes).toString('utf8'), index: final.index });
    }
    return true;
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
      final,
      bytes,
      seal,
      object: seal.kind === 'heartbeat' ? null : this.#options.outbox.read(index),
    };
  }

  async #put({ bytes, seal, object }: Omit<Ready, 'final'>): Promise<void> {
    if (seal.kind === 'heartbeat' || object === null) return;
    const { published, registry } = this.#options;
    if (!this.#schemas.has(seal.schema_sha256)) {
      const { key, body } = schemaFile(registry, seal.schema, seal.schema_sha256);
      await published.putOnce(key, body);
      this.#schemas.add(seal.schema_sha256);
    }
    await published.putOnce(seal.key, object, bytes);
  }

  async #checkpoint(keep: boolean): Promise<void> {
    const { published, post } = this.#options;
    await published.publish(keep);
    post({ type: 'checkpoint', size: published.size });
  }
}
