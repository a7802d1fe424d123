// The pre-hash of an event: the text that the CBV 2.0 event hash is made of, as the reference implementation computes it,
// with its faults (github.com/RalphTro/epcis-event-hash-generator, 5d2f1c3). One of them: it does not know `bizRules` in a
// sensorReport, so this goes to the end of the event, where the structure around it is named again with only that in it.
//
// It differs from the reference where the reference cannot be meant: JSON booleans are `true` and `false` as in XML (Python
// writes `True`), `xsi:type` is left out, a CURIE of a prefix that only the EPCIS context declares is expanded, `type` stands
// before the value of a transaction, source or destination in whatever order the members came, and an extension within a
// place or sensor stays there whether its namespace ends with a slash or not. No published vector decides any of these.

import { type EpcList, EventSerials } from '../event-serials.ts';
import type { EventFields, Quantity, SensorElement, SensorPart, SourceEvent, TypedId } from '../model.ts';
import { repeatedText } from '../repeated-text.ts';
import type { SerialList } from '../serial-list.ts';
import { elementText, genericText, sortedText } from './extensions.ts';
import { referenceTime } from './reference-time.ts';
import { type Values, valuesOf } from './values.ts';

const METADATA = 'time startTime endTime deviceID deviceMetadata rawData dataProcessingMethod bizRules'.split(
  ' ',
);
/** Without bizRules, which the reference does not know here. */
const REPORT = (
  'type exception deviceID deviceMetadata rawData dataProcessingMethod time microorganism chemicalSubstance value ' +
  'component stringValue booleanValue hexBinaryValue uriValue minValue maxValue meanValue sDev percRank percValue uom ' +
  'coordinateReferenceSystem'
).split(' ');

/** What a structure gives in its place, and what goes to the end of the event. */
interface Split {
  readonly text: string;
  readonly rest: string;
}

export function preHash(event: SourceEvent, serials: EventSerials = new EventSerials(event.fields)): string {
  const { fields } = event;
  const values = valuesOf(event);
  const rest: string[] = [];
  const sensors = sensorsText(fields.sensorElementList ?? [], values);
  if (sensors.rest !== '') rest.push(sensors.rest);
  const ordered =
    `eventType=${event.type}` +
    leaf('eventTime', fields.eventTime, referenceTime) +
    leaf('eventTimeZoneOffset', fields.eventTimeZoneOffset, values.usual) +
    repeated('certificationInfo', fields.certificationInfo, values.text) +
    leaf('parentID', fields.parentID, values.text) +
    epcs('epcList', fields, values, serials) +
    epcs('inputEPCList', fields, values, serials) +
    epcs('childEPCs', fields, values, serials) +
    quantities('quantityList', fields, values) +
    quantities('childQuantityList', fields, values) +
    quantities('inputQuantityList', fields, values) +
    epcs('outputEPCList', fields, values, serials) +
    quantities('outputQuantityList', fields, values) +
    leaf('action', fields.action, values.usual) +
    leaf('transformationID', fields.transformationID, values.text) +
    leaf('bizStep', fields.bizStep, (text) => values.word(text, 'bizStep')) +
    leaf('disposition', fields.disposition, (text) => values.word(text, 'disposition')) +
    dispositions(fields, values) +
    placeText('readPoint', fields, values) +
    placeText('bizLocation', fields, values) +
    sensors.text;
  for (const [list, name] of [
    ['bizTransactionList', 'bizTransaction'],
    ['sourceList', 'source'],
    ['destinationList', 'destination'],
  ] as const) {
    const items = fields[list];
    if (items !== undefined && items.length > 0) rest.push(list + typedIds(items, name, values));
  }
  if (fields.ilmd !== undefined) rest.push(`ilmd${genericText(fields.ilmd, values)}`);
  for (const ext of fields.ext) rest.push(elementText(ext, values));
  return ordered + sortedText(rest);
}

function leaf(name: string, text: string | undefined, write: (text: string) => string): string {
  return text === undefined || text === '' ? '' : `${name}=${write(text)}`;
}

