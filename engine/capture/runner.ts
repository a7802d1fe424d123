// Runs jobs, one at a time, in the order in which their documents came: a judge task reads the document, the ledger
// thread gives the verdicts, and this writes them to the journal. A job that cannot go on because the ledger is away stays
// running; of one whose document kills the judge twice, what has no verdict yet ends in the dead letter, so that it never
// stops those behind it.

import { setTimeout as sleep } from 'node:timers/promises';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { DocumentHead } from '../epcis/model.ts';
import { FatalError } from '../errors.ts';
import type { CaptureRow } from '../journal/rows.ts';
import type { JobReport } from '../ledger/model.ts';
import type { Logger } from '../log.ts';
import type { Storage } from '../storage.ts';
import type { CaptureLog } from './capture-log.ts';
import type { CaptureThreads } from './capture-threads.ts';
import { LedgerAway } from './captures.ts';
import type { JobTable } from './job-table.ts';
import type { JobListener, LedgerLink } from './ledger-link.ts';
import { nextAttempt } from './lines-file.ts';
import type { JudgeOrder, Judging, LedgerJob, ToLedgerJob } from './messages.ts';

/** Deaths of the judge over one document, or values that the ledger does not take, before the document is to blame. */
const MAX_CRASHES = 2;
/** A ledger that is away is asked again after this long. */
const AWAY_MS = 500;
/** Heads kept from the scan, with master data; the judge finds any other again by itself. */
const MAX_HEADS = 64;

export interface RunnerOptions {
  readonly threads: CaptureThreads;
  readonly ledger: () => LedgerLink;
  readonly table: JobTable;
  readonly log: CaptureLog;
  readonly logger: Logger;
  readonly judging: Judging;
  readonly storage: Storage;
  readonly folder: string;
  readonly pathOf: (id: string) => string;
  /** A partner has a new acknowledgement: a job began, or is over. */
  readonly onAck: (partner: string) => void;
  readonly onFatal: (error: Error) => void;
}

type Outcome = { readonly report: JobReport } | { readonly again: boolean; readonly fault: string | null };

interface Attempt {
  readonly row: CaptureRow;
  /** Entries given to the journal so far; the end waits for them. */
  journaled: Promise<unknown>;
  settle(outcome: Outcome): void;
}

export class Runner {
  readonly #options: RunnerOptions;
  #queue: CaptureRow[] = [];
  #head = 0;
  readonly #heads = new Map<string, DocumentHead>();
  #attempt: Attempt | null = null;
  #running: Promise<void> | null = null;
  #stopping = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** Jobs that wait or run. */
  get open(): number {
    return this.#queue.length - this.#head;
  }

  /** When the body of the oldest of them was durable, Unix ms; null = there is none. */
  get oldestMs(): number | null {
    return this.#queue[this.#head]?.receivedMs ?? null;
  }

  add(row: CaptureRow, head: DocumentHead | null): void {
    this.#queue.push(row);
    if (head !== null && this.#heads.size < MAX_HEADS) this.#heads.set(row.id, head);
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
  }

  /** No further job begins; the one that runs ends with the chunk that is under way. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  readonly onLedger: JobListener = (message) => {
    const attempt = this.#attempt;
    if (attempt === null || attempt.row.id !== message.id) return;
    if (message.type === 'began') this.#options.onAck(attempt.row.partner);
    else if (message.type === 'interrupted') attempt.settle(message);
    else if (message.type === 'done') attempt.settle({ report: message.report });
    else attempt.journaled = this.#journal(attempt.row, message);
  };

  async #run(): Promise<void> {
    try {
      for (;;) {
        const row = this.#queue[this.#head];
        if (row === undefined || this.#stopping) return;
        if (!(await this.#job(row))) return;
        this.#heads.delete(row.id);
        this.#head += 1;
        if (this.#head < 1024 && this.#head < this.#queue.length) continue;
        this.#queue = this.#queue.slice(this.#head);
        this.#head = 0;
      }
    } catch (error) {
      this.#options.onFatal(error as Error);
    }
  }

  /** @returns false when it was interrupted by a stop and stays open */
  async #job(row: CaptureRow): Promise<boolean> {
    const { log, logger } = this.#options;
    if (row.refused !== null) {
      const { code, detail, pointer } = row.refused;
      await log.refuseWhole(row, code, detail, pointer);
      return true;
    }
    let crashed: Error | null = null;
    for (let crashes = 0; crashes < MAX_CRASHES; ) {
      const { outcome, crash } = await this.#try(row, (port) => this.#judge(row, port));
      if ('report' in outcome) return this.#end(row, outcome.report);
      // Its transaction is gone with the connection: from the beginning, when the ledger answers again.
      if (outcome.again && !this.#stopping) continue;
      const why = outcome.fault === null ? crash : new Error(`the ledger: ${outcome.fault}`);
      if (why === null) return false;
      crashed = why;
      crashes += 1;
      const what =
        why === crash ? 'stopped the thread that judges it' : 'a value that the ledger does not take';
      logger.error({ capture: row.id, error: why.message }, `a document has ${what}`);
    }
    return this.#giveUp(row, crashed?.message ?? '');
  }

  /** Everything of the job is in the journal but its end. */
  async #end(row: CaptureRow, report: JobReport): Promise<true> {
    const { log, table, onAck } = this.#options;
    await log.captured(row.id, report.events, report.success);
    table.ended(report);
    onAck(row.partner);
    return true;
  }

