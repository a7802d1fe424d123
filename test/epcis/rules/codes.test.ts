// Every rule of an event or document by itself: a valid document with one fault in it has that finding and no other, and a
// neighbour of the fault that is allowed has none.

import { describe, expect, test } from 'vitest';
import type { CheckOptions } from '../../../engine/epcis/check.ts';
import { checkText, foundIn } from '../../support/epcis-check.ts';
import {
  BUYER,
  BUYER_GLN,
  checkDigit,
  documentJson,
  documentText,
  dscsaPlan,
  FORMS,
  type Json,
  type JsonObject,
  lgtin,
  MAKER,
  MAKER_GLN,
  pallet,
  sgln,
  sgtin,
  sscc,
  UNIT,
  units,
} from '../../support/epcis-documents.ts';

interface Case {
  readonly name: string;
  readonly change: (document: JsonObject, events: JsonObject[]) => void;
  /** Findings as `foundIn` tells them. */
  readonly finds: readonly string[];
  readonly options?: Partial<CheckOptions>;
}

const at = (events: JsonObject[], i: number): JsonObject => events[i] as JsonObject;
const list = (event: JsonObject, name: string): Json[] => event[name] as Json[];
const object = (event: JsonObject, name: string): JsonObject => event[name] as JsonObject;
/** Sets members of event `i`; undefined takes one away. */
const set =
  (i: number, members: Record<string, Json | undefined>): Case['change'] =>
  (_, events) => {
    const event = at(events, i);
    for (const [name, value] of Object.entries(members)) {
      if (value === undefined) delete event[name];
      else event[name] = value;
    }
  };
const setTop =
  (name: string, value: Json | undefined): Case['change'] =>
  (document) => {
    if (value === undefined) delete document[name];
    else document[name] = value;
  };
const add =
  (event: JsonObject): Case['change'] =>
  (_, events) => {
    events.push({ eventTime: '2025-05-07T09:00:00Z', eventTimeZoneOffset: '+02:00', ...event });
  };
const WARM = { type: 'Temperature', value: 3 };
const sensed = (sensorReport: JsonObject): Record<string, Json> => ({
  sensorElementList: [{ sensorReport: [sensorReport] }],
});
/** An event of no DSCSA step. */
const other = (members: JsonObject): Case['change'] => add({ bizStep: 'inspecting', ...members });
const UNITS = units.map((unit) => unit.dl);
const UNIT_LOT = lgtin(MAKER, UNIT, 'LOT-7').dl;
const transformation: JsonObject = {
  type: 'TransformationEvent',
  inputEPCList: [UNITS[0] as string],
  outputEPCList: [UNITS[1] as string],
};
const DECLARATION = { declarationTime: '2025-05-08T00:00:00Z', reason: 'incorrect_data' };

/** A case that refuses event `i`. */
const refuses = (code: string, i: number, name: string, change: Case['change']): Case => ({
  name,
  change,
  finds: [`${code} reject ${i}`],
});
const warns = (code: string, i: number, name: string, change: Case['change']): Case => ({
  name,
  change,
  finds: [`${code} warn ${i}`],
});
const allows = (name: string, change: Case['change']): Case => ({ name, change, finds: [] });
const generic = (each: Case): Case => ({ ...each, options: { profile: 'generic' } });
const strict = (each: Case): Case => ({ ...each, options: { profile: 'r1.3-strict' } });
const document = (code: string, name: string, change: Case['change'], severity = 'reject'): Case => ({
  name,
  change,
  finds: [`${code} ${severity} document`],
});
const header =
  (change: (header: JsonObject) => void): Case['change'] =>
  (whole) => {
    change(object(whole, 'epcisHeader'));
  };
const masterData = (whole: JsonObject): JsonObject[] =>
  object(object(whole, 'epcisHeader'), 'epcisMasterData')['vocabularyList'] as JsonObject[];
