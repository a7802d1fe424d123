// One attempt at a job in the thread of the ledger: chunks of judged events in, verdicts on their way to the journal out.
// For each chunk: transaction → lines → fsync → verdicts told. A job with rollback is told as a whole, at its end.

import { join } from 'node:path';
import type { JudgedEvent } from '../epcis/judged.ts';
import type { DocumentHead, Finding, Span } from '../epcis/model.ts';
import { acceptedVerdict, refusedVerdict } from '../journal/capture-entry.ts';
import type { JobOrder, JobReport, Verdict } from '../ledger/model.ts';
import type { Storage } from '../storage.ts';
import type { LedgerApi } from './ledger-api.ts';
import { type AcceptedEvent, eventLine } from './line.ts';
import { LinesFile, type PlacedLine } from './lines-file.ts';
import type { FromLedger, LedgerJob, ToLedgerJob } from './messages.ts';
import { StagedRows } from './staged-rows.ts';
import { VerdictOutbox } from './verdict-outbox.ts';

/** Verdicts of a job that was rolled back are read in pages of this many. */
const PAGE = 5000;

/** The attempt is given up: the engine stops, or the judge has died. */
export class Interrupted extends Error {}

export interface JobRunOptions {
  readonly job: LedgerJob;
  readonly ledger: LedgerApi;
  readonly storage: Storage;
  /** Folder of the spool. */
  readonly spool: string;
  /** The next message of the judge. @throws Interrupted */
  readonly next: () => Promise<ToLedgerJob>;
  /** Calls the ledger until it answers. @throws Interrupted, and what is no outage */
  readonly persist: <T>(call: () => Promise<T>) => Promise<T>;
  readonly credit: () => void;
  readonly post: (message: FromLedger) => void;
}

export class JobRun {
  readonly outbox: VerdictOutbox;
  readonly #options: JobRunOptions;
  readonly #lines: LinesFile;
  readonly #staged: StagedRows;
  readonly #rawName: string;
  readonly #rawPath: string;
  #raw: number | null = null;
  /** A job with rollback has an event that is refused: no line of it will be wanted. */
  #failed = false;

  constructor(options: JobRunOptions) {
    const { job, storage, spool, post } = options;
    const { order, attempt, from } = job;
    this.#options = options;
    this.outbox = new VerdictOutbox(order.id, from, post);
    this.#lines = new LinesFile(storage, spool, `${order.id}.${attempt}.lines`);
    this.#staged = new StagedRows(spool, `${order.id}.${attempt}.verdicts`);
    this.#rawName = `${order.id}.raw`;
    this.#rawPath = join(spool, this.#rawName);
  }

  /** @returns the report of the job, whose verdicts are all handed over */
  async run(): Promise<JobReport> {
    const { next, persist, ledger, job, credit, post } = this.#options;
    const first = await next();
    if (first.type !== 'head') throw new Error('assertion: the head comes first');
    const order: JobOrder = { ...job.order, head: first.head };
    await persist(() => ledger.begin(order));
    post({ type: 'began', id: order.id });
    for (;;) {
      const message = await next();
      if (message.type === 'head') throw new Error('assertion: there is one head');
      if (message.type === 'chunk') {
        await this.#chunk(order, message.events, false);
        credit();
        continue;
      }
      const events = refusedWith(message.events, message.findings);
      if (events.length > 0) await this.#chunk(order, events, true);
      const report = await persist(() => ledger.finish(order, message.findings));
      if (order.behaviour === 'rollback') await this.#tellStaged(order, report);
      this.outbox.passed(report.events);
      await this.outbox.flush();
      await this.outbox.settled();
      return report;
    }
  }

