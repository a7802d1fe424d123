// Valid DSCSA documents from one neutral description in the four forms in which they are sent: XML 1.2, XML 2.0, JSON with
// URNs, JSON with Digital Links. Everything in them is made up; the company prefixes begin with 952, which GS1 keeps for
// examples.

export const FORMS = ['xml-1.2', 'xml-2.0', 'json-urn', 'json-dl'] as const;
export type DocumentForm = (typeof FORMS)[number];

/** An identifier in both ways of writing. */
export interface Id {
  readonly urn: string;
  readonly dl: string;
}

export interface QuantityPlan {
  readonly epcClass: Id;
  readonly quantity?: string;
  readonly uom?: string;
}

/** An event; words of the CBV are bare (`shipping`), URIs stay. */
export interface EventPlan {
  readonly type: string;
  readonly eventTime: string;
  readonly eventTimeZoneOffset: string;
  readonly recordTime?: string;
  readonly eventID?: string;
  readonly errorDeclaration?: {
    readonly declarationTime: string;
    readonly reason?: string;
    readonly correctiveEventIDs?: readonly string[];
  };
  readonly action?: string;
  readonly bizStep?: string;
  readonly disposition?: string;
  readonly epcs?: readonly Id[];
  readonly parent?: Id;
  readonly children?: readonly Id[];
  readonly inputs?: readonly Id[];
  readonly outputs?: readonly Id[];
  readonly quantities?: readonly QuantityPlan[];
  readonly childQuantities?: readonly QuantityPlan[];
  readonly inputQuantities?: readonly QuantityPlan[];
  readonly outputQuantities?: readonly QuantityPlan[];
  readonly transformationID?: string;
  readonly readPoint?: Id;
  readonly bizLocation?: Id;
  /** Type and id. */
  readonly bizTransactions?: readonly (readonly [string, string])[];
  readonly sources?: readonly (readonly [string, Id])[];
  readonly destinations?: readonly (readonly [string, Id])[];
  readonly lot?: string;
  readonly expiry?: string;
  readonly dropShipment?: string;
}

export interface DocumentPlan {
  readonly creationDate: string;
  readonly sender: Id | null;
  readonly receiver: Id | null;
  readonly instanceIdentifier: string;
  readonly guidelineVersion: string | null;
  readonly statement: { readonly affirmed: boolean; readonly legalNotice: string } | null;
  /** Class and its attributes by their CBV names. */
  readonly products: readonly { readonly id: Id; readonly attributes: Readonly<Record<string, string>> }[];
  readonly parties: readonly { readonly id: Id; readonly attributes: Readonly<Record<string, string>> }[];
  readonly events: readonly EventPlan[];
}

/** Check digit of GS1 keys: weights 3, 1, 3, … from the right. */
export function checkDigit(body: string): string {
  let sum = 0;
  for (let i = 0; i < body.length; i += 1) {
    sum += Number(body[body.length - 1 - i]) * (i % 2 === 0 ? 3 : 1);
  }
  return String((10 - (sum % 10)) % 10);
}

