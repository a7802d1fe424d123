// Why a record was refused, as a sentence for people. Reads the bytes from the fault on and never before it (but the names
// that go before a frame of unknown schema), and no further than the token at fault, so that the answer is the same from the record's own bytes (dead letter, replies after
// a restart) and from the whole frame that it came in (rejects at once).

import { MINUS, QUOTE } from '../../workers/ascii.ts';
import { closingQuote } from '../../workers/duplicates.ts';
import { decodeString, utf8Text } from '../../workers/strings.ts';
import { type Code, codeName } from '../codes.ts';
import { MAX_DEPTH } from '../limits.ts';
import { anyCharacter, characterClass } from './characters.ts';
import type { Field, Table } from './table.ts';
import { namesInHead } from './unknown.ts';

const MAX_DETAIL = 200;
/** Characters of the input that are shown at most, so that the sentence around them survives the cut at MAX_DETAIL. */
const MAX_SHOWN = 48;
/** Of numbers and of what breaks the syntax; a number literal can be as long as a frame. */
const MAX_TOKEN = 32;

/**
 * What to tell about a refusal.
 * @param code number of the code; @param field number of the field in `table`, or NO_FIELD
 * @param table the stream's schema; null where it is not known
 * @param bytes the raw record, or the payload of the frame; @param offset where the fault is in `bytes`
 * @returns a sentence of at most 200 printable characters, and the JSON Pointer (RFC 6901) of the member at fault, or
 *   null where it is no single member or cannot be known.
 */
export function describe(
  code: number,
  field: number,
  table: Table | null,
  bytes: Uint8Array,
  offset: number,
): { detail: string; path: string | null } {
  const name = codeName(code);
  if (name === 'schema.unknown') return { detail: printable(unknownSchema(bytes, offset)), path: null };
  const known = table?.fields[field] ?? null;
  if (name === 'field.unknown') {
    const member = nameAt(bytes, offset);
    return {
      detail: printable(`${shown(member)} is not a field of ${schemaName(table)}`),
      // A name that is half a surrogate pair has no JSON Pointer: RFC 6901 §3 wants Unicode characters.
      path: member.isWellFormed() ? pointer(member) : null,
    };
  }
  const detail = known === null ? withoutField(name, bytes, offset) : ofField(name, known, bytes, offset);
  return { detail: printable(detail), path: known === null ? null : pointer(known.name) };
}

/** The names lie before the fault: the one code of which bytes before it are read, and they are there in every place. */
function unknownSchema(bytes: Uint8Array, offset: number): string {
  const { asked, accepted } = namesInHead(bytes, offset);
  return `${asked} is not a schema of this stream: it takes ${accepted.join(', ')}`;
}

/** A sentence about a fault that concerns no field of the table. */
function withoutField(code: Code, bytes: Uint8Array, offset: number): string {
  switch (code) {
    case 'json.syntax':
      return syntaxDetail(bytes, offset);
    case 'json.utf8':
      return `not valid UTF-8: byte 0x${(bytes[offset] ?? 0).toString(16).padStart(2, '0')} cannot stand where it stands`;
    case 'json.depth':
      return `nested deeper than ${MAX_DEPTH} levels`;
    case 'json.duplicate-member':
      return `member ${shown(nameAt(bytes, offset))} is given twice`;
    case 'json.lone-surrogate':
      return `${escapeAt(bytes, offset)} is half of a surrogate pair without its other half`;
    case 'record.not-object':
      return `a record is a JSON object, not ${kindAt(bytes, offset)}`;
    case 'frame.records':
      return 'the frame holds more records than one frame may: send them in several frames';
    case 'codec.crash':
      return 'the frame could not be processed: it stopped the codec twice';
    default:
      return `refused: ${code}`;
  }
}

/** A sentence about a fault in a field of the table. */
function ofField(code: Code, field: Field, bytes: Uint8Array, offset: number): string {
  const { name } = field;
  switch (code) {
    case 'field.missing':
      return `${name} is missing`;
    case 'json.duplicate-member': {
      const member = nameAt(bytes, offset);
      return member === name
        ? `${name} is given twice`
        : `${name}: member ${shown(member)} in it is given twice`;
    }
    case 'field.type':
      return `${name}: ${typeName(field)} is wanted, not ${wrongValue(field, bytes, offset)}`;
    case 'field.length':
      return `${name}: ${lengthDetail(field, bytes, offset)}`;
    case 'field.pattern':
      return `${name}: ${patternDetail(field, bytes, offset)}`;
    case 'field.range':
      return `${name}: ${rangeDetail(field, bytes, offset)}`;
    case 'field.enum':
      return `${name}: ${textShown(bytes, offset)} is not one of ${field.values?.join(', ')}`;
    case 'number.overflow':
      return `${name}: ${numberShown(bytes, offset)} is too large for a double`;
    case 'number.underflow':
      return `${name}: ${numberShown(bytes, offset)} is not zero but too small for a double`;
    case 'number.precision':
      return `${name}: ${numberShown(bytes, offset)} is an integer beyond 2^53 - 1, which a double cannot keep exactly`;
    case 'timestamp.syntax':
      return `${name}: ${textShown(bytes, offset)} is not a timestamp like 2026-01-31T23:59:58Z`;
    case 'timestamp.not-utc':
      return `${name}: ${textShown(bytes, offset)} is not in UTC: it must end in Z or +00:00`;
    case 'timestamp.calendar':
      return `${name}: ${textShown(bytes, offset)} is a moment that does not exist`;
    default:
      return `${name}: ${withoutField(code, bytes, offset)}`;
  }
}

