// The capture stage on the main thread: bodies in the spool become jobs, jobs run one at a time, and everything that is
// asked about them is answered from the table of captures or by the ledger. Wiring of its parts, and their life.
//
// Order of what is durable: body → capture entry (then 202) → ledger transaction → lines → verdict entries → end of the
// job. A crash between any two of them repeats the later ones with the same outcome.

import { join } from 'node:path';
import { atMost } from '../at-most.ts';
import type { Clock } from '../clock.ts';
import type { Captures } from '../journal/captures.ts';
import type { CaptureRow, Counted } from '../journal/rows.ts';
import type { Ack, ItemHistory, JobReport } from '../ledger/model.ts';
import type { Logger } from '../log.ts';
import type { Storage } from '../storage.ts';
import { CaptureLog } from './capture-log.ts';
import { type CaptureModules, CaptureThreads } from './capture-threads.ts';
import {
  type CaptureRequest,
  type CaptureService,
  type JobsPage,
  LedgerAway,
  type SpooledBody,
  type Submitted,
} from './captures.ts';
import { EntryWriter, type PutEntry } from './entry-writer.ts';
import { JobTable, reportOf } from './job-table.ts';
import { LedgerLink } from './ledger-link.ts';
import type { Judging, SealedBatch } from './messages.ts';
import { Runner } from './runner.ts';
import { Submission } from './submission.ts';

/** How long a stop waits for the chunk that is under way. */
const STOP_MS = 10_000;
const OUTCOMES = ['accepted', 'duplicate', 'rejected'] as const;

export interface StageOptions {
  /** Folder of the spool; it is there. */
  readonly folder: string;
  readonly judging: Judging;
  /** The captures of the fold. From here on they are the stage's own. */
  readonly captures: Captures;
  readonly put: PutEntry;
  readonly count: (counted: Counted) => void;
  readonly clock: Clock;
  readonly runningMs: () => number;
  /** End of what is durable in the journal. */
  readonly position: () => number;
  readonly storage: Storage;
  /** What the ledger's thread is started with, and its name for an operator. */
  readonly ledger: { readonly data: object; readonly name: string };
  readonly log: Logger;
  /** Removes a body that nobody needs. */
  readonly discard: (body: SpooledBody) => Promise<void>;
  /** There is an acknowledgement for a partner in the outbox. */
  readonly onAck?: (partner: string) => void;
  readonly onFatal: (error: Error) => void;
  readonly modules?: CaptureModules;
}

export interface CaptureStatus {
  /** Jobs that wait or run. */
  readonly openJobs: number;
  /** Age of the oldest of them; 0 without one. */
  readonly lagSeconds: number;
  readonly ledger: string;
  /** What the ledger answers while it cannot be reached, or null. */
  readonly outage: string | null;
  /** Captures that are remembered. */
  readonly captures: number;
  /** Lines and duplicates of captures since the start, by what became of them. */
  readonly events: Readonly<Counted>;
}

export class CaptureStage implements CaptureService {
  readonly #options: StageOptions;
  readonly #threads: CaptureThreads;
  readonly #writer: EntryWriter;
  readonly #table: JobTable;
  readonly #log: CaptureLog;
  readonly #link: LedgerLink;
  readonly #runner: Runner;
  readonly #submission: Submission;
  readonly #submits = new Set<Promise<unknown>>();
  readonly #events: Counted = { accepted: 0, duplicate: 0, rejected: 0 };
  #stopping = false;

