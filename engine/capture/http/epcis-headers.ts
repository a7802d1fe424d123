// The headers of EPCIS 2.0: what this server is, and what a request asks for (GS1 EPCIS, REST bindings, openapi.yaml).

import { version } from '../../version.ts';

type Header = readonly [string, string];

/** Versions of documents that are taken: EPCIS 1.0 to 2.0.x, CBV likewise. */
const EPCIS_VERSION = '2.0.0';
const EPCIS_MIN = '1.0.0';
const EPCIS_MAX = '2.0.1';
const CBV_VERSION = '2.0.0';
const CBV_MIN = '1.0.0';
const CBV_MAX = '2.0.1';

/** Extensions that the rules know: prefix and URI. */
const KNOWN_EXTENSIONS: Readonly<Record<string, string>> = { gs1ushc: 'http://epcis.gs1us.org/hc/ns' };

/** On every answer of the interface. `extensions` = further ones that partners agreed on. */
export function standardHeaders(extensions: Readonly<Record<string, string>> = {}): readonly Header[] {
  const all = Object.entries({ ...KNOWN_EXTENSIONS, ...extensions }).map(
    ([prefix, uri]) => `${prefix}=${uri}`,
  );
  return [
    ['GS1-EPCIS-Version', EPCIS_VERSION],
    ['GS1-CBV-Version', CBV_VERSION],
    ['GS1-Extensions', all.join(',')],
  ];
}

/** What OPTIONS tells of every resource, beside the headers of every answer. */
export const DISCOVERY: readonly Header[] = [
  ['GS1-EPCIS-Min', EPCIS_MIN],
  ['GS1-EPCIS-Max', EPCIS_MAX],
  ['GS1-CBV-Min', CBV_MIN],
  ['GS1-CBV-Max', CBV_MAX],
  ['GS1-EPC-Format', 'No_Preference'],
  ['GS1-CBV-XML-Format', 'No_Preference'],
  ['GS1-Vendor-Version', `firn-${version()}`],
];

/** The limits of one body, as OPTIONS and every 413 tell them. */
export function limitHeaders(maxEvents: number, maxBytes: number): readonly Header[] {
  return [
    ['GS1-EPCIS-Capture-Limit', String(maxEvents)],
    ['GS1-EPCIS-Capture-File-Size-Limit', String(maxBytes)],
  ];
}

/** What is wrong with the versions that a request names. */
export interface VersionFault {
  readonly status: 400 | 406;
  readonly detail: string;
}

/** Checks GS1-EPCIS-Version/-Min/-Max and GS1-CBV-Version/-Min/-Max. Null = this server can answer. */
export function versionFault(header: (name: string) => string): VersionFault | null {
  return oneFault('EPCIS', EPCIS_MIN, EPCIS_MAX, header) ?? oneFault('CBV', CBV_MIN, CBV_MAX, header);
}

function oneFault(
  of: 'EPCIS' | 'CBV',
  least: string,
  most: string,
  header: (name: string) => string,
): VersionFault | null {
  const lower = of.toLowerCase();
  const asked = header(`gs1-${lower}-version`).trim();
  const min = header(`gs1-${lower}-min`).trim();
  const max = header(`gs1-${lower}-max`).trim();
  for (const [name, value] of [
    ['Version', asked],
    ['Min', min],
    ['Max', max],
  ] as const) {
    if (value !== '' && !/^\d{1,6}(\.\d{1,6}){0,3}$/.test(value))
      return { status: 400, detail: `GS1-${of}-${name} is a version such as 2.0.0.` };
  }
  const outside =
    (asked !== '' && (compare(asked, least) < 0 || compare(asked, most) > 0)) ||
    (min !== '' && compare(min, most) > 0) ||
    (max !== '' && compare(max, least) < 0);
  if (!outside) return null;
  return { status: 406, detail: `This server speaks ${of} ${least} to ${most}: ask for one of these.` };
}

/** Part by part as numbers; a part that is not there is 0. */
function compare(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
