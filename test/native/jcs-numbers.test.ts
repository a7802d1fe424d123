// Number formatting against the published digests of RFC 8785's test file: a million lines, by both codecs' writers.

import { describe, expect, test } from 'vitest';
import { canonicalise } from '../../workers/canonicalise.ts';
import { loadNative } from '../../workers/native.ts';
import { digestsOfLines, PUBLISHED } from '../support/jcs-numbers.ts';
import { nativeMissing } from '../support/twins.ts';

const LINES = 1_000_000;

describe('JCS numbers', () => {
  test('JCS numbers: the portable writer gives the million published lines', () => {
    expect(digestsOfLines(LINES, canonicalise)).toEqual(PUBLISHED);
  });

  test.skipIf(nativeMissing !== null)(
    'JCS numbers: the native writer gives the million published lines',
    () => {
      const addon = loadNative().addon;
      expect(digestsOfLines(LINES, (value) => addon?.numberText(value) as string)).toEqual(PUBLISHED);
    },
  );

  test('JCS numbers: one wrong text shows in every digest behind it', () => {
    let calls = 0;
    const format = (value: number): string => (++calls === 5000 ? '0' : canonicalise(value));
    const digests = digestsOfLines(10_000, format);
    expect(digests[1000]).toEqual(PUBLISHED[1000]);
    expect(digests[10_000]?.sha256).not.toBe(PUBLISHED[10_000].sha256);
  });
});
