// Where an element stands in a document, as far as it is no event: the levels from the root down to the list of events.

import type { SourceForm } from '../model.ts';
import { type Name, type Scope, shown } from './names.ts';
import { EPCIS_NAMESPACES } from './node.ts';

/** Names whose siblings are counted in a list; an element of yet another name is told by its place among all. */
const MAX_COUNTED_NAMES = 64;

/** `body` is whatever may hold a list of events. */
export type Place = 'root' | 'header' | 'body' | 'list' | 'else';

/** A level that is open. */
export interface Frame {
  readonly place: Place;
  readonly path: string;
  /** Children so far by name, and all of them: only for lists. */
  readonly counts: Map<string, number>;
  all: number;
}

export function frame(place: Place, path: string): Frame {
  return { place, path, counts: new Map(), all: 0 };
}

/** @returns the step of an XPath to the next child of that name. */
export function position(list: Frame, raw: string): string {
  list.all++;
  const name = shown(raw);
  const count = list.counts.get(name) ?? 0;
  if (name === '*' || (count === 0 && list.counts.size >= MAX_COUNTED_NAMES)) {
    return `*[${list.all}]`;
  }
  list.counts.set(name, count + 1);
  return `${name}[${count + 1}]`;
}

export function placeOf(parent: Place, { local, ns }: Name): Place {
  if (ns !== '' && !EPCIS_NAMESPACES.has(ns)) {
    return 'else';
  }
  if (parent === 'root') {
    return local === 'EPCISHeader' ? 'header' : local === 'EPCISBody' ? 'body' : 'else';
  }
  return local === 'EventList'
    ? 'list'
    : local === 'QueryResults' || local === 'resultsBody'
      ? 'body'
      : 'else';
}

export function rootForm({ local, ns }: Name): SourceForm | null {
  const isQuery = ns.startsWith('urn:epcglobal:epcis-query:');
  const wanted = isQuery ? 'EPCISQueryDocument' : 'EPCISDocument';
  return local === wanted ? (EPCIS_NAMESPACES.get(ns) ?? null) : null;
}

/** An event on its own is in no namespace: the one that it declares tells its version. */
export function formOfPrefixes(scope: Scope): SourceForm {
  for (const iri of scope.prefixes.values()) {
    const form = EPCIS_NAMESPACES.get(iri);
    if (form !== undefined) {
      return form;
    }
  }
  return 'xml-2';
}