/** A US drug: indicator 0, 03, NDC 0521-1234-01, check digit. */
const DRUG = `0030521123401${checkDigit('0030521123401')}`;
const ndc =
  (code: string, type: string): Case['change'] =>
  (whole) => {
    const products = masterData(whole)[0] as JsonObject;
    const product = (products['vocabularyElementList'] as JsonObject[])[0] as JsonObject;
    product['id'] = `https://id.gs1.org/01/${DRUG}`;
    const attributes = product['attributes'] as JsonObject[];
    (attributes[0] as JsonObject)['attribute'] = code;
    (attributes[1] as JsonObject)['attribute'] = type;
  };

/** A GLN with another check digit. */
const wrong = (gln: string): string => gln.slice(0, -1) + ((Number(gln.at(-1)) + 1) % 10);

const CASES: readonly Case[] = [
  document('D07_SCHEMA_VERSION', 'schemaVersion 3.0', setTop('schemaVersion', '3.0')),
  document('D07_SCHEMA_VERSION', 'no schemaVersion', setTop('schemaVersion', undefined)),
  allows('schemaVersion 2.0.1', setTop('schemaVersion', '2.0.1')),
  document('D08_CREATION_DATE', 'no creationDate, told once', setTop('creationDate', undefined)),
  document(
    'D08_CREATION_DATE',
    'creationDate of no calendar',
    setTop('creationDate', '2025-02-30T00:00:00Z'),
  ),
  allows('creationDate in another zone', setTop('creationDate', '2025-05-06T12:00:00.5+02:00')),
  {
    name: 'no @context: nothing is made of the events',
    change: setTop('@context', undefined),
    finds: ['D09_CONTEXT_MISSING reject document'],
    options: { profile: 'generic' },
  },
  document('D10_EPCIS_BODY', 'no epcisBody', setTop('epcisBody', undefined)),
  document('D11_NO_EVENTS', 'no event', (_, events) => events.splice(0), 'warn'),

  refuses('S01_EVENT_TYPE', 2, 'a type that 2.0 removed', set(2, { type: 'QuantityEvent' })),
  refuses('S01_EVENT_TYPE', 2, 'a type of the sender', set(2, { type: 'https://example.com/MyEvent' })),
  refuses('S02_EVENT_TIME', 6, 'no eventTime', set(6, { eventTime: undefined })),
  refuses('S02_EVENT_TIME', 6, 'no zone', set(6, { eventTime: '2025-05-06T09:00:00' })),
  refuses('S02_EVENT_TIME', 6, '31 February', set(6, { eventTime: '2025-02-31T09:00:00Z' })),
  refuses('S02_EVENT_TIME', 6, 'a zone of 15 hours', set(6, { eventTime: '2025-05-06T09:00:00+15:00' })),
  allows('a zone of 14 hours, and a fraction', set(6, { eventTime: '2025-05-06T23:00:00.1234+14:00' })),
  refuses('S03_TZ_OFFSET', 6, 'no offset', set(6, { eventTimeZoneOffset: undefined })),
  refuses('S03_TZ_OFFSET', 6, 'an offset of 15 hours', set(6, { eventTimeZoneOffset: '+15:00' })),
  refuses('S03_TZ_OFFSET', 6, 'Z as offset', set(6, { eventTimeZoneOffset: 'Z' })),
  allows('an offset of 14 hours', set(6, { eventTimeZoneOffset: '-14:00' })),
  refuses('S04_ACTION', 2, 'no action', set(2, { action: undefined })),
  refuses('S04_ACTION', 2, 'a lower-case action', set(2, { action: 'add' })),
  refuses('S04_ACTION', 7, 'a transformation with one', other({ ...transformation, action: 'ADD' })),
  allows('a transformation without one', other(transformation)),
  refuses('S05_WHAT_EMPTY', 7, 'nothing', other({ type: 'ObjectEvent', action: 'OBSERVE', epcList: [] })),
  allows(
    'a quantity',
    other({ type: 'ObjectEvent', action: 'OBSERVE', quantityList: [{ epcClass: UNIT_LOT, quantity: 3 }] }),
  ),
  refuses('S06_AGG_PARENT', 2, 'packing into nothing', set(2, { parentID: undefined })),
  refuses(
    'S06_AGG_PARENT',
    7,
    'unpacking from nothing',
    add({
      type: 'AggregationEvent',
      action: 'DELETE',
      bizStep: 'unpacking',
      childEPCs: [UNITS[0] as string],
    }),
  ),
  allows(
    'observed without a parent',
    other({ type: 'AggregationEvent', action: 'OBSERVE', childEPCs: [UNITS[0] as string] }),
  ),
  refuses('S07_AGG_CHILDREN', 2, 'packing nothing', set(2, { childEPCs: undefined })),
  allows(
    'unpacking everything',
    add({ type: 'AggregationEvent', action: 'DELETE', bizStep: 'unpacking', parentID: pallet.dl }),
  ),
  refuses(
    'S08_TXN_BIZTX',
    7,
    'no business transaction',
    other({ type: 'TransactionEvent', action: 'OBSERVE', epcList: [pallet.dl] }),
  ),
  refuses(
    'S05_WHAT_EMPTY',
    7,
    'a transaction of a parent alone',
    other({
      type: 'TransactionEvent',
      action: 'ADD',
      parentID: pallet.dl,
      bizTransactionList: [{ bizTransaction: 'urn:example:7' }],
    }),
  ),
  allows(
    'a business transaction without a type',
    other({
      type: 'TransactionEvent',
      action: 'OBSERVE',
      epcList: [pallet.dl],
      bizTransactionList: [{ bizTransaction: 'urn:example:7' }],
    }),
  ),
  refuses(
    'S09_TRANSFORM_IO',
    7,
    'inputs alone',
    other({ type: 'TransformationEvent', inputEPCList: [UNITS[0] as string] }),
  ),
  allows(
    'inputs and a transformationID',
    other({
      type: 'TransformationEvent',
      inputEPCList: [UNITS[0] as string],
      transformationID: 'urn:example:t:1',
    }),
  ),
  refuses(
    'S10_ASSOC_PARENT',
    7,
    'no parent',
    other({ type: 'AssociationEvent', action: 'ADD', childEPCs: [UNITS[0] as string] }),
  ),
  allows(
    'a place as parent',
    other({
      type: 'AssociationEvent',
      action: 'ADD',
      parentID: sgln(MAKER, '00001').dl,
      childEPCs: [UNITS[0] as string],
    }),
  ),
  refuses('S11_ILMD_NOT_ALLOWED', 2, 'ilmd of packing', set(2, { ilmd: { 'cbvmda:lotNumber': 'LOT-7' } })),
  allows('ilmd of a transformation', other({ ...transformation, ilmd: { 'cbvmda:lotNumber': 'LOT-7' } })),
  refuses('S13_UNKNOWN_FIELD', 2, 'a field of no namespace', set(2, { colour: 'blue' })),
  refuses('S13_UNKNOWN_FIELD', 0, 'ilmd of no namespace', (_, events) => {
    object(at(events, 0), 'ilmd')['colour'] = 'blue';
  }),
  allows('a field of a namespace', set(2, { 'https://example.com/ns/colour': 'blue' })),
  refuses(
    'S14_QUANTITY',
    0,
    'a quantity as text',
    set(0, { quantityList: [{ epcClass: UNIT_LOT, quantity: '5' }] }),
  ),
  refuses('S14_QUANTITY', 0, 'no class', set(0, { quantityList: [{ quantity: 5 }] })),
  refuses(
    'S14_QUANTITY',
    0,
    'a lower-case unit',
    set(0, { quantityList: [{ epcClass: UNIT_LOT, quantity: 5, uom: 'kgm' }] }),
  ),
  refuses(
    'S14_QUANTITY',
    0,
    'more than that',
    set(0, { quantityList: [{ epcClass: UNIT_LOT, quantity: 5, colour: 'blue' }] }),
  ),
  allows('a unit', set(0, { quantityList: [{ epcClass: UNIT_LOT, quantity: 5e-1, uom: 'KGM' }] })),
  refuses('S15_SOURCE_DEST', 6, 'a source without a type', (_, events) => {
    delete (list(at(events, 6), 'sourceList')[0] as JsonObject)['type'];
  }),
  refuses('S15_SOURCE_DEST', 6, 'a destination with a colour', (_, events) => {
    (list(at(events, 6), 'destinationList')[0] as JsonObject)['colour'] = 'blue';
  }),
  refuses('S16_CBV_VALUE', 2, 'a word of nobody', set(2, { bizStep: 'transforming' })),
  refuses('S16_CBV_VALUE', 2, 'a word in another case', set(2, { bizStep: 'Packing' })),
  refuses('S16_CBV_VALUE', 2, 'a URN in JSON', set(2, { bizStep: 'urn:epcglobal:cbv:bizstep:packing' })),
  refuses('S16_CBV_VALUE', 2, 'a URI of the CBV that it has not', (_, events) => {
    at(events, 2)['disposition'] = 'https://ref.gs1.org/cbv/Disp-nice';
  }),
  refuses('S16_CBV_VALUE', 6, 'a type of paper that is none', (_, events) => {
    list(at(events, 6), 'bizTransactionList').push({ type: 'letter', bizTransaction: 'urn:example:7' });
  }),
  refuses('S16_CBV_VALUE', 7, 'a lasting disposition that is none', (_, events) => {
    other({
      type: 'ObjectEvent',
      action: 'OBSERVE',
      epcList: [pallet.dl],
      persistentDisposition: { set: ['nice'] },
    })({}, events);
  }),
  refuses('S16_CBV_VALUE', 6, 'a measurement that is none', set(6, sensed({ type: 'Warmth', value: 3 }))),
  refuses('S16_CBV_VALUE', 6, 'an alert that is none', set(6, sensed({ ...WARM, exception: 'HOT' }))),
  refuses('S16_CBV_VALUE', 6, 'a component that is none', set(6, sensed({ ...WARM, component: 'w' }))),
  allows(
    'a measurement of the sender, an alert and a component of the CBV',
    set(6, sensed({ type: 'https://example.com/Warmth', exception: 'ALARM_CONDITION', component: 'x' })),
  ),
  allows('a step of the sender', set(2, { bizStep: 'https://example.com/steps/relabel' })),
  refuses('S17_ERROR_DECLARATION', 7, 'no time', (_, events) => {
    events.push({ ...at(events, 6), errorDeclaration: { reason: 'incorrect_data' } });
  }),
  refuses('S17_ERROR_DECLARATION', 7, 'a reason of nobody', (_, events) => {
    events.push({ ...at(events, 6), errorDeclaration: { ...DECLARATION, reason: 'oops' } });
  }),
  refuses('S17_ERROR_DECLARATION', 7, 'corrected by no URI', (_, events) => {
    events.push({ ...at(events, 6), errorDeclaration: { ...DECLARATION, correctiveEventIDs: ['seven'] } });
  }),
  allows('an error declaration', (_, events) => {
    events.push({ ...at(events, 6), errorDeclaration: DECLARATION });
  }),
  refuses('S18_SENSOR', 6, 'no report', set(6, { sensorElementList: [{ sensorReport: [] }] })),
  refuses('S18_SENSOR', 6, 'no type', set(6, { sensorElementList: [{ sensorReport: [{ value: 3 }] }] })),
  refuses(
    'S18_SENSOR',
    6,
    'measured after the event',
    set(6, {
      sensorElementList: [
        {
          sensorMetadata: { time: '2025-05-06T09:00:01Z' },
          sensorReport: [{ type: 'Temperature', value: 3 }],
        },
      ],
    }),
  ),
  allows(
    'measured before the event',
    set(6, {
      sensorElementList: [
        {
          sensorMetadata: { time: '2025-05-06T09:00:00Z' },
          sensorReport: [{ type: 'Temperature', value: 3 }],
        },
      ],
    }),
  ),
  refuses('S19_PERSISTENT_DISPOSITION', 6, 'neither', set(6, { persistentDisposition: {} })),
  refuses('S19_PERSISTENT_DISPOSITION', 6, 'empty', set(6, { persistentDisposition: { set: [] } })),
  refuses(
    'S19_PERSISTENT_DISPOSITION',
    6,
    'twice',
    set(6, { persistentDisposition: { unset: ['unknown', 'unknown'] } }),
  ),
  allows('set and unset', set(6, { persistentDisposition: { set: ['damaged'], unset: ['unknown'] } })),
  refuses('S17_ERROR_DECLARATION', 7, 'in the year 0', (_, events) => {
    const errorDeclaration = { ...DECLARATION, declarationTime: '0000-12-31T23:59:59Z' };
    events.push({ ...at(events, 6), errorDeclaration });
  }),
  // An index of the ledger takes no more; `é` is two bytes.
  refuses('S16_CBV_VALUE', 6, 'longer than a key', set(6, { bizStep: `urn:x:${'s'.repeat(1019)}` })),
  refuses('S20_URI', 6, 'an event id longer than a key', set(6, { eventID: `urn:x:${'é'.repeat(510)}` })),
  allows('an event id as long as a key', set(6, { eventID: `urn:x:${'é'.repeat(509)}` })),
  refuses('S20_URI', 6, 'an object longer than a key', set(6, { epcList: [`urn:x:${'e'.repeat(1019)}`] })),
  refuses('S20_URI', 6, 'an id that is no URI', set(6, { eventID: 'seven' })),
  refuses('S20_URI', 6, 'certification that is no URI', set(6, { certificationInfo: ['a paper'] })),
  allows('a UUID as id', set(6, { eventID: 'urn:uuid:00000000-0000-4000-8000-000000000001' })),
  refuses('S22_EPC_DUPLICATE_IN_LIST', 0, 'as URN and as Digital Link', (_, events) => {
    list(at(events, 0), 'epcList').push((units[2] as { urn: string }).urn);
  }),
  refuses('S22_EPC_DUPLICATE_IN_LIST', 2, 'a child twice', (_, events) => {
    list(at(events, 2), 'childEPCs').push(UNITS[0] as string);
  }),
  refuses('S23_VALUE_TYPE', 6, 'a record time of no calendar', set(6, { recordTime: 'yesterday' })),
  refuses('S23_VALUE_TYPE', 6, 'a number as action', set(6, { disposition: 7 })),

  refuses('I03_GTIN_CHECK_DIGIT', 0, 'a wrong digit', (_, events) => {
    list(at(events, 0), 'epcList').push(`https://id.gs1.org/01/09521234123450/21/x`);
  }),
  refuses('I04_SSCC_CHECK_DIGIT', 4, 'a wrong digit', (_, events) => {
    const good = sscc(MAKER, '3000000018').dl;
    list(at(events, 4), 'epcList').push(good.slice(0, -1) + ((Number(good.at(-1)) + 1) % 10));
  }),
  refuses(
    'I05_GLN_CHECK_DIGIT',
    2,
    'a wrong digit',
    set(2, { bizLocation: { id: `https://id.gs1.org/414/${MAKER_GLN.slice(0, -1)}9` } }),
  ),
  refuses('I06_SERIAL_CHARSET', 0, 'a tilde', (_, events) => {
    list(at(events, 0), 'epcList').push(`${UNITS[0]}~`);
  }),
  refuses('I07_SERIAL_LENGTH', 0, 'of 21 characters', (_, events) => {
    list(at(events, 0), 'epcList').push(sgtin(MAKER, UNIT, 'x'.repeat(21)).dl);
  }),
  // Quadratic patterns would take minutes over it.
  refuses('S20_URI', 0, 'an address of 300,000 segments, longer than a key', (_, events) => {
    list(at(events, 0), 'epcList').push(`https://example.com/${'01/'.repeat(300_000)}x`);
  }),
  allows('a serial of 20 characters, some escaped', (_, events) => {
    list(at(events, 0), 'epcList').push(sgtin(MAKER, UNIT, 'a/b%c(d)'.padEnd(20, 'x')).dl);
  }),
  refuses('I08_LOT_SYNTAX', 0, 'a lot of 21 characters', (_, events) => {
    object(at(events, 0), 'ilmd')['cbvmda:lotNumber'] = 'L'.repeat(21);
  }),
  refuses('I09_PARTITION', 0, 'a prefix of 5 digits', (_, events) => {
    list(at(events, 0), 'epcList').push('urn:epc:id:sgtin:95212.01234567.x');
  }),
  refuses('I10_EPC_SCHEME_FIELD', 6, 'a class as object', (_, events) => {
    list(at(events, 6), 'epcList').push(UNIT_LOT);
  }),
  {
    name: 'generic: a class as object',
    change: (_, events) => {
      list(at(events, 6), 'epcList').push(UNIT_LOT);
    },
    finds: ['I10_EPC_SCHEME_FIELD warn 6'],
    options: { profile: 'generic' },
  },
  refuses('I11_DL_SYNTAX', 0, 'a key without a value', (_, events) => {
    list(at(events, 0), 'epcList').push(`${UNITS[0]}/10`);
  }),
  refuses('I12_ESCAPE', 0, 'a raw slash in a URN', (_, events) => {
    list(at(events, 0), 'epcList').push(`${(units[0] as { urn: string }).urn}/9`);
  }),
  allows('an escaped slash in a URN', (_, events) => {
    list(at(events, 0), 'epcList').push(`${(units[0] as { urn: string }).urn}%2F9`);
  }),
  refuses('I13_GTIN_INDICATOR9', 0, 'indicator 9 with a serial', (_, events) => {
    list(at(events, 0), 'epcList').push(sgtin(MAKER, '912345', 'x').dl);
  }),
  document('I14_NDC_MISMATCH', 'another NDC', ndc('0521-1234-02', 'US_FDA_NDC'), 'warn'),
  allows('the same NDC', ndc('0521-1234-01', 'US_FDA_NDC')),
  allows('another system of numbers', ndc('77', 'EXAMPLE_CODE')),

  refuses(
    'P01_TS_MISSING',
    6,
    'no statement',
    header((each) => delete each['gs1ushc:dscsaTransactionStatement']),
  ),
  generic(
    allows(
      'generic: no statement',
      header((each) => delete each['gs1ushc:dscsaTransactionStatement']),
    ),
  ),
  refuses(
    'P02_TS_NOT_AFFIRMED',
    6,
    'false',
    header((each) => {
      object(each, 'gs1ushc:dscsaTransactionStatement')['gs1ushc:affirmTransactionStatement'] = false;
    }),
  ),
  refuses(
    'P02_TS_NOT_AFFIRMED',
    6,
    'no notice',
    header((each) => delete object(each, 'gs1ushc:dscsaTransactionStatement')['gs1ushc:legalNotice']),
  ),
  refuses('P03_SBDH', 6, 'no receiver', setTop('receiver', undefined)),
  refuses('P03_SBDH', 6, 'no instance identifier', setTop('instanceIdentifier', ' ')),
  strict(refuses('P03_SBDH', 6, 'r1.3-strict: no sender', setTop('sender', undefined))),
  generic(allows('generic: no sender', setTop('sender', undefined))),
  refuses('P04_COMM_LOT_MISSING', 0, 'no lot', (_, events) => {
    delete object(at(events, 0), 'ilmd')['cbvmda:lotNumber'];
  }),
  refuses('P05_COMM_EXPIRY_MISSING', 0, 'no expiry', (_, events) => {
    delete object(at(events, 0), 'ilmd')['cbvmda:itemExpirationDate'];
  }),
  generic(allows('generic: no ilmd', set(0, { ilmd: undefined }))),
  ...['2027-11-00', '271130', '2027-11-30T00:00:00Z', '2027-11-31'].map((expiry) =>
    refuses('P06_EXPIRY_FORMAT', 0, expiry, (_, events) => {
      object(at(events, 0), 'ilmd')['cbvmda:itemExpirationDate'] = expiry;
    }),
  ),
  refuses('P07_COMM_ACTION', 4, 'observed', set(4, { action: 'OBSERVE' })),
  warns('P08_COMM_DISPOSITION', 0, 'in transit', set(0, { disposition: 'in_transit' })),
  refuses('P09_COMM_LOCATION', 0, 'no bizLocation', set(0, { bizLocation: undefined })),
  strict(refuses('P09_COMM_LOCATION', 0, 'r1.3-strict: no readPoint', set(0, { readPoint: undefined }))),
  refuses('P10_PACKING_FORM', 2, 'packing that takes apart', set(2, { action: 'DELETE' })),
  refuses('P10_PACKING_FORM', 2, 'packing nowhere', set(2, { readPoint: undefined })),
  refuses(
    'P10_PACKING_FORM',
    7,
    'unpacking as an ObjectEvent',
    add({ type: 'ObjectEvent', action: 'DELETE', bizStep: 'unpacking', epcList: [pallet.dl] }),
  ),
  refuses('P11_SHIP_OWNING_PARTY', 6, 'no owner to go to', (_, events) => {
    list(at(events, 6), 'destinationList').splice(0, 1);
  }),
  warns('P12_SHIP_LOCATION', 6, 'no place to go to', (_, events) => {
    list(at(events, 6), 'destinationList').splice(1, 1);
  }),
  strict(
    refuses('P12_SHIP_LOCATION', 6, 'r1.3-strict: no place to go to', (_, events) => {
      list(at(events, 6), 'destinationList').splice(1, 1);
    }),
  ),
  warns('P13_SHIP_FORM', 6, 'no readPoint', set(6, { readPoint: undefined })),
  refuses(
    'P14_SHIP_BIZTX',
    6,
    'an invoice alone',
    set(6, {
      bizTransactionList: [{ type: 'inv', bizTransaction: 'urn:example:7' }],
    }),
  ),
  allows('a despatch advice alone', (_, events) => {
    list(at(events, 6), 'bizTransactionList').splice(0, 1);
  }),
  warns(
    'P15_SHIP_BIZLOCATION',
    6,
    'a bizLocation',
    set(6, { bizLocation: { id: sgln(BUYER, '000001').dl } }),
  ),
  warns('P16_DROPSHIP', 6, 'no dropShipment', set(6, { 'gs1ushc:dropShipment': undefined })),
  document('P17_MASTER_DATA', 'no products', (whole) => masterData(whole).splice(0, 1), 'warn'),
  document(
    'P17_MASTER_DATA',
    'a party without a name',
    (whole) => {
      const party = (masterData(whole)[1] as JsonObject)['vocabularyElementList'] as JsonObject[];
      list(party[0] as JsonObject, 'attributes').splice(0, 1);
    },
    'warn',
  ),
  warns(
    'P18_RECEIVING_FORM',
    7,
    'received without a disposition',
    add({
      type: 'ObjectEvent',
      action: 'OBSERVE',
      bizStep: 'receiving',
      epcList: [pallet.dl],
      readPoint: { id: sgln(BUYER, '000002').dl },
      bizLocation: { id: sgln(BUYER, '000002').dl },
    }),
  ),
  refuses(
    'P19_DECOMMISSION_FORM',
    7,
    'decommissioned by OBSERVE',
    add({
      type: 'ObjectEvent',
      action: 'OBSERVE',
      bizStep: 'decommissioning',
      epcList: [UNITS[0] as string],
    }),
  ),
  allows(
    'decommissioned by DELETE',
    add({ type: 'ObjectEvent', action: 'DELETE', bizStep: 'decommissioning', epcList: [UNITS[0] as string] }),
  ),
  document(
    'P20_GUIDELINE_VERSION',
    'no version of the guideline',
    header((each) => delete each['gs1ushc:guidelineVersion']),
    'info',
  ),

  refuses('L10_UNKNOWN_GLN', 6, 'a stranger', (_, events) => {
    (list(at(events, 6), 'destinationList')[0] as JsonObject)['destination'] = sgln(BUYER, '000009').dl;
  }),
  allows('a known site with an extension', set(2, { readPoint: { id: sgln(MAKER, '00001', 'dock-1').dl } })),
  { ...document('L10_UNVERIFIED', 'no directory', () => {}, 'info'), options: { partners: null } },
  document('I05_GLN_CHECK_DIGIT', 'a receiver with a wrong digit', setTop('receiver', wrong(BUYER_GLN))),
  {
    name: 'a sender with a wrong digit is no partner either',
    change: setTop('sender', wrong(MAKER_GLN)),
    finds: ['I05_GLN_CHECK_DIGIT reject document', 'L11_GLN_PARTNER_MISMATCH reject document'],
  },
  generic(allows('generic: a receiver that no GLN names', setTop('receiver', 'urn:example:buyer'))),
  document('L11_GLN_PARTNER_MISMATCH', 'another sender', setTop('sender', sgln(BUYER, '000001').dl)),
  {
    ...allows('another sender without a credential', setTop('sender', sgln(BUYER, '000001').dl)),
    options: { gln: null },
  },
  refuses(
    'L14_FUTURE_TIME',
    6,
    'five minutes and a second ahead',
    set(6, { eventTime: '2026-01-01T00:05:00.001Z' }),
  ),
  allows('five minutes ahead', set(6, { eventTime: '2026-01-01T00:05:00Z' })),
  {
    name: 'an event older than the limit',
    change: () => {},
    finds: [0, 1, 2, 3].map((i) => `L15_STALE warn ${i}`),
    options: { staleMs: Date.parse('2026-01-01') - Date.parse('2025-05-06') },
  },
];

