// One element of an event while the event is read: the tree lives as long as the event, because pointers are made from it.

import { type Attribute, type Name, NO_ATTRIBUTES } from './names.ts';

const NO_CHILDREN: readonly XmlNode[] = [];

export class XmlNode {
  readonly name: Name;
  readonly attributes: readonly Attribute[];
  #children: XmlNode[] | null = null;
  #text = '';

  constructor(name: Name, attributes: readonly Attribute[]) {
    this.name = name;
    this.attributes = attributes;
  }

  get children(): readonly XmlNode[] {
    return this.#children ?? NO_CHILDREN;
  }

  /** All text of its own, one run after the other, trimmed. */
  get value(): string {
    return this.#text.trim();
  }

  add(child: XmlNode): void {
    this.#children ??= [];
    this.#children.push(child);
  }

  addText(text: string): void {
    // White space in front of all text or between elements is most of what there is, and says nothing.
    if ((this.#text === '' || this.#children !== null) && text.trim() === '') {
      return;
    }
    this.#text = this.#text === '' ? text : this.#text + text;
  }
}

/** Namespaces of EPCIS itself, to its major version. */
export const EPCIS_NAMESPACES: ReadonlyMap<string, 'xml-1' | 'xml-2'> = new Map([
  ['urn:epcglobal:epcis:xsd:1', 'xml-1'],
  ['urn:epcglobal:epcis:xsd:2', 'xml-2'],
  ['urn:epcglobal:epcis-query:xsd:1', 'xml-1'],
  ['urn:epcglobal:epcis-query:xsd:2', 'xml-2'],
]);

/** True for an element that EPCIS may define: in no namespace, or in one of its own although the schema wants none. */
export function isStandard(name: Name): boolean {
  return name.ns === '' || EPCIS_NAMESPACES.has(name.ns);
}

/** True for the elements by which EPCIS 1 made room for later fields: what they hold belongs to what they are in. */
export function isWrapper(name: Name): boolean {
  return (name.local === 'extension' || name.local === 'baseExtension') && isStandard(name);
}

/** Children with wrappers replaced by what they hold, at any depth, in document order. */
export function flattened(node: XmlNode): readonly XmlNode[] {
  const { children } = node;
  if (!children.some((child) => isWrapper(child.name))) {
    return children;
  }
  return children.flatMap((child) => (isWrapper(child.name) ? flattened(child) : [child]));
}

/** A leaf's attributes that must not be there: all but those of XML Schema instances. */
export function strayAttributes(node: XmlNode, allowed?: string): readonly Attribute[] {
  if (node.attributes === NO_ATTRIBUTES) {
    return NO_ATTRIBUTES;
  }
  return node.attributes.filter(({ name }) => name.ns !== XSI && (name.ns !== '' || name.local !== allowed));
}

/** Hints for validators, not content. */
export const XSI = 'http://www.w3.org/2001/XMLSchema-instance';

/** True for an element with `xsi:nil`: it is there to say that it has no value. */
export function isNil(node: XmlNode): boolean {
  return node.attributes.some(
    ({ name, value }) => name.ns === XSI && name.local === 'nil' && /^\s*(true|1)\s*$/.test(value),
  );
}
