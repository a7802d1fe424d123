// What goes into the ledger and what it tells: jobs, verdicts, items, acknowledgements. Plain data, since it crosses threads.

import type { JudgedEvent } from '../epcis/judged.ts';
import type { DocumentHead, Finding } from '../epcis/model.ts';

export type Behaviour = 'rollback' | 'proceed';

/** A capture as it is handed to the ledger; everything of it is durable in journal and spool. */
export interface JobOrder {
  /** UUID, 32 hex digits and dashes. */
  readonly id: string;
  /** GLN-13 of the partner that sent it, `''` where nobody said. */
  readonly partner: string;
  readonly mediaType: string;
  readonly behaviour: Behaviour;
  /** SHA-256 of the body, hex. */
  readonly sha256: string;
  readonly bytes: number;
  /** Unix ms at which the body was durable. */
  readonly receivedMs: number;
  readonly head: DocumentHead;
  /** True for POST /events: one bare event. */
  readonly single: boolean;
}

/**
 * What became of one event. `accepted` and `refused` each become a line in the lake; `duplicate` does not. `seq`: its
 * number among all events of this partner, gap-free from 1.
 */
export interface Verdict {
  readonly index: number;
  readonly seq: string;
  readonly outcome: 'accepted' | 'duplicate' | 'refused';
  /** Everything found, history included. */
  readonly findings: readonly Finding[];
  /** Unix ms, EPCIS recordTime: when the transaction that stored it was made. */
  readonly recordMs: number;
}

/** What one transaction of the ledger takes: consecutive events of one job. */
export interface Chunk {
  readonly events: readonly JudgedEvent[];
  readonly last: boolean;
  /** Events below it have their verdicts in the journal: one that has none here is of a ledger that was made again, and is not stored. */
  readonly journaled?: number;
  /** Of a job with rollback that is in the journal in part: whether it was refused. */
  readonly wasRefused?: boolean;
}

/** Counts of a job; received = accepted + duplicate + rejected once it is over. */
export interface JobCounts {
  readonly events: number;
  readonly accepted: number;
  readonly duplicate: number;
  readonly rejected: number;
}

/** A capture job as EPCIS 2.0 tells it, and what firn adds. */
export interface JobReport extends JobCounts {
  readonly id: string;
  readonly partner: string;
  readonly createdMs: number;
  readonly finishedMs: number | null;
  readonly running: boolean;
  readonly success: boolean;
  readonly behaviour: Behaviour;
  readonly sha256: string;
  /** At most 100 per code, then one FINDINGS_TRUNCATED. */
  readonly findings: readonly Finding[];
  /** Ids of the events of POST /events. */
  readonly eventIds?: readonly string[];
}

/** An acknowledgement for a partner; `seq` gap-free from 1 per partner. */
export interface Ack {
  readonly partner: string;
  readonly seq: string;
  readonly capture: string;
  readonly kind: 'received' | 'accepted' | 'partial' | 'rejected';
  readonly body: unknown;
  /** SHA-256 of the JCS of `body`, hex. */
  readonly digest: string;
  readonly createdMs: number;
  readonly deliveredMs: number | null;
  readonly ackedMs: number | null;
}

/** What a webhook has to deliver next. `pending`: how many there are in all, these among them. */
export interface DueAcks {
  readonly acks: readonly Ack[];
  readonly pending: number;
}

/** Where a line that proves something lies in the lake. */
export interface Proof {
  /** Key of the object, relative to the lake's prefix. */
  readonly key: string;
  /** Line of the object, from 0. */
  readonly line: number;
  /** Root of the batch, hex. */
  readonly root: string;
  /** Index of the seal in the log. */
  readonly logIndex: number;
}

export interface ItemEvent {
  readonly eventHash: string;
  readonly eventId: string;
  readonly type: string;
  readonly action: string | null;
  readonly bizStep: string | null;
  readonly disposition: string | null;
  readonly eventTime: string;
  readonly recordTime: string;
  readonly partner: string;
  readonly role: string;
  readonly capture: string;
  readonly seq: string;
  readonly declaredAt: string | null;
  /** Null until its batch is in the lake. */
  readonly proof: Proof | null;
}

export interface ItemHistory {
  readonly gtin: string;
  readonly serial: string;
  readonly lot: string | null;
  readonly expiry: string | null;
  /** `withheld`: others have told of it too, and who asks may not know what; lot, expiry and parent are null then. */
  readonly state: string;
  readonly parent: { readonly gtin: string; readonly serial: string } | null;
  /** By event time, then by sequence. */
  readonly events: readonly ItemEvent[];
}
