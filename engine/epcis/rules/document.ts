// Rules of the document as a whole: D07, D08 and D11, P17, P20, I05 and I14 of what its header says, L10_UNVERIFIED, L11.

import { type HeadField, placeInHead } from '../head-places.ts';
import { readParty } from '../identifiers/gln.ts';
import { readIdentifier } from '../identifiers/read.ts';
import type { Profile } from '../judged.ts';
import type { DocumentHead, Finding, MasterElement } from '../model.ts';
import { type RuleCode, severityOf } from '../rule-codes.ts';
import { told } from './rule.ts';
import { isDateTime } from './times.ts';

export interface DocumentContext {
  readonly profile: Profile;
  /** GLN-13 of the credential that sends; null = it has none, and the sender is not compared (L11). */
  readonly gln: string | null;
  /** GLN-13s of the directory; null = there is none. */
  readonly partners: ReadonlySet<string> | null;
}

type Told = (code: RuleCode, field: HeadField, detail: string) => void;

/** Versions that are read; the pattern of the schema would let 3.0 pass. */
const VERSION = /^(1\.[012]|2\.0(\.\d{1,3})*)$/;

/**
 * What is wrong with a document beside its events.
 * @param faults what the reader found already: it is told with the rest and not twice
 */
export function judgeDocument(
  head: DocumentHead,
  context: DocumentContext,
  faults: readonly Finding[] = [],
): Finding[] {
  const findings: Finding[] = [...faults];
  const report: Told = (code, field, detail) => {
    const severity = severityOf(code, context.profile);
    if (severity === 'off' || faults.some((fault) => fault.code === code)) return;
    const pointer = placeInHead(field, head.form);
    findings.push({ code, severity, event: null, pointer, detail });
  };
  // A bare event says nothing of itself.
  if (head.root !== 'event') {
    if (head.context === false) report('D09_CONTEXT_MISSING', 'context', 'no @context');
    judgeVersion(head, report);
    judgeHeader(head, report);
    judgeMasterData(head.masterData, report);
    if (head.noEventList === true) report('D10_EPCIS_BODY', 'eventList', 'no list of events');
    else if (head.events === 0 && !faults.some(({ code }) => code === 'D10_EPCIS_BODY'))
      report('D11_NO_EVENTS', 'eventList', 'no event');
  }
  for (const name of ['sender', 'receiver'] as const) {
    // The digit is verified; parties that are named by no GLN at all are not refused for it.
    const { fault } = readParty(head[name] ?? '');
    if (fault?.code === 'I05_GLN_CHECK_DIGIT') report(fault.code, name, fault.detail);
  }
  judgeSender(head, context, report);
  if (context.partners === null && head.events > 0)
    report('L10_UNVERIFIED', 'document', 'no directory of partners: GLNs have their syntax and check digit');
  return findings;
}

function judgeVersion({ schemaVersion, creationDate, root }: DocumentHead, report: Told): void {
  if (schemaVersion === null) report('D07_SCHEMA_VERSION', 'schemaVersion', 'no schemaVersion');
  else if (!VERSION.test(schemaVersion))
    report('D07_SCHEMA_VERSION', 'schemaVersion', `${told(schemaVersion)}, not 1.0, 1.1, 1.2 or 2.0`);
  if (creationDate === null) {
    if (root === 'EPCISDocument') report('D08_CREATION_DATE', 'creationDate', 'no creationDate');
  } else if (!isDateTime(creationDate)) {
    report('D08_CREATION_DATE', 'creationDate', `${told(creationDate)}, not a date and time that exists`);
  }
}

function judgeHeader(head: DocumentHead, report: Told): void {
  if (!head.guidelineVersion?.trim())
    report('P20_GUIDELINE_VERSION', 'header', 'no gs1ushc:guidelineVersion');
}

const PRODUCT_ATTRIBUTES = [
  'additionalTradeItemIdentification',
  'additionalTradeItemIdentificationTypeCode',
  'regulatedProductName',
  'manufacturerOfTradeItemPartyName',
  'dosageFormType',
  'strengthDescription',
  'netContentDescription',
];
const PARTY_ATTRIBUTES = ['name', 'streetAddressOne', 'city', 'countryCode'];

/** The vocabularies that the guideline wants, by the end of their type, and what their elements say. */
const VOCABULARIES: readonly (readonly [string, readonly string[]])[] = [
  ['EPCClass', PRODUCT_ATTRIBUTES],
  ['Location', PARTY_ATTRIBUTES],
];

function judgeMasterData(elements: readonly MasterElement[], report: Told): void {
  for (const [name, wanted] of VOCABULARIES) {
    const of = elements.filter(({ vocabulary }) => vocabulary.endsWith(`:${name}`));
    if (of.length === 0) report('P17_MASTER_DATA', 'masterData', `no vocabulary ${name}`);
    for (const { id, attributes } of of) {
      const missing = wanted.filter(
        (each) => !attributes.some(([attribute, value]) => attribute === each && value !== ''),
      );
      if (missing.length > 0)
        report('P17_MASTER_DATA', 'masterData', `${told(id)} has no ${missing.join(', ')}`);
    }
    if (name === 'EPCClass') for (const element of of) judgeProductCode(element, report);
  }
}

const NDC_DIGITS = 10;

/** GTIN-14 of a US drug: indicator, `03`, the ten digits of the NDC, check digit. */
function judgeProductCode({ id, attributes }: MasterElement, report: Told): void {
  const { gtin } = readIdentifier(id);
  const value = (name: string): string => attributes.find(([attribute]) => attribute === name)?.[1] ?? '';
  if (gtin === '' || value('additionalTradeItemIdentificationTypeCode') !== 'US_FDA_NDC') return;
  const ndc = value('additionalTradeItemIdentification').replaceAll('-', '').trim();
  // Eleven digits are the form of billing, with a zero put in that nobody can find again.
  if (ndc.length !== NDC_DIGITS || gtin.slice(1, 13) === `03${ndc}`) return;
  report('I14_NDC_MISMATCH', 'masterData', `GTIN ${gtin} and NDC ${told(ndc)}`);
}

function judgeSender({ sender }: DocumentHead, { gln }: DocumentContext, report: Told): void {
  if (sender === null || sender.trim() === '') return;
  const party = readParty(sender);
  if (gln !== null && party.gln !== gln)
    report('L11_GLN_PARTNER_MISMATCH', 'sender', `sender ${told(sender)}, credential ${gln}`);
}
