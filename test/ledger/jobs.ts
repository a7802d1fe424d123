// Jobs and ledgers for tests: documents as orders, events in chunks, a database that is empty.

import { randomUUID } from 'node:crypto';
import type { JudgedEvent } from '../../engine/epcis/judged.ts';
import type { Ledger } from '../../engine/ledger/ledger.ts';
import type { Behaviour, Chunk, JobOrder, JobReport, Verdict } from '../../engine/ledger/model.ts';

export const PARTNER = '9521234000006';
export const OTHER_PARTNER = '9521234000013';

export function order(over: Partial<JobOrder> = {}): JobOrder {
  return {
    id: randomUUID(),
    partner: PARTNER,
    mediaType: 'application/ld+json',
    behaviour: 'proceed',
    sha256: 'ab'.repeat(32),
    bytes: 1234,
    receivedMs: Date.parse('2026-02-01T00:00:00Z'),
    head: {
      form: 'json',
      root: 'EPCISDocument',
      schemaVersion: '2.0',
      creationDate: '2026-02-01T00:00:00Z',
      sender: PARTNER,
      receiver: null,
      instanceIdentifier: 'doc-1',
      createdAt: null,
      guidelineVersion: null,
      statement: null,
      masterData: [],
      events: 0,
    },
    single: false,
    ...over,
  };
}

/** Numbers the events of a document and cuts it. */
export function chunks(events: readonly JudgedEvent[], size = 1_000): Chunk[] {
  const numbered = events.map((event, index) => ({ ...event, index }));
  const cut: Chunk[] = [];
  for (let from = 0; from < numbered.length; from += size) {
    const last = from + size >= numbered.length;
    cut.push({ events: numbered.slice(from, from + size), last });
  }
  return cut.length === 0 ? [{ events: [], last: true }] : cut;
}

export interface Ran {
  readonly order: JobOrder;
  readonly verdicts: readonly Verdict[];
  readonly report: JobReport;
}

/** Runs a whole job. */
export async function run(
  ledger: Ledger,
  events: readonly JudgedEvent[],
  over: Partial<JobOrder> = {},
  size?: number,
): Promise<Ran> {
  const job = order(over);
  await ledger.begin(job);
  const verdicts: Verdict[] = [];
  for (const chunk of chunks(events, size)) verdicts.push(...(await ledger.apply(job, chunk)));
  return { order: job, verdicts, report: await ledger.finish(job, []) };
}

export const outcomes = (verdicts: readonly Verdict[]): string[] =>
  verdicts.map((verdict) => verdict.outcome);

export const rollback: { behaviour: Behaviour } = { behaviour: 'rollback' };
