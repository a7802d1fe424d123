// The captures as the main thread knows them: rows of the fold, brought forward by what becomes durable; reports of jobs
// that are over, as many as fit a small cache; and whoever waits for one to end.

import type { CaptureEntry } from '../journal/capture-entry.ts';
import { bodyKey } from '../journal/capture-entry.ts';
import type { Captures } from '../journal/captures.ts';
import type { CaptureRow } from '../journal/rows.ts';
import type { JobReport } from '../ledger/model.ts';
import type { CaptureRequest } from './captures.ts';

/** Reports that are kept; the ledger has them all. */
const MAX_REPORTS = 1000;
/** A capture is forgotten this long after its end, in running time: until then the same body is answered with its job. */
const CAPTURE_KEEP_MS = 7 * 86_400_000;
/** Rows looked at in one sweep. */
const SWEEP_AT_ONCE = 1000;

export class JobTable {
  readonly captures: Captures;
  /** Ids in the order in which they came: pages go through them from the end. */
  #ids: string[];
  readonly #reports = new Map<string, JobReport>();
  readonly #waiting = new Map<string, ((report: JobReport) => void)[]>();

  constructor(captures: Captures) {
    this.captures = captures;
    this.#ids = [...captures.byId.keys()];
  }

  /** Captures that are not over, in the order in which they came. */
  open(): CaptureRow[] {
    return [...this.captures.byId.values()].filter(({ end }) => end === null);
  }

  row(id: string): CaptureRow | undefined {
    return this.captures.byId.get(id);
  }

  began(entry: CaptureEntry, runningMs: number): CaptureRow {
    this.captures.began(entry, runningMs);
    this.#ids.push(entry.id);
    return this.captures.byId.get(entry.id) as CaptureRow;
  }

  /**
   * The job that the same bytes of the same sender have. What was rolled back may be sent again with the other behaviour:
   * nothing of it is stored, and its findings say that this is what to do.
   */
  replayOf(
    body: Pick<CaptureEntry, 'principal' | 'partner' | 'sha256' | 'single'>,
    request: Pick<CaptureRequest, 'behaviour'>,
  ): CaptureRow | null {
    const row = this.captures.byBody.get(bodyKey(body));
    if (row === undefined) return null;
    const stored = row.end === null || row.accepted + row.duplicate > 0;
    return stored || row.behaviour === request.behaviour ? row : null;
  }

  /** The report of a job that is over, where it is at hand. */
  report(id: string): JobReport | undefined {
    return this.#reports.get(id);
  }

  keep(report: JobReport): void {
    this.#reports.delete(report.id);
    this.#reports.set(report.id, report);
    const oldest = this.#reports.keys().next().value;
    if (this.#reports.size > MAX_REPORTS && oldest !== undefined) this.#reports.delete(oldest);
  }

  /** The job is over, durably: everybody who waits hears of it. */
  ended(report: JobReport): void {
    this.keep(report);
    const waiting = this.#waiting.get(report.id) ?? [];
    this.#waiting.delete(report.id);
    for (const resolve of waiting) resolve(report);
  }

  /** Resolves at the end of a job that is not over. `cancel` forgets the wait. */
  wait(id: string): { readonly ended: Promise<JobReport>; cancel(): void } {
    let resolve: (report: JobReport) => void = () => {};
    const ended = new Promise<JobReport>((settle) => {
      resolve = settle;
    });
    this.#waiting.set(id, [...(this.#waiting.get(id) ?? []), resolve]);
    const cancel = (): void => {
      const left = (this.#waiting.get(id) ?? []).filter((other) => other !== resolve);
      if (left.length === 0) this.#waiting.delete(id);
      else this.#waiting.set(id, left);
    };
    return { ended, cancel };
  }

  /** Jobs behind `after` (null = the newest first), of one credential or of all; and where to go on. Null = `after` is none. */
  page(
    principal: string | null,
    after: string | null,
    limit: number,
  ): { readonly rows: readonly CaptureRow[]; readonly next: string | null } | null {
    const rows: CaptureRow[] = [];
    const from = after === null ? this.#ids.length : this.#ids.lastIndexOf(after);
    if (from < 0) return null;
    for (let at = from - 1; at >= 0; at--) {
      const row = this.captures.byId.get(this.#ids[at] as string);
      if (row === undefined || row.refused !== null) continue;
      if (principal !== null && row.principal !== principal) continue;
      if (rows.length === limit) return { rows, next: rows.at(-1)?.id ?? null };
      rows.push(row);
    }
    return { rows, next: null };
  }

  /** Captures that are past their retention. */
  expired(runningMs: number): string[] {
    const found: string[] = [];
    let looked = 0;
    for (const row of this.captures.byId.values()) {
      looked += 1;
      if (looked > SWEEP_AT_ONCE) break;
      if (row.end !== null && runningMs - row.lastUsedMs > CAPTURE_KEEP_MS) found.push(row.id);
    }
    return found;
  }

  forget(ids: readonly string[]): void {
    if (ids.length === 0) return;
    for (const id of ids) {
      this.captures.forget(id);
      this.#reports.delete(id);
    }
    this.#ids = this.#ids.filter((id) => this.captures.byId.has(id));
  }
}

/** What the journal alone knows of a job: everything but findings. */
export function reportOf(row: CaptureRow): JobReport {
  const judged = row.accepted + row.duplicate + row.rejected;
  return {
    id: row.id,
    partner: row.partner,
    createdMs: row.receivedMs,
    finishedMs: row.end?.finishedMs ?? null,
    running: row.end === null,
    success: row.end?.success ?? row.rejected === 0,
    behaviour: row.behaviour,
    sha256: row.sha256,
    findings: [],
    events: row.head?.events ?? judged,
    accepted: row.accepted,
    duplicate: row.duplicate,
    rejected: row.rejected,
  };
}
