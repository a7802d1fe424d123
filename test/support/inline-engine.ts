// The whole path on the thread of the test, over any disk: stores opened as `createEngine` opens them, then ring, codec,
// committer and seal stage, one step at a time. Nothing runs by itself, so that a disk can fail at any call and time
// passes when the test says so. Not here: sockets, and the lock's own files, which are made past the disk seam.

import { type Boot, bootStores } from '../../engine/boot.ts';
import { type Clock, raiseWallMs } from '../../engine/clock.ts';
import { Committer } from '../../engine/commit/committer.ts';
import { type ConfigInput, parseConfig } from '../../engine/config.ts';
import { ConfigError, FatalError } from '../../engine/errors.ts';
import { readRegistry } from '../../engine/registry.ts';
import { RingWorker } from '../../engine/ring/claim.ts';
import { RingConsumer } from '../../engine/ring/consumer.ts';
import { FRAME_KIND, FRAME_MODE, frameBytes } from '../../engine/ring/frame.ts';
import { CONTROL } from '../../engine/ring/layout.ts';
import { RingProducer } from '../../engine/ring/producer.ts';
import { loadKey } from '../../engine/seal/key.ts';
import { openSealer } from '../../engine/seal/open.ts';
import type { Sealer, SealerMessage } from '../../engine/seal/sealer.ts';
import { directorySink } from '../../engine/sink/directory.ts';
import { type Sink, SinkOutage } from '../../engine/sink/sink.ts';
import type { Storage } from '../../engine/storage.ts';
import { compress, initCompress } from '../../workers/compress.ts';
import { SlabEncoder } from '../../workers/encode.ts';
import { createPortableCodec } from '../../workers/portable.ts';
import { settle } from './seal-bed.ts';

const KIB = 1024;

export interface InlineOptions {
  readonly data: string;
  readonly storage: Storage;
  /** The machine's clock: what it says may go backwards. */
  readonly clock: Clock;
  /** Default: a directory on `storage`. */
  readonly sink?: Sink;
  readonly segmentBytes?: number;
  readonly config?: Partial<ConfigInput>;
}

/** An engine without threads and sockets. */
export class InlineEngine {
  readonly boot: Boot;
  readonly sealer: Sealer;
  /** What the seal stage has told. */
  readonly messages: readonly SealerMessage[];
  readonly #clock: Clock;
  readonly #producer: RingProducer;
  readonly #consumer: RingConsumer;
  readonly #worker: RingWorker;
  readonly #encoder: SlabEncoder;
  readonly #committer: Committer;
  #known: boolean;
  #next: number;

