// The tables that a fold of the journal builds: their rows, and the whole as one shape.

import type { CaptureEntry, CaptureHead } from './capture-entry.ts';
import type { Captures } from './captures.ts';

/** A source of frames. `next` = number of the frame expected next; `lastUsedMs` is running time. */
export interface SessionRow {
  readonly no: number;
  readonly principal: string;
  readonly stream: string;
  /** Null for HTTP and `ingest()`: such a source numbers no frames. */
  readonly session: string | null;
  readonly named: boolean;
  next: number;
  lastUsedMs: number;
}

/** An answered Idempotency-Key: the reply as it was sent, how many records it was about, and when (running time). */
export interface KeyRow {
  readonly principal: string;
  readonly stream: string;
  readonly key: string;
  readonly hash: string;
  readonly status: 202 | 400;
  readonly body: string;
  readonly records: number;
  readonly createdMs: number;
}

/** A capture: its entry, and how far it has come. */
export interface CaptureRow extends Omit<CaptureEntry, 'head'> {
  /** Null where the document has none, and once the capture is over. */
  head: CaptureHead | null;
  /** Index of the next event to judge. */
  next: number;
  accepted: number;
  duplicate: number;
  /** Events, or pieces of a document that was refused whole. */
  rejected: number;
  /** Null while it is under way. `position`: end of the journal record that says so. */
  end: { readonly success: boolean; readonly finishedMs: number; readonly position: number } | null;
  /** Running time of its newest entry but verdicts: of progress, of the end. */
  lastUsedMs: number;
}

/** What an entry adds to an account. */
export type Counted = Pick<Acct, 'accepted' | 'duplicate' | 'rejected'>;

/** Records since the log began, counted when they became durable. */
export interface Acct {
  accepted: number;
  duplicate: number;
  received: number;
  rejected: number;
}

/** The state of the engine. */
export interface FoldState {
  /** All sources by number, in the order in which they came. */
  readonly sources: Map<number, SessionRow>;
  /** The sources that are sessions: the same rows. */
  readonly sessions: Map<number, SessionRow>;
  /** Answered keys by `keyOf`. */
  readonly keys: Map<string, KeyRow>;
  readonly captures: Captures;
  readonly acct: Acct;
  /** One more than the largest source number ever used. */
  nextSource: number;
  /** Largest stamps of the records applied. */
  wallMs: number;
  runningMs: number;
  /** End of the newest group applied: where the journal is to be read on. */
  position: number;
  /** Puts a source in its tables. */
  addSource(row: SessionRow): void;
  /** Puts an answered key in its table. */
  addKey(row: KeyRow): void;
}
