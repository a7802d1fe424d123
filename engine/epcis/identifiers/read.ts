// One text, one identifier: the entrance for every field of an event that holds an id.

import { brokenId, type Identifier, plainId, shown } from './identifier.ts';
import { readLink } from './link.ts';
import { readUrn } from './urn.ts';

/**
 * Reads an identifier: EPC URN, GS1 Digital Link, or another absolute URI. White space around it is dropped. Nothing is
 * thrown and nothing is remembered.
 * @returns kind `broken` with its fault for what cannot be read; its canonical form is the trimmed text, unless the check
 *   digit is all that is wrong
 */
export function readIdentifier(sent: string): Identifier {
  const text = sent.trim();
  if (startsWith(text, 'http') && (text[4] === ':' || (isS(text[4]) && text[5] === ':'))) {
    return hasWhite(text) ? notUri(text) : readLink(text);
  }
  if (startsWith(text, 'urn:epc:')) return readUrn(text);
  if (!isAbsoluteUri(text)) return notUri(text);
  return plainId(startsWith(text, 'geo:') ? 'geo' : 'uri', text);
}

function notUri(text: string): Identifier {
  return brokenId(text, 'S20_URI', `${shown(text)} is no absolute URI`);
}

function isS(character: string | undefined): boolean {
  return character === 's' || character === 'S';
}

/** Schemes of URIs have no case. */
function startsWith(text: string, prefix: string): boolean {
  return text.startsWith(prefix) || text.slice(0, prefix.length).toLowerCase() === prefix;
}

/** True where a character is a space or a control. */
function hasWhite(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) <= 0x20) return true;
  return false;
}

/** True for `scheme:anything` (RFC 3986 §3.1) without white space. */
export function isAbsoluteUri(text: string): boolean {
  const colon = text.indexOf(':');
  if (colon < 1 || colon === text.length - 1) return false;
  for (let i = 0; i < colon; i++) {
    const code = text.charCodeAt(i) | 0x20;
    const letter = code >= 0x61 && code <= 0x7a;
    if (!letter && (i === 0 || !isSchemeCharacter(text.charCodeAt(i)))) return false;
  }
  return !hasWhite(text);
}

/** Digits, `+`, `-` and `.`: after the first letter. */
function isSchemeCharacter(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || code === 0x2b || code === 0x2d || code === 0x2e;
}
