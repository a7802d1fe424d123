// The seals of one log in their order: each links to the one before, counts on from it, and keeps the account. Knows
// nothing of files; `step` gives back the object to look at.

import { sha256Hex } from '../batch/merkle.ts';
import { classKey, parseObjectKey } from '../batch/object-key.ts';
import { decodeSeal, NO_PREV, type ObjectSeal, type Seal, type SealAcct, SealError } from '../batch/seal.ts';
import { isDay } from './instant.ts';
import type { Findings } from './report.ts';

/** An object that a seal names, with the partition in its key. */
export interface Named {
  readonly seal: ObjectSeal;
  readonly day: string;
}

interface Sums {
  readonly records: bigint;
  readonly deadLetter: bigint;
}

const COUNTERS = ['accepted', 'duplicate', 'received', 'rejected'] as const;
const SCHEMA = /^[a-z][a-z0-9-]{0,62}\/[1-9][0-9]{0,5}$/;

/** Feed it every seal in order. */
export class Chain {
  readonly counts = { records: 0, 'dead-letter': 0, audit: 0, heartbeat: 0 };
  firstSealed: string | null = null;
  lastSealed: string | null = null;
  readonly #origin: string;
  readonly #findings: Findings;
  /** Hash of the seal before; null when that seal could not be read or is in doubt: then it is not held against this one. */
  #prev: string | null = NO_PREV;
  #acct: SealAcct | null = null;
  #sums: Sums = { records: 0n, deadLetter: 0n };
  readonly #next = new Map<string, bigint>();
  /** False once a seal was lost: sums and sequences are not held against those after it, the loss has been told. */
  #complete = true;
  /** Sums and account at each audit seal, until its content is known. */
  readonly #audits = new Map<number, { sums: Sums; acct: SealAcct; key: string }>();
  #lifecycle: { index: number; event: string } | null = null;
  #last: { index: number; key: string; acct: SealAcct } | null = null;
  /** Number of the newest seal of records or dead letters. */
  #recordsIndex = -1;

  constructor(origin: string, findings: Findings) {
    this.#origin = origin;
    this.#findings = findings;
  }

  /** A seal that is not there or cannot be trusted to be the one in the log. */
  lost(): null {
    this.#prev = null;
    this.#next.clear();
    this.#complete = false;
    return null;
  }

  /**
   * Looks at the seal number `index`. `where` = key of the tile it came from. `doubtful` when its hash is not the one in
   * the log: it is read all the same, but the next seal's `prev` is not compared with it.
   * @returns the object that it names, or null.
   */
  step(index: number, bytes: Uint8Array, where: string, doubtful: boolean): Named | null {
    const before = this.#prev;
    this.#prev = doubtful ? null : sha256Hex(bytes);
    let seal: Seal;
    try {
      seal = decodeSeal(bytes);
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      this.#findings.add('ALTERED', this.#origin, where, index, `not a seal: ${error.message}`);
      this.#next.clear();
      this.#complete = false;
      return null;
    }
    const key = seal.kind === 'heartbeat' ? where : seal.key;
    const add = (verdict: 'GAP' | 'MISPLACED' | 'UNBALANCED', reason: string): void =>
      this.#findings.add(verdict, this.#origin, key, index, reason);
    this.counts[seal.kind]++;
    if (before !== null && seal.prev !== before)
      add('GAP', 'prev is not the hash of the seal before: a seal is missing or was put in');
    if (seal.engine !== this.#origin) add('MISPLACED', `the seal is of the engine ${seal.engine}`);
    if (this.lastSealed !== null && seal.sealed_utc < this.lastSealed)
      add('GAP', `sealed_utc ${seal.sealed_utc} runs backwards`);
    this.firstSealed ??= seal.sealed_utc;
    this.lastSealed = seal.sealed_utc;
    const unbalanced = this.#account(seal);
    if (unbalanced !== null) add('UNBALANCED', unbalanced);
    this.#last = { index, key, acct: seal.acct };
    if (seal.kind === 'heartbeat') return null;
    if (seal.kind !== 'audit') this.#recordsIndex = index;
    const name = parseObjectKey(seal.key);
    if (
      name === null ||
      name.cls.kind !== seal.kind ||
      name.root !== seal.root ||
      name.firstSeq !== seal.first_seq ||
      !isDay(name.day)
    ) {
      add('MISPLACED', 'the key does not fit kind, root and first_seq of the seal');
      return null;
    }
    this.#sequence(seal, classKey(name.cls), add);
    const schemaFits = seal.kind === 'records' ? SCHEMA.test(seal.schema) : seal.schema === `${seal.kind}/1`;
    if (!schemaFits)
      this.#findings.add(
        'ALTERED',
        this.#origin,
        key,
        index,
        `a ${seal.kind} batch cannot have the schema ${seal.schema}`,
      );
    if (seal.kind === 'audit') this.#audits.set(index, { sums: this.#sums, acct: seal.acct, key });
    return { seal, day: name.day };
  }

