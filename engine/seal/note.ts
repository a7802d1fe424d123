// C2SP signed notes (c2sp.org/signed-note): a text, a blank line, signature lines. Reading is strict (one note has one
// spelling, base64 included) so that no byte of a note can be changed unnoticed, except in lines of keys that nobody knows.

import { assert } from '../assert.ts';
import { sha256 } from '../batch/merkle.ts';
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES, type SigningKey, verifySignature } from './key.ts';

/** Signature type of a plain Ed25519 signature. */
const ED25519 = 0x01;
const KEY_ID_BYTES = 4;
/** The specification asks for at least 16; post-quantum signatures can be 5 kB each. */
const MAX_SIGNATURES = 64;
const MAX_NOTE_BYTES = 1 << 20;
const DASH = '\u2014';

/** A public key that a reader trusts, under the name that it signs with. */
export interface NoteKey {
  readonly name: string;
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
}

export type NoteFault = 'malformed' | 'bad-signature' | 'unknown-key';

/** The note cannot be trusted: `code` says whether its shape, a known key's signature, or the lack of a known key is why. */
export class NoteError extends Error {
  override readonly name = 'NoteError';
  readonly code: NoteFault;
  constructor(code: NoteFault, message: string) {
    super(message);
    this.code = code;
  }
}

/** One signature line. `signature` is what follows the key ID: 64 bytes for Ed25519. */
export interface NoteSignature {
  readonly name: string;
  readonly keyId: string;
  readonly signature: Uint8Array;
}

/** Whether a key may have this name: not empty, no space of any script, no control character, no plus. */
export function isKeyName(name: string): boolean {
  return name !== '' && !/[\s\p{White_Space}\p{Cc}\p{Surrogate}+]/u.test(name);
}

/** Key ID as 8 hex digits: the first 4 bytes of `SHA256(name ‖ 0x0A ‖ 0x01 ‖ public key)`. */
export function keyId(name: string, publicKey: Uint8Array): string {
  const id = sha256(Buffer.concat([Buffer.from(`${name}\n`, 'utf8'), Buffer.of(ED25519), publicKey]));
  return Buffer.from(id.subarray(0, KEY_ID_BYTES)).toString('hex');
}

/** The key as one line to hand out: `name+keyid+base64(0x01 ‖ key)`. */
export function vkey(name: string, publicKey: Uint8Array): string {
  assert(isKeyName(name) && publicKey.length === PUBLIC_KEY_BYTES, 'a verifier key has a name and 32 bytes');
  const key = Buffer.concat([Buffer.of(ED25519), publicKey]).toString('base64');
  return `${name}+${keyId(name, publicKey)}+${key}`;
}

/** Reads a verifier key. @throws NoteError (`malformed`) when it is none, or not of Ed25519. */
export function parseVkey(text: string): NoteKey {
  const [, name = '', id, encoded = ''] = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text) ?? [];
  const key = decodeBase64(encoded);
  if (!isKeyName(name) || key === null || key.length !== 1 + PUBLIC_KEY_BYTES || key[0] !== ED25519) {
    throw new NoteError('malformed', 'a verifier key is name+key id+base64 of an Ed25519 key');
  }
  const publicKey = key.subarray(1);
  if (keyId(name, publicKey) !== id)
    throw new NoteError('malformed', 'the key id of a verifier key is not that of its key');
  return { name, publicKey };
}

/** `text` (ends with LF) with one signature by `key` under `name`. */
export function signNote(text: string, name: string, key: SigningKey): string {
  assert(isKeyName(name), 'a key name has no space and no plus');
  assert(text.endsWith('\n') && isNoteText(text), 'a note is lines of text, each with its LF');
  const signature = key.sign(Buffer.from(text, 'utf8'));
  assert(signature.length === SIGNATURE_BYTES, 'an Ed25519 signature is 64 bytes');
  const id = Buffer.from(keyId(name, key.publicKey), 'hex');
  return `${text}\n${DASH} ${name} ${Buffer.concat([id, signature]).toString('base64')}\n`;
}

/**
 * Splits a note without trusting it. @throws NoteError (`malformed`)
 */
export function splitNote(note: Uint8Array | string): { text: string; signatures: NoteSignature[] } {
  const whole = typeof note === 'string' ? note : decodeUtf8(note);
  if (whole.length > MAX_NOTE_BYTES) throw new NoteError('malformed', 'the note is too large');
  if (!isNoteText(whole)) throw new NoteError('malformed', 'a note is text without control characters');
  const end = whole.lastIndexOf('\n\n');
  if (end < 0 || !whole.endsWith('\n'))
    throw new NoteError('malformed', 'a note is a text, a blank line and signature lines');
  const lines = whole.slice(end + 2).split('\n');
  lines.pop();
  if (lines.length === 0) throw new NoteError('malformed', 'the note has no signature');
  if (lines.length > MAX_SIGNATURES)
    throw new NoteError('malformed', `the note has more than ${MAX_SIGNATURES} signatures`);
  return { text: whole.slice(0, end + 1), signatures: lines.map(parseSignature) };
}

/**
 * Opens a note with the keys that the reader trusts: every signature by one of them must verify, and there must be one.
 * Lines of other keys are ignored (witnesses, rotated keys).
 * @throws NoteError
 */
export function openNote(
  note: Uint8Array | string,
  keys: readonly NoteKey[],
): { text: string; verified: NoteKey[]; unknown: NoteSignature[] } {
  const { text, signatures } = splitNote(note);
  const known = new Map(keys.map((key) => [`${key.name} ${keyId(key.name, key.publicKey)}`, key]));
  const bytes = Buffer.from(text, 'utf8');
  const verified = new Set<NoteKey>();
  const unknown: NoteSignature[] = [];
  for (const line of signatures) {
    const key = known.get(`${line.name} ${line.keyId}`);
    if (key === undefined) {
      unknown.push(line);
    } else if (verifySignature(key.publicKey, bytes, line.signature)) {
      verified.add(key);
    } else {
      throw new NoteError('bad-signature', `the signature by ${line.name} does not verify`);
    }
  }
  if (verified.size === 0)
    throw new NoteError('unknown-key', 'no signature is by a key that is trusted here');
  return { text, verified: [...verified], unknown };
}

function parseSignature(line: string): NoteSignature {
  const [dash, name, encoded, ...rest] = line.split(' ');
  const bytes = decodeBase64(encoded ?? '');
  if (dash !== DASH || name === undefined || !isKeyName(name) || rest.length > 0 || bytes === null) {
    throw new NoteError('malformed', 'a signature line is a dash, a name and base64');
  }
  if (bytes.length <= KEY_ID_BYTES)
    throw new NoteError('malformed', 'a signature line holds a key id and a signature');
  const id = Buffer.from(bytes.subarray(0, KEY_ID_BYTES)).toString('hex');
  return { name, keyId: id, signature: bytes.subarray(KEY_ID_BYTES) };
}

function decodeUtf8(bytes: Uint8Array): string {
  if (bytes.length > MAX_NOTE_BYTES) throw new NoteError('malformed', 'the note is too large');
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new NoteError('malformed', 'a note is UTF-8');
  }
}

/** Well-formed Unicode, and of the control characters only LF. */
function isNoteText(text: string): boolean {
  return !/\p{Surrogate}|[^\P{Cc}\n]/u.test(text);
}

/** Standard base64 with padding (RFC 4648 §4) in its one canonical spelling, or null. */
export function decodeBase64(text: string): Uint8Array | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length > 0 && bytes.toString('base64') === text ? new Uint8Array(bytes) : null;
}
