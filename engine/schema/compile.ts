// A stream's table, zones and policy in the form that the codec works with: names as bytes, bounds as numbers, the order
// of a line's members settled (RFC 8785 §3.2.3). Made once per stream; relies on `checkTable` and `checkZones`.

import { canonicalise } from '../../workers/canonicalise.ts';
import { Dictionary } from '../../workers/dictionary.ts';
import { anyCharacter, characterClass } from './characters.ts';
import { RECORD_TIME } from './check.ts';
import type { Field, StreamSpec, Zones } from './table.ts';

/** Types of fields as numbers. */
export const TYPE = { string: 0, number: 1, integer: 2, boolean: 3, timestamp: 4, enum: 5 } as const;

/** Members of a line that come from firn, in `order`. */
export const RECEIVED = -1;
export const EVALUATED = -2;

export const RECEIVED_NAME = 'received_utc';
export const EVALUATED_NAME = 'evaluated_state';
/** The enum value that marks a record as one outside its limits (FORMAT.md §4). */
export const EXCURSION = 'excursion';
export const WITHIN = 'within_spec';

export interface CompiledField {
  readonly type: number;
  readonly required: boolean;
  /** `,"name":` */
  readonly key: Uint8Array;
  /** The default as JSON, null when there is none. */
  readonly fallback: Uint8Array | null;
  readonly minLength: number;
  readonly maxLength: number;
  readonly min: number;
  readonly max: number;
  /** One flag per ASCII character: may it stand in the string? */
  readonly allowed: Uint8Array;
  /** False when `characters` is given: then nothing past ASCII is allowed. */
  readonly beyondAscii: boolean;
  readonly values: Dictionary;
}

/** Limits per zone; positions are the numbers of the dictionary. */
export interface CompiledZones {
  readonly by: number;
  readonly field: number;
  readonly names: Dictionary;
  readonly min: Float64Array;
  readonly max: Float64Array;
  /** Number of the zone and value judged when the record leaves them out and they have defaults; -1 and NaN if not. */
  readonly defaultZone: number;
  readonly defaultValue: number;
}

export interface CompiledStream {
  readonly number: number;
  readonly fields: readonly CompiledField[];
  readonly names: Dictionary;
  /** Members of a line in order: numbers of fields, RECEIVED, EVALUATED. */
  readonly order: Int32Array;
  /** Number of the field that says when the record was taken. */
  readonly time: number;
  /** Number of the field `compliance_state` when it is an enum with `excursion`, else -1. */
  readonly compliance: number;
  /** Number of the value `excursion` in it, and whether it is the default. */
  readonly excursionValue: number;
  readonly excursionByDefault: boolean;
  readonly zones: CompiledZones | null;
  readonly ignoreUnknown: boolean;
  readonly maxRecords: number;
}

const COMPLIANCE_NAME = 'compliance_state';

const utf8 = new TextEncoder();

/** Compiles what a worker needs to know of one stream. */
export function compileStream(spec: StreamSpec): CompiledStream {
  const { fields } = spec.table;
  const compliance = fields.findIndex((field) => field.name === COMPLIANCE_NAME && field.type === 'enum');
  const complianceField = fields[compliance];
  return {
    number: spec.number,
    fields: fields.map(compileField),
    names: new Dictionary(fields.map((field) => field.name)),
    order: lineOrder(fields),
    time: fields.findIndex((field) => field.name === RECORD_TIME),
    compliance,
    excursionValue: complianceField?.values?.indexOf(EXCURSION) ?? -1,
    excursionByDefault: complianceField?.default === EXCURSION,
    zones: spec.zones === null ? null : compileZones(fields, spec.zones),
    ignoreUnknown: spec.unknownFields === 'ignore',
    maxRecords: spec.maxRecordsPerFrame,
  };
}

function compileField(field: Field): CompiledField {
  return {
    type: TYPE[field.type],
    required: field.required,
    key: keyBytes(field.name),
    fallback: field.default === undefined ? null : utf8.encode(canonicalise(field.default)),
    minLength: field.minLength ?? 0,
    maxLength: field.maxLength ?? Number.POSITIVE_INFINITY,
    min: field.min ?? Number.NEGATIVE_INFINITY,
    max: field.max ?? Number.POSITIVE_INFINITY,
    allowed: field.characters === undefined ? anyCharacter() : characterClass(field.characters),
    beyondAscii: field.characters === undefined,
    values: new Dictionary(field.values ?? []),
  };
}

/** `,"name":` of a member. */
export function keyBytes(name: string): Uint8Array {
  return utf8.encode(`,${canonicalise(name)}:`);
}

function lineOrder(fields: readonly Field[]): Int32Array {
  const members = fields.map((field, number) => ({ name: field.name, number }));
  members.push({ name: RECEIVED_NAME, number: RECEIVED }, { name: EVALUATED_NAME, number: EVALUATED });
  // `<` on strings compares UTF-16 code units.
  members.sort((a, b) => (a.name < b.name ? -1 : 1));
  return Int32Array.from(members, (member) => member.number);
}

function compileZones(fields: readonly Field[], zones: Zones): CompiledZones {
  const names = Object.keys(zones.limits);
  const limits = Object.values(zones.limits);
  const by = fields.findIndex((field) => field.name === zones.by);
  const field = fields.findIndex((candidate) => candidate.name === zones.field);
  return {
    by,
    field,
    names: new Dictionary(names),
    min: Float64Array.from(limits, (limit) => limit.min ?? Number.NEGATIVE_INFINITY),
    max: Float64Array.from(limits, (limit) => limit.max ?? Number.POSITIVE_INFINITY),
    defaultZone: names.indexOf(fields[by]?.default as string),
    defaultValue: (fields[field]?.default as number | undefined) ?? Number.NaN,
  };
}

/** How many bytes a line can be longer than the record it comes from: sizes of output areas are checked against it. */
export function lineGrowth(spec: StreamSpec): number {
  const stream = compileStream(spec);
  const canonicalNumber = 25;
  let bytes = keyBytes(RECEIVED_NAME).length + 26 + keyBytes(EVALUATED_NAME).length + 13 + 3;
  for (const field of stream.fields)
    bytes += field.key.length + Math.max(canonicalNumber, field.fallback?.length ?? 0);
  return bytes;
}
