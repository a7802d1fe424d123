// Whether what lies in an object store is locked as the log says: UNLOCKED and SHORT_LOCK. The audit stream tells which
// retention was in force (retention.ts), or the auditor states his own. An object is judged when every audit event of its
// time is known; until then a few facts of it wait here.
//
// Governance where compliance was told is UNLOCKED: whoever has the permission lifts it, so it does not bind the operator
// as he said. A lock that has run out by now is none the worse: the store still says until when it held.

import type { ObjectInfo, ObjectLock } from '../s3/objects.ts';
import { isLocked, type Retention } from '../s3/retention.ts';
import type { ObjectJob } from './object.ts';
import type { Findings, Trust } from './report.ts';
import { DAY_MS, Timeline, type ToldRetention } from './retention.ts';

/** Clocks of engine and store may differ by so much: S3 refuses requests that are further off (RequestTimeTooSkewed). */
const SKEW_MS = 15 * 60_000;
/** An audit event is sealed seconds after it happened; so much later, in the times of the log, no more will come. */
const AUDIT_MS = 10 * 60_000;
/** Objects that wait before those that can be judged are. */
const WAITING = 4096;

interface Waiting {
  readonly key: string;
  readonly index: number;
  readonly sealedMs: number;
  readonly modifiedMs: number;
  readonly lock: ObjectLock | null;
}

interface Log {
  readonly timeline: Timeline;
  waiting: Waiting[];
  /** Full when this many wait. */
  bound: number;
}

interface StoredFile {
  readonly key: string;
  readonly modifiedMs: number;
  readonly lock: ObjectLock | null;
}

/** A lock that is not as it should be. */
interface Fault {
  readonly verdict: 'UNLOCKED' | 'SHORT_LOCK';
  readonly reason: string;
}

export class Locks {
  readonly #findings: Findings;
  readonly #statedDays: number | null;
  readonly #quick: boolean;
  /** Whether answers show locks at all: they leave them out for who may not read retention. Asked once, about one object. */
  readonly #visible: (key: string) => Promise<boolean>;
  #hidden: boolean | null = null;
  readonly #logs = new Map<string, Log>();
  readonly #files = new Map<string, StoredFile>();
  readonly #modes = { none: 0, governance: 0, compliance: 0 };
  #expired = 0;

  /** `statedDays`: what the auditor expects of every object in place of what the log tells. */
  constructor(
    findings: Findings,
    statedDays: number | null,
    quick: boolean,
    visible: (key: string) => Promise<boolean>,
  ) {
    this.#findings = findings;
    this.#statedDays = statedDays;
    this.#quick = quick;
    this.#visible = visible;
  }

  /** An object that a seal names is there. */
  object({ origin, index, seal }: ObjectJob, { lock, modifiedMs }: ObjectInfo): void {
    this.#modes[lock?.mode ?? 'none']++;
    if (lock !== null && lock.untilMs < Date.now()) this.#expired++;
    const sealedMs = Date.parse(seal.sealed_utc);
    this.#log(origin).waiting.push({ key: seal.key, index, sealedMs, modifiedMs, lock });
  }

  /** A file that was read: of those, the sink locks full tiles, kept checkpoints and schemas. */
  file(key: string, { lock, modifiedMs }: ObjectInfo): void {
    if (isLocked(key)) this.#files.set(key, { key, modifiedMs, lock });
  }

  /** What an audit object of this log tells. */
  told(origin: string, told: readonly ToldRetention[]): void {
    this.#log(origin).timeline.add(told);
  }

  /** Whether so many objects wait that `settle` should be called, once all results of before are in. */
  isFull(origin: string): boolean {
    const log = this.#log(origin);
    return log.waiting.length >= log.bound;
  }

  /** Judges what was sealed long enough before the newest object that waits. */
  async settle(origin: string): Promise<void> {
    const log = this.#log(origin);
    const newest = log.waiting.reduce((latest, { sealedMs }) => Math.max(latest, sealedMs), 0);
    await this.#judge(origin, log, newest - AUDIT_MS);
    log.bound = Math.max(WAITING, 2 * log.waiting.length);
  }

