// What can be read below /epcis: jobs, stored events, histories of items, acknowledgements.

import type { HttpRequest } from 'uWebSockets.js';
import { utc } from '../../clock.ts';
import type { Admitted } from '../../frontend/admission.ts';
import { queryValue } from '../../frontend/query.ts';
import { ackJson } from '../ack-json.ts';
import type { EpcisException } from './exception.ts';
import { jobJson, jobXml } from './job-forms.ts';
import { type Handler, type Parts, scopeOf } from './parts.ts';
import { lengthOf, readSmallBody } from './receive.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Jobs of a page where nobody says how many (openapi.yaml), and the most that it has. */
const PAGE = 30;
const MAX_PAGE = 1000;
/** How long a page token is promised to work; it does so for as long as the job that it names is kept. */
const TOKEN_MS = 86_400_000;
const MAX_ACK_BODY_BYTES = 1024;
/** Within the eight bytes that a number has in the ledger. */
const SEQ = /^\d{1,18}$/;

const NOT_FOUND: EpcisException = {
  status: 404,
  code: 'resource.unknown',
  detail: 'There is nothing of this name.',
};

/** GET /epcis/capture/{id} */
export function jobHandler(parts: Parts): Handler {
  return (exchange, req, from) => {
    const id = (req.getParameter(0) ?? '').toLowerCase();
    if (!UUID.test(id)) {
      exchange.refuse(unknownJob());
      return;
    }
    const { preferred, xmlType } = exchange.accepted;
    exchange.later(parts.service.job(id, scopeOf(parts, from)), parts.gate.onError, (job) => {
      if (job === null) exchange.refuse(unknownJob());
      else if (preferred === 'xml') exchange.text(200, `${xmlType}; charset=utf-8`, jobXml(job));
      else exchange.json(200, jobJson(job));
    });
  };
}

function unknownJob(): EpcisException {
  return {
    status: 404,
    code: 'capture.unknown',
    detail: 'There is no capture job of this id for this credential.',
  };
}

/** GET /epcis/capture */
export function jobsHandler(parts: Parts): Handler {
  return (exchange, req, from) => {
    const limit = pageSize(req, PAGE);
    const token = queryValue(req, 'nextPageToken');
    if (limit === null || (token !== undefined && !/^[\x21-\x7e]{1,200}$/.test(token))) {
      const detail =
        'perPage is a whole number from 1, nextPageToken what the Link of the page before it says.';
      exchange.refuse({ status: 400, code: 'query.page', detail });
      return;
    }
    const page = { principal: scopeOf(parts, from), after: token ?? null, limit };
    exchange.later(parts.service.jobs(page), parts.gate.onError, (found) => {
      if (found === null) {
        const detail = 'The nextPageToken is none of this server, or has expired: begin again without it.';
        exchange.refuse({ status: 400, code: 'query.page', detail });
        return;
      }
      const { jobs, next } = found;
      const more =
        next === null
          ? []
          : ([
              ['Link', `<${pagePath(limit, next)}>; rel="next"`],
              ['GS1-Next-Page-Token-Expires', utc(Date.now() + TOKEN_MS)],
            ] as const);
      exchange.json(200, jobs.map(jobJson), more);
    });
  };
}

function pagePath(limit: number, next: string): string {
  return `/epcis/capture?perPage=${limit}&nextPageToken=${encodeURIComponent(next)}`;
}

/** `perPage`, at most MAX_PAGE; null for what is none. */
function pageSize(req: HttpRequest, usual: number): number | null {
  const text = queryValue(req, 'perPage');
  if (text === undefined) return usual;
  return /^[1-9]\d{0,8}$/.test(text) ? Math.min(MAX_PAGE, Number(text)) : null;
}

/** GET /epcis/events/{eventID}. An id is a URI: percent-encoded, or as it is, since nothing else is below this path. */
export function eventHandler(parts: Parts): Handler {
  return (exchange, req, from) => {
    const path = decoded(req.getUrl().slice('/epcis/events/'.length));
    // Without a query it is undefined, whatever its type says.
    const query: string | undefined = req.getQuery();
    const id = path === null || !query || path.includes('?') ? path : `${path}?${query}`;
    if (id === null || id === '') {
      exchange.refuse(NOT_FOUND);
      return;
    }
    exchange.later(parts.service.event(id, sightOf(from)), parts.gate.onError, (event) => {
      if (event === null || event === undefined) exchange.refuse(NOT_FOUND);
      else exchange.json(200, event);
    });
  };
}

