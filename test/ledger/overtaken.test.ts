// What another transaction has stored since a chunk was judged is never overwritten and never passed over: the chunk goes
// back, and is judged again by what is known then. The other one is played here, in the same transaction; on a server two
// writers meet (test/postgres).

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Canonical, JudgedEvent } from '../../engine/epcis/judged.ts';
import { judgeState } from '../../engine/epcis/state/judge-state.ts';
import { applyChunk } from '../../engine/ledger/apply-chunk.ts';
import type { Database, Transaction } from '../../engine/ledger/database.ts';
import { migrate } from '../../engine/ledger/migrate.ts';
import { openPglite } from '../../engine/ledger/pglite.ts';
import { readState } from '../../engine/ledger/read-state.ts';
import { Overtaken, writeChunk } from '../../engine/ledger/write-chunk.ts';
import { commissioning, told, unit } from '../epcis/state/told.ts';
import { order, PARTNER } from './jobs.ts';

const dir = mkdtempSync(join(tmpdir(), 'firn-overtaken-'));
const at = '2026-01-01T00:00:00Z';
const lot = { lot: 'A1', expiry: '2027-03-27' };
const one = (over: object = {}): JudgedEvent => commissioning({ at, items: [unit('1')], ...lot, ...over });

describe('overtaken', () => {
  let database: Database;
  let transaction: Transaction;
  let seq = 0;
  const job = order();
  const stamp = { capture: job.id, partner: PARTNER, recordMs: 0 };

  beforeAll(async () => {
    database = await openPglite(join(dir, 'ledger'));
    await migrate(database);
  });
  afterAll(async () => {
    await database.close();
    rmSync(dir, { recursive: true, force: true });
  });
  beforeEach(async () => {
    transaction = await database.begin();
    await transaction.query('INSERT INTO firn.partner (gln) VALUES ($1) ON CONFLICT DO NOTHING', [PARTNER]);
    await transaction.query(
      `INSERT INTO firn.capture_job (capture_id, partner_gln, media_type, behaviour, single, raw_sha256, raw_bytes, head, received_at)
       VALUES ($1::uuid, $2, '', 'proceed', false, '', 0, '{}', now())`,
      [job.id, PARTNER],
    );
  });
  afterEach(() => transaction.rollback());

  /** Judges an event by what is known now. @returns what writes it, whenever that is */
  async function judged(event: JudgedEvent): Promise<() => Promise<void>> {
    const canonical = event.canonical as Canonical;
    const known = await readState(transaction, [canonical], PARTNER);
    const context = { partner: PARTNER, document: job.id, strictState: false };
    expect(judgeState(event, known.state, context).outcome).toBe('accepted');
    seq += 1;
    const accepted = [{ index: seq, seq, canonical }];
    return () => writeChunk(transaction, accepted, known, stamp);
  }

  test.each([
    ['the same event', one(), one(), /1 of 1 events/],
    [
      'another event of the same object, time and kind',
      told({ at, step: 'storing', items: [unit('1')] }),
      told({ at, step: 'storing', items: [unit('1')], note: 'x' }),
      /1 rows/,
    ],
    [
      'another expiry date of the lot',
      one({ items: [unit('2')], expiry: '2028-01-01' }),
      one(),
      /another expiry date/,
    ],
    [
      'another state of the object',
      told({ at, step: 'storing', items: [unit('1')] }),
      told({ at: '2026-01-02T00:00:00Z', step: 'receiving', items: [unit('1')] }),
      /1 of 1 items/,
    ],
  ])('%s, stored meanwhile, stops the write', async (_, first, second, words) => {
    const writes = [await judged(second), await judged(first)];
    await writes[1]?.();
    const late = writes[0]?.();
    await expect(late).rejects.toThrow(Overtaken);
    await expect(late).rejects.toThrow(words);
  });

  test('the chunk is judged again by what the other one has stored', async () => {
    const other = await judged(one({ at: '2025-12-31T00:00:00Z' }));
    let begun = 0;
    // The other one is in front of each savepoint: what it stored stays when the chunk goes back.
    const racing: Transaction = {
      ...transaction,
      query: async (sql, parameters) => {
        const rows = await transaction.query(sql, parameters);
        if (sql.startsWith('SAVEPOINT')) begun += 1;
        return rows;
      },
    };
    let raced = false;
    const late: Transaction = {
      ...racing,
      query: async (sql, parameters) => {
        // It has read what is known; before it writes, somebody else does, and stays.
        if (!raced && sql.includes('INSERT INTO firn.event')) {
          raced = true;
          await transaction.query('ROLLBACK TO SAVEPOINT chunk');
          await other();
          await transaction.query('SAVEPOINT chunk');
        }
        return racing.query(sql, parameters);
      },
    };
    const numbering = { nextSeq: 1000, recordMs: 0, strictState: false };
    const { verdicts } = await applyChunk(late, job, { events: [one()], last: true }, numbering);
    expect(verdicts).toMatchObject([{ outcome: 'refused', seq: '1000' }]);
    expect(verdicts[0]?.findings.map(({ code }) => code)).toEqual(['L01_SERIAL_DUP_IN_LOT']);
    expect(begun).toBe(2);
  });
});
