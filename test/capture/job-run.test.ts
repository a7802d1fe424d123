// One attempt at a job by itself: what a judge and the run of a job do where the ledger says that nothing holds.

import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { afterAll, describe, expect, test } from 'vitest';
import { JobRun, type JobRunOptions } from '../../engine/capture/job-run.ts';
import type { FromLedger, ToLedgerJob } from '../../engine/capture/messages.ts';
import type { JobReport, Verdict } from '../../engine/ledger/model.ts';
import { diskStorage } from '../../engine/storage.ts';
import { run as judgeDocument } from '../../workers/judge-document.ts';
import { commissioning, UNIT } from '../epcis/state/told.ts';
import { order as jobOrder } from '../ledger/jobs.ts';
import { documentText, dscsaPlan, MAKER, sgtin, UNIT as UNIT_ITEM } from '../support/epcis-documents.ts';

const folder = mkdtempSync(join(tmpdir(), 'firn-job-run-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type VerdictsMessage = Extract<FromLedger, { readonly type: 'verdicts' }>;

/** Runs a job of three events in two chunks; `outcomes` are those of each, then what the ledger has in the end. */
async function runJob(outcomes: readonly Verdict['outcome'][], final: readonly Verdict['outcome'][]) {
  const { head, ...order } = jobOrder({ id: randomUUID(), behaviour: 'rollback' });
  writeFileSync(join(folder, `${order.id}.raw`), 'x'.repeat(1000));
  const events = [0, 1, 2].map((index) =>
    commissioning({ at: '2026-01-01T00:00:00Z', items: [`${UNIT}/${index}`], index }),
  );
  const verdictOf = (outcome: Verdict['outcome'], index: number): Verdict => ({
    index,
    seq: String(index + 1),
    outcome,
    findings:
      outcome === 'refused'
        ? [{ code: 'L01', severity: 'reject', event: index, pointer: '', detail: '' }]
        : [],
    recordMs: 0,
  });
  const count = (outcome: Verdict['outcome']): number => final.filter((each) => each === outcome).length;
  const report = { id: order.id, events: 3, accepted: count('accepted'), rejected: count('refused') };
  const inbox: ToLedgerJob[] = [
    { type: 'head', head },
    { type: 'chunk', events: events.slice(0, 2) },
    { type: 'end', events: events.slice(2), findings: [] },
  ];
  const posted: VerdictsMessage[] = [];
  const options = {
    job: { order, attempt: 1, from: 0, wasRefused: false },
    ledger: {
      begin: async () => {},
      apply: async (_: unknown, chunk: { readonly events: readonly { readonly index: number }[] }) =>
        chunk.events.map(({ index }) => verdictOf(outcomes[index] as Verdict['outcome'], index)),
      verdicts: async (_: string, from: number) => final.map(verdictOf).slice(from),
      finish: async () => report as JobReport,
    },
    storage: diskStorage,
    spool: folder,
    next: async () => inbox.shift() as ToLedgerJob,
    persist: <T>(call: () => Promise<T>) => call(),
    credit: () => {},
    post: (message: FromLedger) => {
      posted.push(message as VerdictsMessage);
      queueMicrotask(() => run.outbox.journaled());
    },
  } as unknown as JobRunOptions;
  const run = new JobRun(options);
  await run.run();
  run.close();
  return posted.flatMap(({ verdicts }) => verdicts.map(({ event, kind }) => `${event} ${kind}`));
}

describe('an attempt at a job', () => {
  test('rollback: what was a duplicate in an early chunk is refused with the rest, and has its dead letter', async () => {
    expect(await runJob(['duplicate', 'accepted', 'refused'], ['refused', 'refused', 'refused'])).toEqual([
      '0 refused',
      '1 refused',
      '2 refused',
    ]);
  });

  test('rollback: a duplicate in a job that holds becomes no line', async () => {
    const outcomes = ['accepted', 'duplicate', 'accepted'] as const;
    expect(await runJob(outcomes, outcomes)).toEqual(['0 accepted', '2 accepted']);
  });

  test('a judge whose attempt is given up does not wait for credit, and keeps its thread from nobody', async () => {
    const plan = dscsaPlan();
    const first = plan.events[0];
    if (first === undefined) throw new Error('the plan has events');
    const events = Array.from({ length: 5000 }, (_, at) => ({
      ...first,
      epcs: [sgtin(MAKER, UNIT_ITEM, String(at))],
    }));
    const path = join(folder, 'large.raw');
    writeFileSync(path, documentText({ ...plan, events }, 'json-dl'));
    const { port1, port2 } = new MessageChannel();
    const judging = {
      profile: 'generic',
      maxEvents: 10_000,
      partners: null,
      staleDays: 365,
      strictState: false,
    } as const;
    let chunks = 0;
    port1.on('message', (message: ToLedgerJob) => {
      if (message.type !== 'chunk') return;
      chunks += 1;
      if (chunks === 2) port1.close();
    });
    const order = {
      path,
      sha256: createHash('sha256').update(readFileSync(path)).digest('hex'),
      mediaType: 'application/json',
      single: false,
      judging,
      receivedMs: 0,
      partner: '',
      head: null,
      giveUp: null,
    };
    await judgeDocument({ order, port: port2 });
    expect(chunks).toBe(2);
  }, 30_000);
});
