// Media types: what a body is in, and in which of the two families, JSON or XML, an answer goes out.

/** Media types of documents that EPCIS names, without parameters. */
const BODY_TYPES: ReadonlySet<string> = new Set([
  'application/json',
  'application/ld+json',
  'application/xml',
  'text/xml',
]);

/** The media type of a body without its parameters; null for one that is not taken. JSON is UTF-8, whatever is said. */
export function bodyType(contentType: string): string | null {
  const [type = '', ...parameters] = contentType.split(';').map((part) => part.trim().toLowerCase());
  if (!BODY_TYPES.has(type)) return null;
  const charset = parameters.find((part) => /^charset\s*=/.test(part));
  if (charset === undefined || type.endsWith('xml')) return type;
  const name = charset.slice(charset.indexOf('=') + 1).replace(/["\s]/g, '');
  return name === 'utf-8' || name === 'utf8' || name === 'us-ascii' ? type : null;
}

export type Family = 'json' | 'xml';

/** What a client may be answered. `xmlType`: what it calls XML. */
export interface Accepted {
  readonly json: boolean;
  readonly xml: boolean;
  /** The family that it likes better; JSON where it does not say. */
  readonly preferred: Family;
  readonly xmlType: 'application/xml' | 'text/xml';
}

const JSON_TYPES = ['application/json', 'application/ld+json', 'application/problem+json'];
const XML_TYPES = ['application/xml', 'text/xml', 'application/problem+xml'];

const EVERYTHING: Accepted = { json: true, xml: true, preferred: 'json', xmlType: 'application/xml' };

/** Reads an Accept header (RFC 9110 §12.5.1); `''` = it was not sent. */
export function acceptOf(header: string): Accepted {
  if (header === '' || header === '*/*') return EVERYTHING;
  const weights = new Map<string, number>();
  for (const range of header.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const q = parameters.find((part) => /^q\s*=/.test(part));
    const weight = q === undefined ? 1 : Number(q.slice(q.indexOf('=') + 1));
    weights.set(type, Number.isNaN(weight) ? 0 : weight);
  }
  // The most specific range that fits decides, whatever a wider one says.
  const weightOf = (type: string): number =>
    weights.get(type) ?? weights.get(`${type.slice(0, type.indexOf('/'))}/*`) ?? weights.get('*/*') ?? 0;
  const best = (types: readonly string[]): number => Math.max(...types.map(weightOf));
  const json = best(JSON_TYPES);
  const xml = best(XML_TYPES);
  return {
    json: json > 0,
    xml: xml > 0,
    preferred: xml > json ? 'xml' : 'json',
    xmlType: weightOf('text/xml') > weightOf('application/xml') ? 'text/xml' : 'application/xml',
  };
}