function repeated(
  name: string,
  texts: readonly string[] | undefined,
  write: (text: string) => string,
): string {
  if (texts === undefined) return '';
  return sortedText(texts.map((text) => leaf(name, text, write)));
}

type QuantityList = 'quantityList' | 'childQuantityList' | 'inputQuantityList' | 'outputQuantityList';

/** A list is named once, before its items; an empty one not at all. */
function listed(name: string, items: string): string {
  return items === '' ? '' : name + items;
}

function epcs(name: EpcList, fields: EventFields, values: Values, serials: EventSerials): string {
  const list = fields[name];
  if (list === undefined || list.length === 0) return '';
  return name + (alike(serials.of(name), values) ?? repeated('epc', list, values.text));
}

/** A list whose ids differ in their serials only, which is the usual one. Null for another. */
function alike(list: SerialList | null, { stems }: Values): string | null {
  if (list === null) return null;
  const stem = stems.of(list);
  return stem === null ? null : repeatedText(`epc=${stem}`, list.serials, '');
}

function quantities(name: QuantityList, fields: EventFields, values: Values): string {
  const write = (quantity: Quantity): string =>
    listed(
      'quantityElement',
      leaf('epcClass', quantity.epcClass, values.text) +
        leaf('quantity', quantity.quantity, values.text) +
        leaf('uom', quantity.uom, values.text),
    );
  return listed(name, sortedText((fields[name] ?? []).map(write)));
}

function dispositions(fields: EventFields, values: Values): string {
  const { set, unset } = fields.persistentDisposition ?? {};
  const write = (text: string): string => values.word(text, 'disposition');
  return listed('persistentDisposition', repeated('set', set, write) + repeated('unset', unset, write));
}

function typedIds(items: readonly TypedId[], name: string, values: Values): string {
  const isPaper = name === 'bizTransaction';
  const vocabulary = isPaper ? 'bizTransaction' : 'sourceDest';
  const write = isPaper ? values.id : values.party;
  return sortedText(
    items.map(
      (item) => leaf('type', item.type, (text) => values.word(text, vocabulary)) + leaf(name, item.id, write),
    ),
  );
}

function placeText(name: 'readPoint' | 'bizLocation', fields: EventFields, values: Values): string {
  const place = fields[name];
  if (place === undefined) return '';
  return listed(name, leaf('id', place.id, values.usual) + genericText(place.ext, values));
}

function sensorsText(sensors: readonly SensorElement[], values: Values): Split {
  const parts = sensors.map((sensor) => sensorText(sensor, values));
  return joined('sensorElementList', parts);
}

/** The parts of a list, in their place and in the trailing block. */
function joined(name: string, parts: readonly Split[], behind = ''): Split {
  const rests = parts.map((part) => part.rest).filter((rest) => rest !== '');
  return {
    text: listed(name, sortedText(parts.map((part) => part.text)) + behind),
    rest: listed(name, sortedText(rests)),
  };
}

function sensorText(sensor: SensorElement, values: Values): Split {
  const reports = joined(
    '',
    sensor.reports.map((report) => reportText(report, values)),
  );
  const metadata =
    sensor.metadata === null ? '' : partText('sensorMetadata', METADATA, sensor.metadata, values);
  return {
    text: listed('sensorElement', metadata + reports.text + genericText(sensor.ext, values)),
    rest: listed('sensorElement', reports.rest),
  };
}

function reportText(report: SensorPart, values: Values): Split {
  return {
    text: partText('sensorReport', REPORT, report, values),
    rest: listed('sensorReport', leaf('bizRules', report.fields['bizRules'], values.text)),
  };
}

function partText(name: string, order: readonly string[], part: SensorPart, values: Values): string {
  const write = (field: string, text: string): string => {
    if (field === 'time' || field === 'startTime' || field === 'endTime') return referenceTime(text);
    if (field === 'type') return values.word(text, 'measurement');
    if (field === 'exception') return values.word(text, 'alert');
    return field === 'component' ? values.word(text, 'component') : values.text(text);
  };
  const known = order.map((field) => leaf(field, part.fields[field], (text) => write(field, text)));
  return listed(name, known.join('') + genericText(part.ext, values));
}
