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
  /** The same for what the events of a document repeat: places, actions, zones. */
  usual(sent: string): string;
  /** A value of a vocabulary: in JSON it may be a bare word. */
  word(sent: string, vocabulary: Vocabulary): string;
  /** The id of a transaction, source or destination: in XML the reference expands no CURIE there. */
  id(sent: string): string;
  /** The same where a document repeats it: a party. */
  party(sent: string): string;
  /** For lists of ids; what it converts is what `text` makes of it. */
  readonly stems: Stems;
}

/** Ids have no CURIE unless a document has prefixes of its own for the schemes of URIs. */
const ID_STEMS = new Stems(canonize);

/** In XML prefixes decide nothing. */
const XML_VALUES = makeValues(false, new Map());

/** Those of the JSON context that was last asked for: a document has one. */
let latest: { readonly prefixes: SourceEvent['prefixes']; readonly values: Values } | null = null;

export function valuesOf({ form, prefixes }: SourceEvent): Values {
  if (form !== 'json') return XML_VALUES;
  if (latest?.prefixes !== prefixes) latest = { prefixes, values: makeValues(true, prefixes) };
  return latest.values;
}

function makeValues(json: boolean, prefixes: SourceEvent['prefixes']): Values {
  const whole = (sent: string): string => canonize(json ? expandJson(sent, prefixes) : expandXml(sent));
  const plain = !json || !SCHEMES.some((scheme) => prefixes.has(scheme));
  const stems = plain ? ID_STEMS : new Stems(whole);
  const text = (sent: string): string =>
    plain && (sent.startsWith('urn:epc:') || sent.startsWith('http')) ? stems.text(sent) : whole(sent);
  const usual = remembered(text);
  return {
    text,
    usual,
    word: (sent, vocabulary) =>
      json && !sent.includes(':') && isCbvWord(vocabulary, sent) ? webUri(vocabulary, sent) : usual(sent),
    id: json ? text : canonize,
    party: json ? usual : remembered(canonize),
    stems,
  };
}

/** More than a document repeats; then all are forgotten. Longer ones are not kept. */
const MAX_REMEMBERED = 512;
const MAX_LENGTH = 128;

function remembered(convert: (text: string) => string): (text: string) => string {
  const known = new Map<string, string>();
  return (sent) => {
    const found = known.get(sent);
    if (found !== undefined) return found;
    const converted = convert(sent);
    if (sent.length > MAX_LENGTH) return converted;
    if (known.size >= MAX_REMEMBERED) known.clear();
    // Copies: slices would keep the whole text that they were cut from. A lone surrogate does not survive one.
    const [key, value] = [sent, converted].map((each) => Buffer.from(each).toString());
    if (key === sent && value === converted) known.set(key, value);
    return converted;
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
