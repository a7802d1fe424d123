// The rules by their codes: scope, usual severity in each profile, and one sentence of what to do. Profiles differ in this
// table and nowhere else. D document, S structure, I identifiers, P DSCSA (GS1 US), L history and partners, F limits of firn.

import type { Profile } from './judged.ts';
import type { Finding } from './model.ts';

type Severity = Finding['severity'];

export interface Rule {
  readonly severity: Severity;
  /** Where a profile judges otherwise; `off` = the rule does not run. */
  readonly in?: Readonly<Partial<Record<Profile, Severity | 'off'>>>;
  /** What the sender should do. */
  readonly advice: string;
}

const reject = (advice: string): Rule => ({ severity: 'reject', advice });
const warn = (advice: string): Rule => ({ severity: 'warn', advice });
const info = (advice: string): Rule => ({ severity: 'info', advice });
/** A rule of the DSCSA guideline: off for everybody else. */
const dscsa = (severity: Severity, advice: string, strict: Severity = severity): Rule => ({
  severity,
  in: { generic: 'off', 'r1.3-strict': strict },
  advice,
});

export const RULES = {
  D01_MEDIA_TYPE: reject('Send application/json, application/ld+json, application/xml or text/xml.'),
  D02_BYTE_LIMIT: reject('Split the document: it is larger than this server takes.'),
  D03_EVENT_LIMIT: reject('Split the document: it has more events than this server takes.'),
  D04_MALFORMED: reject('Send well-formed XML or JSON in UTF-8 (XML also in UTF-16), whole.'),
  D05_DTD_ENTITY: reject('Send XML without a DTD: no entity is ever declared or opened.'),
  D06_ROOT: reject('Use EPCISDocument or EPCISQueryDocument in the namespace of EPCIS 1 or 2.'),
  D07_SCHEMA_VERSION: reject('Give schemaVersion 1.0, 1.1, 1.2 or 2.0.'),
  D08_CREATION_DATE: reject('Give creationDate as a date and time.'),
  D09_CONTEXT_MISSING: reject('Give @context: the EPCIS context, and prefixes of extensions.'),
  D10_EPCIS_BODY: reject('Give epcisBody with an eventList.'),
  D11_NO_EVENTS: warn('The list of events is empty: nothing is stored.'),
  S01_EVENT_TYPE: reject('Use one of the five event types of EPCIS 2.0.'),
  S02_EVENT_TIME: reject('Give eventTime as a date and time with a zone.'),
  S03_TZ_OFFSET: reject('Give eventTimeZoneOffset as +hh:mm or -hh:mm.'),
  S04_ACTION: reject('Give action ADD, OBSERVE or DELETE; a TransformationEvent has none.'),
  S05_WHAT_EMPTY: reject('Say what the event is about: EPCs or quantities.'),
  S06_AGG_PARENT: reject('Give parentID.'),
  S07_AGG_CHILDREN: reject('Give childEPCs or childQuantityList.'),
  S08_TXN_BIZTX: reject('Give at least one business transaction.'),
  S09_TRANSFORM_IO: reject('Give inputs and outputs, or transformationID and one of them.'),
  S10_ASSOC_PARENT: reject('Give parentID.'),
  S11_ILMD_NOT_ALLOWED: reject('ilmd belongs to ObjectEvents with action ADD and to TransformationEvents.'),
  S13_UNKNOWN_FIELD: reject('Remove the field, or put it into a namespace of your own.'),
  S14_QUANTITY: reject('Give epcClass, a number as quantity, and uom of 2 or 3 capital letters or digits.'),
  S15_SOURCE_DEST: reject('Give type and value, and nothing else.'),
  S16_CBV_VALUE: reject('Use a word of the CBV, or a URI outside of its namespaces.'),
  S17_ERROR_DECLARATION: reject('Give declarationTime; reason and correctiveEventIDs as EPCIS defines them.'),
  S18_SENSOR: reject('Give each sensorElement a sensorReport with a type, and no time after eventTime.'),
  S19_PERSISTENT_DISPOSITION: reject('Give set or unset, each without repeats.'),
  S20_URI: reject('Give an absolute URI.'),
  // An element out of order is refused in every profile (the reader says so); this is for a namespace too many.
  S21_XML_FORM: {
    severity: 'warn',
    in: { 'r1.3-strict': 'reject' },
    advice: 'Put elements in the order of the schema, and those of EPCIS in no namespace.',
  },
  S22_EPC_DUPLICATE_IN_LIST: reject('Name each object once.'),
  S23_VALUE_TYPE: reject('Give the value as the type that EPCIS defines.'),
  I02_KEY_LENGTH: reject('Give the key with all of its digits and nothing else.'),
  I03_GTIN_CHECK_DIGIT: reject('Correct the check digit of the GTIN.'),
  I04_SSCC_CHECK_DIGIT: reject('Correct the check digit of the SSCC.'),
  I05_GLN_CHECK_DIGIT: reject('Correct the check digit of the GLN.'),
  I06_SERIAL_CHARSET: reject('Use the characters that GS1 allows in serial numbers.'),
  I07_SERIAL_LENGTH: reject('Use 1 to 20 characters (GRAI 16, GDTI 17).'),
  I08_LOT_SYNTAX: reject('Use 1 to 20 of the characters that GS1 allows in lot numbers.'),
  I09_PARTITION: reject('Give a company prefix of 6 to 12 digits, and with it the digits of its scheme.'),
  I10_EPC_SCHEME_FIELD: reject('Use an identifier of the kind that this field takes.'),
  I11_DL_SYNTAX: reject('Give a GS1 Digital Link: key, value, then qualifiers with values.'),
  I12_ESCAPE: reject('Write " % & / < > ? # as %XX in an EPC URN.'),
  I13_GTIN_INDICATOR9: reject('Indicator 9 is for variable measure and takes no serial number.'),
  I14_NDC_MISMATCH: dscsa('warn', 'GTIN and NDC of the master data name different products.'),
  I15_CHECK_DIGIT: reject('Correct the check digit of the key.'),
  P01_TS_MISSING: dscsa('reject', 'Give the DSCSA transaction statement in the header.'),
  P02_TS_NOT_AFFIRMED: dscsa('reject', 'Affirm the transaction statement, with its legal notice.'),
  P03_SBDH: dscsa('reject', 'Give sender, receiver, instance identifier and time of creation.'),
  P04_COMM_LOT_MISSING: dscsa('reject', 'Give cbvmda:lotNumber in ilmd.'),
  P05_COMM_EXPIRY_MISSING: dscsa('reject', 'Give cbvmda:itemExpirationDate in ilmd.'),
  P06_EXPIRY_FORMAT: dscsa('reject', 'Give the expiry as YYYY-MM-DD, a day that exists.'),
  P07_COMM_ACTION: dscsa('reject', 'Commission with an ObjectEvent and action ADD.'),
  P08_COMM_DISPOSITION: dscsa('warn', 'Commission with disposition active.'),
  P09_COMM_LOCATION: dscsa('reject', 'Commission with readPoint and bizLocation.'),
  P10_PACKING_FORM: dscsa(
    'reject',
    'Pack with AggregationEvent ADD, readPoint and bizLocation; unpack with DELETE.',
  ),
  P11_SHIP_OWNING_PARTY: dscsa('reject', 'Ship with source and destination owning_party.'),
  P12_SHIP_LOCATION: dscsa('warn', 'Ship with source and destination location.', 'reject'),
  P13_SHIP_FORM: dscsa('warn', 'Ship with ObjectEvent OBSERVE, in_transit, and a readPoint.'),
  P14_SHIP_BIZTX: dscsa('reject', 'Ship with a purchase order or a despatch advice.'),
  P15_SHIP_BIZLOCATION: dscsa('warn', 'Ship without bizLocation: where the goods go is not known yet.'),
  P16_DROPSHIP: dscsa('warn', 'Give gs1ushc:dropShipment.'),
  P17_MASTER_DATA: dscsa('warn', 'Give master data of products and parties in the header.'),
  P18_RECEIVING_FORM: dscsa(
    'warn',
    'Receive with ObjectEvent OBSERVE, in_progress, readPoint and bizLocation.',
  ),
  P19_DECOMMISSION_FORM: dscsa('reject', 'Decommission with ObjectEvent DELETE and without ilmd.'),
  P20_GUIDELINE_VERSION: dscsa('info', 'Give gs1ushc:guidelineVersion.', 'reject'),
  L01_SERIAL_DUP_IN_LOT: reject('The serial number was commissioned before, with the same lot.'),
  L02_SERIAL_LOT_CONFLICT: reject('The serial number was commissioned before, with another lot.'),
  L03_LOT_EXPIRY_CONFLICT: reject('The lot has another expiry date.'),
  L04_EXPIRED_SHIPPED: reject('What has expired may not be shipped.'),
  L05_NOT_COMMISSIONED: warn('Send the commissioning of the object.'),
  L06_DECOMMISSIONED: reject('The object was decommissioned.'),
  L07_OUT_OF_ORDER: reject('Send events in the order in which they happened.'),
  L08_MULTIPLE_PARENTS: warn('Unpack the object from its old parent first.'),
  L09_NOT_A_CHILD: warn('The object is not in this parent.'),
  L10_UNKNOWN_GLN: reject('The GLN is not in the directory of partners.'),
  L10_UNVERIFIED: info('There is no directory of partners: membership of GLNs was not checked.'),
  L11_GLN_PARTNER_MISMATCH: reject('The sender of the document is not the partner of the credential.'),
  L12_DUPLICATE_EVENT: info('The event is known already: nothing is stored again.'),
  L13_KEY_CONFLICT: reject('Another event has the same objects, time, sender and kind.'),
  L14_FUTURE_TIME: reject('The event lies in the future: look at the clock.'),
  L15_STALE: warn('The event is older than a year.'),
  L16_ERRDECL_TARGET: warn('The event that is declared erroneous is not known.'),
  F01_EVENT_TOO_LARGE: reject('Split the event: it is larger than this server takes.'),
  F02_ROLLED_BACK: reject(
    'Another event of the document was refused: send the document again, or with proceed.',
  ),
  FINDINGS_TRUNCATED: info('More findings of this code were counted than are listed.'),
} as const satisfies Record<string, Rule>;

export type RuleCode = keyof typeof RULES;

/** How a rule is judged in a profile; `off` = not at all. */
export function severityOf(code: RuleCode, profile: Profile): Severity | 'off' {
  const rule: Rule = RULES[code];
  return rule.in?.[profile] ?? rule.severity;
}
