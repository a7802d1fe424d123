// One record: its bytes in, a code or a filled row out. The order in which faults are told is the contract of
// DESIGN.md §2: UTF-8, then syntax, then depth, then what the record is, then its members in order of appearance, then
// the fields that are missing in table order. Inside a member: unknown, duplicate, lone surrogate, then the value.

import { codeNumber, NO_FIELD } from '../engine/codes.ts';
import { MAX_DEPTH } from '../engine/limits.ts';
import type { CompiledField, CompiledStream } from '../engine/schema/compile.ts';
import { type Inspection, inspect } from './duplicates.ts';
import { type Row, STATE } from './row.ts';
import { CHILD, KIND, KIND_MASK, NAME_ESCAPED, Scan, VALUE_ESCAPED } from './scan.ts';
import { decodeString, firstLoneSurrogate } from './strings.ts';
import { firstIllFormed } from './utf8.ts';
import { checkValue } from './value.ts';

const OK = 0;
const UTF8 = codeNumber('json.utf8');
const SYNTAX = codeNumber('json.syntax');
const DEPTH = codeNumber('json.depth');
const NOT_OBJECT = codeNumber('record.not-object');
const UNKNOWN = codeNumber('field.unknown');
const DUPLICATE = codeNumber('json.duplicate-member');
const LONE_SURROGATE = codeNumber('json.lone-surrogate');
const TYPE_FAULT = codeNumber('field.type');
const MISSING = codeNumber('field.missing');

const utf8 = new TextEncoder();

/** Judges records. Holds only memory that is used again. */
export class Validator {
  readonly #scan = new Scan();
  readonly #found: Inspection = { duplicate: -1, loneSurrogate: -1 };
  /** Decoded names of a record's unknown members, where the stream ignores them. */
  readonly #ignored = new Set<string>();

  /**
   * Judges the record [start, end), which has no white space around it. `wellFormed` = its UTF-8 is known to be good.
   * @returns 0, and `row` holds the record; or a code number, and `row.field` and `row.offset` say where.
   */
  validate(
    stream: CompiledStream,
    bytes: Uint8Array,
    start: number,
    end: number,
    wellFormed: boolean,
    row: Row,
  ): number {
    row.field = NO_FIELD;
    if (!wellFormed) {
      row.offset = firstIllFormed(bytes, start, end);
      if (row.offset >= 0) return UTF8;
    }
    const scan = this.#scan;
    if (!scan.run(bytes, start, end, MAX_DEPTH)) {
      row.offset = scan.fault;
      return SYNTAX;
    }
    if (scan.deep >= 0) {
      row.offset = scan.deep;
      return DEPTH;
    }
    row.offset = start;
    if (scan.kind !== KIND.object) return NOT_OBJECT;

    row.reset(stream, end - start);
    if (stream.ignoreUnknown) this.#ignored.clear();
    for (let child = 0; child < scan.count; child++) {
      const code = this.#member(stream, bytes, child * CHILD.words, row);
      if (code !== OK) return code;
    }
    return missing(stream, end, row) ? MISSING : OK;
  }

  /** One member, whose words begin at `at` of the tape. */
  #member(stream: CompiledStream, bytes: Uint8Array, at: number, row: Row): number {
    const { tape } = this.#scan;
    const nameStart = tape[at + CHILD.nameStart] as number;
    const nameEnd = tape[at + CHILD.nameEnd] as number;
    const valueStart = tape[at + CHILD.valueStart] as number;
    const valueEnd = tape[at + CHILD.valueEnd] as number;
    const kind = tape[at + CHILD.kind] as number;
    const escapedName = (kind & NAME_ESCAPED) !== 0;

    const number = escapedName
      ? findEscaped(stream, bytes, nameStart, nameEnd)
      : stream.names.find(bytes, nameStart, nameEnd);
    row.offset = nameStart - 1;
    if (number < 0) {
      row.field = NO_FIELD;
      if (!stream.ignoreUnknown) return UNKNOWN;
      const before = this.#ignored.size;
      this.#ignored.add(decodeString(bytes, nameStart, nameEnd));
      if (this.#ignored.size === before) return DUPLICATE;
    } else {
      row.field = number;
      if (row.state[number] !== STATE.absent) return DUPLICATE;
    }

    const malformed = this.#malformed(
      bytes,
      nameStart,
      nameEnd,
      escapedName,
      valueStart,
      valueEnd,
      kind,
      row,
    );
    if (malformed !== OK || number < 0) return malformed;

    row.offset = valueStart;
    if ((kind & KIND_MASK) === KIND.null) {
      // An optional field that is null counts as absent, yet a second member of that name is still a duplicate.
      row.state[number] = STATE.null;
      return (stream.fields[number] as CompiledField).required ? TYPE_FAULT : OK;
    }
    return checkValue(stream, number, bytes, valueStart, valueEnd, kind, row);
  }

  /** Duplicates inside the value, then lone surrogates in the name or the value. */
  #malformed(
    bytes: Uint8Array,
    nameStart: number,
    nameEnd: number,
    escapedName: boolean,
    valueStart: number,
    valueEnd: number,
    kind: number,
    row: Row,
  ): number {
    const container = (kind & KIND_MASK) <= KIND.array;
    if (!container && !escapedName && (kind & VALUE_ESCAPED) === 0) return OK;
    if (container) inspect(bytes, valueStart, valueEnd, this.#found);
    if (container && this.#found.duplicate >= 0) {
      row.offset = this.#found.duplicate;
      return DUPLICATE;
    }
    let lone = escapedName ? firstLoneSurrogate(bytes, nameStart, nameEnd) : -1;
    if (lone < 0 && container) lone = this.#found.loneSurrogate;
    if (lone < 0 && (kind & VALUE_ESCAPED) !== 0)
      lone = firstLoneSurrogate(bytes, valueStart + 1, valueEnd - 1);
    if (lone < 0) return OK;
    row.offset = lone;
    return LONE_SURROGATE;
  }
}

/** Number of the field that a name with escapes in it means, -1 for none. */
function findEscaped(stream: CompiledStream, bytes: Uint8Array, start: number, end: number): number {
  const name = utf8.encode(decodeString(bytes, start, end));
  return stream.names.find(name, 0, name.length);
}

/** True when a required field is not there: the first in table order; the fault is where the record closes. */
function missing(stream: CompiledStream, end: number, row: Row): boolean {
  for (let i = 0; i < stream.fields.length; i++) {
    if (row.state[i] === STATE.absent && (stream.fields[i] as CompiledField).required) {
      row.field = i;
      row.offset = end - 1;
      return true;
    }
  }
  row.field = NO_FIELD;
  row.evaluate(stream);
  return false;
}
