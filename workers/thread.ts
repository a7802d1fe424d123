// What every thread of the pool runs: one task module, whose error it hands on in a form that survives the crossing.

import { carryError } from '../engine/carried-error.ts';
import { giveWay } from '../engine/os-thread.ts';
import { type KernelChoice, useKernels } from './kernels.ts';

export interface ThreadTask {
  /** File URL of a module that exports `run`. */
  readonly module: string;
  /** What `run` is called with. */
  readonly data: object;
  readonly kernels: KernelChoice;
  /** The thread of the task has a low priority. */
  readonly givesWay: boolean;
}

/** Resolves with what the task returns. @throws CarriedError (a plain object) with what the task threw. */
export async function run({ module, data, kernels, givesWay }: ThreadTask): Promise<unknown> {
  try {
    if (givesWay) giveWay();
    useKernels(kernels);
    const task: { run(data: object): unknown } = await import(module);
    return await task.run(data);
  } catch (error) {
    throw carryError(error);
  }
}
