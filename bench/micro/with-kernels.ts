// Work with the kernels that an arm is named after. Without it the choice of this thread would decide, and an arm that
// stands for plain JavaScript would hash its tree with the addon.

import { type KernelChoice, kernelChoice, useKernels } from '../../workers/kernels.ts';

/** What `work` returns with these kernels and no others; afterwards the choice is again what it was. */
export function withKernels<T>(choice: KernelChoice, work: () => T): T {
  const before = kernelChoice();
  useKernels(choice);
  try {
    return work();
  } finally {
    useKernels(before);
  }
}
