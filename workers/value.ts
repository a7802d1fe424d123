// One value against one field of the table: type, number, length, pattern or timestamp, range, enum, in this order
// (DESIGN.md §2). A value that passes leaves its canonical form in the row.

import { codeNumber } from '../engine/codes.ts';
import { type CompiledField, type CompiledStream, TYPE } from '../engine/schema/compile.ts';
import { numberFault, readNumber } from './number.ts';
import { type Row, STATE } from './row.ts';
import { KIND, KIND_MASK, VALUE_ESCAPED } from './scan.ts';
import { decodeInto, writeLiteral } from './strings.ts';
import { type Instant, readTimestamp } from './timestamp.ts';
import { countCodePoints } from './utf8.ts';

const OK = 0;
const TYPE_FAULT = codeNumber('field.type');
const LENGTH = codeNumber('field.length');
const PATTERN = codeNumber('field.pattern');
const RANGE = codeNumber('field.range');
const ENUM = codeNumber('field.enum');

const instant: Instant = { seconds: 0, nanos: 0 };

/**
 * Judges the value [start, end) of field number `number`; `kind` is its word on the tape. The value is not null, and
 * duplicates and lone surrogates in it have been looked for.
 * @returns 0 or a code number.
 */
export function checkValue(
  stream: CompiledStream,
  number: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  kind: number,
  row: Row,
): number {
  const field = stream.fields[number] as CompiledField;
  const valueKind = kind & KIND_MASK;
  switch (field.type) {
    case TYPE.number:
    case TYPE.integer:
      if (valueKind !== KIND.number) return TYPE_FAULT;
      return checkNumber(stream, field, number, bytes, start, end, row);
    case TYPE.boolean:
      if (valueKind !== KIND.true && valueKind !== KIND.false) return TYPE_FAULT;
      keep(row, number, STATE.input, start, end);
      return OK;
    default:
      if (valueKind !== KIND.string) return TYPE_FAULT;
      if ((kind & VALUE_ESCAPED) === 0) {
        keep(row, number, STATE.input, start, end);
        return checkText(stream, field, number, bytes, start + 1, end - 1, row);
      }
      return checkEscaped(stream, field, number, bytes, start, end, row);
  }
}

function keep(row: Row, number: number, state: number, from: number, to: number): void {
  row.state[number] = state;
  row.from[number] = from;
  row.to[number] = to;
}

/** A string with escapes: decoded into the scratch, judged there, and written behind as the literal of the line. */
function checkEscaped(
  stream: CompiledStream,
  field: CompiledField,
  number: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  row: Row,
): number {
  const { scratch } = row;
  const from = row.scratchEnd;
  const to = decodeInto(bytes, start + 1, end - 1, scratch, from);
  const code = checkText(stream, field, number, scratch, from, to, row);
  if (code !== OK) return code;
  row.scratchEnd = writeLiteral(scratch, from, to, scratch, to);
  keep(row, number, STATE.scratch, to, row.scratchEnd);
  return OK;
}

/** The decoded text [start, end) of a string, timestamp or enum field. */
function checkText(
  stream: CompiledStream,
  field: CompiledField,
  number: number,
  text: Uint8Array,
  start: number,
  end: number,
  row: Row,
): number {
  if (field.type === TYPE.timestamp) {
    const code = readTimestamp(text, start, end, instant);
    if (code === OK && number === stream.time) {
      row.seconds = instant.seconds;
      row.nanos = instant.nanos;
    }
    return code;
  }
  if (field.type === TYPE.enum) {
    const value = field.values.find(text, start, end);
    if (value < 0) return ENUM;
    if (number === stream.compliance) row.excursion = value === stream.excursionValue;
  } else {
    const length = countCodePoints(text, start, end);
    if (length < field.minLength || length > field.maxLength) return LENGTH;
    if (!hasPattern(field, text, start, end)) return PATTERN;
  }
  const { zones } = stream;
  if (zones !== null && number === zones.by) row.zone = zones.names.find(text, start, end);
  return OK;
}

/** True when every character is of the field's class, or, without one, no control character. */
function hasPattern(field: CompiledField, text: Uint8Array, start: number, end: number): boolean {
  const { allowed, beyondAscii } = field;
  for (let at = start; at < end; at++) {
    const byte = text[at] as number;
    if (byte < 0x80 ? allowed[byte] === 0 : !beyondAscii) return false;
  }
  return true;
}

/** A number literal; its canonical form is what ECMAScript makes of the double (RFC 8785 §3.2.2.3). */
function checkNumber(
  stream: CompiledStream,
  field: CompiledField,
  number: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  row: Row,
): number {
  const value = readNumber(bytes, start, end);
  const code = numberFault(bytes, start, end, value);
  if (code !== OK) return code;
  if (field.type === TYPE.integer && !Number.isInteger(value)) return TYPE_FAULT;
  if (value < field.min || value > field.max) return RANGE;
  const text = String(value);
  const from = row.scratchEnd;
  for (let i = 0; i < text.length; i++) row.scratch[from + i] = text.charCodeAt(i);
  row.scratchEnd = from + text.length;
  keep(row, number, STATE.scratch, from, row.scratchEnd);
  if (stream.zones !== null && number === stream.zones.field) row.judged = value;
  return OK;
}
