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

interface Tried {
  /** What the journal was told, in order: `index kind`. */
  readonly told: readonly string[];
  /** Every event below it was told or was a duplicate, by each message. */
  readonly upTo: readonly number[];
  /** What was made durable and what was told, in order. */
  readonly steps: readonly ('sync' | 'name' | 'told')[];
}

/** Runs a job of three events in two chunks; `outcomes` are those of each, then what the ledger has in the end. */
async function runJob(
  outcomes: readonly Verdict['outcome'][],
  final: readonly Verdict['outcome'][] = outcomes,
  { behaviour = 'rollback', from = 0 }: { behaviour?: 'rollback' | 'proceed'; from?: number } = {},
): Promise<Tried> {
  const { head, ...order } = jobOrder({ id: randomUUID(), behaviour });
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
  const steps: Tried['steps'][number][] = [];
  const options = {
    job: { order, attempt: 1, from, wasRefused: false },
    ledger: {
      begin: async () => {},
      apply: async (_: unknown, chunk: { readonly events: readonly { readonly index: number }[] }) =>
        chunk.events.map(({ index }) => verdictOf(outcomes[index] as Verdict['outcome'], index)),
      verdicts: async (_: string, first: number) => final.map(verdictOf).slice(first),
      finish: async () => report as JobReport,
    },
    storage: {
      ...diskStorage,
      sync: (fd: number) => {
        steps.push('sync');
        diskStorage.sync(fd);
      },
      syncFolder: (path: string) => {
        steps.push('name');
        diskStorage.syncFolder(path);
      },
    },
    spool: folder,
    next: async () => inbox.shift() as ToLedgerJob,
    persist: <T>(call: () => Promise<T>) => call(),
    credit: () => {},
    post: (message: FromLedger) => {
      if (message.type !== 'verdicts') return;
      posted.push(message);
      steps.push('told');
      queueMicrotask(() => run.outbox.journaled());
    },
  } as unknown as JobRunOptions;
  const run = new JobRun(options);
  await run.run();
  run.close();
  const told = posted.flatMap(({ verdicts }) => verdicts.map(({ event, kind }) => `${event} ${kind}`));
  return { told, upTo: posted.map((message) => message.upTo), steps };
}

describe('an attempt at a job', () => {
  test('rollback: what was a duplicate in an early chunk is refused with the rest, and has its dead letter', async () => {
    const { told } = await runJob(['duplicate', 'accepted', 'refused'], ['refused', 'refused', 'refused']);
    expect(told).toEqual(['0 refused', '1 refused', '2 refused']);
  });

  test('rollback: a duplicate in a job that holds becomes no line', async () => {
    const { told, steps } = await runJob(['accepted', 'duplicate', 'accepted']);
    expect(told).toEqual(['0 accepted', '2 accepted']);
    expect(steps).toEqual(['sync', 'name', 'told']);
  });

  test('proceed: a chunk is told when its lines are durable, the first time with the name of their file', async () => {
    const { told, steps } = await runJob(['accepted', 'refused', 'accepted'], undefined, {
      behaviour: 'proceed',
    });
    expect(told).toEqual(['0 accepted', '1 refused', '2 accepted']);
    expect(steps).toEqual(['sync', 'name', 'told', 'sync', 'told']);
  });

  test('proceed: duplicates are told by what lies behind them, also at the end of a chunk', async () => {
    const { told, upTo } = await runJob(['accepted', 'duplicate', 'duplicate'], undefined, {
      behaviour: 'proceed',
    });
    // By the message of their chunk: the account does not wait for the end of the job.
    expect([told, upTo]).toEqual([['0 accepted'], [2, 3]]);
  });

  test.each([['proceed'], ['rollback']] as const)(
    'a second attempt (%s) tells nothing again that the journal has',
    async (behaviour) => {
      const outcomes = ['accepted', 'refused', 'accepted'] as const;
      const { told, upTo } = await runJob(
        behaviour === 'proceed' ? outcomes : ['accepted', 'accepted', 'accepted'],
        undefined,
        { behaviour, from: 2 },
      );
      expect([told, upTo.at(-1)]).toEqual([['2 accepted'], 3]);
    },
  );

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

  test('a judge that is told to give up judges what the ledger has, and refuses the rest by its own bytes', async () => {
    const text = documentText(dscsaPlan(), 'xml-1.2');
    const path = join(folder, 'given-up.raw');
    writeFileSync(path, text);
    const { port1, port2 } = new MessageChannel();
    const said: ToLedgerJob[] = [];
    const over = new Promise<void>((resolve) => {
      port1.on('message', (message: ToLedgerJob) => {
        said.push(message);
        if (message.type === 'end') resolve();
      });
    });
    const order = {
      path,
      sha256: createHash('sha256').update(text).digest('hex'),
      mediaType: 'application/xml',
      single: false,
      judging: { profile: 'dscsa', maxEvents: 100, partners: null, staleDays: 365, strictState: false },
      receivedMs: Date.now(),
      partner: '',
      head: null,
      giveUp: { from: 2, why: 'it died' },
    } as const;
    await judgeDocument({ order, port: port2 });
    await over;
    const events = said.flatMap((message) => (message.type === 'head' ? [] : message.events));
    expect(events.map(({ canonical }) => canonical !== null)).toEqual(events.map((_, at) => at < 2));
    for (const { index, span, findings, rejected, type } of events.slice(2)) {
      const detail = 'it died';
      expect([rejected, findings]).toMatchObject([true, [{ code: 'codec.crash', event: index, detail }]]);
      const own = Buffer.from(text).toString('utf8', span.offset, span.offset + span.length);
      expect(own.startsWith(`<${type}>`) && own.endsWith(`</${type}>`)).toBe(true);
    }
    expect(events).toHaveLength(dscsaPlan().events.length);
  });
});
