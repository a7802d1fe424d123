// Brings final seals into the lake, in the order that recovery relies on: schema documents, objects from the outbox, the
// local log (fsync), then tiles and checkpoint. Everything can be done again: a name that is there with the same bytes is
// done. Knows only seals that the seal journal holds; during an outage they wait there, and their objects in the outbox.

import { decodeSeal, type Seal } from '../batch/seal.ts';
import { ConfigError, FatalError } from '../errors.ts';
import type { JournalFile } from '../journal/reader.ts';
import { MIB } from '../limits.ts';
import type { Registry } from '../registry.ts';
import { type Sink, SinkFault, SinkOutage } from '../sink/sink.ts';
import { checkpointText } from './checkpoint.ts';
import { decodeFinal } from './cut.ts';
import { checkpointKey, compareWithLake } from './identity.ts';
import type { SigningKey } from './key.ts';
import { logKey, schemaFile } from './lake-files.ts';
import type { SealLog } from './log.ts';
import { signNote } from './note.ts';
import { Outage } from './outage.ts';
import type { Outbox } from './outbox.ts';

const HOUR_MS = 3_600_000;
/** Objects under way at the same time, and their bytes. */
const MAX_OBJECTS = 16;
const MAX_BYTES = 32 * MIB;
/** Readings of the lake's checkpoint, each with an attempt to replace it. */
const CHECKPOINT_ATTEMPTS = 3;

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
  readonly sink: Sink;
  readonly log: SealLog;
  readonly outbox: Outbox;
  readonly seals: JournalFile;
  readonly registry: Registry;
  readonly engine: string;
  readonly key: SigningKey;
  readonly checkpointEveryMs: number;
  readonly wallMs: () => number;
  readonly nowMs: () => number;
  readonly random: () => number;
  readonly post: (message: PublisherMessage) => void;
  /** Size of the newest checkpoint in the lake, and the hour whose first checkpoint is kept. */
  readonly checkpointSize: number;
  readonly keptHour: number;
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
  #checkpointSize: number;
  #checkpointMs = Number.NEGATIVE_INFINITY;
  #keptHour: number;

  constructor(options: PublisherOptions) {
    const { nowMs, random, post } = options;
    this.#options = options;
    this.#checkpointSize = options.checkpointSize;
    this.#keptHour = options.keptHour;
    this.#outage = new Outage({
      nowMs,
      random,
      onOutage: (message) => post({ type: 'outage', message }),
      onRecovered: () => post({ type: 'recovered' }),
    });
  }

  get checkpointSize(): number {
    return this.#checkpointSize;
  }

  get keptHour(): number {
    return this.#keptHour;
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
      const due = this.#options.nowMs() - this.#checkpointMs >= this.#options.checkpointEveryMs;
      const behind = this.#checkpointSize < this.#options.log.size;
      if (due && behind) await this.#checkpoint(false);
      return sealed || (due && behind);
    });
  }

  /** The checkpoint of a drain: at once, and kept for ever. @returns false during an outage. */
  async finish(): Promise<boolean> {
    if (this.#options.log.size === 0) return true;
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
      this.#outage.failed(error.message);
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
    const { sink, registry } = this.#options;
    if (!this.#schemas.has(seal.schema_sha256)) {
      const { key, body } = schemaFile(registry, seal.schema, seal.schema_sha256);
      await this.#putNew(sink, key, body);
      this.#schemas.add(seal.schema_sha256);
    }
    await this.#putNew(sink, seal.key, object, bytes);
  }

  async #putNew(sink: Sink, key: string, body: Uint8Array, seal?: Uint8Array): Promise<void> {
    const result = await sink.putNew(key, body, seal);
    if (result !== 'different') return;
    throw new FatalError(
      `the lake holds ${key} with other bytes: someone else writes there, or it was altered`,
    );
  }

  /**
   * Puts the checkpoint in the place of one of an earlier size of this log, and of nothing else: whoever has published
   * other seals under this name is a second writer, and one of the two must stop.
   */
  async #replaceCheckpoint(note: Uint8Array): Promise<void> {
    const { sink, log, engine, key } = this.#options;
    for (let attempt = 1; attempt <= CHECKPOINT_ATTEMPTS; attempt++) {
      // Read anew each time: a lost answer has left a checkpoint of ours that this run does not know of.
      const { note: was } = await compareWithLake(sink, { engine, key }, log).catch((error: unknown) => {
        throw error instanceof ConfigError ? new FatalError(`fenced off: ${error.message}`) : error;
      });
      if ((await sink.replace(checkpointKey(engine), note, was)) === 'replaced') return;
    }
    throw new SinkOutage(`${checkpointKey(engine)} is changed by someone else again and again`);
  }

  /** Tiles first, then the checkpoint that needs them, then its copy that is kept. */
  async #checkpoint(drain: boolean): Promise<void> {
    const { sink, log, engine, key } = this.#options;
    const size = log.size;
    for (const { key: name, body } of log.tileFiles(this.#checkpointSize, size)) {
      await this.#putNew(sink, logKey(engine, name), body);
    }
    const note = Buffer.from(signNote(checkpointText(engine, size, log.root(size)), engine, key), 'utf8');
    await this.#replaceCheckpoint(note);
    const hour = Math.floor(this.#options.wallMs() / HOUR_MS);
    if (drain || hour !== this.#keptHour) {
      await this.#putNew(sink, logKey(engine, `checkpoints/${String(size).padStart(20, '0')}`), note);
      this.#keptHour = hour;
    }
    this.#checkpointSize = size;
    this.#checkpointMs = this.#options.nowMs();
    this.#options.post({ type: 'checkpoint', size });
  }
}