  /** The content of an audit batch is known: at a stop everything received must be sealed. */
  audit(index: number, events: readonly string[]): void {
    const at = this.#audits.get(index);
    this.#audits.delete(index);
    const event = events.at(-1);
    if (at === undefined || event === undefined) return;
    if (this.#lifecycle === null || index > this.#lifecycle.index) this.#lifecycle = { index, event };
    if (events.includes('stop')) this.#equal(index, at.key, at.sums, at.acct, 'at a stop');
  }

  /**
   * After the last seal, when the content of all audit batches is known. Where records were sealed after a stop, the
   * engine has started again: its `start` waits in an open batch, and records may wait too.
   */
  end(): void {
    const [last, stop] = [this.#last, this.#lifecycle];
    if (last === null || stop === null || stop.event !== 'stop' || last.index <= stop.index) return;
    if (this.#recordsIndex < stop.index)
      this.#equal(last.index, last.key, this.#sums, last.acct, 'in the last seal after a stop');
  }

  #equal(index: number, key: string, sums: Sums, acct: SealAcct, when: string): void {
    // More sealed than received was told at the seal where it began.
    if (
      !this.#complete ||
      (sums.records >= BigInt(acct.accepted) && sums.deadLetter >= BigInt(acct.rejected))
    )
      return;
    const reason = `${when}, ${sums.records} of ${acct.accepted} accepted and ${sums.deadLetter} of ${acct.rejected} rejected records are sealed`;
    this.#findings.add('UNBALANCED', this.#origin, key, index, reason);
  }

  /** The conservation law (FORMAT.md §6) up to and with `seal`; null when it holds. */
  #account(seal: Seal): string | null {
    const before = this.#acct;
    const { acct } = seal;
    this.#acct = acct;
    const { records, deadLetter } = this.#sums;
    if (seal.kind === 'records') this.#sums = { records: records + BigInt(seal.count), deadLetter };
    if (seal.kind === 'dead-letter') this.#sums = { records, deadLetter: deadLetter + BigInt(seal.count) };
    if (BigInt(acct.received) !== BigInt(acct.accepted) + BigInt(acct.rejected) + BigInt(acct.duplicate)) {
      return `received ${acct.received} is not accepted ${acct.accepted} + rejected ${acct.rejected} + duplicate ${acct.duplicate}`;
    }
    const fell =
      before === null ? undefined : COUNTERS.find((name) => BigInt(acct[name]) < BigInt(before[name]));
    if (fell !== undefined) return `${fell} fell from ${before?.[fell]} to ${acct[fell]}`;
    if (this.#sums.records > BigInt(acct.accepted))
      return `${this.#sums.records} records sealed, ${acct.accepted} accepted`;
    if (this.#sums.deadLetter > BigInt(acct.rejected))
      return `${this.#sums.deadLetter} dead letters sealed, ${acct.rejected} rejected`;
    return null;
  }

  #sequence(seal: ObjectSeal, cls: string, add: (verdict: 'GAP', reason: string) => void): void {
    const first = BigInt(seal.first_seq);
    const expected = this.#next.get(cls) ?? (this.#complete ? 1n : first);
    const last = BigInt(seal.last_seq);
    if (first !== expected) add('GAP', `${cls} goes on at sequence number ${first}, expected ${expected}`);
    if (last - first + 1n !== BigInt(seal.count))
      add('GAP', `sequence numbers ${first} to ${last} are not ${seal.count} records`);
    this.#next.set(cls, last + 1n);
  }
}
