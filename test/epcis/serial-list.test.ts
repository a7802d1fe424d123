// The short way for lists of one product gives what the long way gives, id by id.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalise } from '../../engine/epcis/canonical.ts';
import { EventSerials } from '../../engine/epcis/event-serials.ts';
import { preHash } from '../../engine/epcis/hash/pre-hash.ts';
import { readIdentifier } from '../../engine/epcis/identifiers/read.ts';
import type { CanonicalEvent } from '../../engine/epcis/judged.ts';
import type { SourceEvent } from '../../engine/epcis/model.ts';
import { MAX_SERIAL, serialList } from '../../engine/epcis/serial-list.ts';

const PLAIN = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';
const STEMS = [
  'urn:epc:id:sgtin:9521234.012345.',
  'https://id.gs1.org/01/09521234123452/21/',
  'https://brand.example/shop/01/9521234123452/10/LOT/21/',
  // A wrong check digit, a lot in front of the serial, and a stem that is no item at all.
  'https://id.gs1.org/01/09521234123459/21/',
  'urn:epc:id:sgtin:9521234.012345.AB.',
  'urn:epc:id:sgln:9521234.00001.',
  'https://id.gs1.org/01/09521234123452/21/A/10/',
];
const serial = fc.string({ unit: fc.constantFrom(...PLAIN), minLength: 1, maxLength: MAX_SERIAL });
const close = fc.tuple(fc.constantFrom('SN', 'AAAAAAAAAA', ''), fc.nat(9_999_999)).map(([a, b]) => a + b);
const serials = fc.array(fc.oneof(serial, close), { minLength: 1, maxLength: 60 });

function eventOf(epcList: readonly string[]): SourceEvent {
  return {
    index: 0,
    form: 'json',
    type: 'ObjectEvent',
    fields: { epcList, ext: [] },
    prefixes: new Map(),
    span: { offset: 0, length: 0 },
    faults: [],
    locate: (path) => path.join('/'),
  };
}

describe('lists of ids that differ in their serials', () => {
  test('serials are in the order of their bytes', () => {
    fc.assert(
      fc.property(fc.constantFrom(...STEMS), serials, (stem, list) => {
        const found = serialList(list.map((each) => stem + each));
        expect(found).toEqual({ stem, serials: [...list].sort() });
      }),
    );
  });

  test('serials are in that order too where they differ only behind their first characters', () => {
    // Enough of them that numbers are sorted in place of texts, and those see six characters.
    const list = ['A', 'B'].flatMap((group) =>
      Array.from({ length: 12 }, (_, i) => `${group}000000${String(11 - i).padStart(2, '0')}`),
    );
    const stem = STEMS[0] as string;
    expect(serialList(list.map((each) => stem + each))?.serials).toEqual([...list].sort());
  });

  test.each([
    [[]],
    [['urn:epc:id:sgtin:9521234.012345.A', 'urn:epc:id:sgtin:9521234.012346.A']],
    [['urn:epc:id:sgtin:9521234.012345.A', 'urn:epc:id:sgtin:9521234.012345.']],
    [['urn:epc:id:sgtin:9521234.012345.A', 'urn:epc:id:sgtin:9521234.012345.A%2F']],
    [['urn:epc:id:sgtin:9521234.012345.A', 'urn:epc:id:sgtin:9521234.012345.é']],
    [[`urn:epc:id:sgtin:9521234.012345.${'A'.repeat(MAX_SERIAL + 1)}`]],
    [['SHORT', 'SHOR2']],
  ])('%j is not one', (list) => {
    expect(serialList(list)).toBeNull();
  });

  test('the canonical form, its rows and the JSON are those of each id by itself', () => {
    fc.assert(
      fc.property(fc.constantFrom(...STEMS), serials, (stem, list) => {
        const sent = list.map((each) => stem + each);
        const { canonical, faults } = canonicalise(eventOf(sent), { profile: 'generic', ni: () => '' });
        const ids = new Map(sent.map(readIdentifier).map((id) => [id.canonical, id]));
        const { epcs, ...rest } = JSON.parse(canonical?.json ?? '') as CanonicalEvent;
        expect(epcs).toEqual([...ids.keys()].sort().map((id) => ({ id, role: 'item' })));
        expect(rest).toEqual(canonical?.event);
        for (const [i, row] of (canonical?.rows ?? []).entries()) {
          const id = ids.get(epcs[i]?.id ?? '');
          if (id?.kind === 'sgtin') expect(row).toEqual({ gtin: id.gtin, serial: id.serial, role: 'item' });
          else expect(row.gtin).toBe(id?.gtin && id.kind === 'lgtin' ? id.gtin : '');
        }
        const broken = sent.filter((each) => readIdentifier(each).fault !== null).length;
        expect(faults.filter(({ code }) => code !== 'I10_EPC_SCHEME_FIELD')).toHaveLength(broken);
      }),
    );
  });

  test('the reference hash is that of each id by itself', () => {
    // Asked about an event without lists, it knows none to be alike.
    const none = new EventSerials({ ext: [] });
    fc.assert(
      fc.property(fc.constantFrom(...STEMS), serials, (stem, list) => {
        const event = eventOf(list.map((each) => stem + each));
        expect(preHash(event)).toBe(preHash(event, none));
      }),
    );
  });
});
