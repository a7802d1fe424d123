// What the schemas of EPCIS 1.2 and 2.0 say of the fields of an event: how each is written, and in which order each type has
// them. With the wrappers of 1.2 left out, its order is that of 2.0 with fewer fields.

import type { EventType } from '../model.ts';

/** How a field is written. */
export type Shape =
  | 'text'
  | 'texts'
  | 'epcs'
  | 'quantities'
  | 'typed'
  | 'place'
  | 'sensors'
  | 'persistent'
  | 'ilmd'
  | 'error';

export const SHAPES: ReadonlyMap<string, Shape> = new Map<string, Shape>([
  ['eventTime', 'text'],
  ['recordTime', 'text'],
  ['eventTimeZoneOffset', 'text'],
  ['eventID', 'text'],
  ['errorDeclaration', 'error'],
  ['certificationInfo', 'texts'],
  ['action', 'text'],
  ['bizStep', 'text'],
  ['disposition', 'text'],
  ['parentID', 'text'],
  ['transformationID', 'text'],
  ['epcList', 'epcs'],
  ['childEPCs', 'epcs'],
  ['inputEPCList', 'epcs'],
  ['outputEPCList', 'epcs'],
  ['quantityList', 'quantities'],
  ['childQuantityList', 'quantities'],
  ['inputQuantityList', 'quantities'],
  ['outputQuantityList', 'quantities'],
  ['bizTransactionList', 'typed'],
  ['sourceList', 'typed'],
  ['destinationList', 'typed'],
  ['readPoint', 'place'],
  ['bizLocation', 'place'],
  ['sensorElementList', 'sensors'],
  ['persistentDisposition', 'persistent'],
  ['ilmd', 'ilmd'],
]);

/** The element of which a list is made. */
export const ITEMS: ReadonlyMap<string, string> = new Map([
  ['epcList', 'epc'],
  ['childEPCs', 'epc'],
  ['inputEPCList', 'epc'],
  ['outputEPCList', 'epc'],
  ['quantityList', 'quantityElement'],
  ['childQuantityList', 'quantityElement'],
  ['inputQuantityList', 'quantityElement'],
  ['outputQuantityList', 'quantityElement'],
  ['bizTransactionList', 'bizTransaction'],
  ['sourceList', 'source'],
  ['destinationList', 'destination'],
  ['sensorElementList', 'sensorElement'],
]);

const FRONT = 'eventTime recordTime eventTimeZoneOffset eventID errorDeclaration certificationInfo';
const WHY = 'bizStep disposition readPoint bizLocation';
const PARTIES = 'sourceList destinationList sensorElementList persistentDisposition';

const ORDERS: Readonly<Record<EventType, string>> = {
  ObjectEvent: `${FRONT} epcList action ${WHY} bizTransactionList quantityList ${PARTIES} ilmd`,
  AggregationEvent: `${FRONT} parentID childEPCs action ${WHY} bizTransactionList childQuantityList ${PARTIES}`,
  TransactionEvent: `${FRONT} bizTransactionList parentID epcList action ${WHY} quantityList ${PARTIES}`,
  TransformationEvent: `${FRONT} inputEPCList inputQuantityList outputEPCList outputQuantityList transformationID ${WHY} bizTransactionList ${PARTIES} ilmd`,
  AssociationEvent: `${FRONT} parentID childEPCs childQuantityList action ${WHY} bizTransactionList ${PARTIES}`,
};

/** Place of each field in the order of the schema, by type. */
export const RANKS: ReadonlyMap<string, ReadonlyMap<string, number>> = new Map(
  Object.entries(ORDERS).map(([type, order]) => [
    type,
    new Map(order.split(' ').map((name, rank) => [name, rank])),
  ]),
);

/** Behind all fields of EPCIS: extensions. */
export const EXTENSION_RANK = 100;

/** Fields that a type may not have, but of which a rule of its own tells: they are read wherever they stand. */
export const JUDGED_ELSEWHERE: ReadonlySet<string> = new Set(['action', 'ilmd']);

export const METADATA_FIELDS: ReadonlySet<string> = new Set(
  'time startTime endTime deviceID deviceMetadata rawData bizRules dataProcessingMethod'.split(' '),
);

export const REPORT_FIELDS: ReadonlySet<string> = new Set(
  (
    'type value component bizRules stringValue booleanValue hexBinaryValue uriValue uom minValue maxValue sDev chemicalSubstance ' +
    'microorganism deviceID deviceMetadata rawData time meanValue percRank percValue dataProcessingMethod ' +
    'coordinateReferenceSystem exception'
  ).split(' '),
);