  /** After the last log. @returns what the report says about locks. */
  async end(): Promise<{ lock: Trust['lock']; expired: number; notChecked: string[] }> {
    for (const [origin, log] of this.#logs) await this.#judge(origin, log, Number.POSITIVE_INFINITY);
    // Who expects no lock of a copy expects none of its log either.
    if (this.#statedDays !== 0) for (const file of this.#files.values()) await this.#judgeFile(file);
    const found = (['none', 'governance', 'compliance'] as const).filter((mode) => this.#modes[mode] > 0);
    const notChecked =
      this.#hidden === true ? ['locks: these credentials may not read them (s3:GetObjectRetention)'] : [];
    if (this.#quick && this.#statedDays === null)
      notChecked.push(
        'whether objects are locked as the engine told: that lies in the lines of the audit stream (--quick); --lock DAYS states it',
      );
    return { lock: found.length > 1 ? 'mixed' : (found[0] ?? 'none'), expired: this.#expired, notChecked };
  }

  #log(origin: string): Log {
    let log = this.#logs.get(origin);
    if (log === undefined) {
      log = { timeline: new Timeline(), waiting: [], bound: WAITING };
      this.#logs.set(origin, log);
    }
    return log;
  }

  async #judge(origin: string, log: Log, beforeMs: number): Promise<void> {
    const ripe = log.waiting.filter(({ sealedMs }) => sealedMs < beforeMs);
    log.waiting = log.waiting.filter(({ sealedMs }) => sealedMs >= beforeMs);
    for (const { key, index, sealedMs, modifiedMs, lock } of ripe) {
      const told = this.#stated() ?? log.timeline.between(sealedMs, Math.max(sealedMs, modifiedMs) + SKEW_MS);
      await this.#tell(origin, key, index, faultOf(lock, told, sealedMs, 'sealed'));
    }
  }

  /** Of files that are no objects only the store says when they were written. */
  async #judgeFile({ key, modifiedMs, lock }: StoredFile): Promise<void> {
    const own = [...this.#logs].find(([origin]) => key.startsWith(`_log/${origin}/`));
    const logs = own === undefined ? [...this.#logs] : [own];
    const faults = logs.map(([, { timeline }]) => {
      const told = timeline.between(modifiedMs - SKEW_MS, modifiedMs + SKEW_MS);
      return faultOf(lock, told, modifiedMs - SKEW_MS, 'written');
    });
    // A schema may be of any of the logs: it is enough when it is locked as one of them told.
    const [first] = faults;
    if (first !== undefined && faults.every((fault) => fault !== null))
      await this.#tell(own?.[0] ?? null, key, null, first);
  }

  #stated(): Retention | null {
    return this.#statedDays === null ? null : { mode: 'governance', days: this.#statedDays };
  }

  async #tell(origin: string | null, key: string, index: number | null, fault: Fault | null): Promise<void> {
    if (fault === null) return;
    if (fault.verdict === 'UNLOCKED') {
      this.#hidden ??= !(await this.#visible(key));
      if (this.#hidden) return;
    }
    this.#findings.add(fault.verdict, origin, key, index, fault.reason);
  }
}

function faultOf(
  lock: ObjectLock | null,
  told: Retention | null,
  fromMs: number,
  since: string,
): Fault | null {
  if (told === null || told.days === 0) return null;
  const wanted = `${told.days} ${told.days === 1 ? 'day' : 'days'} from when it was ${since}`;
  if (lock === null) return { verdict: 'UNLOCKED', reason: `no lock; it should be locked for ${wanted}` };
  if (told.mode === 'compliance' && lock.mode === 'governance') {
    const reason = 'locked in governance mode, which can be lifted; compliance mode was told';
    return { verdict: 'UNLOCKED', reason };
  }
  if (lock.untilMs >= fromMs + told.days * DAY_MS) return null;
  const until = new Date(lock.untilMs).toISOString();
  return { verdict: 'SHORT_LOCK', reason: `locked until ${until} only; it should be for ${wanted}` };
}
