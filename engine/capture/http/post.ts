// `POST /epcis/capture` and `POST /epcis/events`. What can be refused is refused before the body; the answer goes out when
// the service says that the body is durable, and for a single event when its job is over.

import type { HttpRequest } from 'uWebSockets.js';
import type { Admitted } from '../../frontend/admission.ts';
import type { JobReport } from '../../ledger/model.ts';
import { type CaptureRequest, LedgerAway, type SpooledBody, type Submitted } from '../captures.ts';
import { SpoolFull, type SpoolRefusal } from '../spool.ts';
import { createdEvent } from './created-event.ts';
import { limitHeaders } from './epcis-headers.ts';
import { type EpcisException, exceptionOf } from './exception.ts';
import type { Exchange } from './exchange.ts';
import { jobPath } from './job-forms.ts';
import { bodyType } from './negotiate.ts';
import type { Handler, Parts } from './parts.ts';
import { lengthOf, type Received, receiveBody } from './receive.ts';

/** A refused body longer than this is not read away: the connection ends instead. */
export const MAX_DISCARD_BYTES = 16 * 1024 * 1024;
const EVENT_WAIT_MS = 10_000;

/** Path of a stored event. */
function eventPath(eventId: string): string {
  return `/epcis/events/${encodeURIComponent(eventId)}`;
}

/** Handles both: `single` = the body is one bare event. */
export function postHandler(parts: Parts, single: boolean): Handler {
  return (exchange, req, from) => {
    const declared = lengthOf(req);
    const long = (declared ?? 0) > MAX_DISCARD_BYTES;
    const request = requestOf(req, from, single);
    const why = 'status' in request ? request : limited(parts, from);
    if (why !== null || 'status' in request) {
      refuse(parts, exchange, why as EpcisException, long);
      return;
    }
    const upload = parts.spool.begin(declared);
    if ('kind' in upload) {
      refuse(parts, exchange, refusalOf(parts, upload), long);
      return;
    }
    receiveBody(exchange.res, exchange, declared, upload, (received) => {
      take(parts, exchange, { request, from, declared }, received);
    });
  };
}

/** What a request asks for, or what is wrong with its head. */
function requestOf(
  req: HttpRequest,
  { principal }: Admitted,
  single: boolean,
): CaptureRequest | EpcisException {
  const mediaType = bodyType(req.getHeader('content-type'));
  if (mediaType === null) {
    const detail = 'Send application/json, application/ld+json, application/xml or text/xml; JSON in UTF-8.';
    return { status: 415, code: 'D01_MEDIA_TYPE', detail };
  }
  const encoding = req.getHeader('content-encoding').toLowerCase();
  if (encoding !== '' && encoding !== 'identity') {
    return {
      status: 415,
      code: 'body.encoding',
      detail: 'Send the body as it is, without Content-Encoding.',
    };
  }
  const behaviour = req.getHeader('gs1-capture-error-behaviour').trim() || 'rollback';
  if (behaviour !== 'rollback' && behaviour !== 'proceed') {
    const detail = 'GS1-Capture-Error-Behaviour is rollback or proceed.';
    return { status: 400, code: 'header.behaviour', detail };
  }
  return { principal: principal.name, gln: principal.gln, mediaType, behaviour, single };
}

/** 429 or 503 before a body is taken. */
function limited({ gate }: Parts, { quota }: Admitted): EpcisException | null {
  const nowMs = gate.monotonicMs();
  const why = gate.admission.rate(quota, nowMs) ?? gate.admission.held(quota, nowMs);
  return why === null ? null : exceptionOf(why);
}

interface Asked {
  readonly request: CaptureRequest;
  readonly from: Admitted;
  /** Announced length of the body; null = it came in chunks. */
  readonly declared: number | null;
}

function take(parts: Parts, exchange: Exchange, asked: Asked, received: Received): void {
  const { request, declared } = asked;
  const { gate, service, spool, underWay } = parts;
  if (received instanceof SpoolFull || 'kind' in received) {
    const refusal = received instanceof SpoolFull ? received.refusal : received;
    // Of what is still to come nobody knows how long it is, or it is long.
    refuse(parts, exchange, refusalOf(parts, refusal), declared === null || declared > MAX_DISCARD_BYTES);
    return;
  }
  if (received instanceof Error) {
    exchange.later(Promise.reject(received), gate.onError, () => {});
    return;
  }
  underWay.begin();
  if (gate.admission.draining) {
    const gone = spool.remove(received.id, received.bytes).finally(() => underWay.end());
    const detail = 'The engine is shutting down: send the same request again in a moment.';
    const headers = [['Retry-After', '5']] as const;
    exchange.later(gone, gate.onError, () =>
      refuse(parts, exchange, { status: 503, detail, headers }, false),
    );
    return;
  }
  const submitted = service.submit(received, request).finally(() => underWay.end());
  exchange.later(submitted, gate.onError, (value) => {
    answer(parts, exchange, asked, received, value);
  });
}

