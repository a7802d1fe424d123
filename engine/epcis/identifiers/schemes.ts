// The schemes of EPC URNs (TDS 2.0 §6.3): how company prefix and reference become the body of a key, and what follows it.

/** What stands behind prefix and reference: nothing, a qualifier of the Digital Link, or digits and characters of the key itself. */
export type Tail = 'none' | 'qualifier' | 'appended' | 'piece';

export interface Scheme {
  readonly ai: string;
  /** Digits of prefix and reference together; 0 = a reference of free length without a check digit. */
  readonly digits: number;
  /** True when the first digit of the reference is moved before the prefix: indicator, extension digit. */
  readonly leads: boolean;
  /** Constant digits before the body: the 0 of a GRAI. */
  readonly before: string;
  readonly tail: Tail;
  /** AI of the qualifier, `''` where there is none. */
  readonly qualifier: string;
}

const scheme = (
  ai: string,
  digits: number,
  tail: Tail = 'none',
  qualifier = '',
  leads = false,
  before = '',
): Scheme => ({ ai, digits, leads, before, tail, qualifier });

/** `urn:epc:id:` */
export const INSTANCE_SCHEMES: ReadonlyMap<string, Scheme> = new Map([
  ['sgtin', scheme('01', 13, 'qualifier', '21', true)],
  ['sscc', scheme('00', 17, 'none', '', true)],
  ['sgln', scheme('414', 12, 'qualifier', '254')],
  ['pgln', scheme('417', 12)],
  ['grai', scheme('8003', 12, 'appended', '', false, '0')],
  ['giai', scheme('8004', 0)],
  ['gdti', scheme('253', 12, 'appended')],
  ['sgcn', scheme('255', 12, 'appended')],
  ['gsrn', scheme('8018', 17)],
  ['gsrnp', scheme('8017', 17)],
  ['gsin', scheme('402', 16)],
  ['ginc', scheme('401', 0)],
  ['itip', scheme('8006', 13, 'piece', '21', true)],
  ['upui', scheme('01', 13, 'qualifier', '235', true)],
  ['cpi', scheme('8010', 0, 'qualifier', '8011')],
]);

/** `urn:epc:class:` */
export const CLASS_SCHEMES: ReadonlyMap<string, Scheme> = new Map([
  ['lgtin', scheme('01', 13, 'qualifier', '10', true)],
]);

/** `urn:epc:idpat:`, with `*` in the place of the serial. */
export const PATTERN_SCHEMES: ReadonlyMap<string, Scheme> = new Map(
  [...INSTANCE_SCHEMES].filter(([name]) =>
    ['sgtin', 'grai', 'gdti', 'sgcn', 'cpi', 'itip', 'upui'].includes(name),
  ),
);

/** Schemes of other number systems: an EPC, but no GS1 key. */
export const OTHER_SCHEMES: ReadonlySet<string> = new Set(['gid', 'usdod', 'adi', 'bic', 'imovn']);
