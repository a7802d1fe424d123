// Who runs in which thread, and what happens when one ends: a never-ending task for each codec worker, one for the
// committer, one for the sealer. A codec worker that dies is started again and its slab done again (redo.ts); committer
// and sealer hold the only copy of their state, so that their end before they were told to end is a fault of the engine.
// No end of a thread goes unnoticed.

import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Codec } from '../workers/codec.ts';
import type { WorkerData } from '../workers/worker.ts';
import { assert } from './assert.ts';
import { atMost } from './at-most.ts';
import type { CommitterData } from './commit/committer.ts';
import { ConfigError, FatalError } from './errors.ts';
import { MAX_WORKER_DEATHS, SEALER_CLOSE_MS } from './limits.ts';
import { CONTROL, MAX_WORKERS, type Ring } from './ring/layout.ts';
import { Redo } from './ring/redo.ts';
import { isS3 } from './s3/address.ts';
import type { StreamSpec } from './schema/table.ts';
import type { SealerData, SealerMessage, ToSealer } from './seal/sealer.ts';
import { SinkFault, SinkOutage } from './sink/sink.ts';
import { moduleUrl, Threads } from './threads.ts';

type Task = 'worker' | 'committer' | 'sealer';

export interface PoolOptions {
  readonly ring: Ring;
  /** Codec workers, 1 to MAX_WORKERS. */
  readonly workers: number;
  readonly streams: readonly StreamSpec[];
  readonly codec: Codec['name'];
  /** File URL of a module that exports `createCodec`, in place of the named codec. */
  readonly codecModule?: string;
  readonly committer: CommitterData;
  readonly sealer: SealerData;
  /** Slabs have become durable. */
  onNotice(): void;
  onSealer(message: SealerMessage): void;
  /**
   * Called once, after which nothing of the pool can be relied on. ConfigError or FatalError; the sealer may end with
   * either after `startPool` has resolved, since it recovers meanwhile.
   */
  onFatal(error: Error): void;
  /** A codec worker died and is started again. `error` is null when its thread was ended through `killWorker`. */
  onRestart(worker: number, error: Error | null): void;
  /** File URLs of task modules in place of firn's own (each exports `run`). */
  readonly modules?: Partial<Record<Task, string>>;
}

export interface Pool {
  toSealer(message: ToSealer): void;
  /** Ends the thread of a codec worker at whatever instruction it is. Resolves when the thread is gone. */
  killWorker(worker: number): Promise<void>;
  /** How often a codec worker was started again. */
  readonly restarts: number;
  /** Resolves when workers and committer have ended, after the ring was closed; rejects when the pool fails. */
  drained(): Promise<void>;
  /** Ends all threads. A sealer that was told to close is waited for first, for a bounded time. */
  close(): Promise<void>;
}

/**
 * Starts all threads. Resolves when every codec worker is ready.
 * @throws what a thread failed with before that; `onFatal` is not called then.
 */
export async function startPool(options: PoolOptions): Promise<Pool> {
  assert(
    options.workers >= 1 && options.workers <= MAX_WORKERS,
    'the number of workers fits the control words',
  );
  const pool = new RunningPool(options);
  await pool.start();
  return pool;
}

