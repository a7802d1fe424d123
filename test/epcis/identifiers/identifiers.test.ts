// Identifiers: the conversions by hand, every code of a fault, and properties over made-up keys.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeForLink, unescapeValue } from '../../../engine/epcis/identifiers/characters.ts';
import { checkDigit, hasCheckDigit, withCheckDigit } from '../../../engine/epcis/identifiers/check-digit.ts';
import { fitOf } from '../../../engine/epcis/identifiers/fields.ts';
import { glnOf, readParty } from '../../../engine/epcis/identifiers/gln.ts';
import { isAbsoluteUri, readIdentifier } from '../../../engine/epcis/identifiers/read.ts';
import { canonicalUri } from '../../../engine/epcis/identifiers/reference.ts';
import { escapeForUrn } from '../source-events.ts';

const GTIN = '09521321123458';

function faultOf(text: string): string | undefined {
  return readIdentifier(text).fault?.code;
}

describe('identifiers: conversions', () => {
  test('identifiers: the vectors of the requirements', () => {
    expect(readIdentifier('urn:epc:id:sgtin:030001.0012345.11').canonical).toBe(
      'https://id.gs1.org/01/00300010123455/21/11',
    );
    expect(readIdentifier('urn:epc:id:sscc:030001.41234567890').sscc).toBe('403000112345678901');
    expect(readIdentifier('urn:epc:id:sscc:4012345.0000000011').canonical).toBe(
      'https://id.gs1.org/00/040123450000000115',
    );
  });

  test.each([
    [`urn:epc:id:sgtin:9521321.012345.A%2F1`, 'sgtin', `01/${GTIN}/21/A%2F1`],
    [`urn:epc:class:lgtin:9521321.012345.A+1`, 'lgtin', `01/${GTIN}/10/A%2B1`],
    [`urn:epc:idpat:sgtin:9521321.012345.*`, 'gtin', `01/${GTIN}`],
    [`urn:epc:id:upui:9521321.012345.u%3F`, 'upui', `01/${GTIN}/235/u%3F`],
    [`urn:epc:id:sgln:9521321.00001.0`, 'sgln', '414/9521321000018'],
    [`urn:epc:id:sgln:9521321.00001.dock%2F4`, 'sgln', '414/9521321000018/254/dock%2F4'],
    [`urn:epc:id:sgln:952132100001..0`, 'sgln', '414/9521321000018'],
    [`urn:epc:id:pgln:952132100001.`, 'pgln', '417/9521321000018'],
    [`urn:epc:id:itip:9521321.012345.01.02.s`, 'itip', `8006/${GTIN}0102/21/s`],
    [`urn:epc:idpat:itip:9521321.012345.01.02.*`, 'itip-class', `8006/${GTIN}0102`],
    [`urn:epc:id:sgcn:9521321.00001.77`, 'sgcn', '255/952132100001877'],
    [`urn:epc:id:cpi:9521321.AB%2F1.99`, 'cpi', '8010/9521321AB%2F1/8011/99'],
    [`urn:epc:id:giai:9521321.x%3Cy`, 'giai', '8004/9521321x%3Cy'],
    [`urn:epc:id:gid:95100000.12345.400`, 'epc', null],
    [`HTTPS://Shop.example/a/b/gtin/9521321123458/lot/L/ser/S?x=1#f`, 'sgtin', `01/${GTIN}/21/S`],
    [`https://shop.example/01/${GTIN}/22/v/`, 'gtin', `01/${GTIN}`],
    [`https://shop.example/01/${GTIN}/21/a%2fb`, 'sgtin', `01/${GTIN}/21/a%2Fb`],
    [`https://id.gs1.org/414/9521321000018/254/0`, 'sgln', '414/9521321000018'],
    [`https://id.gs1.org/8006/${GTIN}0102/10/L`, 'itip-lot', `8006/${GTIN}0102/10/L`],
    [`https://shop.example/2024/01/02`, 'uri', null],
    [`https://shop.example`, 'uri', null],
    [`geo:47.5,11.1`, 'geo', null],
    [`urn:uuid:2f3b7c52-96d0-4c53-8d3c-0f3a5e8f7f10`, 'uri', null],
  ])('identifiers: %s is of kind %s', (text, kind, canonical) => {
    const id = readIdentifier(` ${text}\n`);
    expect(id.fault).toBeNull();
    expect([id.kind, id.canonical]).toEqual([
      kind,
      canonical === null ? text : `https://id.gs1.org/${canonical}`,
    ]);
  });

  test('identifiers: GTIN, serial and lot come out unescaped', () => {
    const sgtin = readIdentifier('urn:epc:id:sgtin:9521321.012345.A%2F1');
    expect([sgtin.gtin, sgtin.serial]).toEqual([GTIN, 'A/1']);
    const lgtin = readIdentifier(`https://id.gs1.org/01/${GTIN}/10/A%2B1`);
    expect([lgtin.gtin, lgtin.lot]).toEqual([GTIN, 'A+1']);
    // Zeros at the start of a serial are part of it.
    expect(readIdentifier('urn:epc:id:sgtin:9521321.012345.007').serial).toBe('007');
  });
});

