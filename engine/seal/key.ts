// The log's Ed25519 key (RFC 8032): made once, kept as PKCS#8 PEM so that `openssl` reads it, never made anew while state
// exists. The private half stays inside the KeyObject; only signatures and the public half leave.

import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { join } from 'node:path';
import { assert } from '../assert.ts';
import { ConfigError } from '../errors.ts';
import { diskStorage, ensureFolder, errorCode, readWhole, replaceFile, type Storage } from '../storage.ts';

export const KEY_FILE = 'log.key';

export const PUBLIC_KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

/** SubjectPublicKeyInfo of an Ed25519 key up to its 32 bytes (RFC 8410 §4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

export interface SigningKey {
  /** The raw key of RFC 8032, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** Ed25519 signature, 64 bytes; the same input gives the same signature. */
  sign(bytes: Uint8Array): Uint8Array;
}

/**
 * The key in `folder` (0700) / `log.key` (0600). With `create` a missing key is made, durably, before it is returned.
 * @throws ConfigError when it is missing without `create`, cannot be read, or is not an Ed25519 private key.
 */
export function loadKey(folder: string, create: boolean, storage: Storage = diskStorage): SigningKey {
  const path = join(folder, KEY_FILE);
  const found = read(storage, path);
  if (found !== null) return signingKey(parse(found, path));
  if (!create) {
    throw new ConfigError(
      `the log's private key ${path} is missing while its log exists: put the key back from your backup; firn never makes a new key for an old log`,
    );
  }
  const { privateKey } = generateKeyPairSync('ed25519');
  ensureFolder(storage, folder, 0o700);
  replaceFile(storage, path, [Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }))], 0o600);
  return signingKey(privateKey);
}

function read(storage: Storage, path: string): Uint8Array | null {
  try {
    return readWhole(storage, path);
  } catch (error) {
    throw new ConfigError(
      `the log's private key ${path} cannot be read (${errorCode(error)}): check its owner and mode`,
    );
  }
}

function parse(pem: Uint8Array, path: string): KeyObject {
  let key: KeyObject | null = null;
  try {
    key = createPrivateKey({ key: Buffer.from(pem), format: 'pem' });
  } catch {
    // Told below, together with a key of another kind.
  }
  if (key?.asymmetricKeyType !== 'ed25519') {
    throw new ConfigError(
      `${path} is not an Ed25519 private key (PKCS#8 PEM): put the log's key back from your backup`,
    );
  }
  return key;
}

function signingKey(privateKey: KeyObject): SigningKey {
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  assert(spki.length === SPKI_PREFIX.length + PUBLIC_KEY_BYTES, 'an Ed25519 public key is 32 bytes');
  return {
    publicKey: new Uint8Array(spki.subarray(SPKI_PREFIX.length)),
    sign: (bytes) => sign(null, bytes, privateKey),
  };
}

/** Whether `signature` is the Ed25519 signature of `bytes` by the raw key `publicKey`. Never throws. */
export function verifySignature(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  try {
    const key = createPublicKey({
      key: Buffer.concat([SPKI_PREFIX, publicKey]),
      format: 'der',
      type: 'spki',
    });
    return verify(null, bytes, key, signature);
  } catch {
    return false;
  }
}