/** GET /epcis/items/{gtin}/{serial}; /epcis/items/00/{SSCC} for what has no GTIN. */
export function itemHandler(parts: Parts): Handler {
  return (exchange, req, from) => {
    const key = itemKey(req.getParameter(0) ?? '', decoded(req.getParameter(1) ?? ''));
    if (key === null) {
      const detail =
        'An item is named by GTIN (8, 12, 13 or 14 digits) and serial number, or by 00 and SSCC.';
      exchange.refuse({ status: 400, code: 'item.key', detail });
      return;
    }
    exchange.later(parts.service.item(...key, sightOf(from)), parts.gate.onError, (item) => {
      if (item === null) exchange.refuse(NOT_FOUND);
      else exchange.json(200, item);
    });
  };
}

/**
 * Whose events a request may read: those of the GLN that its credential is bound to. Null = everybody's: a credential of no
 * GLN is the operator's own, and so is one with the right to send dead letters again, which shows them.
 */
function sightOf({ principal }: Admitted): string | null {
  return principal.replay ? null : principal.gln;
}

/** GTIN-14 and serial as the ledger has them. */
function itemKey(gtin: string, serial: string | null): [gtin: string, serial: string] | null {
  if (serial === null || serial === '' || serial.length > 200) return null;
  if (gtin === '00') return /^\d{18}$/.test(serial) ? ['', `(00)${serial}`] : null;
  return /^(\d{8}|\d{12,14})$/.test(gtin) ? [gtin.padStart(14, '0'), serial] : null;
}

/** Null for what is no text, or no text of SQL: nothing that is stored has a NUL. */
function decoded(part: string): string | null {
  try {
    const text = decodeURIComponent(part);
    return text.includes('\0') ? null : text;
  } catch {
    return null;
  }
}

/** GET /epcis/acks?after=N */
export function acksHandler(parts: Parts): Handler {
  return (exchange, req, from) => {
    const limit = pageSize(req, 100);
    const after = queryValue(req, 'after') ?? '0';
    const partner = partnerOf(req, from);
    if (limit === null || !SEQ.test(after)) {
      const detail =
        'after is the number of the last acknowledgement that you have, 0 at first; perPage from 1.';
      exchange.refuse({ status: 400, code: 'query.after', detail });
      return;
    }
    if (typeof partner !== 'string') {
      exchange.refuse(partner);
      return;
    }
    exchange.later(parts.service.acks(partner, after, limit), parts.gate.onError, (acks) => {
      exchange.json(200, { partner, acks: acks.map(ackJson), next: acks.at(-1)?.seq ?? after });
    });
  };
}

/** POST /epcis/acks {"seq": N}: everything up to and with N has arrived. */
export function acknowledgeHandler(parts: Parts): Handler {
  return (exchange, req, from) => {
    const partner = partnerOf(req, from);
    if (typeof partner !== 'string') {
      exchange.refuse(partner);
      return;
    }
    readSmallBody(exchange, lengthOf(req), MAX_ACK_BODY_BYTES, (body) => {
      const seq = body === null ? null : seqOf(body);
      if (seq === null) {
        const detail = 'Send {"seq": N}, the number of the last acknowledgement that you have.';
        exchange.refuse({ status: 400, code: 'ack.seq', detail });
        return;
      }
      exchange.later(parts.service.acknowledge(partner, seq), parts.gate.onError, () =>
        exchange.empty(204, []),
      );
    });
  };
}

function seqOf(body: Uint8Array): string | null {
  try {
    const { seq } = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as { seq?: unknown };
    const text = typeof seq === 'number' && Number.isSafeInteger(seq) ? String(seq) : seq;
    return typeof text === 'string' && SEQ.test(text) ? text : null;
  } catch {
    return null;
  }
}

/** Whose acknowledgements: the GLN that the credential is bound to; one that is bound to none says which. */
function partnerOf(req: HttpRequest, { principal }: Admitted): string | EpcisException {
  const asked = queryValue(req, 'partner');
  if (asked !== undefined && asked !== '' && !/^\d{13}$/.test(asked))
    return { status: 400, code: 'query.partner', detail: 'partner is a GLN of 13 digits.' };
  if (principal.gln === null) return asked ?? '';
  if (asked === undefined || asked === principal.gln) return principal.gln;
  return { status: 403, code: 'access.partner', detail: 'This credential is bound to another GLN.' };
}