describe('rules', () => {
  for (const each of CASES) {
    const verb = each.finds.length === 0 ? 'nothing' : each.finds.join(', ');
    test(`${each.name}: ${verb}`, async () => {
      const whole = documentJson(dscsaPlan(), 'json-dl');
      const events = object(whole, 'epcisBody')['eventList'] as JsonObject[];
      each.change(whole, events);
      const report = await checkText(JSON.stringify(whole), each.options);
      expect(foundIn(report)).toEqual(each.finds);
    });
  }

  for (const form of FORMS) {
    test(`the example document has no finding in any profile: ${form}`, async () => {
      const text = documentText(dscsaPlan(), form);
      for (const profile of ['generic', 'dscsa', 'r1.3-strict'] as const) {
        const report = await checkText(text, { profile });
        expect(report).toEqual({ outcome: 'accept_all', events: 7, accepted: 7, findings: [] });
      }
    });
  }

  test('every finding names a place in the document', async () => {
    const whole = documentJson(dscsaPlan(), 'json-dl');
    const events = object(whole, 'epcisBody')['eventList'] as JsonObject[];
    at(events, 2)['action'] = 'x'.repeat(5000);
    const [finding] = (await checkText(JSON.stringify(whole))).findings;
    expect(finding?.pointer).toBe('/epcisBody/eventList/2/action');
    expect(finding?.detail.length).toBeLessThan(130);
  });
});
