// Names of objects: a function of class, day and content, and back.

import { describe, expect, test } from 'vitest';
import { classKey, type ObjectClass, objectKey, parseObjectKey } from '../../engine/batch/object-key.ts';

const ROOT = '0a'.repeat(32);
const CLASSES: readonly (readonly [ObjectClass, string])[] = [
  [{ kind: 'records', stream: 'coldchain' }, 'coldchain'],
  [{ kind: 'dead-letter', stream: 'coldchain' }, 'dead-letter/coldchain'],
  [{ kind: 'audit' }, 'audit'],
  [{ kind: 'records', stream: 'epcis' }, 'epcis'],
  [{ kind: 'dead-letter', stream: 'epcis' }, 'dead-letter/epcis'],
];

describe('object key', () => {
  test.each(CLASSES)('object key: %o lies below its folder and is read back', (cls, folder) => {
    expect(classKey(cls)).toBe(folder);
    const key = objectKey(cls, '2026-01-31', ROOT, 41n);
    expect(key).toBe(`${folder}/year=2026/month=01/day=31/batch_${ROOT}_41.ndjson.zst`);
    expect(parseObjectKey(key)).toEqual({ cls, day: '2026-01-31', root: ROOT, firstSeq: '41' });
  });

  test('object key: what is not exactly one is none', () => {
    const key = objectKey({ kind: 'audit' }, '2026-01-31', ROOT, '1');
    for (const other of [
      `/${key}`,
      `${key}.tmp`,
      key.replace('audit', 'Audit'),
      key.replace('audit', 'dead-letter'),
      key.replace('audit', 'dead-letter/audit'),
      key.replace('audit', '_log'),
      key.replace('month=01', 'month=1'),
      key.replace('_1.', '_01.'),
      key.replace('_1.', '_0.'),
      key.replace('0a', '0A'),
      '',
    ]) {
      expect(parseObjectKey(other), other).toBeNull();
    }
  });

  test('object key: a reserved name or a day of another shape is a fault of the caller', () => {
    expect(() => objectKey({ kind: 'records', stream: 'audit' }, '2026-01-31', ROOT, '1')).toThrow(
      /assertion/,
    );
    expect(() => objectKey({ kind: 'audit' }, '2026-1-31', ROOT, '1')).toThrow(/assertion/);
    expect(() => objectKey({ kind: 'audit' }, '2026-01-31', ROOT, 0n)).toThrow(/assertion/);
  });
});
