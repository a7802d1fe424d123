// The constrained canonical Digital Link as the reference implementation of the event hash writes it. It verifies no check
// digit, keeps the escapes of a URN as they were sent, and leaves a Digital Link alone that has an escape in it. Only the
// `ni:` hash uses this; firn's own digest has `readIdentifier`.

import {
  areIn,
  escapeAsReference,
  isPlainForReference,
  isRawInUrn,
  SET_82,
  unescapeValue,
} from './characters.ts';
import { areDigits } from './check-digit.ts';
import { splitLink } from './link.ts';
import { readIdentifier } from './read.ts';
import { splitUrn, type UrnParts } from './urn.ts';

const LINK = 'https://id.gs1.org/';

/** Longest values, where the reference has one: it takes 20 characters for a GDTI, the standard 17. */
const MAX_VALUE: Readonly<Record<string, number>> = { '8003': 16, '8011': 12, '235': 28, '255': 12 };
const MAX_OTHER_VALUE = 20;
/** Lengths of keys of digits only. */
const DIGITS: Readonly<Record<string, number>> = {
  '00': 18,
  '01': 14,
  '402': 17,
  '414': 13,
  '417': 13,
  '8006': 18,
  '8017': 18,
  '8018': 18,
};
/** Keys with a serial right behind them: how many digits, how many characters at most after them. */
const SERIALLED: Readonly<Record<string, readonly [number, number]>> = {
  '253': [13, 17],
  '255': [13, 12],
  '8003': [14, 16],
};

/**
 * The identifier as a canonical Digital Link.
 * @param how `strict`: as firn's own digest has it, null for every fault. `reference`: as the reference converts it,
 *   which verifies less.
 * @returns null when the text holds no GS1 key: callers keep the text
 */
export function canonicalUri(text: string, how: 'strict' | 'reference' = 'strict'): string | null {
  if (how === 'strict') {
    const id = readIdentifier(text);
    return id.fault === null && id.canonical.startsWith(LINK) ? id.canonical : null;
  }
  if (text.startsWith('urn:epc:')) return fromUrn(text);
  if (text.startsWith('http:') || text.startsWith('https:')) return fromLink(text);
  return null;
}

function fromUrn(text: string): string | null {
  const parts: ReturnType<typeof splitUrn> = splitUrn(text);
  if (parts === null || 'code' in parts) return null;
  const { scheme, key, value } = parts as UrnParts;
  if (scheme.digits === 0 && !isWritten(key, 30)) return null;
  const head = `${LINK}${scheme.ai}/${escapeAsReference(key)}`;
  if (value === null) return head;
  if (scheme.tail === 'appended') {
    if (!isWritten(value, MAX_VALUE[scheme.ai] ?? MAX_OTHER_VALUE)) return null;
    return head + escapeAsReference(value);
  }
  if (!isWritten(value, MAX_VALUE[scheme.qualifier] ?? MAX_OTHER_VALUE)) return null;
  if (scheme.qualifier === '254' && value === '0') return head;
  return `${head}/${scheme.qualifier}/${escapeAsReference(value)}`;
}

/** True for 1 to `max` characters of set 82, with %XX where the URN needs it; a CPI may have a # in it. */
function isWritten(value: string, max: number): boolean {
  const plain = unescapeValue(value);
  if (plain === null || isRawInUrn(value)) return false;
  return plain.length > 0 && plain.length <= max && areIn(SET_82, plain.replaceAll('#', '/'));
}

function fromLink(text: string): string | null {
  const parts = splitLink(text);
  if (parts === null || typeof parts === 'string' || text.includes('#')) return null;
  const { ai, qualifier, value } = parts;
  const key = ai === '01' && areDigits(parts.key, 0, parts.key.length) ? padded(parts.key) : parts.key;
  if (!isKey(ai, key, text)) return null;
  if (qualifier === '') return `${LINK}${ai}/${key}`;
  // A CPI in canonical form has escapes, and comes out as it went in either way.
  if (!isPlainForReference(value) || value.length > (MAX_VALUE[qualifier] ?? MAX_OTHER_VALUE)) return null;
  return `${LINK}${ai}/${key}/${qualifier}/${value}`;
}

function padded(gtin: string): string {
  return gtin.length === 8 || gtin.length === 12 || gtin.length === 13 ? gtin.padStart(14, '0') : gtin;
}

function isKey(ai: string, key: string, text: string): boolean {
  const digits = DIGITS[ai];
  if (digits !== undefined) return key.length === digits && areDigits(key, 0, digits);
  const serialled = SERIALLED[ai];
  if (serialled === undefined) return key.length <= 30 && (isPlainForReference(key) || text.startsWith(LINK));
  const [length, serial] = serialled;
  return (
    areDigits(key, 0, length) &&
    key.length <= length + serial &&
    isPlainForReference(key.slice(length)) &&
    (ai !== '255' || key.length === length || areDigits(key, length, key.length))
  );
}
