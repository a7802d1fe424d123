// The log as the lake shows it: tiles, the newest checkpoint, and the checkpoints that are kept. One writer per name, and
// the checkpoint is its fence: nothing is put before the lake's checkpoint was found to be an earlier size of the own
// log, and then exactly that one is replaced. So a second engine of the same name stops before it puts a tile, which has
// one name for both and would stop the first engine at its next size.
//
// Order: read checkpoint → compare → tiles (immutable) → replace what was read → the copy that is kept
//
// Two writers that pass the comparison at the same moment are told apart by the replacement. A tile that the loser has put
// in between stays; it stops the other one only if its log is published at that very size: an alarm without damage, since
// no checkpoint covers the tile.

import { ConfigError, FatalError } from '../errors.ts';
import { type Sink, SinkOutage } from '../sink/sink.ts';
import { checkpointText } from './checkpoint.ts';
import { checkpointKey, compareWithLake, type LakeHead } from './identity.ts';
import type { SigningKey } from './key.ts';
import { logKey } from './lake-files.ts';
import type { SealLog } from './log.ts';
import { signNote } from './note.ts';

const HOUR_MS = 3_600_000;
/** Readings of the lake's checkpoint, each with an attempt to replace it. */
const ATTEMPTS = 3;

export interface PublishedLogOptions {
  readonly sink: Sink;
  readonly log: SealLog;
  /** Name of the log. */
  readonly engine: string;
  readonly key: SigningKey;
  readonly checkpointEveryMs: number;
  readonly wallMs: () => number;
  readonly nowMs: () => number;
  /** Size of the newest checkpoint in the lake (0: not known yet), and the hour whose first checkpoint is kept. */
  readonly checkpointSize: number;
  readonly keptHour: number;
}

export class PublishedLog {
  readonly #options: PublishedLogOptions;
  #size: number;
  #publishedMs = Number.NEGATIVE_INFINITY;
  #keptHour: number;

  constructor(options: PublishedLogOptions) {
    this.#options = options;
    this.#size = options.checkpointSize;
    this.#keptHour = options.keptHour;
  }

  /** Size of the newest checkpoint that is known to be in the lake; 0 before the lake was opened. */
  get size(): number {
    return this.#size;
  }

  get keptHour(): number {
    return this.#keptHour;
  }

  /** True when there are seals to publish and the newest checkpoint is old enough. */
  get due(): boolean {
    const { log, nowMs, checkpointEveryMs } = this.#options;
    return this.#size < log.size && nowMs() - this.#publishedMs >= checkpointEveryMs;
  }

  /** The lake was opened, with a checkpoint of this size. */
  found(size: number): void {
    this.#size = size;
  }

  /**
   * Publishes all seals of the local log. `keep`: the checkpoint is kept for ever, as the first of each hour is.
   * @throws FatalError when someone else publishes under this name; SinkOutage, SinkFault
   */
  async publish(keep: boolean): Promise<void> {
    const { log, engine, key, wallMs, nowMs } = this.#options;
    const size = log.size;
    const note = Buffer.from(signNote(checkpointText(engine, size, log.root(size)), engine, key), 'utf8');
    await this.#replace(note, size);
    const hour = Math.floor(wallMs() / HOUR_MS);
    if (keep || hour !== this.#keptHour) {
      await this.putOnce(logKey(engine, `checkpoints/${String(size).padStart(20, '0')}`), note);
      this.#keptHour = hour;
    }
    this.#size = size;
    this.#publishedMs = nowMs();
  }

  /**
   * The lake's checkpoint, which is an earlier size of this log.
   * @throws FatalError when it is not: the name has a second writer, and one of the two must stop
   */
  async head(): Promise<LakeHead> {
    const { sink, log, engine, key } = this.#options;
    try {
      return await compareWithLake(sink, { engine, key }, log);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      throw new FatalError(`fenced off, nothing more is published: ${error.message}`);
    }
  }

  /**
   * Puts what has one content for ever.
   * @throws FatalError when its name has another one
   */
  async putOnce(key: string, body: Uint8Array, seal?: Uint8Array): Promise<void> {
    if ((await this.#options.sink.putNew(key, body, seal)) !== 'different') return;
    // Where a second engine of this name has published already, the fence says so in plainer words.
    await this.head();
    throw new FatalError(
      `the lake holds ${key} with other bytes: a second engine of this name writes there, or it was altered. Stop the other engine and run "firn verify"`,
    );
  }

  async #replace(note: Uint8Array, size: number): Promise<void> {
    const { sink, log, engine } = this.#options;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      // Read anew each time: a lost answer has left a checkpoint of ours that this run does not know of.
      const head = await this.head();
      // From the lake's size, not from the one known here: a checkpoint that was deleted may have gone with its tiles.
      for (const { key, body } of log.tileFiles(head.size, size)) {
        await this.putOnce(logKey(engine, key), body);
      }
      if ((await sink.replace(checkpointKey(engine), note, head.note)) === 'replaced') return;
    }
    throw new SinkOutage(
      `${checkpointKey(engine)} is changed by someone else again and again: does a second engine use the name "${engine}"?`,
    );
  }
}
