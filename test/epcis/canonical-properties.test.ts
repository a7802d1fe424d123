// Properties of the canonical form over made-up events: what must leave the digest, and that any changed value changes it.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalise } from '../../engine/epcis/canonical.ts';
import { escapeForLink } from '../../engine/epcis/identifiers/characters.ts';
import { withCheckDigit } from '../../engine/epcis/identifiers/check-digit.ts';
import type { Canonical } from '../../engine/epcis/judged.ts';
import type { EventFields, Extension } from '../../engine/epcis/model.ts';
import { canonicalise as toJcs } from '../../workers/canonicalise.ts';
import { escapeForUrn, sourceEvent } from './source-events.ts';

const PREFIXES = new Map([['ex', 'https://ns.example/x/']]);

function canonicalOf(fields: Partial<EventFields>): Canonical {
  const { canonical } = canonicalise(sourceEvent('ObjectEvent', fields, PREFIXES), {
    profile: 'generic',
    ni: () => 'ni',
  });
  return canonical as Canonical;
}

const hashOf = (fields: Partial<EventFields>): string => canonicalOf(fields).hash;

const serial = fc.array(fc.constantFrom(...'ABCxyz019-_.!"%&/<>?()*+,:'), { minLength: 1, maxLength: 12 });
const digits = (length: number): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...'012345678'), { minLength: length, maxLength: length })
    .map((each) => each.join(''));

/** Two spellings of one object. */
const twin = fc.tuple(digits(7), digits(6), serial).map(([prefix, reference, characters]) => ({
  urn: `urn:epc:id:sgtin:${prefix}.${reference}.${escapeForUrn(characters.join(''))}`,
  link: `http://a.example/x/01/${withCheckDigit(reference[0] + prefix + reference.slice(1))}/21/${escapeForLink(characters.join(''))}`,
}));

const text = fc
  .string({ minLength: 1, maxLength: 8, unit: 'grapheme' })
  .filter((each) => each.trim() === each);
const leaf: fc.Arbitrary<Extension> = fc.record({
  ns: fc.constantFrom('https://ns.example/x/', 'urn:example:y'),
  name: fc.constantFrom('a', 'b', 'c'),
  value: text,
  children: fc.constant([]),
});
const extension: fc.Arbitrary<Extension> = fc.oneof(
  leaf,
  fc.record({
    ns: fc.constant('https://ns.example/x/'),
    name: fc.constantFrom('p', 'q'),
    value: fc.constant(''),
    children: fc.array(leaf, { maxLength: 3 }),
  }),
);

const fields = fc.record({
  epcList: fc.array(twin, { minLength: 1, maxLength: 6 }),
  moment: fc.integer({ min: 0, max: 4_000_000_000_000 }),
  ext: fc.array(extension, { maxLength: 4 }),
  quantity: fc.integer({ min: 1, max: 99_999 }),
  transactions: fc.array(fc.constantFrom('urn:x:1', 'urn:x:2', 'urn:x:3'), { maxLength: 3 }),
  temperature: fc.integer({ min: -400, max: 400 }),
});
type Made = typeof fields extends fc.Arbitrary<infer T> ? T : never;

function built(made: Made): EventFields {
  return {
    eventTime: new Date(made.moment).toISOString(),
    eventTimeZoneOffset: '+01:00',
    action: 'OBSERVE',
    bizStep: 'receiving',
    epcList: made.epcList.map((each) => each.urn),
    quantityList: [
      { epcClass: 'urn:epc:class:lgtin:9521321.012345.L', quantity: String(made.quantity), uom: 'KGM' },
    ],
    bizTransactionList: made.transactions.map((id) => ({ type: 'po', id })),
    sensorElementList: [
      {
        metadata: { fields: { time: new Date(made.moment).toISOString() }, ext: [] },
        reports: [{ fields: { type: 'Temperature', value: String(made.temperature), uom: 'CEL' }, ext: [] }],
        ext: [],
      },
    ],
    readPoint: { id: 'urn:epc:id:sgln:9521321.00001.0', ext: made.ext.slice(0, 1) },
    ext: made.ext,
  };
}

