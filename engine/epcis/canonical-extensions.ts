// Extensions and ILMD in canonical form: namespaces without their last separator, so that the forms of XML and of JSON are
// one; children sorted, because JSON groups what XML interleaves; repeats kept, because an extension is no set.

import { compareBytes } from './byte-order.ts';
import { writeExtension } from './canonical-json.ts';
import type { CanonicalEvent, CanonicalExtension } from './judged.ts';
import type { Extension } from './model.ts';

const XSI = 'http://www.w3.org/2001/XMLSchema-instance';
const XMLNS = 'http://www.w3.org/2000/xmlns/';
const RDFS = 'http://www.w3.org/2000/01/rdf-schema';
const CBV_MDA = 'urn:epcglobal:cbv:mda';

/** Homes of GS1's vocabularies that are written for one another (EPCIS 2.0 changed them between its drafts). */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['https://ref.gs1.org/voc', 'https://gs1.org/voc'],
  ['https://ns.gs1.org/cbv', 'https://ref.gs1.org/cbv'],
]);

/** A namespace without one `:`, `/` or `#` at its end. */
function plainNamespace(ns: string): string {
  const last = ns.at(-1);
  const plain = last === ':' || last === '/' || last === '#' ? ns.slice(0, -1) : ns;
  return ALIASES.get(plain) ?? plain;
}

/** What says something of the document and nothing of the event: `xsi:*`, `xmlns:*`, its twin in JSON-LD, comments. */
function isSilent(extension: Extension): boolean {
  const { ns, name } = extension;
  if (extension.attribute === true) return ns === XSI || ns === XMLNS || (ns === '' && name === 'xmlns');
  if (ns === '') return name === 'comment' || name === '@type';
  return name === 'comment' && plainNamespace(ns) === RDFS;
}

/** An extension with the JCS text of its children, made once from theirs: sorting compares it often. */
interface Written {
  readonly canonical: CanonicalExtension;
  readonly children: string;
}

function compareWritten(a: Written, b: Written): number {
  return (
    compareBytes(a.canonical.p, b.canonical.p) ||
    compareBytes(a.canonical.n, b.canonical.n) ||
    compareBytes(a.canonical.v, b.canonical.v) ||
    compareBytes(a.children, b.children)
  );
}

function writtenOne(extension: Extension, path: string): Written {
  const ns = plainNamespace(extension.ns);
  const children = extension.children.length === 0 ? [] : writtenAll(extension.children, '');
  const canonical: CanonicalExtension = {
    c: children.map((each) => each.canonical),
    n: `{${ns}}${extension.name}`,
    p: path,
    v: extension.value.trim(),
  };
  const text = children.map((each) => writeExtension(each.canonical, each.children)).join(',');
  return { canonical, children: `[${text}]` };
}

function writtenAll(extensions: readonly Extension[], path: string): Written[] {
  return extensions
    .filter((each) => !isSilent(each))
    .map((each) => writtenOne(each, path))
    .sort(compareWritten);
}

/**
 * Extensions of one host, sorted.
 * @param path of the field that hosts them: `''` = the event, `readPoint`, `bizLocation`; those of other hosts stand
 *   within their host and have `''`
 */
export function canonicalExtensions(
  extensions: readonly Extension[],
  path: string,
): readonly CanonicalExtension[] {
  return writtenAll(extensions, path).map((each) => each.canonical);
}

/** ILMD, and where in the list that was sent its lot stands (-1 = there is none). */
export interface CanonicalIlmd {
  readonly ilmd: CanonicalEvent['ilmd'];
  readonly lotAt: number;
}

/** Lifts lot and expiry out of the ILMD. A second one of either stays among the extensions: nothing is lost. */
export function canonicalIlmd(sent: readonly Extension[]): CanonicalIlmd {
  const at = (name: string): number =>
    sent.findIndex(
      (each) =>
        each.name === name &&
        plainNamespace(each.ns) === CBV_MDA &&
        each.attribute !== true &&
        each.value.trim() !== '' &&
        each.children.every(isSilent),
    );
  const lotAt = at('lotNumber');
  const expiryAt = at('itemExpirationDate');
  const rest = sent.filter((_, i) => i !== lotAt && i !== expiryAt);
  return {
    ilmd: {
      ext: canonicalExtensions(rest, ''),
      itemExpirationDate: sent[expiryAt]?.value.trim() ?? null,
      lotNumber: sent[lotAt]?.value.trim() ?? null,
    },
    lotAt,
  };
}
