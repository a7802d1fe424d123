// One event from its JSON tree into the model.

import type { EventFields, Extension, ShapeFault, SourceEvent, Span, Step } from '../model.ts';
import { BUILT_IN, readContext } from './context.ts';
import {
  otherMember,
  type Reading,
  readCertification,
  readDispositions,
  readErrorDeclaration,
  readIlmd,
  readObjects,
  readPlace,
  readQuantity,
  readSensor,
  readText,
  readTexts,
  typedIdReader,
  wrongType,
} from './fields.ts';
import { locateIn } from './locate.ts';
import { pointer } from './pointer.ts';
import { isList, type Json, JsonObject, textOf } from './tree.ts';

type Writable = { -readonly [K in keyof EventFields]: EventFields[K] };
type ReadField = (reading: Reading, value: Json, path: readonly Step[]) => unknown;

const items =
  <T>(read: (reading: Reading, object: JsonObject, path: readonly Step[]) => T): ReadField =>
  (reading, value, path) =>
    readObjects(reading, value, path, read);

const READERS = new Map<string, ReadField>();
const define = (names: string, read: ReadField): void => {
  for (const name of names.split(' ')) READERS.set(name, read);
};
define('eventTime eventTimeZoneOffset recordTime eventID action bizStep disposition parentID', readText);
define('transformationID', readText);
define('epcList childEPCs inputEPCList outputEPCList', readTexts);
define('quantityList childQuantityList inputQuantityList outputQuantityList', items(readQuantity));
define('bizTransactionList', items(typedIdReader('bizTransaction', 'S13_UNKNOWN_FIELD')));
define('sourceList', items(typedIdReader('source', 'S15_SOURCE_DEST')));
define('destinationList', items(typedIdReader('destination', 'S15_SOURCE_DEST')));
define('readPoint bizLocation', readPlace);
define('persistentDisposition', readDispositions);
define('sensorElementList', items(readSensor));
define('certificationInfo', readCertification);
define('ilmd', readIlmd);
define('errorDeclaration', readErrorDeclaration);

/** Members of an event that are no field of the model: the first two name its type. */
const NOT_FIELDS: ReadonlySet<string> = new Set(['type', 'isA', '@context']);

export interface EventPlace {
  readonly index: number;
  readonly span: Span;
  /** Steps from the document to the event. */
  readonly steps: readonly Step[];
  /** Prefixes of the document. */
  readonly prefixes: ReadonlyMap<string, string>;
}

/** @param value any JSON value: what is no object becomes an event of no type with a fault. */
export function readEvent(value: Json, place: EventPlace): SourceEvent {
  const faults: ShapeFault[] = [];
  const ext: Extension[] = [];
  const fields: Writable = { ext };
  let type = '';
  let prefixes = place.prefixes;
  if (value instanceof JsonObject) {
    const context = value.get('@context');
    if (context !== undefined) prefixes = readContext(context, prefixes).prefixes;
    const reading: Reading = { prefixes, faults };
    type = readType(reading, value);
    const { names, values } = value;
    for (let at = 0; at < names.length; at++) {
      const name = names[at] as string;
      const member = values[at] as Json;
      const read = READERS.get(name);
      if (read !== undefined) {
        const field = read(reading, member, [name]);
        if (field !== undefined) (fields as Record<string, unknown>)[name] = field;
      } else if (!NOT_FIELDS.has(name)) otherMember(reading, ext, [], name, member);
    }
  } else wrongType({ prefixes: BUILT_IN, faults }, [], 'an object');
  const { index, span, steps } = place;
  return { index, form: 'json', type, fields, prefixes, span, faults, locate: locateIn(value, steps) };
}

/** An event of more than `maxBytes`, of which nothing was kept but where it lies. */
export function largeEvent({ index, span, steps, prefixes }: EventPlace, maxBytes: number): SourceEvent {
  const detail = `${span.length} bytes, more than ${maxBytes}, or more values than that may have`;
  const faults = [{ code: 'F01_EVENT_TOO_LARGE', path: [], detail }];
  const locate = (): string => pointer(steps);
  return { index, form: 'json', type: '', fields: { ext: [] }, prefixes, span, faults, locate };
}

/** The type as sent; several are joined with a space, which is no type of EPCIS. `isA` is what drafts called it. */
function readType(reading: Reading, event: JsonObject): string {
  const type = event.get('type') ?? event.get('isA');
  if (type === undefined) return '';
  const names = isList(type) ? type.map(textOf) : [textOf(type)];
  if (names.includes(null)) wrongType(reading, ['type'], 'a string');
  return names.filter((name) => name !== null).join(' ');
}
