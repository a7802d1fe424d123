// The two namespaces of extensions that rules read. XML and JSON end them differently: `urn:epcglobal:cbv:mda` and
// `urn:epcglobal:cbv:mda:` are one.

import type { Extension } from '../model.ts';

/** CBV master data: lot and expiry in ILMD. */
export const MASTER_DATA = 'urn:epcglobal:cbv:mda';
/** GS1 US for healthcare: the DSCSA additions. */
export const US_HEALTHCARE = 'http://epcis.gs1us.org/hc/ns';

/** True where `ns` is the namespace, with or without one `:`, `/` or `#` at its end. */
export function inNamespace({ ns }: Extension, namespace: string): boolean {
  if (!ns.startsWith(namespace) || ns.length > namespace.length + 1) return false;
  return ns.length === namespace.length || /[:/#]$/.test(ns);
}

/** True for a member or element in no namespace. In JSON a whole URI is a name too, and so is a prefix that nobody declared. */
export function isUnnamed({ ns, name, attribute }: Extension): boolean {
  return ns === '' && attribute !== true && !name.includes(':');
}
