// Runs the same tests with each choice of kernels: `describe.each(KERNELS)` in place of `describe`. Without the addon there
// are the portable ones alone, and a line says so.

import { afterAll, beforeAll } from 'vitest';
import { initCompress } from '../../workers/compress.ts';
import { type KernelChoice, useKernels } from '../../workers/kernels.ts';
import { loadNative } from '../../workers/native.ts';

const { addon } = loadNative();

/** Whether there is an addon, and one that has zstd. */
export const hasNative: boolean = addon !== null;
export const hasNativeZstd: boolean = addon !== null && addon.zstd !== null;

export const KERNELS: readonly KernelChoice[] = hasNative ? ['portable', 'auto'] : ['portable'];
if (!hasNative) console.log('skipped: everything with native kernels (the addon is not built)');
else if (!hasNativeZstd) console.log('skipped: native zstd (the addon is built without it)');

/** Within a `describe`: its tests run with these kernels. */
export function withKernels(choice: KernelChoice): void {
  beforeAll(async () => {
    useKernels(choice);
    await initCompress();
  });
  afterAll(() => useKernels('auto'));
}

/** `work` done with these kernels. Afterwards those are chosen that are chosen by default. */
export async function doneWith<T>(choice: KernelChoice, work: () => T | Promise<T>): Promise<T> {
  useKernels(choice);
  await initCompress();
  try {
    return await work();
  } finally {
    useKernels('auto');
  }
}
