// The schema that is built in: one reading of a cold-chain sensor. A contract, frozen: a change is telemetry/2.

import type { Table } from './table.ts';

/** `telemetry/1` (DESIGN.md §1). */
export const TELEMETRY_1: Table = {
  name: 'telemetry',
  version: 1,
  fields: [
    { name: 'sensor_id', type: 'string', required: true, minLength: 4, maxLength: 64 },
    { name: 'timestamp_utc', type: 'timestamp', required: true },
    { name: 'temperature_c', type: 'number', required: true, min: -100, max: 100 },
    { name: 'zone_id', type: 'string', required: true, minLength: 1, maxLength: 64, characters: 'A-Z0-9-' },
    {
      name: 'compliance_state',
      type: 'enum',
      required: false,
      default: 'unknown',
      values: ['within_spec', 'excursion', 'unknown'],
    },
    {
      name: 'raw_payload_hash',
      type: 'string',
      required: false,
      minLength: 64,
      maxLength: 64,
      characters: '0-9a-f',
    },
  ],
};
