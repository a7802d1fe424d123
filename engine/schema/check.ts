// Is a table, or a stream's zones, one that the codec can work with? Asked once, at start; every later reader relies on
// it and checks nothing again.

import { canonicalise } from '../../workers/canonicalise.ts';
import { ConfigError } from '../errors.ts';
import { KIB } from '../limits.ts';
import { anyCharacter, characterClass } from './characters.ts';
import type { Field, Table, Zones } from './table.ts';

const SCHEMA_NAME = /^[a-z][a-z0-9-]{0,62}$/;
const FIELD_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
const MAX_VERSION = 999_999;
const MAX_FIELDS = 256;
/** Names and defaults of all fields: bounds how much longer than its record a line may be. */
const MAX_NAMES_AND_DEFAULTS = 64 * KIB;

/** The field whose instant says in which day's partition a record lies. */
export const RECORD_TIME = 'timestamp_utc';
/** Members that firn adds to a line, and partition columns: no field may have these names (FORMAT.md §1). */
export const RESERVED_NAMES: readonly string[] = ['year', 'month', 'day', 'received_utc', 'evaluated_state'];

/** Which settings a type has beside name, type and required. */
const SETTINGS: Readonly<Record<Field['type'], readonly (keyof Field)[]>> = {
  string: ['default', 'minLength', 'maxLength', 'characters'],
  number: ['default', 'min', 'max'],
  integer: ['default', 'min', 'max'],
  boolean: ['default'],
  timestamp: [],
  enum: ['default', 'values'],
};
const ALL_SETTINGS: readonly (keyof Field)[] = [
  'default',
  'minLength',
  'maxLength',
  'min',
  'max',
  'characters',
  'values',
];

/** Throws ConfigError with the reason when `table` is not a usable schema. */
export function checkTable(table: Table): void {
  const name = `${table.name}/${table.version}`;
  if (!SCHEMA_NAME.test(table.name))
    throw new ConfigError(`schema ${name}: the name is not ${SCHEMA_NAME.source}`);
  if (!Number.isInteger(table.version) || table.version < 1 || table.version > MAX_VERSION) {
    throw new ConfigError(`schema ${name}: the version is not an integer from 1 to ${MAX_VERSION}`);
  }
  if (table.fields.length < 1 || table.fields.length > MAX_FIELDS) {
    throw new ConfigError(`schema ${name}: a table has 1 to ${MAX_FIELDS} fields`);
  }
  const names = new Set<string>();
  let bytes = 0;
  for (const field of table.fields) {
    const fault = names.has(field.name) ? 'is there twice' : fieldFault(field);
    if (fault !== null) throw new ConfigError(`schema ${name}: field ${field.name} ${fault}`);
    names.add(field.name);
    bytes +=
      field.name.length + (field.default === undefined ? 0 : Buffer.byteLength(canonicalise(field.default)));
  }
  if (bytes > MAX_NAMES_AND_DEFAULTS) {
    throw new ConfigError(
      `schema ${name}: names and defaults take more than ${MAX_NAMES_AND_DEFAULTS} bytes`,
    );
  }
  const time = table.fields.find((field) => field.name === RECORD_TIME);
  if (time === undefined || time.type !== 'timestamp' || !time.required) {
    throw new ConfigError(`schema ${name}: it needs a required field ${RECORD_TIME} of type timestamp`);
  }
}