describe('identifiers: faults', () => {
  test.each([
    [`https://id.gs1.org/01/09521321123457/21/1`, 'I03_GTIN_CHECK_DIGIT'],
    [`https://id.gs1.org/01/952132112345812/21/1`, 'I02_KEY_LENGTH'],
    [`https://id.gs1.org/01/0952132112345X/21/1`, 'I02_KEY_LENGTH'],
    [`https://shop.example/00/95213210000000018`, 'I02_KEY_LENGTH'],
    [`https://id.gs1.org/00/095213210000000017`, 'I04_SSCC_CHECK_DIGIT'],
    [`https://id.gs1.org/414/9521321000011`, 'I05_GLN_CHECK_DIGIT'],
    [`https://id.gs1.org/417/9521321000011`, 'I05_GLN_CHECK_DIGIT'],
    [`https://id.gs1.org/253/9521321000011x`, 'I15_CHECK_DIGIT'],
    [`https://id.gs1.org/8003/19521321000018x`, 'I02_KEY_LENGTH'],
    [`https://id.gs1.org/01/${GTIN}/21/a~b`, 'I06_SERIAL_CHARSET'],
    [`https://id.gs1.org/01/${GTIN}/21/a%C3%A4`, 'I06_SERIAL_CHARSET'],
    [`https://id.gs1.org/01/${GTIN}/21/${'x'.repeat(21)}`, 'I07_SERIAL_LENGTH'],
    [`https://id.gs1.org/01/${GTIN}/21/`, 'I07_SERIAL_LENGTH'],
    [`https://id.gs1.org/01/${GTIN}/10/${'x'.repeat(21)}`, 'I08_LOT_SYNTAX'],
    [`https://id.gs1.org/01/${GTIN}/21`, 'I11_DL_SYNTAX'],
    [`https://id.gs1.org/01/${GTIN}/99/1`, 'I11_DL_SYNTAX'],
    [`https://id.gs1.org/01/${GTIN}/21/1/21/2`, 'I11_DL_SYNTAX'],
    [`https://id.gs1.org/01/${GTIN}/21/%4`, 'I11_DL_SYNTAX'],
    [`https://id.gs1.org/98/123`, 'I11_DL_SYNTAX'],
    [`https://id.gs1.org/01/99521321123451/21/1`, 'I13_GTIN_INDICATOR9'],
    [`urn:epc:id:sgtin:95213.21012345.1`, 'I09_PARTITION'],
    [`urn:epc:id:sgtin:9521321.01234.1`, 'I09_PARTITION'],
    [`urn:epc:id:sgtin:9521321123456.7.1`, 'I09_PARTITION'],
    [`urn:epc:id:sgtin:9521321.01234x.1`, 'I02_KEY_LENGTH'],
    [`urn:epc:id:sgtin:9521321.012345`, 'I07_SERIAL_LENGTH'],
    [`urn:epc:id:sgtin:9521321.012345.`, 'I07_SERIAL_LENGTH'],
    [`urn:epc:id:grai:9521321.00001.${'x'.repeat(17)}`, 'I07_SERIAL_LENGTH'],
    [`urn:epc:class:lgtin:9521321.012345`, 'I08_LOT_SYNTAX'],
    [`urn:epc:id:sgtin:9521321.912345.1`, 'I13_GTIN_INDICATOR9'],
    [`urn:epc:id:sgtin:9521321.012345.a/b`, 'I12_ESCAPE'],
    [`urn:epc:id:sgtin:9521321.012345.a%`, 'I12_ESCAPE'],
    [`urn:epc:id:giai:9521321.a"b`, 'I12_ESCAPE'],
    [`urn:epc:id:sgtin:9521321.012345.a b`, 'I06_SERIAL_CHARSET'],
    [`urn:epc:id:nonesuch:9521321.1`, 'I10_EPC_SCHEME_FIELD'],
    [`urn:epc:tag:sgtin-96:3.9521321.012345.1`, 'I10_EPC_SCHEME_FIELD'],
    [`urn:epc:idpat:sgtin:9521321.012345.5`, 'I10_EPC_SCHEME_FIELD'],
    [`urn:epc:`, 'I10_EPC_SCHEME_FIELD'],
    [`42`, 'S20_URI'],
    [``, 'S20_URI'],
    [`http://a b.example/`, 'S20_URI'],
  ])('identifiers: %s has %s', (text, code) => {
    const id = readIdentifier(text);
    expect([id.fault?.code, id.kind, id.canonical]).toEqual([code, 'broken', text]);
  });

  test('identifiers: one wrong check digit in two spellings is one mistake', () => {
    for (const [text, canonical] of [
      ['http://a.example/gtin/9521321123457/ser/a%2fb', '01/09521321123457/21/a%2Fb'],
      ['http://a.example/8006/095213211234570102', '8006/095213211234570102'],
      ['http://a.example/8003/09521321000011x', '8003/09521321000011x'],
      ['http://a.example/gln/9521321000011/254/0', '414/9521321000011'],
    ] as const) {
      const id = readIdentifier(text);
      expect([id.kind, id.canonical]).toEqual(['broken', `https://id.gs1.org/${canonical}`]);
      expect(id.gtin + id.serial + id.gln).toBe('');
    }
  });

  test('identifiers: elsewhere a path that only looks like a key is an address', () => {
    for (const text of [
      'https://a.example/00/thing',
      'https://a.example/giai/12x',
      'https://a.example/01/2024/x',
    ])
      expect(readIdentifier(text).kind).toBe('uri');
  });

  test('identifiers: a key of digits on any host is judged', () => {
    expect(faultOf('https://a.example/x/01/09521321123457/21/1')).toBe('I03_GTIN_CHECK_DIGIT');
    expect(faultOf(`https://a.example/x/01/${GTIN}/21`)).toBe('I11_DL_SYNTAX');
  });

  test('identifiers: no text makes it throw, and what is broken keeps its text', () => {
    const part = fc.constantFrom(
      'urn:epc:id:',
      'sgtin:',
      'https://id.gs1.org',
      '/01/',
      '/21/',
      '.',
      '%',
      '*',
      ':',
      '9521321',
    );
    const text = fc
      .array(fc.oneof(part, fc.string({ maxLength: 8 })), { maxLength: 8 })
      .map((each) => each.join(''));
    fc.assert(
      fc.property(text, (sent) => {
        const id = readIdentifier(sent);
        if (id.fault !== null && !id.fault.code.endsWith('_CHECK_DIGIT'))
          expect(id.canonical).toBe(sent.trim());
        canonicalUri(sent, 'reference');
      }),
      { numRuns: 2000 },
    );
  });
});

