// Small files of state as JSON that can tell its own damage: the JCS text of an object whose member `sha256` is the hash of
// the same text without it. A bit turned over in a name would otherwise be another name.

import { canonicalise } from '../workers/canonicalise.ts';
import { sha256Hex } from './batch/merkle.ts';

/** The bytes of the file. `value` has no member `sha256` of its own. */
export function encodeChecked(value: object): Uint8Array {
  const sha256 = sha256Hex(Buffer.from(canonicalise(value), 'utf8'));
  return Buffer.from(`${canonicalise({ ...value, sha256 })}\n`, 'utf8');
}

/**
 * The value that `encodeChecked` was given. A file of an earlier firn has no sum and is taken as it is: whether its members
 * are the right ones is for the caller to check.
 * @throws Error saying what is wrong with the bytes.
 */
export function decodeChecked(bytes: Uint8Array): object {
  let found: unknown;
  try {
    found = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    throw new Error('it is not JSON');
  }
  if (typeof found !== 'object' || found === null) throw new Error('it is not a JSON object');
  const { sha256, ...value } = found as { sha256?: unknown };
  if (sha256 !== undefined && sha256Hex(Buffer.from(canonicalise(value), 'utf8')) !== sha256)
    throw new Error('its checksum does not fit');
  return value;
}
