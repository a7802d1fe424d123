// What the threads of a capture say to each other. Plain data: it crosses threads.
//
//   main ──scan──▶ scan task ──▶ ScanResult
//   main ──JudgeOrder──▶ judge task ══ ToLedgerJob, credit 2 ══▶ ledger thread ──FromLedger──▶ main
//                                                                     ◀──ToLedger──

import type { JudgedEvent, Profile } from '../epcis/judged.ts';
import type { DocumentHead, Finding } from '../epcis/model.ts';
import type { VerdictEntry } from '../journal/capture-entry.ts';
import type { JobOrder, JobReport } from '../ledger/model.ts';

/** How documents are judged: the part of the configuration that the tasks need. */
export interface Judging {
  readonly profile: Profile;
  readonly maxEvents: number;
  /** GLNs of the directory, null = there is none. */
  readonly partners: readonly string[] | null;
  readonly staleDays: number;
  readonly strictState: boolean;
}

/** A document in the spool. */
export interface DocumentOrder {
  readonly path: string;
  readonly mediaType: string;
  /** One bare event in place of a document. */
  readonly single: boolean;
  readonly judging: Judging;
}

export interface ScanResult {
  /** Null where the document has none: then a finding rejects it. */
  readonly head: DocumentHead | null;
  /** GLN-13 of the sender; null where none is told, or none that is a GLN. */
  readonly sender: string | null;
  /** Findings of the document; at most a few of each code. */
  readonly findings: readonly Finding[];
}

export interface JudgeOrder extends DocumentOrder {
  /** SHA-256 of the document as it was received, hex. */
  readonly sha256: string;
  readonly receivedMs: number;
  /** GLN-13 of the partner, `''` where nobody said. */
  readonly partner: string;
  /** As the scan found it, when that was in this run. */
  readonly head: DocumentHead | null;
  /** Events from this index on are refused and not judged, since the judge dies of one of them; null = all are judged. */
  readonly giveUp: { readonly from: number; readonly why: string } | null;
}

/** From the judge task to the ledger thread. It may have CHUNK_CREDIT chunks out that were not answered. */
export type ToLedgerJob =
  | { readonly type: 'head'; readonly head: DocumentHead }
  | { readonly type: 'chunk'; readonly events: readonly JudgedEvent[] }
  /** The last chunk, empty only where there are no events; and what was found of the document as a whole. */
  | { readonly type: 'end'; readonly events: readonly JudgedEvent[]; readonly findings: readonly Finding[] };

export const CHUNK_CREDIT = 2;

/** The answer to each chunk. */
export type FromLedgerJob = { readonly type: 'credit' };

export interface LedgerJob {
  readonly order: Omit<JobOrder, 'head'>;
  /** Part of the names of the files that this attempt writes. */
  readonly attempt: number;
  /** Events below it have their verdicts in the journal, and whether one of those is a refusal. */
  readonly from: number;
  readonly wasRefused: boolean;
}

/** A seal that is in lake and log: what the ledger proves its lines with. */
export interface SealedBatch {
  /** The seal's own JSON. */
  readonly seal: string;
  readonly index: number;
}

export type ToLedger =
  | { readonly type: 'job'; readonly job: LedgerJob; readonly port: MessagePort }
  /** Nothing more comes of the judge task: give the attempt up. */
  | { readonly type: 'abandon'; readonly id: string }
  | { readonly type: 'journaled'; readonly batch: number }
  | {
      readonly type: 'ask';
      readonly call: number;
      readonly method: string;
      readonly args: readonly unknown[];
    }
  | { readonly type: 'sealed'; readonly batch: SealedBatch }
  /** Finish the chunk that is under way, then end. */
  | { readonly type: 'stop' };

export type FromLedger =
  | { readonly type: 'ready' }
  /** The ledger has the job, and with it the acknowledgement that it was received. */
  | { readonly type: 'began'; readonly id: string }
  /** On disk, in order; `journaled` is to be answered when the journal has them. */
  | {
      readonly type: 'verdicts';
      readonly id: string;
      readonly batch: number;
      readonly verdicts: readonly VerdictEntry[];
      /** Every event before it has a verdict among these or before, or was a duplicate. */
      readonly upTo: number;
    }
  | { readonly type: 'done'; readonly id: string; readonly report: JobReport }
  /**
   * The attempt is over without an end: abandoned, stopped, or (`again`) its transaction was lost. `fault`: what the database
   * answered to a value of the document that it does not take.
   */
  | {
      readonly type: 'interrupted';
      readonly id: string;
      readonly again: boolean;
      readonly fault: string | null;
    }
  | { readonly type: 'answer'; readonly call: number; readonly value: unknown }
  | { readonly type: 'failed'; readonly call: number; readonly message: string; readonly away: boolean }
  | { readonly type: 'outage'; readonly message: string }
  | { readonly type: 'recovered' }
  /** For the log: something that an operator should look at, and nothing is lost by. */
  | { readonly type: 'warning'; readonly message: string };

type MessagePort = import('node:worker_threads').MessagePort;
