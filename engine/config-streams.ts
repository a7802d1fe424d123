// Streams and schemas as the configuration names them: each schema a table, each stream with the tables of all schemas
// that it takes.

import { RESERVED_STREAMS } from './batch/object-key.ts';
import type { FieldInput, StreamConfig, StreamInput } from './config.ts';
import { ConfigError } from './errors.ts';
import { checkTable, checkZones } from './schema/check.ts';
import type { Field, Table, Zones } from './schema/table.ts';
import { unknownSchemaStream } from './schema/unknown.ts';

/** What no configured stream is called: the lake's own folders, and the stream of captures. */
const TAKEN: readonly string[] = [...RESERVED_STREAMS, 'epcis'];
const RESERVED_SCHEMAS: readonly string[] = ['audit', 'dead-letter', 'epcis-event'];

/** The table of a configured schema. @throws ConfigError */
export function tableOf(
  id: string,
  fields: Field[] | FieldInput[],
  tables: Map<string, Table>,
  where: string,
): Table {
  if (tables.has(id)) throw new ConfigError(`${where}: schemas: ${id} is built in and cannot be given again`);
  const slash = id.lastIndexOf('/');
  const table: Table = {
    name: id.slice(0, slash),
    version: Number(id.slice(slash + 1)),
    fields: fields as Field[],
  };
  if (RESERVED_SCHEMAS.includes(table.name))
    throw new ConfigError(`${where}: schemas: ${id}: the name is reserved`);
  try {
    checkTable(table);
  } catch (error) {
    throw new ConfigError(`${where}: schemas: ${id}: ${(error as Error).message}`);
  }
  return table;
}

/** A stream with its schemas found among `tables`. @throws ConfigError */
export function streamOf(
  stream: string,
  spec: StreamInput,
  tables: Map<string, Table>,
  where: string,
): StreamConfig {
  if (TAKEN.includes(stream)) throw new ConfigError(`${where}: streams: the name ${stream} is reserved`);
  const zones = (spec.zones ?? null) as Zones | null;
  const own = schemasOf(stream, spec, where).map((schema) => {
    const table = tables.get(schema);
    if (table === undefined) {
      throw new ConfigError(
        `${where}: streams: ${stream} names schema ${schema}, known are ${[...tables.keys()].join(', ')}`,
      );
    }
    try {
      if (zones !== null) checkZones(table, zones);
    } catch (error) {
      const of = spec.schemas === undefined ? stream : `${stream} with ${schema}`;
      throw new ConfigError(`${where}: streams: ${of}: ${(error as Error).message}`);
    }
    return table;
  });
  return { stream, tables: own, unknownFields: spec.unknownFields, zones, cut: spec.cut };
}

/** Names of the schemas that a stream takes, its own first. */
function schemasOf(stream: string, { schema, schemas }: StreamInput, where: string): readonly string[] {
  if (schemas === undefined) return [schema ?? 'telemetry/1'];
  if (new Set(schemas).size !== schemas.length)
    throw new ConfigError(`${where}: streams: ${stream}: schemas names a schema twice`);
  if (schema === undefined) return schemas;
  if (!schemas.includes(schema)) {
    throw new ConfigError(
      `${where}: streams: ${stream}: its own schema, ${schema}, is not one of its schemas: add it there`,
    );
  }
  return [schema, ...schemas.filter((other) => other !== schema)];
}

/** The dead letter for unknown schemas of one stream is not called as the dead letter of another. @throws ConfigError */
export function checkNames(streams: readonly string[], where: string): void {
  for (const stream of streams) {
    const taken = unknownSchemaStream(stream);
    if (streams.includes(taken)) {
      throw new ConfigError(
        `${where}: streams: ${taken} is where the dead letter of ${stream} keeps frames of unknown schema: give the stream another name`,
      );
    }
  }
}