function schemaName(table: Table | null): string {
  return table === null ? 'the schema' : `${table.name}/${table.version}`;
}

/** RFC 6901 §3: `~` and `/` in a name are written `~0` and `~1`. */
function pointer(name: string): string {
  return `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** A syntax fault at the end of a line is told as a text that breaks off: there the frame has bytes, the record none. */
function syntaxDetail(bytes: Uint8Array, offset: number): string {
  let end = offset;
  while (end < bytes.length && end - offset < MAX_TOKEN && isVisible(bytes[end] as number)) end++;
  if (end > offset) return `not valid JSON at ${shown(utf8Lossy(bytes, offset, end))}`;
  let at = offset;
  while (at < bytes.length && isBlank(bytes[at] as number)) at++;
  if (at === bytes.length || bytes[at] === 0x0a) return 'not valid JSON: it breaks off before its end';
  return `not valid JSON: byte 0x${(bytes[offset] as number).toString(16).padStart(2, '0')} cannot stand where it stands`;
}

function isVisible(byte: number): boolean {
  return byte > 0x20 && byte !== 0x7f;
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}

function utf8Lossy(bytes: Uint8Array, start: number, end: number): string {
  // A character that the cut went through is left out.
  return utf8Text(bytes, start, end).replace(/\ufffd+$/, '');
}

function kindAt(bytes: Uint8Array, offset: number): string {
  switch (bytes[offset]) {
    case 0x5b:
      return 'an array';
    case 0x7b:
      return 'an object';
    case QUOTE:
      return 'a string';
    case 0x74:
      return 'true';
    case 0x66:
      return 'false';
    case 0x6e:
      return 'null';
    default:
      return 'a number';
  }
}

function typeName(field: Field): string {
  switch (field.type) {
    case 'integer':
      return 'an integer';
    case 'boolean':
      return 'true or false';
    case 'timestamp':
      return 'a timestamp in a string';
    case 'number':
      return 'a number';
    default:
      return 'a string';
  }
}

function wrongValue(field: Field, bytes: Uint8Array, offset: number): string {
  const byte = bytes[offset] as number;
  const number = byte === MINUS || (byte >= 0x30 && byte <= 0x39);
  return field.type === 'integer' && number ? numberShown(bytes, offset) : kindAt(bytes, offset);
}

function lengthDetail(field: Field, bytes: Uint8Array, offset: number): string {
  const length = [...textAt(bytes, offset)].length;
  const most = field.maxLength ?? Number.POSITIVE_INFINITY;
  const bound = length > most ? `at most ${most}` : `at least ${field.minLength ?? 0}`;
  return `${length} ${length === 1 ? 'character' : 'characters'}, ${bound} wanted`;
}

function patternDetail(field: Field, bytes: Uint8Array, offset: number): string {
  const allowed = field.characters === undefined ? anyCharacter() : characterClass(field.characters);
  const wrong = [...textAt(bytes, offset)].find((character) => {
    const point = character.codePointAt(0) as number;
    return point < 128 ? allowed[point] === 0 : field.characters !== undefined;
  });
  const what = wrong === undefined ? 'a character' : shown(wrong);
  return field.characters === undefined
    ? `control character ${what} is not allowed`
    : `${what} is not one of the characters ${field.characters}`;
}

function rangeDetail(field: Field, bytes: Uint8Array, offset: number): string {
  if (field.type === 'timestamp') return `${textShown(bytes, offset)} is not in the years 1970 to 9999`;
  const text = numberShown(bytes, offset);
  const max = field.max ?? Number.POSITIVE_INFINITY;
  return Number(numberAt(bytes, offset)) > max ? `${text} is above ${max}` : `${text} is below ${field.min}`;
}

/** The decoded string whose quote is at `offset`. */
function textAt(bytes: Uint8Array, offset: number): string {
  return decodeString(bytes, offset + 1, closingQuote(bytes, offset + 1));
}

function nameAt(bytes: Uint8Array, offset: number): string {
  return bytes[offset] === QUOTE ? textAt(bytes, offset) : '';
}

function textShown(bytes: Uint8Array, offset: number): string {
  return shown(textAt(bytes, offset));
}

function numberAt(bytes: Uint8Array, offset: number): string {
  let end = offset;
  while (end < bytes.length && /[-+.0-9eE]/.test(String.fromCharCode(bytes[end] as number))) end++;
  return utf8Text(bytes, offset, end);
}

function numberShown(bytes: Uint8Array, offset: number): string {
  const text = numberAt(bytes, offset);
  return text.length > MAX_TOKEN ? `${text.slice(0, MAX_TOKEN)}…` : text;
}

function escapeAt(bytes: Uint8Array, offset: number): string {
  return utf8Text(bytes, offset, Math.min(offset + 6, bytes.length));
}

/** A piece of the input in quotes, cut to MAX_SHOWN characters. */
function shown(text: string): string {
  const characters = [...text.slice(0, 2 * MAX_SHOWN + 2)];
  const cut = characters.length > MAX_SHOWN;
  return `"${characters.slice(0, MAX_SHOWN).join('')}${cut ? '…' : ''}"`;
}

/** A detail as it may be printed: nothing that moves a cursor, hides or reverses text; at most 200 UTF-16 units. */
export function printable(detail: string): string {
  const visible = detail.replace(
    /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Surrogate}]/gu,
    (character) => `U+${(character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0')}`,
  );
  if (visible.length <= MAX_DETAIL) return visible;
  let cut = '';
  for (const character of visible) {
    if (cut.length + character.length >= MAX_DETAIL) break;
    cut += character;
  }
  return `${cut}…`;
}
