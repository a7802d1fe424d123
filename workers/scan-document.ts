// The task that looks at a document before it is taken: well-formedness, and the rules of the document as a whole. Its
// answer decides between 202 and 4xx; no event is built for it.

import type { DocumentOrder, ScanResult } from '../engine/capture/messages.ts';
import { readDocument } from '../engine/capture/read-document.ts';
import { readParty } from '../engine/epcis/identifiers/gln.ts';
import { type DocumentHead, type Finding, READ_LIMITS } from '../engine/epcis/model.ts';
import { createReader } from '../engine/epcis/read.ts';
import { judgeDocument } from '../engine/epcis/rules/document.ts';

/** Findings of the document that are told; a reader that finds more has found enough. */
const MAX_FINDINGS = 200;

/** Rejects only for what the disk does: a bad document is a result. */
export async function run(order: DocumentOrder): Promise<ScanResult> {
  const { path, mediaType, single, judging } = order;
  const faults: Finding[] = [];
  const fault = (finding: Finding): void => {
    if (faults.length < MAX_FINDINGS) faults.push(finding);
  };
  const reader = createReader(mediaType, { event: null, fault }, READ_LIMITS, { single });
  const head = await readDocument(path, reader);
  if (head === null) return { head, sender: null, findings: faults };
  const partners = judging.partners === null ? null : new Set(judging.partners);
  // Whether the credential may speak for the sender is judged where the credential is known.
  const context = { profile: judging.profile, gln: null, partners };
  const findings = judgeDocument(head, context, faults).slice(0, MAX_FINDINGS);
  return { head, sender: senderOf(head), findings: [...findings, ...tooMany(head, judging.maxEvents)] };
}

function senderOf({ sender }: DocumentHead): string | null {
  if (sender === null) return null;
  const { gln } = readParty(sender);
  return gln === '' ? null : gln;
}

function tooMany({ events }: DocumentHead, maxEvents: number): Finding[] {
  if (events <= maxEvents) return [];
  const detail = `${events} events, this server takes ${maxEvents} in a document`;
  return [{ code: 'D03_EVENT_LIMIT', severity: 'reject', event: null, pointer: '', detail }];
}
