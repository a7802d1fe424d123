// What the rules make of an event before its history is known: the canonical form, its digests, the keys it has in the
// ledger, and what was found. The state rules and the ledger take it from here; `firn check` shows it.

import type { Finding, Span } from './model.ts';

export type Profile = 'generic' | 'dscsa' | 'r1.3-strict';

export type Role = 'item' | 'parent' | 'child' | 'input' | 'output';

/** One row of an event in the ledger: what it says of one object or class. */
export interface KeyRow {
  /** GTIN-14, or `''` for what has none. */
  readonly gtin: string;
  /** Serial number; `(00)` + SSCC-18, `(10)` + lot of a class quantity, canonical URI of other ids. */
  readonly serial: string;
  readonly role: Role;
}

/** `firn.event/1` (canonical.ts describes each member). */
export interface CanonicalEvent {
  readonly action: string | null;
  readonly bizLocation: string | null;
  readonly bizStep: string | null;
  readonly bizTransactions: readonly { readonly id: string; readonly type: string | null }[];
  readonly certificationInfo: readonly string[];
  readonly destinations: readonly { readonly id: string; readonly type: string | null }[];
  readonly disposition: string | null;
  readonly epcs: readonly { readonly id: string; readonly role: Role }[];
  readonly errorDeclaration: {
    readonly correctiveEventIDs: readonly string[];
    readonly declarationTime: string;
    readonly ext: readonly CanonicalExtension[];
    readonly reason: string | null;
  } | null;
  readonly eventTime: string;
  readonly eventTimeZoneOffset: string;
  readonly ext: readonly CanonicalExtension[];
  readonly ilmd: {
    readonly ext: readonly CanonicalExtension[];
    readonly itemExpirationDate: string | null;
    readonly lotNumber: string | null;
  };
  readonly persistentDisposition: { readonly set: readonly string[]; readonly unset: readonly string[] };
  readonly quantities: readonly {
    readonly class: string;
    readonly quantity: string | null;
    readonly role: Role;
    readonly uom: string | null;
  }[];
  readonly readPoint: string | null;
  readonly sensors: readonly unknown[];
  readonly sources: readonly { readonly id: string; readonly type: string | null }[];
  readonly transformationID: string | null;
  readonly type: string;
  readonly v: 1;
}

export interface CanonicalExtension {
  readonly c: readonly CanonicalExtension[];
  /** `{namespace}local` */
  readonly n: string;
  /** Path of the host field; only at the top: nested ones have `''`. */
  readonly p: string;
  readonly v: string;
}

/**
 * What of it is at hand as values. The objects are in `rows` and in `json`: ten thousand of them a third time would cost
 * more than all the rest, and again on the way to another thread.
 */
export type EventValues = Omit<CanonicalEvent, 'epcs'>;

/** The canonical form of an event that has one, and what follows from it. */
export interface Canonical {
  readonly event: EventValues;
  /** RFC 8785 bytes of the whole canonical event as text. */
  readonly json: string;
  /** SHA-256 of `"firn.event/1\n"` and the JCS of the event without errorDeclaration, hex. */
  readonly hash: string;
  /** `errorDeclaration.declarationTime`, null without one: with `hash` the key that makes an event idempotent. */
  readonly declaredAt: string | null;
  /** `ni:///sha-256;…?ver=CBV2.0` as the reference computes it. */
  readonly ni: string;
  /** The id that was sent, else `ni`. */
  readonly eventId: string;
  readonly rows: readonly KeyRow[];
  /** Fifth column of the composite key: `O.ADD.commissioning`, with `!` behind it for an error declaration; turns: state/key-turns.ts. */
  readonly disc: string;
}

export interface JudgedEvent {
  readonly index: number;
  readonly type: string;
  readonly span: Span;
  /** Where the event stands in the document, for findings about its history. */
  readonly pointer?: string;
  readonly findings: readonly Finding[];
  /** True when a finding rejects it. */
  readonly rejected: boolean;
  /** Null only where the event could not be read so far; a rejected event may have one. */
  readonly canonical: Canonical | null;
}
