// The ledger: what partners captured, as rows that can be asked. Every call is one transaction (or one for a whole job with
// rollback) and may be made again after any failure: jobs by their id, events by (job, index), acknowledgements by
// (job, kind). The lake is the record; the ledger can be built from it again.

import type { Finding } from '../epcis/model.ts';
import { ConfigError } from '../errors.ts';
import { acknowledgeAcks, noteDelivery, readAcks, readDueAcks } from './acks.ts';
import { applyChunk } from './apply-chunk.ts';
import { ATTEMPT_LIMITS, type AttemptLimits, Attempts } from './attempts.ts';
import { type Database, DatabaseError, type Transaction } from './database.ts';
import { readEvent, readItem } from './items.ts';
import { beginJob, finishJob, readJob, readJobs } from './jobs.ts';
import { migrate } from './migrate.ts';
import type { Ack, Chunk, DueAcks, ItemHistory, JobOrder, JobReport, Verdict } from './model.ts';
import { closeBatch, lockPartner, type PartnerEntry, skipNumbers, upsertPartners } from './partners.ts';
import { openPglite } from './pglite.ts';
import { openPostgres } from './postgres.ts';
import { countEvents, type ProvedEvent, readProved, storeProofs } from './proofs.ts';
import { digestTables, endRebuilding, replayEvents, type StoredEvent } from './rebuild.ts';
import { replayJudging } from './rebuild-items.ts';
import { RecordClock } from './record-clock.ts';
import { BeginAgain, type LedgerTerms, rolledBack, Staging } from './staging.ts';
import { readVerdicts, storeVerdicts } from './verdicts.ts';

export interface LedgerOptions {
  /** `postgres://…`: a server. Without it PGlite in `folder`. */
  readonly url?: string;
  readonly folder?: string;
  /** L05 rejects. */
  readonly strictState?: boolean;
  readonly attempts?: AttemptLimits;
  readonly connections?: number;
  readonly statementMs?: number;
  readonly nowMs?: () => number;
}

export class Ledger {
  readonly #database: Database;
  readonly #attempts: Attempts;
  readonly #terms: LedgerTerms;
  #staging: Staging | null = null;

  constructor(database: Database, options: LedgerOptions) {
    const nowMs = options.nowMs ?? Date.now;
    this.#database = database;
    this.#attempts = new Attempts(options.attempts ?? ATTEMPT_LIMITS, nowMs);
    this.#terms = { strictState: options.strictState ?? false, nowMs, clock: new RecordClock(nowMs) };
  }

  /** What the database answered when it went away; null while it answers. */
  get outage(): string | null {
    return this.#attempts.outage;
  }

  /** Why the ledger has to be built again from the lake (PGlite after a power cut); null = it has not. */
  get doubt(): string | null {
    return this.#database.doubt;
  }

  /** Makes the job and its acknowledgement `received`, once. A job that was staged and not ended is undone. */
  async begin(order: JobOrder): Promise<void> {
    await this.abandon();
    await this.#write((transaction) => beginJob(transaction, order, this.#terms.nowMs()));
  }

  /**
   * Judges and stores consecutive events of a job that was begun. With `proceed` the verdicts are stored when this returns.
   * With `rollback` nothing is before the last chunk; what the ones before returned holds only if the last commits. When it
   * does not (`finish` tells: `rejected > 0`), `verdicts` has what became of each event.
   * @throws BeginAgain the transaction of a job with rollback is lost: begin, and apply from the first chunk on
   * @throws LedgerOutage the database is away
   */
  async apply(order: JobOrder, chunk: Chunk): Promise<readonly Verdict[]> {
    if (order.behaviour === 'proceed') {
      return this.#write((transaction) => this.#proceed(transaction, order, chunk));
    }
    // The journal has begun to tell what became of it, so that it was decided; what is missing here was lost.
    if ((chunk.journaled ?? 0) > 0) {
      return this.#write((transaction) => this.#decided(transaction, order, chunk));
    }
    const isWhole = chunk.last && chunk.events[0]?.index === 0;
    if (isWhole) return this.#attempts.run(() => this.#stage(order, chunk));
    try {
      return await this.#stage(order, chunk);
    } catch (error) {
      if (error instanceof DatabaseError && (error.trouble === 'again' || error.trouble === 'outage')) {
        throw new BeginAgain(error.message, { cause: error });
      }
      throw error;
    }
  }

