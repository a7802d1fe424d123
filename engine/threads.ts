// One Piscina for all threads of the engine. A task is a module that exports `run` and takes a thread for itself until it
// ends; Piscina replaces threads that die, and the next `run` gets the replacement.

import type { MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { kernelChoice } from '../workers/kernels.ts';
import type { ThreadTask } from '../workers/thread.ts';
import { restoreError } from './carried-error.ts';

export class Threads {
  readonly #piscina: Piscina;
  readonly #givesWay: boolean;

  /**
   * `onError`: a thread failed that had no task. Nobody can say what it left behind. `givesWay`: no one waits for these
   * threads within milliseconds, so that they leave the processors to those that somebody does wait for.
   */
  constructor(threads: number, onError: (error: Error) => void, givesWay = false) {
    this.#givesWay = givesWay;
    this.#piscina = new Piscina({
      filename: moduleUrl('thread'),
      name: 'run',
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      // Tasks bring their own waits and message ports: Piscina must neither block a thread in Atomics.wait in between, nor
      // look for answers that come once in a lifetime.
      atomics: 'disabled',
      recordTiming: false,
    });
    this.#piscina.on('error', onError);
  }

  /**
   * Runs the task of `module` (file URL) in a free thread; the ports in `data` go along. Resolves with what it returns.
   * Rejects with what it threw (the thread lives on and may get the next task), or when its thread ended by itself
   * ("worker exited with code: …"). In both cases no statement of the task is executed any more.
   */
  async run(module: string, data: object, ports: readonly MessagePort[] = []): Promise<unknown> {
    const task: ThreadTask = { module, data, kernels: kernelChoice(), givesWay: this.#givesWay };
    try {
      return await this.#piscina.run(task, { transferList: [...ports] });
    } catch (thrown) {
      throw restoreError(thrown);
    }
  }

  /** Ends the thread of that id at whatever instruction it is. Resolves when it is gone. @returns false = no such thread. */
  async end(threadId: number): Promise<boolean> {
    const thread = this.#piscina.threads.find((candidate) => candidate.threadId === threadId);
    await thread?.terminate();
    return thread !== undefined;
  }

  /** Ends all threads; tasks that still run reject. */
  async close(): Promise<void> {
    await this.#piscina.destroy();
  }
}

/** File URL of a task of firn: beside the compiled engine; when run from sources, the one in `dist/`. */
export function moduleUrl(task: string): string {
  const here = import.meta.url;
  return new URL(`${here.endsWith('.ts') ? '../dist/workers' : '../workers'}/${task}.js`, here).href;
}
