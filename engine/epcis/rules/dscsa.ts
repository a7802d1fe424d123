// The steps of a DSCSA product's life as GS1 US describes them, P01 to P16, P18 and P19: which shape each step has. Source:
// GS1 US implementation guideline R1.2 and R1.3 by their published examples.

import { bareWord } from '../cbv.ts';
import { readIdentifier } from '../identifiers/read.ts';
import type { DocumentHead, EventFields, Extension, SourceEvent, TypedId } from '../model.ts';
import type { RuleCode } from '../rule-codes.ts';
import { inNamespace, MASTER_DATA, US_HEALTHCARE } from './namespaces.ts';
import type { Report, Rule, Subject } from './rule.ts';
import { told } from './rule.ts';
import { isDay } from './times.ts';

type StepRule = (subject: Subject, report: Report) => void;

/** What a step's event has to be; null = any. */
interface Form {
  readonly code: RuleCode;
  readonly type: string;
  readonly action: string;
}

/** A type or action that cannot be read is S01's and S04's. */
function judgeForm({ type, action }: Subject, form: Form, report: Report): void {
  if (type !== null && type !== form.type)
    report(form.code, ['type'], `${type}, where the step has ${form.type}`);
  else if (action !== null && action !== form.action)
    report(form.code, ['action'], `${action}, where the step has ${form.action}`);
}

function judgeDisposition(subject: Subject, code: RuleCode, expected: string, report: Report): void {
  if (subject.disposition !== expected)
    report(code, ['disposition'], `${told(subject.disposition || null)}, where the step has ${expected}`);
}

function judgePlaces(
  { readPoint, bizLocation }: EventFields,
  code: RuleCode,
  report: Report,
  needed: readonly ('readPoint' | 'bizLocation')[] = ['readPoint', 'bizLocation'],
): void {
  for (const name of needed) {
    if (!(name === 'readPoint' ? readPoint : bizLocation)?.id) report(code, [name], `no ${name}`);
  }
}

/** A trade item with a number of its own. One with a fault is refused for that. */
function isTradeItem(epc: string): boolean {
  const { kind } = readIdentifier(epc);
  return kind === 'sgtin' || kind === 'itip' || kind === 'upui';
}

/** A leaf of ILMD in the namespace of CBV master data; null = missing, or without a value. */
function masterValue(ilmd: readonly Extension[] | undefined, name: string): [number, string] | null {
  const at = ilmd?.findIndex((each) => each.name === name && inNamespace(each, MASTER_DATA)) ?? -1;
  const value = ilmd?.[at]?.value.trim() ?? '';
  return value === '' ? null : [at, value];
}

const commissioning: StepRule = (subject, report) => {
  const { fields } = subject.event;
  judgeForm(subject, { code: 'P07_COMM_ACTION', type: 'ObjectEvent', action: 'ADD' }, report);
  judgeDisposition(subject, 'P08_COMM_DISPOSITION', 'active', report);
  judgePlaces(fields, 'P09_COMM_LOCATION', report);
  if (fields.epcList?.some(isTradeItem) === true) {
    if (masterValue(fields.ilmd, 'lotNumber') === null)
      report('P04_COMM_LOT_MISSING', ['ilmd'], 'trade items without cbvmda:lotNumber');
    if (masterValue(fields.ilmd, 'itemExpirationDate') === null)
      report('P05_COMM_EXPIRY_MISSING', ['ilmd'], 'trade items without cbvmda:itemExpirationDate');
  }
  const expiry = masterValue(fields.ilmd, 'itemExpirationDate');
  if (expiry !== null && !isDay(expiry[1]))
    report('P06_EXPIRY_FORMAT', ['ilmd', expiry[0]], `${told(expiry[1])}, not a day as YYYY-MM-DD`);
};

const packing: StepRule = (subject, report) => {
  judgeForm(subject, { code: 'P10_PACKING_FORM', type: 'AggregationEvent', action: 'ADD' }, report);
  judgePlaces(subject.event.fields, 'P10_PACKING_FORM', report);
};

