// `node dist/bench/ledger/main.js`: what a chunk gains over a row at a time, in the same ledger with the same statements.
// Four arms take turns: rows of the ledger alone, 2,000 in a statement and one in a statement, each committed; and whole
// chunks with everything around them (verdicts, history, items, chain), 500 events of 20 objects and one event of one.
// At the end every arm's rows are counted in the database.

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JudgedEvent } from '../../engine/epcis/judged.ts';
import type { Database } from '../../engine/ledger/database.ts';
import { Ledger } from '../../engine/ledger/ledger.ts';
import { migrate } from '../../engine/ledger/migrate.ts';
import type { Chunk, JobOrder } from '../../engine/ledger/model.ts';
import { openPglite } from '../../engine/ledger/pglite.ts';
import { openPostgres } from '../../engine/ledger/postgres.ts';
import { insertLedger, ledgerRows } from '../../engine/ledger/write-chunk.ts';
import { commandLine, positive } from '../command-line.ts';
import { readMachine } from '../machine.ts';
import { printReport, reportJson, type Section } from '../report.ts';
import { interleave, ratioOf, summarise } from '../stat.ts';
import { newEvents } from './events.ts';

const USAGE = `usage: node dist/bench/ledger/main.js [--url postgres://…] [--rounds N] [--json]
  --url     an empty database of a server; without it PGlite in a temporary folder
  --rounds  turns of each arm, default 5
  --json    print JSON instead of a table`;

const OPTIONS = {
  url: { type: 'string' },
  rounds: { type: 'string', default: '5' },
  json: { type: 'boolean', default: false },
} as const;

const PARTNER = '9521234000006';
const STATEMENT_ROWS = 2_000;
const [CHUNK_EVENTS, EVENT_ROWS] = [500, 20];
/** Rows of a turn where each is a transaction of its own. */
const SINGLES = 200;

interface Arm {
  readonly name: string;
  readonly rows: number;
  /** Made outside of the time that is taken. */
  readonly prepare: () => () => Promise<void>;
}

async function statements(database: Database, pieces: readonly (readonly JudgedEvent[])[]): Promise<void> {
  for (const events of pieces) {
    const accepted = events.map((event, i) => ({
      index: i,
      seq: i + 1,
      canonical: event.canonical as never,
    }));
    const transaction = await database.begin();
    await insertLedger(transaction, ledgerRows(accepted), PARTNER);
    await transaction.commit();
  }
}

function job(): JobOrder {
  const head = { form: 'json', root: 'EPCISDocument', instanceIdentifier: null, masterData: [], events: 0 };
  return {
    id: randomUUID(),
    partner: PARTNER,
    mediaType: 'application/ld+json',
    behaviour: 'proceed',
    sha256: '00'.repeat(32),
    bytes: 0,
    receivedMs: Date.now(),
    head: head as never,
    single: false,
  };
}

async function chunks(ledger: Ledger, pieces: readonly (readonly JudgedEvent[])[]): Promise<void> {
  const order = job();
  await ledger.begin(order);
  let index = 0;
  for (const events of pieces) {
    const chunk: Chunk = { events: events.map((event) => ({ ...event, index: index++ })), last: false };
    await ledger.apply(order, chunk);
  }
}

function armsOf(database: Database, ledger: Ledger): Arm[] {
  const singles = (): JudgedEvent[][] => newEvents(SINGLES, 1).map((event) => [event]);
  return [
    {
      name: `${STATEMENT_ROWS} rows a statement`,
      rows: 5 * STATEMENT_ROWS,
      prepare: () => {
        const pieces = Array.from({ length: 5 }, () => newEvents(STATEMENT_ROWS / EVENT_ROWS, EVENT_ROWS));
        return () => statements(database, pieces);
      },
    },
    {
      name: 'one row a statement',
      rows: SINGLES,
      prepare: () => {
        const pieces = singles();
        return () => statements(database, pieces);
      },
    },
    {
      name: `chunks of ${CHUNK_EVENTS} events, ${EVENT_ROWS} rows each`,
      rows: CHUNK_EVENTS * EVENT_ROWS,
      prepare: () => {
        const pieces = [newEvents(CHUNK_EVENTS, EVENT_ROWS)];
        return () => chunks(ledger, pieces);
      },
    },
    {
      name: 'chunks of one event, one row',
      rows: SINGLES,
      prepare: () => {
        const pieces = singles();
        return () => chunks(ledger, pieces);
      },
    },
  ];
}

/** The arms in a database of their own, as a table. @throws Error when not every row is stored at the end */
export async function measureLedger(database: Database, rounds: number): Promise<Section> {
  await migrate(database);
  const ledger = new Ledger(database, {});
  const arms = armsOf(database, ledger);
  const { samples, again, aa } = await interleave(arms, rounds, async (arm) => {
    const work = arm.prepare();
    const began = performance.now();
    await work();
    return ((performance.now() - began) * 1000) / arm.rows;
  });
  const [stored] = await database.query('SELECT count(*)::text AS n FROM firn.ledger');
  const turns = [...arms, arms[0] as Arm];
  const expected = rounds * turns.reduce((sum, arm) => sum + arm.rows, 0);
  if (Number(stored?.['n']) !== expected)
    throw new Error(`${stored?.['n']} rows are stored, not ${expected}`);
  const gains = arms.map(
    (_, i) => ratioOf(samples[i - (i % 2) + 1] as number[], samples[i] as number[]).ratio,
  );
  return {
    key: 'ledger',
    title: 'Ledger: a batch beside a row at a time, each committed',
    columns: [
      { name: 'arm' },
      { name: 'rows/s', digits: 0 },
      { name: 'µs/row' },
      { name: 'low' },
      { name: 'high' },
      { name: '× faster than one at a time', digits: 1 },
    ],
    rows: arms.map(({ name }, i) => {
      const { median, low, high } = summarise(samples[i] as number[]);
      return [name, Math.round(1_000_000 / median), median, low, high, gains[i] as number];
    }),
    notes: [
      `wall time; A/A ${aa.ratio.toFixed(3)} (${aa.low.toFixed(2)}–${aa.high.toFixed(2)}), ${again.length} rounds; all ${expected} rows counted`,
    ],
    figures: { aa: aa.ratio, statement: gains[0] as number, chunk: gains[2] as number },
  };
}

async function bench(database: Database, rounds: number, json: boolean): Promise<void> {
  const machine = readMachine();
  const startedUtc = new Date().toISOString();
  const section = await measureLedger(database, rounds);
  const report = { name: 'ledger', startedUtc, machine, sections: [section], plots: [] };
  if (json) console.log(JSON.stringify(reportJson(report), null, 2));
  else printReport(report);
}

async function main(): Promise<void> {
  const asked = commandLine(USAGE, OPTIONS, ({ url, rounds, json }) => ({
    url,
    rounds: positive('rounds', rounds),
    json,
  }));
  if (asked === null) return;
  const dir = mkdtempSync(join(tmpdir(), 'firn-bench-ledger-'));
  const database =
    asked.url === undefined ? await openPglite(join(dir, 'ledger')) : openPostgres({ url: asked.url });
  try {
    await bench(database, asked.rounds, asked.json);
  } finally {
    await database.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

if (import.meta.filename === process.argv[1]) await main();
