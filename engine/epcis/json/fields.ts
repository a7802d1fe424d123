// The members of an event that have a shape of their own, each into the model. What has the wrong type is left out of the
// model and told as a fault.

import type {
  ErrorDeclaration,
  Extension,
  Place,
  Quantity,
  SensorElement,
  SensorPart,
  ShapeFault,
  Step,
  TypedId,
} from '../model.ts';
import { isSplit } from '../serial-list.ts';
import { addExtension, isComment } from './extensions.ts';
import { isList, type Json, JsonNumber, JsonObject, scalarOf, textOf, trimmed } from './tree.ts';

type Path = readonly Step[];

/** What reading one event shares. */
export interface Reading {
  readonly prefixes: ReadonlyMap<string, string>;
  readonly faults: ShapeFault[];
}

export function wrongType(reading: Reading, path: Path, wanted: string, code = 'S23_VALUE_TYPE'): void {
  reading.faults.push({ code, path, detail: `${String(path.at(-1) ?? 'the event')} must be ${wanted}` });
}

function unknown(reading: Reading, path: Path, code = 'S13_UNKNOWN_FIELD'): void {
  reading.faults.push({ code, path, detail: `${String(path.at(-1))} is no member of EPCIS here` });
}

/** Takes a member that the caller does not know: an extension, a comment, or a fault. */
export function otherMember(reading: Reading, ext: Extension[], path: Path, name: string, value: Json): void {
  if (isComment(name)) return;
  if (name.includes(':')) addExtension(ext, name, value, reading.prefixes);
  else unknown(reading, [...path, name]);
}

export function readText(reading: Reading, value: Json, path: Path, code?: string): string | undefined {
  if (typeof value === 'string') return trimmed(value);
  wrongType(reading, path, 'a string', code);
  return undefined;
}

export function readTexts(reading: Reading, value: Json, path: Path): readonly string[] | undefined {
  const items = readList(reading, value, path);
  if (items === undefined) return undefined;
  if (isSplit(items)) return items;
  const texts: string[] = [];
  for (let at = 0; at < items.length; at++) {
    const item = items[at] as Json;
    if (typeof item === 'string') texts.push(trimmed(item));
    else wrongType(reading, [...path, at], 'a string');
  }
  return texts;
}

function readList(reading: Reading, value: Json, path: Path): readonly Json[] | undefined {
  if (isList(value)) return value;
  wrongType(reading, path, 'an array');
  return undefined;
}

/** Reads each item of an array that must be an object. */
export function readObjects<T>(
  reading: Reading,
  value: Json,
  path: Path,
  read: (reading: Reading, object: JsonObject, path: Path) => T,
): readonly T[] | undefined {
  const items = readList(reading, value, path);
  if (items === undefined) return undefined;
  const objects: T[] = [];
  items.forEach((item, at) => {
    if (item instanceof JsonObject) objects.push(read(reading, item, [...path, at]));
    else wrongType(reading, [...path, at], 'an object');
  });
  return objects;
}

export function readQuantity(reading: Reading, object: JsonObject, path: Path): Quantity {
  const quantity: { epcClass?: string; quantity?: string; uom?: string } = {};
  for (let at = 0; at < object.names.length; at++) {
    const name = object.names[at] as string;
    const value = object.values[at] as Json;
    if (name === 'quantity') {
      if (value instanceof JsonNumber) quantity.quantity = value.text;
      else wrongType(reading, [...path, name], 'a number', 'S14_QUANTITY');
    } else if (name === 'epcClass' || name === 'uom') {
      const text = readText(reading, value, [...path, name], 'S14_QUANTITY');
      if (text !== undefined) quantity[name] = text;
    } else if (!isComment(name)) unknown(reading, [...path, name], 'S14_QUANTITY');
  }
  return quantity;
}

/** A reader of business transactions, sources or destinations: `idName` is the member with the value. */
export function typedIdReader(
  idName: string,
  code: string,
): (reading: Reading, object: JsonObject, path: Path) => TypedId {
  return (reading, object, path) => {
    const typed: { type?: string; id?: string } = {};
    for (let at = 0; at < object.names.length; at++) {
      const name = object.names[at] as string;
      const value = object.values[at] as Json;
      if (name !== 'type' && name !== idName) {
        if (!isComment(name)) unknown(reading, [...path, name], code);
        continue;
      }
      const text = readText(reading, value, [...path, name]);
      if (text !== undefined) typed[name === 'type' ? 'type' : 'id'] = text;
    }
    return typed;
  };
}

export function readPlace(reading: Reading, value: Json, path: Path): Place | undefined {
  if (!(value instanceof JsonObject)) {
    wrongType(reading, path, 'an object with an id');
    return undefined;
  }
  const ext: Extension[] = [];
  const place: { id?: string; ext: Extension[] } = { ext };
  value.names.forEach((name, at) => {
    const member = value.values[at] as Json;
    const id = name === 'id' ? readText(reading, member, [...path, 'id']) : undefined;
    if (id !== undefined) place.id = id;
    if (name !== 'id') otherMember(reading, ext, path, name, member);
  });
  return place;
}

