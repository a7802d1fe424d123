// What the readers make of a document, whatever its form: one event at a time, values as they were sent (trimmed of white
// space, not normalised). Everything behind the readers, which are rules, canonical form, hashes and ledger, knows only this.

/** How a document was written. `xml-1`: EPCIS 1.0 to 1.2; `xml-2`: 2.0; `json`: 2.0 JSON and JSON-LD. */
export type SourceForm = 'xml-1' | 'xml-2' | 'json';

/** The five types of EPCIS 2.0. */
export const EVENT_TYPES = [
  'ObjectEvent',
  'AggregationEvent',
  'TransactionEvent',
  'TransformationEvent',
  'AssociationEvent',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** Where bytes lie in the document as it was sent. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** One member of a structured field, or the place of an event: what a pointer is made of. */
export type Step = string | number;

/**
 * Turns a path within an event into a pointer into the document: a JSON Pointer, or an XPath. `path` is in terms of this
 * model: `['epcList', 3]`, `['sourceList', 0, 'type']`, `[]` = the event itself.
 */
export type Locate = (path: readonly Step[]) => string;

/** An element or member in a namespace that EPCIS does not define: extensions, ILMD. */
export interface Extension {
  /** Namespace as declared, `''` = none. Not normalised: readers of this model strip what they must. */
  readonly ns: string;
  readonly name: string;
  /** Text of a leaf, trimmed; `''` where there are children only. JSON numbers and booleans as their characters. */
  readonly value: string;
  readonly children: readonly Extension[];
  /** True for an XML attribute: a child of its element, told apart because the reference hash drops `xsi:type`. */
  readonly attribute?: true;
}

export interface Quantity {
  readonly epcClass?: string;
  /** The characters of the number: never a double. */
  readonly quantity?: string;
  readonly uom?: string;
}

/** Business transaction, source or destination: `id` is the value. */
export interface TypedId {
  readonly type?: string;
  readonly id?: string;
}

export interface Place {
  readonly id?: string;
  readonly ext: readonly Extension[];
}

export interface SensorPart {
  /** Attributes and members that EPCIS defines, by name: `type`, `value`, `uom`, `time`, `deviceID` …; numbers as characters. */
  readonly fields: Readonly<Record<string, string>>;
  readonly ext: readonly Extension[];
}

export interface SensorElement {
  readonly metadata: SensorPart | null;
  readonly reports: readonly SensorPart[];
  readonly ext: readonly Extension[];
}

export interface ErrorDeclaration {
  readonly declarationTime?: string;
  readonly reason?: string;
  readonly correctiveEventIDs: readonly string[];
  readonly ext: readonly Extension[];
}

/** The fields of an event. Absent is absent; an empty list that was sent is `[]`. */
export interface EventFields {
  readonly eventTime?: string;
  readonly eventTimeZoneOffset?: string;
  readonly recordTime?: string;
  readonly eventID?: string;
  readonly action?: string;
  readonly bizStep?: string;
  readonly disposition?: string;
  readonly parentID?: string;
  readonly transformationID?: string;
  readonly epcList?: readonly string[];
  readonly childEPCs?: readonly string[];
  readonly inputEPCList?: readonly string[];
  readonly outputEPCList?: readonly string[];
  readonly quantityList?: readonly Quantity[];
  readonly childQuantityList?: readonly Quantity[];
  readonly inputQuantityList?: readonly Quantity[];
  readonly outputQuantityList?: readonly Quantity[];
  readonly bizTransactionList?: readonly TypedId[];
  readonly sourceList?: readonly TypedId[];
  readonly destinationList?: readonly TypedId[];
  readonly readPoint?: Place;
  readonly bizLocation?: Place;
  readonly persistentDisposition?: { readonly set?: readonly string[]; readonly unset?: readonly string[] };
  readonly sensorElementList?: readonly SensorElement[];
  readonly certificationInfo?: readonly string[];
  readonly ilmd?: readonly Extension[];
  readonly errorDeclaration?: ErrorDeclaration;
  /** Event-level extensions, document order. */
  readonly ext: readonly Extension[];
}

/** A fault of shape that the reader met: `path` as for `Locate`. Rules add theirs to these. */
export interface ShapeFault {
  readonly code: string;
  readonly path: readonly Step[];
  readonly detail: string;
  /** Where this one weighs otherwise than its rule does in the profile; absent = as the rule says. */
  readonly severity?: Finding['severity'];
}

export interface SourceEvent {
  /** From 0, in the order sent. */
  readonly index: number;
  readonly form: SourceForm;
  /** As sent: may be none of EVENT_TYPES. */
  readonly type: string;
  readonly fields: EventFields;
  /** Prefixes in scope at the event, for CURIEs in values: prefix → IRI. */
  readonly prefixes: ReadonlyMap<string, string>;
  readonly span: Span;
  /** What kept a field from being read into the model: wrong type, unknown member, misplaced element. */
  readonly faults: readonly ShapeFault[];
  readonly locate: Locate;
}

export interface MasterElement {
  /** `urn:epcglobal:epcis:vtype:EPCClass` */
  readonly vocabulary: string;
  readonly id: string;
  /** Attribute name (local part of `urn:epcglobal:cbv:mda#x` or `cbvmda:x`; else the whole) and value, in order. */
  readonly attributes: readonly (readonly [string, string])[];
}

/** The DSCSA transaction statement. */
export interface Statement {
  readonly affirmed: string | null;
  readonly legalNotice: string | null;
}

/** What a document says of itself. Everything as sent; null = absent. */
export interface DocumentHead {
  readonly form: SourceForm;
  readonly root: 'EPCISDocument' | 'EPCISQueryDocument' | 'event';
  readonly schemaVersion: string | null;
  readonly creationDate: string | null;
  readonly sender: string | null;
  readonly receiver: string | null;
  readonly instanceIdentifier: string | null;
  /** SBDH CreationDateAndTime. */
  readonly createdAt: string | null;
  readonly guidelineVersion: string | null;
  readonly statement: Statement | null;
  /** At most MAX_MASTER_ELEMENTS, the rest is not kept. */
  readonly masterData: readonly MasterElement[];
  /** Events in the list. */
  readonly events: number;
  /** JSON: whether there is an `@context`. */
  readonly context?: boolean;
  /** JSON: prefixes that the `@context` declares. A second pass takes them where the context stands behind the events. */
  readonly prefixes?: readonly (readonly [string, string])[];
  /** There is no EventList at all, which is not the same as an empty one. */
  readonly noEventList?: true;
}

/** A finding as it is told: `firn check --json`, job errors, the dead letter. */
export interface Finding {
  readonly code: string;
  readonly severity: 'reject' | 'warn' | 'info';
  /** Index of the event, null = the document. */
  readonly event: number | null;
  /** JSON Pointer or XPath into the document; `''` = the whole document. */
  readonly pointer: string;
  readonly detail: string;
  /** Of a job: `event_hash` of the event, hex, where it has a canonical form. */
  readonly eventHash?: string;
}

/** What a reader calls, in document order. */
export interface DocumentSink {
  /** Null: the caller wants the head and well-formedness only, so events need not be built. */
  readonly event: ((event: SourceEvent) => void) | null;
  /** A fault of the document. After a D04 or D05 the reader takes nothing more. */
  readonly fault: (finding: Finding) => void;
}

/** Takes a document in pieces; memory is bounded by one event and the limits. */
export interface DocumentReader {
  /** @returns false when the rest need not be sent: the document is refused already. */
  write(chunk: Uint8Array): boolean;
  /** The document is over. @returns its head, or null when it has none (D04, D05, D06). */
  end(): DocumentHead | null;
}

export interface ReadLimits {
  /** Levels of elements or values. */
  readonly maxDepth: number;
  /** Bytes of one event as sent. */
  readonly maxEventBytes: number;
  /**
   * Bytes of an event that is over that and refused by itself: a dead letter holds it whole. One over this too refuses the
   * document, which goes to the dead letter in pieces.
   */
  readonly maxPassedBytes: number;
  /** Characters of one attribute or text. */
  readonly maxTextLength: number;
}

export const READ_LIMITS: ReadLimits = {
  maxDepth: 64,
  maxEventBytes: 8 * 1024 * 1024,
  maxPassedBytes: 32 * 1024 * 1024,
  maxTextLength: 1024 * 1024,
};

export const MAX_MASTER_ELEMENTS = 10_000;
