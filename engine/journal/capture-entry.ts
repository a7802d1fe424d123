// What the journal says of a capture (an EPCIS document that was sent): three control entries. The document and the lines
// that come of it lie in files of the spool; an entry names the file, the place and the hash, never the bytes.
//
//   capture   the body is durable in `<id>.raw`; sent before the 202, or before the refusal of the whole document
//   verdict   what became of one event: a line for the lake (accepted), or a dead letter (refused); of a document that is
//             refused whole one for each piece of its bytes
//   captured  progress, and at last the end: nothing more comes of this capture
//
// Verdicts come in the order of the events. An event that is passed over, since the next verdict or `upTo` lies behind it,
// was a duplicate: so the counts are right wherever a crash cuts the journal off.

import type { DocumentHead, Finding } from '../epcis/model.ts';
import { printable } from '../schema/describe.ts';

/** A document's head as the journal keeps it: master data is in the document, and long texts are cut. */
export type CaptureHead = Omit<DocumentHead, 'masterData'>;

export interface CaptureEntry {
  /** UUID. The body is `<id>.raw` in the spool. */
  readonly id: string;
  /** Name of the credential. */
  readonly principal: string;
  /** GLN-13 of the partner that sent it, `''` where nobody said. */
  readonly partner: string;
  /** SHA-256 of the body, hex. */
  readonly sha256: string;
  readonly bytes: number;
  /** One of the four that EPCIS names. */
  readonly media: string;
  readonly behaviour: 'rollback' | 'proceed';
  /** One bare event instead of a document. */
  readonly single: boolean;
  /** Unix ms at which the body was durable. */
  readonly receivedMs: number;
  /** Null where the document has none. */
  readonly head: CaptureHead | null;
  /** Why the whole document is refused: then no job comes of it, and its bytes go to the dead letter. */
  readonly refused: Finding | null;
}

interface Placed {
  readonly capture: string;
  /** Name of a file in the spool, and where the bytes lie in it. */
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
}

/** A line for the lake: `bytes` with its LF. */
export interface AcceptedVerdict extends Placed {
  readonly kind: 'accepted';
  readonly event: number;
  /** The event's time, Unix ms: `timestamp_utc` of the line, and the day that it lies in. */
  readonly ms: number;
  /** RFC 6962 leaf hash of the line without its LF, hex. */
  readonly leaf: string;
}

/** A dead letter: `bytes` as they were sent. */
export interface RefusedVerdict extends Placed {
  readonly kind: 'refused';
  /** Null for a piece of a document that is refused whole. */
  readonly event: number | null;
  readonly piece: number | null;
  /** Code of the rule that refuses it. */
  readonly code: string;
  readonly detail: string;
  /** JSON Pointer or XPath; null where it is the whole. */
  readonly path: string | null;
}

export type VerdictEntry = AcceptedVerdict | RefusedVerdict;

export interface CapturedEntry {
  readonly capture: string;
  /** Index of the next event to judge: every one before it has its verdict in the journal, or was a duplicate. */
  readonly upTo: number;
  /** `success`: as EPCIS says it of a capture job. */
  readonly end: { readonly success: boolean; readonly finishedMs: number } | null;
}

/** Longest text of a head in the journal, in UTF-16 units. */
const MAX_TEXT = 4096;
const MAX_PATH = 1024;
/** The last millisecond of the year 9999. */
const MAX_MS = 253_402_300_799_999;
const HEX_64 = /^[0-9a-f]{64}$/;

/** The entry of a body that is durable: what would not fit a slab is left out. */
export function captureEntry(
  capture: Omit<CaptureEntry, 'head'> & { readonly head: DocumentHead | CaptureHead | null },
): CaptureEntry {
  const { id, principal, partner, sha256, bytes, media, behaviour, single, receivedMs } = capture;
  const common = { id, principal, partner, sha256, bytes, media, behaviour, single, receivedMs };
  const refused = capture.refused === null ? null : shortFinding(capture.refused);
  return { ...common, head: capture.head === null ? null : shortHead(capture.head), refused };
}

/** @throws RangeError for a time that no line can have: such an event must have been refused. */
export function acceptedVerdict(verdict: Omit<AcceptedVerdict, 'kind'>): AcceptedVerdict {
  const { capture, event, file, offset, bytes, ms, leaf } = verdict;
  if (!(Number.isInteger(ms) && ms >= 0 && ms <= MAX_MS))
    throw new RangeError(`${ms} is no time from 1970 to 9999: the event cannot be accepted`);
  if (!HEX_64.test(leaf)) throw new RangeError(`${leaf} is no leaf hash`);
  return { capture, event, kind: 'accepted', file, offset, bytes, ms, leaf };
}

/** The detail is made printable and cut to the 200 characters of a dead letter. */
export function refusedVerdict(verdict: Omit<RefusedVerdict, 'kind'>): RefusedVerdict {
  const { capture, event, file, offset, bytes, code, piece } = verdict;
  const path = verdict.path === null || verdict.path === '' ? null : cut(verdict.path, MAX_PATH);
  const detail = printable(verdict.detail);
  return { capture, event, kind: 'refused', file, offset, bytes, code, detail, path, piece };
}

/** Name under which the same body of the same sender is found again, whatever characters the names hold. */
export function bodyKey(body: Pick<CaptureEntry, 'principal' | 'partner' | 'sha256' | 'single'>): string {
  const { principal, partner, sha256, single } = body;
  const owner = partner === '' ? `p${principal}` : `g${partner}`;
  return `${single ? 1 : 0}${sha256}${owner}`;
}

function shortHead(head: DocumentHead | CaptureHead): CaptureHead {
  const { form, root, events, statement } = head;
  const short = (text: string | null): string | null => (text === null ? null : cut(text, MAX_TEXT));
  return {
    form,
    root,
    schemaVersion: short(head.schemaVersion),
    creationDate: short(head.creationDate),
    sender: short(head.sender),
    receiver: short(head.receiver),
    instanceIdentifier: short(head.instanceIdentifier),
    createdAt: short(head.createdAt),
    guidelineVersion: short(head.guidelineVersion),
    statement:
      statement === null
        ? null
        : { affirmed: short(statement.affirmed), legalNotice: short(statement.legalNotice) },
    events,
  };
}

function shortFinding({ code, severity, event, pointer, detail }: Finding): Finding {
  return { code, severity, event, pointer: cut(pointer, MAX_PATH), detail: printable(detail) };
}

/** At most `most` units; a pair that the cut goes through, or half of one, becomes U+FFFD. */
function cut(text: string, most: number): string {
  return text.slice(0, most).toWellFormed();
}
