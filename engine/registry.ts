// The registry of streams: every pair (stream, schema) that this engine ever wrote has a number, and the number stands for
// it in journal and ring. Numbers are never used again, and a schema that has a number is frozen: the same name and
// version with other fields is refused. File: `state/streams.json`, replaced whole, fsynced before anything uses it.

import { join } from 'node:path';
import { canonicalise } from '../workers/canonicalise.ts';
import type { StreamConfig } from './config.ts';
import { ConfigError, FatalError } from './errors.ts';
import { schemaDocument, schemaSha256 } from './schema/document.ts';
import type { Table } from './schema/table.ts';
import { readWhole, replaceFile, type Storage } from './storage.ts';

const FILE = 'streams.json';
const VERSION = 1;

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

/** A stream whose records are judged by another schema from now on: an audit event. */
export interface SchemaChange {
  readonly stream: string;
  readonly old: string;
  readonly new: string;
}

export interface Registry {
  /** Throws FatalError for a number that was never given: the journal belongs to other state. */
  byNumber(number: number): Registered;
  /** The pair under which new records of a configured stream are written. */
  current(stream: string): Registered;
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
}

/** `telemetry/1` of a table. */
export function schemaName(table: Table): string {
  return `${table.name}/${table.version}`;
}

/**
 * Reads the registry and adds what `streams` has new.
 * @throws ConfigError when a schema of the same name and version had other fields; FatalError when the file is damaged.
 */
export function openRegistry(
  storage: Storage,
  stateFolder: string,
  streams: readonly StreamConfig[],
): Registry {
  const stored = read(storage, stateFolder) ?? { version: VERSION, streams: [], current: {} };
  const all = stored.streams.map(registered);
  const current = new Map(Object.entries(stored.current));
  const changes: SchemaChange[] = [];
  for (const { stream, table } of streams) {
    const entry = find(all, stream, table);
    const before = current.get(stream);
    if (before === entry.number) continue;
    const old = all.find((known) => known.number === before);
    if (old !== undefined) changes.push({ stream, old: old.schema, new: entry.schema });
    current.set(stream, entry.number);
  }
  const next: Stored = {
    version: VERSION,
    streams: all.map(storedEntry),
    current: Object.fromEntries(current),
  };
  if (canonicalise(next) !== canonicalise(stored)) {
    replaceFile(storage, join(stateFolder, FILE), [Buffer.from(`${canonicalise(next)}\n`, 'utf8')]);
  }
  return registryOf(
    all,
    new Map(streams.map(({ stream }) => [stream, current.get(stream) as number])),
    changes,
  );
}

/** Reads the registry as it is: for threads that start after `openRegistry`. Throws FatalError when it is not there. */
export function readRegistry(storage: Storage, stateFolder: string): Registry {
  const stored = read(storage, stateFolder);
  if (stored === null)
    throw new FatalError(`${join(stateFolder, FILE)} is missing: the journal cannot be read without it`);
  return registryOf(stored.streams.map(registered), new Map(Object.entries(stored.current)), []);
}

function registryOf(
  all: readonly Registered[],
  current: ReadonlyMap<string, number>,
  changes: readonly SchemaChange[],
): Registry {
  const byNumber = new Map(all.map((entry) => [entry.number, entry]));
  const found = (number: number | undefined, what: string): Registered => {
    const entry = number === undefined ? undefined : byNumber.get(number);
    if (entry === undefined) throw new FatalError(`the registry of streams has no ${what}`);
    return entry;
  };
  return {
    byNumber: (number) => found(number, `number ${number}: state and journal belong to different engines`),
    current: (stream) => found(current.get(stream), `stream ${stream}`),
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
  if (known !== undefined) return known;
  const number = all.reduce((highest, entry) => Math.max(highest, entry.number), 0) + 1;
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
    stored = JSON.parse(Buffer.from(bytes).toString('utf8')) as Stored;
  } catch {
    throw new FatalError(`${path} is damaged: it is not JSON`);
  }
  if (stored.version !== VERSION)
    throw new FatalError(`${path}: version ${stored.version}, this firn reads ${VERSION}`);
  return stored;
}
