// One text, one identifier: the entrance for every field of an event that holds an id.

import { Buffer } from 'node:buffer';
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
  const id = read(sent.trim());
  if (id.fault !== null || !isTooLong(id.canonical)) return id;
  return brokenId(id.canonical, 'S20_URI', `${shown(id.canonical)} has more than ${MAX_URI_BYTES} bytes`);
}

/**
 * Bytes of a URI that is a key somewhere: an object, an event, a business step. An entry in an index of PostgreSQL has
 * 2,704 bytes at most, and the key of the ledger holds two of these.
 */
export const MAX_URI_BYTES = 1024;

/** Whether it has more than MAX_URI_BYTES: a UTF-16 code unit is at most 3 bytes. */
export function isTooLong(text: string): boolean {
  return text.length * 3 > MAX_URI_BYTES && Buffer.byteLength(text) > MAX_URI_BYTES;
}

function read(text: string): Identifier {
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
