// An engine that takes captures in a process of its own, so that it can be killed.

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { EngineOptions } from '../../engine/engine.ts';

export interface CaptureProcess {
  readonly url: string;
  readonly process: ChildProcess;
  readonly ended: Promise<unknown>;
}

/** Starts it on a folder; resolves when it listens. */
export async function startCaptureProcess(
  data: string,
  options: Pick<EngineOptions, 'epcis' | 'ledger' | 'tokens'> = {},
): Promise<CaptureProcess> {
  const script = fileURLToPath(new URL('capture-child.mjs', import.meta.url));
  const started = spawn(process.execPath, [script, data, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => started.once('exit', resolve));
  const url = await new Promise<string>((resolve, reject) => {
    started.stdout?.once('data', (bytes: Buffer) => resolve(bytes.toString('utf8').trim()));
    void ended.then(() => reject(new Error('the engine ended before it was ready')));
  });
  return { url, process: started, ended };
}
