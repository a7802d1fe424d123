// Signed notes: written as the specification says, read so that no changed bit goes unnoticed.

import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { SigningKey } from '../../engine/seal/key.ts';
import {
  isKeyName,
  keyId,
  NoteError,
  type NoteFault,
  type NoteKey,
  openNote,
  parseVkey,
  signNote,
  splitNote,
  vkey,
} from '../../engine/seal/note.ts';

const NAME = 'cold.example/plant7-a';
const TEXT = `${NAME}\n2\nUt9XtIh4mimIw+1p/WJs2yaYrkvZDg/zISNsPUUwPA4=\n`;
/** The checkpoint printed in FORMAT.md §5; its key is not published. */
const EXAMPLE = `${TEXT}\n— ${NAME} QaU6w4cfGFHkGgV6fM5UStcm2rSJ2LnE5GZ5lrDpKvwFJp1mIMFEpWOjfiD0m9Lny4cLhlYjxeNK1bOXnVTI0daTVwA=\n`;

/** A fixed key: 32 times the same byte as seed (PKCS#8 of RFC 8410). */
function fixedKey(seed: number): SigningKey {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, seed)]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return { publicKey: spki.subarray(-32), sign: (bytes) => sign(null, bytes, key) };
}

const KEY = fixedKey(1);
const OTHER = fixedKey(2);
const TRUSTED: NoteKey = { name: NAME, publicKey: KEY.publicKey };

function fault(note: Uint8Array | string, keys: readonly NoteKey[] = [TRUSTED]): NoteFault | null {
  try {
    openNote(note, keys);
    return null;
  } catch (error) {
    if (error instanceof NoteError) return error.code;
    throw error;
  }
}