const withCheckDigit = (body: string): string => body + checkDigit(body);
const DL = 'https://id.gs1.org';
/** As RFC 3986 leaves them in a path segment of an element of a GS1 key. */
const escaped = (text: string): string =>
  encodeURIComponent(text).replace(/[!()*']/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
const urnEscaped = (text: string): string =>
  text.replace(/["%&/<>?#]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);

/** GTIN-14 of a company prefix and an item reference with the indicator in front, 13 digits together. */
export const gtin = (prefix: string, item: string): string =>
  withCheckDigit(item.slice(0, 1) + prefix + item.slice(1));

export const sgtin = (prefix: string, item: string, serial: string): Id => ({
  urn: `urn:epc:id:sgtin:${prefix}.${item}.${urnEscaped(serial)}`,
  dl: `${DL}/01/${gtin(prefix, item)}/21/${escaped(serial)}`,
});

export const gtinClass = (prefix: string, item: string): Id => ({
  urn: `urn:epc:idpat:sgtin:${prefix}.${item}.*`,
  dl: `${DL}/01/${gtin(prefix, item)}`,
});

export const lgtin = (prefix: string, item: string, lot: string): Id => ({
  urn: `urn:epc:class:lgtin:${prefix}.${item}.${urnEscaped(lot)}`,
  dl: `${DL}/01/${gtin(prefix, item)}/10/${escaped(lot)}`,
});

/** `reference`: extension digit and serial reference, 17 digits with the prefix. */
export const sscc = (prefix: string, reference: string): Id => ({
  urn: `urn:epc:id:sscc:${prefix}.${reference}`,
  dl: `${DL}/00/${withCheckDigit(reference.slice(0, 1) + prefix + reference.slice(1))}`,
});

export const gln = (prefix: string, reference: string): string => withCheckDigit(prefix + reference);

/** Prefix and reference have 12 digits together. */
export const sgln = (prefix: string, reference: string, extension = '0'): Id => ({
  urn: `urn:epc:id:sgln:${prefix}.${reference}.${urnEscaped(extension)}`,
  dl: `${DL}/414/${gln(prefix, reference)}${extension === '0' ? '' : `/254/${escaped(extension)}`}`,
});

export const MAKER = '9521234';
export const BUYER = '952876';
export const MAKER_GLN: string = gln(MAKER, '00001');
export const MAKER_SITE_GLN: string = gln(MAKER, '00002');
export const BUYER_GLN: string = gln(BUYER, '000001');
export const BUYER_SITE_GLN: string = gln(BUYER, '000002');
/** Every GLN of `dscsaPlan`, as the directory of partners has them. */
export const GLNS: readonly string[] = [MAKER_GLN, MAKER_SITE_GLN, BUYER_GLN, BUYER_SITE_GLN];
/** Item references of the unit and of its case. */
export const UNIT = '012345';
export const CASE = '112345';
export const LOT = 'LOT-7';
export const EXPIRY = '2027-11-30';

const maker = sgln(MAKER, '00001');
const makerSite = sgln(MAKER, '00002');
const buyer = sgln(BUYER, '000001');
const buyerSite = sgln(BUYER, '000002');
export const units: readonly Id[] = ['u01', 'u02', 'u03', 'u04'].map((serial) => sgtin(MAKER, UNIT, serial));
export const boxes: readonly Id[] = ['c01', 'c02'].map((serial) => sgtin(MAKER, CASE, serial));
export const pallet: Id = sscc(MAKER, '3000000017');

const at = (time: string): Pick<EventPlan, 'eventTime' | 'eventTimeZoneOffset'> => ({
  eventTime: time,
  eventTimeZoneOffset: '+02:00',
});
const commissioned = (time: string, epcs: readonly Id[], site: Id): EventPlan => ({
  type: 'ObjectEvent',
  ...at(time),
  action: 'ADD',
  bizStep: 'commissioning',
  disposition: 'active',
  epcs,
  readPoint: site,
  bizLocation: site,
});
const packed = (time: string, parent: Id, children: readonly Id[], site: Id): EventPlan => ({
  type: 'AggregationEvent',
  ...at(time),
  action: 'ADD',
  bizStep: 'packing',
  disposition: 'in_progress',
  parent,
  children,
  readPoint: site,
  bizLocation: site,
});

const product = (name: string): Record<string, string> => ({
  additionalTradeItemIdentification: '99521-234-01',
  additionalTradeItemIdentificationTypeCode: 'EXAMPLE_CODE',
  regulatedProductName: name,
  manufacturerOfTradeItemPartyName: 'Example Maker',
  dosageFormType: 'TABLET',
  strengthDescription: '5 mg',
  netContentDescription: '30 tablets',
});
const party = (name: string): Record<string, string> => ({
  name,
  streetAddressOne: '1 Sample Road',
  city: 'Exampleton',
  state: 'CA',
  postalCode: '90000',
  countryCode: 'US',
});

/**
 * Four units in two cases on one pallet, made and shipped. Events: 0 commissioning of the units, 1 of the cases, 2 and 3
 * packing of the cases, 4 commissioning of the pallet, 5 packing of the pallet, 6 shipping of the pallet.
 */
export function dscsaPlan(): DocumentPlan {
  return {
    creationDate: '2025-05-06T10:00:00Z',
    sender: maker,
    receiver: buyer,
    instanceIdentifier: 'example-0001',
    guidelineVersion: 'GS1 US DSCSA R1.3',
    statement: { affirmed: true, legalNotice: 'The seller has complied with each applicable subsection.' },
    products: [
      { id: gtinClass(MAKER, UNIT), attributes: product('Examplin') },
      { id: gtinClass(MAKER, CASE), attributes: product('Examplin') },
    ],
    parties: [
      { id: maker, attributes: party('Example Maker') },
      { id: makerSite, attributes: party('Example Maker, warehouse') },
      { id: buyer, attributes: party('Example Buyer') },
      { id: buyerSite, attributes: party('Example Buyer, warehouse') },
    ],
    events: [
      { ...commissioned('2025-05-05T08:00:00Z', units, maker), lot: LOT, expiry: EXPIRY },
      { ...commissioned('2025-05-05T08:10:00Z', boxes, maker), lot: LOT, expiry: EXPIRY },
      packed('2025-05-05T09:00:00Z', boxes[0] as Id, units.slice(0, 2), maker),
      packed('2025-05-05T09:05:00Z', boxes[1] as Id, units.slice(2), maker),
      commissioned('2025-05-06T07:00:00Z', [pallet], makerSite),
      packed('2025-05-06T07:10:00Z', pallet, boxes, makerSite),
      {
        type: 'ObjectEvent',
        ...at('2025-05-06T09:00:00Z'),
        action: 'OBSERVE',
        bizStep: 'shipping',
        disposition: 'in_transit',
        epcs: [pallet],
        readPoint: makerSite,
        bizTransactions: [
          ['po', `urn:epcglobal:cbv:bt:${BUYER_GLN}:PO-77`],
          ['desadv', `urn:epcglobal:cbv:bt:${MAKER_SITE_GLN}:D-12`],
        ],
        sources: [
          ['owning_party', maker],
          ['location', makerSite],
        ],
        destinations: [
          ['owning_party', buyer],
          ['location', buyerSite],
        ],
        dropShipment: 'false',
      },
    ],
  };
}

/** The document as text in one of its forms. */
export function documentText(plan: DocumentPlan, form: DocumentForm): string {
  if (form === 'json-urn' || form === 'json-dl') return JSON.stringify(documentJson(plan, form), null, 1);
  return documentXml(plan, form);
}

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

/** Leaves out what is undefined. */
function present(members: Record<string, Json | undefined>): JsonObject {
  return Object.fromEntries(
    Object.entries(members).filter((entry): entry is [string, Json] => entry[1] !== undefined),
  );
}

/** The document as a JSON value, to change and to send with JSON.stringify. */
export function documentJson(plan: DocumentPlan, form: 'json-urn' | 'json-dl'): JsonObject {
  const id = (each: Id): string => (form === 'json-dl' ? each.dl : each.urn);
  const vocabulary = (type: string, elements: DocumentPlan['products']): JsonObject => ({
    type: `urn:epcglobal:epcis:vtype:${type}`,
    vocabularyElementList: elements.map((element) => ({
      id: id(element.id),
      attributes: Object.entries(element.attributes).map(([name, value]) => ({
        id: `cbvmda:${name}`,
        attribute: value,
      })),
    })),
  });
  return present({
    '@context': [
      'https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld',
      { gs1ushc: 'http://epcis.gs1us.org/hc/ns/' },
    ],
    type: 'EPCISDocument',
    schemaVersion: '2.0',
    creationDate: plan.creationDate,
    instanceIdentifier: plan.instanceIdentifier,
    sender: plan.sender === null ? undefined : id(plan.sender),
    receiver: plan.receiver === null ? undefined : id(plan.receiver),
    epcisHeader: present({
      epcisMasterData: {
        vocabularyList: [vocabulary('EPCClass', plan.products), vocabulary('Location', plan.parties)],
      },
      'gs1ushc:guidelineVersion': plan.guidelineVersion ?? undefined,
      'gs1ushc:dscsaTransactionStatement':
        plan.statement === null
          ? undefined
          : {
              'gs1ushc:affirmTransactionStatement': plan.statement.affirmed,
              'gs1ushc:legalNotice': plan.statement.legalNotice,
            },
    }),
    epcisBody: { eventList: plan.events.map((event) => eventJson(event, form)) },
  });
}

/** One event as a JSON value. */
export function eventJson(event: EventPlan, form: 'json-urn' | 'json-dl'): JsonObject {
  const id = (each: Id): string => (form === 'json-dl' ? each.dl : each.urn);
  const ids = (list: readonly Id[] | undefined): Json | undefined => list?.map(id);
  const place = (where: Id | undefined): Json | undefined =>
    where === undefined ? undefined : { id: id(where) };
  const quantities = (list: readonly QuantityPlan[] | undefined): Json | undefined =>
    list?.map((each) =>
      present({
        epcClass: id(each.epcClass),
        quantity: each.quantity === undefined ? undefined : Number(each.quantity),
        uom: each.uom,
      }),
    );
  const ilmd = present({ 'cbvmda:lotNumber': event.lot, 'cbvmda:itemExpirationDate': event.expiry });
  return present({
    type: event.type,
    eventID: event.eventID,
    eventTime: event.eventTime,
    recordTime: event.recordTime,
    eventTimeZoneOffset: event.eventTimeZoneOffset,
    errorDeclaration:
      event.errorDeclaration === undefined
        ? undefined
        : present({
            declarationTime: event.errorDeclaration.declarationTime,
            reason: event.errorDeclaration.reason,
            correctiveEventIDs:
              event.errorDeclaration.correctiveEventIDs === undefined
                ? undefined
                : [...event.errorDeclaration.correctiveEventIDs],
          }),
    parentID: event.parent === undefined ? undefined : id(event.parent),
    epcList: ids(event.epcs),
    childEPCs: ids(event.children),
    inputEPCList: ids(event.inputs),
    outputEPCList: ids(event.outputs),
    action: event.action,
    transformationID: event.transformationID,
    bizStep: event.bizStep,
    disposition: event.disposition,
    readPoint: place(event.readPoint),
    bizLocation: place(event.bizLocation),
    bizTransactionList: event.bizTransactions?.map(([type, value]) => ({ type, bizTransaction: value })),
    quantityList: quantities(event.quantities),
    childQuantityList: quantities(event.childQuantities),
    inputQuantityList: quantities(event.inputQuantities),
    outputQuantityList: quantities(event.outputQuantities),
    sourceList: event.sources?.map(([type, where]) => ({ type, source: id(where) })),
    destinationList: event.destinations?.map(([type, where]) => ({ type, destination: id(where) })),
    ilmd: Object.keys(ilmd).length === 0 ? undefined : ilmd,
    'gs1ushc:dropShipment': event.dropShipment,
  });
}

const text = (value: string): string =>
  value.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c] as string);
const element = (name: string, value: string | undefined): string =>
  value === undefined ? '' : `<${name}>${text(value)}</${name}>`;
const cbv = (family: string, word: string | undefined): string | undefined =>
  word === undefined || word.includes(':') ? word : `urn:epcglobal:cbv:${family}:${word}`;

function documentXml(plan: DocumentPlan, form: 'xml-1.2' | 'xml-2.0'): string {
  const version = form === 'xml-1.2' ? '1' : '2';
  const vocabulary = (type: string, elements: DocumentPlan['products']): string =>
    [
      `<Vocabulary type="urn:epcglobal:epcis:vtype:${type}"><VocabularyElementList>`,
      ...elements.map(
        (each) =>
          `<VocabularyElement id="${text(each.id.urn)}">${Object.entries(each.attributes)
            .map(
              ([name, value]) => `<attribute id="urn:epcglobal:cbv:mda#${name}">${text(value)}</attribute>`,
            )
            .join('')}</VocabularyElement>`,
      ),
      '</VocabularyElementList></Vocabulary>',
    ].join('\n');
  const partner = (name: string, id: Id | null): string =>
    id === null
      ? ''
      : `<sbdh:${name}><sbdh:Identifier Authority="GS1">${id.urn}</sbdh:Identifier></sbdh:${name}>`;
  const header = [
    '<sbdh:StandardBusinessDocumentHeader><sbdh:HeaderVersion>1.0</sbdh:HeaderVersion>',
    partner('Sender', plan.sender) + partner('Receiver', plan.receiver),
    '<sbdh:DocumentIdentification><sbdh:Standard>EPCglobal</sbdh:Standard><sbdh:TypeVersion>1.0</sbdh:TypeVersion>',
    element('sbdh:InstanceIdentifier', plan.instanceIdentifier),
    '<sbdh:Type>Events</sbdh:Type>',
    element('sbdh:CreationDateAndTime', plan.creationDate),
    '</sbdh:DocumentIdentification></sbdh:StandardBusinessDocumentHeader>',
    '<extension><EPCISMasterData><VocabularyList>',
    vocabulary('EPCClass', plan.products),
    vocabulary('Location', plan.parties),
    '</VocabularyList></EPCISMasterData></extension>',
    element('gs1ushc:guidelineVersion', plan.guidelineVersion ?? undefined),
    plan.statement === null
      ? ''
      : `<gs1ushc:dscsaTransactionStatement>${element(
          'gs1ushc:affirmTransactionStatement',
          String(plan.statement.affirmed),
        )}${element('gs1ushc:legalNotice', plan.statement.legalNotice)}</gs1ushc:dscsaTransactionStatement>`,
  ];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:${version}" xmlns:cbvmda="urn:epcglobal:cbv:mda"`,
    ' xmlns:sbdh="http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"',
    ` xmlns:gs1ushc="http://epcis.gs1us.org/hc/ns" schemaVersion="${form === 'xml-1.2' ? '1.2' : '2.0'}"`,
    ` creationDate="${plan.creationDate}">`,
    '<EPCISHeader>',
    ...header,
    '</EPCISHeader>',
    '<EPCISBody><EventList>',
    ...plan.events.map((event) => eventXml(event, form)),
    '</EventList></EPCISBody>',
    '</epcis:EPCISDocument>',
    '',
  ].join('\n');
}

const WHERE = ['bizStep', 'disposition', 'readPoint', 'bizLocation'];
const ENDS = ['sourceList', 'destinationList'];
const SEQUENCE: Readonly<Record<string, readonly string[]>> = {
  ObjectEvent: ['epcList', 'action', ...WHERE, 'bizTransactionList', 'quantityList', ...ENDS, 'ilmd'],
  AggregationEvent: [
    ...['parentID', 'childEPCs', 'action', ...WHERE, 'bizTransactionList', 'childQuantityList'],
    ...[...ENDS, 'ilmd'],
  ],
  TransactionEvent: [
    ...['bizTransactionList', 'parentID', 'epcList', 'action', ...WHERE, 'quantityList'],
    ...[...ENDS, 'ilmd'],
  ],
  TransformationEvent: [
    ...['inputEPCList', 'inputQuantityList', 'outputEPCList', 'outputQuantityList', 'transformationID'],
    ...[...WHERE, 'bizTransactionList', ...ENDS, 'ilmd'],
  ],
  AssociationEvent: [
    ...['parentID', 'childEPCs', 'childQuantityList', 'action', ...WHERE, 'bizTransactionList'],
    ...[...ENDS, 'ilmd'],
  ],
};

/** One event as XML, without namespaces of its own. */
export function eventXml(event: EventPlan, form: 'xml-1.2' | 'xml-2.0'): string {
  const old = form === 'xml-1.2';
  const wrapped = (name: string, parts: string): string =>
    parts === '' ? '' : `<${name}>${parts}</${name}>`;
  const list = (name: string, ids: readonly Id[] | undefined): string =>
    ids === undefined ? '' : `<${name}>${ids.map((id) => element('epc', id.urn)).join('')}</${name}>`;
  const quantities = (name: string, all: readonly QuantityPlan[] | undefined): string =>
    all === undefined
      ? ''
      : `<${name}>${all
          .map((each) =>
            wrapped(
              'quantityElement',
              element('epcClass', each.epcClass.urn) +
                element('quantity', each.quantity) +
                element('uom', each.uom),
            ),
          )
          .join('')}</${name}>`;
  const typed = (
    name: string,
    family: string,
    all: readonly (readonly [string, string])[] | undefined,
  ): string =>
    all === undefined
      ? ''
      : `<${name}List>${all
          .map(([type, value]) => `<${name} type="${cbv(family, type)}">${text(value)}</${name}>`)
          .join('')}</${name}List>`;
  const urns = (
    all: readonly (readonly [string, Id])[] | undefined,
  ): readonly (readonly [string, string])[] | undefined => all?.map(([type, id]) => [type, id.urn] as const);
  const wrong = event.errorDeclaration;
  const declaration =
    wrong === undefined
      ? ''
      : wrapped(
          'errorDeclaration',
          element('declarationTime', wrong.declarationTime) +
            element('reason', cbv('er', wrong.reason)) +
            wrapped(
              'correctiveEventIDs',
              (wrong.correctiveEventIDs ?? []).map((id) => element('correctiveEventID', id)).join(''),
            ),
        );
  const base = element('eventID', event.eventID) + declaration;
  const ilmd = wrapped(
    'ilmd',
    element('cbvmda:lotNumber', event.lot) + element('cbvmda:itemExpirationDate', event.expiry),
  );
  const place = (name: string, where: Id | undefined): string =>
    where === undefined ? '' : `<${name}><id>${text(where.urn)}</id></${name}>`;
  const parts: Record<string, string> = {
    parentID: element('parentID', event.parent?.urn),
    epcList: list('epcList', event.epcs),
    childEPCs: list('childEPCs', event.children),
    inputEPCList: list('inputEPCList', event.inputs),
    inputQuantityList: quantities('inputQuantityList', event.inputQuantities),
    outputEPCList: list('outputEPCList', event.outputs),
    outputQuantityList: quantities('outputQuantityList', event.outputQuantities),
    transformationID: element('transformationID', event.transformationID),
    action: element('action', event.action),
    bizStep: element('bizStep', cbv('bizstep', event.bizStep)),
    disposition: element('disposition', cbv('disp', event.disposition)),
    readPoint: place('readPoint', event.readPoint),
    bizLocation: place('bizLocation', event.bizLocation),
    bizTransactionList: typed('bizTransaction', 'btt', event.bizTransactions),
    quantityList: quantities('quantityList', event.quantities),
    childQuantityList: quantities('childQuantityList', event.childQuantities),
    sourceList: typed('source', 'sdt', urns(event.sources)),
    destinationList: typed('destination', 'sdt', urns(event.destinations)),
    ilmd,
  };
  const take = (names: readonly string[]): string => names.map((name) => parts[name] ?? '').join('');
  // The sequence of the schema differs by type; what 1.1 brought lies in `extension` in XML 1.2.
  const late = ['quantityList', 'childQuantityList', 'sourceList', 'destinationList', 'ilmd'];
  const wraps = old && event.type !== 'TransformationEvent' && event.type !== 'AssociationEvent';
  const order = (SEQUENCE[event.type] ?? SEQUENCE['ObjectEvent'] ?? []).filter(
    (name) => !wraps || !late.includes(name),
  );
  const body = [
    element('eventTime', event.eventTime),
    element('recordTime', event.recordTime),
    element('eventTimeZoneOffset', event.eventTimeZoneOffset),
    old ? wrapped('baseExtension', base) : base,
    take(order),
    wraps ? wrapped('extension', take(late)) : '',
    element('gs1ushc:dropShipment', event.dropShipment),
  ].filter((part) => part !== '');
  const whole = [`<${event.type}>`, ...body, `</${event.type}>`].join('\n');
  if (!old) return whole;
  if (event.type === 'TransformationEvent') return `<extension>${whole}</extension>`;
  return event.type === 'AssociationEvent' ? `<extension><extension>${whole}</extension></extension>` : whole;
}
