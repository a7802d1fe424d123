// When a capture is taken: not before its entry is durable, once for equal bytes, and again where nothing of it was stored.

import { expect, test } from 'vitest';
import type { CaptureLog } from '../../engine/capture/capture-log.ts';
import type { CaptureThreads } from '../../engine/capture/capture-threads.ts';
import type { CaptureRequest, SpooledBody } from '../../engine/capture/captures.ts';
import { JobTable } from '../../engine/capture/job-table.ts';
import type { Judging } from '../../engine/capture/messages.ts';
import { Submission } from '../../engine/capture/submission.ts';
import type { CaptureEntry } from '../../engine/journal/capture-entry.ts';
import { Captures } from '../../engine/journal/captures.ts';
import type { CaptureRow } from '../../engine/journal/rows.ts';
import { order } from '../ledger/jobs.ts';
import { MAKER_GLN } from '../support/epcis-documents.ts';

const request: CaptureRequest = {
  principal: 'plant',
  gln: null,
  mediaType: 'application/json',
  behaviour: 'rollback',
  single: false,
};
let bodies = 0;
/** A body of the same bytes as any other. */
function body(): SpooledBody {
  bodies += 1;
  return {
    id: `00000000-0000-4000-8000-${String(bodies).padStart(12, '0')}`,
    bytes: 9,
    sha256: 'ab'.repeat(32),
  };
}

/** A submission whose journal makes an entry durable when the test says so. */
function bed() {
  const table = new JobTable(new Captures());
  const waiting: (() => void)[] = [];
  const discarded: string[] = [];
  const jobs: string[] = [];
  const submission = new Submission({
    threads: {
      scan: async () => ({ head: order().head, sender: MAKER_GLN, findings: [] }),
    } as unknown as CaptureThreads,
    table,
    log: {
      began: (entry: CaptureEntry) =>
        new Promise<CaptureRow>((resolve) => {
          waiting.push(() => resolve(table.began(entry, 0)));
        }),
    } as unknown as CaptureLog,
    judging: {} as Judging,
    wallMs: () => 0,
    pathOf: (id) => id,
    discard: async ({ id }) => {
      discarded.push(id);
    },
    onJob: ({ id }) => jobs.push(id),
    onCrash: (_, error) => expect.unreachable(error.message),
  });
  const durable = async (): Promise<void> => {
    await expect.poll(() => waiting.length).toBeGreaterThan(0);
    waiting.shift()?.();
  };
  /** A job that is over: nothing of it is stored, or one event. */
  const end = (id: string, accepted: number): void => {
    const row = table.row(id) as CaptureRow;
    Object.assign(row, { accepted, rejected: 1, end: { success: false, finishedMs: 0, position: 1 } });
  };
  return { submission, durable, end, waiting, discarded, jobs };
}

test('submission: nothing is answered before the entry of the capture is durable', async () => {
  const { submission, durable, waiting, jobs } = bed();
  let answer: unknown = null;
  const taken = submission.take(body(), request).then((value) => {
    answer = value;
  });
  await expect.poll(() => waiting.length).toBe(1);
  await new Promise((resolve) => setImmediate(resolve));
  expect([answer, jobs]).toEqual([null, []]);
  await durable();
  await taken;
  expect(answer).toMatchObject({ kind: 'taken', replay: false });
  expect(jobs).toHaveLength(1);
});

test('submission: of equal bodies that come together one becomes a job, the others are its replay', async () => {
  const { submission, durable, discarded, jobs } = bed();
  const all = [body(), body(), body()];
  const answers = Promise.all(all.map((each) => submission.take(each, request)));
  await durable();
  const [first, ...others] = await answers;
  expect(first).toEqual({ kind: 'taken', id: all[0]?.id, replay: false });
  expect(others).toEqual(all.slice(1).map(() => ({ kind: 'taken', id: all[0]?.id, replay: true })));
  expect(discarded.sort()).toEqual(all.slice(1).map(({ id }) => id));
  expect(jobs).toEqual([all[0]?.id]);
});

test('submission: what was rolled back may come again with proceed; what was stored, and the same order, are replays', async () => {
  const { submission, durable, end } = bed();
  const take = async (behaviour: 'rollback' | 'proceed', isNew: boolean) => {
    const taken = submission.take(body(), { ...request, behaviour });
    if (isNew) await durable();
    return taken;
  };
  const first = (await take('rollback', true)) as { readonly id: string };
  end(first.id, 0);
  expect(await take('rollback', false)).toEqual({ kind: 'taken', id: first.id, replay: true });
  const second = (await take('proceed', true)) as { readonly id: string };
  expect(second).toMatchObject({ kind: 'taken', replay: false });
  end(second.id, 1);
  for (const behaviour of ['rollback', 'proceed'] as const)
    expect(await take(behaviour, false)).toEqual({ kind: 'taken', id: second.id, replay: true });
});
