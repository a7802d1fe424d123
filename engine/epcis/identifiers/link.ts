// GS1 Digital Links, on any host and behind any path: `https://brand.example/some/path/01/GTIN/10/LOT/21/SERIAL?query`.
// Query and fragment are no part of the identity; of the qualifiers the finest one is kept and 22 (a variant) is dropped.

import { unescapeValue } from './characters.ts';
import { areDigits } from './check-digit.ts';
import { brokenId, type Identifier, plainId, shown } from './identifier.ts';
import { readKey } from './keys.ts';

/** Primary keys by AI and by their short names. */
const KEYS: ReadonlyMap<string, string> = new Map([
  ...[
    '00',
    '01',
    '253',
    '255',
    '401',
    '402',
    '414',
    '417',
    '8003',
    '8004',
    '8006',
    '8010',
    '8017',
    '8018',
  ].map((ai) => [ai, ai] as const),
  ['sscc', '00'],
  ['gtin', '01'],
  ['gdti', '253'],
  ['gcn', '255'],
  ['ginc', '401'],
  ['gsin', '402'],
  ['gln', '414'],
  ['party', '417'],
  ['grai', '8003'],
  ['giai', '8004'],
  ['itip', '8006'],
  ['cpid', '8010'],
  ['gsrnp', '8017'],
  ['gsrn', '8018'],
]);

/** Qualifiers of each key, the coarsest first; 22 never counts. */
const QUALIFIERS: Readonly<Record<string, readonly string[]>> = {
  '01': ['22', '10', '235', '21'],
  '414': ['254'],
  '8006': ['22', '10', '21'],
  '8010': ['8011'],
};
const NO_QUALIFIERS: readonly string[] = [];

const SHORT_QUALIFIERS: ReadonlyMap<string, string> = new Map([
  ['cpv', '22'],
  ['lot', '10'],
  ['ser', '21'],
  ['cpsn', '8011'],
]);

const CANONICAL_HOST = 'id.gs1.org';

/** Key and finest qualifier of a Digital Link, values as sent. */
export interface LinkParts {
  readonly ai: string;
  readonly key: string;
  /** `''` = none. */
  readonly qualifier: string;
  readonly value: string;
}

/** Reads a text that begins with `http:` or `https:`. A web address without a GS1 key is a URI like any other. */
export function readLink(text: string): Identifier {
  const parts = splitLink(text);
  if (parts === null) return plainId('uri', text);
  if (typeof parts === 'string') return brokenId(text, 'I11_DL_SYNTAX', parts);
  const key = unescapeValue(parts.key);
  const value = unescapeValue(parts.value);
  if (key === null || value === null)
    return brokenId(text, 'I11_DL_SYNTAX', `${shown(text)}: % needs two hexadecimal digits`);
  return readKey(parts.ai, key, parts.qualifier, value, text);
}

/** @returns null where there is no GS1 key, or in words what is wrong behind one. */
export function splitLink(text: string): LinkParts | string | null {
  const host = text.indexOf('//') + 2;
  const slash = host === 1 ? -1 : text.indexOf('/', host);
  if (slash === -1) return null;
  const segments = text.slice(slash + 1, pathEnd(text, slash)).split('/');
  const canonicalHost = text.slice(host, slash).toLowerCase() === CANONICAL_HOST;
  for (let i = 0; i + 1 < segments.length; i++) {
    const ai = KEYS.get(segments[i] as string);
    if (ai === undefined) continue;
    const key = segments[i + 1] as string;
    // Elsewhere `/01/` may be a month: only digits enough for a key make it one, and a mistake in it a fault.
    if (!canonicalHost && !looksLikeKey(ai, key)) continue;
    const parts = withQualifier(ai, key, segments, i + 2);
    if (typeof parts === 'string' && !canonicalHost && isFree(ai)) continue;
    return parts;
  }
  return canonicalHost ? 'no key of GS1 with a value' : null;
}

function pathEnd(text: string, from: number): number {
  const query = text.indexOf('?', from);
  const fragment = text.indexOf('#', from);
  if (query === -1) return fragment === -1 ? text.length : fragment;
  return fragment === -1 ? query : Math.min(query, fragment);
}

function isFree(ai: string): boolean {
  return ai === '401' || ai === '8004' || ai === '8010';
}

function looksLikeKey(ai: string, key: string): boolean {
  if (isFree(ai)) return areDigits(key, 0, 4);
  if (ai === '253' || ai === '255' || ai === '8003' || ai === '8006') return areDigits(key, 0, 13);
  return key.length >= 8 && areDigits(key, 0, key.length);
}

function withQualifier(
  ai: string,
  key: string,
  segments: readonly string[],
  from: number,
): LinkParts | string {
  let end = segments.length;
  // One slash at the end is of no meaning, unless it leaves a qualifier without its value.
  if ((end - from) % 2 === 1 && segments[end - 1] === '') end--;
  if ((end - from) % 2 === 1) return `${shown(segments[end - 1] as string)} has no value`;
  const allowed = QUALIFIERS[ai] ?? NO_QUALIFIERS;
  let finest = -1;
  let value = '';
  const seen = new Set<number>();
  for (let i = from; i < end; i += 2) {
    const name = segments[i] as string;
    const rank = allowed.indexOf(SHORT_QUALIFIERS.get(name) ?? name);
    if (rank === -1) return `${shown(name)} does not qualify ${ai}`;
    if (seen.has(rank)) return `${shown(name)} is there twice`;
    seen.add(rank);
    if (rank > finest && allowed[rank] !== '22') {
      finest = rank;
      value = segments[i + 1] as string;
    }
  }
  return { ai, key, qualifier: finest === -1 ? '' : (allowed[finest] as string), value };
}
