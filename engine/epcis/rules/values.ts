// Values within an event: S14 quantities, S15 sources and destinations, S17 error declaration, S18 sensors,
// S19 persistent disposition, S20 URIs, S22 repeats in a list.

import { canonicalDecimal } from '../decimal.ts';
import { isAbsoluteUri, isTooLong, MAX_URI_BYTES, readIdentifier } from '../identifiers/read.ts';
import type { EventFields, Extension, Quantity, SensorElement, SourceEvent, TypedId } from '../model.ts';
import { readTime } from '../time.ts';
import { isUnnamed } from './namespaces.ts';
import type { Report, Rule } from './rule.ts';
import { told } from './rule.ts';
import { isDateTime } from './times.ts';
import { faultOfWord } from './words.ts';

const QUANTITY_LISTS = [
  'quantityList',
  'childQuantityList',
  'inputQuantityList',
  'outputQuantityList',
] as const;
export const EPC_LISTS = ['epcList', 'childEPCs', 'inputEPCList', 'outputEPCList'] as const;
/** 0001-01-01T00:00:00Z: neither XML Schema 1.0 nor PostgreSQL has a year 0. */
const YEAR_1_MS = -62_135_596_800_000;
const UOM = /^[A-Z0-9]{2,3}$/;

export const values: Rule = ({ event }, report) => {
  const { fields } = event;
  for (const name of QUANTITY_LISTS) {
    for (const [i, quantity] of (fields[name] ?? []).entries())
      judgeQuantity(quantity, name, i, event, report);
  }
  for (const [i, each] of (fields.bizTransactionList ?? []).entries()) {
    if (!each.id) report('S15_SOURCE_DEST', ['bizTransactionList', i], 'no value');
  }
  for (const name of ['sourceList', 'destinationList'] as const) {
    for (const [i, each] of (fields[name] ?? []).entries()) judgeTyped(each, name, i, report);
  }
  if (fields.errorDeclaration !== undefined) judgeDeclaration(event, report);
  for (const [i, sensor] of (fields.sensorElementList ?? []).entries()) judgeSensor(sensor, i, event, report);
  judgePersistent(fields, report);
  judgeUris(fields, report);
  judgeExtensions(fields.ext, report);
};

function judgeQuantity(
  { epcClass, quantity, uom }: Quantity,
  name: string,
  i: number,
  event: SourceEvent,
  report: Report,
): void {
  // One that could not be read is the reader's to tell.
  const misread = event.faults.some(({ path }) => path[0] === name && path[1] === i);
  if (!epcClass && !misread) report('S14_QUANTITY', [name, i], 'no epcClass');
  if (quantity !== undefined) {
    // xsd:decimal has no exponent, a JSON number may have one.
    const number = canonicalDecimal(quantity);
    if (number === null || (event.form !== 'json' && /e/i.test(quantity)))
      report('S14_QUANTITY', [name, i, 'quantity'], `quantity ${told(quantity)} is no number`);
  }
  if (uom !== undefined && !UOM.test(uom))
    report('S14_QUANTITY', [name, i, 'uom'], `uom ${told(uom)}, not 2 or 3 capital letters or digits`);
}

function judgeTyped({ type, id }: TypedId, name: string, i: number, report: Report): void {
  if (!type) report('S15_SOURCE_DEST', [name, i], 'no type');
  if (!id) report('S15_SOURCE_DEST', [name, i], 'no value');
}

function judgeDeclaration(event: SourceEvent, report: Report): void {
  const declaration = event.fields.errorDeclaration;
  if (declaration === undefined) return;
  const { declarationTime, reason, correctiveEventIDs } = declaration;
  const code = 'S17_ERROR_DECLARATION';
  if (declarationTime === undefined) report(code, ['errorDeclaration'], 'no declarationTime');
  else if ((readTime(declarationTime) ?? Number.NEGATIVE_INFINITY) < YEAR_1_MS) {
    const why = `declarationTime ${told(declarationTime)} is no date and time with a zone`;
    report(code, ['errorDeclaration', 'declarationTime'], why);
  }
  const fault = reason === undefined ? null : faultOfWord('errorReason', reason, event);
  if (fault !== null) report(code, ['errorDeclaration', 'reason'], `reason ${fault}`);
  for (const [i, id] of correctiveEventIDs.entries()) {
    if (!isAbsoluteUri(id))
      report(code, ['errorDeclaration', 'correctiveEventIDs', i], `${told(id)} is no absolute URI`);
  }
}