  /** Undoes what a job with rollback has staged, and gives its connection back: its attempt is over. */
  async abandon(): Promise<void> {
    const staging = this.#staging;
    this.#staging = null;
    await staging?.abandon();
  }

  /** Stored verdicts of a job from index `from` on, in order. */
  verdicts(capture: string, from: number, limit: number): Promise<readonly Verdict[]> {
    return this.#read(() => readVerdicts(this.#database, capture, from, limit));
  }

  /** Ends a job: its report, and exactly one of the acknowledgements accepted, partial, rejected. */
  async finish(order: JobOrder, documentFindings: readonly Finding[]): Promise<JobReport> {
    // It would wait for the transaction that its own caller has open.
    if (this.#staging !== null) throw new Error(`assertion: the last chunk of ${order.id} was applied`);
    return this.#write((transaction) => finishJob(transaction, order, documentFindings, this.#terms.nowMs()));
  }

  job(id: string): Promise<JobReport | null> {
    return this.#read(() => readJob(this.#database, id));
  }

  /** Newest first, behind job `after`; of one partner, null = of all. */
  jobs(partner: string | null, after: string | null, limit: number): Promise<readonly JobReport[]> {
    return this.#read(() => readJobs(this.#database, partner, after, limit));
  }

  /** `partner`: what this one may know of it (readItem); null = everything. */
  item(gtin: string, serial: string, partner: string | null = null): Promise<ItemHistory | null> {
    return this.#read(() => readItem(this.#database, gtin, serial, partner));
  }

  event(eventId: string, partner: string | null = null): Promise<unknown> {
    return this.#read(() => readEvent(this.#database, eventId, partner));
  }

  acks(partner: string, after: string, limit: number): Promise<readonly Ack[]> {
    return this.#read(() => readAcks(this.#database, partner, after, limit));
  }

  acknowledge(partner: string, seq: string): Promise<void> {
    return this.#write((transaction) => acknowledgeAcks(transaction, partner, seq, this.#terms.nowMs()));
  }

  /** What the webhook of a partner has to deliver, in order, at most `limit`. */
  dueAcks(partner: string, limit: number): Promise<DueAcks> {
    return this.#read(() => readDueAcks(this.#database, partner, limit));
  }

  /** The webhook of the partner took it. */
  delivered(partner: string, seq: string): Promise<void> {
    return this.#write((transaction) => noteDelivery(transaction, partner, seq, this.#terms.nowMs()));
  }

  partners(entries: readonly PartnerEntry[]): Promise<void> {
    return this.#write((transaction) => upsertPartners(transaction, entries));
  }

  /** Stores where the lines of events lie; the log `log` is read up to and with seal `upTo`. @throws EventMissing */
  prove(proofs: readonly ProvedEvent[], upTo: number, log: string): Promise<void> {
    return this.#write((transaction) => storeProofs(transaction, proofs, upTo, log));
  }

  /** Index of the last seal of the log `log` that was proved; -1 = none. */
  lastProved(log: string): Promise<number> {
    return this.#read(() => readProved(this.#database, log));
  }

  /** How many events the ledger has; of one capture, or (null) of all. Of all: 1 for any number. */
  eventsOf(capture: string | null): Promise<number> {
    return this.#read(() => countEvents(this.#database, capture));
  }

  /** Stores accepted events out of the lake, in any order. They were judged once and are not again. */
  replay(events: readonly StoredEvent[]): Promise<void> {
    return this.#write((transaction) => replayEvents(transaction, events));
  }

  /** After the last `replay`: what follows from all events, and numbers that go on behind a gap (`skipNumbers`). */
  endReplay(): Promise<void> {
    return this.#write(async (transaction) => {
      if (!(await endRebuilding(transaction))) return;
      await replayJudging(transaction);
      await skipNumbers(transaction);
    });
  }

  /** Count and sum of each table that `replay` and `prove` build, to compare two ledgers. */
  digest(): Promise<Readonly<Record<string, string>>> {
    return this.#read(() => digestTables(this.#database));
  }

  async close(): Promise<void> {
    await this.abandon();
    await this.#database.close();
  }

  async #proceed(transaction: Transaction, order: JobOrder, chunk: Chunk): Promise<readonly Verdict[]> {
    const { id: capture, partner } = order;
    const firstSeq = await lockPartner(transaction, partner);
    const recordMs = await this.#terms.clock.next(transaction);
    const numbering = { nextSeq: firstSeq, recordMs, strictState: this.#terms.strictState };
    const { verdicts, fresh, hashes } = await applyChunk(transaction, order, chunk, numbering);
    if (fresh.length > 0) {
      await storeVerdicts(transaction, capture, partner, fresh);
      const nextSeq = firstSeq + fresh.length;
      await closeBatch(transaction, { capture, partner, firstSeq, nextSeq, hashes, recordMs });
    }
    return verdicts;
  }

  /** The rest of a job with rollback: all refused where the journal has a refusal of it, else event by event. */
  async #decided(transaction: Transaction, order: JobOrder, chunk: Chunk): Promise<readonly Verdict[]> {
    if (chunk.wasRefused !== true) return this.#proceed(transaction, order, chunk);
    const events = chunk.events.map((event) => ({
      ...event,
      rejected: true,
      findings: event.rejected ? event.findings : [...event.findings, rolledBack(event.index)],
    }));
    return this.#proceed(transaction, order, { ...chunk, events });
  }

  async #stage(order: JobOrder, chunk: Chunk): Promise<readonly Verdict[]> {
    const first = chunk.events[0]?.index ?? null;
    if (this.#staging !== null && (this.#staging.capture !== order.id || first === 0)) await this.abandon();
    this.#staging ??= await Staging.open(this.#database, order, this.#terms);
    try {
      const stored = await this.#staging.stored(chunk);
      if (stored.length > 0) {
        await this.abandon();
        return stored;
      }
      const verdicts = await this.#staging.apply(chunk);
      if (chunk.last) this.#staging = null;
      return verdicts;
    } catch (error) {
      await this.abandon();
      throw error;
    }
  }

  #read<T>(call: () => Promise<T>): Promise<T> {
    return this.#attempts.run(call);
  }

  #write<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.#attempts.run(async () => {
      const transaction = await this.#database.begin();
      try {
        const result = await work(transaction);
        await transaction.commit();
        return result;
      } finally {
        await transaction.rollback();
      }
    });
  }
}

/**
 * Opens the ledger and brings it to the schema of this version.
 * @throws ConfigError when neither server nor folder is named, or the schema is newer
 * @throws DatabaseError when the database does not answer
 */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const database = await openDatabase(options);
  try {
    await migrate(database);
  } catch (error) {
    await database.close();
    throw error;
  }
  return new Ledger(database, options);
}

async function openDatabase(options: LedgerOptions): Promise<Database> {
  const { url, folder, connections, statementMs } = options;
  if (url !== undefined) {
    return openPostgres({
      url,
      ...(connections === undefined ? {} : { connections }),
      ...(statementMs === undefined ? {} : { statementMs }),
    });
  }
  if (folder === undefined) throw new ConfigError('the ledger needs a server (url) or a folder');
  return openPglite(folder);
}
