// The documents under `_schema/`: what a line of a batch looks like, as JSON Schema 2020-12 in JCS (FORMAT.md §1, §4).
// A seal names a document by its SHA-256, so what is written here is frozen with the first seal that names it.

import { createHash } from 'node:crypto';
import { canonicalise } from '../../workers/canonicalise.ts';
import { CODES } from '../codes.ts';
import { EVALUATED_NAME, EXCURSION, RECEIVED_NAME, WITHIN } from './compile.ts';
import { EPCIS_EVENT_1, EPCIS_EVENT_DOCUMENT } from './epcis-event.ts';
import type { Field, Table } from './table.ts';

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';
const SENDER_TIME = '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?(Z|\\+00:00)$';
const OWN_TIME = '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$';
const NO_CONTROL_CHARACTERS = '^[^\\u0000-\\u001f\\u007f]*$';

const ownTime = { type: 'string', format: 'date-time', pattern: OWN_TIME };
const textOrNull = { type: ['string', 'null'] };
const countOrNull = { type: ['integer', 'null'], minimum: 0 };

/** The document of the lines that a stream with this table leaves in the lake, what firn adds included; JCS. */
export function schemaDocument(table: Table): string {
  // The one schema that is no table of fields: no configuration can have its name.
  if (table.name === EPCIS_EVENT_1.name) return EPCIS_EVENT_DOCUMENT;
  const properties: Record<string, unknown> = {
    [RECEIVED_NAME]: ownTime,
    [EVALUATED_NAME]: { enum: [WITHIN, EXCURSION] },
  };
  const required = [RECEIVED_NAME];
  for (const field of table.fields) {
    properties[field.name] = property(field);
    if (field.required || field.default !== undefined) required.push(field.name);
  }
  return objectDocument(`${table.name}/${table.version}`, properties, required.sort());
}

function objectDocument(
  title: string,
  properties: Record<string, unknown>,
  required: readonly string[],
): string {
  return canonicalise({ $schema: DIALECT, title, ...closedObject(properties, required) });
}

function closedObject(
  properties: Record<string, unknown>,
  required: readonly string[],
): Record<string, unknown> {
  return { type: 'object', additionalProperties: false, properties, required };
}

function property(field: Field): Record<string, unknown> {
  const schema: Record<string, unknown> = {};
  if (field.default !== undefined) schema['default'] = field.default;
  switch (field.type) {
    case 'timestamp':
      return { ...schema, type: 'string', format: 'date-time', pattern: SENDER_TIME };
    case 'enum':
      return { ...schema, enum: field.values };
    case 'string':
      schema['pattern'] = field.characters === undefined ? NO_CONTROL_CHARACTERS : `^[${field.characters}]*$`;
      if (field.minLength !== undefined) schema['minLength'] = field.minLength;
      if (field.maxLength !== undefined) schema['maxLength'] = field.maxLength;
      break;
    default:
      if (field.min !== undefined) schema['minimum'] = field.min;
      if (field.max !== undefined) schema['maximum'] = field.max;
  }
  return { ...schema, type: field.type };
}

function deadLetterDocument(codes: readonly string[]): string {
  return objectDocument(
    'dead-letter/1',
    {
      code: { enum: codes.filter((code) => code !== 'none') },
      detail: { type: 'string', maxLength: 200 },
      path: textOrNull,
      raw_b64: { type: 'string', contentEncoding: 'base64' },
      received_utc: ownTime,
      rejected_utc: ownTime,
      schema: textOrNull,
      source: closedObject(
        { frame: countOrNull, principal: textOrNull, record: countOrNull, session: textOrNull },
        ['frame', 'principal', 'record', 'session'],
      ),
    },
    ['code', 'detail', 'path', 'raw_b64', 'received_utc', 'rejected_utc', 'schema', 'source'],
  );
}

/** `dead-letter/1`: the lines of refused records (FORMAT.md §6). */
export const DEAD_LETTER_DOCUMENT: string = deadLetterDocument(CODES);

/**
 * `dead-letter/1` as a seal of an earlier version names it that had fewer codes: they are only ever added at the end.
 * @returns null when there was never one of this hash.
 */
export function deadLetterDocumentOf(sha256: string): string | null {
  for (let codes = CODES.length; codes > 1; codes--) {
    const document = deadLetterDocument(CODES.slice(0, codes));
    if (schemaSha256(document) === sha256) return document;
  }
  return null;
}

/** `audit/1`: the lines of operator and system events (FORMAT.md §6). `new` and `old` are any JSON value. */
export const AUDIT_DOCUMENT: string = objectDocument(
  'audit/1',
  {
    action: { type: 'string' },
    actor: { type: 'string' },
    at_utc: ownTime,
    authorised_by: textOrNull,
    new: true,
    old: true,
    reason: textOrNull,
    target: { type: 'string' },
  },
  ['action', 'actor', 'at_utc', 'authorised_by', 'new', 'old', 'reason', 'target'],
);

/** SHA-256 of a document's bytes, 64 lower-case hex digits: `schema_sha256` of seals. */
export function schemaSha256(document: string): string {
  return createHash('sha256').update(document, 'utf8').digest('hex');
}

/** Key of a document below the lake's prefix. `schema` = `telemetry/1`. */
export function schemaKey(schema: string, sha256: string): string {
  return `_schema/${schema}/${sha256}.json`;
}