class RunningPool implements Pool {
  readonly #options: PoolOptions;
  readonly #threads: Threads;
  readonly #redo: Redo;
  readonly #toSealer: MessagePort;
  readonly #fromCommitter: MessagePort;
  /** Thread ids of workers that are being ended on purpose. */
  readonly #killed = new Set<number>();
  readonly #failed: Promise<never>;
  #fail: (error: Error) => void = () => {};
  /** End of committer and workers. */
  readonly #tasks: Promise<unknown>;
  readonly #sealer: Promise<void>;
  #ready = false;
  #closing = false;
  #sealerClosing = false;
  #broken = false;
  #deaths = 0;
  #slabs = 0;
  restarts = 0;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#redo = new Redo(options.ring);
    this.#threads = new Threads(options.workers + 2, (error) => this.#fatal(error));
    this.#failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    // The same error goes to onFatal or out of start(): nobody has to be waiting on drained().
    this.#failed.catch(() => {});
    const closed = (): boolean => Atomics.load(options.ring.control, CONTROL.closed) === 1;
    const committer = this.#startTask('committer', options.committer, () => options.onNotice(), closed);
    const sealer = this.#startTask(
      'sealer',
      options.sealer,
      (message: SealerMessage) => options.onSealer(message),
      () => this.#sealerClosing,
    );
    this.#fromCommitter = committer.port;
    this.#toSealer = sealer.port;
    this.#sealer = sealer.ended;
    const workers = Array.from({ length: options.workers }, (_, w) => this.#work(w));
    this.#tasks = Promise.all([committer.ended, ...workers]);
  }

  /** Waits until every worker has named its thread. */
  async start(): Promise<void> {
    const { ring, workers } = this.#options;
    const started = Array.from({ length: workers }, (_, w) => untilStarted(ring, w));
    try {
      await Promise.race([Promise.all(started), this.#failed]);
      this.#ready = true;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  toSealer(message: ToSealer): void {
    if (message.type === 'close') this.#sealerClosing = true;
    this.#toSealer.postMessage(message);
  }

  async killWorker(worker: number): Promise<void> {
    const thread = Atomics.load(this.#options.ring.control, CONTROL.workerThread + worker);
    if (thread === 0) return;
    this.#killed.add(thread);
    if (!(await this.#threads.end(thread))) this.#killed.delete(thread);
  }

  async drained(): Promise<void> {
    // A failure first: with one, the tasks end too.
    await Promise.race([this.#failed, this.#tasks]);
    const { control } = this.#options.ring;
    const left = Atomics.load(control, CONTROL.published) - Atomics.load(control, CONTROL.durable);
    if (left !== 0) throw new FatalError('the threads were ended before the ring was empty');
  }

  async close(): Promise<void> {
    if (this.#sealerClosing && !this.#broken) await atMost(this.#sealer, SEALER_CLOSE_MS, undefined);
    this.#closing = true;
    await this.#threads.close();
    this.#fromCommitter.close();
    this.#toSealer.close();
  }

  /** Runs a codec worker until it ends cleanly, starting it again after each death. */
  async #work(worker: number): Promise<void> {
    const { ring, streams, codec, codecModule } = this.#options;
    const data: WorkerData = {
      ring,
      worker,
      streams,
      codec,
      ...(codecModule === undefined ? {} : { codecModule }),
    };
    while (!this.#closing && !this.#broken) {
      let error: Error;
      try {
        await this.#threads.run(this.#module('worker'), data);
        if (Atomics.load(ring.control, CONTROL.closed) === 1) return;
        error = new Error(`worker ${worker} ended before the ring was closed`);
      } catch (thrown) {
        error = thrown as Error;
      }
      if (this.#closing) return;
      this.#died(worker, error);
    }
  }

  #died(worker: number, error: Error): void {
    const { control } = this.#options.ring;
    const killed = this.#killed.delete(Atomics.load(control, CONTROL.workerThread + worker));
    const progress = this.#redo.died(worker, !killed);
    if (!killed && !progress) this.#countDeath(error);
    if (this.#broken) return;
    this.restarts++;
    this.#options.onRestart(worker, killed ? null : error);
  }

  /** A death that brought nothing forward: with too many of them in a row there is no point in starting again. */
  #countDeath(error: Error): void {
    const { ring, workers } = this.#options;
    let slabs = 0;
    for (let w = 0; w < workers; w++)
      slabs = (slabs + Atomics.load(ring.control, CONTROL.workerSlabs + w)) | 0;
    this.#deaths = slabs === this.#slabs ? this.#deaths + 1 : 1;
    this.#slabs = slabs;
    if (this.#deaths < MAX_WORKER_DEATHS) return;
    this.#fatal(
      new FatalError(`codec workers die without getting any work done: ${error.message}`, { cause: error }),
    );
  }

  /** Starts committer or sealer with a port of its own. @returns our end of the port, and the end of the task. */
  #startTask<Message>(
    task: 'committer' | 'sealer',
    data: object,
    onMessage: (message: Message) => void,
    mayEnd: () => boolean,
  ): { port: MessagePort; ended: Promise<void> } {
    const { port1, port2 } = new MessageChannel();
    port1.on('message', onMessage);
    port1.on('messageerror', (error) =>
      this.#fatal(new FatalError(`a message of the ${task} was lost`, { cause: error })),
    );
    const ended = this.#threads
      .run(this.#module(task), { ...data, ring: this.#options.ring, port: port2 }, [port2])
      .then(() => {
        if (!mayEnd()) throw new Error('it ended before it was told to');
      })
      .catch((error: Error) => {
        this.#fatal(faultOf(task, error, this.#options.sealer.lake));
      });
    return { port: port1, ended };
  }

  #fatal(error: Error): void {
    if (this.#broken || this.#closing) return;
    this.#broken = true;
    this.#fail(error);
    if (this.#ready) this.#options.onFatal(error);
  }

  #module(task: Task): string {
    return this.#options.modules?.[task] ?? moduleUrl(task);
  }
}

/**
 * What the end of committer or sealer means. Only the start of a data folder without a history leaves its thread with what
 * the store answered (any other waits it out): nothing has gone wrong with what is stored, the store just cannot be used.
 */
function faultOf(task: Task, error: Error, lake: string): Error {
  if (error instanceof FatalError || error instanceof ConfigError) return error;
  if (error instanceof SinkOutage || error instanceof SinkFault) {
    return new ConfigError(
      `the lake cannot be used: ${error.message}. ${isS3(lake) ? 'Put that right' : 'Mount it or make it writable'}, then start again`,
      {
        cause: error,
      },
    );
  }
  return new FatalError(`${task}: ${error.message}`, { cause: error });
}

/** Resolves when the worker has stored its thread id. */
async function untilStarted(ring: Ring, worker: number): Promise<void> {
  const word = CONTROL.workerThread + worker;
  while (Atomics.load(ring.control, word) === 0) {
    await Atomics.waitAsync(ring.control, word, 0).value;
  }
}
