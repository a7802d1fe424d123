// The lines that firn writes itself.

import { describe, expect, test } from 'vitest';
import { auditLine, deadLetterLine } from '../../engine/batch/lines.ts';

describe('lines', () => {
  test('lines: a dead letter holds the exact bytes and every member', () => {
    const raw = Buffer.from([0x00, 0xff, 0x7b, 0x22, 0x0a]);
    const line = deadLetterLine({
      code: 'json.utf8',
      detail: 'a "quoted" é',
      path: null,
      raw: raw.subarray(1),
      received_utc: '2026-01-31T00:00:00.000Z',
      rejected_utc: '2026-01-31T00:00:00.001Z',
      schema: 'telemetry/1',
      source: { frame: 7, principal: 'plant7', record: 0, session: null },
    });
    expect(line).toBe(
      '{"code":"json.utf8","detail":"a \\"quoted\\" é","path":null,"raw_b64":"/3siCg==","received_utc":"2026-01-31T00:00:00.000Z","rejected_utc":"2026-01-31T00:00:00.001Z","schema":"telemetry/1","source":{"frame":7,"principal":"plant7","record":0,"session":null}}',
    );
    expect(Buffer.from(JSON.parse(line).raw_b64, 'base64')).toEqual(raw.subarray(1));
  });

  test('lines: an audit event holds its eight members, null where there is nothing', () => {
    const line = auditLine({
      action: 'schema change',
      actor: 'operator',
      at_utc: '2026-01-31T00:00:00.000Z',
      authorised_by: null,
      new: { b: 1, a: [true, null] },
      old: null,
      reason: null,
      target: 'coldchain',
      ...({ surplus: 1 } as object),
    });
    expect(line).toBe(
      '{"action":"schema change","actor":"operator","at_utc":"2026-01-31T00:00:00.000Z","authorised_by":null,"new":{"a":[true,null],"b":1},"old":null,"reason":null,"target":"coldchain"}',
    );
  });
});
