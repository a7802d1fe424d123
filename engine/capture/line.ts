// The line of an accepted event in the lake (stream `epcis`, schema `epcis-event/1`): the canonical form, what it is known
// by, where it came from, and its own characters as they were sent. Pure: the same event gives the same bytes, whoever asks.
//
//   canonical capture_id declared_at doc document_sha256 event_hash event_id index ni partner_gln raw received_utc
//   record_utc seq timestamp_utc warnings

import { canonicalise } from '../../workers/canonicalise.ts';
import { utc } from '../clock.ts';
import type { Canonical, JudgedEvent } from '../epcis/judged.ts';
import type { DocumentHead } from '../epcis/model.ts';
import type { JobOrder, Verdict } from '../ledger/model.ts';

export type LineOrder = Pick<JobOrder, 'id' | 'partner' | 'receivedMs' | 'sha256'> & {
  readonly head: Omit<DocumentHead, 'masterData'>;
};

/** An event with a canonical form: only such a one is accepted. */
export type AcceptedEvent = Pick<JudgedEvent, 'index' | 'span'> & { readonly canonical: Canonical };

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** JCS of the line, without LF. `raw`: the event's bytes, `event.span.length` of them. */
export function eventLine(order: LineOrder, event: AcceptedEvent, verdict: Verdict, raw: Uint8Array): string {
  const { canonical, span, index } = event;
  const line: Readonly<Record<string, unknown>> = {
    capture_id: order.id,
    declared_at: canonical.declaredAt,
    doc: docOf(order.head),
    document_sha256: order.sha256,
    event_hash: canonical.hash,
    event_id: canonical.eventId,
    index,
    ni: canonical.ni,
    partner_gln: order.partner,
    raw: rawOf(span, raw),
    received_utc: utc(order.receivedMs),
    record_utc: utc(verdict.recordMs),
    seq: verdict.seq,
    timestamp_utc: canonical.event.eventTime,
    warnings: warningsOf(verdict),
  };
  // `canonical` sorts before every other member, and its text is JCS already.
  return `{"canonical":${canonical.json},${canonicalise(line).slice(1)}`;
}

function docOf(head: LineOrder['head']): object {
  const { createdAt, creationDate, guidelineVersion, instanceIdentifier } = head;
  const { receiver, schemaVersion, sender, statement } = head;
  return {
    createdAt,
    creationDate,
    guidelineVersion,
    instanceIdentifier,
    receiver,
    schemaVersion,
    sender,
    statement,
  };
}

/** The characters where the bytes are UTF-8 text; what is not (UTF-16) keeps its bytes. */
function rawOf({ offset, length }: JudgedEvent['span'], raw: Uint8Array): object {
  const text = textOf(raw);
  if (text !== null) return { length, offset, text };
  return { b64: Buffer.from(raw).toString('base64'), length, offset, text };
}

function textOf(raw: Uint8Array): string | null {
  // UTF-16 of Latin letters is valid UTF-8 too, full of zeros, which neither XML nor JSON may hold.
  if (raw.includes(0)) return null;
  try {
    return decoder.decode(raw);
  } catch {
    return null;
  }
}

function warningsOf({ findings }: Verdict): string[] {
  const codes = findings.filter(({ severity }) => severity === 'warn').map(({ code }) => code);
  return [...new Set(codes)].sort();
}
