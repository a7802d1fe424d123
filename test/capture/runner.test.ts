// The runner between a judge and a ledger that are played here: what one attempt at a job does to the next.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Runner, type RunnerOptions } from '../../engine/capture/runner.ts';
import type { CaptureRow } from '../../engine/journal/rows.ts';
import type { JobReport } from '../../engine/ledger/model.ts';
import { diskStorage } from '../../engine/storage.ts';

const folder = mkdtempSync(join(tmpdir(), 'firn-runner-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const turns = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

test('a judge that dies when its attempt is over does not end the next one', async () => {
  const dying: ((why: Error) => void)[] = [];
  const begun: string[] = [];
  const sent: object[] = [];
  const ended: string[] = [];
  const fatal: Error[] = [];
  const link = {
    job: ({ order }: { order: { id: string } }) => begun.push(order.id),
    send: (message: object) => sent.push(message),
  };
  const runner = new Runner({
    threads: { judge: () => new Promise((_, reject) => dying.push(reject)) },
    ledger: () => link,
    table: { ended: ({ id }: JobReport) => ended.push(id) },
    log: { captured: async () => {} },
    logger: { error: () => {} },
    judging: {},
    storage: diskStorage,
    folder,
    pathOf: (id: string) => id,
    onAck: () => {},
    onFatal: (error: Error) => fatal.push(error),
  } as unknown as RunnerOptions);
  const id = '00000000-0000-4000-8000-000000000001';
  runner.add({ id, refused: null, next: 0, rejected: 0 } as CaptureRow, null);
  await turns();
  runner.onLedger({ type: 'interrupted', id, again: true, fault: null });
  await turns();
  expect(begun).toEqual([id, id]);
  dying[0]?.(new Error('out of memory'));
  await turns();
  // Or the ledger would give up the attempt that runs, which nothing is wrong with, and nobody would begin another.
  expect(sent).toEqual([]);
  runner.onLedger({ type: 'done', id, report: { id, events: 1, success: true } as JobReport });
  await turns();
  expect([ended, runner.open, fatal]).toEqual([[id], 0, []]);
  await runner.stop();
});
