// What an identifier is once it was read, whatever its spelling: kind, canonical form, and the keys in it. One shape for
// good and bad ones, so that a loop over a million of them stays monomorphic and nothing is thrown.

import type { RuleCode } from '../rule-codes.ts';

/**
 * Kinds: one per EPC scheme; `…-class` is the class of the same key without its serial; `gtin` the class of an SGTIN,
 * `itip-lot` an ITIP with a lot. `uri` is any other absolute URI, `epc` an EPC URN of a scheme without a GS1 key, `broken`
 * has a fault.
 */
export type IdKind =
  | 'sgtin'
  | 'lgtin'
  | 'gtin'
  | 'upui'
  | 'sscc'
  | 'sgln'
  | 'pgln'
  | 'grai'
  | 'grai-class'
  | 'giai'
  | 'gdti'
  | 'gdti-class'
  | 'sgcn'
  | 'sgcn-class'
  | 'gsrn'
  | 'gsrnp'
  | 'gsin'
  | 'ginc'
  | 'itip'
  | 'itip-lot'
  | 'itip-class'
  | 'cpi'
  | 'cpi-class'
  | 'geo'
  | 'epc'
  | 'uri'
  | 'broken';

export interface IdFault {
  readonly code: RuleCode;
  readonly detail: string;
}

export interface Identifier {
  readonly kind: IdKind;
  /**
   * `https://id.gs1.org/…` where there is a GS1 key, be it one with a wrong check digit; else the text as sent, trimmed.
   */
  readonly canonical: string;
  /** GTIN-14, `''` = none; so with the others. */
  readonly gtin: string;
  /** Unescaped. */
  readonly serial: string;
  /** Unescaped. */
  readonly lot: string;
  /** GLN-13 of a location or party. */
  readonly gln: string;
  /** SSCC-18. */
  readonly sscc: string;
  /** Null when the identifier is good. */
  readonly fault: IdFault | null;
}

/** An identifier without a GS1 key in it that this project works with. */
export function plainId(kind: IdKind, canonical: string): Identifier {
  return { kind, canonical, gtin: '', serial: '', lot: '', gln: '', sscc: '', fault: null };
}

export function brokenId(text: string, code: RuleCode, detail: string): Identifier {
  return {
    kind: 'broken',
    canonical: text,
    gtin: '',
    serial: '',
    lot: '',
    gln: '',
    sscc: '',
    fault: { code, detail },
  };
}

/** Text of a sender within a detail: short, whatever was sent. */
export function shown(text: string): string {
  // A pair that was cut in two would be no text any more.
  return text.length <= 80 ? text : `${text.slice(0, 77).toWellFormed()}...`;
}
