// The registry of streams: every pair (stream, schema) that this engine ever wrote has a number, and the number stands for
// it in journal and ring. Numbers are never used again, and a schema that has a number is frozen: the same name and
// version with other fields is refused. A stream takes several schemas at once, one of them its own; what names another
// goes by one more pair, whose stream is the dead letter for unknown schemas. File: `state/streams.json`, replaced whole, fsynced before anything uses it.

import { join } from 'node:path';
import { canonicalise } from '../workers/canonicalise.ts';
import { decodeChecked, encodeChecked } from './checked-json.ts';
import type { StreamConfig } from './config.ts';
import { ConfigError, FatalError } from './errors.ts';
import { schemaDocument, schemaSha256 } from './schema/document.ts';
import { EPCIS_EVENT_1, EPCIS_STREAM } from './schema/epcis-event.ts';
import type { Table } from './schema/table.ts';
import { unknownSchemaStream } from './schema/unknown.ts';
import { readWhole, replaceFile, type Storage } from './storage.ts';

const FILE = 'streams.json';
const VERSION = 1;
/** Its members, sorted: `others` only where there are any. */
const MEMBERS = /^current,(others,)?streams,version$/;

/** One pair of stream and schema. */
export interface Registered {
  /** From 1. */
  readonly number: number;
  readonly stream: string;
  /** `telemetry/1` */
  readonly schema: string;
  /** SHA-256 of the schema's document under `_schema/`, hex. */
  readonly schemaSha256: string;
  readonly table: Table;
}

/** The schemas that a stream takes: its own one, or all of them with its own first. */
export type SchemaNames = string | readonly string[];

/** A stream that takes other schemas from now on, or has another one of its own: an audit event. */
export interface SchemaChange {
  readonly stream: string;
  readonly old: SchemaNames;
  readonly new: SchemaNames;
}

export interface Registry {
  /** Throws FatalError for a number that was never given: the journal belongs to other state. */
  byNumber(number: number): Registered;
  /** The pair under which records of a configured stream are written whose sender names no schema. */
  current(stream: string): Registered;
  /** The pairs of all schemas that a configured stream takes, `current` first. */
  accepted(stream: string): readonly Registered[];
  /** The pair that frames of other schemas go by: its dead letter is theirs. Its schema means nothing. */
  unknown(stream: string): Registered;
  /** The pair of EPCIS events; null where this engine has never taken captures. */
  readonly captures: Registered | null;
  /** Everything ever registered, by number. */
  readonly all: readonly Registered[];
  readonly changes: readonly SchemaChange[];
}

interface StoredEntry {
  readonly number: number;
  readonly stream: string;
  readonly schemaSha256: string;
  readonly table: Table;
}

interface Stored {
  readonly version: number;
  readonly streams: readonly StoredEntry[];
  /** Number of the current pair of each stream, also of those that the configuration does not name any more. */
  readonly current: Readonly<Record<string, number>>;
  /** Numbers of the other pairs that a stream takes, in the order of the configuration, where there are any. */
  readonly others?: Readonly<Record<string, readonly number[]>>;
}

/** The numbers of the pairs that a stream takes, its own first. */
type Accepted = Map<string, readonly number[]>;

/** `telemetry/1` of a table. */
export function schemaName(table: Table): string {
  return `${table.name}/${table.version}`;
}

/**
 * Reads the registry and adds what `streams` has new, and the pair of EPCIS events where captures are taken.
 * @throws ConfigError when a schema of the same name and version had other fields; FatalError when the file is damaged.
 */
export function openRegistry(
  storage: Storage,
  stateFolder: string,
  streams: readonly StreamConfig[],
  captures = false,
): Registry {
  const stored: Stored = read(storage, stateFolder) ?? { version: VERSION, streams: [], current: {} };
  const all = stored.streams.map(registered);
  const accepted = acceptedIn(stored);
  const changes: SchemaChange[] = [];
  for (const { stream, tables } of streams) {
    const now = tables.map((table) => find(all, stream, table).number);
    const before = accepted.get(stream);
    accepted.set(stream, now);
    if (before === undefined || sameSchemas(before, now)) continue;
    changes.push({ stream, old: namesOf(all, before), new: namesOf(all, now) });
  }
  // After all others, so that the pairs that the configuration names have the low numbers.
  for (const { stream, tables } of streams) findUnknown(all, stream, tables[0] as Table);
  if (captures) find(all, EPCIS_STREAM, EPCIS_EVENT_1);
  const next = storedOf(all, accepted);
  if (canonicalise(next) !== canonicalise(stored)) {
    replaceFile(storage, join(stateFolder, FILE), [encodeChecked(next)]);
  }
  return registryOf(
    all,
    new Map(streams.map(({ stream }) => [stream, accepted.get(stream) as readonly number[]])),
    changes,
  );
}

