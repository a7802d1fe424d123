// A job with behaviour `rollback`: all of its chunks in one transaction, which nobody sees before its end. Memory does not
// grow with the job but for what is found in events that fail.

import type { Finding } from '../epcis/model.ts';
import { RULES } from '../epcis/rule-codes.ts';
import { applyChunk } from './apply-chunk.ts';
import type { Database, Transaction } from './database.ts';
import { LISTED } from './jobs.ts';
import type { Chunk, JobOrder, Verdict } from './model.ts';
import { closeBatch, lockPartner } from './partners.ts';
import type { RecordClock } from './record-clock.ts';
import { readVerdicts, storeVerdicts } from './verdicts.ts';

/** The transaction of a job is gone, and with it the chunks before: the job begins again at its first. */
export class BeginAgain extends Error {
  override readonly name = 'BeginAgain';
}

/** Verdicts of a job that is rolled back go in statements of so many. */
const SLICE = 5_000;

export interface LedgerTerms {
  readonly strictState: boolean;
  readonly nowMs: () => number;
  readonly clock: RecordClock;
}

export class Staging {
  readonly capture: string;
  readonly #order: JobOrder;
  readonly #database: Database;
  readonly #transaction: Transaction;
  readonly #terms: LedgerTerms;
  readonly #firstSeq: number;
  readonly #hashes: string[] = [];
  readonly #failed = new Map<number, readonly Finding[]>();
  /** Digests of the first events that did not: as many as a report lists. */
  readonly #sound = new Map<number, string>();
  #nextIndex = 0;

  private constructor(
    database: Database,
    transaction: Transaction,
    order: JobOrder,
    terms: LedgerTerms,
    firstSeq: number,
  ) {
    this.#database = database;
    this.#transaction = transaction;
    this.#order = order;
    this.#terms = terms;
    this.#firstSeq = firstSeq;
    this.capture = order.id;
  }

  static async open(database: Database, order: JobOrder, terms: LedgerTerms): Promise<Staging> {
    const transaction = await database.begin();
    try {
      const firstSeq = await lockPartner(transaction, order.partner);
      return new Staging(database, transaction, order, terms, firstSeq);
    } catch (error) {
      await transaction.rollback();
      throw error;
    }
  }

  /**
   * Verdicts of the chunk, where the whole job was stored before. Asked with the partner's row locked: a commit whose answer
   * was lost may have been under way until then.
   */
  async stored(chunk: Chunk): Promise<readonly Verdict[]> {
    const first = chunk.events[0]?.index;
    if (this.#nextIndex > 0 || first === undefined) return [];
    return readVerdicts(this.#transaction, this.capture, first, chunk.events.length);
  }

  /** Takes the next chunk. @returns its verdicts: to hold only if the whole job holds, until the last */
  async apply(chunk: Chunk): Promise<readonly Verdict[]> {
    const first = chunk.events[0]?.index ?? this.#nextIndex;
    if (first !== this.#nextIndex) throw new BeginAgain(`event ${this.#nextIndex} comes next, not ${first}`);
    const recordMs = await this.#terms.clock.next(this.#transaction);
    const { fresh, hashes } = await applyChunk(this.#transaction, this.#order, chunk, {
      nextSeq: this.#firstSeq + this.#nextIndex,
      recordMs,
      strictState: this.#terms.strictState,
    });
    this.#hashes.push(...hashes);
    this.#nextIndex += fresh.length;
    for (const verdict of fresh) {
      if (verdict.outcome === 'refused') this.#failed.set(verdict.index, verdict.findings);
    }
    for (const { index, canonical } of chunk.events) {
      if (this.#sound.size === LISTED) break;
      if (canonical !== null && !this.#failed.has(index)) this.#sound.set(index, canonical.hash);
    }
    await storeVerdicts(this.#transaction, this.#order.id, this.#order.partner, fresh);
    if (!chunk.last) return fresh;
    if (this.#failed.size > 0) {
      await this.#refuse();
      return readVerdicts(this.#database, this.#order.id, first, chunk.events.length);
    }
    await this.#commit(recordMs);
    return fresh;
  }

  abandon(): Promise<void> {
    return this.#transaction.rollback();
  }

  async #commit(recordMs: number): Promise<void> {
    if (this.#nextIndex > 0) {
      await closeBatch(this.#transaction, {
        capture: this.#order.id,
        partner: this.#order.partner,
        firstSeq: this.#firstSeq,
        nextSeq: this.#firstSeq + this.#nextIndex,
        hashes: this.#hashes,
        recordMs,
      });
    }
    await this.#transaction.commit();
  }

  /** Undoes everything and stores verdicts only: those that failed with what they failed of, the others with F02. */
  async #refuse(): Promise<void> {
    await this.#transaction.rollback();
    const { id, partner } = this.#order;
    const transaction = await this.#database.begin();
    try {
      const firstSeq = await lockPartner(transaction, partner);
      const recordMs = await this.#terms.clock.next(transaction);
      for (let from = 0; from < this.#nextIndex; from += SLICE) {
        const verdicts: Verdict[] = [];
        for (let index = from; index < Math.min(from + SLICE, this.#nextIndex); index++) {
          const findings = this.#failed.get(index) ?? [rolledBack(index, this.#sound.get(index))];
          verdicts.push({ index, seq: String(firstSeq + index), outcome: 'refused', findings, recordMs });
        }
        await storeVerdicts(transaction, id, partner, verdicts);
      }
      const nextSeq = firstSeq + this.#nextIndex;
      await closeBatch(transaction, { capture: id, partner, firstSeq, nextSeq, hashes: [], recordMs });
      await transaction.commit();
    } finally {
      await transaction.rollback();
    }
  }
}

/** What an event is refused with that is in order by itself. */
export function rolledBack(event: number, eventHash?: string): Finding {
  const { severity } = RULES.F02_ROLLED_BACK;
  const finding = {
    code: 'F02_ROLLED_BACK',
    severity,
    event,
    pointer: '',
    detail: 'another event was refused',
  };
  return eventHash === undefined ? finding : { ...finding, eventHash };
}