describe('identifiers: parties', () => {
  test('identifiers: a party is 13 digits, an sgln, a pgln or a Digital Link', () => {
    for (const text of [
      '9521321000018',
      'urn:epc:id:sgln:9521321.00001.0',
      'urn:epc:id:pgln:9521321.00001',
      'https://a.example/414/9521321000018',
      'https://a.example/party/9521321000018',
    ])
      expect(readParty(text).gln).toBe('9521321000018');
    expect(readParty('9521321000011').fault?.code).toBe('I05_GLN_CHECK_DIGIT');
    expect(readParty('952132100001').fault?.code).toBe('I02_KEY_LENGTH');
    expect(readParty('urn:epc:id:sscc:9521321.0000000001').fault?.code).toBe('I10_EPC_SCHEME_FIELD');
    expect(readParty('Warehouse 7').fault?.code).toBe('S20_URI');
  });

  test('identifiers: the GLN of a canonical place', () => {
    expect(glnOf('https://id.gs1.org/414/9521321000018/254/dock')).toBe('9521321000018');
    expect(glnOf('https://id.gs1.org/417/9521321000018')).toBe('9521321000018');
    expect(glnOf(`https://id.gs1.org/01/${GTIN}`)).toBeNull();
  });

  test('identifiers: which kinds a field takes', () => {
    expect(fitOf('sgtin', 'object')).toBe('fits');
    expect(fitOf('lgtin', 'object')).toBe('class');
    expect(fitOf('sgln', 'parent')).toBe('place');
    expect(fitOf('sgtin', 'class')).toBe('other');
    expect(fitOf('gtin', 'class')).toBe('fits');
    expect(fitOf('pgln', 'place')).toBe('other');
    expect(fitOf('geo', 'place')).toBe('fits');
    expect(fitOf('sgtin', 'party')).toBe('other');
    expect(fitOf('uri', 'party')).toBe('fits');
  });

  test('identifiers: an absolute URI has a scheme and no white space', () => {
    for (const text of ['a:b', 'a1+.-:b', 'urn:x:y']) expect(isAbsoluteUri(text)).toBe(true);
    for (const text of ['', ':', 'a:', '1a:b', 'a b:c', 'a:b c', 'abc', 'a/b:c'])
      expect(isAbsoluteUri(text)).toBe(false);
  });
});

