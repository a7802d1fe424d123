// telemetry/1 as a zod schema, and what a fault of zod's is called on the wire.

import { z } from 'zod';

/** Seconds are not optional, and the only offset is UTC; zod's own check knows the calendar. */
const UTC_WITH_SECONDS = /T\d\d:\d\d:\d\d(\.\d{1,9})?(Z|\+00:00)$/;

export const Telemetry = z.strictObject({
  sensor_id: z.string().min(4).max(64),
  timestamp_utc: z.iso.datetime({ offset: true }).regex(UTC_WITH_SECONDS),
  temperature_c: z.number().min(-100).max(100),
  zone_id: z
    .string()
    .max(64)
    .regex(/^[A-Z0-9-]+$/),
  compliance_state: z.enum(['within_spec', 'excursion', 'unknown']).default('unknown'),
  raw_payload_hash: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
});

/** The code of firn.v1 that comes nearest to the first fault that zod names. */
export function codeOf(issue, record) {
  const [field] = issue.path;
  if (field === undefined) return issue.code === 'unrecognized_keys' ? 'field.unknown' : 'record.not-object';
  if (!Object.hasOwn(record, field)) return 'field.missing';
  switch (issue.code) {
    case 'invalid_type':
      return 'field.type';
    case 'invalid_value':
      return 'field.enum';
    case 'invalid_format':
      return field === 'timestamp_utc' ? 'timestamp.syntax' : 'field.pattern';
    default:
      return issue.origin === 'string' ? 'field.length' : 'field.range';
  }
}
