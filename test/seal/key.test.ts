// The log's key: made once, readable by openssl, never made again.

import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigError } from '../../engine/errors.ts';
import { KEY_FILE, loadKey, verifySignature } from '../../engine/seal/key.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'firn-key-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

describe('key', () => {
  test('key: it is made once, private to its owner, and is the same from then on', () => {
    const keys = join(folder, 'keys');
    const made = loadKey(keys, true);
    expect(made.publicKey.length).toBe(32);
    expect(statSync(keys).mode & 0o777).toBe(0o700);
    expect(statSync(join(keys, KEY_FILE)).mode & 0o777).toBe(0o600);
    for (const create of [true, false]) expect(loadKey(keys, create).publicKey).toEqual(made.publicKey);
  });

  test('key: a missing key is never made anew unless asked for', () => {
    expect(() => loadKey(folder, false)).toThrow(ConfigError);
    expect(() => loadKey(folder, false)).toThrow(/backup/);
    expect(() => statSync(join(folder, KEY_FILE))).toThrow(/ENOENT/);
  });

  test('key: a file that is no Ed25519 key is refused, not replaced', () => {
    const path = join(folder, KEY_FILE);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    for (const content of ['', 'rubbish', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()]) {
      writeFileSync(path, content);
      expect(() => loadKey(folder, true)).toThrow(ConfigError);
      expect(readFileSync(path, 'utf8')).toBe(content);
    }
  });

  test('key: a signature verifies, and no other key, text or signature does', () => {
    const key = loadKey(folder, true);
    const text = Buffer.from('signed');
    const signature = key.sign(text);
    expect(verifySignature(key.publicKey, text, signature)).toBe(true);
    expect(verifySignature(key.publicKey, Buffer.from('signeD'), signature)).toBe(false);
    expect(verifySignature(loadKey(join(folder, 'other'), true).publicKey, text, signature)).toBe(false);
    expect(verifySignature(key.publicKey, text, signature.subarray(1))).toBe(false);
    expect(verifySignature(key.publicKey.subarray(1), text, signature)).toBe(false);
    expect(verifySignature(new Uint8Array(32).fill(0xff), text, signature)).toBe(false);
  });

  test.skipIf(!hasOpenssl)(
    'key: openssl reads the key and verifies its signatures (skipped without openssl)',
    () => {
      const key = loadKey(folder, true);
      const [pem, text, signature] = [
        join(folder, KEY_FILE),
        join(folder, 'text'),
        join(folder, 'signature'),
      ];
      writeFileSync(text, 'cold.example/plant7-a\n2\nUt9XtIh4mimIw+1p/WJs2yaYrkvZDg/zISNsPUUwPA4=\n');
      writeFileSync(signature, key.sign(readFileSync(text)));
      const verify = () =>
        spawnSync('openssl', [
          'pkeyutl',
          '-verify',
          '-rawin',
          '-inkey',
          pem,
          '-in',
          text,
          '-sigfile',
          signature,
        ]);
      expect(verify().status).toBe(0);
      const der = spawnSync('openssl', ['pkey', '-in', pem, '-pubout', '-outform', 'DER']).stdout;
      expect(der.subarray(-32)).toEqual(Buffer.from(key.publicKey));
      writeFileSync(text, 'cold.example/plant7-a\n3\nUt9XtIh4mimIw+1p/WJs2yaYrkvZDg/zISNsPUUwPA4=\n');
      expect(verify().status).not.toBe(0);
    },
  );
});
