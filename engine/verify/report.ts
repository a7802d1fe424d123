// What a verification found: the verdicts of FORMAT.md §7, one finding each with where and why, and the report that the
// command prints and the library returns. Findings are counted without bound and kept up to a bound.

/** The verdicts; HIDDEN, EXTRA_VERSION, UNLOCKED and SHORT_LOCK are of object stores. */
export const VERDICTS = [
  'OK',
  'MISSING',
  'ALTERED',
  'RECOMPRESSED',
  'UNLOGGED',
  'HIDDEN',
  'EXTRA_VERSION',
  'UNLOCKED',
  'SHORT_LOCK',
  'MISPLACED',
  'BAD_SIGNATURE',
  'UNKNOWN_KEY',
  'ROLLBACK',
  'FORK',
  'GAP',
  'UNBALANCED',
] as const;

export type Verdict = (typeof VERDICTS)[number];

/** One thing that is not as it should be. */
export interface Finding {
  readonly verdict: Exclude<Verdict, 'OK'>;
  /** Log that it concerns; null for a file that belongs to none. */
  readonly origin: string | null;
  /** Key of the object, relative to the lake (for `--since` and `--policy`: the file's name). */
  readonly key: string;
  /** Index of the seal in the log, from 0; null where the finding is not about one seal. */
  readonly index: number | null;
  readonly reason: string;
}

/** One log under `_log/`. */
export interface OriginReport {
  readonly origin: string;
  /** Seals that the checkpoint covers; the root as in the checkpoint, base64; null when there is no checkpoint. */
  readonly size: number;
  readonly root: string | null;
  /** False for a log that has published nothing yet: its policy is younger than the grace. */
  readonly begun: boolean;
  /** Whether the root was recomputed from all seals and agrees, and a trusted key signed it. */
  readonly proven: boolean;
  /** Keys that were trusted for this log, as C2SP verifier keys. */
  readonly keys: readonly string[];
  /** Signed checkpoints kept in `checkpoints/` that were compared. */
  readonly checkpoints: number;
  readonly seals: { records: number; 'dead-letter': number; audit: number; heartbeat: number };
  readonly firstSealed: string | null;
  readonly lastSealed: string | null;
}

export interface Report {
  readonly format: 'firn.verify/1';
  readonly lake: string;
  readonly mode: 'full' | 'quick';
  /** True when there is no finding. */
  readonly sound: boolean;
  readonly startedUtc: string;
  readonly seconds: number;
  readonly origins: readonly OriginReport[];
  /** Counts by verdict; OK counts objects that are exactly what their seal says. */
  readonly verdicts: Readonly<Record<Verdict, number>>;
  /** Objects read or measured, lines in those that are OK, compressed bytes. */
  readonly objects: number;
  readonly records: number;
  readonly bytes: number;
  /** Files that no log names but that are younger than the grace: an engine may be about to seal them. */
  readonly young: number;
  /** The first findings in order of log and index; `verdicts` has all of them. */
  readonly findings: readonly Finding[];
  readonly trust: Trust;
}

/** What the verdict rests on, and what it does not. */
export interface Trust {
  readonly keys: 'policy' | 'lake';
  readonly witnesses: 'none';
  /** How the objects are locked that seals name; `mixed`: not all alike. */
  readonly lock: 'none' | 'governance' | 'compliance' | 'mixed';
  /** Objects whose lock has run out by now. */
  readonly expiredLocks: number;
  /** The auditor's own checkpoint, when there was one. */
  readonly since: { readonly origin: string; readonly size: number } | null;
  readonly notChecked: readonly string[];
}

const KEPT = 10_000;

/** Collects findings. */
export class Findings {
  readonly counts: Record<Verdict, number> = Object.fromEntries(VERDICTS.map((v) => [v, 0])) as Record<
    Verdict,
    number
  >;
  readonly #kept: Finding[] = [];

  add(
    verdict: Finding['verdict'],
    origin: string | null,
    key: string,
    index: number | null,
    reason: string,
  ): void {
    this.counts[verdict]++;
    if (this.#kept.length < KEPT) this.#kept.push({ verdict, origin, key, index, reason });
  }

  /** Changes a finding that turns out to be another one (an object that is MISSING here and lies elsewhere). @returns whether it was there */
  replace(old: Finding['verdict'], key: string, verdict: Finding['verdict'], reason: string): boolean {
    const at = this.#kept.findIndex((finding) => finding.verdict === old && finding.key === key);
    const found = this.#kept[at];
    if (found === undefined) return false;
    this.counts[old]--;
    this.counts[verdict]++;
    this.#kept[at] = { ...found, verdict, reason };
    return true;
  }

  /** Whether there is a finding about this key. */
  isAbout(key: string): boolean {
    return this.#kept.some((finding) => finding.key === key);
  }

  get total(): number {
    return Object.values(this.counts).reduce((sum, n) => sum + n, 0) - this.counts.OK;
  }

  /** In order: findings about the log as a whole first, then by index. */
  sorted(): readonly Finding[] {
    const at = (finding: Finding): number => finding.index ?? -1;
    const byOrigin = (a: Finding, b: Finding): number => compare(a.origin ?? '\uffff', b.origin ?? '\uffff');
    return this.#kept.toSorted((a, b) => byOrigin(a, b) || at(a) - at(b) || compare(a.key, b.key));
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
