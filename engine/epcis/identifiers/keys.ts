// From the parts of a GS1 key, unescaped, to the identifier: the one place that knows lengths, characters, check digits
// and the form of the canonical Digital Link. The readers of URNs and of Digital Links both end here.

import type { RuleCode } from '../rule-codes.ts';
import { areIn, escapeForLink, SET_39, SET_82 } from './characters.ts';
import { areDigits, hasCheckDigit } from './check-digit.ts';
import { brokenId, type Identifier, type IdKind, plainId, shown } from './identifier.ts';

const LINK = 'https://id.gs1.org/';

/** Longest values after the key: GS1 General Specifications §3. */
const MAX_SERIAL = 20;
const MAX_LOT = 20;
const MAX_UPUI_SERIAL = 28;
const MAX_GRAI_SERIAL = 16;
const MAX_GDTI_SERIAL = 17;
const MAX_SGCN_SERIAL = 12;
const MAX_CPI_SERIAL = 12;
const MAX_FREE_KEY = 30;
/** The company prefix within a key without a fixed length: GIAI, GINC, CPI. */
const MIN_PREFIX_DIGITS = 4;

/** A number with a check digit: AI → digits, and the code of a wrong one. */
interface FixedKey {
  readonly kind: IdKind;
  readonly digits: number;
  readonly code: RuleCode;
  readonly name: string;
}

const FIXED: Readonly<Record<string, FixedKey>> = {
  '00': { kind: 'sscc', digits: 18, code: 'I04_SSCC_CHECK_DIGIT', name: 'SSCC' },
  '402': { kind: 'gsin', digits: 17, code: 'I15_CHECK_DIGIT', name: 'GSIN' },
  '414': { kind: 'sgln', digits: 13, code: 'I05_GLN_CHECK_DIGIT', name: 'GLN' },
  '417': { kind: 'pgln', digits: 13, code: 'I05_GLN_CHECK_DIGIT', name: 'GLN' },
  '8017': { kind: 'gsrnp', digits: 18, code: 'I15_CHECK_DIGIT', name: 'GSRN' },
  '8018': { kind: 'gsrn', digits: 18, code: 'I15_CHECK_DIGIT', name: 'GSRN' },
};

/** A serial right behind the digits of its key: AI → digits with the check digit, longest serial. */
interface SerialledKey {
  readonly kind: IdKind;
  readonly classKind: IdKind;
  readonly digits: number;
  readonly maxSerial: number;
  readonly name: string;
}

const SERIALLED: Readonly<Record<string, SerialledKey>> = {
  '253': { kind: 'gdti', classKind: 'gdti-class', digits: 13, maxSerial: MAX_GDTI_SERIAL, name: 'GDTI' },
  '255': { kind: 'sgcn', classKind: 'sgcn-class', digits: 13, maxSerial: MAX_SGCN_SERIAL, name: 'GCN' },
  '8003': { kind: 'grai', classKind: 'grai-class', digits: 14, maxSerial: MAX_GRAI_SERIAL, name: 'GRAI' },
};

/**
 * @param ai the application identifier of the key
 * @param key its value, unescaped
 * @param qualifier AI of the finest qualifier, `''` = none
 * @param value of the qualifier, unescaped
 * @param text as sent: what a broken identifier keeps
 */
export function readKey(ai: string, key: string, qualifier: string, value: string, text: string): Identifier {
  if (ai === '01') return readTradeItem(key, qualifier, value, text);
  const fixed = FIXED[ai];
  if (fixed !== undefined) return readFixed(fixed, ai, key, qualifier, value, text);
  const serialled = SERIALLED[ai];
  if (serialled !== undefined) return readSerialled(serialled, ai, key, text);
  if (ai === '8006') return readPiece(key, qualifier, value, text);
  return readFree(ai, key, qualifier, value, text);
}

/**
 * The identifier, or what is left of it when its check digit is wrong: broken, but in canonical form, since nothing else in
 * it is in doubt. So two spellings of one mistake stay one.
 */
function checked(id: Identifier, code: RuleCode, right: boolean, detail: string): Identifier {
  return right ? id : brokenId(id.canonical, code, detail);
}

function serialFault(value: string, max: number, text: string): Identifier | null {
  if (value.length === 0 || value.length > max)
    return brokenId(text, 'I07_SERIAL_LENGTH', `${value.length} characters, 1 to ${max} are allowed`);
  if (!areIn(SET_82, value)) return brokenId(text, 'I06_SERIAL_CHARSET', `serial ${shown(value)}`);
  return null;
}

function lotFault(value: string, text: string): Identifier | null {
  return isLot(value) ? null : brokenId(text, 'I08_LOT_SYNTAX', `lot ${shown(value)}`);
}

/** True for 1 to 20 characters of set 82. */
export function isLot(value: string): boolean {
  return value.length > 0 && value.length <= MAX_LOT && areIn(SET_82, value);
}

