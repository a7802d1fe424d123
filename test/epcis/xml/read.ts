// What the reader makes of a document, collected.

import type { DocumentHead, Finding, ReadLimits, SourceEvent } from '../../../engine/epcis/model.ts';
import { READ_LIMITS } from '../../../engine/epcis/model.ts';
import { createXmlReader } from '../../../engine/epcis/xml/reader.ts';

export interface Read {
  readonly events: SourceEvent[];
  readonly faults: Finding[];
  readonly head: DocumentHead | null;
}

/** @param sizes of the pieces in which the bytes are handed over, again and again; the whole at once without any. */
export function read(
  document: Uint8Array | string,
  limits: Partial<ReadLimits> = {},
  sizes: readonly number[] = [],
): Read {
  const bytes = typeof document === 'string' ? Buffer.from(document) : document;
  const events: SourceEvent[] = [];
  const faults: Finding[] = [];
  const reader = createXmlReader(
    { event: (event) => events.push(event), fault: (finding) => faults.push(finding) },
    { ...READ_LIMITS, ...limits },
  );
  let at = 0;
  for (let turn = 0; at < bytes.length; turn++) {
    const size = sizes.length === 0 ? bytes.length : (sizes[turn % sizes.length] ?? 1);
    // A copy, so that a reader that holds on to what it was given is found out.
    const piece = Uint8Array.from(bytes.subarray(at, at + size));
    reader.write(piece);
    piece.fill(0xff);
    at += size;
  }
  return { head: reader.end(), events, faults };
}

/** Codes of all faults of an event, in order. */
export function codes(event: SourceEvent | undefined): string[] {
  return (event?.faults ?? []).map(({ code }) => code);
}

const EPCIS_1 = 'urn:epcglobal:epcis:xsd:1';
const EPCIS_2 = 'urn:epcglobal:epcis:xsd:2';

/** A document of EPCIS 2.0 around what stands in its EventList. */
export function document2(events: string, header = ''): string {
  return wrapped(EPCIS_2, '2.0', events, header);
}

/** The same of EPCIS 1.2. */
export function document1(events: string, header = ''): string {
  return wrapped(EPCIS_1, '1.2', events, header);
}

function wrapped(ns: string, version: string, events: string, header: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<epcis:EPCISDocument xmlns:epcis="${ns}" xmlns:ex="https://north.example/ext" xmlns:cbvmda="urn:epcglobal:cbv:mda" schemaVersion="${version}" creationDate="2026-01-02T03:04:05Z">
${header}<EPCISBody><EventList>${events}</EventList></EPCISBody></epcis:EPCISDocument>`;
}

/** What every event begins with. */
export const WHEN =
  '<eventTime>2026-01-02T03:04:05Z</eventTime><eventTimeZoneOffset>+00:00</eventTimeZoneOffset>';

/** A plain object event with these EPCs. */
export function objectEvent(epcs: readonly string[], rest = ''): string {
  const list = epcs.map((epc) => `<epc>${epc}</epc>`).join('');
  return `<ObjectEvent>${WHEN}<epcList>${list}</epcList><action>OBSERVE</action>${rest}</ObjectEvent>`;
}
