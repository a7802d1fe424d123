// The way over a DOM: the whole document as a tree of npm @xmldom/xmldom, then each event's fields out of it.

import { loadPeer, type Peer } from '../micro/peers.ts';
import type { Flat } from './flat.ts';

/** What is used of a DOM. */
interface Node {
  readonly nodeType: number;
  readonly localName: string | null;
  readonly textContent: string | null;
  readonly firstChild: Node | null;
  readonly nextSibling: Node | null;
  getAttribute(name: string): string | null;
}

export interface XmlDom {
  readonly DOMParser: new () => {
    parseFromString(text: string, mediaType: string): { documentElement: Node };
  };
}

export function loadDom(): Peer<XmlDom> {
  return loadPeer<XmlDom>('@xmldom/xmldom');
}

const ELEMENT = 1;

function children(node: Node): Node[] {
  const all: Node[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling)
    if (child.nodeType === ELEMENT) all.push(child);
  return all;
}

function child(node: Node, name: string): Node {
  const found = children(node).find((each) => each.localName === name);
  if (found === undefined) throw new Error(`the bench's own document has no ${name}`);
  return found;
}

const text = (node: Node): string => node.textContent ?? '';
const texts = (node: Node): string[] => children(node).map(text);
const pairs = (node: Node): (readonly [string, string])[] =>
  children(node).map((each) => [each.getAttribute('type') ?? '', text(each)] as const);

/** How each element is read; what lies in `extension` or `ilmd` is read as if it did not. */
const READ: Readonly<Record<string, (node: Node) => unknown>> = {
  eventTime: text,
  eventTimeZoneOffset: text,
  parentID: text,
  epcList: texts,
  childEPCs: texts,
  action: text,
  bizStep: text,
  disposition: text,
  readPoint: (node) => text(child(node, 'id')),
  bizLocation: (node) => text(child(node, 'id')),
  bizTransactionList: pairs,
  sourceList: pairs,
  destinationList: pairs,
  lotNumber: text,
  itemExpirationDate: text,
};

function read(node: Node, into: Record<string, unknown>): void {
  for (const each of children(node)) {
    const name = each.localName as string;
    if (name === 'extension' || name === 'ilmd') read(each, into);
    else into[name] = READ[name]?.(each);
  }
}

/** Events of a document in their order, members in the order of `Flat`. */
export function* eventsByDom(dom: XmlDom, body: Buffer): Generator<Flat> {
  const { documentElement } = new dom.DOMParser().parseFromString(body.toString(), 'text/xml');
  for (const event of children(child(child(documentElement, 'EPCISBody'), 'EventList'))) {
    const found: Record<string, unknown> = {};
    read(event, found);
    const inOrder = Object.keys(READ).map((name) => [name, found[name]] as const);
    yield { type: event.localName as string, ...Object.fromEntries(inOrder) };
  }
}