describe('note', () => {
  test('note: a key id is the first four bytes over name, LF, type and key', () => {
    const expected = createHash('sha256')
      .update(Buffer.concat([Buffer.from(NAME), Buffer.from([10, 1]), KEY.publicKey]))
      .digest('hex');
    expect(keyId(NAME, KEY.publicKey)).toBe(expected.slice(0, 8));
    expect(keyId('other', KEY.publicKey)).not.toBe(keyId(NAME, KEY.publicKey));
  });

  test('note: a verifier key is read back, and refused when any part does not fit', () => {
    const text = vkey(NAME, KEY.publicKey);
    expect(text).toBe(
      `${NAME}+${keyId(NAME, KEY.publicKey)}+${Buffer.concat([Buffer.of(1), KEY.publicKey]).toString('base64')}`,
    );
    expect(parseVkey(text)).toEqual({ name: NAME, publicKey: new Uint8Array(KEY.publicKey) });
    for (const bad of [
      text.replace('plant7-a', 'plant7-b'),
      text.replace('cold', 'co ld'),
      `${text}A`,
      text.slice(0, -4),
      text.replace(/\+[0-9a-f]{8}\+/, '+00000000+'),
      `${NAME}+${keyId(NAME, KEY.publicKey)}+${Buffer.concat([Buffer.of(4), KEY.publicKey]).toString('base64')}`,
      '',
    ]) {
      expect(() => parseVkey(bad), bad).toThrow(NoteError);
    }
  });

  test('note: names have no space of any script, no control character and no plus', () => {
    for (const good of ['a', NAME, 'localhost/firn-0123abcd', 'größe.example'])
      expect(isKeyName(good), good).toBe(true);
    for (const bad of [
      '',
      'a b',
      'a+b',
      'a\u00a0b',
      'a\u2003b',
      'a\u0085b',
      'a\tb',
      'a\nb',
      'a\u3000b',
      'a\ud800',
    ]) {
      expect(isKeyName(bad), JSON.stringify(bad)).toBe(false);
    }
  });

  test('note: the example of the format has the shape that is read here', () => {
    const { text, signatures } = splitNote(EXAMPLE);
    expect(text).toBe(TEXT);
    expect(signatures).toHaveLength(1);
    expect(signatures[0]).toMatchObject({ name: NAME, keyId: '41a53ac3' });
    expect(signatures[0]?.signature).toHaveLength(64);
    expect(fault(EXAMPLE)).toBe('unknown-key');
  });

  test('note: a signed note is text, blank line and one line per key, and opens', () => {
    const note = signNote(TEXT, NAME, KEY);
    const id = Buffer.from(keyId(NAME, KEY.publicKey), 'hex');
    const line = Buffer.concat([id, KEY.sign(Buffer.from(TEXT))]).toString('base64');
    expect(note).toBe(`${TEXT}\n\u2014 ${NAME} ${line}\n`);
    expect(openNote(Buffer.from(note), [TRUSTED])).toEqual({ text: TEXT, verified: [TRUSTED], unknown: [] });
  });

  test('note: a text may itself hold blank lines', () => {
    const text = 'one\n\ntwo\n';
    expect(openNote(signNote(text, NAME, KEY), [TRUSTED]).text).toBe(text);
  });

  test('note: every changed bit is noticed', () => {
    const note = Buffer.from(signNote(TEXT, NAME, KEY));
    for (let bit = 0; bit < note.length * 8; bit++) {
      const bent = Buffer.from(note);
      bent[bit >> 3] = (bent[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(fault(bent), `bit ${bit}`).not.toBeNull();
    }
  });

  test('note: every cut and every doubled byte is noticed', () => {
    const note = Buffer.from(signNote(TEXT, NAME, KEY));
    for (let at = 0; at < note.length; at++) {
      expect(fault(note.subarray(0, at)), `cut at ${at}`).not.toBeNull();
      expect(
        fault(Buffer.concat([note.subarray(0, at + 1), note.subarray(at)])),
        `doubled at ${at}`,
      ).not.toBeNull();
    }
  });

  test('note: sixteen and more lines of unknown keys are ignored', () => {
    const witnesses = Array.from(
      { length: 40 },
      (_, i) => signNote(TEXT, `witness.example/${i}`, OTHER).split('\n\n')[1],
    );
    const own = signNote(TEXT, NAME, KEY).split('\n\n')[1];
    const note = `${TEXT}\n${witnesses.slice(0, 20).join('')}${own}${witnesses.slice(20).join('')}`;
    const opened = openNote(note, [TRUSTED]);
    expect(opened.verified).toEqual([TRUSTED]);
    expect(opened.unknown).toHaveLength(40);
    expect(fault(`${TEXT}\n${witnesses.join('')}`)).toBe('unknown-key');
  });

  test('note: one failing signature of a known key fails the note, whatever the others say', () => {
    const good = signNote(TEXT, NAME, KEY);
    const second: NoteKey = { name: 'witness.example', publicKey: OTHER.publicKey };
    const wrong = signNote('another text\n', second.name, OTHER).split('\n\n')[1];
    expect(fault(`${good}${wrong}`, [TRUSTED])).toBeNull();
    expect(fault(`${good}${wrong}`, [TRUSTED, second])).toBe('bad-signature');
    const right = signNote(TEXT, second.name, OTHER).split('\n\n')[1];
    expect(openNote(`${good}${right}`, [TRUSTED, second]).verified).toEqual([TRUSTED, second]);
  });

  test('note: a signature by another key under a known name is unknown, not a failure', () => {
    expect(fault(signNote(TEXT, NAME, OTHER))).toBe('unknown-key');
    expect(fault(signNote(TEXT, 'other.example', KEY))).toBe('unknown-key');
  });

  test('note: what is not text with signature lines is malformed', () => {
    const note = signNote(TEXT, NAME, KEY);
    for (const bad of [
      '',
      TEXT,
      `${TEXT}\n`,
      note.slice(0, -1),
      note.replace('\u2014', '-'),
      note.replace('\u2014 ', '\u2014  '),
      note.replace(TEXT, `${TEXT}\u0007\n`),
      note.replace(TEXT, `${TEXT}\r\n`),
      `${note}\u2014 ${NAME} AAAAAA==\n`.replace('AAAAAA==', 'AAAA'),
      `${note}rubbish\n`,
    ]) {
      expect(fault(bad), JSON.stringify(bad)).toBe('malformed');
    }
    expect(fault(Buffer.from([0xff, 0x0a, 0x0a]))).toBe('malformed');
    expect(fault(`\ufeff${note}`)).not.toBeNull();
  });
});