  /**
   * Ends a job whose document cannot be judged. What has a verdict keeps it, every other event is refused by itself; where
   * not even that can be had of the document it goes to the dead letter whole.
   */
  async #giveUp(row: CaptureRow, why: string): Promise<boolean> {
    for (;;) {
      const from = await this.#judged(row);
      if (from === null) return false;
      const { outcome, crash } = await this.#try(row, (port) => this.#judge(row, port, { from, why }));
      if ('report' in outcome) return this.#end(row, outcome.report);
      if (outcome.again && !this.#stopping) continue;
      if (crash === null && outcome.fault === null) return false;
      return this.#refuse(row, why);
    }
  }

  /** How many events of the job the ledger has verdicts of, from the first on; null = the engine stops before it answers. */
  async #judged({ id }: CaptureRow): Promise<number | null> {
    while (!this.#stopping) {
      try {
        return (await this.#options.ledger().ask<JobReport | null>('job', id))?.events ?? 0;
      } catch (error) {
        if (!(error instanceof LedgerAway)) throw error;
        await sleep(AWAY_MS);
      }
    }
    return null;
  }

  /** Refuses what is left of a document: in the ledger, whose partner hears of it, and then in the dead letter. */
  async #refuse(row: CaptureRow, why: string): Promise<boolean> {
    const { log, table, onAck } = this.#options;
    for (;;) {
      const { outcome } = await this.#try(row, async (port) => unjudged(row, why, port));
      if ('again' in outcome) {
        if (outcome.again && !this.#stopping) continue;
        return false;
      }
      await log.refuseWhole(row, 'codec.crash', why, null);
      table.ended(outcome.report);
      onAck(row.partner);
      return true;
    }
  }

  #judge(row: CaptureRow, port: MessagePort, giveUp: JudgeOrder['giveUp'] = null): Promise<void> {
    const { threads, judging, pathOf } = this.#options;
    const { id, media, single, receivedMs, partner, sha256 } = row;
    const document = { path: pathOf(id), mediaType: media, single, judging };
    const head = this.#heads.get(id) ?? null;
    return threads.judge({ ...document, receivedMs, partner, sha256, head, giveUp }, port);
  }

  /** One attempt. `crash`: why the judge failed, where it did; it fails too when the ledger gives the attempt up. */
  async #try(
    row: CaptureRow,
    feed: (port: MessagePort) => Promise<void>,
  ): Promise<{ readonly outcome: Outcome; readonly crash: Error | null }> {
    const { ledger } = this.#options;
    const { port1, port2 } = new MessageChannel();
    const link = ledger();
    let settle: (outcome: Outcome) => void = () => {};
    const over = new Promise<Outcome>((resolve) => {
      settle = resolve;
    });
    const attempt: Attempt = { row, journaled: Promise.resolve(), settle };
    this.#attempt = attempt;
    link.job(this.#orderOf(row), port1);
    let crash: Error | null = null;
    // In a stop its thread is ended with all others: nobody waits for it then.
    void feed(port2).catch((error: Error) => {
      if (this.#stopping) return;
      // Of the disk, and not of the document.
      if (error instanceof FatalError) return this.#options.onFatal(error);
      // The ledger has given the attempt up before: the job's next one has nothing to do with this.
      if (this.#attempt !== attempt) return;
      crash = error;
      link.send({ type: 'abandon', id: row.id });
    });
    const outcome = await over;
    await attempt.journaled;
    this.#attempt = null;
    port2.close();
    return { outcome, crash };
  }

  #orderOf(row: CaptureRow): LedgerJob {
    const { storage, folder } = this.#options;
    const { id, partner, media, behaviour, sha256, bytes, receivedMs, single, next, rejected } = row;
    const order = { id, partner, mediaType: media, behaviour, sha256, bytes, receivedMs, single };
    return { order, attempt: nextAttempt(storage, folder, id), from: next, wasRefused: rejected > 0 };
  }

  /** Writes verdicts to the journal, in order; tells the ledger thread when it may go on. */
  async #journal(
    row: CaptureRow,
    { verdicts, upTo, batch }: Extract<Parameters<JobListener>[0], { type: 'verdicts' }>,
  ): Promise<void> {
    const { log, ledger } = this.#options;
    const written = verdicts.map((verdict) => log.judged(verdict));
    const last = verdicts.at(-1)?.event ?? -1;
    if (upTo > last + 1) written.push(log.captured(row.id, upTo, null));
    await Promise.all(written);
    ledger().send({ type: 'journaled', batch });
  }
}

/** What a judge says of a document that none gets through. */
function unjudged({ head }: CaptureRow, detail: string, port: MessagePort): void {
  if (head === null) throw new Error('assertion: a job has a head');
  const finding = { code: 'codec.crash', severity: 'reject', event: null, pointer: '', detail } as const;
  const messages: ToLedgerJob[] = [
    { type: 'head', head: { ...head, masterData: [] } },
    { type: 'end', events: [], findings: [finding] },
  ];
  for (const message of messages) port.postMessage(message);
}
