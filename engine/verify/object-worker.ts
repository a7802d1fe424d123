// A verifying worker thread: object jobs in, one answer each, in order.

import { parentPort, workerData } from 'node:worker_threads';
import { initCompress } from '../../workers/compress.ts';
import { useKernels } from '../../workers/kernels.ts';
import type { Answer, ObjectWorkerData, Question } from './checker.ts';
import { VerifyError } from './files.ts';
import { checkObject } from './object.ts';

const { folder, kernels } = workerData as ObjectWorkerData;
useKernels(kernels);
const ready = initCompress();

parentPort?.on('message', async ({ job, body }: Question) => {
  await ready;
  let answer: Answer;
  try {
    answer = { result: checkObject(folder, job, body) };
  } catch (error) {
    if (!(error instanceof VerifyError)) throw error;
    answer = { error: error.message };
  }
  parentPort?.postMessage(answer);
});