/** The same event in other words: every list turned, another zone, other spellings, white space. */
function retold(made: Made): EventFields {
  const event = built(made);
  const local = new Date(made.moment + 7_200_000).toISOString();
  const turn = (each: Extension): Extension => ({
    ...each,
    ns: `${each.ns.replace(/\/$/, '')}${each.ns.endsWith('/') ? '' : '#'}`,
    value: ` ${each.value}\n`,
    children: each.children.map(turn).reverse(),
  });
  return {
    ...event,
    eventTime: ` ${local.replace('Z', '4+02:00')} `,
    bizStep: ' urn:epcglobal:cbv:bizstep:receiving ',
    epcList: made.epcList
      .map((each) => ` ${each.link}?q=1`)
      .reverse()
      .concat(made.epcList[0]?.urn ?? []),
    quantityList: [
      { epcClass: 'https://id.gs1.org/01/9521321123458/10/L', quantity: `${made.quantity}.00`, uom: ' KGM' },
    ],
    bizTransactionList: made.transactions
      .map((id) => ({ type: 'https://ref.gs1.org/cbv/BTT-po', id }))
      .reverse(),
    sensorElementList: [
      {
        metadata: { fields: { time: local.replace('Z', '+02:00') }, ext: [] },
        reports: [
          { fields: { uom: 'CEL', value: `${made.temperature * 10}e-1`, type: 'gs1:Temperature' }, ext: [] },
        ],
        ext: [],
      },
    ],
    readPoint: { id: 'https://a.example/gln/9521321000018', ext: made.ext.slice(0, 1).map(turn) },
    ext: made.ext.map(turn).reverse(),
    recordTime: '2024-05-06T07:08:09Z',
    eventID: 'urn:uuid:8a5f0f7e-6d8a-4d3e-9a0f-2f1f5f3f7f10',
  };
}

type Change = (event: EventFields) => EventFields;

/** One value changed each. */
const CHANGES: readonly Change[] = [
  (e) => ({ ...e, eventTime: new Date(Date.parse(e.eventTime as string) + 1).toISOString() }),
  (e) => ({ ...e, eventTimeZoneOffset: '+02:00' }),
  (e) => ({ ...e, action: 'ADD' }),
  (e) => ({ ...e, bizStep: 'shipping' }),
  (e) => ({ ...e, bizStep: 'ex:receiving' }),
  (e) => ({ ...e, disposition: 'active' }),
  (e) => ({ ...e, parentID: 'urn:epc:id:sscc:9521321.0000000001' }),
  (e) => ({ ...e, transformationID: 'urn:x:1' }),
  (e) => ({ ...e, epcList: [...(e.epcList ?? []), 'urn:epc:id:sgtin:9521321.012345.new'] }),
  (e) => ({ ...e, epcList: (e.epcList ?? []).map((id, i) => (i === 0 ? `${id}z` : id)) }),
  (e) => ({ ...e, epcList: [], childEPCs: e.epcList ?? [] }),
  (e) => ({
    ...e,
    quantityList: [{ ...e.quantityList?.[0], quantity: `${e.quantityList?.[0]?.quantity}.5` }],
  }),
  (e) => ({ ...e, quantityList: [{ ...e.quantityList?.[0], uom: 'LTR' }] }),
  (e) => ({
    ...e,
    quantityList: [{ ...e.quantityList?.[0], epcClass: 'urn:epc:class:lgtin:9521321.012345.M' }],
  }),
  (e) => ({ ...e, bizTransactionList: [...(e.bizTransactionList ?? []), { type: 'inv', id: 'urn:x:1' }] }),
  (e) => ({ ...e, sourceList: [{ type: 'location', id: 'urn:epc:id:sgln:9521321.00001.0' }] }),
  (e) => ({ ...e, destinationList: [{ type: 'location', id: 'urn:epc:id:sgln:9521321.00001.0' }] }),
  (e) => ({ ...e, readPoint: { id: 'urn:epc:id:sgln:9521321.00001.1', ext: e.readPoint?.ext ?? [] } }),
  (e) => ({ ...e, bizLocation: { id: 'urn:epc:id:sgln:9521321.00001.0', ext: [] } }),
  (e) => ({ ...e, ext: [...e.ext, { ns: 'urn:example:new', name: 'a', value: '', children: [] }] }),
  (e) => ({ ...e, ilmd: [{ ns: 'urn:epcglobal:cbv:mda', name: 'lotNumber', value: '0012', children: [] }] }),
  (e) => ({ ...e, certificationInfo: ['https://ns.example/certificate'] }),
  (e) => ({ ...e, persistentDisposition: { set: ['damaged'] } }),
  (e) => ({ ...e, persistentDisposition: { unset: ['damaged'] } }),
  (e) => ({ ...e, sensorElementList: [] }),
  (e) => ({
    ...e,
    sensorElementList: (e.sensorElementList ?? []).map((element) => ({
      ...element,
      reports: element.reports.map((report) => ({
        ...report,
        fields: { ...report.fields, value: '1000.1' },
      })),
    })),
  }),
];

