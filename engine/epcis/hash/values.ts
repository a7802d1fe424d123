// Values as the reference hash writes them, by the form that the document had: it knows other CURIEs in XML than in JSON.

import { isCbvWord, type Vocabulary, webUri } from '../cbv.ts';
import { canonicalUri } from '../identifiers/reference.ts';
import type { SourceEvent } from '../model.ts';
import { pythonNumber } from './python-number.ts';
import { Stems } from './stems.ts';

const URN = 'urn:epcglobal:cbv:';
const URN_HEADS: readonly (readonly [string, string])[] = [
  ['bizstep', 'BizStep'],
  ['disp', 'Disp'],
  ['btt', 'BTT'],
  ['sdt', 'SDT'],
  ['er', 'ER'],
].map(([urn, web]) => [`${URN}${urn}:`, `https://ref.gs1.org/cbv/${web}-`] as const);

/** The prefixes that the reference knows in XML, declared or not. */
const XML_PREFIXES: readonly (readonly [string, string])[] = [
  ['gs1:', 'https://gs1.org/voc/'],
  ['cbv:', 'https://ref.gs1.org/cbv/'],
];

/** Schemes that no document declares as prefixes; one that does gets the long way for each value. */
const SCHEMES = ['urn', 'http', 'https'];

/** How the values of the events of one context are written. */
export interface Values {
  /** A value of an element of the model, its CURIE expanded. */
  text(sent: string): string;
  /** A value of a vocabulary: in JSON it may be a bare word. */
  word(sent: string, vocabulary: Vocabulary): string;
  /** The id of a transaction, source or destination: in XML the reference expands no CURIE there. */
  id(sent: string): string;
  /** For lists of ids; what it converts is what `text` makes of it. */
  readonly stems: Stems;
}

/** Ids have no CURIE unless a document has prefixes of its own for the schemes of URIs. */
const ID_STEMS = new Stems(canonize);

export function valuesOf(event: SourceEvent): Values {
  const json = event.form === 'json';
  const { prefixes } = event;
  const whole = (sent: string): string => canonize(json ? expandJson(sent, prefixes) : expandXml(sent));
  const usual = !json || !SCHEMES.some((scheme) => prefixes.has(scheme));
  const stems = usual ? ID_STEMS : new Stems(whole);
  const text = (sent: string): string =>
    usual && (sent.startsWith('urn:epc:') || sent.startsWith('http')) ? stems.text(sent) : whole(sent);
  return {
    text,
    word: (sent, vocabulary) =>
      json && !sent.includes(':') && isCbvWord(vocabulary, sent) ? webUri(vocabulary, sent) : text(sent),
    id: json ? text : canonize,
    stems,
  };
}

function expandXml(sent: string): string {
  for (const [prefix, iri] of XML_PREFIXES) if (sent.startsWith(prefix)) return sent.replaceAll(prefix, iri);
  return sent;
}

function expandJson(sent: string, prefixes: ReadonlyMap<string, string>): string {
  const colon = sent.indexOf(':');
  if (colon < 0) return sent;
  const iri = prefixes.get(sent.slice(0, colon));
  return iri === undefined ? sent : iri + sent.slice(colon + 1);
}

/** URNs of the CBV as web URIs, numbers as Python has them, ids as Digital Links. */
function canonize(sent: string): string {
  let text = sent;
  if (text.includes(URN)) for (const [urn, web] of URN_HEADS) text = text.replaceAll(urn, web);
  text = pythonNumber(text);
  return canonicalUri(text, 'reference') ?? text;
}
