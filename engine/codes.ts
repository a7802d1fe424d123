// Why a record was refused: the codes of the contract, and their numbers in slabs and journal (append only, never
// renumbered: they are on disk). The document of dead letters lists them all in this order.

/** What the codec says of records. */
export const CODEC_CODES = [
  'none',
  'json.syntax',
  'json.utf8',
  'json.depth',
  'json.duplicate-member',
  'json.lone-surrogate',
  'number.overflow',
  'number.underflow',
  'number.precision',
  'record.not-object',
  'frame.records',
  'field.unknown',
  'field.missing',
  'field.type',
  'field.length',
  'field.range',
  'field.pattern',
  'field.enum',
  'timestamp.syntax',
  'timestamp.not-utc',
  'timestamp.calendar',
  'codec.crash',
  'schema.unknown',
] as const;

/**
 * The rules of EPCIS captures (engine/epcis/rule-codes.ts), written out: that table is in the order of its subjects, this one
 * in the order of its history.
 */
export const RULE_CODES = [
  'D01_MEDIA_TYPE',
  'D02_BYTE_LIMIT',
  'D03_EVENT_LIMIT',
  'D04_MALFORMED',
  'D05_DTD_ENTITY',
  'D06_ROOT',
  'D07_SCHEMA_VERSION',
  'D08_CREATION_DATE',
  'D09_CONTEXT_MISSING',
  'D10_EPCIS_BODY',
  'D11_NO_EVENTS',
  'S01_EVENT_TYPE',
  'S02_EVENT_TIME',
  'S03_TZ_OFFSET',
  'S04_ACTION',
  'S05_WHAT_EMPTY',
  'S06_AGG_PARENT',
  'S07_AGG_CHILDREN',
  'S08_TXN_BIZTX',
  'S09_TRANSFORM_IO',
  'S10_ASSOC_PARENT',
  'S11_ILMD_NOT_ALLOWED',
  'S13_UNKNOWN_FIELD',
  'S14_QUANTITY',
  'S15_SOURCE_DEST',
  'S16_CBV_VALUE',
  'S17_ERROR_DECLARATION',
  'S18_SENSOR',
  'S19_PERSISTENT_DISPOSITION',
  'S20_URI',
  'S21_XML_FORM',
  'S22_EPC_DUPLICATE_IN_LIST',
  'S23_VALUE_TYPE',
  'I02_KEY_LENGTH',
  'I03_GTIN_CHECK_DIGIT',
  'I04_SSCC_CHECK_DIGIT',
  'I05_GLN_CHECK_DIGIT',
  'I06_SERIAL_CHARSET',
  'I07_SERIAL_LENGTH',
  'I08_LOT_SYNTAX',
  'I09_PARTITION',
  'I10_EPC_SCHEME_FIELD',
  'I11_DL_SYNTAX',
  'I12_ESCAPE',
  'I13_GTIN_INDICATOR9',
  'I14_NDC_MISMATCH',
  'I15_CHECK_DIGIT',
  'P01_TS_MISSING',
  'P02_TS_NOT_AFFIRMED',
  'P03_SBDH',
  'P04_COMM_LOT_MISSING',
  'P05_COMM_EXPIRY_MISSING',
  'P06_EXPIRY_FORMAT',
  'P07_COMM_ACTION',
  'P08_COMM_DISPOSITION',
  'P09_COMM_LOCATION',
  'P10_PACKING_FORM',
  'P11_SHIP_OWNING_PARTY',
  'P12_SHIP_LOCATION',
  'P13_SHIP_FORM',
  'P14_SHIP_BIZTX',
  'P15_SHIP_BIZLOCATION',
  'P16_DROPSHIP',
  'P17_MASTER_DATA',
  'P18_RECEIVING_FORM',
  'P19_DECOMMISSION_FORM',
  'P20_GUIDELINE_VERSION',
  'L01_SERIAL_DUP_IN_LOT',
  'L02_SERIAL_LOT_CONFLICT',
  'L03_LOT_EXPIRY_CONFLICT',
  'L04_EXPIRED_SHIPPED',
  'L05_NOT_COMMISSIONED',
  'L06_DECOMMISSIONED',
  'L07_OUT_OF_ORDER',
  'L08_MULTIPLE_PARENTS',
  'L09_NOT_A_CHILD',
  'L10_UNKNOWN_GLN',
  'L10_UNVERIFIED',
  'L11_GLN_PARTNER_MISMATCH',
  'L12_DUPLICATE_EVENT',
  'L13_KEY_CONFLICT',
  'L14_FUTURE_TIME',
  'L15_STALE',
  'L16_ERRDECL_TARGET',
  'F01_EVENT_TOO_LARGE',
  'F02_ROLLED_BACK',
  'FINDINGS_TRUNCATED',
] as const;

export const CODES: readonly [...typeof CODEC_CODES, ...typeof RULE_CODES] = [...CODEC_CODES, ...RULE_CODES];

/** A refusal code as clients and the dead letter see it. */
export type Code = (typeof CODES)[number];

/** Number of a code, as stored. */
export function codeNumber(code: Code): number {
  return CODES.indexOf(code);
}

/** Name of a stored code number; an unknown number is a fault of the caller. */
export function codeName(number: number): Code {
  const name = CODES[number];
  if (name === undefined) throw new Error(`assertion: code number ${number} is not known`);
  return name;
}

/** `field` of a refusal that concerns no field of the table. */
export const NO_FIELD = 0xffff;
