// EPC URNs: `urn:epc:id:sgtin:PREFIX.REFERENCE.SERIAL` and its kin. The company prefix is needed to put the digits in
// order and is then forgotten: the canonical form is the Digital Link, which has no boundary in it.

import type { RuleCode } from '../rule-codes.ts';
import { isRawInUrn, unescapeValue } from './characters.ts';
import { areDigits, withCheckDigit } from './check-digit.ts';
import { brokenId, type Identifier, plainId, shown } from './identifier.ts';
import { readKey } from './keys.ts';
import { CLASS_SCHEMES, INSTANCE_SCHEMES, OTHER_SCHEMES, PATTERN_SCHEMES, type Scheme } from './schemes.ts';

/** Length of `urn:epc:`. */
const NAMESPACE = 8;
const MIN_PREFIX = 6;
const MAX_PREFIX = 12;

/** The parts of a URN: key and qualifier as characters of the URN, escapes as sent. */
export interface UrnParts {
  readonly scheme: Scheme;
  /** Digits of the key with the check digit; for a free key prefix and reference. */
  readonly key: string;
  /** Behind it: serial, lot, extension; null = a class (`*`) or a scheme without. */
  readonly value: string | null;
}

/** Why a URN has no parts. */
export interface UrnFault {
  readonly code: RuleCode;
  readonly detail: string;
}

const fault = (code: RuleCode, detail: string): UrnFault => ({ code, detail });

/** Reads a text that begins with `urn:epc:`. */
export function readUrn(text: string): Identifier {
  const parts = splitUrn(text);
  if (parts === null) return plainId('epc', text);
  if ('code' in parts) return brokenId(text, parts.code, parts.detail);
  const { scheme, key, value } = parts;
  const sent = scheme.digits === 0 ? key : value;
  if (sent !== null && isRawInUrn(sent)) return brokenId(text, 'I12_ESCAPE', shown(sent));
  if (value !== null && sent !== value && isRawInUrn(value))
    return brokenId(text, 'I12_ESCAPE', shown(value));
  const plainKey = scheme.digits === 0 ? unescapeValue(key) : key;
  const plain = value === null ? '' : unescapeValue(value);
  if (plainKey === null || plain === null) return brokenId(text, 'I12_ESCAPE', shown(text));
  if (value === null) return readKey(scheme.ai, plainKey, '', '', text);
  if (scheme.tail === 'appended')
    return plain === ''
      ? brokenId(text, 'I07_SERIAL_LENGTH', 'the serial is missing')
      : readKey(scheme.ai, plainKey + plain, '', '', text);
  return readKey(scheme.ai, plainKey, scheme.qualifier, plain, text);
}

/** @returns null for an EPC of another number system. */
export function splitUrn(text: string): UrnParts | UrnFault | null {
  const family = text.indexOf(':', NAMESPACE);
  const end = family === -1 ? -1 : text.indexOf(':', family + 1);
  if (end === -1) return fault('I10_EPC_SCHEME_FIELD', shown(text));
  const kind = text.slice(NAMESPACE, family);
  const name = text.slice(family + 1, end);
  const pattern = kind === 'idpat';
  const schemes =
    kind === 'id'
      ? INSTANCE_SCHEMES
      : kind === 'class'
        ? CLASS_SCHEMES
        : pattern
          ? PATTERN_SCHEMES
          : undefined;
  const scheme = schemes?.get(name);
  if (scheme !== undefined) return splitBody(text, scheme, end + 1, pattern);
  if (kind === 'id' && OTHER_SCHEMES.has(name)) return null;
  return fault('I10_EPC_SCHEME_FIELD', `no scheme ${shown(`${kind}:${name}`)}`);
}

function splitBody(text: string, scheme: Scheme, from: number, pattern: boolean): UrnParts | UrnFault {
  const dot = text.indexOf('.', from);
  if (dot === -1) return fault('I09_PARTITION', `${shown(text)} has no reference`);
  const prefixDigits = dot - from;
  if (!areDigits(text, from, dot)) return fault('I02_KEY_LENGTH', `${shown(text)}: the prefix needs digits`);
  if (prefixDigits < MIN_PREFIX || prefixDigits > MAX_PREFIX)
    return fault('I09_PARTITION', `company prefix of ${prefixDigits} digits`);
  if (scheme.digits === 0) return splitFree(text, scheme, from, dot, pattern);

  const second = scheme.tail === 'none' ? -1 : text.indexOf('.', dot + 1);
  const end = second === -1 ? text.length : second;
  const referenceDigits = end - dot - 1;
  if (referenceDigits > 0 && !areDigits(text, dot + 1, end))
    return fault('I02_KEY_LENGTH', `${shown(text)}: the reference needs digits`);
  if (prefixDigits + referenceDigits !== scheme.digits)
    return fault(
      'I09_PARTITION',
      `prefix and reference have ${prefixDigits} + ${referenceDigits} digits, not ${scheme.digits}`,
    );
  const prefix = text.slice(from, dot);
  const reference = text.slice(dot + 1, end);
  const body = scheme.leads
    ? reference.slice(0, 1) + prefix + reference.slice(1)
    : scheme.before + prefix + reference;
  const key = withCheckDigit(body);
  if (scheme.tail === 'none') return { scheme, key, value: null };
  if (second === -1) return missing(scheme);
  if (scheme.tail === 'piece') return splitPiece(text, scheme, key, second + 1, pattern);
  return withValue(scheme, key, text.slice(second + 1), pattern);
}

function missing(scheme: Scheme): UrnFault {
  return scheme.qualifier === '10'
    ? fault('I08_LOT_SYNTAX', 'the lot is missing')
    : fault('I07_SERIAL_LENGTH', 'the serial is missing');
}

/** A pattern has `*` and nothing else; an identifier has a value. */
function withValue(scheme: Scheme, key: string, value: string, pattern: boolean): UrnParts | UrnFault {
  if (!pattern) return { scheme, key, value };
  return value === '*'
    ? { scheme, key, value: null }
    : fault('I10_EPC_SCHEME_FIELD', 'a pattern needs * as its serial');
}

/** `PIECE.TOTAL.SERIAL` of an ITIP. */
function splitPiece(
  text: string,
  scheme: Scheme,
  gtin: string,
  from: number,
  pattern: boolean,
): UrnParts | UrnFault {
  if (!areDigits(text, from, from + 2) || text[from + 2] !== '.' || !areDigits(text, from + 3, from + 5))
    return fault('I02_KEY_LENGTH', 'piece and total need 2 digits each');
  if (text[from + 5] !== '.') return missing(scheme);
  const key = gtin + text.slice(from, from + 2) + text.slice(from + 3, from + 5);
  return withValue(scheme, key, text.slice(from + 6), pattern);
}

/** GIAI, GINC and CPI: what follows the prefix is the reference; a CPI has its serial behind the last point. */
function splitFree(
  text: string,
  scheme: Scheme,
  from: number,
  dot: number,
  pattern: boolean,
): UrnParts | UrnFault {
  const second = scheme.tail === 'none' ? text.length : text.indexOf('.', dot + 1);
  if (second === -1) return missing(scheme);
  if (second === dot + 1 || dot + 1 === text.length)
    return fault('I02_KEY_LENGTH', `${shown(text)} has no reference`);
  const key = text.slice(from, dot) + text.slice(dot + 1, second);
  if (scheme.tail === 'none') return { scheme, key, value: null };
  return withValue(scheme, key, text.slice(second + 1), pattern);
}
