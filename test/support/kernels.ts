// Runs the same tests with each choice of kernels: `describe.each(KERNELS)` in place of `describe`. Without the addon there
// are the portable ones alone, and a line says so.

import { afterAll, beforeAll, expect } from 'vitest';
import type { VerifyOptions } from '../../engine/verify/options.ts';
import type { Report } from '../../engine/verify/report.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
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

/** Verifies a lake with each choice of kernels, and expects the same report. @returns that. @throws what `verifyLake` throws. */
export async function verifyBoth(options: VerifyOptions): Promise<Report> {
  const reports: Report[] = [];
  for (const kernels of KERNELS) reports.push(await verifyLake({ ...options, kernels }));
  const [first, ...others] = reports.map((report) => ({ ...report, startedUtc: '', seconds: 0 }));
  for (const other of others) expect(other).toEqual(first);
  return reports.at(-1) as Report;
}
