// `epcis-event/1`: the lines of accepted EPCIS events. Not a table of flat fields: an event is a tree, and its judge is not
// the codec. The table here has no fields and only carries the name; the document says what a line looks like.
// Frozen with the first seal that names it: a change is `epcis-event/2`.

import { canonicalise } from '../../workers/canonicalise.ts';
import type { Table } from './table.ts';

/** Name of the stream in the lake, reserved in configurations. */
export const EPCIS_STREAM = 'epcis';

export const EPCIS_EVENT_1: Table = { name: 'epcis-event', version: 1, fields: [] };

const TIME = '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$';

const text = { type: 'string' };
const textOrNull = { type: ['string', 'null'] };
const count = { type: 'integer', minimum: 0 };
const time = { type: 'string', format: 'date-time', pattern: TIME };
const timeOrNull = { ...time, type: ['string', 'null'] };
const hash = { type: 'string', pattern: '^[0-9a-f]{64}$' };
const role = { enum: ['child', 'input', 'item', 'output', 'parent'] };

function listOf(items: unknown): Record<string, unknown> {
  return { type: 'array', items };
}

/** An object with these members and no others, all required but those of `optional`. */
function closed(
  properties: Record<string, unknown>,
  optional: readonly string[] = [],
): Record<string, unknown> {
  const required = Object.keys(properties)
    .filter((name) => !optional.includes(name))
    .sort();
  return { type: 'object', additionalProperties: false, properties, required };
}

function orNull(schema: Record<string, unknown>): Record<string, unknown> {
  return { ...schema, type: ['object', 'null'] };
}

const extensions = listOf({ $ref: '#/$defs/extension' });
const typedId = closed({ id: text, type: textOrNull });

/** `firn.event/1`: what the event's hash is made of (without errorDeclaration), whatever form it was sent in. */
const canonicalEvent = closed({
  action: textOrNull,
  bizLocation: textOrNull,
  bizStep: textOrNull,
  bizTransactions: listOf(typedId),
  certificationInfo: listOf(text),
  destinations: listOf(typedId),
  disposition: textOrNull,
  epcs: listOf(closed({ id: text, role })),
  errorDeclaration: orNull(
    closed({ correctiveEventIDs: listOf(text), declarationTime: time, ext: extensions, reason: textOrNull }),
  ),
  eventTime: time,
  eventTimeZoneOffset: text,
  ext: extensions,
  ilmd: closed({ ext: extensions, itemExpirationDate: textOrNull, lotNumber: textOrNull }),
  persistentDisposition: closed({ set: listOf(text), unset: listOf(text) }),
  quantities: listOf(closed({ class: text, quantity: textOrNull, role, uom: textOrNull })),
  readPoint: textOrNull,
  sensors: { type: 'array' },
  sources: listOf(typedId),
  transformationID: textOrNull,
  type: text,
  v: { const: 1 },
});

const LINE = closed({
  canonical: canonicalEvent,
  capture_id: text,
  declared_at: timeOrNull,
  doc: closed({
    createdAt: textOrNull,
    creationDate: textOrNull,
    guidelineVersion: textOrNull,
    instanceIdentifier: textOrNull,
    receiver: textOrNull,
    schemaVersion: textOrNull,
    sender: textOrNull,
    statement: orNull(closed({ affirmed: textOrNull, legalNotice: textOrNull })),
  }),
  document_sha256: hash,
  event_hash: hash,
  event_id: text,
  index: count,
  ni: text,
  partner_gln: { type: ['string', 'null'], pattern: '^([0-9]{13})?$' },
  // `b64` where the bytes are no UTF-8 text.
  raw: closed(
    { b64: { type: 'string', contentEncoding: 'base64' }, length: count, offset: count, text: textOrNull },
    ['b64'],
  ),
  received_utc: time,
  record_utc: time,
  seq: { type: 'string', pattern: '^[1-9][0-9]*$' },
  timestamp_utc: time,
  warnings: listOf(text),
});

/** JSON Schema 2020-12 in JCS, as it lies under `_schema/`. */
export const EPCIS_EVENT_DOCUMENT: string = canonicalise({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: `${EPCIS_EVENT_1.name}/${EPCIS_EVENT_1.version}`,
  ...LINE,
  $defs: { extension: closed({ c: extensions, n: text, p: text, v: text }) },
});
