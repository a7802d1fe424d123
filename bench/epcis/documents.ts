// Documents of any length in the four forms in which partners send them, from one description: the same events whatever the
// form, so that the digests of all forms are equal. Made up; the company prefix begins with 952, which GS1 keeps for examples.
// Serial numbers are in no order, as random serialisation makes them: nothing here comes sorted.

import { withCheckDigit } from '../../engine/epcis/identifiers/check-digit.ts';

export const FORMS = ['json-urn', 'json-dl', 'xml-1.2', 'xml-2.0'] as const;
export type Form = (typeof FORMS)[number];

/** `small`: a few objects an event, three steps by turns; `large`: 500 objects an event. */
export const SHAPES = ['small', 'large'] as const;
export type Shape = (typeof SHAPES)[number];

const OBJECTS: Readonly<Record<Shape, number>> = { small: 5, large: 500 };
const PREFIX = '9521234';
const PRODUCTS = 16;
const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZ0123456789';
const SERIAL_LENGTH = 12;
const FIRST_MS = Date.parse('2026-01-05T06:00:00Z');
const TABS = '  ';
/** Turns that a small document has at most: its pallets have numbers of their own. */
const MOST_TURNS = 100;

interface Id {
  readonly urn: string;
  readonly dl: string;
}

interface Event {
  readonly type: 'ObjectEvent' | 'AggregationEvent';
  readonly time: string;
  readonly action: 'ADD' | 'OBSERVE';
  readonly step: string;
  readonly disposition: string;
  readonly list: 'epcList' | 'childEPCs';
  readonly objects: readonly Id[];
  readonly parent: Id | null;
  readonly lot: string | null;
  readonly bizLocation: boolean;
  readonly ships: boolean;
}

/** What a document was made with: what whoever reads it has to find. */
export interface Made {
  readonly events: number;
  /** Objects of all events, parents too: rows of the ledger. */
  readonly rows: number;
  readonly bytes: number;
}

const site = (reference: string): Id => ({
  urn: `urn:epc:id:sgln:${PREFIX}.${reference}.0`,
  dl: `https://id.gs1.org/414/${withCheckDigit(PREFIX + reference)}`,
});
const MAKER = site('00001');
const BUYER = site('00002');

function sgtin(product: number, serial: string): Id {
  const item = `0${String(product).padStart(5, '0')}`;
  const gtin = withCheckDigit(item.slice(0, 1) + PREFIX + item.slice(1));
  return {
    urn: `urn:epc:id:sgtin:${PREFIX}.${item}.${serial}`,
    dl: `https://id.gs1.org/01/${gtin}/21/${serial}`,
  };
}

function sscc(number: number): Id {
  const reference = `3${String(number).padStart(9, '0')}`;
  return {
    urn: `urn:epc:id:sscc:${PREFIX}.${reference}`,
    dl: `https://id.gs1.org/00/${withCheckDigit(reference.slice(0, 1) + PREFIX + reference.slice(1))}`,
  };
}

