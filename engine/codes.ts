// Why a record was refused: the codes of the contract, and their numbers in slabs and journal (append only, never
// renumbered: they are on disk).

export const CODES = [
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