/** What is wrong with a field by itself, null for nothing. */
function fieldFault(field: Field): string | null {
  if (!FIELD_NAME.test(field.name)) return `has a name that is not ${FIELD_NAME.source}`;
  if (RESERVED_NAMES.includes(field.name)) return 'has a name that is reserved for firn';
  const settings = SETTINGS[field.type];
  if (settings === undefined) return `has a type that is not one of ${Object.keys(SETTINGS).join(', ')}`;
  for (const setting of ALL_SETTINGS) {
    if (field[setting] !== undefined && !settings.includes(setting))
      return `is of type ${field.type}: it has no "${setting}"`;
  }
  if (field.required && field.default !== undefined) return 'is required: a default would never be used';
  const { min, max, minLength, maxLength } = field;
  for (const length of [minLength, maxLength]) {
    if (length !== undefined && (!Number.isSafeInteger(length) || length < 0))
      return 'has a length that is no count';
  }
  for (const bound of [min, max]) {
    if (bound !== undefined && !Number.isFinite(bound)) return 'has a bound that is not a finite number';
  }
  if ((minLength ?? 0) > (maxLength ?? Number.POSITIVE_INFINITY)) return 'has "minLength" above "maxLength"';
  if ((min ?? Number.NEGATIVE_INFINITY) > (max ?? Number.POSITIVE_INFINITY)) return 'has "min" above "max"';
  if (field.characters !== undefined) characterClass(field.characters);
  if (field.type === 'enum') {
    const fault = valuesFault(field.values);
    if (fault !== null) return fault;
  }
  return field.default === undefined ? null : defaultFault(field, field.default);
}

function valuesFault(values: readonly string[] | undefined): string | null {
  if (values === undefined || values.length === 0) return 'is an enum: it needs "values"';
  if (new Set(values).size !== values.length) return 'has a value twice';
  return values.every((value) => isPlainText(value))
    ? null
    : 'has a value with control characters or lone surrogates';
}

/** What is wrong with a default: it must be a value that the field would accept. */
function defaultFault(field: Field, value: string | number | boolean): string | null {
  switch (field.type) {
    case 'boolean':
      return typeof value === 'boolean' ? null : 'has a default that is not true or false';
    case 'enum':
      return field.values?.includes(value as string) === true
        ? null
        : 'has a default that is not one of its values';
    case 'string':
      return typeof value === 'string' && stringFits(field, value)
        ? null
        : 'has a default that it would refuse';
    default:
      return typeof value === 'number' && numberFits(field, value)
        ? null
        : 'has a default that it would refuse';
  }
}

function stringFits(field: Field, text: string): boolean {
  const length = [...text].length;
  if (length < (field.minLength ?? 0) || length > (field.maxLength ?? Number.POSITIVE_INFINITY)) return false;
  if (!isPlainText(text)) return false;
  const allowed = field.characters === undefined ? null : characterClass(field.characters);
  return (
    allowed === null || [...text].every((character) => allowed[character.codePointAt(0) as number] === 1)
  );
}

function numberFits(field: Field, value: number): boolean {
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) return false;
  if (field.type === 'integer' && !Number.isInteger(value)) return false;
  return value >= (field.min ?? value) && value <= (field.max ?? value);
}

/** No control character, no lone surrogate: what a line may hold as a string. */
function isPlainText(text: string): boolean {
  const allowed = anyCharacter();
  if (/\p{Surrogate}/u.test(text)) return false;
  return [...text].every((character) => allowed[character.codePointAt(0) as number] !== 0);
}

/** Throws ConfigError when `zones` cannot judge records of `table`. */
export function checkZones(table: Table, zones: Zones): void {
  const by = table.fields.find((field) => field.name === zones.by);
  const judged = table.fields.find((field) => field.name === zones.field);
  if (by?.type !== 'string' && by?.type !== 'enum') {
    throw new ConfigError(
      `zones: "by": ${JSON.stringify(zones.by)} is not a string or enum field of the schema`,
    );
  }
  if (judged?.type !== 'number' && judged?.type !== 'integer') {
    throw new ConfigError(
      `zones: "field": ${JSON.stringify(zones.field)} is not a number field of the schema`,
    );
  }
  for (const [zone, { min, max }] of Object.entries(zones.limits)) {
    for (const bound of [min, max]) {
      if (bound !== undefined && !Number.isFinite(bound))
        throw new ConfigError(`zones: a limit of ${zone} is not a number`);
    }
    if (min !== undefined && max !== undefined && min > max) {
      throw new ConfigError(`zones: "min" of ${zone} is above its "max"`);
    }
    if (by.type === 'enum' && !by.values?.includes(zone)) {
      throw new ConfigError(`zones: ${zone} is not a value of ${by.name}`);
    }
  }
}
