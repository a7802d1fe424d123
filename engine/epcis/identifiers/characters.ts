// Characters of serials and lots (set 82 of the GS1 General Specifications: `[!%-?A-Z_a-z"]`), how an EPC URN and a Digital
// Link write them, and back. Tables and loops: a value is looked at once, and no exception is thrown on bad input.

const PERCENT = 0x25;

function table(characters: string): Uint8Array {
  const allowed = new Uint8Array(128);
  for (const character of characters) allowed[character.charCodeAt(0)] = 1;
  return allowed;
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const DIGITS = '0123456789';

/** Set 82: serials, lots, extensions. */
export const SET_82: Uint8Array = table(`!"%&'()*+,-./${DIGITS}:;<=>?${LETTERS}_${LETTERS.toLowerCase()}`);
/** Set 39: component and part identifiers. */
export const SET_39: Uint8Array = table(`#-/${DIGITS}${LETTERS}`);
/** Of both sets, what a URN shows only as %XX (TDS 2.0 §6.3). */
const URN_ESCAPED = table('"%&/<>?#');
/** What a canonical Digital Link shows only as %XX. The others of set 82 stand as they are. */
const LINK_ESCAPED = table('!"#%&()*+,/:<>?');
/** What the reference hash takes unescaped in the value of a Digital Link. */
const LINK_PLAIN = table(`"'-.${DIGITS};<=>?${LETTERS}_${LETTERS.toLowerCase()}`);
/** What it replaces in the value of a URN, whose own escapes stay. */
const REFERENCE_ESCAPED = table('!()*+,:');

const ESCAPES: readonly string[] = Array.from(
  { length: 128 },
  (_, code) => `%${code.toString(16).toUpperCase().padStart(2, '0')}`,
);

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 65 && code <= 70) return code - 55;
  if (code >= 97 && code <= 102) return code - 87;
  return -1;
}

/** True when every character is in the set. */
export function areIn(set: Uint8Array, text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    // Past the table is undefined, which is not 1.
    if (set[text.charCodeAt(i)] !== 1) return false;
  }
  return true;
}

/** True when the value of a URN has a character that must be written as %XX. A `%` is judged by `unescapeValue`. */
export function isRawInUrn(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (URN_ESCAPED[code] === 1 && code !== PERCENT) return true;
  }
  return false;
}

/**
 * The characters that a value means. Each %XX is one character of its own: both sets are within ASCII, so that a sequence
 * of UTF-8 comes out as characters that no set has.
 * @returns null where a `%` is not followed by two hexadecimal digits.
 */
export function unescapeValue(text: string): string | null {
  let at = text.indexOf('%');
  if (at === -1) return text;
  let plain = '';
  let from = 0;
  while (at !== -1) {
    const high = hexDigit(text.charCodeAt(at + 1));
    const low = hexDigit(text.charCodeAt(at + 2));
    if (high === -1 || low === -1) return null;
    plain += text.slice(from, at) + String.fromCharCode(high * 16 + low);
    from = at + 3;
    at = text.indexOf('%', from);
  }
  return plain + text.slice(from);
}

function escapeBy(set: Uint8Array, text: string): string {
  let escaped = '';
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (set[code] !== 1) continue;
    escaped += text.slice(from, i) + (ESCAPES[code] as string);
    from = i + 1;
  }
  return from === 0 ? text : escaped + text.slice(from);
}

/** A value as the canonical Digital Link has it. */
export function escapeForLink(plain: string): string {
  return escapeBy(LINK_ESCAPED, plain);
}

/** The value of a URN, escapes as sent, as the reference hash puts it into its Digital Link. */
export function escapeAsReference(sent: string): string {
  return escapeBy(REFERENCE_ESCAPED, sent);
}

/** True when the reference hash takes the value of a Digital Link: nothing in it is or needs an escape. */
export function isPlainForReference(sent: string): boolean {
  return areIn(LINK_PLAIN, sent);
}