function judgeSensor(sensor: SensorElement, i: number, event: SourceEvent, report: Report): void {
  const json = event.form === 'json';
  const { eventTime } = event.fields;
  const path = ['sensorElementList', i] as const;
  if (sensor.reports.length === 0) report('S18_SENSOR', path, 'no sensorReport');
  for (const [j, { fields }] of sensor.reports.entries()) {
    // XML may tell an exception alone; the JSON schema wants a type either way.
    if (!fields['type'] && (json || !fields['exception']))
      report('S18_SENSOR', [...path, 'reports', j], 'a sensorReport without a type');
  }
  const time = sensor.metadata?.fields['time'];
  if (time === undefined) return;
  const place = [...path, 'metadata', 'time'];
  if (!isDateTime(time)) {
    report('S18_SENSOR', place, `time ${told(time)} is no date and time`);
    return;
  }
  const measured = readTime(time);
  const happened = readTime(eventTime ?? '');
  if (measured !== null && happened !== null && measured > happened)
    report('S18_SENSOR', place, `time ${told(time)} is after eventTime ${told(eventTime)}`);
}

function judgePersistent({ persistentDisposition }: EventFields, report: Report): void {
  if (persistentDisposition === undefined) return;
  const { set, unset } = persistentDisposition;
  const code = 'S19_PERSISTENT_DISPOSITION';
  if (set === undefined && unset === undefined)
    report(code, ['persistentDisposition'], 'neither set nor unset');
  for (const [name, list] of [
    ['set', set],
    ['unset', unset],
  ] as const) {
    if (list === undefined) continue;
    if (list.length === 0) report(code, ['persistentDisposition', name], `${name} is empty`);
    const at = list.findIndex((word, i) => list.indexOf(word) < i);
    if (at >= 0) report(code, ['persistentDisposition', name, at], `${told(list[at])} twice`);
  }
}

function judgeUris({ eventID, transformationID, certificationInfo }: EventFields, report: Report): void {
  const judge = (text: string | undefined, path: readonly (string | number)[]): void => {
    if (text === undefined) return;
    if (!isAbsoluteUri(text)) report('S20_URI', path, `${told(text)} is no absolute URI`);
    else if (isTooLong(text)) report('S20_URI', path, `${told(text)} has more than ${MAX_URI_BYTES} bytes`);
  };
  judge(eventID, ['eventID']);
  judge(transformationID, ['transformationID']);
  for (const [i, each] of (certificationInfo ?? []).entries()) judge(each, ['certificationInfo', i]);
}

function judgeExtensions(ext: readonly Extension[], report: Report): void {
  for (const [i, member] of ext.entries()) {
    if (isUnnamed(member)) report('S13_UNKNOWN_FIELD', ['ext', i], `${told(member.name)} has no namespace`);
  }
}

/**
 * S22, after normalisation: the same object as URN and as Digital Link is one. `distinct`: how many different ids
 * the canonical form has of each list. Only where they are fewer is the list looked at again.
 */
export function judgeRepeats(
  fields: EventFields,
  distinct: Partial<Record<(typeof EPC_LISTS)[number], number>>,
  report: Report,
): void {
  for (const name of EPC_LISTS) {
    const list = fields[name];
    if (list === undefined || list.length < 2 || distinct[name] === list.length) continue;
    const first = new Map<string, number>();
    for (const [i, epc] of list.entries()) {
      const { canonical } = readIdentifier(epc);
      const before = first.get(canonical);
      if (before === undefined) first.set(canonical, i);
      else report('S22_EPC_DUPLICATE_IN_LIST', [name, i], `${told(epc)} is entry ${before} too`);
    }
  }
}