/** Events one after another, the same ones each time: Marsaglia's xorshift32 makes the serial numbers. */
function* events(shape: Shape, document: number): Generator<Event, never> {
  let state = 20_261_121 + document;
  const below = (n: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
  const serial = (): string => {
    let text = '';
    for (let i = 0; i < SERIAL_LENGTH; i++) text += ALPHABET[below(ALPHABET.length)];
    return text;
  };
  for (let turn = document * MOST_TURNS; ; turn++) {
    const product = below(PRODUCTS);
    const objects = Array.from({ length: OBJECTS[shape] }, () => sgtin(product, serial()));
    const parent = sscc(turn);
    const at = (minutes: number): string => new Date(FIRST_MS + (turn * 3 + minutes) * 1000).toISOString();
    const made = { type: 'ObjectEvent', action: 'ADD', list: 'epcList', parent: null, lot: null } as const;
    const here = { bizLocation: true, ships: false } as const;
    yield {
      ...{ ...made, ...here, objects, time: at(0), step: 'commissioning', disposition: 'active' },
      lot: `L${product}`,
    };
    yield {
      ...{ ...made, ...here, objects, parent, time: at(1), step: 'packing', disposition: 'in_progress' },
      ...({ type: 'AggregationEvent', list: 'childEPCs' } as const),
    };
    yield {
      ...{ ...made, objects: [parent], time: at(2), step: 'shipping', disposition: 'in_transit' },
      ...({ action: 'OBSERVE', bizLocation: false, ships: true } as const),
    };
  }
}

const PAPER = `urn:epcglobal:cbv:bt:${MAKER.dl.slice(-13)}:D-12`;

function json(event: Event, how: 'urn' | 'dl'): string {
  const { objects, parent, lot, ships } = event;
  const end = (name: string, party: Id): object => [
    { type: 'owning_party', [name]: party[how] },
    { type: 'location', [name]: party[how] },
  ];
  return JSON.stringify({
    type: event.type,
    eventTime: event.time,
    eventTimeZoneOffset: '+00:00',
    ...(parent === null ? {} : { parentID: parent[how] }),
    [event.list]: objects.map((each) => each[how]),
    action: event.action,
    bizStep: event.step,
    disposition: event.disposition,
    readPoint: { id: MAKER[how] },
    ...(event.bizLocation ? { bizLocation: { id: MAKER[how] } } : {}),
    ...(ships ? { bizTransactionList: [{ type: 'desadv', bizTransaction: PAPER }] } : {}),
    ...(ships ? { sourceList: end('source', MAKER), destinationList: end('destination', BUYER) } : {}),
    ...(lot === null ? {} : { ilmd: { 'cbvmda:lotNumber': lot, 'cbvmda:itemExpirationDate': '2028-01-31' } }),
  });
}

function xml(event: Event, old: boolean): string {
  const { objects, parent, lot, ships } = event;
  const word = (family: string, name: string): string => `urn:epcglobal:cbv:${family}:${name}`;
  const end = (name: string, { urn }: Id): string =>
    [
      `<${name}List>`,
      ...['owning_party', 'location'].map((type) => `<${name} type="${word('sdt', type)}">${urn}</${name}>`),
      `</${name}List>`,
    ].join(`\n${TABS}`);
  const late = [
    ...(ships ? [end('source', MAKER), end('destination', BUYER)] : []),
    ...(lot === null
      ? []
      : [
          `<ilmd><cbvmda:lotNumber>${lot}</cbvmda:lotNumber>`,
          '<cbvmda:itemExpirationDate>2028-01-31</cbvmda:itemExpirationDate></ilmd>',
        ]),
  ];
  return [
    `<${event.type}>`,
    `<eventTime>${event.time}</eventTime>`,
    '<eventTimeZoneOffset>+00:00</eventTimeZoneOffset>',
    ...(parent === null ? [] : [`<parentID>${parent.urn}</parentID>`]),
    `<${event.list}>`,
    ...objects.map(({ urn }) => `${TABS}<epc>${urn}</epc>`),
    `</${event.list}>`,
    `<action>${event.action}</action>`,
    `<bizStep>${word('bizstep', event.step)}</bizStep>`,
    `<disposition>${word('disp', event.disposition)}</disposition>`,
    `<readPoint><id>${MAKER.urn}</id></readPoint>`,
    ...(event.bizLocation ? [`<bizLocation><id>${MAKER.urn}</id></bizLocation>`] : []),
    ...(ships
      ? [
          '<bizTransactionList>',
          `${TABS}<bizTransaction type="${word('btt', 'desadv')}">${PAPER}</bizTransaction>`,
          '</bizTransactionList>',
        ]
      : []),
    ...(old && late.length > 0 ? ['<extension>', ...late, '</extension>'] : late),
    `</${event.type}>`,
  ].join(`\n${TABS}`);
}

function frame(form: Form): readonly [head: string, tail: string, between: string] {
  if (form === 'json-urn' || form === 'json-dl') {
    const head = [
      '{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],"type":"EPCISDocument"',
      '"schemaVersion":"2.0","creationDate":"2026-01-06T06:00:00Z","epcisBody":{"eventList":[\n',
    ];
    return [head.join(','), '\n]}}\n', ',\n'];
  }
  const [major, version] = form === 'xml-1.2' ? ['1', '1.2'] : ['2', '2.0'];
  const head = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:${major}" xmlns:cbvmda="urn:epcglobal:cbv:mda"`,
    `    schemaVersion="${version}" creationDate="2026-01-06T06:00:00Z">`,
    '<EPCISBody>',
    '<EventList>',
    '',
  ];
  return [head.join('\n'), '\n</EventList>\n</EPCISBody>\n</epcis:EPCISDocument>\n', '\n'];
}

/** Until there are so many events, or a document of so many bytes. Another `document` is about other objects. */
export type Until = ({ readonly events: number } | { readonly bytes: number }) & {
  readonly document?: number;
};

/** A document piece by piece; pieces are ASCII. */
export function* documentPieces(form: Form, shape: Shape, until: Until): Generator<string, Made> {
  const {
    events: enough,
    bytes,
    document,
  } = {
    ...{ events: Infinity, bytes: Infinity, document: 0 },
    ...until,
  };
  const [head, tail, between] = frame(form);
  let [at, count, rows] = [head.length, 0, 0];
  yield head;
  for (const event of events(shape, document)) {
    const own = form.startsWith('json')
      ? json(event, form === 'json-dl' ? 'dl' : 'urn')
      : xml(event, form === 'xml-1.2');
    const text = count === 0 ? own : between + own;
    at += text.length;
    count += 1;
    rows += event.objects.length + (event.parent === null ? 0 : 1);
    yield text;
    if (count >= enough || at >= bytes) break;
  }
  yield tail;
  return { events: count, rows, bytes: at + tail.length };
}

/** A whole document in memory. */
export function makeDocument(form: Form, shape: Shape, until: Until): Made & { readonly body: Buffer } {
  const pieces: string[] = [];
  const all = documentPieces(form, shape, until);
  for (;;) {
    const { value, done } = all.next();
    if (done === true) return { ...value, body: Buffer.from(pieces.join(''), 'latin1') };
    pieces.push(value);
  }
}
