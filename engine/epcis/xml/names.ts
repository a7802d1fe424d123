// Namespaces in XML 1.0: which prefix means what at an element, and what a name is made of. A scope remembers the names that
// it resolved, because a document has few of them and many elements.

import { Refusal } from './refusal.ts';

const XML_NS = 'http://www.w3.org/XML/1998/namespace';
const XMLNS_NS = 'http://www.w3.org/2000/xmlns/';

/** Prefixes that may be in scope at once: a bound on what nested declarations cost. */
const MAX_PREFIXES = 256;
/** Characters of one prefix or IRI. */
const MAX_IRI_LENGTH = 2048;
/** Names that a scope remembers, and how long they may be. */
const MAX_REMEMBERED = 4096;
const MAX_REMEMBERED_LENGTH = 100;

export interface Name {
  /** As written, prefix and all. */
  readonly raw: string;
  readonly local: string;
  /** `''` = none. */
  readonly ns: string;
}

export interface Attribute {
  readonly name: Name;
  readonly value: string;
}

export interface RawAttribute {
  readonly name: string;
  readonly value: string;
}

/** No attributes: one for all elements that have none. */
export const NO_ATTRIBUTES: readonly Attribute[] = [];

/** First characters that a name may have within, but not begin with: what a tokenizer cannot see behind a colon. */
const NOT_FIRST = /^(?:[-.0-9\u00b7\u203f\u2040]|[\u0300-\u036f])/;

export class Scope {
  /** Prefix to IRI; `''` = the default namespace, where it is not none. */
  readonly prefixes: ReadonlyMap<string, string>;
  readonly #elements = new Map<string, Name>();
  readonly #attributes = new Map<string, Name>();

  constructor(prefixes: ReadonlyMap<string, string>) {
    this.prefixes = prefixes;
  }

  /** @throws Refusal (D04) at a prefix that is not declared. */
  element(raw: string): Name {
    return this.#elements.get(raw) ?? this.#resolve(raw, this.prefixes.get('') ?? '', this.#elements);
  }

  /** The default namespace does not apply to attributes. @throws as `element`. */
  attribute(raw: string): Name {
    return this.#attributes.get(raw) ?? this.#resolve(raw, '', this.#attributes);
  }

  /** The scope within an element with these attributes: this one where they declare nothing new. @throws Refusal (D04). */
  within(attributes: readonly RawAttribute[]): Scope {
    let prefixes: Map<string, string> | null = null;
    for (const { name, value } of attributes) {
      if (!name.startsWith('xmlns') || (name.length > 5 && name.charCodeAt(5) !== COLON)) {
        continue;
      }
      const prefix = name.slice(6);
      checkDeclaration(name, prefix, value);
      if ((prefixes ?? this.prefixes).get(prefix) !== value && !(value === '' && !this.prefixes.has(''))) {
        prefixes ??= new Map(this.prefixes);
        if (value === '') {
          prefixes.delete('');
        } else {
          prefixes.set(copy(prefix), copy(value));
        }
      }
    }
    if (prefixes === null) {
      return this;
    }
    if (prefixes.size > MAX_PREFIXES) {
      throw new Refusal('D04_MALFORMED', `More than ${MAX_PREFIXES} namespace prefixes at one element.`);
    }
    return new Scope(prefixes);
  }

  /** Those attributes that declare nothing, resolved. @throws Refusal (D04), also where two are the same. */
  attributes(raw: readonly RawAttribute[]): readonly Attribute[] {
    const list: Attribute[] = [];
    let qualified: Set<string> | null = null;
    for (const { name, value } of raw) {
      if (name.startsWith('xmlns') && (name.length === 5 || name.charCodeAt(5) === COLON)) {
        continue;
      }
      const resolved = this.attribute(name);
      if (resolved.ns !== '') {
        qualified ??= new Set();
        const key = `${resolved.ns} ${resolved.local}`;
        if (qualified.has(key)) {
          throw new Refusal('D04_MALFORMED', `Attribute ${name} is there twice.`);
        }
        qualified.add(key);
      }
      list.push({ name: resolved, value });
    }
    return list;
  }

  #resolve(raw: string, unprefixed: string, into: Map<string, Name>): Name {
    const colon = raw.indexOf(':');
    const local = raw.slice(colon + 1);
    if (colon === 0 || local === '' || local.includes(':') || (colon > 0 && NOT_FIRST.test(local))) {
      throw new Refusal('D04_MALFORMED', `${raw} is no qualified name.`);
    }
    const prefix = colon < 0 ? '' : raw.slice(0, colon);
    const ns = colon < 0 ? unprefixed : prefix === 'xml' ? XML_NS : this.prefixes.get(prefix);
    if (ns === undefined) {
      throw new Refusal('D04_MALFORMED', `The prefix of ${raw} is not declared.`);
    }
    if (raw.length > MAX_REMEMBERED_LENGTH || into.size >= MAX_REMEMBERED) {
      return { raw, local, ns };
    }
    const name = { raw: copy(raw), local: copy(local), ns };
    into.set(name.raw, name);
    return name;
  }
}

const COLON = 0x3a;

function checkDeclaration(name: string, prefix: string, value: string): void {
  if (prefix.length > MAX_IRI_LENGTH || value.length > MAX_IRI_LENGTH) {
    throw new Refusal(
      'D04_MALFORMED',
      `A namespace or its prefix is longer than ${MAX_IRI_LENGTH} characters.`,
    );
  }
  const bad =
    (prefix === 'xml') !== (value === XML_NS) ||
    prefix === 'xmlns' ||
    value === XMLNS_NS ||
    (value === '' && name !== 'xmlns') ||
    name === 'xmlns:' ||
    prefix.includes(':') ||
    NOT_FIRST.test(prefix);
  if (bad) {
    throw new Refusal('D04_MALFORMED', `The declaration ${name}="${value}" is not allowed.`);
  }
}

/** A name for an XPath that is kept: `*` takes any, and one of many characters is no help to anybody. */
export function shown(raw: string): string {
  return raw.length > MAX_REMEMBERED_LENGTH ? '*' : copy(raw);
}

/** The same characters in memory of their own: a slice would keep the 64 KiB alive that it was cut from. */
export function copy(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
