// The JCS text (RFC 8785) of a canonical event, member by member in its fixed order: the same bytes as `canonicalise` of
// workers/ gives, without sorting the names of ten thousand equal objects.

import type { CanonicalEvent, CanonicalExtension, EventValues, Role } from './judged.ts';
import { repeatedText } from './repeated-text.ts';

/** What stands in JSON otherwise than in the text. */
const ESCAPED = /[^ !#-[\]-~]/;

/** As JSON.stringify, of which most texts of an event have no need. */
function quote(text: string): string {
  return ESCAPED.test(text) ? JSON.stringify(text) : `"${text}"`;
}

function orNull(text: string | null): string {
  return text === null ? 'null' : quote(text);
}

function list<T>(items: readonly T[], write: (item: T) => string): string {
  let text = '[';
  for (let i = 0; i < items.length; i++) text += (i === 0 ? '' : ',') + write(items[i] as T);
  return `${text}]`;
}

function writeExtensions(extensions: readonly CanonicalExtension[]): string {
  return list(extensions, (each) => writeExtension(each, writeExtensions(each.c)));
}

/** @param children JCS text of `extension.c` */
export function writeExtension(extension: CanonicalExtension, children: string): string {
  const { n, p, v } = extension;
  return `{"c":${children},"n":${quote(n)},"p":${quote(p)},"v":${quote(v)}}`;
}

function writeTyped(item: { readonly id: string; readonly type: string | null }): string {
  return `{"id":${quote(item.id)},"type":${orNull(item.type)}}`;
}

/** One entry of `epcs`. */
export function writeEpc(id: string, role: Role): string {
  return `{"id":${quote(id)},"role":"${role}"}`;
}

/** Entries of `epcs` that are `head` and a serial each, without brackets. Neither has anything to be escaped. */
export function writeEpcs(head: string, serials: readonly string[], role: Role): string {
  return repeatedText(`{"id":"${head}`, serials, `","role":"${role}"},`).slice(0, -1);
}

function writeQuantity(item: CanonicalEvent['quantities'][number]): string {
  return (
    `{"class":${quote(item.class)},"quantity":${orNull(item.quantity)},` +
    `"role":"${item.role}","uom":${orNull(item.uom)}}`
  );
}

function writeError(error: NonNullable<CanonicalEvent['errorDeclaration']>): string {
  return (
    `{"correctiveEventIDs":${list(error.correctiveEventIDs, quote)},` +
    `"declarationTime":${quote(error.declarationTime)},"ext":${writeExtensions(error.ext)},` +
    `"reason":${orNull(error.reason)}}`
  );
}

/** The members before `errorDeclaration`, and those behind it: the digest is of an event without. */
export interface EventText {
  readonly json: string;
  /** The same without the member `errorDeclaration`. */
  readonly undeclared: string;
}

/**
 * @param sensors JCS text of `event.sensors`
 * @param epcs that of the member `epcs`
 */
export function writeEvent(event: EventValues, sensors: string, epcs: string): EventText {
  const { ilmd, persistentDisposition: lasting } = event;
  const head =
    `{"action":${orNull(event.action)},"bizLocation":${orNull(event.bizLocation)},` +
    `"bizStep":${orNull(event.bizStep)},"bizTransactions":${list(event.bizTransactions, writeTyped)},` +
    `"certificationInfo":${list(event.certificationInfo, quote)},` +
    `"destinations":${list(event.destinations, writeTyped)},"disposition":${orNull(event.disposition)},` +
    `"epcs":${epcs},`;
  const error = event.errorDeclaration;
  const declaration = `"errorDeclaration":${error === null ? 'null' : writeError(error)},`;
  const tail =
    `"eventTime":${quote(event.eventTime)},"eventTimeZoneOffset":${quote(event.eventTimeZoneOffset)},` +
    `"ext":${writeExtensions(event.ext)},"ilmd":{"ext":${writeExtensions(ilmd.ext)},` +
    `"itemExpirationDate":${orNull(ilmd.itemExpirationDate)},"lotNumber":${orNull(ilmd.lotNumber)}},` +
    `"persistentDisposition":{"set":${list(lasting.set, quote)},"unset":${list(lasting.unset, quote)}},` +
    `"quantities":${list(event.quantities, writeQuantity)},"readPoint":${orNull(event.readPoint)},` +
    `"sensors":${sensors},"sources":${list(event.sources, writeTyped)},` +
    `"transformationID":${orNull(event.transformationID)},"type":${quote(event.type)},"v":1}`;
  return { json: head + declaration + tail, undeclared: head + tail };
}
