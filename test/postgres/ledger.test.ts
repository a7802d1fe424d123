// The contract on a real server, and what only a server does: two writers at once, connections that are ended, restarts.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError } from '../../engine/errors.ts';
import { LedgerOutage } from '../../engine/ledger/attempts.ts';
import { type Ledger, openLedger } from '../../engine/ledger/ledger.ts';
import { openPostgres } from '../../engine/ledger/postgres.ts';
import { BeginAgain } from '../../engine/ledger/staging.ts';
import { insertLedger, ledgerRows } from '../../engine/ledger/write-chunk.ts';
import { commissioning, OTHER, told } from '../epcis/state/told.ts';
import { ledgerContract } from '../ledger/contract.ts';
import { chunks, OTHER_PARTNER, order, outcomes, PARTNER, rollback, run } from '../ledger/jobs.ts';
import { rebuildContract } from '../ledger/rebuild.ts';
import { programs, startPostgres } from './start.mjs';

const has = programs() !== null;
if (!has) console.warn('no PostgreSQL server here: its tests are skipped');

describe.skipIf(!has)('postgres', () => {
  const dir = mkdtempSync(join(tmpdir(), 'firn-postgres-'));
  let server: Awaited<ReturnType<typeof startPostgres>>;
  let made = 0;
  const fresh = (): Promise<string> => {
    made += 1;
    return server.database(`ledger${made}`);
  };

  beforeAll(async () => {
    server = await startPostgres(dir);
  });
  afterAll(async () => {
    await server?.down('immediate');
    rmSync(dir, { recursive: true, force: true });
  });

  ledgerContract('PostgreSQL', async () => openPostgres({ url: await fresh() }));

  rebuildContract('PostgreSQL', async () => openPostgres({ url: await fresh() }), 4);

  const lot = { lot: 'A1', expiry: '2027-03-27' };
  const unit = (serial: number): string => `${OTHER}/${serial}`;
  const one = (serial: number, over: object = {}) =>
    commissioning({ at: '2026-01-01T00:00:00Z', items: [unit(serial)], ...lot, ...over });

  async function pair<T>(work: (a: Ledger, b: Ledger, url: string) => Promise<T>): Promise<T> {
    const url = await fresh();
    const [a, b] = await Promise.all([openLedger({ url }), openLedger({ url })]);
    return work(a, b, url).finally(() => Promise.all([a.close(), b.close()]));
  }

  test('two engines migrate one new database at the same time', async () => {
    await pair(async (a) => expect(await a.lastProved('log')).toBe(-1));
  });

  test('a role that owns the schema, and may make none, is enough', async () => {
    const url = await fresh();
    const admin = openPostgres({ url });
    await admin.run('CREATE ROLE clerk LOGIN; CREATE SCHEMA firn AUTHORIZATION clerk');
    await admin.close();
    const clerk = Object.assign(new URL(url), { username: 'clerk' }).href;
    // The first start migrates, the second finds everything there.
    for (let start = 0; start < 2; start++) {
      const ledger = await openLedger({ url: clerk });
      expect(await ledger.lastProved('log')).toBe(-1);
      await ledger.close();
    }
  });

  test('class R: a key that another transaction stores meanwhile is waited for, read, and judged', async () => {
    await pair(async (a, _b, url) => {
      const database = openPostgres({ url });
      const event = told({ at: '2026-01-05T00:00:00Z', step: 'storing', items: [unit(1)] });
      const job = order();
      await a.begin(job);
      const other = await database.begin();
      // Not through the ledger: whoever goes through it waits at the partner's row.
      await other.query(
        `INSERT INTO firn.ledger (gtin, serial, event_time, partner_gln, disc, event_hash, seq, role)
         VALUES ($1, '1', '2026-01-05T00:00:00Z', $2, $3, decode($4, 'hex'), 99, 'item')`,
        [OTHER, job.partner, event.canonical?.disc as string, 'ee'.repeat(32)],
      );
      const applied = a.apply(job, chunks([event])[0] as never);
      await waiting(database);
      await other.commit();
      const [verdict] = await applied;
      expect(verdict?.outcome).toBe('refused');
      expect(verdict?.findings[0]?.code).toBe('L13_KEY_CONFLICT');
      await database.close();
    });
  });

  test('class R: the statement says so, and says D or C when it is run again', async () => {
    await pair(async (_a, _b, url) => {
      const database = openPostgres({ url });
      const { canonical } = told({ at: '2026-01-05T00:00:00Z', step: 'storing', items: [unit(1), unit(2)] });
      const accepted = [{ index: 0, seq: 1, canonical: canonical as never }];
      const other = told({
        at: '2026-01-05T00:00:00Z',
        step: 'storing',
        items: [unit(2), unit(3)],
        note: 'x',
      });
      const conflicting = [{ index: 0, seq: 2, canonical: other.canonical as never }];
      const [a, b] = [await database.begin(), await database.begin()];
      expect(await insertLedger(a, ledgerRows(accepted), PARTNER)).toEqual({ I: 2, D: 0, C: 0, R: 0 });
      const overtaken = insertLedger(b, ledgerRows(accepted), PARTNER);
      await waiting(database);
      await a.commit();
      expect(await overtaken).toEqual({ I: 0, D: 0, C: 0, R: 2 });
      expect(await insertLedger(b, ledgerRows(accepted), PARTNER)).toEqual({ I: 0, D: 2, C: 0, R: 0 });
      expect(await insertLedger(b, ledgerRows(conflicting), PARTNER)).toEqual({ I: 1, D: 0, C: 1, R: 0 });
      await b.rollback();
      await database.close();
    });
  });

  /** Until a statement waits for a lock of another transaction. */
  async function waiting(database: ReturnType<typeof openPostgres>): Promise<void> {
    for (;;) {
      const rows = await database.query(
        `SELECT 1 AS waits FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
      );
      if (rows.length > 0) return;
    }
  }

  test('two partners commission one serial number at once: one has it, the other L01', async () => {
    await pair(async (a, b) => {
      const events = Array.from({ length: 40 }, (_, i) => one(i));
      const others = events.map((_, i) => one(i, { at: '2026-01-01T00:00:01Z' })).reverse();
      const [first, second] = await Promise.all([
        run(a, events, {}, 8),
        run(b, others, { partner: OTHER_PARTNER }, 8),
      ]);
      const all = [...first.verdicts, ...second.verdicts];
      expect(all.filter((verdict) => verdict.outcome === 'accepted')).toHaveLength(40);
      const refused = all.filter((verdict) => verdict.outcome === 'refused');
      expect(refused.map((verdict) => verdict.findings[0]?.code)).toEqual(
        Array(40).fill('L01_SERIAL_DUP_IN_LOT'),
      );
    });
  });

  test('two partners tell the same events at once: each is stored once', async () => {
    await pair(async (a, b, url) => {
      const events = Array.from({ length: 40 }, (_, i) => one(i));
      const [first, second] = await Promise.all([
        run(a, events, {}, 8),
        run(b, [...events].reverse(), { partner: OTHER_PARTNER }, 8),
      ]);
      const outcomes = [...first.verdicts, ...second.verdicts].map((verdict) => verdict.outcome).sort();
      expect(outcomes).toEqual([...Array(40).fill('accepted'), ...Array(40).fill('duplicate')]);
      const database = openPostgres({ url });
      const [row] = await database.query('SELECT count(*)::text AS n FROM firn.event');
      await database.close();
      expect(row?.['n']).toBe('40');
    });
  });

  test('two engines take jobs of one partner at once: numbers and chain stay whole', async () => {
    await pair(async (a, b, url) => {
      // Each engine has one job at a time.
      const jobsOf = async (ledger: Ledger, parity: number) => {
        for (let i = parity; i < 12; i += 2) {
          const events = [one(3 * i), one(3 * i + 1), one(3 * i + 2)];
          await run(ledger, events, i % 3 === 0 ? rollback : {}, 2);
        }
      };
      await Promise.all([jobsOf(a, 0), jobsOf(b, 1)]);
      const database = openPostgres({ url });
      const seqs = await database.query(`SELECT v.seq::int AS seq FROM firn.verdict v ORDER BY v.seq`);
      expect(seqs.map((row) => row['seq'])).toEqual(seqs.map((_, i) => i + 1));
      const links = await database.query(
        `SELECT count(*)::int AS n FROM firn.batch b JOIN firn.batch p ON p.batch_id = b.prev_batch_id`,
      );
      const [batches] = await database.query(`SELECT count(*)::int AS n FROM firn.batch`);
      expect(links[0]?.['n']).toBe(Number(batches?.['n']) - 1);
      await database.close();
    });
  });

  test('a connection that is ended in the middle: proceed tries again, rollback begins again', async () => {
    await pair(async (a, b, url) => {
      const database = openPostgres({ url, connections: 2 });
      const end = () =>
        database.query(
          `SELECT pg_terminate_backend(pid)::text AS ended FROM pg_stat_activity
           WHERE datname = current_database() AND pid <> pg_backend_pid()`,
        );
      const job = order();
      await a.begin(job);
      const [first, second] = chunks([one(1), one(2)], 1);
      await a.apply(job, first as never);
      await end();
      expect(outcomes(await a.apply(job, second as never))).toEqual(['accepted']);
      expect(await a.finish(job, [])).toMatchObject({ accepted: 2 });

      const staged = order(rollback);
      const [third, fourth] = chunks([one(3), one(4)], 1);
      await b.begin(staged);
      await b.apply(staged, third as never);
      await end();
      await expect(b.apply(staged, fourth as never)).rejects.toThrow(BeginAgain);
      await b.begin(staged);
      await b.apply(staged, third as never);
      expect(outcomes(await b.apply(staged, fourth as never))).toEqual(['accepted']);
      expect(await b.finish(staged, [])).toMatchObject({ accepted: 2, success: true });
      await database.close();
    });
  });

  test('the server is away: calls fail soon and at once, and go on when it is back', async () => {
    const url = await fresh();
    const attempts = { tries: 2, baseMs: 1, capMs: 2, openMs: 50 };
    const ledger = await openLedger({ url, attempts });
    const job = order();
    await ledger.begin(job);
    const [first, second] = chunks([one(1), one(2)], 1);
    await ledger.apply(job, first as never);
    await server.down('immediate');
    await expect(ledger.apply(job, second as never)).rejects.toThrow(LedgerOutage);
    expect(ledger.outage).not.toBeNull();
    await expect(ledger.job(job.id)).rejects.toThrow(LedgerOutage);
    await server.up();
    for (;;) {
      const verdicts = await ledger.apply(job, second as never).catch((error: unknown) => {
        if (!(error instanceof LedgerOutage)) throw error;
        return null;
      });
      if (verdicts === null) continue;
      expect(outcomes(verdicts)).toEqual(['accepted']);
      break;
    }
    expect(ledger.outage).toBeNull();
    expect(await ledger.finish(job, [])).toMatchObject({ events: 2, accepted: 2 });
    await ledger.close();
  });

  test('a database of a newer version is not touched', async () => {
    await pair(async (_a, _b, url) => {
      const database = openPostgres({ url });
      await database.query('INSERT INTO firn.migration VALUES (99, now())');
      await expect(openLedger({ url })).rejects.toThrow(ConfigError);
      await database.close();
    });
  });

  test('a password, right or name that is wrong is no outage', async () => {
    const url = (await fresh()).replace(/ledger\d+$/, 'nowhere');
    await expect(openLedger({ url })).rejects.toMatchObject({ trouble: 'refused', code: '3D000' });
  });
});
