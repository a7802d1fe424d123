// `@context` without JSON-LD: which prefixes stand for which IRIs. Nothing is ever fetched. The contexts of EPCIS are known
// by their URLs and bring the prefixes below; of an inline object only `prefix: "IRI"` counts, so `@vocab`, term definitions
// and the like say nothing. A context of another URL is taken as one that defines nothing.

import { isList, type Json, JsonObject } from './tree.ts';

/** The prefixes of the EPCIS context 2.0.0 and 2.0.1, which every document has. */
export const BUILT_IN: ReadonlyMap<string, string> = new Map([
  ['epcis', 'https://ref.gs1.org/epcis/'],
  ['cbv', 'https://ref.gs1.org/cbv/'],
  ['cbvmda', 'urn:epcglobal:cbv:mda:'],
  ['gs1', 'https://gs1.org/voc/'],
  ['rdfs', 'http://www.w3.org/2000/01/rdf-schema#'],
  ['owl', 'http://www.w3.org/2002/07/owl#'],
  ['xsd', 'http://www.w3.org/2001/XMLSchema#'],
  ['dcterms', 'http://purl.org/dc/terms/'],
]);

const KNOWN =
  /^https?:\/\/(?:ref\.gs1\.org\/standards\/epcis\/(?:2(?:\.\d+)*\/)?|gs1\.github\.io\/EPCIS\/)epcis-context\.jsonld$/;

export interface Context {
  readonly prefixes: ReadonlyMap<string, string>;
  /** Prefixes that were declared inline. */
  readonly declared: readonly (readonly [string, string])[];
  /** URLs of contexts that are not known. */
  readonly unknown: readonly string[];
}

export const NO_CONTEXT: Context = { prefixes: BUILT_IN, declared: [], unknown: [] };

/** What `@context` declares, on top of the prefixes of `outer`. */
export function readContext(value: Json, outer: ReadonlyMap<string, string>): Context {
  const declared: (readonly [string, string])[] = [];
  const unknown: string[] = [];
  for (const part of isList(value) ? value : [value]) {
    if (typeof part === 'string') {
      if (!KNOWN.test(part)) unknown.push(part);
    } else if (part instanceof JsonObject) {
      part.names.forEach((name, at) => {
        const iri = part.values[at];
        if (typeof iri === 'string' && /^[^@:]+$/.test(name) && iri.includes(':')) declared.push([name, iri]);
      });
    }
  }
  const prefixes = declared.length === 0 ? outer : new Map([...outer, ...declared]);
  return { prefixes, declared, unknown };
}

/** A name that is a whole IRI, up to and with the last separator. */
const IRI = /^(?:urn:|[A-Za-z][A-Za-z0-9+.-]*:\/\/).*[:/#]/s;

/**
 * A member's name in its namespace. A whole IRI ends its namespace with its last separator, so that it is one with the short
 * form of it; any other name without a declared prefix is in none, and stays whole.
 */
export function resolve(name: string, prefixes: ReadonlyMap<string, string>): { ns: string; name: string } {
  const colon = name.indexOf(':');
  const ns = colon < 0 ? undefined : prefixes.get(name.slice(0, colon));
  if (ns !== undefined) return { ns, name: name.slice(colon + 1) };
  const whole = colon < 0 ? undefined : IRI.exec(name)?.[0];
  return whole === undefined || whole === name
    ? { ns: '', name }
    : { ns: whole, name: name.slice(whole.length) };
}
