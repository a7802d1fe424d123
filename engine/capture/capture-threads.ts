// The threads of captures, started with the first one: an engine that takes none pays for none. Four lanes, so that nobody
// waits for what takes long: scans of small documents, scans of large ones, the one job that is judged, and the ledger. A
// partner waits for a scan, before the 202; judge and ledger come after it, and give way.

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
/** Threads that partners wait for, and those that work after the answer. */
const SCANS = 2;
const BEHIND = 2;

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
  /** Two pools: a thread that gives way does so for good, whatever its next task is. */
  #threads: { readonly scans: Threads; readonly behind: Threads } | null = null;
  #closed = false;

  /** `onError`: a thread failed that had no task. */
  constructor(modules: CaptureModules, onError: (error: Error) => void) {
    this.#modules = modules;
    this.#onError = onError;
  }

  /** @throws what the task throws, or when its thread dies */
  scan(order: DocumentOrder, bytes: number): Promise<ScanResult> {
    const lane = bytes <= SMALL_BYTES ? this.#small : this.#large;
    const module = this.#url('scan', 'scan-document');
    return lane.run(async () => (await this.#start().scans.run(module, order)) as ScanResult);
  }

  /** Judges one document; chunks go through the port. One at a time: the caller's law. */
  async judge(order: JudgeOrder, port: MessagePort): Promise<void> {
    await this.#start().behind.run(this.#url('judge', 'judge-document'), { order, port }, [port]);
  }

  /** The never-ending task of the ledger. */
  async ledger(data: object, port: MessagePort): Promise<void> {
    await this.#start().behind.run(this.#url('ledger', 'ledger'), { ...data, port }, [port]);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#threads?.scans.close(), this.#threads?.behind.close()]);
  }

  #start(): { readonly scans: Threads; readonly behind: Threads } {
    if (this.#closed) throw new Error('the engine is shutting down');
    this.#threads ??= {
      scans: new Threads(SCANS, this.#onError),
      behind: new Threads(BEHIND, this.#onError, true),
    };
    return this.#threads;
  }

  #url(task: keyof CaptureModules, own: string): string {
    return this.#modules[task] ?? moduleUrl(own);
  }
}
