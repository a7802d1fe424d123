// A schema is a table of flat fields. Both codec twins interpret it; nothing is hard-coded for telemetry.

/** One field of a record. Lengths are code points; ranges are inclusive (DESIGN.md §1, FORMAT.md §2). */
export interface Field {
  readonly name: string;
  readonly type: 'string' | 'number' | 'integer' | 'boolean' | 'timestamp' | 'enum';
  readonly required: boolean;
  /** Value of an absent optional field: written into the line. */
  readonly default?: string | number | boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly min?: number;
  readonly max?: number;
  /** Allowed characters of a string: the inside of a bracket expression, ASCII only, e.g. `A-Z0-9-`. */
  readonly characters?: string;
  readonly values?: readonly string[];
}

/** A frozen, versioned schema: `name/version`, fields in table order (the order in which missing fields are told). */
export interface Table {
  readonly name: string;
  readonly version: number;
  readonly fields: readonly Field[];
}

/** Limits of one zone: a record of the zone whose value is outside is an excursion. */
export interface ZoneLimit {
  readonly min?: number;
  readonly max?: number;
}

/** Which field is judged, by which field's value, with which limits: gives `evaluated_state`. */
export interface Zones {
  readonly by: string;
  readonly field: string;
  readonly limits: Readonly<Record<string, ZoneLimit>>;
}

/** What a worker needs to know of one stream. `number` is its number in the registry. Structured-cloneable. */
export interface StreamSpec {
  readonly number: number;
  readonly stream: string;
  readonly table: Table;
  readonly unknownFields: 'reject' | 'ignore';
  readonly zones: Zones | null;
  readonly maxRecordsPerFrame: number;
}