/** `ilmd`, whose members must each have a namespace. */
export function readIlmd(reading: Reading, value: Json, path: Path): readonly Extension[] | undefined {
  if (!(value instanceof JsonObject)) {
    wrongType(reading, path, 'an object');
    return undefined;
  }
  const ext: Extension[] = [];
  value.names.forEach((name, at) => {
    otherMember(reading, ext, path, name, value.values[at] as Json);
  });
  return ext;
}

export function readDispositions(
  reading: Reading,
  value: Json,
  path: Path,
): { set?: readonly string[]; unset?: readonly string[] } | undefined {
  if (!(value instanceof JsonObject)) {
    wrongType(reading, path, 'an object with set or unset');
    return undefined;
  }
  const dispositions: { set?: readonly string[]; unset?: readonly string[] } = {};
  value.names.forEach((name, at) => {
    if (name !== 'set' && name !== 'unset') {
      if (!isComment(name)) unknown(reading, [...path, name]);
      return;
    }
    const texts = readTexts(reading, value.values[at] as Json, [...path, name]);
    if (texts !== undefined) dispositions[name] = texts;
  });
  return dispositions;
}

export function readErrorDeclaration(
  reading: Reading,
  value: Json,
  path: Path,
): ErrorDeclaration | undefined {
  if (!(value instanceof JsonObject)) {
    wrongType(reading, path, 'an object');
    return undefined;
  }
  const ext: Extension[] = [];
  const declaration: {
    declarationTime?: string;
    reason?: string;
    correctiveEventIDs: readonly string[];
    ext: Extension[];
  } = { correctiveEventIDs: [], ext };
  value.names.forEach((name, at) => {
    const member = value.values[at] as Json;
    if (name === 'declarationTime' || name === 'reason') {
      const text = readText(reading, member, [...path, name]);
      if (text !== undefined) declaration[name] = text;
    } else if (name === 'correctiveEventIDs')
      declaration.correctiveEventIDs = readTexts(reading, member, [...path, name]) ?? [];
    else otherMember(reading, ext, path, name, member);
  });
  return declaration;
}

const NUMBERS = new Set(['value', 'minValue', 'maxValue', 'meanValue', 'sDev', 'percRank', 'percValue']);
const METADATA = new Set(
  'time startTime endTime deviceID deviceMetadata rawData dataProcessingMethod bizRules'.split(' '),
);
const REPORT = new Set(
  `type exception deviceID deviceMetadata rawData dataProcessingMethod time microorganism chemicalSubstance component
  stringValue booleanValue hexBinaryValue uriValue uom coordinateReferenceSystem bizRules ${[...NUMBERS].join(' ')}`.split(
    /\s+/,
  ),
);

function readPart(reading: Reading, object: JsonObject, path: Path, known: ReadonlySet<string>): SensorPart {
  const fields: Record<string, string> = {};
  const ext: Extension[] = [];
  object.names.forEach((name, at) => {
    const value = object.values[at] as Json;
    if (!known.has(name)) {
      otherMember(reading, ext, path, name, value);
      return;
    }
    const wanted = NUMBERS.has(name) ? 'a number' : name === 'booleanValue' ? 'true or false' : 'a string';
    const good =
      wanted === 'a number'
        ? value instanceof JsonNumber
        : typeof value === (name === 'booleanValue' ? 'boolean' : 'string');
    if (good) fields[name] = scalarOf(value) ?? '';
    else wrongType(reading, [...path, name], wanted);
  });
  return { fields, ext };
}

export function readSensor(reading: Reading, object: JsonObject, path: Path): SensorElement {
  const ext: Extension[] = [];
  const sensor: { metadata: SensorPart | null; reports: readonly SensorPart[]; ext: Extension[] } = {
    metadata: null,
    reports: [],
    ext,
  };
  object.names.forEach((name, at) => {
    const value = object.values[at] as Json;
    if (name === 'sensorMetadata') {
      if (value instanceof JsonObject)
        sensor.metadata = readPart(reading, value, [...path, 'metadata'], METADATA);
      else wrongType(reading, [...path, 'metadata'], 'an object');
    } else if (name === 'sensorReport')
      sensor.reports =
        readObjects(reading, value, [...path, 'reports'], (inner, report, at) =>
          readPart(inner, report, at, REPORT),
        ) ?? [];
    else otherMember(reading, ext, path, name, value);
  });
  return sensor;
}

/** `certificationInfo`: one string or an array of them. */
export function readCertification(reading: Reading, value: Json, path: Path): readonly string[] | undefined {
  const one = textOf(value);
  return one === null ? readTexts(reading, value, path) : [one];
}