const SET_82 = '!"%&\'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';
const character = fc.constantFrom(...SET_82);
const value = (max: number): fc.Arbitrary<string> =>
  fc.array(character, { minLength: 1, maxLength: max }).map((each) => each.join(''));
const digitsOf = (length: number): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...'0123456789'), { minLength: length, maxLength: length })
    .map((each) => each.join(''));

/** A prefix and a reference of so many digits together. */
const partition = (total: number): fc.Arbitrary<readonly [string, string]> =>
  fc
    .integer({ min: 6, max: Math.min(12, total) })
    .chain((prefix) => fc.tuple(digitsOf(prefix), digitsOf(total - prefix)));

/** URN and Digital Link of the same made-up identifier; `none` = no serial. */
const TWINS: readonly [
  string,
  number,
  (prefix: string, reference: string) => string,
  string,
  string,
  number,
][] = [
  ['sgtin', 13, (p, r) => `01/${withCheckDigit(r[0] + p + r.slice(1))}`, '/21/', 'id', 20],
  ['lgtin', 13, (p, r) => `01/${withCheckDigit(r[0] + p + r.slice(1))}`, '/10/', 'class', 20],
  ['upui', 13, (p, r) => `01/${withCheckDigit(r[0] + p + r.slice(1))}`, '/235/', 'id', 28],
  ['grai', 12, (p, r) => `8003/0${withCheckDigit(p + r)}`, '', 'id', 16],
  ['gdti', 12, (p, r) => `253/${withCheckDigit(p + r)}`, '', 'id', 17],
  ['sgln', 12, (p, r) => `414/${withCheckDigit(p + r)}`, '/254/', 'id', 20],
  ['sscc', 17, (p, r) => `00/${withCheckDigit(r[0] + p + r.slice(1))}`, '', 'id', 0],
  ['gsrn', 17, (p, r) => `8018/${withCheckDigit(p + r)}`, '', 'id', 0],
  ['gsin', 16, (p, r) => `402/${withCheckDigit(p + r)}`, '', 'id', 0],
  ['pgln', 12, (p, r) => `417/${withCheckDigit(p + r)}`, '', 'id', 0],
];

