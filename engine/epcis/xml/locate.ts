// A path within an event, in terms of the model, to an XPath into the document as it was sent: with its prefixes, and with the
// wrappers of EPCIS 1 that the model leaves out. Positions count from 1 among siblings of the same name.

import type { Step } from '../model.ts';
import { ITEMS } from './fields.ts';
import { isStandard, isWrapper, type XmlNode, XSI } from './node.ts';

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

interface Child extends Found {
  readonly position: number;
  /** There are siblings of the same name. */
  readonly several: boolean;
}

/**
 * Makes the pointers of one event. An event may have a hundred thousand items and a finding to each, so that what was looked
 * up of a list is kept.
 */
export class Locator {
  readonly #event: XmlNode;
  readonly #at: string;
  readonly #children = new Map<XmlNode, readonly Child[]>();
  readonly #items = new Map<XmlNode, Map<string, readonly Child[]>>();

  /** @param at XPath of the event itself. */
  constructor(event: XmlNode, at: string) {
    this.#event = event;
    this.#at = at;
  }

  xpath(path: readonly Step[]): string {
    let here: Found = { node: this.#event, xpath: this.#at };
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
      const next = typeof step === 'number' ? this.#nth(here, list, step) : this.#named(here, step);
      if (typeof next === 'string') {
        return next;
      }
      here = next;
      list = typeof step === 'number' ? 'ext' : listOf(step);
    }
    if (!LOOSE.has(list)) {
      return here.xpath;
    }
    const name = PART_NAMES.get(list) ?? list;
    return this.#first(here, name)?.xpath ?? `${here.xpath}/${name}`;
  }

  /** The element or attribute of that name; a string where the path ends there. */
  #named(from: Found, name: string): Found | string {
    const found = this.#first(from, PART_NAMES.get(name) ?? name);
    if (found !== undefined) {
      return found;
    }
    const attribute = from.node.attributes.find((candidate) => candidate.name.local === name);
    if (attribute !== undefined) {
      return `${from.xpath}/@${attribute.name.raw}`;
    }
    if (name === 'id' || name === 'value') {
      return from.xpath;
    }
    // Not there, which may be what is told: the place where it belongs.
    return `${from.xpath}/${isAttribute(from.node, name) ? '@' : ''}${name}`;
  }

  /** One of EPCIS before one of another namespace. */
  #first(from: Found, local: string): Found | undefined {
    const named = this.#list(from, `=${local}`, (node) => node.name.local === local);
    return named.find(({ node }) => isStandard(node.name)) ?? named[0];
  }

  /** The item of that index in the list that `list` names. */
  #nth(from: Found, list: string, index: number): Found | string {
    const item = itemName(from.node, list);
    if (item !== null) {
      const found = this.#list(from, `=${item}`, (node) => node.name.local === item)[index];
      return found === undefined ? from.xpath : { node: found.node, xpath: indexed(found) };
    }
    const attributes = extensionAttributes(from.node);
    const attribute = attributes[index];
    if (attribute !== undefined) {
      return `${from.xpath}/@${attribute.name.raw}`;
    }
    const extensions = this.#list(from, 'ext', (node) => isExtension(from.node, node));
    const found = extensions[index - attributes.length];
    return found === undefined ? from.xpath : { node: found.node, xpath: indexed(found) };
  }

  #list(from: Found, key: string, matches: (node: XmlNode) => boolean): readonly Child[] {
    let lists = this.#items.get(from.node);
    if (lists === undefined) {
      lists = new Map();
      this.#items.set(from.node, lists);
    }
    let list = lists.get(key);
    if (list === undefined) {
      let children = this.#children.get(from.node);
      if (children === undefined) {
        children = [...childrenOf(from)];
        this.#children.set(from.node, children);
      }
      list = children.filter(({ node }) => matches(node));
      lists.set(key, list);
    }
    return list;
  }
}

function isReport(node: XmlNode): boolean {
  return node.name.local === 'sensorReport';
}

function listOf(field: string): string {
  return field === 'ilmd' ? 'ext' : field;
}

function isAttribute(node: XmlNode, name: string): boolean {
  const { local } = node.name;
  return local.startsWith('sensor') || (name === 'type' && !local.endsWith('Event'));
}

/** Attributes that the model has among the extensions of an element. */
function extensionAttributes(node: XmlNode): XmlNode['attributes'] {
  const { local, ns } = node.name;
  const own = ns === '' && (local.endsWith('Event') || local.startsWith('sensor'));
  return own ? node.attributes.filter(({ name }) => name.ns !== '' && name.ns !== XSI) : node.attributes;
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
function* childrenOf(from: Found): Generator<Child> {
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
      yield* childrenOf({ node, xpath: own });
    } else {
      yield { node, xpath: own, position, several };
    }
  }
}

/** An item of a list has its position even where it is alone. */
function indexed(found: Child): string {
  return found.several ? found.xpath : `${found.xpath}[${found.position}]`;
}
