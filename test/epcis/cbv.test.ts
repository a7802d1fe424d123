// Words of the CBV: the ways to write one, and what is none.

import { describe, expect, test } from 'vitest';
import {
  bareWord,
  CBV_WORDS,
  expandCurie,
  isCbvWord,
  isInCbv,
  type Vocabulary,
  webUri,
} from '../../engine/epcis/cbv.ts';

/** Tags of the vocabularies that have URNs. */
const URN_TAGS: Readonly<Record<string, string>> = {
  bizStep: 'bizstep',
  disposition: 'disp',
  bizTransaction: 'btt',
  sourceDest: 'sdt',
  errorReason: 'er',
  component: 'comp',
};

const NONE: ReadonlyMap<string, string> = new Map();
const OWN = new Map([
  ['ex', 'https://ns.example/terms/'],
  ['xml', 'https://ns.example/terms'],
  ['u', 'urn:example:terms'],
]);

describe('cbv', () => {
  test('cbv: as many words as the standard has', () => {
    const counts = Object.entries(CBV_WORDS).map(([name, words]) => [name, words.size]);
    expect(Object.fromEntries(counts)).toEqual({
      bizStep: 41,
      disposition: 33,
      bizTransaction: 13,
      sourceDest: 3,
      errorReason: 2,
      component: 14,
      measurement: 72,
      alert: 2,
    });
  });

  test('cbv: every word comes back from its web URI, its URN and their aliases', () => {
    for (const [name, words] of Object.entries(CBV_WORDS)) {
      const vocabulary = name as Vocabulary;
      for (const word of words) {
        const web = webUri(vocabulary, word);
        const tag = URN_TAGS[name];
        const urn = tag === undefined ? null : `urn:epcglobal:cbv:${tag}:${word}`;
        const spellings = [word, ` ${web} `, web.replace('https:', 'http:'), ...(urn === null ? [] : [urn])];
        if (urn === null) spellings.push(`gs1:${word}`, `https://ref.gs1.org/voc/${word}`);
        else
          spellings.push(web.replace('ref.', 'ns.'), `cbv:${web.slice('https://ref.gs1.org/cbv/'.length)}`);
        for (const text of spellings) expect(bareWord(vocabulary, text, NONE)).toBe(word);
        expect(isCbvWord(vocabulary, word)).toBe(true);
      }
    }
  });

  test('cbv: a word of another vocabulary stays a URI, and is seen to be in the namespace', () => {
    const uri = 'urn:epcglobal:cbv:disp:active';
    expect(bareWord('bizStep', uri, NONE)).toBe(uri);
    expect(isInCbv(uri)).toBe(true);
    expect(isInCbv('https://ref.gs1.org/cbv/Disp-active')).toBe(true);
    expect(isInCbv('https://ns.example/Disp-active')).toBe(false);
  });

  test('cbv: CURIEs are spelled out, with the separator that their namespace lacks', () => {
    expect(bareWord('bizStep', 'ex:mixing', OWN)).toBe('https://ns.example/terms/mixing');
    expect(bareWord('bizStep', 'xml:mixing', OWN)).toBe('https://ns.example/terms/mixing');
    expect(expandCurie('u:mixing', OWN)).toBe('urn:example:terms:mixing');
    expect(expandCurie('nobody:mixing', OWN)).toBe('nobody:mixing');
    expect(expandCurie('https://ns.example/a', new Map([['https', 'urn:x:']]))).toBe('https://ns.example/a');
    expect(expandCurie('urn:x:y', new Map([['urn', 'urn:z:']]))).toBe('urn:x:y');
  });
});
