// What the HTTP and WebSocket side of captures asks for: a body that is durable becomes a job, and jobs, items and
// acknowledgements can be read. One implementation runs the engine's stage; tests of the protocol bring their own.

import type { Finding } from '../epcis/model.ts';
import type { Ack, Behaviour, ItemHistory, JobReport } from '../ledger/model.ts';

/** A body in the spool: whole, synced, and its folder too. */
export interface SpooledBody {
  /** UUID; the file is `<id>.raw` in the spool. */
  readonly id: string;
  readonly bytes: number;
  /** SHA-256, hex. */
  readonly sha256: string;
}

export interface CaptureRequest {
  /** Name of the credential. */
  readonly principal: string;
  /** GLN-13 that the credential is bound to, null = none. */
  readonly gln: string | null;
  /** One of the four that EPCIS names, without parameters. */
  readonly mediaType: string;
  readonly behaviour: Behaviour;
  /** POST /events: the body is one bare event. */
  readonly single: boolean;
}

export type Submitted =
  /** Durable. `replay`: the same bytes came before from the same partner, and this is their job; the new body is gone. */
  | { readonly kind: 'taken'; readonly id: string; readonly replay: boolean }
  /** A fault of the document; its bytes are in the dead letter, durably. */
  | { readonly kind: 'refused'; readonly status: 400 | 403 | 413; readonly findings: readonly Finding[] }
  /** No room: nothing was kept. `detail` says what is full. */
  | { readonly kind: 'busy'; readonly detail: string; readonly retrySeconds: number };

export interface JobsPage {
  /** Jobs of this credential only; null = all. */
  readonly principal: string | null;
  readonly after: string | null;
  readonly limit: number;
}

/** The ledger cannot be asked now: 503. */
export class LedgerAway extends Error {}

export interface CaptureService {
  /** Makes a job of a body, or says why not. */
  submit(body: SpooledBody, request: CaptureRequest): Promise<Submitted>;
  /** Resolves when the job is over. Rejects with LedgerAway after `withinMs`. */
  settled(id: string, withinMs: number): Promise<JobReport>;
  /** Null = unknown, or another credential's. A running job is told without the ledger. */
  job(id: string, principal: string | null): Promise<JobReport | null>;
  /** Newest first, running ones included. Null where nobody knows the job `after`, or any more. */
  jobs(page: JobsPage): Promise<{ readonly jobs: readonly JobReport[]; readonly next: string | null } | null>;
  /** `partner`: as far as the events of this GLN tell; null = all. Null also where there is none of them. */
  item(gtin: string, serial: string, partner: string | null): Promise<ItemHistory | null>;
  /** The canonical form and envelope of a stored event, by its id; `partner` as for an item. */
  event(eventId: string, partner: string | null): Promise<unknown>;
  /** Acknowledgements of a partner behind `after`, in order. */
  acks(partner: string, after: string, limit: number): Promise<readonly Ack[]>;
  /** The partner has everything up to and with `seq`. */
  acknowledge(partner: string, seq: string): Promise<void>;
}
