// Streams and records for tests of codec and schemas.

import type { StreamSpec, Table } from '../../engine/schema/table.ts';
import { TELEMETRY_1 } from '../../engine/schema/telemetry.ts';

/** A table with a field of every type, required and not. */
export const EVERY_TYPE: Table = {
  name: 'every-type',
  version: 3,
  fields: [
    { name: 'timestamp_utc', type: 'timestamp', required: true },
    { name: 'label', type: 'string', required: false },
    { name: 'count', type: 'integer', required: false, min: -5 },
    { name: 'level', type: 'number', required: false, default: 0.5 },
    { name: 'on', type: 'boolean', required: false, default: false },
    { name: 'zone', type: 'enum', required: false, default: 'a', values: ['a', 'b "q" \\', 'ü'] },
    { name: 'seen_utc', type: 'timestamp', required: false },
    { name: 'Alpha', type: 'string', required: false, default: 'q"\\', minLength: 1, maxLength: 3 },
  ],
};

/** A stream of the built-in schema; number 1. */
export function telemetryStream(changes: Partial<StreamSpec> = {}): StreamSpec {
  return {
    number: 1,
    stream: 'coldchain',
    table: TELEMETRY_1,
    unknownFields: 'reject',
    zones: null,
    maxRecordsPerFrame: 16_384,
    ...changes,
  };
}

/** The members of a good telemetry record, as JSON texts, in an order of their own. */
export const GOOD_MEMBERS: Readonly<Record<string, string>> = {
  sensor_id: '"probe-0001"',
  timestamp_utc: '"2026-01-31T23:59:58.25Z"',
  temperature_c: '4.50',
  zone_id: '"DOCK-7"',
};

/** A telemetry record; members with a JSON text replace or join the good ones, undefined leaves one out. */
export function telemetry(changes: Record<string, string | undefined> = {}): string {
  const members = Object.entries({ ...GOOD_MEMBERS, ...changes }).filter(([, json]) => json !== undefined);
  return `{${members.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(', ')}}`;
}

/** `levels` arrays inside each other. */
export function nested(levels: number): string {
  return '['.repeat(levels) + ']'.repeat(levels);
}