function answer(
  parts: Parts,
  exchange: Exchange,
  asked: Asked,
  body: SpooledBody,
  submitted: Submitted,
): void {
  const { request, from } = asked;
  if (submitted.kind === 'busy') {
    refuse(parts, exchange, refusalOf(parts, submitted), false);
  } else if (submitted.kind === 'refused') {
    parts.gate.admission.refused(from.quota, 1);
    refuse(parts, exchange, refusedDocument(parts, body, submitted), false);
  } else if (request.single) {
    answerEvent(parts, exchange, asked, submitted);
  } else {
    exchange.empty(202, jobHeaders(submitted));
  }
}

function jobHeaders({ id, replay }: Submitted & { kind: 'taken' }): (readonly [string, string])[] {
  const location = ['Location', jobPath(id)] as const;
  return replay ? [location, ['Firn-Replay', 'true']] : [location];
}

/** A document that was refused whole. Its bytes are in the dead letter under the id that `instance` tells. */
export function refusedDocument(
  { maxEvents, spool }: Pick<Parts, 'maxEvents' | 'spool'>,
  body: SpooledBody,
  { status, findings }: Submitted & { kind: 'refused' },
): EpcisException {
  const graver = findings.filter(({ severity }) => severity === 'reject');
  const first = graver[0] ?? findings[0];
  return {
    status,
    detail: first === undefined ? 'The document was refused.' : `${first.code}: ${first.detail}`,
    instance: `urn:uuid:${body.id}`,
    findings: [...graver, ...findings.filter(({ severity }) => severity !== 'reject')],
    ...(status === 413 && { headers: limitHeaders(maxEvents, spool.maxBytes) }),
  };
}

/** What a spool or a service without room is answered with. */
export function refusalOf(
  { maxEvents, spool }: Pick<Parts, 'maxEvents' | 'spool'>,
  refusal: SpoolRefusal,
): EpcisException {
  if (refusal.kind === 'busy') {
    const { detail, retrySeconds } = refusal;
    return { status: 503, code: 'capture.busy', detail, headers: [['Retry-After', String(retrySeconds)]] };
  }
  const detail = `A body is at most ${spool.maxBytes} bytes: split the document.`;
  return { status: 413, code: 'D02_BYTE_LIMIT', detail, headers: limitHeaders(maxEvents, spool.maxBytes) };
}

/** Waits for the job of one event: 201, 409 or 400, and 202 with the job where it takes too long. */
function answerEvent(
  parts: Parts,
  exchange: Exchange,
  { request, from }: Asked,
  taken: Submitted & { kind: 'taken' },
): void {
  const { gate, service, eventWaitMs = EVENT_WAIT_MS } = parts;
  const settled = service.settled(taken.id, eventWaitMs).catch((error: unknown) => {
    if (error instanceof LedgerAway) return null;
    throw error;
  });
  exchange.later(settled, gate.onError, (job) => {
    if (job === null) {
      const detail = 'The event is stored durably but not judged yet: its job tells what becomes of it.';
      exchange.json(202, { captureID: taken.id, running: true, detail }, jobHeaders(taken));
      return;
    }
    if (!taken.replay) gate.admission.refused(from.quota, job.rejected);
    finishEvent(parts, exchange, request.mediaType, taken, job);
  });
}

function finishEvent(
  parts: Parts,
  exchange: Exchange,
  mediaType: string,
  taken: Submitted & { kind: 'taken' },
  job: JobReport,
): void {
  const eventId = job.eventIds?.[0];
  const location = ['Location', eventId === undefined ? jobPath(job.id) : eventPath(eventId)] as const;
  if (job.rejected > 0) {
    const findings = job.findings;
    const foreign = findings.some(({ code }) => code === 'L11_GLN_PARTNER_MISMATCH');
    const e = refusedDocument(
      parts,
      { id: job.id, bytes: 0, sha256: job.sha256 },
      { kind: 'refused', status: foreign ? 403 : 400, findings },
    );
    refuse(parts, exchange, { ...e, instance: jobPath(job.id) }, false);
  } else if (job.duplicate > 0 || taken.replay) {
    const detail = 'This event is stored already; nothing was stored again.';
    const headers = taken.replay ? [location, ['Firn-Replay', 'true'] as const] : [location];
    refuse(parts, exchange, { status: 409, code: 'L12_DUPLICATE_EVENT', detail, headers }, false);
  } else if (eventId !== undefined && mediaType.endsWith('json') && exchange.accepted.json) {
    exchange.later(createdEvent(parts.spool.rawPath(job.id), eventId), parts.gate.onError, (event) => {
      if (event === null) exchange.empty(201, [location]);
      else exchange.text(201, 'application/json', event, [location]);
    });
  } else {
    exchange.empty(201, [location]);
  }
}

function refuse({ gate }: Parts, exchange: Exchange, why: EpcisException, close: boolean): void {
  gate.counters.refused += 1;
  exchange.refuse(why, close);
}