describe('identifiers: properties', () => {
  test('identifiers: URN and Digital Link of one object are one, and the canonical form is its own', () => {
    const twin = fc.constantFrom(...TWINS).chain(([scheme, total, key, tail, family, max]) =>
      fc
        .tuple(
          partition(total),
          value(Math.max(max, 1)),
          fc.constantFrom('https://id.gs1.org', 'http://a.example/x/y'),
        )
        .map(([[prefix, reference], serial, host]) => ({
          urn: `urn:epc:${family}:${scheme}:${prefix}.${reference}${max === 0 ? '' : `.${escapeForUrn(serial)}`}`,
          link: `${host}/${key(prefix, reference)}${max === 0 ? '' : tail + escapeForLink(serial)}`,
          variable: scheme === 'sgtin' && reference[0] === '9',
        })),
    );
    fc.assert(
      fc.property(twin, ({ urn, link, variable }) => {
        fc.pre(!variable);
        const fromUrn = readIdentifier(urn);
        const fromLink = readIdentifier(link);
        expect(fromUrn.fault).toBeNull();
        expect(fromLink).toEqual(fromUrn);
        expect(readIdentifier(fromUrn.canonical)).toEqual(fromUrn);
        // Fully escaped values differ in spelling only, which the reference keeps.
        expect(canonicalUri(urn, 'reference')).toBe(fromUrn.canonical);
      }),
      { numRuns: 2000 },
    );
  });

  test('identifiers: any changed digit is caught by the check digit', () => {
    const key = fc.constantFrom(
      ['01', 13],
      ['00', 17],
      ['414', 12],
      ['417', 12],
      ['402', 16],
      ['8017', 17],
      ['253', 12],
    );
    const changed = key.chain(([ai, length]) =>
      fc.tuple(
        fc.constant(ai),
        digitsOf(Number(length)),
        fc.nat(Number(length)),
        fc.integer({ min: 1, max: 9 }),
      ),
    );
    fc.assert(
      fc.property(changed, ([ai, body, at, by]) => {
        const good = withCheckDigit(body);
        expect(faultOf(`https://id.gs1.org/${ai}/${good}`)).toBeUndefined();
        const bad = good.slice(0, at) + ((Number(good[at]) + by) % 10) + good.slice(at + 1);
        expect(faultOf(`https://id.gs1.org/${ai}/${bad}`)).toMatch(/_CHECK_DIGIT$/);
      }),
      { numRuns: 1000 },
    );
  });

  test('identifiers: the check digit fills the weighted sum up to a ten', () => {
    expect(checkDigit('629104150021')).toBe(3);
    expect(hasCheckDigit('6291041500213')).toBe(true);
    expect(hasCheckDigit('6291041500214')).toBe(false);
  });

  test('identifiers: escaping and back leaves a value as it was', () => {
    fc.assert(
      fc.property(value(30), (plain) => {
        expect(unescapeValue(escapeForLink(plain))).toBe(plain);
        expect(unescapeValue(escapeForUrn(plain))).toBe(plain);
        expect(escapeForUrn(plain)).not.toMatch(/["&/<>?#]|%(?![0-9A-F]{2})/);
        expect(escapeForLink(plain)).not.toMatch(/["&/<>?#!()*+,:]|%(?![0-9A-F]{2})/);
      }),
    );
    expect(unescapeValue('a%2')).toBeNull();
    expect(unescapeValue('%zz')).toBeNull();
  });
});
