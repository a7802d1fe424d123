// GLNs where a document names a party: the sender and receiver of its header, and places and parties of its events.

import { areDigits, hasCheckDigit } from './check-digit.ts';
import { brokenId, type Identifier, plainId, shown } from './identifier.ts';
import { readIdentifier } from './read.ts';

/** The canonical Digital Links of locations and parties, before the 13 digits. */
const LOCATION = 'https://id.gs1.org/414/';
const PARTY = 'https://id.gs1.org/417/';
const GLN_DIGITS = 13;

/**
 * Reads a party: 13 digits, an sgln or pgln URN, a Digital Link with 414 or 417.
 * @returns an identifier with `gln`, or a broken one (I02, I05, I10 and what its spelling may have)
 */
export function readParty(sent: string): Identifier {
  const text = sent.trim();
  if (areDigits(text, 0, text.length)) {
    if (text.length !== GLN_DIGITS)
      return brokenId(text, 'I02_KEY_LENGTH', `GLN ${shown(text)} needs 13 digits`);
    if (!hasCheckDigit(text)) return brokenId(text, 'I05_GLN_CHECK_DIGIT', `GLN ${text}`);
    return { ...plainId('pgln', PARTY + text), gln: text };
  }
  const id = readIdentifier(text);
  if (id.fault !== null || id.gln !== '') return id;
  return brokenId(text, 'I10_EPC_SCHEME_FIELD', `${shown(text)} is no GLN`);
}

/** The GLN-13 of a canonical identifier of the kinds sgln and pgln, null for any other. */
export function glnOf(canonical: string): string | null {
  if (!canonical.startsWith(LOCATION) && !canonical.startsWith(PARTY)) return null;
  return canonical.slice(LOCATION.length, LOCATION.length + GLN_DIGITS);
}
