// Events as lines of flat JSON, values as they were sent: what somebody with a DOM or a stylesheet makes of a document first,
// and what firn's reader would make of it. The same bytes from all of them; and back, so that the same rules judge them.

import type { Extension, SourceEvent, TypedId } from '../../engine/epcis/model.ts';

type Pair = readonly [type: string, id: string];

/** One line. Members in this order; what is absent was not sent. */
export interface Flat {
  readonly type: string;
  readonly eventTime?: string;
  readonly eventTimeZoneOffset?: string;
  readonly parentID?: string;
  readonly epcList?: readonly string[];
  readonly childEPCs?: readonly string[];
  readonly action?: string;
  readonly bizStep?: string;
  readonly disposition?: string;
  readonly readPoint?: string;
  readonly bizLocation?: string;
  readonly bizTransactionList?: readonly Pair[];
  readonly sourceList?: readonly Pair[];
  readonly destinationList?: readonly Pair[];
  readonly lotNumber?: string;
  readonly itemExpirationDate?: string;
}

const pairs = (list: readonly TypedId[] | undefined): Pair[] | undefined =>
  list?.map(({ type, id }) => [type ?? '', id ?? '']);

/** The line of an event, with its LF. */
export function flatLine({ type, fields }: SourceEvent): string {
  const master = (name: string): string | undefined => fields.ilmd?.find((each) => each.name === name)?.value;
  const flat: { readonly [K in keyof Flat]: Flat[K] | undefined } = {
    type,
    eventTime: fields.eventTime,
    eventTimeZoneOffset: fields.eventTimeZoneOffset,
    parentID: fields.parentID,
    epcList: fields.epcList,
    childEPCs: fields.childEPCs,
    action: fields.action,
    bizStep: fields.bizStep,
    disposition: fields.disposition,
    readPoint: fields.readPoint?.id,
    bizLocation: fields.bizLocation?.id,
    bizTransactionList: pairs(fields.bizTransactionList),
    sourceList: pairs(fields.sourceList),
    destinationList: pairs(fields.destinationList),
    lotNumber: master('lotNumber'),
    itemExpirationDate: master('itemExpirationDate'),
  };
  return `${JSON.stringify(flat)}\n`;
}

const MASTER_DATA = 'urn:epcglobal:cbv:mda';
const NO_PREFIXES: ReadonlyMap<string, string> = new Map();

/** The event of a line as the rules take it; where it stood in its document is lost. */
export function eventOf(flat: Flat, index: number): SourceEvent {
  const { type, readPoint, bizLocation, lotNumber, itemExpirationDate, ...same } = flat;
  const typed = (list: readonly Pair[] | undefined): TypedId[] | undefined =>
    list?.map(([of, id]) => ({ type: of, id }));
  const leaf = (name: string, value: string): Extension => ({ ns: MASTER_DATA, name, value, children: [] });
  const lists = {
    bizTransactionList: typed(flat.bizTransactionList),
    sourceList: typed(flat.sourceList),
    destinationList: typed(flat.destinationList),
  };
  const fields = {
    ...same,
    ...(Object.fromEntries(Object.entries(lists).filter(([, list]) => list !== undefined)) as object),
    ...(readPoint === undefined ? {} : { readPoint: { id: readPoint, ext: [] } }),
    ...(bizLocation === undefined ? {} : { bizLocation: { id: bizLocation, ext: [] } }),
    ...(lotNumber === undefined || itemExpirationDate === undefined
      ? {}
      : { ilmd: [leaf('lotNumber', lotNumber), leaf('itemExpirationDate', itemExpirationDate)] }),
    ext: [],
  } as SourceEvent['fields'];
  return {
    index,
    form: 'xml-1',
    type,
    fields,
    prefixes: NO_PREFIXES,
    span: { offset: 0, length: 0 },
    faults: [],
    locate: (path) => path.join('/'),
  };
}
