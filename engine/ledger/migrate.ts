// Brings a database to the schema of this version: numbered SQL files, each once, all in one transaction under an advisory
// lock, so that two engines that start together do not both.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { ConfigError } from '../errors.ts';
import type { Database, Session } from './database.ts';

/** Any number that nothing else locks. */
const LOCK = 0x6669726e;

interface Migration {
  readonly version: number;
  readonly sql: string;
}

/** The files lie beside the source: the compiler does not copy them. */
function folder(): URL {
  const beside = new URL('./migrations/', import.meta.url);
  return existsSync(beside) ? beside : new URL('../../../engine/ledger/migrations/', import.meta.url);
}

/** `0001-ledger.sql` …, in order. */
export function migrations(): readonly Migration[] {
  return readdirSync(folder())
    .filter((name) => /^\d{4}-.*\.sql$/.test(name))
    .sort()
    .map((name) => ({
      version: Number(name.slice(0, 4)),
      sql: readFileSync(new URL(name, folder()), 'utf8'),
    }));
}

/** The statements of a script: PGlite and the extended protocol take one at a time inside of a transaction. */
function statements(sql: string): string[] {
  const bare = sql.replace(/--[^\n]*/g, '');
  // The body of a function has semicolons of its own.
  return bare.split(/;(?=(?:[^$]|\$(?!\$)|\$\$[\s\S]*?\$\$)*$)/).filter((each) => each.trim() !== '');
}

async function currentVersion(session: Session): Promise<number> {
  const rows = await session.query('SELECT coalesce(max(version), 0) AS version FROM firn.migration');
  return Number(rows[0]?.['version']);
}

/**
 * Runs what is missing.
 * @returns the version that the database has then
 * @throws ConfigError when a newer version of firn made it
 */
export async function migrate(database: Database, all: readonly Migration[] = migrations()): Promise<number> {
  const known = all.at(-1)?.version ?? 0;
  const transaction = await database.begin();
  try {
    await transaction.query(`SELECT pg_advisory_xact_lock(${LOCK})`);
    // Asked first: IF NOT EXISTS wants the right to create schemas where there is nothing to create.
    const there = await transaction.query("SELECT 1 AS there FROM pg_namespace WHERE nspname = 'firn'");
    if (there.length === 0) await transaction.query('CREATE SCHEMA firn');
    await transaction.query(
      'CREATE TABLE IF NOT EXISTS firn.migration (version int PRIMARY KEY, applied_at timestamptz(3) NOT NULL)',
    );
    const current = await currentVersion(transaction);
    if (current > known) {
      throw new ConfigError(
        `the ledger has schema ${current}, and this firn knows ${known}: start the version that made it, or a newer one`,
      );
    }
    for (const { version, sql } of all) {
      if (version <= current) continue;
      for (const statement of statements(sql)) await transaction.query(statement);
      await transaction.query('INSERT INTO firn.migration VALUES ($1, now())', [version]);
    }
    await transaction.commit();
    return known;
  } finally {
    await transaction.rollback();
  }
}
