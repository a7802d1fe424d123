// A stand-in for the capture stage: jobs in memory, judged by a function of the test. It reads bodies from the spool as the
// real one does, and knows a body that came before.

import { readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type CaptureRequest,
  type CaptureService,
  type JobsPage,
  LedgerAway,
  type SpooledBody,
  type Submitted,
} from '../../engine/capture/captures.ts';
import type { Finding } from '../../engine/epcis/model.ts';
import type { Ack, ItemHistory, JobReport } from '../../engine/ledger/model.ts';

/** What the test makes of a body: findings refuse it whole, or the job ends as it says. */
export type Judge = (
  text: string,
  request: CaptureRequest,
  body: SpooledBody,
) => Partial<JobReport> | readonly Finding[];

interface Job {
  readonly report: JobReport;
  readonly request: CaptureRequest;
}

export class StandInService implements CaptureService {
  readonly folder: string;
  readonly submitted: { body: SpooledBody; request: CaptureRequest; text: string }[] = [];
  readonly #jobs = new Map<string, Job>();
  readonly events = new Map<string, unknown>();
  readonly items = new Map<string, ItemHistory>();
  acksOf = new Map<string, Ack[]>();
  acknowledged: [string, string][] = [];
  judge: Judge = () => ({ events: 1, accepted: 1 });
  /** Set: nothing is taken, with this word. */
  busy: string | null = null;
  /** Set: jobs stay running. */
  stalled = false;
  away = false;
  failing: Error | null = null;
  #serial = 0;
  #waiting: (() => void)[] = [];

  constructor(folder: string) {
    this.folder = folder;
  }

  async submit(body: SpooledBody, request: CaptureRequest): Promise<Submitted> {
    if (this.failing !== null) throw this.failing;
    const path = join(this.folder, `${body.id}.raw`);
    const text = (await readFile(path)).toString('utf8');
    this.submitted.push({ body, request, text });
    if (this.busy !== null) return { kind: 'busy', detail: this.busy, retrySeconds: 7 };
    for (const { report, request: before } of this.#jobs.values()) {
      if (report.sha256 !== body.sha256 || before.principal !== request.principal) continue;
      await unlink(path);
      return { kind: 'taken', id: report.id, replay: true };
    }
    const judged = this.judge(text, request, body);
    if (Array.isArray(judged)) {
      const codes = judged.map(({ code }: Finding) => code);
      const status = codes.includes('D03_EVENT_LIMIT')
        ? 413
        : codes.includes('L11_GLN_PARTNER_MISMATCH')
          ? 403
          : 400;
      return { kind: 'refused', status, findings: judged };
    }
    this.add(body.id, request, { sha256: body.sha256, ...judged });
    return { kind: 'taken', id: body.id, replay: false };
  }

  /** A job without a body. */
  add(id: string, request: CaptureRequest, change: Partial<JobReport>): JobReport {
    const createdMs = 1_780_000_000_000 + 1000 * this.#serial;
    this.#serial += 1;
    const report: JobReport = {
      id,
      partner: request.gln ?? '',
      createdMs,
      finishedMs: this.stalled ? null : createdMs + 500,
      running: this.stalled,
      success: true,
      behaviour: request.behaviour,
      sha256: '0'.repeat(64),
      events: 0,
      accepted: 0,
      duplicate: 0,
      rejected: 0,
      findings: [],
      ...change,
    };
    this.#jobs.set(id, { report, request });
    return report;
  }

  /** Ends every job that is running. */
  finishAll(): void {
    this.stalled = false;
    for (const [id, { report, request }] of this.#jobs) {
      this.#jobs.set(id, {
        report: { ...report, running: false, finishedMs: report.createdMs + 500 },
        request,
      });
    }
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async settled(id: string, withinMs: number): Promise<JobReport> {
    const deadline = Date.now() + withinMs;
    for (;;) {
      const job = this.#jobs.get(id);
      if (job !== undefined && !job.report.running) {
        if (this.away) throw new LedgerAway('away');
        return job.report;
      }
      const left = deadline - Date.now();
      if (left <= 0) throw new LedgerAway('not yet');
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  async job(id: string, principal: string | null): Promise<JobReport | null> {
    if (this.away) throw new LedgerAway('away');
    const job = this.#jobs.get(id);
    if (job === undefined || (principal !== null && job.request.principal !== principal)) return null;
    return job.report;
  }

  async jobs({
    principal,
    after,
    limit,
  }: JobsPage): Promise<{ jobs: readonly JobReport[]; next: string | null } | null> {
    const mine = [...this.#jobs.values()]
      .filter(({ request }) => principal === null || request.principal === principal)
      .map(({ report }) => report)
      .sort((a, b) => b.createdMs - a.createdMs);
    const from = after === null ? 0 : mine.findIndex(({ id }) => id === after) + 1;
    if (after !== null && from === 0) return null;
    const jobs = mine.slice(from, from + limit);
    return { jobs, next: from + limit < mine.length ? (jobs.at(-1)?.id ?? null) : null };
  }

  async item(gtin: string, serial: string): Promise<ItemHistory | null> {
    return this.items.get(`${gtin}/${serial}`) ?? null;
  }

  async event(eventId: string): Promise<unknown> {
    return this.events.get(eventId) ?? null;
  }

  async acks(partner: string, after: string, limit: number): Promise<readonly Ack[]> {
    const all = this.acksOf.get(partner) ?? [];
    return all.filter(({ seq }) => BigInt(seq) > BigInt(after)).slice(0, limit);
  }

  async acknowledge(partner: string, seq: string): Promise<void> {
    this.acknowledged.push([partner, seq]);
  }
}