describe('canonical: properties', () => {
  test('canonical: order, zone, spelling and white space leave the digest', () => {
    fc.assert(
      fc.property(fields, (made) => {
        const first = canonicalOf(built(made));
        const second = canonicalOf(retold(made));
        expect(second.json).toBe(first.json);
        expect(second.hash).toBe(first.hash);
        expect(second.rows).toEqual(first.rows);
      }),
      { numRuns: 500 },
    );
  });

  test('canonical: any single changed value changes the digest, and no two changes give the same', () => {
    fc.assert(
      fc.property(fields, (made) => {
        const event = built(made);
        const hashes = [hashOf(event), ...CHANGES.map((change) => hashOf(change(event)))];
        expect(new Set(hashes).size).toBe(hashes.length);
      }),
      { numRuns: 300 },
    );
  });

  test('canonical: a changed character of an extension changes the digest', () => {
    fc.assert(
      fc.property(fields, extension, text, (made, each, other) => {
        fc.pre(each.children.length === 0 && each.value !== other);
        const event = built(made);
        const before = hashOf({ ...event, ext: [...event.ext, each] });
        expect(hashOf({ ...event, ext: [...event.ext, { ...each, value: other }] })).not.toBe(before);
        expect(hashOf({ ...event, ext: [...event.ext, each, each] })).not.toBe(before);
      }),
      { numRuns: 300 },
    );
  });

  test('canonical: the quick writer gives the bytes of the general one', () => {
    fc.assert(
      fc.property(fields, fc.string({ unit: 'binary' }), (made, odd) => {
        const declaration = {
          declarationTime: '2024-05-06T07:08:09Z',
          reason: odd,
          correctiveEventIDs: [odd],
          ext: [],
        };
        const { json, event } = canonicalOf({
          ...built(made),
          errorDeclaration: declaration,
          transformationID: odd,
        });
        expect(json).toBe(toJcs({ ...event, epcs: JSON.parse(json).epcs }));
      }),
      { numRuns: 300 },
    );
  });

  test('canonical: no event makes it throw, and its text is JCS', () => {
    const odd = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('urn:epc:id:sgtin:', 'https://id.gs1.org/01/', ' ', '1e5'),
    );
    const list = fc.array(odd, { maxLength: 3 });
    const made = fc.record(
      {
        eventTime: odd,
        eventTimeZoneOffset: odd,
        eventID: odd,
        action: odd,
        bizStep: odd,
        parentID: odd,
        epcList: list,
        childEPCs: list,
        inputEPCList: list,
        outputEPCList: list,
        childQuantityList: fc.array(
          fc.record({ epcClass: odd, quantity: odd, uom: odd }, { requiredKeys: [] }),
        ),
        sourceList: fc.array(fc.record({ type: odd, id: odd }, { requiredKeys: [] })),
        persistentDisposition: fc.record({ set: list, unset: list }, { requiredKeys: [] }),
        certificationInfo: list,
        readPoint: fc.record({ id: odd, ext: fc.array(extension) }),
        ilmd: fc.array(extension),
        errorDeclaration: fc.record({
          declarationTime: odd,
          reason: odd,
          correctiveEventIDs: list,
          ext: fc.array(extension),
        }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(made, (each) => {
        const { json, event } = canonicalOf(each);
        expect(json).toBe(toJcs({ ...event, epcs: JSON.parse(json).epcs }));
      }),
      { numRuns: 1000 },
    );
  });
});
