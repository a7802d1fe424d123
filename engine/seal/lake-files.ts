// The files in the lake that are not batches: schemas that seals name, the policy, and what they are called.

import { sha256Hex } from '../batch/merkle.ts';
import { FatalError } from '../errors.ts';
import type { Registry } from '../registry.ts';
import {
  AUDIT_DOCUMENT,
  DEAD_LETTER_DOCUMENT,
  deadLetterDocumentOf,
  schemaDocument,
  schemaKey,
} from '../schema/document.ts';
import { type Sink, SinkOutage } from '../sink/sink.ts';
import { vkey } from './note.ts';
import { policyText } from './policy.ts';

export const DEAD_LETTER_SCHEMA = 'dead-letter/1';
export const AUDIT_SCHEMA = 'audit/1';
export const DEAD_LETTER_SHA256: string = sha256Hex(Buffer.from(DEAD_LETTER_DOCUMENT, 'utf8'));
export const AUDIT_SHA256: string = sha256Hex(Buffer.from(AUDIT_DOCUMENT, 'utf8'));

/** A file to put: key relative to the lake's prefix. */
export interface LakeFile {
  readonly key: string;
  readonly body: Uint8Array;
}

/** The document of a schema that a seal names, to be in the lake before the seal is. */
export function schemaFile(registry: Registry, schema: string, sha256: string): LakeFile {
  return { key: schemaKey(schema, sha256), body: Buffer.from(documentOf(registry, schema, sha256), 'utf8') };
}

function documentOf(registry: Registry, schema: string, sha256: string): string {
  if (schema === DEAD_LETTER_SCHEMA) return deadLetterDocumentOf(sha256) ?? DEAD_LETTER_DOCUMENT;
  if (schema === AUDIT_SCHEMA) return AUDIT_DOCUMENT;
  const entry = registry.all.find((known) => known.schema === schema && known.schemaSha256 === sha256);
  const document = entry === undefined ? '' : schemaDocument(entry.table);
  if (sha256Hex(Buffer.from(document, 'utf8')) !== sha256) {
    throw new FatalError(
      `the schema ${schema} that seals name is not the one that this firn knows: its document has changed`,
    );
  }
  return document;
}

/** Key of a file of the published log. */
export function logKey(engine: string, name: string): string {
  return `_log/${engine}/${name}`;
}

/**
 * Puts the policy that names the log's key. One that an operator has extended is left as it is.
 * @returns whether the lake had a policy of this log: the first file that a log puts, so a lake without it never held it.
 */
export async function putPolicy(sink: Sink, engine: string, publicKey: Uint8Array): Promise<boolean> {
  const key = logKey(engine, 'policy');
  const there = await sink.get(key);
  const line = `log ${vkey(engine, publicKey)}`;
  const known =
    there !== null &&
    Buffer.from(there)
      .toString('utf8')
      .split('\n')
      .some((other) => other.startsWith(line));
  if (known) return true;
  const text = Buffer.from(policyText([{ name: engine, publicKey }]), 'utf8');
  if ((await sink.replace(key, text, there)) === 'different')
    throw new SinkOutage(`${key} was changed by someone else at the same moment`);
  return there !== null;
}