function acceptedIn({ current, others = {} }: Stored): Accepted {
  return new Map(
    Object.entries(current).map(([stream, number]) => [stream, [number, ...(others[stream] ?? [])]]),
  );
}

function storedOf(all: readonly Registered[], accepted: Accepted): Stored {
  const current: Record<string, number> = {};
  const others: Record<string, readonly number[]> = {};
  for (const [stream, [own, ...rest]] of accepted) {
    current[stream] = own as number;
    if (rest.length > 0) others[stream] = rest;
  }
  const stored = { version: VERSION, streams: all.map(storedEntry), current };
  return Object.keys(others).length === 0 ? stored : { ...stored, others };
}

/** The same one of its own and the same others; their order means nothing. */
function sameSchemas(before: readonly number[], now: readonly number[]): boolean {
  return (
    before[0] === now[0] && before.length === now.length && before.every((number) => now.includes(number))
  );
}

function namesOf(all: readonly Registered[], numbers: readonly number[]): SchemaNames {
  const names = numbers.map(
    (number) => all.find((known) => known.number === number)?.schema ?? `number ${number}`,
  );
  return names.length === 1 ? (names[0] as string) : names;
}

/** Reads the registry as it is: for threads that start after `openRegistry`. Throws FatalError when it is not there. */
export function readRegistry(storage: Storage, stateFolder: string): Registry {
  const stored = read(storage, stateFolder);
  if (stored === null)
    throw new FatalError(`${join(stateFolder, FILE)} is missing: the journal cannot be read without it`);
  return registryOf(stored.streams.map(registered), acceptedIn(stored), []);
}

function registryOf(
  all: readonly Registered[],
  numbers: ReadonlyMap<string, readonly number[]>,
  changes: readonly SchemaChange[],
): Registry {
  const byNumber = new Map(all.map((entry) => [entry.number, entry]));
  const found = (number: number | undefined, what: string): Registered => {
    const entry = number === undefined ? undefined : byNumber.get(number);
    if (entry === undefined) throw new FatalError(`the registry of streams has no ${what}`);
    return entry;
  };
  const accepted = (stream: string): Registered[] =>
    (numbers.get(stream) ?? [undefined]).map((number) => found(number, `stream ${stream}`));
  return {
    byNumber: (number) => found(number, `number ${number}: state and journal belong to different engines`),
    current: (stream) => accepted(stream)[0] as Registered,
    accepted,
    unknown: (stream) => {
      const name = unknownSchemaStream(stream);
      return found(all.find((known) => known.stream === name)?.number, `stream ${name}`);
    },
    // Of several versions the newest is written.
    captures: all.findLast((known) => known.stream === EPCIS_STREAM) ?? null,
    all,
    changes,
  };
}

/** The entry of a pair; a new one is added to `all`. A schema's name and version mean one table, in every stream. */
function find(all: Registered[], stream: string, table: Table): Registered {
  const schema = schemaName(table);
  const same = all.find((known) => known.schema === schema);
  if (same !== undefined && canonicalise(same.table) !== canonicalise(table)) {
    throw new ConfigError(
      `the schema ${schema} was used with other fields before and is frozen: give the changed one a new version (${table.name}/${table.version + 1})`,
    );
  }
  const known = all.find((entry) => entry.stream === stream && entry.schema === schema);
  return known ?? add(all, stream, table);
}

/** Adds the pair for frames of unknown schema where there is none. Any pair of that name will do: only dead letters use it. */
function findUnknown(all: Registered[], stream: string, table: Table): void {
  const name = unknownSchemaStream(stream);
  if (all.every((known) => known.stream !== name)) add(all, name, table);
}

function add(all: Registered[], stream: string, table: Table): Registered {
  const number = all.reduce((highest, entry) => Math.max(highest, entry.number), 0) + 1;
  const schema = schemaName(table);
  const entry = { number, stream, schema, schemaSha256: schemaSha256(schemaDocument(table)), table };
  all.push(entry);
  return entry;
}

function registered({ number, stream, table, schemaSha256 }: StoredEntry): Registered {
  return { number, stream, schema: schemaName(table), schemaSha256, table };
}

function storedEntry({ number, stream, table, schemaSha256 }: Registered): StoredEntry {
  return { number, stream, table, schemaSha256 };
}

function read(storage: Storage, stateFolder: string): Stored | null {
  const path = join(stateFolder, FILE);
  const bytes = readWhole(storage, path);
  if (bytes === null) return null;
  let stored: Stored;
  try {
    stored = decodeChecked(bytes) as Stored;
    if (!MEMBERS.test(Object.keys(stored).sort().join()))
      throw new Error('its members are not those of a registry');
  } catch (error) {
    throw new FatalError(`${path} is damaged: ${(error as Error).message}. Restore it from a backup`);
  }
  if (stored.version !== VERSION)
    throw new FatalError(`${path}: version ${stored.version}, this firn reads ${VERSION}`);
  return stored;
}