  constructor(options: StageOptions) {
    const { captures, put, runningMs, position, count, clock, folder, judging, storage } = options;
    this.#options = options;
    const onFatal = (error: Error): void => {
      if (!this.#stopping) options.onFatal(error);
    };
    this.#threads = new CaptureThreads(options.modules ?? {}, onFatal);
    this.#writer = new EntryWriter(put);
    this.#table = new JobTable(captures);
    const wallMs = (): number => clock.wallMs();
    const table = this.#table;
    const counting = (counted: Counted): void => {
      for (const outcome of OUTCOMES) this.#events[outcome] += counted[outcome];
      count(counted);
    };
    this.#log = new CaptureLog({ writer: this.#writer, table, runningMs, wallMs, position, count: counting });
    const pathOf = (id: string): string => join(folder, `${id}.raw`);
    this.#link = new LedgerLink({
      threads: this.#threads,
      data: options.ledger.data,
      name: options.ledger.name,
      log: options.log,
      onJob: (message) => this.#runner.onLedger(message),
      onFatal,
    });
    const common = { threads: this.#threads, table, log: this.#log, judging, pathOf };
    this.#runner = new Runner({
      ...common,
      ledger: () => this.#link,
      logger: options.log,
      storage,
      folder,
      onAck: (partner) => options.onAck?.(partner),
      onFatal,
    });
    this.#submission = new Submission({
      ...common,
      wallMs,
      discard: options.discard,
      onJob: (row, scan) => this.#runner.add(row, scan.head),
      onCrash: (capture, error) =>
        options.log.error(
          { capture, error: error.message },
          'a document has stopped the thread that scans it',
        ),
    });
  }

  /** Goes on with what the last run left open. */
  start(): void {
    for (const row of this.#table.open()) this.#runner.add(row, null);
  }

  async submit(body: SpooledBody, request: CaptureRequest): Promise<Submitted> {
    if (this.#stopping) {
      await this.#options.discard(body);
      return { kind: 'busy', detail: 'The engine is shutting down: send it again.', retrySeconds: 5 };
    }
    const taken = this.#submission.take(body, request);
    this.#submits.add(taken);
    try {
      return await taken;
    } finally {
      this.#submits.delete(taken);
    }
  }

  async settled(id: string, withinMs: number): Promise<JobReport> {
    const row = this.#table.row(id);
    if (row === undefined) throw new Error(`there is no capture ${id}`);
    if (row.end !== null) return this.#reportOf(row);
    const { ended, cancel } = this.#table.wait(id);
    const report = await atMost(ended, withinMs, null);
    if (report !== null) return report;
    cancel();
    throw new LedgerAway('the job is not over yet: ask for it again later');
  }

  async job(id: string, principal: string | null): Promise<JobReport | null> {
    const row = this.#table.row(id);
    if (row === undefined || row.refused !== null) return null;
    if (principal !== null && row.principal !== principal) return null;
    return this.#reportOf(row);
  }

  async jobs({
    principal,
    after,
    limit,
  }: JobsPage): Promise<{ readonly jobs: readonly JobReport[]; readonly next: string | null } | null> {
    const page = this.#table.page(principal, after, limit);
    if (page === null) return null;
    const { rows, next } = page;
    return { jobs: await Promise.all(rows.map((row) => this.#reportOf(row))), next };
  }

  item(gtin: string, serial: string, partner: string | null): Promise<ItemHistory | null> {
    return this.#link.ask('item', gtin, serial, partner);
  }

  event(eventId: string, partner: string | null): Promise<unknown> {
    return this.#link.ask('event', eventId, partner);
  }

  acks(partner: string, after: string, limit: number): Promise<readonly Ack[]> {
    return this.#link.ask('acks', partner, after, limit);
  }

  acknowledge(partner: string, seq: string): Promise<void> {
    return this.#link.ask('acknowledge', partner, seq);
  }

  /** Any other question to the ledger. @throws LedgerAway */
  ask<T>(method: string, ...args: readonly unknown[]): Promise<T> {
    return this.#link.ask(method, ...args);
  }

  /** A batch of the stream is in lake and log. */
  sealed(batch: SealedBatch): void {
    this.#link.sealed(batch);
  }

  /** About once a second: what is past its retention goes. */
  tick(): void {
    if (this.#stopping || this.#writer.waiting > 0) return;
    const expired = this.#table.expired(this.#options.runningMs());
    if (expired.length > 0) void this.#log.forget(expired);
  }

  /** Jobs that wait or run. */
  get openJobs(): number {
    return this.#runner.open;
  }

  status(): CaptureStatus {
    const { clock, ledger } = this.#options;
    const oldest = this.#runner.oldestMs;
    return {
      openJobs: this.openJobs,
      lagSeconds: oldest === null ? 0 : Math.max(0, clock.wallMs() - oldest) / 1000,
      ledger: ledger.name,
      outage: this.#link.outage,
      captures: this.#table.captures.byId.size,
      events: { ...this.#events },
    };
  }

  /** Takes nothing more; resolves when everything taken is durable and the chunk under way is finished. Jobs stay open. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await atMost(Promise.allSettled([...this.#submits]), STOP_MS, null);
    await atMost(Promise.all([this.#runner.stop(), this.#link.stop()]), STOP_MS, null);
  }

  /** Lets go of everything at once. */
  async close(): Promise<void> {
    this.#stopping = true;
    this.#writer.close();
    this.#link.close();
    await this.#threads.close();
  }

  async #reportOf(row: CaptureRow): Promise<JobReport> {
    if (row.end === null) return reportOf(row);
    const kept = this.#table.report(row.id);
    if (kept !== undefined) return kept;
    const report = (await this.#link.ask<JobReport | null>('job', row.id)) ?? reportOf(row);
    this.#table.keep(report);
    return report;
  }
}