  close(): void {
    this.#lines.close();
    this.#staged.remove();
    if (this.#raw !== null) this.#options.storage.close(this.#raw);
    this.#raw = null;
  }

  async #chunk(order: JobOrder, events: readonly JudgedEvent[], last: boolean): Promise<void> {
    const { persist, ledger, job } = this.#options;
    const { from: journaled, wasRefused } = job;
    const verdicts = await persist(() => ledger.apply(order, { events, last, journaled, wasRefused }));
    const staged = order.behaviour === 'rollback';
    this.#failed ||= staged && verdicts.some(({ outcome }) => outcome === 'refused');
    const placed = events.map((event, at) => {
      const verdict = verdicts[at] as Verdict;
      const wanted = verdict.outcome === 'accepted' && event.index >= job.from && !this.#failed;
      return wanted ? this.#place(order, order.head, event, verdict) : null;
    });
    if (staged) {
      // Duplicates too: of a job that is refused they are refused with the rest.
      for (const [at, { index, span }] of events.entries())
        this.#staged.add({ index, span, line: placed[at] ?? null });
      return;
    }
    this.#lines.sync();
    for (const [at, event] of events.entries())
      await this.#tell(event.index, event.span, placed[at] ?? null, verdicts[at] as Verdict);
    this.outbox.passed((events.at(-1)?.index ?? -1) + 1);
    await this.outbox.flush();
  }

  /** The whole document was judged: either everything holds as it was staged, or everything is refused. */
  async #tellStaged({ id }: JobOrder, { rejected }: JobReport): Promise<void> {
    const { persist, ledger } = this.#options;
    if (rejected === 0) this.#lines.sync();
    let page: readonly Verdict[] = [];
    let at = 0;
    for await (const { index, span, line } of this.#staged.rows()) {
      if (rejected === 0) {
        await this.#tell(index, span, line, null);
        continue;
      }
      while ((page[at]?.index ?? -1) < index) {
        at += 1;
        if (at < page.length) continue;
        page = await persist(() => ledger.verdicts(id, index, PAGE));
        at = 0;
        if (page[0]?.index !== index) throw new Error(`assertion: event ${index} of ${id} has a verdict`);
      }
      await this.#tell(index, span, null, page[at] as Verdict);
    }
  }

  /** @param verdict null = accepted with this line, or without one a duplicate */
  async #tell(index: number, span: Span, line: Placed | null, verdict: Verdict | null): Promise<void> {
    const { job } = this.#options;
    const { id: capture } = job.order;
    if (index < job.from || verdict?.outcome === 'duplicate') return;
    if (line !== null) {
      const { offset, bytes, leaf, ms } = line;
      this.outbox.add(
        acceptedVerdict({ capture, event: index, file: this.#lines.name, offset, bytes, ms, leaf }),
      );
    } else if (verdict?.outcome === 'refused') {
      const why = verdict.findings.find(({ severity }) => severity === 'reject');
      this.outbox.add(
        refusedVerdict({
          capture,
          event: index,
          piece: null,
          file: this.#rawName,
          offset: span.offset,
          bytes: span.length,
          code: why?.code ?? 'codec.crash',
          detail: why?.detail ?? 'refused without a finding',
          path: why?.pointer ?? null,
        }),
      );
    }
    if (this.outbox.full) await this.outbox.flush();
  }

  #place(order: JobOrder, head: DocumentHead, event: JudgedEvent, verdict: Verdict): Placed {
    if (event.canonical === null)
      throw new Error(`assertion: event ${event.index} is accepted and has a canonical form`);
    const raw = this.#read(event.span);
    const line = eventLine({ ...order, head }, event as AcceptedEvent, verdict, raw);
    return { ...this.#lines.append(line), ms: Date.parse(event.canonical.event.eventTime) };
  }

  #read({ offset, length }: Span): Uint8Array {
    const { storage } = this.#options;
    this.#raw ??= storage.open(this.#rawPath);
    const bytes = new Uint8Array(length);
    const got = storage.read(this.#raw, bytes, offset);
    if (got !== length) throw new Error(`the spool file ${this.#rawPath} ends at byte ${offset + got}`);
    return bytes;
  }
}

type Placed = PlacedLine & { readonly ms: number };

/** What rejects the document as a whole, found only while its events were read, rejects them: a job stores nothing of it then. */
function refusedWith(events: readonly JudgedEvent[], findings: readonly Finding[]): readonly JudgedEvent[] {
  const why = findings.find(({ severity, event }) => severity === 'reject' && event === null);
  if (why === undefined) return events;
  return events.map((event) => ({
    ...event,
    rejected: true,
    findings: [...event.findings, { ...why, event: event.index }],
  }));
}