function readTradeItem(sent: string, qualifier: string, value: string, text: string): Identifier {
  const { length } = sent;
  const known = length === 14 || length === 13 || length === 12 || length === 8;
  if (!known || !areDigits(sent, 0, length))
    return brokenId(text, 'I02_KEY_LENGTH', `GTIN ${shown(sent)} needs 8, 12, 13 or 14 digits`);
  const gtin = length === 14 ? sent : sent.padStart(14, '0');
  if (!hasCheckDigit(gtin)) {
    const rest = qualifier === '' ? '' : `/${qualifier}/${escapeForLink(value)}`;
    return brokenId(`${LINK}01/${gtin}${rest}`, 'I03_GTIN_CHECK_DIGIT', `GTIN ${gtin}`);
  }
  if (qualifier === '') return { ...plainId('gtin', `${LINK}01/${gtin}`), gtin };
  if (qualifier === '10') {
    const fault = lotFault(value, text);
    if (fault !== null) return fault;
    const canonical = `${LINK}01/${gtin}/10/${escapeForLink(value)}`;
    return { kind: 'lgtin', canonical, gtin, serial: '', lot: value, gln: '', sscc: '', fault: null };
  }
  const upui = qualifier === '235';
  const fault = serialFault(value, upui ? MAX_UPUI_SERIAL : MAX_SERIAL, text);
  if (fault !== null) return fault;
  if (!upui && gtin.charCodeAt(0) === 0x39) return brokenId(text, 'I13_GTIN_INDICATOR9', `GTIN ${gtin}`);
  const canonical = `${LINK}01/${gtin}/${qualifier}/${escapeForLink(value)}`;
  const kind = upui ? 'upui' : 'sgtin';
  return { kind, canonical, gtin, serial: value, lot: '', gln: '', sscc: '', fault: null };
}

function readFixed(
  fixed: FixedKey,
  ai: string,
  key: string,
  qualifier: string,
  value: string,
  text: string,
): Identifier {
  if (key.length !== fixed.digits || !areDigits(key, 0, key.length))
    return brokenId(text, 'I02_KEY_LENGTH', `${fixed.name} ${shown(key)} needs ${fixed.digits} digits`);
  let canonical = `${LINK}${ai}/${key}`;
  // An extension of a single 0 means none: sgln:CP.L.0 and 414/GLN name the same place.
  if (qualifier === '254' && value !== '0') {
    const fault = serialFault(value, MAX_SERIAL, text);
    if (fault !== null) return fault;
    canonical += `/254/${escapeForLink(value)}`;
  }
  const gln = fixed.digits === 13 ? key : '';
  const sscc = ai === '00' ? key : '';
  if (!hasCheckDigit(key)) return brokenId(canonical, fixed.code, `${fixed.name} ${key}`);
  return { kind: fixed.kind, canonical, gtin: '', serial: '', lot: '', gln, sscc, fault: null };
}

function readSerialled(scheme: SerialledKey, ai: string, key: string, text: string): Identifier {
  const { digits, name } = scheme;
  if (key.length < digits || !areDigits(key, 0, digits) || (ai === '8003' && key[0] !== '0'))
    return brokenId(text, 'I02_KEY_LENGTH', `${name} ${shown(key)} needs ${digits} digits and its serial`);
  const number = key.slice(0, digits);
  const right = hasCheckDigit(number);
  const kept = (id: Identifier): Identifier => checked(id, 'I15_CHECK_DIGIT', right, `${name} ${number}`);
  if (key.length === digits) return kept(plainId(scheme.classKind, `${LINK}${ai}/${key}`));
  const serial = key.slice(digits);
  const fault = serialFault(serial, scheme.maxSerial, text);
  if (fault !== null) return fault;
  if (ai === '255' && !areDigits(serial, 0, serial.length))
    return brokenId(text, 'I06_SERIAL_CHARSET', `serial ${shown(serial)} of a coupon needs digits`);
  return kept(plainId(scheme.kind, `${LINK}${ai}/${number}${escapeForLink(serial)}`));
}

/** ITIP: GTIN-14, piece and total of two digits each. */
function readPiece(key: string, qualifier: string, value: string, text: string): Identifier {
  if (key.length !== 18 || !areDigits(key, 0, 18))
    return brokenId(text, 'I02_KEY_LENGTH', `ITIP ${shown(key)} needs 18 digits`);
  const gtin = key.slice(0, 14);
  const right = hasCheckDigit(gtin);
  const kept = (id: Identifier): Identifier => checked(id, 'I03_GTIN_CHECK_DIGIT', right, `GTIN ${gtin}`);
  const canonical = `${LINK}8006/${key}`;
  if (qualifier === '') return kept(plainId('itip-class', canonical));
  const fault = qualifier === '10' ? lotFault(value, text) : serialFault(value, MAX_SERIAL, text);
  if (fault !== null) return fault;
  const kind = qualifier === '10' ? 'itip-lot' : 'itip';
  return kept(plainId(kind, `${canonical}/${qualifier}/${escapeForLink(value)}`));
}

/** GIAI, GINC, CPI: company prefix and a reference of the company, without a check digit. */
function readFree(ai: string, key: string, qualifier: string, value: string, text: string): Identifier {
  if (key.length > MAX_FREE_KEY || !areDigits(key, 0, MIN_PREFIX_DIGITS))
    return brokenId(text, 'I02_KEY_LENGTH', `${shown(key)} needs a company prefix, at most 30 characters`);
  const part = ai === '8010';
  if (!areIn(part ? SET_39 : SET_82, key)) return brokenId(text, 'I06_SERIAL_CHARSET', shown(key));
  const canonical = `${LINK}${ai}/${escapeForLink(key)}`;
  if (ai === '8004') return plainId('giai', canonical);
  if (!part) return plainId('ginc', canonical);
  if (qualifier === '') return plainId('cpi-class', canonical);
  if (value.length === 0 || value.length > MAX_CPI_SERIAL)
    return brokenId(text, 'I07_SERIAL_LENGTH', `${value.length} digits, 1 to ${MAX_CPI_SERIAL} are allowed`);
  if (!areDigits(value, 0, value.length))
    return brokenId(text, 'I06_SERIAL_CHARSET', `serial ${shown(value)}`);
  return plainId('cpi', `${canonical}/8011/${value}`);
}
