// What every handler of the capture interface has at hand.

import type { HttpRequest } from 'uWebSockets.js';
import type { Admitted } from '../../frontend/admission.ts';
import type { Gate } from '../../frontend/captures.ts';
import type { CaptureService } from '../captures.ts';
import type { Spool } from '../spool.ts';
import type { EpcisException } from './exception.ts';
import type { Exchange } from './exchange.ts';

/** Scope of a token, and name of the stream, for everything below /epcis. */
export const SCOPE = 'epcis';

export interface CaptureOptions {
  readonly service: CaptureService;
  readonly spool: Spool;
  /** Most events of a document: what GS1-EPCIS-Capture-Limit tells. */
  readonly maxEvents: number;
  /** GS1-Extensions: prefix to URI, beside those that the rules know. */
  readonly extensions?: Readonly<Record<string, string>>;
  /** How long POST /epcis/events waits for its job, ms. */
  readonly eventWaitMs?: number;
}

export interface Parts extends CaptureOptions {
  readonly gate: Gate;
  /** Headers of every answer. */
  readonly standard: readonly (readonly [string, string])[];
  /** Counts what a shutdown waits for. */
  readonly underWay: { begin(): void; end(): void };
}

/** Answers one admitted request; synchronous with the route's handler as far as `req` is read. */
export type Handler = (exchange: Exchange, req: HttpRequest, from: Admitted) => void;

/** Whose jobs a request sees: its credential's, or all where there are no credentials. */
export function scopeOf({ gate }: Parts, { principal }: Admitted): string | null {
  return gate.admission.open ? null : principal.name;
}

/** Who opened a WebSocket. */
export interface Sender {
  readonly principal: string;
  readonly gln: string | null;
  /** Seconds that the sender is held off, 0 = not. Takes one request out of its rate. */
  readonly held: () => EpcisException | null;
  /** Counts what was refused of the sender against its quota. */
  readonly refused: (records: number) => void;
}
