// The streams that the C++ tests and fuzzers work on (native/test/tables.h) are those of this side: their descriptors have
// the digests that stand there. native/test/descriptor.cc holds the C++ writer to the same digests.

import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { StreamSpec, Table } from '../../engine/schema/table.ts';
import { describeStreams } from '../../workers/descriptor.ts';
import { EVERY_TYPE, telemetryStream } from '../support/stream.ts';

const tables = readFileSync(new URL('../../native/test/tables.h', import.meta.url), 'utf8');

function digestInHeader(name: string): string | undefined {
  return new RegExp(`${name}\\[\\] = "([0-9a-f]{64})";`).exec(tables)?.[1];
}

const everyType: Table = {
  ...EVERY_TYPE,
  fields: [
    ...EVERY_TYPE.fields,
    {
      name: 'compliance_state',
      type: 'enum',
      required: false,
      default: 'excursion',
      values: ['within_spec', 'excursion'],
    },
    { name: 'n', type: 'number', required: false, min: -1e300, max: 1e300 },
  ],
};

const everyTypeStream: StreamSpec = telemetryStream({
  number: 2,
  table: everyType,
  unknownFields: 'ignore',
  maxRecordsPerFrame: 40,
  zones: { by: 'zone', field: 'level', limits: { a: { min: 0, max: 1 }, 'b "q" \\': { max: 3.5 } } },
});

test.each([
  ['telemetryDigest', telemetryStream()],
  ['everyTypeDigest', everyTypeStream],
] as const)('descriptor: the C++ tests work on this very stream: %s', (name, stream) => {
  expect(digestInHeader(name)).toBe(hash('sha256', describeStreams([stream])));
});
