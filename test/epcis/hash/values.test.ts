// Numbers and times as the reference hash writes them, against what Python 3 prints.

import { describe, expect, test } from 'vitest';
import { pythonNumber } from '../../../engine/epcis/hash/python-number.ts';
import { referenceTime } from '../../../engine/epcis/hash/reference-time.ts';
import { Stems } from '../../../engine/epcis/hash/stems.ts';
import { canonicalUri } from '../../../engine/epcis/identifiers/reference.ts';

describe('reference values', () => {
  test.each([
    // [text, str(int(float(text))) or str(float(text))]
    ['0012', '12'],
    ['12.0', '12'],
    ['1.2E1', '12'],
    ['1.10', '1.1'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['+1', '1'],
    ['-0', '0'],
    ['-0.0', '0'],
    ['1_000', '1000'],
    ['0.0001', '0.0001'],
    ['0.00001', '1e-05'],
    ['0.000015', '1.5e-05'],
    ['1e-7', '1e-07'],
    ['-2.5e-310', '-2.5e-310'],
    ['1e16', '10000000000000000'],
    ['1e22', '10000000000000000000000'],
    ['1e23', '99999999999999991611392'],
    ['12345678901234567890', '12345678901234567168'],
    ['111100001111000011110000', '111100001111000003641344'],
    ['0.1', '0.1'],
    ['123456.789e3', '123456789'],
    ['1e400', '1e400'],
    ['inf', 'inf'],
    ['nan', 'nan'],
    ['1__0', '1__0'],
    ['_1', '_1'],
    ['1e', '1e'],
    ['.', '.'],
    ['+', '+'],
    ['0x10', '0x10'],
    ['+01:00', '+01:00'],
    ['', ''],
    ['12A', '12A'],
  ])('reference values: the number %j is %j', (text, expected) => {
    expect(pythonNumber(text)).toBe(expected);
  });

  test.each([
    ['2026-03-01T10:00:00Z', '2026-03-01T10:00:00.000Z'],
    ['2026-03-01T10:00:00+01:00', '2026-03-01T09:00:00.000Z'],
    ['2026-03-01T10:00:00.1425Z', '2026-03-01T10:00:00.142Z'],
    ['2026-03-01T10:00:00.1435Z', '2026-03-01T10:00:00.144Z'],
    ['2026-03-01T10:00:00.1425019Z', '2026-03-01T10:00:00.143Z'],
    ['2026-03-01T10:00:00.14250099Z', '2026-03-01T10:00:00.142Z'],
    ['2026-03-01T09:59:59.9995Z', '2026-03-01T10:00:00.000Z'],
    ['2026-03-01T09:59:59.9994999Z', '2026-03-01T09:59:59.999Z'],
    ['2026-13-01T09:59:59Z', '2026-13-01T09:59:59Z'],
    ['tomorrow', 'tomorrow'],
  ])('reference values: the time %j is %j', (text, expected) => {
    expect(referenceTime(text)).toBe(expected);
  });

  test('reference values: converting by stems is converting each', () => {
    const convert = (text: string): string => canonicalUri(text, 'reference') ?? text;
    const stems = new Stems(convert);
    const bodies = [
      'urn:epc:id:sgtin:9999999.012345.',
      'urn:epc:id:sscc:9999999.00000000',
      'urn:epc:id:sgln:9999999.00001.',
      'urn:epc:id:gdti:9999999.00001.',
      'urn:epc:id:giai:9999999.',
      'urn:epc:id:cpi:9999999.A1.',
      'urn:epc:class:lgtin:9999999.012345.',
      'urn:epc:idpat:sgtin:9999999.012345.',
      'https://id.gs1.org/01/09999999123457/21/',
      'https://id.gs1.org/01/9999999123457/21/',
      'https://shop.acme.example/gtin/9999999123457/lot/L1/ser/',
      'https://id.gs1.org/01/09999999123457/21/zB8x/10/',
      'https://id.gs1.org/00/09999999000000',
      'https://id.gs1.org/414/9999999000013/254/',
      'https://ns.acme.example/po/',
      'geo:47.1,',
    ];
    const tails = [
      '0',
      '1',
      '0001',
      'Aq7',
      'AB-1_c',
      '123456789012',
      '1234567890123',
      '*',
      'a.b',
      'ä',
      '%2F',
      '',
    ];
    for (const body of bodies)
      for (const tail of tails) expect(stems.text(body + tail)).toBe(convert(body + tail));
  });
});
