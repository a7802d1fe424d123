// The task of the ledger's thread: never ends before it is told to. The embedded ledger (PGlite) runs in here, so that a
// statement of it keeps nobody waiting but other statements.

import type { MessagePort } from 'node:worker_threads';
import type { LedgerApi } from '../engine/capture/ledger-api.ts';
import type { LedgerData } from '../engine/capture/ledger-data.ts';
import { LedgerLoop } from '../engine/capture/ledger-loop.ts';
import { type LetterLake, openLake } from '../engine/dead-letter/lake.ts';
import { type LedgerOptions, openLedger } from '../engine/ledger/ledger.ts';
import { diskStorage } from '../engine/storage.ts';

export type OpenLedger = (options: LedgerOptions) => Promise<LedgerApi>;

export async function run(data: LedgerData & { port: MessagePort }): Promise<void> {
  const { port, ...rest } = data;
  await runLedger(rest, port, openLedger);
}

/** The same with another ledger: fault injection. */
export async function runLedger(data: LedgerData, port: MessagePort, open: OpenLedger): Promise<void> {
  const { url, folder, poolSize, judging, s3 } = data;
  let lake: Promise<LetterLake> | null = null;
  const options = { strictState: judging.strictState, connections: poolSize };
  const loop = new LedgerLoop({
    data,
    port,
    storage: diskStorage,
    open: () => open(url === null ? { ...options, folder } : { ...options, url }),
    lake: () => {
      lake ??= openLake({ lake: data.lake, ...(s3 !== null && { s3 }) }).catch((error: unknown) => {
        lake = null;
        throw error;
      });
      return lake;
    },
    random: Math.random,
  });
  await loop.run();
}
