// Runs object checks: on this thread, or spread over worker threads when there is a built entry to start (from sources
// there is none). At most two jobs per thread are under way, so memory is bounded by threads × object. An object comes
// with its bytes, which then belong to the checker, or is read from the folder of the lake.

import { Worker } from 'node:worker_threads';
import { initCompress } from '../../workers/compress.ts';
import type { KernelChoice } from '../../workers/kernels.ts';
import { VerifyError } from './files.ts';
import { checkObject, type ObjectJob, type ObjectResult } from './object.ts';

export type OnResult = (job: ObjectJob, result: ObjectResult) => void;

/** What a worker answers. */
export type Answer = { readonly result: ObjectResult } | { readonly error: string };

/** What a worker is asked. Without `body` it reads the object itself. */
export interface Question {
  readonly job: ObjectJob;
  readonly body: Uint8Array | undefined;
}

/** What a worker is started with. */
export interface ObjectWorkerData {
  readonly folder: string | null;
  readonly kernels: KernelChoice;
}

const JOBS_PER_THREAD = 2;

export interface Checker {
  /** Takes a job; resolves when there is room for the next one. `body`: the object, in memory of its own. */
  submit(job: ObjectJob, body?: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Resolves when every job is done. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts a checker with `threads` workers, which use `kernels`; 0 = on this thread, with the kernels that it uses.
 * `folder` = the lake's, null when every job comes with its bytes.
 */
export async function startChecker(
  folder: string | null,
  threads: number,
  kernels: KernelChoice,
  onResult: OnResult,
): Promise<Checker> {
  if (threads > 0 && import.meta.url.endsWith('.js'))
    return new ThreadChecker({ folder, kernels }, threads, onResult);
  await initCompress();
  return {
    submit: async (job, body) => onResult(job, checkObject(folder, job, body)),
    drain: async () => {},
    close: async () => {},
  };
}

class ThreadChecker implements Checker {
  readonly #onResult: OnResult;
  readonly #workers: { worker: Worker; jobs: ObjectJob[] }[];
  #waiting: (() => void)[] = [];
  #failed: Error | null = null;

  constructor(workerData: ObjectWorkerData, threads: number, onResult: OnResult) {
    this.#onResult = onResult;
    this.#workers = Array.from({ length: threads }, () => {
      const worker = new Worker(new URL('./object-worker.js', import.meta.url), { workerData });
      const slot = { worker, jobs: [] as ObjectJob[] };
      worker.on('message', (answer: Answer) => this.#take(slot.jobs, answer));
      worker.on('error', (error) => this.#fail(error));
      return slot;
    });
  }

  async submit(job: ObjectJob, body?: Uint8Array<ArrayBuffer>): Promise<void> {
    const slot = this.#workers.reduce((least, other) =>
      other.jobs.length < least.jobs.length ? other : least,
    );
    slot.jobs.push(job);
    const question: Question = { job, body };
    slot.worker.postMessage(question, body === undefined ? [] : [body.buffer]);
    await this.#until(() => this.#workers.some(({ jobs }) => jobs.length < JOBS_PER_THREAD));
  }

  drain(): Promise<void> {
    return this.#until(() => this.#workers.every(({ jobs }) => jobs.length === 0));
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map(({ worker }) => worker.terminate()));
  }

  async #until(condition: () => boolean): Promise<void> {
    while (this.#failed === null && !condition()) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.#failed !== null) throw this.#failed;
  }

  /** Answers of one worker come in the order of its jobs. */
  #take(jobs: ObjectJob[], answer: Answer): void {
    const job = jobs.shift();
    if ('error' in answer) this.#fail(new VerifyError(answer.error));
    else if (job !== undefined) this.#onResult(job, answer.result);
    this.#wake();
  }

  #fail(error: Error): void {
    this.#failed ??= error;
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }
}
