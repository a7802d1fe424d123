// Identifiers against the table of the corpus: what the reference and the standard make of a text.

import { describe, expect, test } from 'vitest';
import { readIdentifier } from '../../../engine/epcis/identifiers/read.ts';
import { canonicalUri } from '../../../engine/epcis/identifiers/reference.ts';
import { corpusTable, hasCorpus } from '../corpus.ts';

describe.skipIf(!hasCorpus)(
  'identifiers: the table of the corpus (skipped where it is not beside the checkout)',
  () => {
    test('identifiers: every text becomes what the table says, NULL is not convertible', () => {
      const table = corpusTable('identifiers.tsv');
      expect(table.length).toBe(70);
      const faults = table
        .map(([text, expected]) => [text, canonicalUri(text as string, 'reference') ?? 'NULL', expected])
        .filter(([, found, expected]) => found !== expected);
      expect(faults).toEqual([]);
    });

    test('identifiers: strict reading differs from it only where a check digit is wrong', () => {
      const faults = corpusTable('identifiers.tsv')
        .filter(([text, expected]) => (canonicalUri(text as string) ?? 'NULL') !== expected)
        .map(([text]) => readIdentifier(text as string).fault?.code);
      expect(faults).toEqual(['I03_GTIN_CHECK_DIGIT', 'I03_GTIN_CHECK_DIGIT']);
    });
  },
);
