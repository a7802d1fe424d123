// The threads of captures, started with the first one: an engine that takes none pays for none. Four lanes, so that nobody
// waits for what takes long: scans of small documents, scans of large ones, the one job that is judged, and the ledger.

import type { MessagePort } from 'node:worker_threads';
import { MIB } from '../limits.ts';
import { moduleUrl, Threads } from '../threads.ts';
import type { DocumentOrder, JudgeOrder, ScanResult } from './messages.ts';

/** File URLs of task modules in place of firn's own: fault injection in tests. */
export interface CaptureModules {
  readonly scan?: string;
  readonly judge?: string;
  readonly ledger?: string;
}

/** Documents up to this size are scanned in the lane that answers within milliseconds. */
const SMALL_BYTES = MIB;
const LANES = 4;

/** One task at a time, in the order in which they came. */
class Lane {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(task: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(task, task);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}

export class CaptureThreads {
  readonly #modules: CaptureModules;
  readonly #onError: (error: Error) => void;
  readonly #small = new Lane();
  readonly #large = new Lane();
  #threads: Threads | null = null;
  #closed = false;

  /** `onError`: a thread failed that had no task. */
  constructor(modules: CaptureModules, onError: (error: Error) => void) {
    this.#modules = modules;
    this.#onError = onError;
  }

  /** Makes the threads, where they are not there: the first document then waits for none. */
  start(): Threads {
    if (this.#closed) throw new Error('the engine is shutting down');
    this.#threads ??= new Threads(LANES, this.#onError);
    return this.#threads;
  }

  /** @throws what the task throws, or when its thread dies */
  scan(order: DocumentOrder, bytes: number): Promise<ScanResult> {
    const lane = bytes <= SMALL_BYTES ? this.#small : this.#large;
    return lane.run(async () => (await this.#run('scan', 'scan-document', order)) as ScanResult);
  }

  /** Judges one document; chunks go through the port. One at a time: the caller's law. */
  async judge(order: JudgeOrder, port: MessagePort): Promise<void> {
    await this.#run('judge', 'judge-document', { order, port }, [port]);
  }

  /** The never-ending task of the ledger. */
  async ledger(data: object, port: MessagePort): Promise<void> {
    await this.#run('ledger', 'ledger', { ...data, port }, [port]);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#threads?.close();
  }

  #run(
    task: keyof CaptureModules,
    own: string,
    data: object,
    ports: readonly MessagePort[] = [],
  ): Promise<unknown> {
    return this.start().run(this.#modules[task] ?? moduleUrl(own), data, ports);
  }
}
