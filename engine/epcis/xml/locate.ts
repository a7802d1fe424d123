// A path within an event, in terms of the model, to an XPath into the document as it was sent: with its prefixes, and with the
// wrappers of EPCIS 1 that the model leaves out. Positions count from 1 among siblings of the same name.

import type { Step } from '../model.ts';
import { ITEMS } from './fields.ts';
import { isStandard, isWrapper, type XmlNode } from './node.ts';

/** Steps of the model that are an element and not a list of a schema. */
const PART_NAMES: ReadonlyMap<string, string> = new Map([
  ['reports', 'sensorReport'],
  ['metadata', 'sensorMetadata'],
]);

/** Lists whose items stand in the host itself, without an element around them. */
const LOOSE = new Set(['reports', 'set', 'unset', 'certificationInfo']);

/** Steps that name a member of an extension's own shape, not an element. */
const INNER = new Set(['children', 'fields', 'value', 'ns', 'name', 'attribute']);

interface Found {
  readonly node: XmlNode;
  readonly xpath: string;
}

/** @param at XPath of the event itself. */
export function xpath(event: XmlNode, at: string, path: readonly Step[]): string {
  let here: Found = { node: event, xpath: at };
  let list = '';
  for (const step of path) {
    if (typeof step === 'string' && INNER.has(step) && !(step === 'value' && isReport(here.node))) {
      list = step === 'children' ? 'ext' : list;
      continue;
    }
    if (step === 'ext' || (typeof step === 'string' && LOOSE.has(step))) {
      list = step;
      continue;
    }
    const next = typeof step === 'number' ? nth(here, list, step) : named(here, step);
    if (typeof next === 'string') {
      return next;
    }
    here = next;
    list = typeof step === 'number' ? 'ext' : listOf(step);
  }
  return list !== '' && LOOSE.has(list) ? (first(here, list)?.xpath ?? `${here.xpath}/${list}`) : here.xpath;
}

function isReport(node: XmlNode): boolean {
  return node.name.local === 'sensorReport';
}

function listOf(field: string): string {
  return field === 'ilmd' ? 'ext' : field;
}

/** The element or attribute of that name; a string where the path ends there. */
function named(from: Found, name: string): Found | string {
  const attribute = from.node.attributes.find((candidate) => candidate.name.local === name);
  const found = first(from, PART_NAMES.get(name) ?? name);
  if (found !== null) {
    return found;
  }
  if (attribute !== undefined) {
    return `${from.xpath}/@${attribute.name.raw}`;
  }
  if (name === 'id' || name === 'value') {
    return from.xpath;
  }
  // Not there, which may be what is told: the place where it belongs.
  return `${from.xpath}/${attributeLike(from.node, name) ? '@' : ''}${name}`;
}

function attributeLike(node: XmlNode, name: string): boolean {
  const { local } = node.name;
  return local.startsWith('sensor') || (name === 'type' && !local.endsWith('Event'));
}

function first(from: Found, local: string): Found | null {
  for (const found of within(from)) {
    if (found.node.name.local === local && isStandard(found.node.name)) {
      return found;
    }
  }
  for (const found of within(from)) {
    if (found.node.name.local === local) {
      return found;
    }
  }
  return null;
}

/** The item of that index in the list that `list` names. */
function nth(from: Found, list: string, index: number): Found | string {
  if (list === 'ext' && index < declaredAttributes(from.node).length) {
    return `${from.xpath}/@${declaredAttributes(from.node)[index]?.name.raw ?? ''}`;
  }
  let left = list === 'ext' ? index - declaredAttributes(from.node).length : index;
  const item = itemName(from.node, list);
  for (const found of within(from)) {
    if (item === null ? isExtension(from.node, found.node) : found.node.name.local === item) {
      if (left === 0) {
        return { node: found.node, xpath: indexed(found) };
      }
      left--;
    }
  }
  return from.xpath;
}

/** Attributes that the model has among the extensions of an element. */
function declaredAttributes(node: XmlNode): XmlNode['attributes'] {
  const { local, ns } = node.name;
  const own = ns === '' && (local.endsWith('Event') || local.startsWith('sensor'));
  return own ? node.attributes.filter(({ name }) => name.ns !== '') : node.attributes;
}

function itemName(node: XmlNode, list: string): string | null {
  if (list === 'ext') {
    return null;
  }
  if (list === 'correctiveEventIDs') {
    return 'correctiveEventID';
  }
  return ITEMS.get(node.name.local) ?? PART_NAMES.get(list) ?? list;
}

/** Within an extension, or ilmd, every element is one. */
function isExtension(host: XmlNode, node: XmlNode): boolean {
  return !isStandard(node.name) || !isStandard(host.name) || host.name.local === 'ilmd';
}

/** Children, seen through wrappers, each with its path; a position only where there are several of the name. */
function* within(from: Found): Generator<Found & { position: number; several: boolean }> {
  const totals = new Map<string, number>();
  for (const { name } of from.node.children) {
    totals.set(name.raw, (totals.get(name.raw) ?? 0) + 1);
  }
  const seen = new Map<string, number>();
  for (const node of from.node.children) {
    const { raw } = node.name;
    const position = (seen.get(raw) ?? 0) + 1;
    seen.set(raw, position);
    const several = (totals.get(raw) ?? 0) > 1;
    const own = `${from.xpath}/${raw}${several ? `[${position}]` : ''}`;
    if (isWrapper(node.name)) {
      yield* within({ node, xpath: own });
    } else {
      yield { node, xpath: own, position, several };
    }
  }
}

/** An item of a list has its position even where it is alone. */
function indexed(found: Found & { position: number; several: boolean }): string {
  return found.several ? found.xpath : `${found.xpath}[${found.position}]`;
}