const unpacking: StepRule = (subject, report) => {
  judgeForm(subject, { code: 'P10_PACKING_FORM', type: 'AggregationEvent', action: 'DELETE' }, report);
};

function hasType(list: readonly TypedId[] | undefined, word: string, event: SourceEvent): boolean {
  return list?.some(({ type }) => bareWord('sourceDest', type ?? '', event.prefixes) === word) === true;
}

const PAPERS: readonly string[] = ['po', 'desadv'];

/** The header fails the shipping events and no others: a document that ships nothing may do without. */
function judgeHeader(head: DocumentHead, report: Report): void {
  const wanted: [string, string | null][] = [
    ['sender', head.sender],
    ['receiver', head.receiver],
    ['instance identifier', head.instanceIdentifier],
  ];
  // In JSON it is creationDate itself, which D08 wants already.
  if (head.form !== 'json') wanted.push(['time of creation', head.createdAt]);
  const missing = wanted.filter(([, value]) => !value?.trim()).map(([name]) => name);
  if (missing.length > 0) report('P03_SBDH', [], `the document has no ${missing.join(', no ')}`);
  if (head.statement === null) report('P01_TS_MISSING', [], 'the document has no dscsaTransactionStatement');
  else {
    const { affirmed, legalNotice } = head.statement;
    if (affirmed !== 'true' && affirmed !== '1')
      report('P02_TS_NOT_AFFIRMED', [], `affirmTransactionStatement is ${told(affirmed)}, not true`);
    else if (!legalNotice?.trim())
      report('P02_TS_NOT_AFFIRMED', [], 'the transaction statement has no legalNotice');
  }
}

const shipping: Rule = (subject, report, { head }) => {
  const { event } = subject;
  const { fields } = event;
  judgeHeader(head, report);
  judgeForm(subject, { code: 'P13_SHIP_FORM', type: 'ObjectEvent', action: 'OBSERVE' }, report);
  judgeDisposition(subject, 'P13_SHIP_FORM', 'in_transit', report);
  judgePlaces(fields, 'P13_SHIP_FORM', report, ['readPoint']);
  for (const name of ['sourceList', 'destinationList'] as const) {
    if (!hasType(fields[name], 'owning_party', event))
      report('P11_SHIP_OWNING_PARTY', [name], `no owning_party in ${name}`);
    if (!hasType(fields[name], 'location', event))
      report('P12_SHIP_LOCATION', [name], `no location in ${name}`);
  }
  const papers = fields.bizTransactionList?.some(({ type }) =>
    PAPERS.includes(bareWord('bizTransaction', type ?? '', event.prefixes)),
  );
  if (papers !== true) report('P14_SHIP_BIZTX', ['bizTransactionList'], 'neither po nor desadv');
  if (fields.bizLocation !== undefined)
    report('P15_SHIP_BIZLOCATION', ['bizLocation'], told(fields.bizLocation.id));
  if (!fields.ext.some((each) => each.name === 'dropShipment' && inNamespace(each, US_HEALTHCARE)))
    report('P16_DROPSHIP', [], 'no gs1ushc:dropShipment');
};

const receiving: StepRule = (subject, report) => {
  const code = 'P18_RECEIVING_FORM';
  judgeForm(subject, { code, type: 'ObjectEvent', action: 'OBSERVE' }, report);
  judgeDisposition(subject, code, 'in_progress', report);
  judgePlaces(subject.event.fields, code, report);
};

const ending: StepRule = (subject, report) => {
  const code = 'P19_DECOMMISSION_FORM';
  judgeForm(subject, { code, type: 'ObjectEvent', action: 'DELETE' }, report);
  if (subject.event.fields.ilmd !== undefined) report(code, ['ilmd'], 'ilmd, which belongs to commissioning');
};

const STEPS: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['commissioning', commissioning],
  ['packing', packing],
  ['unpacking', unpacking],
  ['shipping', shipping],
  ['receiving', receiving],
  ['decommissioning', ending],
  ['destroying', ending],
  ['dispensing', ending],
]);

export const dscsaSteps: Rule = (subject, report, context) => {
  STEPS.get(subject.step)?.(subject, report, context);
};