  private constructor(boot: Boot, sealer: Sealer, options: InlineOptions, messages: SealerMessage[]) {
    const { ring } = boot;
    this.boot = boot;
    this.sealer = sealer;
    this.messages = messages;
    this.#clock = held(boot, options.clock);
    this.#producer = new RingProducer(ring, 1);
    this.#consumer = new RingConsumer(ring);
    this.#worker = new RingWorker(ring, 0);
    this.#encoder = new SlabEncoder(ring, this.#worker, createPortableCodec(boot.specs));
    this.#committer = new Committer({
      ring,
      data: { ...boot.committer, segmentBytes: options.segmentBytes ?? boot.committer.segmentBytes },
      storage: options.storage,
      clock: this.#clock,
      notify: () => {},
    });
    const session = boot.fold.sources.get(1);
    this.#known = session !== undefined;
    this.#next = session?.next ?? 0;
  }

  /** Starts as an engine does. @throws ConfigError, FatalError, SinkOutage, and nothing else. */
  static async open(options: InlineOptions): Promise<InlineEngine> {
    const config = parseConfig({
      data: options.data,
      ring: { slabs: 4, slabBytes: 32 * KIB },
      limits: { maxFrameBytes: 8 * KIB },
      workers: 1,
      codec: 'portable',
      ...options.config,
    });
    const messages: SealerMessage[] = [];
    const boot = bootStores(config, undefined, options.storage);
    try {
      await initCompress();
      const { storage } = options;
      const sealer = await openSealer({
        ...boot.sealer,
        segmentBytes: options.segmentBytes ?? boot.sealer.segmentBytes,
        storage,
        sink: options.sink ?? directorySink(storage, config.lake),
        registry: readRegistry(storage, boot.folders.state),
        key: loadKey(boot.folders.keys, false, storage),
        clock: held(boot, options.clock),
        quality: () => ({ bound_ms: null, offset_ms: null, source: 'system' }),
        compress,
        random: () => 0.5,
        positions: boot.ring.positions,
        post: (message) => messages.push(message),
      });
      return new InlineEngine(boot, sealer, options, messages);
    } catch (error) {
      boot.lock.release();
      throw faultOf(error);
    }
  }

  /** Number of the next frame of the one session that there is: what `hello` would tell. */
  get next(): number {
    return this.#next;
  }

  /** NDJSON as the session's next frame. Durable when the call returns. */
  commit(text: string): void {
    if (!this.#known) {
      const source = { no: 1, principal: 'fleet', stream: 'coldchain', session: 'truck-1', named: false };
      this.#append(FRAME_KIND.source, 0, Buffer.from(JSON.stringify(source)));
      this.#known = true;
    }
    this.#append(FRAME_KIND.data, this.#next, Buffer.from(text));
    this.#turn();
    this.#next += 1;
  }

  /** An audit event, as the main thread writes them. */
  audit(action: string): void {
    const event = {
      ...{ action, actor: 'test', at_utc: new Date(this.#clock.wallMs()).toISOString() },
      ...{ authorised_by: null, new: null, old: null, reason: null, target: 'engine' },
    };
    this.#append(FRAME_KIND.audit, 0, Buffer.from(JSON.stringify(event)));
    this.#turn();
  }

  /** The seal stage's steps until there is nothing more to do at this moment. */
  async settle(): Promise<void> {
    await settle(this.sealer).catch((error: unknown) => {
      throw faultOf(error);
    });
  }

  /** A stop event, then everything sealed and published. @returns false when the lake did not take it. */
  async drain(): Promise<boolean> {
    this.audit('stop');
    this.sealer.beginDrain(60_000);
    await this.settle();
    return this.messages.some((message) => message.type === 'drained' && message.published);
  }

  /** Ends as a killed process does: nothing is written any more. The lock is given free for the next one. */
  kill(): void {
    this.boot.lock.release();
  }

  /** Ends as after a drain: what is open is closed. */
  close(): void {
    Atomics.store(this.boot.ring.control, CONTROL.closed, 1);
    this.#committer.run();
    this.sealer.close();
    this.kill();
  }

  #append(kind: number, frame: number, payload: Uint8Array): void {
    if (!this.#producer.reserve(frameBytes(payload.length))) throw new Error('the ring is full');
    this.#producer.append(kind, FRAME_MODE.auto, 1, 1, frame, this.#clock.wallMs(), 0, payload);
  }

  /** What is in the ring becomes durable, as one slab. */
  #turn(): void {
    this.#producer.publish();
    this.#encoder.encode(this.#worker.next());
    this.#committer.turn();
    this.#consumer.release(() => {});
  }
}

/** What the end of the seal stage means, as the pool tells it: an error of its own, or a fault. */
function faultOf(error: unknown): unknown {
  const named = error instanceof ConfigError || error instanceof FatalError || error instanceof SinkOutage;
  return named ? error : new FatalError(`sealer: ${(error as Error).message}`, { cause: error });
}

/** The machine's clock as the engine uses it: held from going backwards by the shared word. */
function held(boot: Boot, machine: Clock): Clock {
  return {
    wallMs: () => raiseWallMs(boot.ring.positions, machine.wallMs()),
    monotonicMs: () => machine.monotonicMs(),
  };
}
